//! A tenant that is ours is known also where the spec was never applied as a whole, since the platform does not keep a value: it is
//! not created again silently, and its Tenant is held.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use super::ready_reason;
use crate::deletion::FINALIZER;
use crate::support::confirmation::deletion;
use crate::support::fixture::{Fixture, NAME, Operator};
use crate::support::since::Since;
use crate::support::wait::{PATIENCE, until};

/// A Tenant whose tenant was taken over, and whose company name the platform spells otherwise.
async fn taken_over(name: &str) -> (Fixture, Operator) {
    let mut fixture = Fixture::new(name).await;
    fixture.timing.sync = Some(Duration::from_millis(200));
    let operator = fixture.connect().await;
    let settings = json!({ "general": { "name": "Contoso", "o365Domain": "contoso.onmicrosoft.com" } });
    fixture.platform.create(&fixture.id, settings).await.unwrap();
    let path = format!("/sandbox/tenants/{}/normaliser", fixture.id);
    let normaliser = json!({ "pointer": "/general/companyName", "mode": "upper" });
    fixture.platform.ask(Method::PUT, &path, Some(normaliser)).await.unwrap();
    fixture.create(json!({ "adoptionPolicy": "Always", "general": { "companyName": "Contoso AG" } })).await;
    fixture.condition("Ready", "False", "PlatformRewritesValue").await;
    (fixture, operator)
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_that_was_never_applied_is_not_created_again_silently() {
    let (fixture, _operator) = taken_over("never-lost").await;
    let applied = fixture.get().await.status.unwrap().applied.unwrap();
    assert_eq!(0, applied.generation, "no generation of the spec");
    let since = Since::now(&fixture).await;
    fixture.platform.lose(&fixture.id).await.unwrap();
    let (_, message) = ready_reason(&fixture.tenants(), NAME, "TenantLost").await;
    assert_eq!([""; 0], *since.effects(&fixture).await);
    // The confirmation counts once, also where the new tenant is not as the spec wants it.
    let token = format!("lost-{}", applied.settings_version);
    assert!(message.contains(&token), "{message}");
    fixture.patch(json!({ "spec": { "confirmations": { "recreate": token } } })).await;
    fixture.ready().await;
    fixture.platform.lose(&fixture.id).await.unwrap();
    ready_reason(&fixture.tenants(), NAME, "TenantLost").await;
    assert_eq!(["tenant-created"], *since.effects(&fixture).await);
}

/// While it is suspended nothing else would put it back.
#[tokio::test(flavor = "multi_thread")]
async fn tenant_that_was_never_applied_is_held() {
    let (fixture, _operator) = taken_over("never-held").await;
    fixture.patch(json!({ "spec": { "suspend": true, "deletionPolicy": "Delete" } })).await;
    fixture.condition("Ready", "False", "ReconciliationSuspended").await;
    fixture.patch(json!({ "metadata": { "finalizers": Value::Null } })).await;
    until("the finalizer is back", PATIENCE, async || {
        let finalizers = fixture.get().await.metadata.finalizers;
        if finalizers.iter().flatten().any(|name| name == FINALIZER) { Ok(()) } else { Err(format!("{finalizers:?}")) }
    })
    .await;
    fixture.patch(json!({ "spec": { "confirmations": deletion(&fixture.id) } })).await;
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    crate::deletion::waiting_for(&fixture, "ReconciliationSuspended", "waits until spec.suspend is false").await;
    assert_eq!([""; 0], *since.effects(&fixture).await);
}
