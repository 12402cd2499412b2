//! Behaviour 4. The check of a connection string: it verifies that the string can issue a token, and leaves nothing behind.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::fixture::{Fixture, condition};
use crate::support::microsoft::{ACCESS_KEY, RESOURCE, check, checks};

const KEY: &str = "connection-string";
const INTERACT: &str = "InteractConnectionString";

fn reference(secret: &str) -> Value {
    json!({ "name": secret, "key": KEY })
}

fn interact() -> Value {
    json!({ "extensions": { "interact": { "enabled": true, "acsConnectionStringRef": reference("acs") } } })
}

/// A fixture whose Secret `acs` contains the connection string of a resource.
async fn fixture(name: &str, permitted: bool) -> Fixture {
    let mut fixture = Fixture::new(name).await;
    fixture.microsoft().await;
    fixture.platform.acs("contoso", permitted).await;
    let value = fixture.connection_string("contoso", ACCESS_KEY);
    fixture.secret(&fixture.env.namespace, "acs", json!({ KEY: value })).await;
    fixture
}

/// "Check"- performs a check if it's possible to create a token for the user using this string."
#[tokio::test(flavor = "multi_thread")]
async fn valid_string_passes_and_identity_is_deleted() {
    let fixture = fixture("b04-passes", true).await;
    let _operator = fixture.start();
    fixture.create(interact()).await;
    let message = fixture.check(INTERACT, "Passed", "TokenIssued").await;
    assert_eq!("The connection string can issue a token.", message);
    fixture.ready().await;
    assert_eq!([1, 1, 1], fixture.platform.identities("contoso").await, "made, deleted, one token");
}

