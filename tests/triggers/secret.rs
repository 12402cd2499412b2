//! A Secret that was not created for this Tenant is never changed, of any kind and any age.

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::support::fixture::{Fixture, NAME, condition, refused};
use crate::support::rights::allow_creating_secrets;
use crate::support::tenant::TenantHandle;
use crate::support::trigger::{SECRET, interact, published, rotating};
use crate::support::users::{ADMIN, PLATFORM_ADMIN, TENANT_EDITOR};
use crate::support::wait::{PATIENCE, until};

/// The message of a Secret that the operator did not create.
fn not_owned(fixture: &Fixture, secret: &str) -> String {
    format!(
        "spec.extensions.interact.widgetKey.secretRef: Secret {}/{secret} was not created by the operator for this Tenant and \
         is not changed; the widget key is not published",
        fixture.env.namespace
    )
}

/// Secrets of others: of types that belong to other controllers, and without a type.
fn foreign() -> Vec<Value> {
    let pem = "LS0tLS0=";
    let of = |kind: &str, data: Value| json!({ "metadata": { "name": SECRET }, "type": kind, "data": data });
    let mut owned = of("Opaque", json!({ "widget-key": "dGhlaXJz" }));
    owned["metadata"]["ownerReferences"] =
        json!([{ "apiVersion": "v1", "kind": "Secret", "name": "acs", "uid": "x", "controller": true }]);
    let mut labelled = of("Opaque", json!({ "widget-key": "dGhlaXJz" }));
    labelled["metadata"]["labels"] = json!({ "app.kubernetes.io/managed-by": "nimbus-operator" });
    vec![
        of("Opaque", json!({ "password": "dGhlaXJz" })),
        labelled,
        owned,
        of("kubernetes.io/tls", json!({ "tls.crt": pem, "tls.key": pem })),
        of("kubernetes.io/dockerconfigjson", json!({ ".dockerconfigjson": "e30=" })),
        of("kubernetes.io/ssh-auth", json!({ "ssh-privatekey": pem })),
        of("kubernetes.io/basic-auth", json!({ "username": "YQ==", "password": "YQ==" })),
        of("bootstrap.kubernetes.io/token", json!({ "token-id": "YWJjZGVm" })),
        of("helm.sh/release.v1", json!({ "release": "eA==" })),
    ]
}

