//! The widget key in its Secret: created once, kept equal to the platform, and nothing else in the Secret is changed.

use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use nimbus_operator::resources::Tenant;
use serde_json::{Value, json};

use crate::support::fixture::{Fixture, condition};
use crate::support::trigger::{SECRET, published, rotating};
use crate::support::wait::{PATIENCE, until};

async fn secret(fixture: &Fixture) -> Secret {
    fixture.secrets().get(SECRET).await.unwrap()
}

async fn edit(fixture: &Fixture, patch: Value) -> Secret {
    let params = PatchParams { field_manager: Some("somebody".into()), ..PatchParams::default() };
    fixture.secrets().patch(SECRET, &params, &Patch::Merge(patch)).await.unwrap()
}

/// The record in status: the version of the key, and the Secret as it was written.
fn record(tenant: &Tenant) -> (Option<String>, Option<String>, Option<String>) {
    let status = tenant.status.clone().unwrap().widget_key.unwrap();
    (status.version.map(|version| version.to_string()), status.secret_name, status.secret_version)
}

fn recorded(secret: &Secret, version: String) -> (Option<String>, Option<String>, Option<String>) {
    let left = format!("{}/{}", secret.uid().unwrap(), secret.resource_version().unwrap());
    (Some(version), Some(SECRET.to_owned()), Some(left))
}

#[tokio::test(flavor = "multi_thread")]
async fn published_secret_follows_the_platform_key() {
    let fixture = Fixture::new("published").await;
    let _operator = fixture.start();
    fixture.create(published(None)).await;
    let ready = fixture.ready().await;
    let (key, version) = fixture.widget_key().await;
    let made = secret(&fixture).await;
    assert_eq!(Some("Opaque"), made.type_.as_deref());
    assert_eq!(["widget-key"], *made.data.clone().unwrap().into_keys().collect::<Vec<_>>());
    assert_eq!(Some(key), fixture.published_key().await);
    let owners = serde_json::to_value(&made.metadata.owner_references).unwrap();
    let owner = json!([{
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant", "name": "contoso",
        "uid": ready.uid().unwrap(), "controller": true
    }]);
    assert_eq!(owner, owners);
    assert_eq!(Some("nimbus-operator"), made.labels().get("app.kubernetes.io/managed-by").map(String::as_str));
    assert_eq!(recorded(&made, version), record(&ready));

    // "Refresh" in the UI is not a rotation by the operator; the new key is published.
    fixture.refresh_widget_key().await;
    let tenant = fixture.pass().await;
    let (key, version) = fixture.widget_key().await;
    assert_eq!(Some(key), fixture.published_key().await);
    assert_eq!(recorded(&secret(&fixture).await, version), record(&tenant));
    assert_eq!(Vec::<(String, String)>::new(), fixture.events().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_or_edited_secret_is_restored() {
    let fixture = Fixture::new("republished").await;
    let _operator = fixture.start();
    fixture.create(published(Some("a"))).await;
    fixture.ready().await;
    let key = fixture.published_key().await.unwrap();
    fixture.secrets().delete(SECRET, &DeleteParams::default()).await.unwrap();
    let tenant = fixture.pass().await;
    assert_eq!(Some(key.clone()), fixture.published_key().await);
    let (_, version) = fixture.widget_key().await;
    assert_eq!(recorded(&secret(&fixture).await, version), record(&tenant));

    for data in [json!({ "widget-key": "bXkgb3du" }), json!({ "widget-key": null }), json!(null)] {
        edit(&fixture, json!({ "data": data })).await;
        let mark = fixture.platform.mark().await.unwrap();
        fixture.pass().await;
        assert_eq!(Some(key.clone()), fixture.published_key().await, "{data}");
        assert_eq!(["GET", "GET widget-key"], *fixture.short_calls(mark).await);
    }
    // Other keys in the Secret are kept, and cost one read.
    edit(&fixture, json!({ "data": { "more": "bW9yZQ==" }, "metadata": { "labels": { "team": "web" } } })).await;
    let audit = fixture.audit().mark().await.unwrap();
    fixture.pass().await;
    assert_eq!(Vec::<(String, u16)>::new(), fixture.secret_writes(audit).await);
    fixture.patch(rotating("b")).await;
    fixture.ready().await;
    let after = secret(&fixture).await;
    assert_eq!(["more", "widget-key"], *after.data.clone().unwrap().into_keys().collect::<Vec<_>>());
    assert_eq!(Some("web"), after.labels().get("team").map(String::as_str));
    assert_ne!(Some(key), fixture.published_key().await);
    let mark = fixture.platform.mark().await.unwrap();
    fixture.pass().await;
    assert_eq!(["GET"], *fixture.short_calls(mark).await, "at rest");
}

#[tokio::test(flavor = "multi_thread")]
async fn immutable_secret_is_reported_and_kept() {
    let fixture = Fixture::new("immutable").await;
    let _operator = fixture.start();
    fixture.create(published(None)).await;
    fixture.ready().await;
    edit(&fixture, json!({ "immutable": true })).await;
    fixture.patch(rotating("a")).await;
    let stalled = fixture.condition("Ready", "False", "SecretNotOwned").await;
    let expected = format!(
        "spec.extensions.interact.widgetKey.secretRef: Secret {}/{SECRET} is immutable; the widget key is not rotated",
        fixture.env.namespace
    );
    assert_eq!(expected, condition(&stalled, "Ready").unwrap().2);
    let key = fixture.published_key().await.unwrap();
    assert_eq!(("connected".to_owned(), 0), (fixture.open_widget(&key).await, fixture.rotations().await));
    fixture.secrets().delete(SECRET, &DeleteParams::default()).await.unwrap();
    fixture.ready().await;
    assert_eq!(Some(fixture.widget_key().await.0), fixture.published_key().await);
}

/// The Secret belongs to the Tenant: with Retain the tenant stays, and the published Secret does not.
#[tokio::test(flavor = "multi_thread")]
async fn secret_is_deleted_with_its_tenant() {
    let fixture = Fixture::new("collected").await;
    let _operator = fixture.start();
    fixture.create(published(None)).await;
    fixture.ready().await;
    fixture.delete().await;
    fixture.gone().await;
    let secrets: Api<Secret> = fixture.secrets();
    until("garbage collection", PATIENCE, async || match secrets.get_opt(SECRET).await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_without_key_says_how_to_get_one() {
    let fixture = Fixture::new("no-key").await;
    let _operator = fixture.start();
    fixture.create(published(None)).await;
    fixture.ready().await;
    // As if the platform had no key: in the document, and in the response of the key itself.
    let (_, mut document) = fixture.platform.tenant(&fixture.id).await.unwrap();
    document["runtime"]["widgetKey"] = json!({ "set": false, "version": "none", "lastToken": null });
    let action = json!({ "kind": "status", "status": 200, "contentType": "application/json", "body": document });
    fixture.platform.add_faults(json!([{ "route": "GET /v1/tenants/{id}", "action": action }])).await.unwrap();
    fixture.pass().await;
    let tenant = fixture.ready().await;
    let tabs = tenant.status.unwrap().tabs;
    let tab = tabs.iter().find(|tab| tab.name.as_str() == "Extensions").unwrap();
    assert_eq!(Some("The platform has no widget key yet; a rotation creates one"), tab.message.as_deref());
}
