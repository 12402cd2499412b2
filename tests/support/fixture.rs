//! The fixture of a test: an environment on the control plane, a platform, and the real controller in this process with
//! short durations.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, bail, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, Client, ResourceExt};
use nimbus_operator::controller::{Observer, Timing};
use nimbus_operator::resources::{Platform, Tenant, condition};
use serde_json::{Value, json};
use url::Url;

use super::audit::{AuditLog, Mark, Request};
use super::controlplane::ControlPlane;
use super::env::TestEnv;
pub use super::running::Operator;
use super::running::timing;
use super::sandbox::Sandbox;
use super::wait::{PATIENCE, until};
use super::{strict, users};

/// The name of the Tenant in most tests.
pub const NAME: &str = "contoso";
/// A valid connection string.
pub const CONNECTION_STRING: &str = "endpoint=https://contoso.communication.azure.com/;accesskey=c2VjcmV0LWNhbmFyeQ==";

/// The fixture of a test on the shared control plane.
pub type Fixture = FixtureOn<'static>;

/// The fixture of a test.
pub struct FixtureOn<'a> {
    pub env: TestEnv<'a>,
    pub platform: Sandbox,
    /// The ID of the tenant in most tests.
    pub id: String,
    pub timing: Timing,
    /// Origins that connection strings may use in addition to Azure's own.
    pub trusted_acs: Vec<Url>,
    pub observer: Observer,
    pub(super) started: AtomicBool,
}

impl FixtureOn<'static> {
    /// A fixture with a Platform and without a Tenant.
    pub async fn new(name: &str) -> Self {
        Self::within(TestEnv::new(name).await).await
    }

    /// The same without admission policies.
    pub async fn without_policies(name: &str) -> Self {
        Self::on(ControlPlane::without_policies().await, name).await
    }
}

impl<'a> FixtureOn<'a> {
    /// The same on a separate control plane.
    pub async fn on(control_plane: &'a ControlPlane, name: &str) -> Self {
        Self::within(TestEnv::on(control_plane, name).await).await
    }

    /// The same in an existing environment.
    pub async fn within(env: TestEnv<'a>) -> Self {
        let fixture = Self {
            env,
            platform: Sandbox::start().await.expect("sandbox starts"),
            id: uuid::Uuid::new_v4().to_string(),
            timing: timing(),
            trusted_acs: vec![],
            observer: Arc::new(|_, _| {}),
            started: AtomicBool::new(false),
        };
        fixture.secret(&fixture.env.operator_namespace, "platform", json!({ "client-secret": "system-secret" })).await;
        fixture.secret(&fixture.env.namespace, "acs", json!({ "connection-string": CONNECTION_STRING })).await;
        let url = fixture.platform.url();
        fixture.platform_object(&url).await;
        fixture
    }

    /// Writes the Platform of this test, for an endpoint (possibly a proxy).
    pub async fn platform_object(&self, url: &str) {
        self.platform_object_as(url, "system", "platform").await;
    }

