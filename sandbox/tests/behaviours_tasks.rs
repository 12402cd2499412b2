//! Limits of tasks, vendor caps, and a tenant that is not in service.
use serde_json::{Value, json};

use super::support::*;

/// A tenant with a service in which two tasks of every kind can run.
async fn busy(api: &Api) {
    let limit = json!({"maxConcurrentTasksPerService": 2});
    let instant_messaging =
        json!({"enabled": true, "primaryAccount": "im@contoso.com", "maxConcurrentTasksPerService": 2});
    let bought = json!({"instantMessaging": 5, "externalTask": 5, "email": 5});
    api.create(json!({
        "extensions": {"outbound": {"maxScheduledTasksPerService": 2}},
        "modalities": {"instantMessaging": instant_messaging, "externalTask": limit, "email": limit},
        "licenses": {"contingents": {"modalities": bought}},
    }))
    .await;
    api.world("PUT", world("/services/help"), json!({"displayName": "Help"})).await;
    api.world("POST", world("/script/run"), Value::Null).await;
}

async fn task(api: &Api, kind: &str) -> Value {
    api.world("POST", world("/tasks"), json!({"service": "help", "kind": kind})).await
}

/// Creates this many tasks one after the other and returns outcome and reason of each.
async fn outcomes(api: &Api, kind: &str, count: usize) -> Vec<(Value, Value)> {
    let mut outcomes = Vec::new();
    for _ in 0..count {
        let task = task(api, kind).await;
        outcomes.push((task["outcome"].clone(), task["reason"].clone()));
    }
    outcomes
}

/// Returns the numbers of running and waiting tasks.
async fn backlog(api: &Api, kind: &str) -> (usize, usize) {
    let tasks = api.world("GET", world("/tasks"), Value::Null).await;
    let count = |outcome: &str| {
        let is_one = |task: &&Value| task["kind"] == kind && task["outcome"] == outcome;
        tasks["items"].as_array().unwrap().iter().filter(is_one).count()
    };
    (count("running"), count("blocked"))
}

async fn finish_first(api: &Api, kind: &str) {
    let tasks = api.world("GET", world("/tasks"), Value::Null).await;
    let first = tasks["items"].as_array().unwrap().iter().find(|task| task["kind"] == kind).unwrap();
    api.world("DELETE", world(&format!("/tasks/{}", first["id"].as_str().unwrap())), Value::Null).await;
}

fn runs() -> (Value, Value) {
    (json!("running"), json!(null))
}

async fn email_limit(api: &Api, limit: i64) {
    let settings = json!({"modalities": {"email": {"maxConcurrentTasksPerService": limit}}});
    api.patch(settings).await.expect(200);
}

/// "Once the limit is reached, a flow error is returned and the task will be discarded."
#[tokio::test]
async fn outbound_and_external_tasks_are_discarded_at_limit() {
    let api = Api::start().await;
    busy(&api).await;
    for kind in ["outbound", "external"] {
        let discarded = (json!("discarded"), json!("flow-error"));
        assert_eq!(vec![runs(), runs(), discarded], outcomes(&api, kind, 3).await, "{kind}");
        assert_eq!((2, 0), backlog(&api, kind).await);
        finish_first(&api, kind).await;
        assert_eq!((1, 0), backlog(&api, kind).await, "what was discarded does not come back");
        assert_eq!(vec![runs()], outcomes(&api, kind, 1).await);
    }
}

/// "Further incoming tasks will be blocked until the task backlog gets below the set threshold."
#[tokio::test]
async fn chats_and_mails_wait_at_the_limit() {
    let api = Api::start().await;
    busy(&api).await;
    for kind in ["instantMessaging", "email"] {
        let blocked = (json!("blocked"), json!(null));
        assert_eq!(vec![runs(), runs(), blocked], outcomes(&api, kind, 3).await, "{kind}");
        assert_eq!((2, 1), backlog(&api, kind).await);
        finish_first(&api, kind).await;
        assert_eq!((2, 0), backlog(&api, kind).await);
    }
}

/// "'Max concurrent task' parameters changed on this page immediately affect services which already make use the
/// coresponding modality."
#[tokio::test]
async fn a_lower_limit_applies_at_once_and_ends_no_task() {
    let api = Api::start().await;
    busy(&api).await;
    outcomes(&api, "email", 4).await;
    assert_eq!((2, 2), backlog(&api, "email").await);
    email_limit(&api, 3).await;
    assert_eq!((3, 1), backlog(&api, "email").await, "raised: one more runs");
    email_limit(&api, 1).await;
    assert_eq!((3, 1), backlog(&api, "email").await, "lowered: nothing is killed");
    for expected in [(2, 1), (1, 1), (1, 0)] {
        finish_first(&api, "email").await;
        assert_eq!(expected, backlog(&api, "email").await);
    }
}

#[tokio::test]
async fn limits_count_per_service() {
    let api = Api::start().await;
    busy(&api).await;
    api.world("PUT", world("/services/sales"), json!({"displayName": "Sales"})).await;
    outcomes(&api, "email", 3).await;
    let other = api.world("POST", world("/tasks"), json!({"service": "sales", "kind": "email"})).await;
    assert_eq!(json!("running"), other["outcome"]);
    let nowhere = Ask::new("POST", world("/tasks")).body(json!({"service": "nowhere", "kind": "email"}));
    let answer = api.send(nowhere).await;
    assert_eq!(vec![error("/service", "unknown-reference")], answer.errors(422, "invalid-request"));
}

