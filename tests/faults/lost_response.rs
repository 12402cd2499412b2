//! F6: the platform acted and its response was lost. The operator finds its own stamp and continues; nothing is done twice.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::confirmation::deletion;
use crate::support::fixture::{Fixture, condition};
use crate::support::tenant::TenantHandle;

/// Faults of responses, by name. All but the last two lose the response after the platform acted.
fn faults() -> [(&'static str, Value); 6] {
    [
        ("closed", json!({ "kind": "close-after" })),
        ("cut", json!({ "kind": "cut" })),
        ("truncated", json!({ "kind": "truncate" })),
        ("late", json!({ "kind": "delay", "seconds": 2.0, "after": true })),
        ("refused", json!({ "kind": "close-before" })),
        ("gateway", json!({ "kind": "status", "status": 504 })),
    ]
}

async fn fixture(name: &str) -> Fixture {
    let mut fixture = Fixture::new(name).await;
    fixture.timing.call = Duration::from_millis(800);
    fixture
}

async fn add_fault(fixture: &Fixture, route: &str, tenant: &TenantHandle<'_>, action: &Value) {
    let fault = json!([{ "route": route, "tenant": tenant.id, "nth": 1, "action": action }]);
    fixture.platform.add_faults(fault).await.unwrap();
}

/// What the platform accepted for one tenant, in order. The fault must have occurred.
async fn effects(fixture: &Fixture, tenant: &TenantHandle<'_>) -> Vec<String> {
    let calls = fixture.platform.calls(&tenant.id, 0).await.unwrap();
    assert_eq!(1, calls.iter().filter(|seen| !seen.entry["fault"].is_null()).count(), "{calls:?}");
    calls.into_iter().filter_map(|seen| seen.effect).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn create_with_lost_response_makes_one_tenant() {
    let fixture = fixture("lost-create").await;
    let _operator = fixture.start();
    for (name, action) in faults() {
        let tenant = TenantHandle::new(&fixture, name);
        add_fault(&fixture, "PUT /v1/tenants/{id}", &tenant, &action).await;
        tenant.create(json!({})).await;
        let ready = tenant.ready().await;

        assert_eq!(["tenant-created"], effects(&fixture, &tenant).await.as_slice(), "{name}");
        let (_, document) = fixture.platform.tenant(&tenant.id).await.unwrap();
        assert_eq!(json!(format!("test/{}/{name}", fixture.env.namespace)), document["owner"], "{name}");
        let applied = ready.status.unwrap().applied.unwrap();
        assert_eq!(json!(applied.settings_version), document["settingsVersion"], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn edit_with_lost_response_is_saved_once() {
    let fixture = fixture("lost-edit").await;
    let _operator = fixture.start();
    for (name, action) in faults() {
        let tenant = TenantHandle::new(&fixture, name);
        tenant.create(json!({})).await;
        tenant.ready().await;
        add_fault(&fixture, "PATCH /v1/tenants/{id}", &tenant, &action).await;
        tenant.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
        let ready = tenant.ready().await;

        assert_eq!(["tenant-created", "settings-changed"], effects(&fixture, &tenant).await.as_slice(), "{name}");
        assert_eq!(Some("True"), condition(&ready, "Synced").map(|(status, _, _)| status).as_deref(), "{name}");
    }
    assert_eq!(Vec::<(String, String)>::new(), fixture.events().await.unwrap(), "an own edit is no drift");
}

#[tokio::test(flavor = "multi_thread")]
async fn claim_with_lost_response_is_made_once() {
    let fixture = fixture("lost-claim").await;
    let _operator = fixture.start();
    for (name, action) in faults() {
        let tenant = TenantHandle::new(&fixture, name);
        let settings = json!({ "general": { "name": "Contoso", "o365Domain": "contoso.onmicrosoft.com" } });
        fixture.platform.create(&tenant.id, settings).await.unwrap();
        add_fault(&fixture, "PUT /v1/tenants/{id}/owner", &tenant, &action).await;
        tenant.create(json!({ "general": { "companyName": "Contoso AG" }, "adoptionPolicy": "Always" })).await;
        tenant.ready().await;
        assert_eq!(["owner-claimed", "settings-changed"], effects(&fixture, &tenant).await.as_slice(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_with_lost_response_is_requested_once() {
    let fixture = fixture("lost-delete").await;
    let _operator = fixture.start();
    for (name, action) in faults() {
        let tenant = TenantHandle::new(&fixture, name);
        let mut manifest = tenant.manifest(json!({ "deletionPolicy": "Delete" }));
        manifest["spec"]["confirmations"] = deletion(&tenant.id);
        fixture.try_create(manifest).await.unwrap();
        tenant.ready().await;
        add_fault(&fixture, "DELETE /v1/tenants/{id}", &tenant, &action).await;
        tenant.delete().await;
        tenant
            .until("the deletion waits for the script", |tenant| {
                tenant.status.as_ref().is_some_and(|status| status.deletion.is_some())
            })
            .await;
        assert!(tenant.is_held().await, "{name}");
        fixture.platform.run_script(&tenant.id).await.unwrap();
        tenant.gone().await;
        assert_eq!(["tenant-created", "deletion-begun"], effects(&fixture, &tenant).await.as_slice(), "{name}");
    }
}