async fn create_foreign(fixture: &Fixture, mut secret: Value) -> Secret {
    // An existing owner, so that garbage collection does nothing.
    if let Some(owner) = secret.pointer_mut("/metadata/ownerReferences/0/uid") {
        *owner = json!(fixture.secrets().get("acs").await.unwrap().uid());
    }
    let secret: Secret = serde_json::from_value(secret).unwrap();
    fixture.secrets().create(&PostParams::default(), &secret).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_secret_is_reported_and_not_changed() {
    let fixture = Fixture::new("foreign-secret").await;
    let names: Vec<String> = (0..foreign().len()).map(|number| format!("theirs-{number}")).collect();
    let all: Vec<&str> = names.iter().map(String::as_str).collect();
    allow_creating_secrets(&fixture.client(ADMIN), &fixture.env.namespace, &all).await.unwrap();
    let mark = fixture.audit().mark().await.unwrap();
    let _operator = fixture.start();
    let mut there = vec![];
    for (name, mut secret) in names.iter().zip(foreign()) {
        secret["metadata"]["name"] = json!(name);
        let planted = create_foreign(&fixture, secret).await;
        let tenant = TenantHandle::new(&fixture, name);
        tenant.create(interact(json!({ "secretRef": { "name": name }, "rotation": "a" }))).await;
        there.push((tenant, planted));
    }
    for (tenant, planted) in &there {
        let stalled = tenant.condition("Ready", "False", "SecretNotOwned").await;
        let kind = planted.type_.as_deref().unwrap_or_default();
        let message = condition(&stalled, "Ready").unwrap().2;
        assert_eq!(not_owned(&fixture, &tenant.name), message, "{kind}");
        for (kind, status) in [("Stalled", "True"), ("Synced", "True"), ("Accepted", "True")] {
            assert_eq!(Some(status.to_owned()), condition(&stalled, kind).map(|(status, ..)| status), "{kind}");
        }
        tenant.patch(rotating("b")).await;
        tenant.condition("Ready", "False", "SecretNotOwned").await;
        assert_eq!(*planted, fixture.secrets().get(&tenant.name).await.unwrap(), "{kind}");
    }
    assert_eq!(Vec::<(String, u16)>::new(), fixture.secret_writes(mark).await);
    let reads = fixture.platform.log_after(0).await.unwrap();
    // Only a Secret with our label may be one that was restored from a backup: the key in it tells.
    let labelled =
        there.iter().filter(|(_, planted)| !planted.labels().is_empty()).map(|(tenant, _)| tenant.id.as_str());
    let labelled: Vec<&str> = labelled.collect();
    assert_eq!(1, labelled.len());
    let read = reads.iter().filter(|seen| seen.call.ends_with("/widget-key"));
    assert!(
        read.clone().all(|seen| labelled.contains(&seen.entry["tenant"].as_str().unwrap())),
        "the key is not even read"
    );
    assert!(reads.iter().all(|seen| seen.effect.as_deref() != Some("widget-key-rotated")), "no key is lost");

    // It recovers once the name is free.
    for (tenant, _) in &there {
        fixture.secrets().delete(&tenant.name, &DeleteParams::default()).await.unwrap();
    }
    for (tenant, _) in &there {
        tenant.ready().await;
    }
    let writes = fixture.secret_writes(mark).await;
    assert!(writes.iter().all(|(write, code)| write.starts_with("create") && *code == 201), "{writes:?}");
    assert_eq!(there.len(), writes.len());
}

/// Delays the response with the key, and waits until the operator has requested it.
async fn while_the_key_is_read(fixture: &Fixture) {
    until("the key is asked for", PATIENCE, async || {
        let faults = fixture.platform.ask(reqwest::Method::GET, "/sandbox/faults", None).await.unwrap();
        if faults["faults"][0]["faulted"] == 1 { Ok(()) } else { Err(faults.to_string()) }
    })
    .await;
}

async fn slow_key(fixture: &Fixture) {
    let action = json!({ "kind": "delay", "seconds": 4 });
    let route = "GET /v1/tenants/{id}/widget-key";
    fixture.platform.add_faults(json!([{ "route": route, "action": action, "nth": 1 }])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrently_created_secret_is_not_taken() {
    let fixture = Fixture::new("secret-race").await;
    let mark = fixture.audit().mark().await.unwrap();
    let _operator = fixture.start();
    slow_key(&fixture).await;
    fixture.create(published(None)).await;
    while_the_key_is_read(&fixture).await;
    let planted = create_foreign(&fixture, foreign().remove(0)).await;
    let stalled = fixture.condition("Ready", "False", "SecretNotOwned").await;
    assert_eq!(not_owned(&fixture, SECRET), condition(&stalled, "Ready").unwrap().2);
    assert_eq!(planted, fixture.secrets().get(SECRET).await.unwrap());
    let codes: Vec<u16> = fixture.secret_writes(mark).await.into_iter().map(|(_, code)| code).collect();
    assert_eq!([409], *codes, "one attempt");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_published_during_deletion() {
    let fixture = Fixture::new("secret-deletion").await;
    let mark = fixture.audit().mark().await.unwrap();
    let _operator = fixture.start();
    slow_key(&fixture).await;
    fixture.create(published(Some("a"))).await;
    while_the_key_is_read(&fixture).await;
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!(Vec::<(String, u16)>::new(), fixture.secret_writes(mark).await);
    assert_eq!(None, fixture.published_key().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_permission_is_reported_and_recovers() {
    let fixture = Fixture::new("secret-right").await;
    let bindings: Api<RoleBinding> = Api::namespaced(fixture.client(ADMIN), &fixture.env.namespace);
    let name = "nimbus-operator-widget-keys";
    let mut binding = bindings.get(name).await.unwrap();
    bindings.delete(name, &DeleteParams::default()).await.unwrap();
    let _operator = fixture.start();
    fixture.create(published(None)).await;
    let waiting = fixture.condition("Ready", "False", "SecretForbidden").await;
    let words = format!("the operator may not get, create or patch Secret {}/{SECRET}", fixture.env.namespace);
    assert!(condition(&waiting, "Ready").unwrap().2.contains(&words));
    assert_eq!(Some("True".to_owned()), condition(&waiting, "Synced").map(|(status, ..)| status));
    binding.metadata.resource_version = None;
    binding.metadata.uid = None;
    bindings.create(&PostParams::default(), &binding).await.unwrap();
    fixture.ready().await;
    assert_eq!(Some(fixture.widget_key().await.0), fixture.published_key().await);
}

/// S3: an author must be allowed to create and read a Secret that the operator would create for them.
#[tokio::test(flavor = "multi_thread")]
async fn author_must_be_allowed_to_create_the_secret() {
    let fixture = Fixture::new("secret-author").await;
    fixture.create(interact(json!({ "rotation": "a" }))).await;
    let api =
        |user| Api::<nimbus_operator::resources::Tenant>::namespaced(fixture.client(user), &fixture.env.namespace);
    let edit = async |user, name: &str| {
        let patch =
            json!({ "spec": { "extensions": { "interact": { "widgetKey": { "secretRef": { "name": name } } } } } });
        let params = kube::api::PatchParams { field_manager: Some("test".into()), ..Default::default() };
        api(user).patch(NAME, &params, &kube::api::Patch::Merge(patch)).await
    };
    for user in [TENANT_EDITOR, PLATFORM_ADMIN] {
        let words = ["widgetKey.secretRef names Secret db-password", "the verbs get and create on it"];
        refused(edit(user, "db-password").await, 403, &words).unwrap();
    }
    edit(TENANT_EDITOR, SECRET).await.unwrap();
    // Only an author who changes it is checked.
    fixture.patch(rotating("b")).await;
}
