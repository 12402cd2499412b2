//! Behaviour 18. Instant messaging: guest accounts, and a test message once per token.

use std::time::Duration;

use serde_json::json;

use crate::support::stage::{Stage, condition};
use crate::support::trigger::{UPN, messaging, sending};
use crate::support::wait::{PATIENCE, until};

/// "Primary Account / Secondary Account: Guest accounts to invite on your Tenant to enable Instant Messaging capabilities.
/// Test UPN: Use this (after the successful user invite) to send test messages to any user within your tenant."
#[tokio::test(flavor = "multi_thread")]
async fn test_message_is_sent_after_invitation_acceptance() {
    let mut stage = Stage::new("b18").await;
    stage.timing.script_poll = Duration::from_millis(100);
    let operator = stage.start();
    let mut spec = messaging(Some("first"));
    let section = &mut spec["modalities"]["instantMessaging"];
    section["secondaryAccount"] = json!("IM@contoso.com");
    stage.create(spec).await;
    let stalled = stage.condition("Ready", "False", "InvalidSettings").await;
    assert!(condition(&stalled, "Ready").unwrap().2.contains("secondaryAccount is the value of spec."));
    let other = json!({ "secondaryAccount": "im2@contoso.com" });
    stage.patch(json!({ "spec": { "modalities": { "instantMessaging": other } } })).await;
    let ready = stage.ready().await;
    assert_eq!(Vec::<(String, String)>::new(), stage.messages().await, "the operator invites nobody, and waits");
    let tabs = ready.status.unwrap().tabs;
    let tab = tabs.iter().find(|tab| tab.name == "Modalities").unwrap();
    let words = "the test message waits until the primary account accepted its invitation";
    assert_eq!(("InSync", Some(words)), (tab.state.as_str(), tab.message.as_deref()));

    stage.accept_invitation().await;
    let sent = |token: &str| (token.to_owned(), UPN.to_owned());
    until("the message arrives", PATIENCE, async || match stage.messages().await {
        messages if messages == [sent("first")] => Ok(()),
        messages => Err(format!("{messages:?}")),
    })
    .await;
    operator.stop().await;
    let _operator = stage.start();
    stage.pass().await;
    assert_eq!([sent("first")], *stage.messages().await, "a restart sends nothing");
    stage.patch(sending("second")).await;
    stage.ready().await;
    stage.pass().await;
    assert_eq!([sent("first"), sent("second")], *stage.messages().await);
}
