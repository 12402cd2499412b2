//! Credentials of checks: what the Platform may configure, and what happens if it does not work.

use std::time::Duration;

use kube::Api;
use nimbus_operator::controller::Options;
use nimbus_operator::resources::Platform;
use serde_json::{Value, json};

use super::{GROUP, INTERACT, PASSED, all, fixture, group, interact, of_microsoft};
use crate::support::fixture::refused;
use crate::support::microsoft::{GRANTS, object};
use crate::support::users::ADMIN;
use crate::support::wait::{PATIENCE, until};

#[tokio::test(flavor = "multi_thread")]
async fn checks_are_unknown_without_an_app() {
    let fixture = fixture("checks-nobody").await;
    fixture.patch_platform(json!({ "spec": { "microsoft": null } })).await;
    let _operator = fixture.start();
    let mark = fixture.platform.microsoft_mark().await;
    fixture.create(all()).await;
    let tenant = fixture.ready().await;
    let not_configured =
        |names: &[&str]| names.iter().map(|name| format!("{name} Unknown NotConfigured")).collect::<Vec<_>>();
    let names: Vec<&str> = PASSED.iter().map(|check| check.split(' ').next().unwrap()).collect();
    assert_eq!(not_configured(&names), of_microsoft(&tenant));
    assert_eq!(0, tenant.status.unwrap().grant_links.len());
    assert_eq!(Vec::<String>::new(), fixture.platform.all_asked(mark).await);

    // Checks that need no app run once the Platform enables checks.
    fixture.patch_platform(json!({ "spec": { "microsoft": {} } })).await;
    fixture.check(INTERACT, "Passed", "TokenIssued").await;
    fixture.check(GROUP, "Unknown", "NotConfigured").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn credential_changes_need_no_tenant_edit() {
    let mut fixture = fixture("checks-secret").await;
    fixture.timing.platform_check = Duration::from_millis(300);
    let name = json!({ "spec": { "microsoft": { "nimbusApp": { "credentialsSecretRef": { "name": "late" } } } } });
    fixture.patch_platform(name).await;
    let _operator = fixture.start();
    fixture.create(group(10)).await;
    let message = fixture.check(GROUP, "Unknown", "CredentialsNotFound").await;
    let missing = format!("Secret {}/late not found", fixture.env.operator_namespace);
    assert!(message.contains(&missing), "{message}");
    fixture.secret(&fixture.env.operator_namespace, "late", json!({ "client-secret": "expired-secret" })).await;
    let message = fixture.check(GROUP, "Unknown", "AuthenticationFailed").await;
    assert!(message.contains("rejected the app's secret"), "{message}");
    assert!(!message.contains("expired-secret"), "{message}");
    fixture.ready().await;
    fixture.secret(&fixture.env.operator_namespace, "late", json!({ "client-secret": "nimbus-app-secret" })).await;
    fixture.check(GROUP, "Passed", "SecurityGroup").await;
    assert_eq!(Some(1), fixture.get().await.metadata.generation);
}

/// An edit replaces the running task. A secret change during that task must not get lost.
#[tokio::test(flavor = "multi_thread")]
async fn secret_change_during_a_check_is_picked_up() {
    let fixture = fixture("checks-heard").await;
    let _operator = fixture.start();
    fixture.create(group(10)).await;
    fixture.check(GROUP, "Passed", "SecurityGroup").await;
    let hangs = json!({ "kind": "delay", "seconds": 600 });
    fixture
        .platform
        .add_faults(json!([{ "route": "POST /acs/{resource}/identities", "action": hangs }]))
        .await
        .unwrap();
    fixture.patch(json!({ "spec": interact() })).await;
    until("the question that hangs is asked", PATIENCE, async || {
        let faults = fixture.platform.ask(reqwest::Method::GET, "/sandbox/faults", None).await.unwrap();
        if faults["faults"][0]["faulted"] == 1 { Ok(()) } else { Err(faults) }
    })
    .await;
    fixture.secret(&fixture.env.operator_namespace, "nimbus-app", json!({ "client-secret": "expired-secret" })).await;
    fixture.patch_platform(json!({ "spec": { "support": { "website": "https://example.com/1" } } })).await;
    let platforms: Api<Platform> = Api::all(fixture.client(ADMIN));
    until("the Platform was looked at", PATIENCE, async || {
        let platform = platforms.get(&fixture.env.platform).await.unwrap();
        let seen = platform.status.as_ref().map(|status| status.observed_generation);
        if seen == platform.metadata.generation { Ok(()) } else { Err(format!("{seen:?}")) }
    })
    .await;
    fixture.patch(json!({ "spec": { "extensions": { "interact": { "enabled": false } } } })).await;
    fixture.check(GROUP, "Unknown", "AuthenticationFailed").await;
}

/// What is asked as the app before is broken off, so that its deadline is not waited for.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_changes_counts_at_once_while_graph_hangs() {
    let mut fixture = fixture("checks-broken-off").await;
    fixture.timing.platform_check = Duration::from_millis(300);
    fixture.timing.call = Duration::from_secs(3600);
    fixture.timing.checks.deadline = Duration::from_secs(3600);
    let hangs = json!({ "kind": "delay", "seconds": 600 });
    fixture.platform.add_faults(json!([{ "route": "GET /graph/v1.0/groups/{group}", "action": hangs }])).await.unwrap();
    let _operator = fixture.start();
    fixture.create(group(10)).await;
    until("the query that hangs is sent", PATIENCE, async || {
        let faults = fixture.platform.ask(reqwest::Method::GET, "/sandbox/faults", None).await.unwrap();
        if faults["faults"][0]["faulted"] == 1 { Ok(()) } else { Err(faults) }
    })
    .await;
    fixture.secret(&fixture.env.operator_namespace, "nimbus-app", json!({ "client-secret": "expired-secret" })).await;
    fixture.check(GROUP, "Unknown", "AuthenticationFailed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_entra_tenant_is_reported() {
    let fixture = fixture("checks-no-tenant").await;
    let partner = fixture.partner(json!({ "entraTenantId": uuid::Uuid::new_v4() })).await;
    let _operator = fixture.start();
    let spec = json!({
        "general": { "partnerAdministrationGroupId": object(10) }, "partner": { "partnerRef": { "name": partner } }
    });
    fixture.create(spec).await;
    let message = fixture.check("PartnerAdministrationGroup", "Unknown", "AuthenticationFailed").await;
    assert!(message.contains("no such Entra tenant"), "{message}");
    fixture.ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_clock_is_reported_instead_of_the_key() {
    let fixture = fixture("checks-clock").await;
    let body = json!({ "error": { "code": "7509", "message": "HMAC-SHA256 validation failed" } });
    let headers = json!({ "date": "Sun, 06 Nov 1994 08:49:37 GMT" });
    let action = json!({
        "kind": "status", "status": 401, "contentType": "application/json", "body": body, "headers": headers
    });
    fixture
        .platform
        .add_faults(json!([{ "route": "POST /acs/{resource}/identities", "action": action }]))
        .await
        .unwrap();
    let _operator = fixture.start();
    fixture.create(interact()).await;
    fixture.check(INTERACT, "Unknown", "ClockSkew").await;
    fixture.ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn federated_token_is_used_without_a_secret() {
    let fixture = fixture("checks-federated").await;
    let no_secret = json!({ "spec": { "microsoft": { "nimbusApp": { "credentialsSecretRef": null } } } });
    fixture.patch_platform(no_secret).await;
    let federated_token_file = Some("/nowhere/token".into());
    let _operator = fixture.start_with(Options { federated_token_file, ..fixture.options() });
    fixture.create(group(10)).await;
    let message = fixture.check(GROUP, "Unknown", "AuthenticationFailed").await;
    assert!(message.contains("the federated token file cannot be read"), "{message}");
}

/// An author of a Platform must not be able to have the secret of the Nimbus app, or the operator's own token, sent to a server
/// of theirs, and no administrator is led to a log-in there.
#[tokio::test(flavor = "multi_thread")]
async fn credentials_go_to_trusted_hosts_only() {
    let fixture = fixture("checks-untrusted").await;
    let _operator = fixture.start_with(Options { trusted_login: vec![], ..fixture.options() });
    let mark = fixture.platform.microsoft_mark().await;
    fixture.create(group(10)).await;
    let message = fixture.check(GROUP, "Unknown", "CredentialsNotFound").await;
    let origin = fixture.platform.url();
    let says = format!("--trusted-login-origin {}", origin.trim_end_matches('/'));
    assert!(message.contains("spec.microsoft.loginBaseUrl") && message.contains(&says), "{message}");
    let status = fixture.ready().await.status.unwrap();
    assert_eq!(json!([]), json!(status.grant_links), "nor does a link lead there");
    assert_eq!([""; 0], *fixture.platform.all_asked(mark).await);

    // The token goes to Graph.
    fixture.patch_platform(json!({ "spec": { "microsoft": { "loginBaseUrl": null } } })).await;
    until("it is about Graph", PATIENCE, async || {
        let message = fixture.check(GROUP, "Unknown", "CredentialsNotFound").await;
        if message.contains("spec.microsoft.graphBaseUrl") { Ok(()) } else { Err(message) }
    })
    .await;
    assert_eq!([""; 0], *fixture.platform.all_asked(mark).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn early_expired_token_is_renewed() {
    let mut fixture = fixture("checks-token").await;
    fixture.timing.checks.every = Duration::from_millis(200);
    let _operator = fixture.start();
    fixture.create(group(10)).await;
    fixture.check(GROUP, "Passed", "SecurityGroup").await;
    fixture.platform.advance(7200).await;
    let mark = fixture.platform.microsoft_mark().await;
    fixture.platform.group(&fixture.id, &object(10), json!({ "displayName": "Admins", "mailEnabled": true })).await;
    fixture.check(GROUP, "Passed", "MailEnabledSecurityGroup").await;
    let log_ins = fixture.platform.all_asked(mark).await.iter().filter(|call| call.contains("/oauth2/")).count();
    assert_eq!(1, log_ins);
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_accepts_only_https_loopback_and_guids() {
    let fixture = fixture("checks-platform").await;
    let app = |id: &str| json!({ "nimbusApp": { "clientId": id, "credentialsSecretRef": { "name": "nimbus-app" } } });
    let bad: [(Value, &str); 6] = [
        (json!({ "loginBaseUrl": "http://login.example" }), "http is for loopback only"),
        (json!({ "graphBaseUrl": "http://169.254.169.254" }), "http is for loopback only"),
        (json!({ "graphBaseUrl": "graph.microsoft.com" }), "must be an https URL"),
        (app("nimbus"), "must be a GUID"),
        (app("00000000-0000-0000-0000-000000000000"), "must be a GUID"),
        (json!({ "chatAppClientId": "chat" }), "must be a GUID"),
    ];
    for (microsoft, words) in bad {
        let outcome = fixture.try_patch_platform(json!({ "spec": { "microsoft": microsoft } })).await;
        refused(outcome, 422, &["spec.microsoft", words]).unwrap();
    }
    let mut good = app(&object(7));
    good["loginBaseUrl"] = json!("https://login.microsoftonline.us");
    fixture.try_patch_platform(json!({ "spec": { "microsoft": good } })).await.unwrap();
    assert_eq!(4, GRANTS.len());
}
