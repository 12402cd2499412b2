//! The widget key in its Secret: created once, kept equal to the platform, and nothing else in the Secret is changed.

use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use nimbus_operator::resources::Tenant;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::stage::{Stage, condition};
use crate::support::trigger::{SECRET, published, rotating};
use crate::support::wait::{PATIENCE, until};

async fn secret(stage: &Stage) -> Secret {
    stage.secrets().get(SECRET).await.unwrap()
}

async fn edit(stage: &Stage, patch: Value) -> Secret {
    let params = PatchParams { field_manager: Some("somebody".into()), ..PatchParams::default() };
    stage.secrets().patch(SECRET, &params, &Patch::Merge(patch)).await.unwrap()
}

/// The record in status: the version of the key, and the Secret as it was written.
fn record(tenant: &Tenant) -> (Option<i64>, Option<String>, Option<String>) {
    let status = tenant.status.clone().unwrap().widget_key.unwrap();
    (status.version, status.secret_name, status.secret_version)
}

fn recorded(secret: &Secret, version: i64) -> (Option<i64>, Option<String>, Option<String>) {
    let left = format!("{}/{}", secret.uid().unwrap(), secret.resource_version().unwrap());
    (Some(version), Some(SECRET.to_owned()), Some(left))
}

#[tokio::test(flavor = "multi_thread")]
async fn published_secret_follows_the_platform_key() {
    let stage = Stage::new("published").await;
    let _operator = stage.start();
    stage.create(published(None)).await;
    let ready = stage.ready().await;
    let (key, version) = stage.widget_key().await;
    let made = secret(&stage).await;
    assert_eq!(Some("Opaque"), made.type_.as_deref());
    assert_eq!(["widget-key"], *made.data.clone().unwrap().into_keys().collect::<Vec<_>>());
    assert_eq!(Some(key), stage.published_key().await);
    let owners = serde_json::to_value(&made.metadata.owner_references).unwrap();
    let owner = json!([{
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant", "name": "contoso",
        "uid": ready.uid().unwrap(), "controller": true
    }]);
    assert_eq!(owner, owners);
    assert_eq!(Some("nimbus-operator"), made.labels().get("app.kubernetes.io/managed-by").map(String::as_str));
    assert_eq!(recorded(&made, version), record(&ready));

    // "Refresh" in the UI is not a rotation by the operator; the new key is published.
    let path = format!("{}/v1/tenants/{}/widget-key/rotate", stage.platform.url(), stage.id);
    let stamp = format!("test/{}/contoso", stage.env.namespace);
    let request = reqwest::Client::new().request(Method::POST, path).header("nimbus-owner", stamp);
    let request = request.bearer_auth(stage.platform.token("system").await.unwrap());
    request.json(&json!({ "token": "from-the-ui" })).send().await.unwrap().error_for_status().unwrap();
    let tenant = stage.pass().await;
    let (key, version) = stage.widget_key().await;
    assert_eq!((2, Some(key)), (version, stage.published_key().await));
    assert_eq!(recorded(&secret(&stage).await, 2), record(&tenant));
    assert_eq!(Vec::<(String, String)>::new(), stage.events().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_or_edited_secret_is_restored() {
    let stage = Stage::new("republished").await;
    let _operator = stage.start();
    stage.create(published(Some("a"))).await;
    stage.ready().await;
    let key = stage.published_key().await.unwrap();
    stage.secrets().delete(SECRET, &DeleteParams::default()).await.unwrap();
    let tenant = stage.pass().await;
    assert_eq!(Some(key.clone()), stage.published_key().await);
    assert_eq!(recorded(&secret(&stage).await, 1), record(&tenant));

    for data in [json!({ "widget-key": "bXkgb3du" }), json!({ "widget-key": null }), json!(null)] {
        edit(&stage, json!({ "data": data })).await;
        let mark = stage.platform.mark().await.unwrap();
        stage.pass().await;
        assert_eq!(Some(key.clone()), stage.published_key().await, "{data}");
        assert_eq!(["GET", "GET widget-key"], *stage.short_calls(mark).await);
    }
    // Other keys in the Secret are kept, and cost one read.
    edit(&stage, json!({ "data": { "more": "bW9yZQ==" }, "metadata": { "labels": { "team": "web" } } })).await;
    let audit = stage.audit().mark().await.unwrap();
    stage.pass().await;
    assert_eq!(Vec::<(String, u16)>::new(), stage.secret_writes(audit).await);
    stage.patch(rotating("b")).await;
    stage.ready().await;
    let after = secret(&stage).await;
    assert_eq!(["more", "widget-key"], *after.data.clone().unwrap().into_keys().collect::<Vec<_>>());
    assert_eq!(Some("web"), after.labels().get("team").map(String::as_str));
    assert_ne!(Some(key), stage.published_key().await);
    let mark = stage.platform.mark().await.unwrap();
    stage.pass().await;
    assert_eq!(["GET"], *stage.short_calls(mark).await, "at rest");
}

#[tokio::test(flavor = "multi_thread")]
async fn immutable_secret_is_reported_and_kept() {
    let stage = Stage::new("immutable").await;
    let _operator = stage.start();
    stage.create(published(None)).await;
    stage.ready().await;
    edit(&stage, json!({ "immutable": true })).await;
    stage.patch(rotating("a")).await;
    let stalled = stage.condition("Ready", "False", "SecretNotOwned").await;
    let words = "spec.extensions.interact.widgetKey.secretRef: Secret 'contoso-widget-key' is immutable; the widget key is not published";
    assert!(condition(&stalled, "Ready").unwrap().2.starts_with(words));
    stage.secrets().delete(SECRET, &DeleteParams::default()).await.unwrap();
    stage.ready().await;
    assert_eq!(Some(stage.widget_key().await.0), stage.published_key().await);
}

/// The Secret belongs to the Tenant: with Retain the tenant stays, and the published Secret does not.
#[tokio::test(flavor = "multi_thread")]
async fn secret_is_deleted_with_its_tenant() {
    let stage = Stage::new("collected").await;
    let _operator = stage.start();
    stage.create(published(None)).await;
    stage.ready().await;
    stage.delete().await;
    stage.gone().await;
    let secrets: Api<Secret> = stage.secrets();
    until("garbage collection", PATIENCE, async || match secrets.get_opt(SECRET).await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_without_key_says_how_to_get_one() {
    let stage = Stage::new("no-key").await;
    let _operator = stage.start();
    stage.create(published(None)).await;
    stage.ready().await;
    // As if the platform had no key: in the document, and in the response of the key itself.
    let (_, mut document) = stage.platform.tenant(&stage.id).await.unwrap();
    document["runtime"]["widgetKey"] = json!({ "set": false, "version": 0, "lastToken": null });
    let action = json!({ "kind": "status", "status": 200, "contentType": "application/json", "body": document });
    stage.platform.plant(json!([{ "route": "GET /v1/tenants/{id}", "action": action }])).await.unwrap();
    stage.pass().await;
    let tenant = stage.ready().await;
    let tabs = tenant.status.unwrap().tabs;
    let tab = tabs.iter().find(|tab| tab.name == "Extensions").unwrap();
    assert_eq!(Some("the platform has no widget key yet: a rotation makes one"), tab.message.as_deref());
}
