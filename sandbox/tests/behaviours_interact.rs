//! Interact: who may connect, who reaches an agent, and how long an interrupted session can be resumed.
use serde_json::{Value, json};

use super::support::*;

const SESSIONS: &str = "/interact/sessions";

fn interact(more: Value) -> Value {
    let mut interact = json!({"enabled": true, "acsConnectionString": {"value": STRING}});
    for (name, value) in more.as_object().unwrap() {
        interact[name] = value.clone();
    }
    json!({"extensions": {"interact": interact}, "licenses": {"contingents": {"users": {"interact": 5}}}})
}

async fn key(api: &Api) -> String {
    let answer = api.send(Ask::new("GET", tenant("/widget-key"))).await.expect(200);
    answer["key"].as_str().unwrap().to_owned()
}

async fn connect(api: &Api, conversation: &str, more: Value) -> Value {
    let mut body = json!({"widgetKey": key(api).await, "conversation": conversation});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    api.world("POST", world(SESSIONS), body).await
}

async fn leave(api: &Api, session: &Value, event: &str) -> Value {
    let path = world(&format!("{SESSIONS}/{}/events", session["session"].as_str().unwrap()));
    api.world("POST", path, json!({"event": event})).await
}

async fn wait(api: &Api, seconds: i64) {
    api.world("POST", "/sandbox/clock".into(), json!({"advanceSeconds": seconds})).await;
}

/// Returns outcome and reason.
fn outcome(answer: &Value) -> (&str, &Value) {
    (answer["outcome"].as_str().unwrap(), &answer["reason"])
}

/// "The key is sent with each request to the backend and checks the validity of the widget, depending on which it either
/// allows or rejects the request for the backend."
#[tokio::test]
async fn interact_needs_the_current_widget_key() {
    let api = Api::start().await;
    api.create(interact(json!({}))).await;
    let old = key(&api).await;
    assert_eq!(("connected", &Value::Null), outcome(&connect(&api, "direct", json!({})).await));
    for wrong in [json!(null), json!(OTHER_ID)] {
        let answer = connect(&api, "direct", json!({"widgetKey": wrong})).await;
        assert_eq!(("rejected", &json!("widget-key")), outcome(&answer));
    }
    let rotate = Ask::new("POST", tenant("/widget-key/rotate")).owner(OWNER).body(json!({"token": "1"}));
    api.send(rotate).await.expect(200);
    let answer = connect(&api, "direct", json!({"widgetKey": old})).await;
    assert_eq!(("rejected", &json!("widget-key")), outcome(&answer), "the old key is rejected");
    assert_eq!("connected", outcome(&connect(&api, "direct", json!({})).await).0);
}

/// "None (default) - when set, the token is not verified." "Verify Token - when set, verifies the validity of the token.
/// The error will occur if the token is expired or invalid." "Verify Token & Tenant - when set, verifies the validity of
/// the token and that it belongs to a certain tenant."
#[tokio::test]
async fn tokens_are_checked_by_the_authorization_setting() {
    let api = Api::start().await;
    api.create(interact(json!({}))).await;
    for (token, tenant, lifetime) in [("own", ID, 60), ("other", OTHER_ID, 60), ("old", ID, -1)] {
        let body = json!({"token": token, "tenantId": tenant, "expiresInSeconds": lifetime});
        api.world("PUT", "/sandbox/interact/tokens".into(), body).await;
    }
    let tokens = [json!("own"), json!("other"), json!("old"), json!("unknown"), json!(null)];
    let passes = Value::Null;
    let (of_other, expired) = (json!("token-of-other-tenant"), json!("token-expired"));
    let (invalid, missing) = (json!("token-invalid"), json!("token-missing"));
    let rows = [
        ("None", [&passes, &passes, &passes, &passes, &passes]),
        ("VerifyToken", [&passes, &passes, &expired, &invalid, &missing]),
        ("VerifyTokenAndTenant", [&passes, &of_other, &expired, &invalid, &missing]),
    ];
    for (authorization, expected) in rows {
        api.patch(json!({"extensions": {"interact": {"authorization": authorization}}})).await.expect(200);
        for (token, reason) in tokens.iter().zip(expected) {
            let answer = connect(&api, "direct", json!({"token": token})).await;
            let expected = if reason.is_null() { "connected" } else { "rejected" };
            assert_eq!((expected, reason), outcome(&answer), "{authorization} {token}");
        }
    }
    wait(&api, 61).await;
    let answer = connect(&api, "direct", json!({"token": "own"})).await;
    assert_eq!(("rejected", &expired), outcome(&answer), "a token expires on the virtual clock");
}

