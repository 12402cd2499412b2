//! Preconditions of the behaviour tests: the platform derives what it reports from its state, and keeps its state across
//! restarts.

use reqwest::Method;
use serde_json::{Value, json};

use super::fixture::{BehaviourFixture, condition_state, pair, succeeds};
use crate::support::fixture::Fixture;
use crate::support::sandbox::Sandbox;

impl BehaviourFixture {
    async fn pending(&self) -> Vec<String> {
        let pending = self.document().await["runtime"]["pendingChanges"].clone();
        pending.as_array().unwrap().iter().map(|change| change["change"].as_str().unwrap().to_owned()).collect()
    }

    async fn used(&self, pointer: &str) -> Value {
        self.document().await["runtime"]["used"].pointer(pointer).cloned().unwrap_or_default()
    }

    /// All state that the platform shows.
    async fn everything(&self) -> Vec<Value> {
        let paths = [
            "/organization-units",
            "/services",
            "/users",
            "/tasks",
            "/records",
            "/licences",
            "/interact/sessions",
            "/view",
        ];
        let mut seen = vec![self.document().await];
        for path in paths {
            seen.push(self.see(path).await);
        }
        let advanced = self.base.platform.ask(Method::GET, "/sandbox/clock", None).await.unwrap();
        seen.push(advanced["advancedSeconds"].clone());
        seen
    }
}

fn interact(on: bool) -> String {
    format!(
        "extensions: {{interact: {{enabled: {on}, acsConnectionStringRef: {{name: acs, key: connection-string}}}}}}"
    )
}

/// A stored flag would stay set when a change is reverted, and would be cleared by a run that did not see the change.
#[tokio::test(flavor = "multi_thread")]
async fn pending_changes_derive_from_the_last_script_run() {
    let fixture = BehaviourFixture::start("facts-pending").await;
    fixture.live(&interact(false)).await;
    // What is applied, whether the script runs then, and what is pending before it runs.
    let rows: [(bool, bool, &[&str]); 6] = [
        (true, false, &["interact-enabled"]),
        (false, false, &[]),
        (true, true, &["interact-enabled"]),
        (false, false, &[]),
        (true, false, &[]),
        (false, true, &[]),
    ];
    for (number, (on, run, expected)) in rows.into_iter().enumerate() {
        let tenant = fixture.live(&interact(on)).await;
        assert_eq!(expected, fixture.pending().await, "step {number}");
        let shown = if expected.is_empty() { pair("False", "NothingPending") } else { pair("True", "ScriptPending") };
        assert_eq!(shown, condition_state(&tenant, "ScriptExecutionPending"), "step {number}");
        if run {
            let pushed = fixture.base.platform.run_script(&fixture.base.id).await.unwrap()["pushed"].clone();
            assert_eq!(expected.len(), pushed.as_array().unwrap().len(), "a run pushes what is pending");
            assert_eq!([""; 0], *fixture.pending().await);
        }
    }
    // The last run saw it off, so it is a change again.
    fixture.live(&interact(true)).await;
    assert_eq!(["interact-enabled"], *fixture.pending().await);
    fixture.live(&interact(false)).await;
    for (name, expected) in [("Help", "service-created"), ("Help desk", "service-changed")] {
        fixture.act(Method::PUT, "/services/help", json!({ "displayName": name })).await;
        assert_eq!([expected], *fixture.pending().await, "{name}");
        if name == "Help" {
            fixture.base.platform.run_script(&fixture.base.id).await.unwrap();
        }
    }
    fixture.act(Method::PUT, "/services/help", json!({ "displayName": "Help" })).await;
    assert_eq!([""; 0], *fixture.pending().await, "named as the script knows it");
}

