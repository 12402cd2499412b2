//! Behaviour 4. The check of a connection string: it verifies that the string can issue a token, and leaves nothing behind.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::microsoft::{ACCESS_KEY, RESOURCE, check, checks};
use crate::support::stage::{Stage, condition};

const KEY: &str = "connection-string";
const INTERACT: &str = "InteractConnectionString";

fn reference(secret: &str) -> Value {
    json!({ "name": secret, "key": KEY })
}

fn interact() -> Value {
    json!({ "extensions": { "interact": { "enabled": true, "acsConnectionStringRef": reference("acs") } } })
}

/// A fixture whose Secret `acs` contains the connection string of a resource.
async fn stage(name: &str, permitted: bool) -> Stage {
    let mut stage = Stage::new(name).await;
    stage.microsoft().await;
    stage.platform.acs("contoso", permitted).await;
    let value = stage.connection_string("contoso", ACCESS_KEY);
    stage.secret(&stage.env.namespace, "acs", json!({ KEY: value })).await;
    stage
}

/// "Check"- performs a check if it's possible to create a token for the user using this string."
#[tokio::test(flavor = "multi_thread")]
async fn valid_string_passes_and_identity_is_deleted() {
    let stage = stage("b04-passes", true).await;
    let _operator = stage.start();
    stage.create(interact()).await;
    let message = stage.check(INTERACT, "Passed", "TokenIssued").await;
    assert_eq!("The connection string can issue a token.", message);
    stage.ready().await;
    assert_eq!([1, 1, 1], stage.platform.identities("contoso").await, "made, deleted, one token");
}