    /// The same with another OAuth client, whose secret is in a Secret of the operator's namespace.
    pub async fn platform_object_as(&self, url: &str, client: &str, secret: &str) {
        let platform = json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Platform", "metadata": { "name": self.env.platform },
            "spec": {
                "endpoint": url,
                "authentication": {
                    "tokenUrl": format!("{url}/oauth2/v2.0/token"), "clientId": client,
                    "credentialsSecretRef": { "name": secret }
                },
                "instance": self.env.instance,
                // Some tests delete many tenants within a minute.
                "limits": { "confirmedDeletionsPerHour": 1000 },
                "allowedNamespaces": { "names": [self.env.namespace] }
            }
        });
        let api: Api<Platform> = Api::all(self.client(users::PLATFORM_ADMIN));
        let params = PatchParams::apply("test").force();
        api.patch(&self.env.platform, &params, &Patch::Apply(platform)).await.expect("the Platform is accepted");
    }

    /// Writes a Secret; Secrets are the only objects that tests write as cluster administrator.
    pub async fn secret(&self, namespace: &str, name: &str, data: Value) {
        let secret = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name }, "stringData": data });
        let api: Api<Secret> = Api::namespaced(self.client(users::ADMIN), namespace);
        let params = PatchParams::apply("test").force();
        api.patch(name, &params, &Patch::Apply(secret)).await.expect("the Secret is accepted");
    }

    pub fn client(&self, user: &str) -> Client {
        self.env.client(user)
    }

    pub fn tenants(&self) -> Api<Tenant> {
        Api::namespaced(self.client(users::PLATFORM_ADMIN), &self.env.namespace)
    }

    /// Starts the controller, and returns once its Platform is connected, so that later requests are about Tenants only.
    pub async fn connect(&self) -> Operator {
        let operator = self.start();
        self.connected().await;
        operator
    }

    /// Waits until the Platform is ready.
    pub async fn connected(&self) {
        let platforms: Api<Platform> = Api::all(self.client(users::PLATFORM_ADMIN));
        until("the Platform is ready", PATIENCE, async || {
            let platform = platforms.get(&self.env.platform).await.map_err(|error| error.to_string())?;
            let conditions = platform.status.map(|status| status.conditions).unwrap_or_default();
            match conditions.iter().find(|condition| condition.type_ == "Ready") {
                Some(ready) if ready.status == "True" => Ok(()),
                other => Err(format!("{other:?}")),
            }
        })
        .await;
    }

    /// The smallest valid Tenant, with `more` merged into its spec.
    pub fn manifest(&self, more: Value) -> Value {
        let mut manifest = json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant",
            "metadata": { "name": NAME, "namespace": self.env.namespace },
            "spec": {
                "platformRef": { "name": self.env.platform },
                "general": { "name": "Contoso", "o365Domain": "contoso.onmicrosoft.com", "tenantId": self.id }
            }
        });
        json_patch::merge(&mut manifest["spec"], &more);
        manifest
    }

    /// Creates the Tenant.
    pub async fn create(&self, more: Value) -> Tenant {
        self.try_create(self.manifest(more)).await.expect("the Tenant is accepted")
    }

    /// Creates a Tenant, or returns the error. Unknown fields are rejected as a mistake of the test.
    pub async fn try_create(&self, manifest: Value) -> kube::Result<Tenant> {
        if self.started.load(Ordering::Relaxed) {
            self.platform_checked().await;
        }
        strict::create(&self.client(users::PLATFORM_ADMIN), &self.env.namespace, &manifest).await
    }

    /// Waits until the controller has reported whether the Platform is ready. A Platform that becomes ready triggers passes
    /// of waiting Tenants, which would count.
    async fn platform_checked(&self) {
        let api: Api<Platform> = Api::all(self.client(users::PLATFORM_ADMIN));
        until("the Platform was looked at", PATIENCE, async || match api.get_opt(&self.env.platform).await {
            Ok(Some(platform)) if platform.status.as_ref().is_none_or(|status| status.conditions.is_empty()) => {
                Err("not yet".to_owned())
            }
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        })
        .await;
    }

    /// Edits the Tenant with a merge patch.
    pub async fn patch(&self, patch: Value) -> Tenant {
        self.try_patch(patch).await.expect("the change is accepted")
    }

    /// Edits the Tenant with a merge patch, or returns the error.
    pub async fn try_patch(&self, patch: Value) -> kube::Result<Tenant> {
        self.try_patch_of(NAME, patch).await
    }

    /// The same for a Tenant of another name.
    pub async fn try_patch_of(&self, name: &str, patch: Value) -> kube::Result<Tenant> {
        strict::patch(&self.client(users::PLATFORM_ADMIN), &self.env.namespace, name, &patch).await
    }

    /// Sets an annotation.
    pub async fn annotate(&self, name: &str, value: &str) {
        self.patch(json!({ "metadata": { "annotations": { name: value } } })).await;
    }

    /// Deletes the Tenant, without waiting.
    pub async fn delete(&self) {
        self.tenants().delete(NAME, &DeleteParams::default()).await.expect("the deletion is accepted");
    }

    pub async fn get(&self) -> Tenant {
        self.tenants().get(NAME).await.expect("the Tenant is there")
    }

    /// Waits until the Tenant is gone.
    pub async fn gone(&self) {
        until("the Tenant is gone", PATIENCE, async || match self.tenants().get_opt(NAME).await {
            Ok(None) => Ok(()),
            Ok(Some(tenant)) => Err(describe(&tenant)),
            Err(error) => Err(error.to_string()),
        })
        .await;
    }

    /// Waits until a condition of the current generation has a status and a reason, and returns the Tenant.
    pub async fn condition(&self, kind: &str, status: &str, reason: &str) -> Tenant {
        until(&format!("{kind} is {status} {reason}"), PATIENCE, async || {
            let tenant = self.tenants().get(NAME).await.map_err(|error| error.to_string())?;
            let current = tenant.status.as_ref().map(|s| s.observed_generation) == tenant.metadata.generation;
            match condition(&tenant, kind) {
                Some((found, why, _)) if current && found == status && why == reason => Ok(tenant),
                _ => Err(describe(&tenant)),
            }
        })
        .await
    }

    /// Waits until the current generation is Ready.
    pub async fn ready(&self) -> Tenant {
        self.condition("Ready", "True", "Succeeded").await
    }

    /// Waits until the settings on the platform satisfy `fits`.
    pub async fn settings(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        until(what, PATIENCE, async || {
            let (status, tenant) = self.platform.tenant(&self.id).await.map_err(|error| error.to_string())?;
            if status == 200 && fits(&tenant["settings"]) { Ok(tenant) } else { Err(format!("{status} {tenant}")) }
        })
        .await
    }

    /// Requests a pass and waits until it has run.
    pub async fn pass(&self) -> Tenant {
        let token = uuid::Uuid::new_v4().to_string();
        self.annotate("nimbus.luware.com/reconcile-requested-at", &token).await;
        until("the requested pass was made", PATIENCE, async || {
            let tenant = self.tenants().get(NAME).await.map_err(|error| error.to_string())?;
            let handled = tenant.status.as_ref().and_then(|status| status.last_handled_reconcile_at.clone());
            if handled.as_deref() == Some(token.as_str()) { Ok(tenant) } else { Err(describe(&tenant)) }
        })
        .await
    }

    pub fn audit(&self) -> AuditLog<'a> {
        self.env.audit()
    }

    /// The operator's writes to Tenants since a mark, without leases, events, Secrets and Platforms.
    pub async fn tenant_writes(&self, mark: Mark) -> Result<Vec<Request>> {
        let writes = self.audit().object_writes(&self.env.operator_user, mark).await?;
        Ok(writes.into_iter().filter(|write| write.resource == "tenants").collect())
    }

    /// Runs kubectl as a user in the Tenant's namespace, and fails unless it succeeds.
    pub async fn kubectl(&self, user: &str, arguments: &[&str]) -> Result<String> {
        let mut all = vec!["-n", &self.env.namespace];
        all.extend(arguments);
        let output = self.env.kubectl(user).run(&all).await?;
        ensure!(output.status.success(), "kubectl {}: {}", arguments.join(" "), output.stderr);
        Ok(output.stdout)
    }

    /// Events in the Tenant's namespace, by type and reason.
    pub async fn events(&self) -> Result<Vec<(String, String)>> {
        self.events_in(&self.env.namespace).await
    }

    /// Events in a namespace, by type and reason.
    pub async fn events_in(&self, namespace: &str) -> Result<Vec<(String, String)>> {
        let api: Api<k8s_openapi::api::events::v1::Event> = Api::namespaced(self.client(users::ADMIN), namespace);
        let events = api.list(&kube::api::ListParams::default()).await?;
        let ours =
            events.items.into_iter().filter(|event| event.reporting_controller.as_deref() == Some("nimbus-operator"));
        Ok(ours.map(|event| (event.type_.unwrap_or_default(), event.reason.unwrap_or_default())).collect())
    }
}

