//! The fixture of the behaviour tests: kubectl applies YAML, and vendor, users and customers act in the sandbox.

use std::io::Write;

use anyhow::{Result, bail};
use kube::Api;
use kube::api::{Patch, PatchParams};
use nimbus_operator::resources::status::TabStatus;
use nimbus_operator::resources::{Platform, Tenant};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::fixture::{Fixture, NAME, Operator, condition};
use crate::support::kubectl::Output;
use crate::support::users;

/// "Luware Website https://luware.com/support/"
pub const WEBSITE: &str = "https://luware.com/support/";
/// "Luware Helpdesk https://helpdesk.luware.cloud"
pub const HELPDESK: &str = "https://helpdesk.luware.cloud";
/// "Cloud Service Status https://status.luware.cloud/"
pub const SERVICE_STATUS: &str = "https://status.luware.cloud/";

/// A fixture with a running operator.
pub struct BehaviourFixture {
    pub base: Fixture,
    operator: Option<Operator>,
}

impl BehaviourFixture {
    /// Starts both.
    pub async fn start(name: &str) -> Self {
        Self::on(Fixture::new(name).await).await
    }

    /// Starts the operator of a fixture.
    pub async fn on(base: Fixture) -> Self {
        let operator = Some(base.connect().await);
        Self { base, operator }
    }

    /// Restarts the operator, for which everything is due, and returns the Tenant after its first pass.
    pub async fn restarted(&mut self) -> Tenant {
        self.operator.take().expect("it runs").stop().await;
        self.operator = Some(self.base.connect().await);
        self.base.pass().await
    }

    /// Changes the Platform by a merge patch.
    pub async fn edit_platform(&self, spec: Value) {
        let api = Api::<Platform>::all(self.base.client(users::PLATFORM_ADMIN));
        let params = PatchParams { field_manager: Some("test".into()), ..PatchParams::default() };
        api.patch(&self.base.env.platform, &params, &Patch::Merge(json!({ "spec": spec }))).await.unwrap();
    }

    /// Sets the support links of the manual.
    pub async fn name_support(&self) {
        let support = json!({ "website": WEBSITE, "helpdesk": HELPDESK, "serviceStatus": SERVICE_STATUS });
        self.edit_platform(json!({ "support": support })).await;
    }

    /// The manifest with a spec in YAML.
    pub fn manifest(&self, spec: &str) -> Value {
        self.base.manifest(serde_yaml::from_str(spec).expect("YAML"))
    }

    /// Runs `kubectl apply --server-side` with the whole manifest and returns the output.
    pub async fn try_apply(&self, user: &str, spec: &str) -> Output {
        let mut file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
        file.write_all(serde_yaml::to_string(&self.manifest(spec)).unwrap().as_bytes()).unwrap();
        let path = file.path().to_str().unwrap();
        let namespace = &self.base.env.namespace;
        let words = ["-n", namespace, "apply", "--server-side", "--force-conflicts", "--field-manager=git", "-f", path];
        self.base.env.kubectl(user).run(&words).await.expect("kubectl runs")
    }

    /// As [`Self::try_apply`]; it must be accepted.
    pub async fn apply(&self, spec: &str) {
        let output = self.try_apply(users::PLATFORM_ADMIN, spec).await;
        assert!(output.status.success(), "{output:?}");
    }

    /// As [`Self::apply`]; waits until the Tenant is Ready.
    pub async fn live(&self, spec: &str) -> Tenant {
        self.apply(spec).await;
        self.base.ready().await
    }

    /// Sends a request to the simulation of the platform, for this tenant.
    pub async fn act(&self, method: Method, path: &str, body: Value) -> Value {
        self.base.platform.ask(method, &self.path(path), Some(body)).await.unwrap()
    }

    /// Reads from the simulation of the platform, for this tenant.
    pub async fn see(&self, path: &str) -> Value {
        self.base.platform.ask(Method::GET, &self.path(path), None).await.unwrap()
    }

    /// Deletes something in the simulation of the platform.
    pub async fn remove(&self, path: &str) {
        self.base.platform.ask(Method::DELETE, &self.path(path), None).await.unwrap();
    }

    fn path(&self, path: &str) -> String {
        format!("/sandbox/tenants/{}{path}", self.base.id)
    }

