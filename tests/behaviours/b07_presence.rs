//! Behaviour 7. Presence tracking: the grant is verified, and the message says what routing loses without it.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::microsoft::{CHAT_APP, GRANTS, NIMBUS_APP, object};
use crate::support::stage::{Stage, condition};

const GRANT: &str = "PresenceGrant";
const TEST: &str = "PresenceTest";
const UPN: &str = "ada.lovelace@contoso.com";

async fn stage(name: &str) -> Stage {
    let mut stage = Stage::new(name).await;
    stage.microsoft().await;
    stage
}

fn tracking() -> Value {
    json!({ "extensions": { "presenceTracking": { "testUpn": UPN } } })
}

/// The seed's table: calls are delivered or not, by the status in Teams.
#[tokio::test(flavor = "multi_thread")]
async fn missing_grant_explains_routing_and_stays_ready() {
    let stage = stage("b07-loses").await;
    stage.platform.grant(&stage.id, &["Application.Read.All", "User.Read.All"]).await;
    let _operator = stage.start();
    stage.create(json!({ "extensions": { "presenceTracking": {} } })).await;
    let message = stage.check(GRANT, "Failed", "PresenceNotGranted").await;
    for part in [
        "Presence.Read.All (Application) is not granted",
        "cannot tell 'Busy in a call' from 'Busy'",
        "calls that are delivered to busy users also reach users in a call",
        "with Presence Privacy mode on in Teams, nothing can be routed at all",
        "opens the grant link or runs the provisioning script",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let tenant = stage.ready().await;
    assert_eq!("False", condition(&tenant, "ChecksPassed").unwrap().0);
}

#[tokio::test(flavor = "multi_thread")]
async fn status_has_the_grant_link_of_the_tenant() {
    let stage = stage("b07-link").await;
    let _operator = stage.start();
    stage.create(json!({})).await;
    let links = |tenant: &nimbus_operator::resources::Tenant| -> Vec<(String, String)> {
        let status = tenant.status.as_ref().unwrap();
        status.grant_links.iter().map(|link| (link.name.clone(), link.url.clone())).collect()
    };
    let login = format!("{}/login/{}/adminconsent?client_id=", stage.platform.url(), stage.id);
    let nimbus = ("NimbusApp".to_owned(), format!("{login}{NIMBUS_APP}"));
    assert_eq!(std::slice::from_ref(&nimbus), links(&stage.ready().await));
    let chats = json!({ "enabled": true, "primaryAccount": "im@luware.com" });
    stage.patch(json!({ "spec": { "modalities": { "instantMessaging": chats } } })).await;
    let chat = ("ChatApp".to_owned(), format!("{login}{CHAT_APP}"));
    assert_eq!([nimbus, chat], *links(&stage.ready().await), "the app that sends chats, once there are chats");
}

/// "To grant the permission this way, run the provisioning script as a Tenant Administrator."
#[tokio::test(flavor = "multi_thread")]
async fn script_grants_presence_and_check_notices() {
    let mut stage = stage("b07-script").await;
    stage.timing.checks.retry_first = Duration::from_millis(200);
    stage.timing.checks.retry_most = Duration::from_millis(200);
    let _operator = stage.start();
    stage.create(json!({ "extensions": { "presenceTracking": {} } })).await;
    let message = stage.check(GRANT, "Unknown", "AppNotConsented").await;
    assert!(message.contains("grant link"), "{message}");
    stage.platform.run_script(&stage.id).await.unwrap();
    stage.check(GRANT, "Passed", "PresenceGranted").await;
    stage.condition("ChecksPassed", "True", "ChecksPassed").await;
}

/// "Click Test Connection and enter your UPN if the permission was granted successfully"
#[tokio::test(flavor = "multi_thread")]
async fn test_user_presence_is_read_without_naming_them() {
    let mut stage = stage("b07-upn").await;
    stage.timing.checks.retry_first = Duration::from_millis(200);
    stage.timing.checks.retry_most = Duration::from_millis(200);
    stage.platform.grant(&stage.id, &GRANTS).await;
    let _operator = stage.start();
    stage.create(tracking()).await;
    stage.check(TEST, "Failed", "TestUserNotFound").await;
    let body = json!({ "userPrincipalName": UPN, "presence": { "availability": "Busy", "activity": "InACall" } });
    stage.platform.user(&stage.id, &object(1), body).await;
    let message = stage.check(TEST, "Passed", "PresenceRead").await;
    assert_eq!("The presence of the test user can be read.", message);
    let status = serde_json::to_string(&stage.get().await.status).unwrap();
    assert!(!status.contains("ada.lovelace") && !status.contains("InACall"), "{status}");
    let (_, document) = stage.platform.tenant(&stage.id).await.unwrap();
    assert!(!document.to_string().contains("ada.lovelace"), "it is never sent to the platform");
}

#[tokio::test(flavor = "multi_thread")]
async fn test_user_check_reports_the_missing_grant() {
    let stage = stage("b07-refused").await;
    stage.platform.grant(&stage.id, &["Application.Read.All", "User.Read.All"]).await;
    stage.platform.user(&stage.id, &object(1), json!({ "userPrincipalName": UPN })).await;
    let _operator = stage.start();
    stage.create(tracking()).await;
    let message = stage.check(TEST, "Unknown", "PermissionMissing").await;
    assert!(message.contains("nothing can be routed at all") && message.contains("grant link"), "{message}");
    stage.ready().await;
}