/// "If the connection fails (with a correct string) it most likely means there are insufficient permissions."
#[tokio::test(flavor = "multi_thread")]
async fn failed_correct_string_blames_permissions_only() {
    let mut stage = stage("b04-permissions", false).await;
    stage.timing.checks.retry_first = Duration::from_millis(200);
    stage.timing.checks.retry_most = Duration::from_millis(200);
    let _operator = stage.start();
    stage.create(interact()).await;
    let message = stage.check(INTERACT, "Failed", "InsufficientPermissions").await;
    assert!(message.contains("most likely means insufficient permissions"), "{message}");
    let ready = stage.ready().await;
    let (status, reason, message) = condition(&ready, "ChecksPassed").unwrap();
    assert_eq!(("False", "CheckFailed"), (status.as_str(), reason.as_str()));
    assert!(message.contains(INTERACT), "{message}");
    assert_eq!([0, 0, 0], stage.platform.identities("contoso").await);
    let (_, document) = stage.platform.tenant(&stage.id).await.unwrap();
    let string = &document["settings"]["extensions"]["interact"]["acsConnectionString"];
    assert_eq!(json!({ "set": true, "version": 1 }), *string, "it was saved");

    stage.platform.acs("contoso", true).await;
    stage.check(INTERACT, "Passed", "TokenIssued").await;
    let tenant = stage.get().await;
    let (_, _, message) = condition(&tenant, "ChecksPassed").unwrap();
    assert!(!message.contains(INTERACT), "{message}");
    assert_eq!(Some(1), tenant.metadata.generation, "without an edit");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_key_is_distinguished_from_an_outage() {
    let stage = stage("b04-key", true).await;
    let _operator = stage.start();
    stage.create(interact()).await;
    stage.check(INTERACT, "Passed", "TokenIssued").await;
    for value in [stage.connection_string("contoso", "d3Jvbmc="), stage.connection_string("nobody", ACCESS_KEY)] {
        stage.secret(&stage.env.namespace, "acs", json!({ KEY: value })).await;
        stage.pass().await;
        stage.check(INTERACT, "Failed", "InsufficientPermissions").await;
        stage.ready().await;
    }
    let outage = json!([{ "route": "POST /acs/{resource}/identities", "action": { "kind": "status", "status": 503 } }]);
    stage.platform.plant(outage).await.unwrap();
    let value = format!("{};", stage.connection_string("contoso", ACCESS_KEY));
    stage.secret(&stage.env.namespace, "acs", json!({ KEY: value })).await;
    stage.pass().await;
    stage.check(INTERACT, "Unknown", "UnexpectedAnswer").await;
    stage.ready().await;
    assert_eq!([1, 1, 1], stage.platform.identities("contoso").await);
}

/// "☝ Make sure not to use any underline/underscores within the name."
#[tokio::test(flavor = "multi_thread")]
async fn underscore_is_rejected_before_any_request() {
    let stage = stage("b04-underscore", true).await;
    let value = "endpoint=https://con_toso.communication.azure.com/;accesskey=c2VjcmV0";
    stage.secret(&stage.env.namespace, "acs", json!({ KEY: value })).await;
    let _operator = stage.start();
    stage.create(interact()).await;
    let tenant = stage.condition("Ready", "False", "SecretInvalid").await;
    let (_, _, message) = condition(&tenant, "Ready").unwrap();
    assert!(message.contains("underscore in the name of the resource"), "{message}");
    assert_eq!(Vec::<String>::new(), checks(&tenant), "what is not live is not checked");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_three_strings_are_checked() {
    let stage = stage("b04-three", true).await;
    stage.platform.acs("fabrikam", true).await;
    let value = stage.connection_string("fabrikam", ACCESS_KEY);
    stage.secret(&stage.env.namespace, "other", json!({ KEY: value })).await;
    let _operator = stage.start();
    let mut spec = interact();
    spec["extensions"]["assistant"] =
        json!({ "useOwnAcsInstance": true, "acsConnectionStringRef": reference("other") });
    spec["modalities"]["instantMessaging"] = json!({
        "enabled": true, "primaryAccount": "im@luware.com", "useOwnAcsInstance": true,
        "acsConnectionStringRef": reference("other"), "acsResourceId": "55555555-0d3e-4f5a-8b7c-9d0e1f2a3b4c"
    });
    stage.create(spec).await;
    let message = stage.check("InstantMessagingConnectionString", "Failed", "ResourceIdMismatch").await;
    assert!(message.contains("another resource than the ACS resource id names"), "{message}");
    stage.check(INTERACT, "Passed", "TokenIssued").await;
    stage.check("AssistantConnectionString", "Passed", "TokenIssued").await;
    assert_eq!([1, 1, 1], stage.platform.identities("contoso").await);
    assert_eq!([2, 2, 2], stage.platform.identities("fabrikam").await, "one for each place");

    let right = json!({ "acsResourceId": RESOURCE });
    stage.patch(json!({ "spec": { "modalities": { "instantMessaging": right } } })).await;
    stage.check("InstantMessagingConnectionString", "Passed", "TokenIssued").await;
    assert_eq!([1, 1, 1], stage.platform.identities("contoso").await, "the others are not asked again");
    assert_eq!([3, 3, 3], stage.platform.identities("fabrikam").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_string_is_not_checked() {
    let stage = stage("b04-hidden", true).await;
    let _operator = stage.start();
    stage.create(interact()).await;
    stage.check(INTERACT, "Passed", "TokenIssued").await;
    stage.patch(json!({ "spec": { "extensions": { "interact": { "enabled": false } } } })).await;
    let tenant = stage.until("no check is left", |tenant| check(tenant, INTERACT).is_none()).await;
    assert!(condition(&tenant, "Ready").is_some());
    assert_eq!([1, 1, 1], stage.platform.identities("contoso").await);
}

/// The string never leaves the Secret.
#[tokio::test(flavor = "multi_thread")]
async fn status_contains_no_part_of_the_string() {
    let stage = stage("b04-secret", true).await;
    let _operator = stage.start();
    stage.create(interact()).await;
    stage.check(INTERACT, "Passed", "TokenIssued").await;
    let tenant = serde_json::to_string(&stage.get().await).unwrap();
    for part in [ACCESS_KEY, "accesskey", "/acs/contoso", "8:acs:"] {
        assert!(!tenant.contains(part), "{part}: {tenant}");
    }
}
