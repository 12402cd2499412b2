//! Every file of `examples/`, applied as its README says: in one cluster and in that order, with the admission policies, the
//! permissions of `rbac.yaml`, the real operator and the sandbox.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use kube::api::{Api, Patch, PatchParams};
use nimbus_operator::resources::{Partner, Platform, Tenant, annotation};
use serde_json::json;

use crate::support::controlplane::{ControlPlane, Options};
use crate::support::examples::{self, Example, NAMESPACE, TENANT, TENANT_ID};
use crate::support::fixture::{condition, describe};
use crate::support::kubectl::Kubectl;
use crate::support::microsoft::checks;
use crate::support::operator::OperatorProcess;
use crate::support::sandbox::Sandbox;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};
use crate::support::{assets, http};

/// `rbac.yaml` is applied by the installation.
const INSTALLED: &str = "rbac.yaml";

#[tokio::test(flavor = "multi_thread")]
async fn every_example_applies_in_the_stated_order() {
    let control_plane = ControlPlane::start(Options::default()).await.unwrap();
    let user = users::operator(1);
    examples::install(&control_plane, &user).await.unwrap();
    let sandbox = Sandbox::start().await.unwrap();
    examples::plant(&http::client(None).unwrap(), &sandbox.url()).await.unwrap();
    let trusted = ["acs", "login"].map(|what| format!("--trusted-{what}-origin={}", sandbox.url()));
    let arguments = ["run", "--cluster-id=examples", "--namespace", NAMESPACE, &trusted[0], &trusted[1]];
    let operator = OperatorProcess::start(&control_plane.kubeconfig(&user), &arguments, &[]).unwrap();

    for example in examples::in_order().unwrap() {
        for object in examples::objects(&example.file, &sandbox.url()).unwrap() {
            let applied = examples::apply(&control_plane, &object).await;
            applied.with_context(|| example.file.clone()).unwrap();
        }
        until(&example.file, PATIENCE, async || as_stated(&control_plane, &example).await).await;
        operator.check().unwrap();
    }

    let (status, document) = sandbox.tenant(TENANT_ID).await.unwrap();
    assert_eq!((200, Some("examples/contoso/contoso")), (status, document["owner"].as_str()));
    described(&control_plane, &sandbox).await;
}

/// `kubectl describe` shows events to those who may read them.
async fn described(control_plane: &ControlPlane, sandbox: &Sandbox) {
    sandbox.edit(TENANT_ID, json!({ "general": { "division": "Changed in the UI" } })).await.unwrap();
    let tenants: Api<Tenant> = Api::namespaced(control_plane.client(users::PLATFORM_ADMIN), NAMESPACE);
    let now = json!({ "metadata": { "annotations": { annotation::RECONCILE: "now" } } });
    tenants.patch(TENANT, &PatchParams::default(), &Patch::Merge(now)).await.unwrap();
    let kubectl = Kubectl::new(control_plane.kubeconfig(users::ADMIN));
    until("the event is shown", PATIENCE, async || {
        let arguments = ["describe", "tenants.nimbus.luware.com", TENANT, "-n", NAMESPACE];
        let shown = kubectl.run(&arguments).await?;
        ensure!(shown.stdout.contains("DriftCorrected"), "{}{}", shown.stdout, shown.stderr);
        anyhow::Ok(())
    })
    .await;
}

/// Fails until everything is in the state that the README states.
async fn as_stated(control_plane: &ControlPlane, example: &Example) -> Result<()> {
    let client = control_plane.client(users::PLATFORM_ADMIN);
    let is_ready = |conditions: &[k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition]| {
        conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
    };
    let Example { file, checks: expected } = example;
    match &**file {
        "platform.yaml" => {
            let platform = Api::<Platform>::all(client).get("euwe-01").await?;
            ensure!(platform.status.as_ref().is_some_and(|status| is_ready(&status.conditions)), "{platform:?}");
        }
        "partner.yaml" => {
            let partner = Api::<Partner>::all(client).get("northwind").await?;
            ensure!(partner.status.as_ref().is_some_and(|status| is_ready(&status.conditions)), "{partner:?}");
        }
        _ => {
            let tenant = Api::<Tenant>::namespaced(client, NAMESPACE).get(TENANT).await?;
            let observed = tenant.status.as_ref().map(|status| status.observed_generation);
            let ready = condition(&tenant, "Ready").map(|(status, ..)| status);
            let found = condition(&tenant, "ChecksPassed").map_or("none".to_owned(), |(status, ..)| status);
            let is_current = observed == tenant.metadata.generation && ready.as_deref() == Some("True");
            ensure!(is_current && found == *expected, "{}; {:?}", describe(&tenant), checks(&tenant));
        }
    }
    Ok(())
}

#[test]
fn examples_are_all_in_the_stated_order_and_describe_one_tenant() {
    let order = examples::in_order().unwrap();
    let listed: BTreeSet<String> = order.iter().map(|example| example.file.clone()).chain([INSTALLED.into()]).collect();
    assert_eq!(order.len() + 1, listed.len(), "a file is listed twice");
    assert_eq!(yaml_below(&assets::checkout().join("examples"), ""), listed);
    assert!(!examples::planted().unwrap().is_empty());
    for example in order.iter().filter(|example| !example.checks.is_empty()) {
        let objects = examples::objects(&example.file, "http://127.0.0.1:1").unwrap();
        let tenant = objects.iter().find(|object| object.types.as_ref().is_some_and(|types| types.kind == "Tenant"));
        let tenant = tenant.unwrap_or_else(|| panic!("{}: no Tenant", example.file));
        let found = (tenant.metadata.name.as_deref(), tenant.data["spec"]["general"]["tenantId"].as_str());
        assert_eq!((Some(TENANT), Some(TENANT_ID)), found, "{}: another tenant under the same name", example.file);
    }
}

/// The YAML files of a folder and the folders in it.
fn yaml_below(folder: &Path, prefix: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = format!("{prefix}{}", entry.file_name().into_string().unwrap());
        if entry.file_type().unwrap().is_dir() {
            found.extend(yaml_below(&entry.path(), &format!("{name}/")));
        } else if name.ends_with(".yaml") {
            found.insert(name);
        }
    }
    found
}
