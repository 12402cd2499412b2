//! F7: the platform rejects our credentials. The Platform reports it once; live Tenants keep their status and are not
//! written; the platform is not overloaded with requests; and a corrected Secret recovers everything without a restart.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use super::{calls, is_write, live, of_operator, platform_says, platform_writes};
use crate::support::confirmation::deletion;
use crate::support::fixture::{Fixture, condition};
use crate::support::tenant::TenantHandle;

const RETRY: Duration = Duration::from_millis(600);

/// Tenants sync often, so that a wrong call would happen soon.
async fn fixture(name: &str) -> Fixture {
    let mut fixture = Fixture::new(name).await;
    fixture.timing.sync = Some(Duration::from_secs(1));
    fixture.timing.platform_retry = RETRY;
    fixture.platform.auto_run(true).await.unwrap();
    fixture
}

/// Changes the secret of the operator's client on the platform, which also revokes its tokens.
async fn rotate(fixture: &Fixture, secret: &str) {
    let client = json!({ "id": "system", "secret": secret });
    fixture.platform.ask(Method::PUT, "/sandbox/clients", Some(client)).await.unwrap();
}

async fn refuse(fixture: &Fixture, slug: &str) {
    let action = json!({ "kind": "problem", "slug": slug });
    let routes = ["GET /v1/capabilities", "* /v1/tenants/{id}", "* /v1/tenants/{id}/owner"];
    let faults: Vec<_> = routes.iter().map(|route| json!({ "route": route, "action": action })).collect();
    fixture.platform.add_faults(json!(faults)).await.unwrap();
}

async fn confirmed(fixture: &Fixture, name: &str) {
    let tenant = TenantHandle::new(fixture, name);
    let mut manifest = tenant.manifest(json!({ "deletionPolicy": "Delete" }));
    manifest["spec"]["confirmations"] = deletion(&tenant.id);
    fixture.try_create(manifest).await.unwrap();
    tenant.ready().await;
}

/// There is one probe per `RETRY` and no call for Tenants; waits for five probes to verify it.
async fn is_left_alone(fixture: &Fixture, probe: &str) {
    let (mark, since) = (fixture.platform.mark().await.unwrap(), Instant::now());
    let probes = calls(fixture, mark, probe, 5, |seen| seen.call == probe).await;
    let most = since.elapsed().as_millis() / RETRY.as_millis() + 1;
    // A probe whose token is rejected tries again once with a new one.
    let each = if probe.ends_with("/token") { 1 } else { 2 };
    assert!(probes.len() as u128 <= most * each, "{} probes where {most} were due", probes.len());
    let log = fixture.platform.log_after(mark).await.unwrap();
    let tenants = log.iter().filter(|seen| of_operator(seen) && seen.call.contains("/v1/tenants"));
    assert_eq!(0, tenants.count(), "calls about tenants while {} probes were made", probes.len());
}

