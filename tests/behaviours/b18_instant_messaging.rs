//! Behaviour 18. Instant messaging: guest accounts, and a test message once per token.

use std::time::Duration;

use nimbus_operator::resources::{Tenant, annotation};
use serde_json::json;

use crate::support::fixture::{Fixture, condition};
use crate::support::microsoft::CHAT_APP;
use crate::support::trigger::{UPN, messaging, sending};
use crate::support::wait::{PATIENCE, until};

/// How far the two guest accounts are with their invitations.
fn invitations(tenant: &Tenant) -> [&str; 2] {
    let status = tenant.status.as_ref().and_then(|status| status.instant_messaging.as_ref()).unwrap();
    [&status.primary_invitation, &status.secondary_invitation].map(|invitation| invitation.as_deref().unwrap())
}

/// "Grant Permission: As Tenant Administrator you need to grant permissions once. Paste this link into your browsers address bar or
/// pass it on to a Tenant Administrator with according privileges."
#[tokio::test(flavor = "multi_thread")]
async fn grant_of_the_chat_app_is_checked_and_linked() {
    let mut fixture = Fixture::new("b18-grant").await;
    fixture.microsoft().await;
    fixture.platform.grant(&fixture.id, &["Application.Read.All"]).await;
    let _operator = fixture.start();
    fixture.create(messaging(None)).await;
    let message = fixture.check("InstantMessagingGrant", "Failed", "AppNotConsented").await;
    assert!(message.contains("opens the link ChatApp in status.grantLinks"), "{message}");
    let tenant = fixture.ready().await;
    assert_eq!("False", condition(&tenant, "ChecksPassed").unwrap().0, "and Ready does not hang on it");
    let link = tenant.status.and_then(|status| status.instant_messaging?.grant_url).unwrap();
    assert!(link.contains(&fixture.id) && link.contains(CHAT_APP), "{link}");
    let answer = reqwest::Client::new().post(&link).send().await.unwrap();
    assert_eq!(200, answer.status(), "an administrator accepts");
    fixture.annotate(annotation::CHECK, "granted").await;
    fixture.check("InstantMessagingGrant", "Passed", "AppConsented").await;
}

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
    assert_eq!(["Pending", "Pending"], invitations(&ready));
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
    assert_eq!(["Accepted", "Pending"], invitations(&fixture.pass().await));
    operator.stop().await;
    let _operator = fixture.start();
    fixture.pass().await;
    assert_eq!([sent("first")], *fixture.messages().await, "a restart sends nothing");
    fixture.patch(sending("second")).await;
    fixture.ready().await;
    fixture.pass().await;
    assert_eq!([sent("first"), sent("second")], *fixture.messages().await);
}
