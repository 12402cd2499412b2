//! Preconditions of the behaviour tests: the platform derives what it reports from its state, and keeps its state across
//! restarts.

use reqwest::Method;
use serde_json::{Value, json};

use super::play::{Play, goes, stated, two};
use crate::support::sandbox::Sandbox;
use crate::support::stage::Stage;

impl Play {
    async fn pending(&self) -> Vec<String> {
        let pending = self.document().await["runtime"]["pendingChanges"].clone();
        pending.as_array().unwrap().iter().map(|change| change["change"].as_str().unwrap().to_owned()).collect()
    }

    async fn used(&self, pointer: &str) -> Value {
        self.document().await["runtime"]["used"].pointer(pointer).cloned().unwrap_or_default()
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
    let play = Play::start("facts-pending").await;
    play.live(&interact(false)).await;
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
        let tenant = play.live(&interact(on)).await;
        assert_eq!(expected, play.pending().await, "step {number}");
        let shown = if expected.is_empty() { two("False", "NothingPending") } else { two("True", "ScriptPending") };
        assert_eq!(shown, stated(&tenant, "ScriptExecutionPending"), "step {number}");
        if run {
            let pushed = play.stage.platform.run_script(&play.stage.id).await.unwrap()["pushed"].clone();
            assert_eq!(expected.len(), pushed.as_array().unwrap().len(), "a run pushes what is pending");
            assert_eq!([""; 0], *play.pending().await);
        }
    }
    // The last run saw it off, so it is a change again.
    play.live(&interact(true)).await;
    assert_eq!(["interact-enabled"], *play.pending().await);
    play.live(&interact(false)).await;
    for (name, expected) in [("Help", "service-created"), ("Help desk", "service-changed")] {
        play.act(Method::PUT, "/services/help", json!({ "displayName": name })).await;
        assert_eq!([expected], *play.pending().await, "{name}");
        if name == "Help" {
            play.stage.platform.run_script(&play.stage.id).await.unwrap();
        }
    }
    play.act(Method::PUT, "/services/help", json!({ "displayName": "Help" })).await;
    assert_eq!([""; 0], *play.pending().await, "named as the script knows it");
}

/// "The counters change when you Manage Licenses per service and users respectively": counters are never set directly.
#[tokio::test(flavor = "multi_thread")]
async fn usage_is_counted_from_users_and_services() {
    let mut play = Play::start("facts-usage").await;
    play.live("{}").await;
    let holds = async |user: &str, kinds: &[&str]| {
        play.act(Method::PUT, &format!("/users/{user}"), json!({ "licenses": kinds })).await;
    };
    holds("anna", &["users/assistant", "modalities/email"]).await;
    holds("anna", &["users/assistant", "modalities/email"]).await;
    assert_eq!(json!(1), play.used("/users/assistant").await, "the same user is counted once");
    holds("bob", &["users/assistant"]).await;
    assert_eq!((json!(2), json!(1)), (play.used("/users/assistant").await, play.used("/modalities/email").await));
    holds("anna", &[]).await;
    assert_eq!((json!(1), json!(0)), (play.used("/users/assistant").await, play.used("/modalities/email").await));
    for service in ["help", "sales"] {
        let body = json!({ "displayName": service, "license": "contactCenter", "features": ["interact"] });
        play.act(Method::PUT, &format!("/services/{service}"), body).await;
    }
    play.remove("/services/sales").await;
    let services = (play.used("/services/contactCenter").await, play.used("/services/features/interact").await);
    assert_eq!((json!(1), json!(1)), services, "a removed service uses nothing");
    // And status says the same.
    let status = play.restarted().await.status.unwrap();
    let used: Vec<_> =
        status.licenses.iter().filter(|row| row.used > 0).map(|row| (row.kind.as_str(), row.used)).collect();
    assert_eq!(vec![("services.contactCenter", 1), ("services.features.interact", 1), ("users.assistant", 1)], used);
}

/// All state of the behaviours is in SQLite. The operator does not notice a restart.
#[tokio::test(flavor = "multi_thread")]
async fn platform_state_survives_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut stage = Stage::new("facts-restart").await;
    stage.platform = Sandbox::start_in(&folder.path().join("platform.sqlite")).await.unwrap();
    stage.platform_object(&stage.platform.url()).await;
    let mut play = Play::on(stage).await;
    play.live(
        "extensions: {interact: {enabled: true, acsConnectionStringRef: {name: acs, key: connection-string}}}
dataPrivacy: {persistUserStatesInReporting: true}
modalities: {email: {maxConcurrentTasksPerService: 1}}
licenses: {contingents: {modalities: {email: 1}}}
",
    )
    .await;
    play.act(Method::POST, "/organization-units", json!({ "name": "Sales" })).await;
    play.service("help").await;
    play.act(Method::PUT, "/services/new", json!({ "displayName": "New" })).await;
    play.act(Method::PUT, "/users/anna", json!({ "licenses": ["users/interact", "modalities/email"] })).await;
    play.act(Method::PUT, "/users/anna/state", json!({ "state": "Busy" })).await;
    play.act(Method::PUT, "/caps", json!({ "caps": { "/extensions/outbound/maxScheduledTasksPerService": 5 } })).await;
    assert_eq!((goes("running"), goes("blocked")), (play.task("email").await, play.task("email").await));
    assert_eq!("distributed", play.call().await);
    assert_eq!(goes("connected"), play.visit().await);
    play.wait(3600).await;
    let status = play.stage.pass().await.status;

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
    let everything = async |play: &Play| {
        let mut seen = vec![play.document().await];
        for path in paths {
            seen.push(play.see(path).await);
        }
        let advanced = play.stage.platform.ask(Method::GET, "/sandbox/clock", None).await.unwrap();
        seen.push(advanced["advancedSeconds"].clone());
        seen
    };
    let before = everything(&play).await;
    let mark = play.stage.platform.mark().await.unwrap();
    assert!(mark > 0);
    play.stage.platform = play.stage.platform.restart().await.unwrap();
    assert_eq!(before, everything(&play).await);
    // Only this test has read it since.
    assert!(play.stage.platform.mark().await.unwrap() >= mark, "the log goes on where it was");

    let after = play.stage.pass().await.status;
    assert_eq!([""; 0], *play.stage.platform.effects(mark).await.unwrap(), "and there is nothing to do");
    let known = |status: Option<nimbus_operator::resources::TenantStatus>| {
        let mut status = status.unwrap();
        status.last_handled_reconcile_at = None;
        status
    };
    assert_eq!(known(status), known(after));
}
