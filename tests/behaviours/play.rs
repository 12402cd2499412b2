//! The fixture of the behaviour tests: kubectl applies YAML, and vendor, users and customers act in the sandbox.

use std::io::Write;

use anyhow::{Result, bail};
use kube::Api;
use kube::api::{Patch, PatchParams};
use nimbus_operator::resources::status::TabStatus;
use nimbus_operator::resources::{Platform, Tenant};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::kubectl::Output;
use crate::support::stage::{NAME, Operator, Stage, condition};
use crate::support::users;

/// "Luware Website https://luware.com/support/"
pub const WEBSITE: &str = "https://luware.com/support/";
/// "Luware Helpdesk https://helpdesk.luware.cloud"
pub const HELPDESK: &str = "https://helpdesk.luware.cloud";
/// "Cloud Service Status https://status.luware.cloud/"
pub const SERVICE_STATUS: &str = "https://status.luware.cloud/";

/// A fixture with a running operator.
pub struct Play {
    pub stage: Stage,
    operator: Option<Operator>,
}

impl Play {
    /// Starts both.
    pub async fn start(name: &str) -> Self {
        Self::on(Stage::new(name).await).await
    }

    /// Starts the operator of a fixture.
    pub async fn on(stage: Stage) -> Self {
        let operator = Some(stage.connect().await);
        Self { stage, operator }
    }

    /// Restarts the operator, for which everything is due, and returns the Tenant after its first pass.
    pub async fn restarted(&mut self) -> Tenant {
        self.operator.take().expect("it runs").stop().await;
        self.operator = Some(self.stage.connect().await);
        self.stage.pass().await
    }

    /// Changes the Platform by a merge patch.
    pub async fn edit_platform(&self, spec: Value) {
        let api = Api::<Platform>::all(self.stage.client(users::PLATFORM_ADMIN));
        let params = PatchParams { field_manager: Some("test".into()), ..PatchParams::default() };
        api.patch(&self.stage.env.platform, &params, &Patch::Merge(json!({ "spec": spec }))).await.unwrap();
    }

    /// Sets the support links of the manual.
    pub async fn name_support(&self) {
        let support = json!({ "website": WEBSITE, "helpdesk": HELPDESK, "serviceStatus": SERVICE_STATUS });
        self.edit_platform(json!({ "support": support })).await;
    }

    /// The manifest with a spec in YAML.
    pub fn manifest(&self, spec: &str) -> Value {
        self.stage.manifest(serde_yaml::from_str(spec).expect("YAML"))
    }

    /// Runs `kubectl apply --server-side` with the whole manifest and returns the output.
    pub async fn try_apply(&self, user: &str, spec: &str) -> Output {
        let mut file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
        file.write_all(serde_yaml::to_string(&self.manifest(spec)).unwrap().as_bytes()).unwrap();
        let path = file.path().to_str().unwrap();
        let namespace = &self.stage.env.namespace;
        let words = ["-n", namespace, "apply", "--server-side", "--force-conflicts", "--field-manager=git", "-f", path];
        self.stage.env.kubectl(user).run(&words).await.expect("kubectl runs")
    }

    /// As [`Self::try_apply`]; it must be accepted.
    pub async fn apply(&self, spec: &str) {
        let output = self.try_apply(users::PLATFORM_ADMIN, spec).await;
        assert!(output.status.success(), "{output:?}");
    }

    /// As [`Self::apply`]; waits until the Tenant is Ready.
    pub async fn live(&self, spec: &str) -> Tenant {
        self.apply(spec).await;
        self.stage.ready().await
    }

    /// Sends a request to the simulation of the platform, for this tenant.
    pub async fn act(&self, method: Method, path: &str, body: Value) -> Value {
        self.stage.platform.ask(method, &self.path(path), Some(body)).await.unwrap()
    }

    /// Reads from the simulation of the platform, for this tenant.
    pub async fn see(&self, path: &str) -> Value {
        self.stage.platform.ask(Method::GET, &self.path(path), None).await.unwrap()
    }

    /// Deletes something in the simulation of the platform.
    pub async fn remove(&self, path: &str) {
        self.stage.platform.ask(Method::DELETE, &self.path(path), None).await.unwrap();
    }

    fn path(&self, path: &str) -> String {
        format!("/sandbox/tenants/{}{path}", self.stage.id)
    }

    /// Advances the clock of the platform.
    pub async fn wait(&self, seconds: i64) {
        let body = json!({ "advanceSeconds": seconds });
        self.stage.platform.ask(Method::POST, "/sandbox/clock", Some(body)).await.unwrap();
    }

    /// Edits the tenant in the UI, as the vendor.
    pub async fn vendor(&self, settings: Value) {
        self.stage.platform.edit(&self.stage.id, settings).await.unwrap();
    }

    /// The document of the tenant.
    pub async fn document(&self) -> Value {
        let (status, document) = self.stage.platform.tenant(&self.stage.id).await.unwrap();
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
        self.stage.platform.run_script(&self.stage.id).await.unwrap();
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
        let url = format!("{}/v1/tenants/{}/widget-key", self.stage.platform.url(), self.stage.id);
        let token = self.stage.platform.token("system").await.unwrap();
        let key: Value = reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap().json().await.unwrap();
        let visit = json!({ "widgetKey": key["key"], "conversation": "direct" });
        outcome(&self.act(Method::POST, "/interact/sessions", visit).await)
    }

    /// The cell below a header in `kubectl get -o wide`.
    pub async fn column(&self, header: &str) -> Result<String> {
        let words = ["get", "nten", NAME, "-o", "wide"];
        let table = self.stage.kubectl(users::TENANT_EDITOR, &words).await?;
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
pub fn goes(outcome: &str) -> (String, Value) {
    (outcome.to_owned(), Value::Null)
}

/// An outcome with a reason.
pub fn fails(outcome: &str, reason: &str) -> (String, Value) {
    (outcome.to_owned(), json!(reason))
}

/// A tab in status.
pub fn tab(tenant: &Tenant, name: &str) -> TabStatus {
    let tabs = &tenant.status.as_ref().unwrap().tabs;
    tabs.iter().find(|tab| tab.name == name).unwrap_or_else(|| panic!("no tab {name}: {tabs:?}")).clone()
}

/// State and message of a tab.
pub fn told(tenant: &Tenant, name: &str) -> (String, String) {
    let tab = tab(tenant, name);
    (tab.state.as_str().to_owned(), tab.message.unwrap_or_default())
}

/// Status and reason of a condition.
pub fn stated(tenant: &Tenant, kind: &str) -> (String, String) {
    condition(tenant, kind).map(|(status, reason, _)| (status, reason)).unwrap_or_default()
}

/// The expected pair for [`stated`] and [`told`].
pub fn two(left: &str, right: &str) -> (String, String) {
    (left.to_owned(), right.to_owned())
}