/// "If the connection fails (with a correct string) it most likely means there are insufficient permissions."
#[tokio::test(flavor = "multi_thread")]
async fn failed_correct_string_blames_permissions_only() {
    let mut fixture = fixture("b04-permissions", false).await;
    fixture.timing.checks.retry_first = Duration::from_millis(200);
    fixture.timing.checks.retry_most = Duration::from_millis(200);
    let _operator = fixture.start();
    fixture.create(interact()).await;
    let message = fixture.check(INTERACT, "Failed", "InsufficientPermissions").await;
    assert!(message.contains("most likely means insufficient permissions"), "{message}");
    let ready = fixture.ready().await;
    let (status, reason, message) = condition(&ready, "ChecksPassed").unwrap();
    assert_eq!(("False", "CheckFailed"), (status.as_str(), reason.as_str()));
    assert!(message.contains(INTERACT), "{message}");
    assert_eq!([0, 0, 0], fixture.platform.identities("contoso").await);
    let (_, document) = fixture.platform.tenant(&fixture.id).await.unwrap();
    let string = &document["settings"]["extensions"]["interact"]["acsConnectionString"];
    assert_eq!(json!(true), string["set"], "it was saved");

    fixture.platform.acs("contoso", true).await;
    fixture.check(INTERACT, "Passed", "TokenIssued").await;
    let tenant = fixture.get().await;
    let (_, _, message) = condition(&tenant, "ChecksPassed").unwrap();
    assert!(!message.contains(INTERACT), "{message}");
    assert_eq!(Some(1), tenant.metadata.generation, "without an edit");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_key_is_distinguished_from_an_outage() {
    let fixture = fixture("b04-key", true).await;
    let _operator = fixture.start();
    fixture.create(interact()).await;
    fixture.check(INTERACT, "Passed", "TokenIssued").await;
    for value in [fixture.connection_string("contoso", "d3Jvbmc="), fixture.connection_string("nobody", ACCESS_KEY)] {
        fixture.secret(&fixture.env.namespace, "acs", json!({ KEY: value })).await;
        fixture.pass().await;
        fixture.check(INTERACT, "Failed", "InsufficientPermissions").await;
        fixture.ready().await;
    }
    let outage = json!([{ "route": "POST /acs/{resource}/identities", "action": { "kind": "status", "status": 503 } }]);
    fixture.platform.add_faults(outage).await.unwrap();
    let value = format!("{};", fixture.connection_string("contoso", ACCESS_KEY));
    fixture.secret(&fixture.env.namespace, "acs", json!({ KEY: value })).await;
    fixture.pass().await;
    fixture.check(INTERACT, "Unknown", "UnexpectedAnswer").await;
    fixture.ready().await;
    assert_eq!([1, 1, 1], fixture.platform.identities("contoso").await);
}

/// "☝ Make sure not to use any underline/underscores within the name."
#[tokio::test(flavor = "multi_thread")]
async fn underscore_is_rejected_before_any_request() {
    let fixture = fixture("b04-underscore", true).await;
    let value = "endpoint=https://con_toso.communication.azure.com/;accesskey=c2VjcmV0";
    fixture.secret(&fixture.env.namespace, "acs", json!({ KEY: value })).await;
    let _operator = fixture.start();
    fixture.create(interact()).await;
    let tenant = fixture.condition("Ready", "False", "SecretInvalid").await;
    let (_, _, message) = condition(&tenant, "Ready").unwrap();
    assert!(message.contains("underscore in the name of the resource"), "{message}");
    assert_eq!(Vec::<String>::new(), checks(&tenant), "what is not live is not checked");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_three_strings_are_checked() {
    let fixture = fixture("b04-three", true).await;
    fixture.platform.acs("fabrikam", true).await;
    let value = fixture.connection_string("fabrikam", ACCESS_KEY);
    fixture.secret(&fixture.env.namespace, "other", json!({ KEY: value })).await;
    let _operator = fixture.start();
    let mut spec = interact();
    spec["extensions"]["assistant"] =
        json!({ "useOwnAcsInstance": true, "acsConnectionStringRef": reference("other") });
    spec["modalities"]["instantMessaging"] = json!({
        "enabled": true, "primaryAccount": "im@luware.com", "useOwnAcsInstance": true,
        "acsConnectionStringRef": reference("other"), "acsResourceId": "55555555-0d3e-4f5a-8b7c-9d0e1f2a3b4c"
    });
    fixture.create(spec).await;
    let message = fixture.check("InstantMessagingConnectionString", "Failed", "ResourceIdMismatch").await;
    assert!(message.contains("another resource than the ACS resource id names"), "{message}");
    fixture.check(INTERACT, "Passed", "TokenIssued").await;
    fixture.check("AssistantConnectionString", "Passed", "TokenIssued").await;
    assert_eq!([1, 1, 1], fixture.platform.identities("contoso").await);
    assert_eq!([2, 2, 2], fixture.platform.identities("fabrikam").await, "one for each place");

    let right = json!({ "acsResourceId": RESOURCE });
    fixture.patch(json!({ "spec": { "modalities": { "instantMessaging": right } } })).await;
    fixture.check("InstantMessagingConnectionString", "Passed", "TokenIssued").await;
    assert_eq!([1, 1, 1], fixture.platform.identities("contoso").await, "the others are not asked again");
    assert_eq!([3, 3, 3], fixture.platform.identities("fabrikam").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_string_is_not_checked() {
    let fixture = fixture("b04-hidden", true).await;
    let _operator = fixture.start();
    fixture.create(interact()).await;
    fixture.check(INTERACT, "Passed", "TokenIssued").await;
    fixture.patch(json!({ "spec": { "extensions": { "interact": { "enabled": false } } } })).await;
    let tenant = fixture.until("no check is left", |tenant| check(tenant, INTERACT).is_none()).await;
    assert!(condition(&tenant, "Ready").is_some());
    assert_eq!([1, 1, 1], fixture.platform.identities("contoso").await);
}

/// The string never leaves the Secret.
#[tokio::test(flavor = "multi_thread")]
async fn status_contains_no_part_of_the_string() {
    let fixture = fixture("b04-secret", true).await;
    let _operator = fixture.start();
    fixture.create(interact()).await;
    fixture.check(INTERACT, "Passed", "TokenIssued").await;
    let tenant = serde_json::to_string(&fixture.get().await).unwrap();
    for part in [ACCESS_KEY, "accesskey", "/acs/contoso", "8:acs:"] {
        assert!(!tenant.contains(part), "{part}: {tenant}");
    }
}