/// What must hold after `break_it` and after `heal`, with many Tenants. `probe` is the call that detects the recovery.
async fn during_and_after(fixture: &Fixture, break_it: impl AsyncFnOnce(), probe: &str, heal: impl AsyncFnOnce()) {
    let _operator = fixture.start();
    let tenants = live(fixture, 20).await;
    confirmed(fixture, "leaving").await;
    let (mark, audit) = (fixture.platform.mark().await.unwrap(), fixture.audit().mark().await.unwrap());
    break_it().await;
    platform_says(fixture, "False", "AuthenticationFailed").await;

    is_left_alone(fixture, probe).await;
    assert_eq!(0, fixture.tenant_writes(audit).await.unwrap().len(), "no Tenant says what the Platform says");
    assert_eq!(1, platform_writes(fixture, audit).await, "and the Platform says it once");
    for tenant in &tenants {
        tenant.ready().await;
    }

    // Users continue: an edit and a confirmed deletion wait and are reported, without calls.
    let edited = tenants[0].patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    let waits = tenants[0].condition("Ready", "False", "PlatformUnavailable").await;
    assert_eq!(waits.metadata.generation, edited.metadata.generation);
    assert_eq!(Some("Unknown"), condition(&waits, "Synced").map(|(status, _, _)| status).as_deref());
    assert_eq!(Some("True"), condition(&waits, "Reconciling").map(|(status, _, _)| status).as_deref());
    let leaver = TenantHandle::new(fixture, "leaving");
    leaver.delete().await;
    leaver.condition("Ready", "False", "Deleting").await;
    assert!(leaver.is_held().await);
    is_left_alone(fixture, probe).await;

    heal().await;
    platform_says(fixture, "True", "Connected").await;
    tenants[0].ready().await;
    leaver.gone().await;
    let mut effects = fixture.platform.effects(mark).await.unwrap();
    effects.sort();
    assert_eq!(["deletion-begun", "settings-changed"], effects.as_slice());
    assert_eq!(
        3,
        platform_writes(fixture, audit).await,
        "one when it went, one when it came back, one counts the deletion"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn corrected_credentials_recover_without_restart() {
    let fixture = fixture("credentials").await;
    let namespace = &fixture.env.operator_namespace;
    let rotated = async || rotate(&fixture, "rotated-secret").await;
    let heal = async || fixture.secret(namespace, "platform", json!({ "client-secret": "rotated-secret" })).await;
    during_and_after(&fixture, rotated, "POST /oauth2/v2.0/token", heal).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_tokens_are_reported_once() {
    let fixture = fixture("refused-token").await;
    let refused = async || refuse(&fixture, "unauthenticated").await;
    let heal = async || drop(fixture.platform.clear_faults().await.unwrap());
    during_and_after(&fixture, refused, "GET /v1/capabilities", heal).await;
}

/// A 403 for everything is a problem of the credentials, also if individual responses say something else.
#[tokio::test(flavor = "multi_thread")]
async fn insufficient_role_is_reported_once() {
    let fixture = fixture("refused-role").await;
    let refused = async || refuse(&fixture, "not-permitted").await;
    let heal = async || drop(fixture.platform.clear_faults().await.unwrap());
    during_and_after(&fixture, refused, "GET /v1/capabilities", heal).await;
}

/// A 403 for one tenant concerns that tenant only, and is not absence.
#[tokio::test(flavor = "multi_thread")]
async fn forbidden_tenant_is_not_created_or_contagious() {
    let mut fixture = fixture("out-of-reach").await;
    fixture.timing.backoff_most = Duration::from_millis(300);
    let _operator = fixture.start();
    let tenants = live(&fixture, 2).await;
    let (mark, audit) = (fixture.platform.mark().await.unwrap(), fixture.audit().mark().await.unwrap());
    let unborn = TenantHandle::new(&fixture, "unborn");
    let action = json!({ "kind": "problem", "slug": "not-permitted" });
    let fault = json!([{ "route": "GET /v1/tenants/{id}", "tenant": unborn.id, "action": action }]);
    fixture.platform.add_faults(fault).await.unwrap();
    unborn.create(json!({})).await;
    let waits = unborn.condition("Ready", "False", "PlatformUnavailable").await;
    assert!(condition(&waits, "Ready").is_some_and(|(_, _, message)| message.contains("may not access this tenant")));
    calls(&fixture, mark, "a GET", 6, |seen| seen.entry["tenant"] == json!(unborn.id)).await;
    let writes = calls(&fixture, mark, "a write", 0, is_write).await;
    assert_eq!(0, writes.len(), "{writes:?}");
    tenants[0].patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    tenants[0].ready().await;
    platform_says(&fixture, "True", "Connected").await;
    assert_eq!(0, platform_writes(&fixture, audit).await);
    fixture.platform.clear_faults().await.unwrap();
    unborn.ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn late_credentials_secret_connects_the_platform() {
    let fixture = fixture("late-credentials").await;
    let secrets: kube::Api<k8s_openapi::api::core::v1::Secret> =
        kube::Api::namespaced(fixture.client(crate::support::users::ADMIN), &fixture.env.operator_namespace);
    secrets.delete("platform", &kube::api::DeleteParams::default()).await.unwrap();
    let _operator = fixture.start();
    let message = platform_says(&fixture, "False", "CredentialsNotFound").await;
    let missing = format!("Secret {}/platform not found", fixture.env.operator_namespace);
    assert!(message.contains(&missing), "{message}");
    let tenant = TenantHandle::new(&fixture, "early");
    tenant.create(json!({})).await;
    tenant.condition("Ready", "False", "PlatformUnavailable").await;
    fixture.secret(&fixture.env.operator_namespace, "platform", json!({ "other-key": "system-secret" })).await;
    let namespace = &fixture.env.operator_namespace;
    fixture.secret(namespace, "platform", json!({ "client-secret": "system-secret\n" })).await;
    platform_says(&fixture, "True", "Connected").await;
    tenant.ready().await;
    assert_eq!(["tenant-created"], fixture.platform.effects(0).await.unwrap().as_slice());
}
