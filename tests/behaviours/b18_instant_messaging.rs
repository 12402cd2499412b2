//! Behaviour 18. Instant messaging: guest accounts, and a test message once per token.

use std::time::Duration;

use serde_json::json;

use crate::support::fixture::{Fixture, condition};
use crate::support::trigger::{UPN, messaging, sending};
use crate::support::wait::{PATIENCE, until};

/// "Primary Account / Secondary Account: Guest accounts to invite on your Tenant to enable Instant Messaging capabilities.
/// Test UPN: Use this (after the successful user invite) to send test messages to any user within your tenant."
#[tokio::test(flavor = "multi_thread")]
async fn test_message_is_sent_after_invitation_acceptance() {
    let mut fixture = Fixture::new("b18").await;
    fixture.timing.script_poll = Duration::from_millis(100);
    let operator = fixture.start();
    let mut spec = messaging(Some("first"));
    let section = &mut spec["modalities"]["instantMessaging"];
    section["secondaryAccount"] = json!("IM@contoso.com");
    fixture.create(spec).await;
    let stalled = fixture.condition("Ready", "False", "InvalidSettings").await;
    assert!(condition(&stalled, "Ready").unwrap().2.contains("secondaryAccount must differ from spec."));
    let other = json!({ "secondaryAccount": "im2@contoso.com" });
    fixture.patch(json!({ "spec": { "modalities": { "instantMessaging": other } } })).await;
    let ready = fixture.ready().await;
    assert_eq!(Vec::<(String, String)>::new(), fixture.messages().await, "the operator sends no invitation and waits");
    let tabs = ready.status.unwrap().tabs;
    let tab = tabs.iter().find(|tab| tab.name.as_str() == "Modalities").unwrap();
    let words = "The test message waits until the primary account accepts its invitation";
    assert_eq!(("InSync", Some(words)), (tab.state.as_str(), tab.message.as_deref()));

    fixture.accept_invitation().await;
    let sent = |token: &str| (token.to_owned(), UPN.to_owned());
    until("the message arrives", PATIENCE, async || match fixture.messages().await {
        messages if messages == [sent("first")] => Ok(()),
        messages => Err(format!("{messages:?}")),
    })
    .await;
    operator.stop().await;
    let _operator = fixture.start();
    fixture.pass().await;
    assert_eq!([sent("first")], *fixture.messages().await, "a restart sends nothing");
    fixture.patch(sending("second")).await;
    fixture.ready().await;
    fixture.pass().await;
    assert_eq!([sent("first"), sent("second")], *fixture.messages().await);
}
