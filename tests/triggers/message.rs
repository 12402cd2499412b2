//! A test message is sent once per token, after the invitation was accepted.

use std::time::Duration;

use nimbus_operator::resources::Tenant;
use serde_json::json;

use crate::support::stage::Stage;
use crate::support::trigger::{UPN, messaging, sending};
use crate::support::wait::{PATIENCE, until};

const WAITS: &str = "the test message waits until the primary account accepted its invitation";

fn tab(tenant: &Tenant) -> Option<String> {
    let tabs = &tenant.status.as_ref().unwrap().tabs;
    tabs.iter().find(|tab| tab.name == "Modalities").unwrap().message.clone()
}

fn sent(token: &str) -> (String, String) {
    (token.to_owned(), UPN.to_owned())
}

/// Waits until this many messages were delivered.
async fn arrived(stage: &Stage, count: usize) -> Vec<(String, String)> {
    until("the message arrives", PATIENCE, async || {
        let messages = stage.messages().await;
        if messages.len() >= count { Ok(messages) } else { Err(format!("{messages:?}")) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn message_waits_for_the_invitation() {
    let mut stage = Stage::new("message").await;
    stage.timing.script_poll = Duration::from_millis(100);
    let operator = stage.start();
    stage.create(messaging(Some("a"))).await;
    let ready = stage.ready().await;
    assert_eq!(Some(WAITS.to_owned()), tab(&ready), "Ready does not hang on a human, and the tab says so");
    stage.pass().await;
    let calls = stage.short_calls(0).await;
    assert!(calls.iter().all(|call| ["GET", "PUT"].contains(&call.as_str())), "{calls:?}");

    stage.accept_invitation().await;
    assert_eq!([sent("a")], *arrived(&stage, 1).await, "nobody had to ask for a pass");
    let tenant = stage.pass().await;
    assert_eq!((None, Some("a".to_owned())), (tab(&tenant), tenant.status.unwrap().test_message.map(|m| m.last_token)));
    operator.stop().await;

    // Another operator, and another token.
    let _operator = stage.start();
    stage.pass().await;
    assert_eq!([sent("a")], *stage.messages().await);
    stage.patch(sending("b")).await;
    stage.ready().await;
    stage.pass().await;
    assert_eq!([sent("a"), sent("b")], *stage.messages().await);
    stage.patch(sending("a")).await;
    stage.ready().await;
    assert_eq!([sent("a"), sent("b")], *stage.messages().await, "a token that is taken back sends nothing");
}

/// The document says accepted, and a moment later it is not: the platform rejects the message, and the token stays unused.
#[tokio::test(flavor = "multi_thread")]
async fn invitation_rejection_does_not_use_the_token() {
    let stage = Stage::new("message-refused").await;
    let _operator = stage.start();
    stage.create(messaging(None)).await;
    stage.ready().await;
    stage.accept_invitation().await;
    let refusal = json!({ "kind": "problem", "slug": "invitation-pending" });
    let route = "POST /v1/tenants/{id}/instant-messaging/test";
    stage.platform.plant(json!([{ "route": route, "action": refusal, "times": 2 }])).await.unwrap();
    let mark = stage.platform.mark().await.unwrap();
    stage.patch(sending("a")).await;
    let ready = stage.ready().await;
    assert_eq!(Some(WAITS.to_owned()), tab(&ready));
    stage.pass().await;
    assert_eq!(Vec::<String>::new(), stage.platform.effects(mark).await.unwrap());
    let tenant = stage.pass().await;
    assert_eq!(([sent("a")].to_vec(), None), (stage.messages().await, tab(&tenant)));
    let posts: Vec<_> = stage.platform.calls(&stage.id, mark).await.unwrap();
    let posts: Vec<_> = posts.iter().filter(|seen| seen.call == route).map(|seen| seen.status).collect();
    assert_eq!([Some(409), Some(409), Some(200)], *posts);
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_message_is_sent_once_enabled() {
    let stage = Stage::new("hidden-message").await;
    let _operator = stage.start();
    stage.create(messaging(None)).await;
    stage.ready().await;
    stage.accept_invitation().await;
    let switch = |on: bool| json!({ "spec": { "modalities": { "instantMessaging": { "enabled": on } } } });
    stage.patch(switch(false)).await;
    stage.ready().await;
    let mark = stage.platform.mark().await.unwrap();
    stage.patch(sending("a")).await;
    stage.ready().await;
    assert_eq!(["GET"], *stage.short_calls(mark).await);
    stage.patch(switch(true)).await;
    stage.ready().await;
    assert_eq!([sent("a")], *stage.messages().await);
    assert_eq!(["GET", "GET", "PATCH", "POST test"], *stage.short_calls(mark).await, "after the settings");
}

/// Any other rejection is an error in the spec and names the field.
#[tokio::test(flavor = "multi_thread")]
async fn rejected_message_names_the_setting() {
    let stage = Stage::new("message-bad").await;
    let _operator = stage.start();
    stage.create(messaging(None)).await;
    stage.ready().await;
    stage.accept_invitation().await;
    let body = json!({
        "type": "urn:nimbus:problem:invalid-settings", "status": 422, "requestId": "r-1",
        "errors": [{ "pointer": "/upn", "code": "not-found" }]
    });
    let refusal = json!({ "kind": "status", "status": 422, "contentType": "application/problem+json", "body": body });
    let route = "POST /v1/tenants/{id}/instant-messaging/test";
    stage.platform.plant(json!([{ "route": route, "action": refusal, "times": 1 }])).await.unwrap();
    stage.patch(sending("a")).await;
    let stalled = stage.condition("Ready", "False", "InvalidSettings").await;
    let words = "spec.modalities.instantMessaging.testMessage.upn was refused by the platform: not-found";
    let message = crate::support::stage::condition(&stalled, "Ready").unwrap().2;
    assert!(message.starts_with(words) && !message.contains(UPN), "{message}");
    let tabs = stalled.status.unwrap().tabs;
    assert_eq!("Invalid", tabs.iter().find(|tab| tab.name == "Modalities").unwrap().state.as_str());
    stage.pass().await;
    stage.ready().await;
    assert_eq!([sent("a")], *stage.messages().await);
}
