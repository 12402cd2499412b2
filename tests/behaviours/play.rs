//! How a behaviour is played: YAML is applied by kubectl, and the platform's people, users and customers act in the sandbox.

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

/// A stage whose operator runs.
pub struct Play {
    pub stage: Stage,
    operator: Option<Operator>,
}

impl Play {
    /// Starts both.
    pub async fn start(name: &str) -> Self {
        Self::on(Stage::new(name).await).await
    }

    /// Starts the operator of a stage.
    pub async fn on(stage: Stage) -> Self {
        let operator = Some(stage.connect().await);
        Self { stage, operator }
    }

    /// The operator stops and another one starts, to which it is time for everything; the Tenant after a pass of it.
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

    /// Names the support links of the manual.
    pub async fn name_support(&self) {
        let support = json!({ "website": WEBSITE, "helpdesk": HELPDESK, "serviceStatus": SERVICE_STATUS });
        self.edit_platform(json!({ "support": support })).await;
    }

    /// The manifest with a spec that is written in YAML.
    pub fn manifest(&self, spec: &str) -> Value {
        self.stage.manifest(serde_yaml::from_str(spec).expect("YAML"))
    }

    /// `kubectl apply --server-side` of the whole manifest, whatever comes of it.
    pub async fn try_apply(&self, user: &str, spec: &str) -> Output {
        let mut file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
        file.write_all(serde_yaml::to_string(&self.manifest(spec)).unwrap().as_bytes()).unwrap();
        let path = file.path().to_str().unwrap();
        let namespace = &self.stage.env.namespace;
        let words = ["-n", namespace, "apply", "--server-side", "--force-conflicts", "--field-manager=git", "-f", path];
        self.stage.env.kubectl(user).run(&words).await.expect("kubectl runs")
    }

    /// The same, which must be accepted.
    pub async fn apply(&self, spec: &str) {
        let output = self.try_apply(users::PLATFORM_ADMIN, spec).await;
        assert!(output.status.success(), "{output:?}");
    }

    /// The same, which must become Ready.
    pub async fn live(&self, spec: &str) -> Tenant {
        self.apply(spec).await;
        self.stage.ready().await
    }

    /// Something that somebody does on the platform.
    pub async fn act(&self, method: Method, path: &str, body: Value) -> Value {
        self.stage.platform.ask(method, &self.path(path), Some(body)).await.unwrap()
    }

    /// Something that somebody sees on the platform.
    pub async fn see(&self, path: &str) -> Value {
        self.stage.platform.ask(Method::GET, &self.path(path), None).await.unwrap()
    }

    /// Somebody takes something away.
    pub async fn remove(&self, path: &str) {
        self.stage.platform.ask(Method::DELETE, &self.path(path), None).await.unwrap();
    }

    fn path(&self, path: &str) -> String {
        format!("/sandbox/tenants/{}{path}", self.stage.id)
    }

    /// The clock of the platform goes forward.
    pub async fn wait(&self, seconds: i64) {
        let body = json!({ "advanceSeconds": seconds });
        self.stage.platform.ask(Method::POST, "/sandbox/clock", Some(body)).await.unwrap();
    }

    /// The vendor's people edit the tenant in the UI.
    pub async fn vendor(&self, settings: Value) {
        self.stage.platform.edit(&self.stage.id, settings).await.unwrap();
    }

    /// Everything about the tenant.
    pub async fn document(&self) -> Value {
        let (status, document) = self.stage.platform.tenant(&self.stage.id).await.unwrap();
        assert_eq!(200, status, "{document}");
        document
    }

    /// One setting as the platform has it.
    pub async fn setting(&self, pointer: &str) -> Value {
        self.document().await["settings"].pointer(pointer).cloned().unwrap_or_else(|| panic!("no {pointer}"))
    }

    /// A service that an administrator provisions, and that the script made complete.
    pub async fn service(&self, id: &str) {
        self.act(Method::PUT, &format!("/services/{id}"), json!({ "displayName": id })).await;
        self.stage.platform.run_script(&self.stage.id).await.unwrap();
    }

    /// A task of a kind comes in for the service `help`; outcome and reason.
    pub async fn task(&self, kind: &str) -> (String, Value) {
        outcome(&self.act(Method::POST, "/tasks", json!({ "service": "help", "kind": kind })).await)
    }

    /// A customer calls the service `help`.
    pub async fn call(&self) -> String {
        let call = json!({ "service": "help", "customer": "+41791234567" });
        outcome(&self.act(Method::POST, "/calls", call).await).0
    }

    /// A customer opens the widget with the present key; outcome and reason.
    pub async fn visit(&self) -> (String, Value) {
        let url = format!("{}/v1/tenants/{}/widget-key", self.stage.platform.url(), self.stage.id);
        let token = self.stage.platform.token("system").await.unwrap();
        let key: Value = reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap().json().await.unwrap();
        let visit = json!({ "widgetKey": key["key"], "conversation": "direct" });
        outcome(&self.act(Method::POST, "/interact/sessions", visit).await)
    }

    /// `kubectl get` with the wide columns: the cell below a header.
    pub async fn column(&self, header: &str) -> Result<String> {
        let words = ["get", "nten", NAME, "-o", "wide"];
        let table = self.stage.kubectl(users::TENANT_EDITOR, &words).await?;
        let lines: Vec<&str> = table.lines().collect();
        let [headers, row] = lines.as_slice() else { bail!("not one row: {table}") };
        let Some(start) = headers.find(header) else { bail!("no column {header}: {headers}") };
        // A column is as wide as its longest cell and three blanks.
        Ok(row.get(start..).unwrap_or_default().split("   ").next().unwrap_or_default().trim().to_owned())
    }
}

/// Outcome and reason of something that was played.
pub fn outcome(answer: &Value) -> (String, Value) {
    (answer["outcome"].as_str().unwrap_or_default().to_owned(), answer["reason"].clone())
}

/// What becomes of something without a hindrance.
pub fn goes(outcome: &str) -> (String, Value) {
    (outcome.to_owned(), Value::Null)
}

/// What becomes of something for a reason.
pub fn fails(outcome: &str, reason: &str) -> (String, Value) {
    (outcome.to_owned(), json!(reason))
}

/// A tab of the status.
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

/// The two words of [`stated`] and [`told`].
pub fn two(left: &str, right: &str) -> (String, String) {
    (left.to_owned(), right.to_owned())
}