/// Status, reason and message of a condition. The message is without advice, which is part of [`message`].
pub fn condition(tenant: &Tenant, kind: &str) -> Option<(String, String, String)> {
    let found = tenant.status.as_ref()?.conditions.iter().find(|condition| condition.type_ == kind)?;
    Some((found.status.clone(), found.reason.clone(), what_happened(&found.message).to_owned()))
}

/// The whole message of a condition.
pub fn message(tenant: &Tenant, kind: &str) -> Option<String> {
    let found = tenant.status.as_ref()?.conditions.iter().find(|condition| condition.type_ == kind)?;
    Some(found.message.clone())
}

/// The link to the provisioning script of a tenant.
pub fn script_url(id: &str) -> String {
    format!("https://admin.nimbus.example/scripts/{id}/provisioning.ps1")
}

/// A message without what to do.
pub fn what_happened(message: &str) -> &str {
    message.rsplit_once(". What to do: ").map_or(message, |(happened, _)| happened)
}

/// A summary of a Tenant, for failed waits.
pub fn describe(tenant: &Tenant) -> String {
    let conditions = tenant.status.iter().flat_map(|status| &status.conditions);
    let conditions: Vec<_> =
        conditions.map(|c| format!("{}={} {} '{}'", c.type_, c.status, c.reason, c.message)).collect();
    format!(
        "generation {:?}, {}, finalizers {:?}",
        tenant.metadata.generation,
        conditions.join("; "),
        tenant.finalizers()
    )
}

/// Fails unless a request to Kubernetes was rejected with this code and a message that contains all the words.
pub fn refused<T: std::fmt::Debug>(outcome: kube::Result<T>, code: u16, words: &[&str]) -> Result<String> {
    match outcome {
        Err(kube::Error::Api(status)) if status.code == code => {
            for word in words {
                ensure!(status.message.contains(word), "'{word}' is not in: {}", status.message);
            }
            Ok(status.message.clone())
        }
        Err(error) => Err(error).context("refused in another way"),
        Ok(accepted) => bail!("accepted: {accepted:?}"),
    }
}
