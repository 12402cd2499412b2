//! A test message is sent once per token, after the invitation was accepted.

use std::time::Duration;

use nimbus_operator::resources::Tenant;
use serde_json::json;

use crate::support::fixture::Fixture;
use crate::support::trigger::{UPN, messaging, sending};
use crate::support::wait::{PATIENCE, until};

const WAITS: &str = "The test message waits until the primary account accepts its invitation";

fn tab(tenant: &Tenant) -> Option<String> {
    let tabs = &tenant.status.as_ref().unwrap().tabs;
    tabs.iter().find(|tab| tab.name.as_str() == "Modalities").unwrap().message.clone()
}

fn sent(token: &str) -> (String, String) {
    (token.to_owned(), UPN.to_owned())
}

/// Waits until this many messages were delivered.
async fn arrived(fixture: &Fixture, count: usize) -> Vec<(String, String)> {
    until("the message arrives", PATIENCE, async || {
        let messages = fixture.messages().await;
        if messages.len() >= count { Ok(messages) } else { Err(format!("{messages:?}")) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn message_waits_for_the_invitation() {
    let mut fixture = Fixture::new("message").await;
    fixture.timing.script_poll = Duration::from_millis(100);
    let operator = fixture.start();
    fixture.create(messaging(Some("a"))).await;
    let ready = fixture.ready().await;
    assert_eq!(Some(WAITS.to_owned()), tab(&ready), "Ready does not hang on a human, and the tab says so");
    fixture.pass().await;
    let calls = fixture.short_calls(0).await;
    assert!(calls.iter().all(|call| ["GET", "PUT"].contains(&call.as_str())), "{calls:?}");

    fixture.accept_invitation().await;
    assert_eq!([sent("a")], *arrived(&fixture, 1).await, "no pass was requested");
    let tenant = fixture.pass().await;
    let event = ("Normal".to_owned(), "TestMessageSent".to_owned());
    assert_eq!(std::slice::from_ref(&event), fixture.events().await.unwrap());
    assert_eq!((None, Some("a".to_owned())), (tab(&tenant), tenant.status.unwrap().test_message.map(|m| m.last_token)));
    operator.stop().await;

    // Another operator, and another token.
    let _operator = fixture.start();
    fixture.pass().await;
    assert_eq!([sent("a")], *fixture.messages().await);
    fixture.patch(sending("b")).await;
    fixture.ready().await;
    fixture.pass().await;
    assert_eq!([sent("a"), sent("b")], *fixture.messages().await);
    fixture.patch(sending("a")).await;
    fixture.ready().await;
    assert_eq!([sent("a"), sent("b")], *fixture.messages().await, "a token that is taken back sends nothing");
    assert_eq!([event.clone(), event], *fixture.events().await.unwrap(), "one for each message");
}

/// The document says accepted, and a moment later it is not: the platform rejects the message, and the token stays unused.
#[tokio::test(flavor = "multi_thread")]
async fn invitation_rejection_does_not_use_the_token() {
    let fixture = Fixture::new("message-refused").await;
    let _operator = fixture.start();
    fixture.create(messaging(None)).await;
    fixture.ready().await;
    fixture.accept_invitation().await;
    let refusal = json!({ "kind": "problem", "slug": "invitation-pending" });
    let route = "POST /v1/tenants/{id}/instant-messaging/test";
    fixture.platform.add_faults(json!([{ "route": route, "action": refusal, "times": 2 }])).await.unwrap();
    let mark = fixture.platform.mark().await.unwrap();
    fixture.patch(sending("a")).await;
    let ready = fixture.ready().await;
    assert_eq!(Some(WAITS.to_owned()), tab(&ready));
    fixture.pass().await;
    assert_eq!(Vec::<String>::new(), fixture.platform.effects(mark).await.unwrap());
    let tenant = fixture.pass().await;
    assert_eq!(([sent("a")].to_vec(), None), (fixture.messages().await, tab(&tenant)));
    let posts: Vec<_> = fixture.platform.calls(&fixture.id, mark).await.unwrap();
    let posts: Vec<_> = posts.iter().filter(|seen| seen.call == route).map(|seen| seen.status).collect();
    assert_eq!([Some(409), Some(409), Some(200)], *posts);
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_message_is_sent_once_enabled() {
    let fixture = Fixture::new("hidden-message").await;
    let _operator = fixture.start();
    fixture.create(messaging(None)).await;
    fixture.ready().await;
    fixture.accept_invitation().await;
    let switch = |on: bool| json!({ "spec": { "modalities": { "instantMessaging": { "enabled": on } } } });
    fixture.patch(switch(false)).await;
    fixture.ready().await;
    let mark = fixture.platform.mark().await.unwrap();
    fixture.patch(sending("a")).await;
    fixture.ready().await;
    assert_eq!(["GET"], *fixture.short_calls(mark).await);
    fixture.patch(switch(true)).await;
    fixture.ready().await;
    assert_eq!([sent("a")], *fixture.messages().await);
    assert_eq!(["GET", "GET", "PATCH", "POST test"], *fixture.short_calls(mark).await, "after the settings");
}

/// Any other rejection is an error in the spec and names the field.
#[tokio::test(flavor = "multi_thread")]
async fn rejected_message_names_the_setting() {
    let fixture = Fixture::new("message-bad").await;
    let _operator = fixture.start();
    fixture.create(messaging(None)).await;
    fixture.ready().await;
    fixture.accept_invitation().await;
    let body = json!({
        "type": "urn:nimbus:problem:invalid-settings", "status": 422, "requestId": "r-1",
        "errors": [{ "pointer": "/upn", "code": "not-found" }]
    });
    let refusal = json!({ "kind": "status", "status": 422, "contentType": "application/problem+json", "body": body });
    let route = "POST /v1/tenants/{id}/instant-messaging/test";
    fixture.platform.add_faults(json!([{ "route": route, "action": refusal, "times": 1 }])).await.unwrap();
    fixture.patch(sending("a")).await;
    let stalled = fixture.condition("Ready", "False", "InvalidSettings").await;
    let words = "spec.modalities.instantMessaging.testMessage.upn was rejected by the platform: not-found";
    let message = crate::support::fixture::condition(&stalled, "Ready").unwrap().2;
    assert!(message.starts_with(words) && !message.contains(UPN), "{message}");
    let tabs = stalled.status.unwrap().tabs;
    assert_eq!("Invalid", tabs.iter().find(|tab| tab.name.as_str() == "Modalities").unwrap().state.as_str());
    fixture.pass().await;
    fixture.ready().await;
    assert_eq!([sent("a")], *fixture.messages().await);
}

/// A message goes to users of the tenant only. The token is unused, so that correcting the name is enough.
#[tokio::test(flavor = "multi_thread")]
async fn message_to_another_tenant_is_rejected() {
    let fixture = Fixture::new("message-outside").await;
    let _operator = fixture.start();
    fixture.create(messaging(None)).await;
    fixture.ready().await;
    fixture.accept_invitation().await;
    let to =
        |upn: &str| json!({ "modalities": { "instantMessaging": { "testMessage": { "upn": upn, "token": "a" } } } });
    fixture.patch(json!({ "spec": to("ada@fabrikam.com") })).await;
    let stalled = fixture.condition("Ready", "False", "InvalidSettings").await;
    let message = crate::support::fixture::condition(&stalled, "Ready").unwrap().2;
    assert!(message.contains("spec.modalities.instantMessaging.testMessage.upn"), "{message}");
    assert!(!message.contains("fabrikam"), "no name stands in a status: {message}");
    assert_eq!(0, fixture.messages().await.len());
    fixture.patch(json!({ "spec": to(UPN) })).await;
    fixture.ready().await;
    assert_eq!([sent("a")], *fixture.messages().await);
}
