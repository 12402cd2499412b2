//! A tenant that already exists: adopted according to the policy, and only if its stamp is free.

use serde_json::{Value, json};

use super::{comes_to, conditions, stalled, unowned};
use crate::deletion::{NO_EVENTS, Since, event, events, live, stamp, stamps};
use crate::support::stage::{CONNECTION_STRING, NAME, Stage};

const MANAGED: &str = "belongs to nobody and differs in spec.general.companyName; spec.adoptionPolicy is IfMatches";

/// Creates the Tenant, which may not adopt the tenant, and returns the message.
async fn refused(stage: &Stage, spec: Value, reason: &str) -> String {
    let (_, before) = stage.platform.tenant(&stage.id).await.unwrap();
    let since = Since::now(stage).await;
    stage.create(spec).await;
    let (tenant, message) = comes_to(&stage.tenants(), NAME, reason).await;
    assert_eq!(stalled(reason), conditions(&tenant));
    assert_eq!(None, tenant.metadata.finalizers);
    stage.pass().await;
    assert_eq!([""; 0], *since.effects(stage).await);
    assert_eq!(["GET /v1/tenants/{id} 200"; 2], *since.calls(stage).await, "one look in each pass");
    assert_eq!(["patch tenants/status 200"; 2], *since.writes(stage).await, "the second for the requested pass");
    let (_, after) = stage.platform.tenant(&stage.id).await.unwrap();
    assert_eq!(before, after);
    assert_eq!(NO_EVENTS, *events(stage).await);
    message
}

