//! `cost`: what a Tenant costs the API server from its creation to Ready, by part. Each part is switched off in turn, and the same
//! requests are made again: N creates by an administrator, then N finalizers and N statuses by the operator's user. No operator
//! runs, so that nothing but these requests is measured.

use std::ops::Range;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::admissionregistration::v1::ValidatingAdmissionPolicyBinding;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Client;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use nimbus_operator::manifests::policies::{self, Accounts, DEFAULT_ACCOUNT};
use nimbus_operator::resources::{FINALIZER, Tenant};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::arguments::CostArguments;
use crate::environment::{Environment, NAME, built};
use crate::load::{self, Specs};
use crate::oracle::status;
use crate::support::{apply, users};

/// Requests at the same time: fewer than cores would make a queue of.
const CONCURRENCY: usize = 4;
/// Policies and CRDs act about a second after they change.
const ACTS: Duration = Duration::from_secs(3);
const CRD: &str = "tenants.nimbus.luware.com";

/// What is switched off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Off {
    Nothing,
    Policy(&'static str),
    Policies,
    Rules,
    Schema,
    SchemaAndPolicies,
    /// Nothing, with other policies.
    Other,
}

impl Off {
    fn all() -> Vec<Self> {
        // The last two policies are about other kinds.
        let each = policies::NAMES.iter().take(4).map(|name| Self::Policy(name));
        [Self::Nothing]
            .into_iter()
            .chain(each)
            .chain([Self::Policies, Self::Rules, Self::Schema, Self::SchemaAndPolicies])
            .collect()
    }

    fn title(self) -> String {
        match self {
            Self::Nothing => "everything on".to_owned(),
            Self::Policy(name) => format!("without policy {name}"),
            Self::Policies => "without policies".to_owned(),
            Self::Rules => "without rules in the schema".to_owned(),
            Self::Schema => "without schema, and so without its rules".to_owned(),
            Self::SchemaAndPolicies => "without schema and policies".to_owned(),
            Self::Other => "with the other policies".to_owned(),
        }
    }

    fn keeps(self, policy: &str) -> bool {
        match self {
            Self::Policy(name) => name != policy,
            Self::Policies | Self::SchemaAndPolicies => false,
            Self::Nothing | Self::Rules | Self::Schema | Self::Other => true,
        }
    }
}

/// Milliseconds of CPU for each request: create, finalizer, status.
type Figures = [f64; 3];

/// Measures each part and prints the table.
pub async fn run(arguments: &CostArguments) -> Result<()> {
    let environment = Environment::start(&built(arguments.sandbox.as_ref(), "nimbus-sandbox")?, true).await?;
    let measured = Measured::new(&environment, arguments)?;
    measured.switch(Off::Nothing).await?;
    // The API server optimizes itself and fills caches in its first seconds.
    measured.figures(0..arguments.tenants).await?;
    let mut parts = Off::all();
    parts.extend(arguments.policies.is_some().then_some(Off::Other));
    let mut rounds: Vec<Vec<Figures>> = vec![vec![]; parts.len()];
    for round in 1..=arguments.rounds {
        for (part, off) in parts.iter().enumerate() {
            measured.switch(*off).await?;
            let figures = measured.figures(0..arguments.tenants).await?;
            eprintln!("round {round}: {}: {figures:.2?}", off.title());
            rounds[part].push(figures);
        }
    }
    println!("| part | create ms | finalizer ms | status ms | sum ms | saves ms |\n|---|---|---|---|---|---|");
    let least: Vec<Figures> = rounds.iter().map(|figures| [0, 1, 2].map(|phase| least(figures, phase))).collect();
    let sum = |figures: &Figures| figures.iter().sum::<f64>();
    let all = least.first().map(sum).unwrap_or_default();
    for (off, figures) in parts.iter().zip(&least) {
        let [create, finalizer, status] = figures;
        println!(
            "| {} | {create:.2} | {finalizer:.2} | {status:.2} | {:.2} | {:.2} |",
            off.title(),
            sum(figures),
            all - sum(figures)
        );
    }
    Ok(())
}

/// The least of all rounds: other programs on the machine, and collections of garbage, only add.
fn least(figures: &[Figures], phase: usize) -> f64 {
    figures.iter().map(|figures| figures[phase]).fold(f64::INFINITY, f64::min)
}

/// Who makes the requests.
struct Measured<'e> {
    environment: &'e Environment,
    specs: Specs,
    admin: Client,
    operator: Client,
    /// The policies and bindings, and the CRD.
    policies: Vec<Value>,
    other: Vec<Value>,
    crd: Value,
}

impl<'e> Measured<'e> {
    fn new(environment: &'e Environment, arguments: &CostArguments) -> Result<Self> {
        let control_plane = &environment.control_plane;
        let read = |path: &Path| std::fs::read_to_string(path).with_context(|| path.display().to_string());
        let shipped = crate::support::assets::checkout().join("crds/tenants.yaml");
        let crd = read(arguments.crd.as_ref().unwrap_or(&shipped))?;
        let accounts = Accounts { operators: vec![users::operator(1)], ..Accounts::documented() };
        let other = arguments
            .policies
            .as_ref()
            .map(|path| documents(&read(path)?.replace(DEFAULT_ACCOUNT, &users::operator(1))));
        let (policies, other) = (policies::all(&accounts), other.transpose()?.unwrap_or_default());
        Ok(Self {
            environment,
            specs: Specs::read()?,
            admin: control_plane.client(users::ADMIN),
            operator: control_plane.client_in(&users::operator(1), Some(NAME)),
            policies,
            other,
            crd: serde_yaml::from_str(&crd)?,
        })
    }

