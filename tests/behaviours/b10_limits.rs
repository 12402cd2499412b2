//! Behaviour 10. Limits take effect at once, and lowering one never ends running tasks.
//!
//! The operator shows when the vendor's cap is below the desired limit. The platform decides what happens at a limit.

use reqwest::Method;
use serde_json::{Value, json};

use super::fixture::{BehaviourFixture, condition_state, fails, pair, succeeds, tab_state};

/// The limits of all four kinds of tasks.
fn limits(count: i32) -> String {
    format!(
        "extensions: {{outbound: {{maxScheduledTasksPerService: {count}}}}}
modalities:
  instantMessaging: {{enabled: true, primaryAccount: im@contoso.com, maxConcurrentTasksPerService: {count}}}
  externalTask: {{maxConcurrentTasksPerService: {count}}}
  email: {{maxConcurrentTasksPerService: {count}}}
licenses: {{contingents: {{modalities: {{instantMessaging: 5, externalTask: 5, email: 5}}}}}}
"
    )
}

impl BehaviourFixture {
    /// How many tasks run and wait.
    async fn backlog(&self, kind: &str) -> (usize, usize) {
        let tasks = self.see("/tasks").await["items"].clone();
        let count = |outcome: &str| {
            let is_one = |task: &&Value| task["kind"] == kind && task["outcome"] == outcome;
            tasks.as_array().unwrap().iter().filter(is_one).count()
        };
        (count("running"), count("blocked"))
    }

    async fn finish_one(&self, kind: &str) {
        let tasks = self.see("/tasks").await["items"].clone();
        let first = tasks.as_array().unwrap().iter().find(|task| task["kind"] == kind).unwrap().clone();
        self.remove(&format!("/tasks/{}", first["id"].as_str().unwrap())).await;
    }

    async fn outcomes(&self, kind: &str, count: usize) -> Vec<(String, Value)> {
        let mut outcomes = vec![];
        for _ in 0..count {
            outcomes.push(self.task(kind).await);
        }
        outcomes
    }
}

/// "This feature uses runtime resources under a fair-use policy. Luware may change the usage limit or contact customers that
/// exceed the general usage quota."
#[tokio::test(flavor = "multi_thread")]
async fn vendor_cap_is_reported_and_stays_ready() {
    let fixture = BehaviourFixture::start("b10-cap").await;
    let before = fixture.live(&limits(3)).await;
    assert_eq!(pair("InSync", ""), tab_state(&before, "Modalities"));
    fixture.service("help").await;
    let caps = |max: i64| json!({ "caps": { "/modalities/email/maxConcurrentTasksPerService": max } });
    let mark = fixture.base.platform.mark().await.unwrap();
    fixture.act(Method::PUT, "/caps", caps(1)).await;
    assert_eq!(vec![succeeds("running"), succeeds("blocked")], fixture.outcomes("email", 2).await);
    let capped = fixture.base.pass().await;
    let note = "spec.modalities.email.maxConcurrentTasksPerService is 3, but the vendor's limit is 1";
    assert_eq!(pair("InSync", note), tab_state(&capped, "Modalities"));
    assert_eq!(pair("True", "Succeeded"), condition_state(&capped, "Ready"));
    assert_eq!(pair("True", "InSync"), condition_state(&capped, "Synced"), "the wanted value stays stored");
    assert_eq!(json!(3), fixture.setting("/modalities/email/maxConcurrentTasksPerService").await);

    // A cap that is not lower has no effect and is not reported.
    fixture.act(Method::PUT, "/caps", caps(3)).await;
    assert_eq!(pair("InSync", ""), tab_state(&fixture.base.pass().await, "Modalities"));
    assert_eq!((2, 0), fixture.backlog("email").await);
    assert_eq!([""; 0], *fixture.base.platform.effects(mark).await.unwrap());
}

pub mod platform_only {
    use super::*;

    /// "Once the limit is reached, a flow error is returned and the task will be discarded." (Outbound, External Task)
    /// "Further incoming tasks will be blocked until the task backlog gets below the set threshold." (Modalities)
    #[tokio::test(flavor = "multi_thread")]
    async fn two_task_kinds_are_discarded_and_two_wait() {
        let fixture = BehaviourFixture::start("b10-limit").await;
        fixture.live(&limits(2)).await;
        fixture.service("help").await;
        let (discarded, blocked) = (fails("discarded", "flow-error"), succeeds("blocked"));
        // Kind, outcome of the third task, what runs and waits then, and after one has finished.
        let rows = [
            ("outbound", &discarded, (2, 0), (1, 0)),
            ("external", &discarded, (2, 0), (1, 0)),
            ("instantMessaging", &blocked, (2, 1), (2, 0)),
            ("email", &blocked, (2, 1), (2, 0)),
        ];
        for (kind, third, full, after) in rows {
            assert_eq!(
                vec![succeeds("running"), succeeds("running"), third.clone()],
                fixture.outcomes(kind, 3).await,
                "{kind}"
            );
            assert_eq!(full, fixture.backlog(kind).await, "{kind}");
            fixture.finish_one(kind).await;
            assert_eq!(after, fixture.backlog(kind).await, "{kind}");
        }
    }

    /// ""Max concurrent task" parameters changed on this page immediately affect services which already make use the
    /// coresponding modality." "Task processing resumes when the threshold drops below the limit."
    #[tokio::test(flavor = "multi_thread")]
    async fn limit_applies_at_once_and_ends_no_task() {
        let fixture = BehaviourFixture::start("b10-lower").await;
        fixture.live(&limits(2)).await;
        fixture.service("help").await;
        fixture.outcomes("email", 4).await;
        assert_eq!((2, 2), fixture.backlog("email").await);
        fixture.live(&limits(3)).await;
        assert_eq!((3, 1), fixture.backlog("email").await, "raised: one more runs");
        fixture.live(&limits(1)).await;
        assert_eq!((3, 1), fixture.backlog("email").await, "lowered: nothing is ended");
        for expected in [(2, 1), (1, 1), (1, 0)] {
            fixture.finish_one("email").await;
            assert_eq!(expected, fixture.backlog("email").await);
        }
    }

    /// "Default 20 / Min 1 / Max 50" and for Email "Default 50 / Min 1 / Max 200"
    #[tokio::test(flavor = "multi_thread")]
    async fn unset_limit_is_the_platform_default() {
        let fixture = BehaviourFixture::start("b10-default").await;
        fixture.live("{}").await;
        let rows = [
            ("/extensions/outbound/maxScheduledTasksPerService", 20),
            ("/modalities/instantMessaging/maxConcurrentTasksPerService", 20),
            ("/modalities/externalTask/maxConcurrentTasksPerService", 20),
            ("/modalities/email/maxConcurrentTasksPerService", 50),
        ];
        for (pointer, limit) in rows {
            assert_eq!(json!(limit), fixture.setting(pointer).await, "{pointer}");
        }
    }
}