#[tokio::test(flavor = "multi_thread")]
async fn never_adopts_nothing() {
    let stage = Stage::new("adopt-never").await;
    let _operator = stage.connect().await;
    unowned(&stage).await;
    let message = refused(&stage, json!({ "adoptionPolicy": "Never" }), "NotAdopted").await;
    assert_eq!("a tenant with this id exists and belongs to nobody; spec.adoptionPolicy is Never", message);
    // A changed policy takes effect at once, like any setting.
    stage.patch(json!({ "spec": { "adoptionPolicy": "IfMatches" } })).await;
    stage.ready().await;
    assert_eq!((Some(stamp(&stage)), None), stamps(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn if_matches_adopts_an_equal_tenant() {
    let stage = Stage::new("adopt-equal").await;
    let _operator = stage.connect().await;
    unowned(&stage).await;
    let (_, before) = stage.platform.tenant(&stage.id).await.unwrap();
    let since = Since::now(&stage).await;
    live(&stage, stage.manifest(json!({}))).await;
    assert_eq!(["GET /v1/tenants/{id} 200", "PUT /v1/tenants/{id}/owner 200"], *since.calls(&stage).await);
    assert_eq!(["patch tenants 200", "patch tenants/status 200"], *since.writes(&stage).await);
    let (_, after) = stage.platform.tenant(&stage.id).await.unwrap();
    assert_eq!((&before["settings"], &before["settingsVersion"]), (&after["settings"], &after["settingsVersion"]));
    assert_eq!((Some(stamp(&stage)), None), stamps(&stage).await);
    assert_eq!([event("Normal", "Adopted")], *events(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn if_matches_reports_differences() {
    let stage = Stage::new("adopt-differs").await;
    let _operator = stage.connect().await;
    unowned(&stage).await;
    let message = refused(&stage, json!({ "general": { "companyName": "Contoso AG" } }), "NotAdopted").await;
    assert!(message.ends_with(MANAGED), "{message}");
    // Once someone makes the tenant equal on the platform, the next pass adopts it.
    stage.platform.edit(&stage.id, json!({ "general": { "companyName": "Contoso AG" } })).await.unwrap();
    let since = Since::now(&stage).await;
    stage.pass().await;
    stage.ready().await;
    assert_eq!(["owner-claimed"], *since.effects(&stage).await);
}

/// A sealed value cannot be compared and counts as no difference: it is sent after the adoption.
#[tokio::test(flavor = "multi_thread")]
async fn sealed_value_is_not_a_difference() {
    let stage = Stage::new("adopt-sealed").await;
    let _operator = stage.connect().await;
    unowned(&stage).await;
    let string = json!({ "value": CONNECTION_STRING });
    let interact = json!({ "interact": { "enabled": true, "acsConnectionString": string } });
    stage.platform.edit(&stage.id, json!({ "extensions": interact })).await.unwrap();
    let (_, before) = stage.platform.tenant(&stage.id).await.unwrap();
    let since = Since::now(&stage).await;
    let reference = json!({ "name": "acs", "key": "connection-string" });
    let spec = json!({ "interact": { "enabled": true, "acsConnectionStringRef": reference } });
    live(&stage, stage.manifest(json!({ "extensions": spec }))).await;
    let calls = ["GET /v1/tenants/{id} 200", "PUT /v1/tenants/{id}/owner 200", "PATCH /v1/tenants/{id} 200"];
    assert_eq!(calls, *since.calls(&stage).await);
    let (_, after) = stage.platform.tenant(&stage.id).await.unwrap();
    assert_eq!(before["settings"], after["settings"], "an equal value moves no version");
}

#[tokio::test(flavor = "multi_thread")]
async fn always_adopts_despite_differences() {
    let stage = Stage::new("adopt-always").await;
    let _operator = stage.connect().await;
    unowned(&stage).await;
    let since = Since::now(&stage).await;
    let spec = json!({ "adoptionPolicy": "Always", "general": { "companyName": "Contoso AG" } });
    live(&stage, stage.manifest(spec)).await;
    let calls = ["GET /v1/tenants/{id} 200", "PUT /v1/tenants/{id}/owner 200", "PATCH /v1/tenants/{id} 200"];
    assert_eq!(calls, *since.calls(&stage).await);
    assert_eq!(["owner-claimed", "settings-changed"], *since.effects(&stage).await);
    assert_eq!(["patch tenants 200", "patch tenants/status 200"], *since.writes(&stage).await);
    stage.settings("the spec's value", |settings| settings["general"]["companyName"] == "Contoso AG").await;
    assert_eq!([event("Normal", "Adopted")], *events(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_stamp_is_respected_by_every_policy() {
    let mut stage = Stage::new("foreign-stamp").await;
    let _operator = stage.connect().await;
    // Another cluster; a cluster whose ID starts like ours; a Tenant of the same name in another cluster.
    let namespace = stage.env.namespace.clone();
    let foreign = ["elsewhere/contoso/contoso".into(), "test2/a/b".into(), format!("elsewhere/{namespace}/{NAME}")];
    for owner in foreign {
        stage.id = uuid::Uuid::new_v4().to_string();
        unowned(&stage).await;
        // Former ownership does not count while another owner has the tenant.
        stage.platform.stamp(&stage.id, Some(&owner), Some(&stamp(&stage))).await.unwrap();
        let spec = json!({ "adoptionPolicy": "Always", "general": { "companyName": "Contoso AG" } });
        let message = refused(&stage, spec, "OwnedByOther").await;
        let expected = format!("the tenant is managed by '{owner}' (cluster/namespace/name); nothing was written");
        assert_eq!(expected, message);
        let since = Since::now(&stage).await;
        stage.delete().await;
        stage.gone().await;
        assert_eq!([""; 0], *since.calls(&stage).await);
        assert_eq!((Some(owner), Some(stamp(&stage))), stamps(&stage).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn later_foreign_stamp_stops_the_operator() {
    let stage = Stage::new("taken-away").await;
    let _operator = stage.connect().await;
    live(&stage, stage.manifest(json!({}))).await;
    stage.platform.stamp(&stage.id, Some("elsewhere/contoso/contoso"), Some(&stamp(&stage))).await.unwrap();
    stage.platform.edit(&stage.id, json!({ "general": { "name": "Theirs" } })).await.unwrap();
    let since = Since::now(&stage).await;
    stage.patch(json!({ "spec": { "general": { "companyName": "Ours" } } })).await;
    stage.condition("Ready", "False", "OwnedByOther").await;
    assert_eq!([""; 0], *since.effects(&stage).await);
    assert_eq!(["GET /v1/tenants/{id} 200"], *since.calls(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn stamp_of_a_missing_tenant_is_free() {
    let stage = Stage::new("stale-stamp").await;
    let _operator = stage.connect().await;
    unowned(&stage).await;
    let stale = format!("test/{}/gone", stage.env.namespace);
    stage.platform.stamp(&stage.id, Some(&stale), None).await.unwrap();
    // Free, but the policy still decides.
    stage.create(json!({ "adoptionPolicy": "Never" })).await;
    comes_to(&stage.tenants(), NAME, "NotAdopted").await;
    let since = Since::now(&stage).await;
    stage.patch(json!({ "spec": { "adoptionPolicy": "IfMatches" } })).await;
    stage.ready().await;
    assert_eq!(["owner-claimed"], *since.effects(&stage).await);
    assert_eq!((Some(stamp(&stage)), Some(stale)), stamps(&stage).await);
}