    /// Switches one part off and all others on.
    async fn switch(&self, off: Off) -> Result<()> {
        let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(self.admin.clone());
        let policies = if off == Off::Other { &self.other } else { &self.policies };
        for document in policies {
            let name = document["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            let is_binding = document["kind"] == "ValidatingAdmissionPolicyBinding";
            if is_binding && !off.keeps(&name) {
                // One that is not there is off.
                let _ = bindings.delete(&name, &DeleteParams::default()).await;
            } else {
                apply::apply(&self.admin, &serde_json::from_value(document.clone())?).await?;
            }
        }
        let mut crd = self.crd.clone();
        match off {
            Off::Rules => without_rules(&mut crd),
            Off::Schema | Off::SchemaAndPolicies => without_schema(&mut crd),
            Off::Nothing | Off::Policy(_) | Off::Policies | Off::Other => {}
        }
        let crds: Api<CustomResourceDefinition> = Api::all(self.admin.clone());
        // Replaced as a whole: an apply keeps no rules that another manager set, and no fewer.
        let version = crds.get(CRD).await?.metadata.resource_version;
        crd["metadata"]["resourceVersion"] = json!(version);
        crds.replace(CRD, &PostParams::default(), &serde_json::from_value(crd)?).await?;
        tokio::time::sleep(ACTS).await;
        Ok(())
    }

    /// Makes the requests, measures each kind, and removes the Tenants again.
    async fn figures(&self, numbers: Range<usize>) -> Result<Figures> {
        let count = numbers.len() as f64;
        let tenants: &Api<Tenant> = &Api::default_namespaced(self.environment.editor.clone());
        let own: &Api<Tenant> = &Api::default_namespaced(self.operator.clone());
        let params = &PatchParams::default();
        let create = self.phase(numbers.clone(), async |number| {
            let tenant = serde_json::from_value(self.specs.tenant(number, NAME))?;
            tenants.create(&PostParams::default(), &tenant).await?;
            Ok(())
        });
        let create = create.await?;
        let finalizer = self.phase(numbers.clone(), async |number| {
            let patch = json!({ "metadata": { "finalizers": [FINALIZER] } });
            own.patch(&load::name(number), params, &Patch::Merge(patch)).await?;
            Ok(())
        });
        let finalizer = finalizer.await?;
        let status = self.phase(numbers, async |number| {
            let document = json!({ "id": load::id(number), "settingsVersion": "v1", "settings": { "general": { "name": "Contoso" } } });
            let patch = json!({ "status": status(Some(1), &document) });
            own.patch_status(&load::name(number), params, &Patch::Merge(patch)).await?;
            Ok(())
        });
        let status = status.await?;
        self.clean_up().await?;
        Ok([create, finalizer, status].map(|seconds| 1000.0 * seconds / count))
    }

    /// CPU seconds of the API server for one kind of request.
    async fn phase(&self, numbers: Range<usize>, request: impl AsyncFn(usize) -> Result<()>) -> Result<f64> {
        let mark = self.environment.mark()?;
        let request = &request;
        stream::iter(numbers)
            .map(|number| request(number))
            .buffer_unordered(CONCURRENCY)
            .try_collect::<Vec<()>>()
            .await?;
        Ok(self.environment.since(&mark)?.api)
    }

    async fn clean_up(&self) -> Result<()> {
        let tenants: &Api<Tenant> = &Api::namespaced(self.admin.clone(), NAME);
        let names = tenants.list_metadata(&ListParams::default()).await?.items;
        let all = stream::iter(names).map(async |tenant| {
            let name = tenant.metadata.name.unwrap_or_default();
            tenants.delete(&name, &DeleteParams::default()).await?;
            let none = json!({ "metadata": { "finalizers": null } });
            match tenants.patch_metadata(&name, &PatchParams::default(), &Patch::Merge(none)).await {
                Ok(_) => Ok(()),
                // Without a finalizer it is gone already.
                Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
                Err(error) => bail!(error),
            }
        });
        all.buffer_unordered(CONCURRENCY).try_collect::<Vec<()>>().await?;
        Ok(())
    }
}

fn documents(yaml: &str) -> Result<Vec<Value>> {
    serde_yaml::Deserializer::from_str(yaml).map(|document| Ok(Value::deserialize(document)?)).collect()
}

fn without_rules(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("x-kubernetes-validations");
            members.values_mut().for_each(without_rules);
        }
        Value::Array(items) => items.iter_mut().for_each(without_rules),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn without_schema(crd: &mut Value) {
    let any = json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true });
    for version in crd["spec"]["versions"].as_array_mut().into_iter().flatten() {
        version["schema"]["openAPIV3Schema"] =
            json!({ "type": "object", "properties": { "spec": any, "status": any } });
        // It selects by fields of the schema.
        if let Some(members) = version.as_object_mut() {
            members.remove("selectableFields");
        }
    }
}