/// "This feature uses runtime resources under a fair-use policy. Luware may change the usage limit […]."
#[tokio::test]
async fn a_lower_cap_of_the_vendor_is_the_limit() {
    let api = Api::start().await;
    busy(&api).await;
    let cap = |max: i64| json!({"caps": {"/modalities/email/maxConcurrentTasksPerService": max}});
    api.world("PUT", world("/caps"), cap(1)).await;
    outcomes(&api, "email", 3).await;
    assert_eq!((1, 2), backlog(&api, "email").await);
    assert_eq!(json!(2), api.read().await["settings"]["modalities"]["email"]["maxConcurrentTasksPerService"]);
    api.world("PUT", world("/caps"), cap(100)).await;
    assert_eq!((2, 1), backlog(&api, "email").await, "a cap above the wanted value is none");
}

/// "All users will not be able to login to Nimbus and related apps. Inbound / Outbound tasks will be rejected and
/// incoming calls will be redirected to a default announcement workflow. This state can be resolved by a Luware
/// Administrator."
#[tokio::test]
async fn a_suspended_tenant_refuses_log_ins_and_tasks() {
    let api = Api::start().await;
    busy(&api).await;
    outcomes(&api, "email", 3).await;
    let settings = api.read().await["settings"].clone();
    let rows = [
        ("Active", true),
        ("Suspended", false),
        ("Trial", true),
        ("Expired", false),
        ("Canceled", false),
        ("Lab", true),
    ];
    for (state, serves) in rows {
        let edited = api.patch(json!({"licenses": {"tenantState": state}})).await.expect(200);
        let log_in = api.world("POST", world("/log-ins"), json!({"user": "anna"})).await;
        let call = json!({"service": "help", "customer": "+41791234567"});
        let call = api.world("POST", world("/calls"), call).await;
        let task = task(&api, "outbound").await;
        if serves {
            finish_first(&api, "outbound").await;
        }
        let expected = if serves {
            (json!("admitted"), json!("distributed"), json!("running"), json!(null))
        } else {
            (json!("refused"), json!("announcement"), json!("rejected"), json!("tenant-state"))
        };
        let got = (log_in["outcome"].clone(), call["outcome"].clone(), task["outcome"].clone(), task["reason"].clone());
        assert_eq!(expected, got, "{state}");
        let mut kept = settings.clone();
        kept["licenses"]["tenantState"] = json!(state);
        assert_eq!(kept, edited["settings"], "the configuration stays");
    }
}

#[tokio::test]
async fn waiting_tasks_stay_while_suspended() {
    let api = Api::start().await;
    busy(&api).await;
    outcomes(&api, "email", 3).await;
    api.patch(json!({"licenses": {"tenantState": "Suspended"}})).await.expect(200);
    finish_first(&api, "email").await;
    assert_eq!((1, 1), backlog(&api, "email").await);
    api.patch(json!({"licenses": {"tenantState": "Active"}})).await.expect(200);
    assert_eq!((2, 0), backlog(&api, "email").await);
}

/// "Note that certain extensions may be configured but will not take effect until the licenses […] are applied."
#[tokio::test]
async fn a_modality_must_be_on_available_and_licensed() {
    let api = Api::start().await;
    api.create(json!({"modalities": {"instantMessaging": {"maxConcurrentTasksPerService": 3}}})).await;
    api.world("PUT", world("/services/help"), json!({"displayName": "Help"})).await;
    api.world("PUT", world("/modalities"), json!({"available": ["email"]})).await;
    assert_eq!(json!("section-off"), task(&api, "instantMessaging").await["reason"]);
    let on = json!({"enabled": true, "primaryAccount": "im@contoso.com"});
    api.patch(json!({"modalities": {"instantMessaging": on}})).await.expect(200);
    assert_eq!(json!("not-available"), task(&api, "instantMessaging").await["reason"]);
    api.world("PUT", world("/modalities"), json!({"available": ["instantMessaging"]})).await;
    assert_eq!(json!("not-licensed"), task(&api, "instantMessaging").await["reason"]);
    let licenses = json!({"licenses": ["modalities/instantMessaging"]});
    api.world("PUT", world("/users/anna"), licenses).await;
    assert_eq!(json!("running"), task(&api, "instantMessaging").await["outcome"]);
}

/// "At this point Nimbus services will cease to operate."
#[tokio::test]
async fn removed_and_new_services_take_no_calls() {
    let api = Api::start().await;
    busy(&api).await;
    api.world("PUT", world("/services/new"), json!({"displayName": "New"})).await;
    let call = async |service: &str| {
        let body = json!({"service": service, "customer": "+41791234567"});
        api.world("POST", world("/calls"), body).await["outcome"].clone()
    };
    assert_eq!((json!("distributed"), json!("unreachable")), (call("help").await, call("new").await));
    api.send(Ask::new("DELETE", tenant("?confirm=YES")).owner(OWNER)).await.expect(202);
    assert_eq!(json!("announcement"), call("help").await);
    assert_eq!(json!("service-removed"), task(&api, "outbound").await["reason"]);
}