    /// Advances the clock of the platform.
    pub async fn wait(&self, seconds: i64) {
        let body = json!({ "advanceSeconds": seconds });
        self.base.platform.ask(Method::POST, "/sandbox/clock", Some(body)).await.unwrap();
    }

    /// Edits the tenant in the UI, as the vendor.
    pub async fn vendor(&self, settings: Value) {
        self.base.platform.edit(&self.base.id, settings).await.unwrap();
    }

    /// The document of the tenant.
    pub async fn document(&self) -> Value {
        let (status, document) = self.base.platform.tenant(&self.base.id).await.unwrap();
        assert_eq!(200, status, "{document}");
        document
    }

    /// One setting on the platform.
    pub async fn setting(&self, pointer: &str) -> Value {
        self.document().await["settings"].pointer(pointer).cloned().unwrap_or_else(|| panic!("no {pointer}"))
    }

    /// Provisions a service as an administrator and completes it with a run of the script.
    pub async fn service(&self, id: &str) {
        self.act(Method::PUT, &format!("/services/{id}"), json!({ "displayName": id })).await;
        self.base.platform.run_script(&self.base.id).await.unwrap();
    }

    /// Sends a task to the service `help` and returns outcome and reason.
    pub async fn task(&self, kind: &str) -> (String, Value) {
        outcome(&self.act(Method::POST, "/tasks", json!({ "service": "help", "kind": kind })).await)
    }

    /// Calls the service `help` as a customer.
    pub async fn call(&self) -> String {
        let call = json!({ "service": "help", "customer": "+41791234567" });
        outcome(&self.act(Method::POST, "/calls", call).await).0
    }

    /// Opens the widget with the current key as a customer, and returns outcome and reason.
    pub async fn visit(&self) -> (String, Value) {
        let url = format!("{}/v1/tenants/{}/widget-key", self.base.platform.url(), self.base.id);
        let token = self.base.platform.token("system").await.unwrap();
        let key: Value = reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap().json().await.unwrap();
        let visit = json!({ "widgetKey": key["key"], "conversation": "direct" });
        outcome(&self.act(Method::POST, "/interact/sessions", visit).await)
    }

    /// The cell below a header in `kubectl get -o wide`.
    pub async fn column(&self, header: &str) -> Result<String> {
        let words = ["get", "nten", NAME, "-o", "wide"];
        let table = self.base.kubectl(users::TENANT_EDITOR, &words).await?;
        let lines: Vec<&str> = table.lines().collect();
        let [headers, row] = lines.as_slice() else { bail!("not one row: {table}") };
        let Some(start) = headers.find(header) else { bail!("no column {header}: {headers}") };
        // A column is as wide as its longest cell and three spaces.
        Ok(row.get(start..).unwrap_or_default().split("   ").next().unwrap_or_default().trim().to_owned())
    }
}

/// Outcome and reason of a simulated action.
pub fn outcome(answer: &Value) -> (String, Value) {
    (answer["outcome"].as_str().unwrap_or_default().to_owned(), answer["reason"].clone())
}

/// An outcome without a reason.
pub fn succeeds(outcome: &str) -> (String, Value) {
    (outcome.to_owned(), Value::Null)
}

/// An outcome with a reason.
pub fn fails(outcome: &str, reason: &str) -> (String, Value) {
    (outcome.to_owned(), json!(reason))
}

/// A tab in status.
pub fn tab(tenant: &Tenant, name: &str) -> TabStatus {
    let tabs = &tenant.status.as_ref().unwrap().tabs;
    tabs.iter().find(|tab| tab.name.as_str() == name).unwrap_or_else(|| panic!("no tab {name}: {tabs:?}")).clone()
}

/// State and message of a tab.
pub fn tab_state(tenant: &Tenant, name: &str) -> (String, String) {
    let tab = tab(tenant, name);
    (tab.state.as_str().to_owned(), tab.message.unwrap_or_default())
}

/// Status and reason of a condition.
pub fn condition_state(tenant: &Tenant, kind: &str) -> (String, String) {
    condition(tenant, kind).map(|(status, reason, _)| (status, reason)).unwrap_or_default()
}

/// The expected pair for [`condition_state`] and [`tab_state`].
pub fn pair(left: &str, right: &str) -> (String, String) {
    (left.to_owned(), right.to_owned())
}
