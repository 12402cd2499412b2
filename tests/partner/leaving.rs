//! A Partner that is being deleted takes no new Tenant, and those that have it go on.

use std::time::Duration;

use kube::api::DeleteParams;
use serde_json::json;

use super::{fixture, gone, names, partner, partners};
use crate::support::tenant::TenantHandle;

#[tokio::test(flavor = "multi_thread")]
async fn partner_that_is_being_deleted_takes_no_new_tenant() {
    let mut fixture = fixture("partner-pruned").await;
    fixture.timing.platform_retry = Duration::from_secs(1);
    fixture.timing.pass = Duration::from_secs(10);
    let name = fixture.env.namespace.clone();
    partner(&fixture, &name, json!({})).await;
    let _operator = fixture.connect().await;
    fixture.create(names(&name)).await;
    fixture.ready().await;
    let without = TenantHandle::new(&fixture, "without");
    without.create(json!({})).await;
    without.ready().await;
    partners(&fixture).delete(&name, &DeleteParams::default()).await.unwrap();

    let new = TenantHandle::new(&fixture, "new");
    new.create(names(&name)).await;
    let waits = new.condition("Ready", "False", "PartnerTerminating").await;
    let message = crate::support::fixture::message(&waits, "Ready").unwrap();
    let expected = format!("Partner {name} is being deleted and takes no new Tenant; nothing was written");
    assert!(message.starts_with(&expected), "{message}");
    assert!(!new.is_held().await);
    assert_eq!(404, fixture.platform.tenant(&new.id).await.unwrap().0, "nothing was written");
    // Nor does it take one that had another, or none.
    without.patch(json!({ "spec": names(&name) })).await;
    without.condition("Ready", "False", "PartnerTerminating").await;
    // The one that has it is still reconciled.
    fixture.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    fixture.ready().await;

    // Those that wait for it do not hold it, and its return wakes them.
    fixture.delete().await;
    fixture.gone().await;
    gone(partners(&fixture), &name).await;
    new.condition("Ready", "False", "PartnerNotFound").await;
    partner(&fixture, &name, json!({})).await;
    new.ready().await;
    without.ready().await;
}
