//! A tenant that already exists: adopted according to the policy, and only if its stamp is free.

use serde_json::{Value, json};

use super::{conditions, ready_reason, stalled, unowned};
use crate::deletion::{NO_EVENTS, event, events, live, stamp, stamps, told};
use crate::support::fixture::{CONNECTION_STRING, Fixture, NAME};
use crate::support::since::Since;

const MANAGED: &str = "spec.adoptionPolicy is IfMatches, and 1 setting differs from the spec: spec.general.companyName";

/// Creates the Tenant, which may not adopt the tenant, and returns the message.
async fn refused(fixture: &Fixture, spec: Value, reason: &str) -> String {
    let (_, before) = fixture.platform.tenant(&fixture.id).await.unwrap();
    let since = Since::now(fixture).await;
    fixture.create(spec).await;
    let (tenant, message) = ready_reason(&fixture.tenants(), NAME, reason).await;
    assert_eq!(stalled(reason), conditions(&tenant));
    assert_eq!(None, tenant.metadata.finalizers);
    fixture.pass().await;
    assert_eq!([""; 0], *since.effects(fixture).await);
    assert_eq!(["GET /v1/tenants/{id} 200"; 2], *since.calls(fixture).await, "one look in each pass");
    assert_eq!(["patch tenants/status 200"; 2], *since.writes(fixture).await, "the second for the requested pass");
    let (_, after) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!(before, after);
    assert_eq!(NO_EVENTS, *events(fixture).await);
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn never_adopts_nothing() {
    let fixture = Fixture::new("adopt-never").await;
    let _operator = fixture.connect().await;
    unowned(&fixture).await;
    let message = refused(&fixture, json!({ "adoptionPolicy": "Never" }), "NotAdopted").await;
    assert_eq!("A tenant with this ID exists without an owner, and spec.adoptionPolicy is Never", message);
    // A changed policy takes effect at once, like any setting.
    fixture.patch(json!({ "spec": { "adoptionPolicy": "IfMatches" } })).await;
    fixture.ready().await;
    assert_eq!((Some(stamp(&fixture)), None), stamps(&fixture).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn if_matches_adopts_an_equal_tenant() {
    let fixture = Fixture::new("adopt-equal").await;
    let _operator = fixture.connect().await;
    unowned(&fixture).await;
    let (_, before) = fixture.platform.tenant(&fixture.id).await.unwrap();
    let since = Since::now(&fixture).await;
    live(&fixture, fixture.manifest(json!({}))).await;
    assert_eq!(["GET /v1/tenants/{id} 200", "PUT /v1/tenants/{id}/owner 200"], *since.calls(&fixture).await);
    assert_eq!(["patch tenants 200", "patch tenants/status 200"], *since.writes(&fixture).await);
    let (_, after) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!((&before["settings"], &before["settingsVersion"]), (&after["settings"], &after["settingsVersion"]));
    assert_eq!((Some(stamp(&fixture)), None), stamps(&fixture).await);
    told(&fixture, [event("Normal", "Adopted")], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn if_matches_reports_differences() {
    let fixture = Fixture::new("adopt-differs").await;
    let _operator = fixture.connect().await;
    unowned(&fixture).await;
    let message = refused(&fixture, json!({ "general": { "companyName": "Contoso AG" } }), "NotAdopted").await;
    assert!(message.ends_with(MANAGED), "{message}");
    // Once someone makes the tenant equal on the platform, the next pass adopts it.
    fixture.platform.edit(&fixture.id, json!({ "general": { "companyName": "Contoso AG" } })).await.unwrap();
    let since = Since::now(&fixture).await;
    fixture.pass().await;
    fixture.ready().await;
    assert_eq!(["owner-claimed"], *since.effects(&fixture).await);
}

/// A sealed value cannot be compared and counts as no difference: it is sent after the adoption.
#[tokio::test(flavor = "multi_thread")]
async fn sealed_value_is_not_a_difference() {
    let fixture = Fixture::new("adopt-sealed").await;
    let _operator = fixture.connect().await;
    unowned(&fixture).await;
    let string = json!({ "value": CONNECTION_STRING });
    let interact = json!({ "interact": { "enabled": true, "acsConnectionString": string } });
    fixture.platform.edit(&fixture.id, json!({ "extensions": interact })).await.unwrap();
    let (_, before) = fixture.platform.tenant(&fixture.id).await.unwrap();
    let since = Since::now(&fixture).await;
    let reference = json!({ "name": "acs", "key": "connection-string" });
    let spec = json!({ "interact": { "enabled": true, "acsConnectionStringRef": reference } });
    live(&fixture, fixture.manifest(json!({ "extensions": spec }))).await;
    let calls = ["GET /v1/tenants/{id} 200", "PUT /v1/tenants/{id}/owner 200", "PATCH /v1/tenants/{id} 200"];
    assert_eq!(calls, *since.calls(&fixture).await);
    let (_, after) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!(before["settings"], after["settings"], "an equal value moves no version");
}

#[tokio::test(flavor = "multi_thread")]
async fn always_adopts_despite_differences() {
    let fixture = Fixture::new("adopt-always").await;
    let _operator = fixture.connect().await;
    unowned(&fixture).await;
    let since = Since::now(&fixture).await;
    let spec = json!({ "adoptionPolicy": "Always", "general": { "companyName": "Contoso AG" } });
    live(&fixture, fixture.manifest(spec)).await;
    let calls = ["GET /v1/tenants/{id} 200", "PUT /v1/tenants/{id}/owner 200", "PATCH /v1/tenants/{id} 200"];
    assert_eq!(calls, *since.calls(&fixture).await);
    assert_eq!(["owner-claimed", "settings-changed"], *since.effects(&fixture).await);
    assert_eq!(["patch tenants 200", "patch tenants/status 200"], *since.writes(&fixture).await);
    fixture.settings("the spec's value", |settings| settings["general"]["companyName"] == "Contoso AG").await;
    told(&fixture, [event("Normal", "Adopted")], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_stamp_is_respected_by_every_policy() {
    let mut fixture = Fixture::new("foreign-stamp").await;
    let _operator = fixture.connect().await;
    // Another cluster; a cluster whose ID starts like ours; a Tenant of the same name in another cluster.
    let namespace = fixture.env.namespace.clone();
    let foreign = ["elsewhere/contoso/contoso".into(), "test2/a/b".into(), format!("elsewhere/{namespace}/{NAME}")];
    for owner in foreign {
        fixture.id = uuid::Uuid::new_v4().to_string();
        unowned(&fixture).await;
        // Former ownership does not count while another owner has the tenant.
        fixture.platform.stamp(&fixture.id, Some(&owner), Some(&stamp(&fixture))).await.unwrap();
        let spec = json!({ "adoptionPolicy": "Always", "general": { "companyName": "Contoso AG" } });
        let message = refused(&fixture, spec, "OwnedByOther").await;
        let expected =
            format!("The tenant is owned by another Tenant, {owner} (cluster/namespace/name); nothing was written");
        // Only the cluster differs: it may be the former name of this one.
        let asks = owner.ends_with(&format!("/{namespace}/{NAME}"));
        assert!(message.starts_with(&expected) && asks == message.contains("Was 'elsewhere'"), "{message}");
        let since = Since::now(&fixture).await;
        fixture.delete().await;
        fixture.gone().await;
        assert_eq!([""; 0], *since.calls(&fixture).await);
        assert_eq!((Some(owner), Some(stamp(&fixture))), stamps(&fixture).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn later_foreign_stamp_stops_the_operator() {
    let fixture = Fixture::new("taken-away").await;
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(json!({}))).await;
    fixture.platform.stamp(&fixture.id, Some("elsewhere/contoso/contoso"), Some(&stamp(&fixture))).await.unwrap();
    fixture.platform.edit(&fixture.id, json!({ "general": { "name": "Theirs" } })).await.unwrap();
    let since = Since::now(&fixture).await;
    fixture.patch(json!({ "spec": { "general": { "companyName": "Ours" } } })).await;
    fixture.condition("Ready", "False", "OwnedByOther").await;
    assert_eq!([""; 0], *since.effects(&fixture).await);
    assert_eq!(["GET /v1/tenants/{id} 200"], *since.calls(&fixture).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn stamp_of_a_missing_tenant_is_free() {
    let fixture = Fixture::new("stale-stamp").await;
    let _operator = fixture.connect().await;
    unowned(&fixture).await;
    let stale = format!("test/{}/gone", fixture.env.namespace);
    fixture.platform.stamp(&fixture.id, Some(&stale), None).await.unwrap();
    // Free, but the policy still decides.
    fixture.create(json!({ "adoptionPolicy": "Never" })).await;
    ready_reason(&fixture.tenants(), NAME, "NotAdopted").await;
    let since = Since::now(&fixture).await;
    fixture.patch(json!({ "spec": { "adoptionPolicy": "IfMatches" } })).await;
    fixture.ready().await;
    assert_eq!(["owner-claimed"], *since.effects(&fixture).await);
    assert_eq!((Some(stamp(&fixture)), Some(stale)), stamps(&fixture).await);
}
