//! Behaviour 7. Presence tracking: the grant is verified, and the message says what routing loses without it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::fixture::{Fixture, condition};
use crate::support::microsoft::{CHAT_APP, GRANTS, NIMBUS_APP, object};

const GRANT: &str = "PresenceGrant";
const TEST: &str = "PresenceTest";
const UPN: &str = "ada.lovelace@contoso.com";

async fn fixture(name: &str) -> Fixture {
    let mut fixture = Fixture::new(name).await;
    fixture.microsoft().await;
    fixture
}

fn tracking() -> Value {
    json!({ "extensions": { "presenceTracking": { "testUpn": UPN } } })
}

/// The seed's table: calls are delivered or not, by the status in Teams.
#[tokio::test(flavor = "multi_thread")]
async fn missing_grant_explains_routing_and_stays_ready() {
    let fixture = fixture("b07-loses").await;
    fixture.platform.grant(&fixture.id, &["Application.Read.All", "User.Read.All"]).await;
    let _operator = fixture.start();
    fixture.create(json!({ "extensions": { "presenceTracking": {} } })).await;
    let message = fixture.check(GRANT, "Failed", "PresenceNotGranted").await;
    for part in [
        "Presence.Read.All (Application) is not granted",
        "cannot tell 'Busy in a call' from 'Busy'",
        "calls that are delivered to busy users also reach users in a call",
        "with Presence Privacy mode on in Teams, nothing can be routed at all",
        "opens the link NimbusApp in status.grantLinks or runs the provisioning script",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let tenant = fixture.ready().await;
    assert_eq!("False", condition(&tenant, "ChecksPassed").unwrap().0);
}

#[tokio::test(flavor = "multi_thread")]
async fn status_has_the_grant_link_of_the_tenant() {
    let fixture = fixture("b07-link").await;
    let _operator = fixture.start();
    fixture.create(json!({})).await;
    let links = |tenant: &nimbus_operator::resources::Tenant| -> Vec<(String, String)> {
        let status = tenant.status.as_ref().unwrap();
        status.grant_links.iter().map(|link| (link.name.clone(), link.url.clone())).collect()
    };
    let login = format!("{}/login/{}/adminconsent?client_id=", fixture.platform.url(), fixture.id);
    let nimbus = ("NimbusApp".to_owned(), format!("{login}{NIMBUS_APP}"));
    assert_eq!(std::slice::from_ref(&nimbus), links(&fixture.ready().await));
    let chats = json!({ "enabled": true, "primaryAccount": "im@luware.com" });
    fixture.patch(json!({ "spec": { "modalities": { "instantMessaging": chats } } })).await;
    let chat = ("ChatApp".to_owned(), format!("{login}{CHAT_APP}"));
    assert_eq!([nimbus, chat], *links(&fixture.ready().await), "the app that sends chats, once there are chats");
}

/// "To grant the permission this way, run the provisioning script as a Tenant Administrator."
#[tokio::test(flavor = "multi_thread")]
async fn script_grants_presence_and_check_notices() {
    let mut fixture = fixture("b07-script").await;
    fixture.timing.checks.retry_first = Duration::from_millis(200);
    fixture.timing.checks.retry_most = Duration::from_millis(200);
    let _operator = fixture.start();
    fixture.create(json!({ "extensions": { "presenceTracking": {} } })).await;
    let message = fixture.check(GRANT, "Unknown", "AppNotConsented").await;
    assert!(message.contains("status.grantLinks"), "{message}");
    fixture.platform.run_script(&fixture.id).await.unwrap();
    fixture.check(GRANT, "Passed", "PresenceGranted").await;
    fixture.condition("ChecksPassed", "True", "ChecksPassed").await;
}

/// "Click Test Connection and enter your UPN if the permission was granted successfully"
#[tokio::test(flavor = "multi_thread")]
async fn test_user_presence_is_read_without_naming_them() {
    let mut fixture = fixture("b07-upn").await;
    fixture.timing.checks.retry_first = Duration::from_millis(200);
    fixture.timing.checks.retry_most = Duration::from_millis(200);
    fixture.platform.grant(&fixture.id, &GRANTS).await;
    let _operator = fixture.start();
    fixture.create(tracking()).await;
    fixture.check(TEST, "Failed", "TestUserNotFound").await;
    let body = json!({ "userPrincipalName": UPN, "presence": { "availability": "Busy", "activity": "InACall" } });
    fixture.platform.user(&fixture.id, &object(1), body).await;
    let message = fixture.check(TEST, "Passed", "PresenceRead").await;
    assert_eq!("The presence of the test user can be read.", message);
    let status = serde_json::to_string(&fixture.get().await.status).unwrap();
    assert!(!status.contains("ada.lovelace") && !status.contains("InACall"), "{status}");
    let (_, document) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert!(!document.to_string().contains("ada.lovelace"), "it is never sent to the platform");
}

#[tokio::test(flavor = "multi_thread")]
async fn test_user_check_reports_the_missing_grant() {
    let fixture = fixture("b07-refused").await;
    fixture.platform.grant(&fixture.id, &["Application.Read.All", "User.Read.All"]).await;
    fixture.platform.user(&fixture.id, &object(1), json!({ "userPrincipalName": UPN })).await;
    let _operator = fixture.start();
    fixture.create(tracking()).await;
    let message = fixture.check(TEST, "Unknown", "PresenceRefused").await;
    assert!(message.contains("nothing can be routed at all") && message.contains("status.grantLinks"), "{message}");
    fixture.ready().await;
}

/// A grant that was taken back: the test finds it first, and the grant does not stay Passed until its turn comes.
#[tokio::test(flavor = "multi_thread")]
async fn grant_does_not_stay_passed_when_the_test_finds_it_missing() {
    let mut fixture = fixture("b07-revoked").await;
    fixture.timing.checks.retry_first = Duration::from_millis(200);
    fixture.timing.checks.retry_most = Duration::from_millis(200);
    fixture.platform.grant(&fixture.id, &GRANTS).await;
    let _operator = fixture.start();
    fixture.create(tracking()).await;
    fixture.check(GRANT, "Passed", "PresenceGranted").await;
    fixture.check(TEST, "Failed", "TestUserNotFound").await;
    // Only the grant is gone: the user can be looked up from now on.
    fixture.platform.grant(&fixture.id, &["Application.Read.All", "User.Read.All"]).await;
    fixture.platform.user(&fixture.id, &object(1), json!({ "userPrincipalName": UPN })).await;
    fixture.check(TEST, "Unknown", "PresenceRefused").await;
    fixture.check(GRANT, "Failed", "PresenceNotGranted").await;
    fixture.platform.grant(&fixture.id, &GRANTS).await;
    fixture.check(TEST, "Passed", "PresenceUnknownToTeams").await;
    fixture.check(GRANT, "Passed", "PresenceGranted").await;
}

/// "A green checkmark is shown if the permission was granted successfully": the person who granted it asks for another look.
#[tokio::test(flavor = "multi_thread")]
async fn grant_is_seen_at_once_on_request() {
    let fixture = fixture("b07-request").await;
    fixture.platform.grant(&fixture.id, &["Application.Read.All"]).await;
    let _operator = fixture.start();
    fixture.create(json!({ "extensions": { "presenceTracking": {} } })).await;
    fixture.check(GRANT, "Failed", "PresenceNotGranted").await;
    fixture.platform.grant(&fixture.id, &GRANTS).await;
    fixture.annotate("nimbus.luware.com/check-requested-at", "granted").await;
    fixture.check(GRANT, "Passed", "PresenceGranted").await;
    let handled = |tenant: &nimbus_operator::resources::Tenant| tenant.status.as_ref()?.last_handled_check_at.clone();
    fixture.until("the request is echoed", |tenant| handled(tenant).as_deref() == Some("granted")).await;
}