/// "The counters change when you Manage Licenses per service and users respectively": counters are never set directly.
#[tokio::test(flavor = "multi_thread")]
async fn usage_is_counted_from_users_and_services() {
    let mut fixture = BehaviourFixture::start("facts-usage").await;
    fixture.live("{}").await;
    let holds = async |user: &str, kinds: &[&str]| {
        fixture.act(Method::PUT, &format!("/users/{user}"), json!({ "licenses": kinds })).await;
    };
    holds("anna", &["users/assistant", "modalities/email"]).await;
    holds("anna", &["users/assistant", "modalities/email"]).await;
    assert_eq!(json!(1), fixture.used("/users/assistant").await, "the same user is counted once");
    holds("bob", &["users/assistant"]).await;
    assert_eq!((json!(2), json!(1)), (fixture.used("/users/assistant").await, fixture.used("/modalities/email").await));
    holds("anna", &[]).await;
    assert_eq!((json!(1), json!(0)), (fixture.used("/users/assistant").await, fixture.used("/modalities/email").await));
    for service in ["help", "sales"] {
        let body = json!({ "displayName": service, "license": "contactCenter", "features": ["interact"] });
        fixture.act(Method::PUT, &format!("/services/{service}"), body).await;
    }
    fixture.remove("/services/sales").await;
    let services = (fixture.used("/services/contactCenter").await, fixture.used("/services/features/interact").await);
    assert_eq!((json!(1), json!(1)), services, "a removed service uses nothing");
    // And status says the same.
    let status = fixture.restarted().await.status.unwrap();
    let used: Vec<_> =
        status.licenses.iter().filter(|row| row.used > 0).map(|row| (row.kind.as_str(), row.used)).collect();
    assert_eq!(vec![("services.contactCenter", 1), ("services.features.interact", 1), ("users.assistant", 1)], used);
}

/// All state of the behaviours is in SQLite. The operator does not notice a restart.
#[tokio::test(flavor = "multi_thread")]
async fn platform_state_survives_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut fixture = Fixture::new("facts-restart").await;
    fixture.platform = Sandbox::start_in(&folder.path().join("platform.sqlite")).await.unwrap();
    fixture.platform_object(&fixture.platform.url()).await;
    let mut fixture = BehaviourFixture::on(fixture).await;
    fixture
        .live(
            "extensions: {interact: {enabled: true, acsConnectionStringRef: {name: acs, key: connection-string}}}
dataPrivacy: {persistUserStatesInReporting: true}
modalities: {email: {maxConcurrentTasksPerService: 1}}
licenses: {contingents: {modalities: {email: 1}}}
",
        )
        .await;
    fixture.act(Method::POST, "/organization-units", json!({ "name": "Sales" })).await;
    fixture.service("help").await;
    fixture.act(Method::PUT, "/services/new", json!({ "displayName": "New" })).await;
    fixture.act(Method::PUT, "/users/anna", json!({ "licenses": ["users/interact", "modalities/email"] })).await;
    fixture.act(Method::PUT, "/users/anna/state", json!({ "state": "Busy" })).await;
    fixture
        .act(Method::PUT, "/caps", json!({ "caps": { "/extensions/outbound/maxScheduledTasksPerService": 5 } }))
        .await;
    assert_eq!((succeeds("running"), succeeds("blocked")), (fixture.task("email").await, fixture.task("email").await));
    assert_eq!("distributed", fixture.call().await);
    assert_eq!(succeeds("connected"), fixture.visit().await);
    fixture.wait(3600).await;
    let status = fixture.base.pass().await.status;

    let before = fixture.everything().await;
    let mark = fixture.base.platform.mark().await.unwrap();
    assert!(mark > 0);
    fixture.base.platform = fixture.base.platform.restart().await.unwrap();
    assert_eq!(before, fixture.everything().await);
    // Only this test has read it since.
    assert!(fixture.base.platform.mark().await.unwrap() >= mark, "the log goes on where it was");

    let after = fixture.base.pass().await.status;
    assert_eq!([""; 0], *fixture.base.platform.effects(mark).await.unwrap(), "and there is nothing to do");
    let known = |status: Option<nimbus_operator::resources::TenantStatus>| {
        let mut status = status.unwrap();
        status.last_handled_reconcile_at = None;
        status
    };
    assert_eq!(known(status), known(after));
}