/// "When disabled, the calls in Interact will not reach an agent, even if the tenant is configured for Interact calls."
#[tokio::test]
async fn interact_off_reaches_no_agent_and_keeps_values() {
    let api = Api::start().await;
    let created = api.create(interact(json!({"sessionRecoveryTimeoutSeconds": 30}))).await;
    let switched = async |on: bool| {
        let answer = api.patch(json!({"extensions": {"interact": {"enabled": on}}})).await;
        answer.expect(200)["settings"]["extensions"]["interact"].clone()
    };
    let off = switched(false).await;
    assert_eq!(("no-agent", &json!("section-off")), outcome(&connect(&api, "direct", json!({})).await));
    let mut expected = created["settings"]["extensions"]["interact"].clone();
    expected["enabled"] = json!(false);
    assert_eq!(expected, off);
    switched(true).await;
    assert_eq!("connected", outcome(&connect(&api, "direct", json!({})).await).0);
}

#[tokio::test]
async fn interact_needs_a_license_and_an_active_tenant() {
    let api = Api::start().await;
    api.create(json!({"extensions": {"interact": {"enabled": true, "acsConnectionString": {"value": STRING}}}})).await;
    assert_eq!(("no-agent", &json!("not-licensed")), outcome(&connect(&api, "direct", json!({})).await));
    api.world("PUT", world("/users/anna"), json!({"licenses": ["users/interact"]})).await;
    assert_eq!("connected", outcome(&connect(&api, "direct", json!({})).await).0);
    api.patch(json!({"licenses": {"tenantState": "Suspended"}})).await.expect(200);
    assert_eq!(("no-agent", &json!("tenant-state")), outcome(&connect(&api, "direct", json!({})).await));
}

/// "On a direct conversation: A session timeout starts when the customer leaves the conversation. When an agents leaves
/// an ongoing conversation, they are re-invited if the customer rejoins within the timelimit."
#[tokio::test]
async fn a_direct_conversation_invites_the_agent_again() {
    let api = Api::start().await;
    api.create(interact(json!({"sessionRecoveryTimeoutSeconds": 60}))).await;
    let session = connect(&api, "direct", json!({})).await;
    assert_eq!((json!("joined"), json!(false)), (session["agent"].clone(), session["workflowExecuted"].clone()));
    let rejoin = json!({"rejoin": session["session"]});
    for (agent_leaves, agent) in [(false, "stayed"), (true, "invited-again"), (false, "stayed")] {
        if agent_leaves {
            leave(&api, &session, "agent-leaves").await;
        }
        assert_eq!(json!("closed"), leave(&api, &session, "customer-leaves").await["state"]);
        wait(&api, 30).await;
        let back = connect(&api, "direct", rejoin.clone()).await;
        assert_eq!(
            (&session["session"], &json!(true), &json!(agent)),
            (&back["session"], &back["restored"], &back["agent"])
        );
    }
}

/// "Time in seconds before a closed session is ended permanently."
#[tokio::test]
async fn a_closed_session_ends_after_the_recovery_time() {
    let api = Api::start().await;
    api.create(interact(json!({"sessionRecoveryTimeoutSeconds": 60}))).await;
    for conversation in ["direct", "service"] {
        let session = connect(&api, conversation, json!({})).await;
        leave(&api, &session, "customer-leaves").await;
        wait(&api, 60).await;
        let back = connect(&api, conversation, json!({"rejoin": session["session"]})).await;
        assert_ne!(session["session"], back["session"]);
        assert_eq!((&json!(false), &json!("joined")), (&back["restored"], &back["agent"]));
        let sessions = api.world("GET", world(SESSIONS), Value::Null).await;
        let state = |id: &Value| {
            sessions["items"].as_array().unwrap().iter().find(|session| session["id"] == *id).unwrap()["state"].clone()
        };
        assert_eq!((json!("ended"), json!("open")), (state(&session["session"]), state(&back["session"])));
    }
}

/// "On a service conversation: The session is only restored when the agent remains in the conversation. When the agent
/// leaves, a new session is started (including a complete re-execution of the IM workflow)."
#[tokio::test]
async fn a_service_conversation_needs_its_agent_to_stay() {
    let api = Api::start().await;
    api.create(interact(json!({"sessionRecoveryTimeoutSeconds": 60}))).await;
    let session = connect(&api, "service", json!({})).await;
    assert_eq!(json!(true), session["workflowExecuted"]);
    let rejoin = json!({"rejoin": session["session"]});
    leave(&api, &session, "customer-leaves").await;
    let back = connect(&api, "service", rejoin.clone()).await;
    assert_eq!(
        (&session["session"], &json!(true), &json!(false)),
        (&back["session"], &back["restored"], &back["workflowExecuted"])
    );
    leave(&api, &session, "agent-leaves").await;
    leave(&api, &session, "customer-leaves").await;
    let back = connect(&api, "service", rejoin).await;
    assert_ne!(session["session"], back["session"]);
    assert_eq!((&json!(false), &json!(true)), (&back["restored"], &back["workflowExecuted"]));
}
