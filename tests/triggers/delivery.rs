//! A rotation makes the key in use worthless. It is not sent before its result can be delivered, and a Secret that comes back from a
//! backup is recognized.

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::api::{DeleteParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use crate::support::fixture::{Fixture, condition};
use crate::support::organisation::{self, Rule};
use crate::support::trigger::{SECRET, published, rotating};
use crate::support::users::ADMIN;

/// The start of each message about the Secret.
fn about(fixture: &Fixture, what: &str) -> String {
    let place = format!("Secret {}/{SECRET}", fixture.env.namespace);
    format!("spec.extensions.interact.widgetKey.secretRef: {}", what.replace("{}", &place))
}

/// The rotation is held, says why, and the key in use works. Returns that key.
async fn held(fixture: &Fixture, reason: &str, expected: &str) -> String {
    let stopped = fixture.condition("Ready", "False", reason).await;
    let message = condition(&stopped, "Ready").unwrap().2;
    assert_eq!(about(fixture, expected), message);
    let tab = stopped.status.as_ref().unwrap().tabs.iter().find(|tab| tab.name.as_str() == "Extensions").unwrap();
    let waits = "The rotation of the widget key waits until a new key can be published";
    assert!(tab.message.as_deref().unwrap().contains(waits), "{:?}", tab.message);
    assert_eq!(0, fixture.rotations().await, "the key in use is not replaced");
    let key = fixture.published_key().await.unwrap();
    assert_eq!("connected", fixture.open_widget(&key).await);
    key
}

/// The rotation was made once, and the new key is in the Secret.
async fn rotated(fixture: &Fixture, before: &str) {
    fixture.ready().await;
    let key = fixture.published_key().await.unwrap();
    assert_eq!((1, fixture.widget_key().await.0), (fixture.rotations().await, key.clone()));
    assert_ne!(before, key);
    assert_eq!([("Normal".to_owned(), "Rotated".to_owned())], *fixture.events().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn rotation_waits_for_the_permission_to_write_the_secret() {
    let fixture = Fixture::new("delivery-right").await;
    let _operator = fixture.start();
    fixture.create(published(None)).await;
    fixture.ready().await;
    let bindings: Api<RoleBinding> = Api::namespaced(fixture.client(ADMIN), &fixture.env.namespace);
    let name = "nimbus-operator-widget-keys";
    let mut binding = bindings.get(name).await.unwrap();
    bindings.delete(name, &DeleteParams::default()).await.unwrap();
    fixture.patch(rotating("a")).await;
    let words = "the operator may not get, create or patch {}; the widget key is not rotated";
    let key = held(&fixture, "SecretForbidden", words).await;
    binding.metadata.resource_version = None;
    binding.metadata.uid = None;
    bindings.create(&PostParams::default(), &binding).await.unwrap();
    rotated(&fixture, &key).await;
}

/// An organisation's policy on this Secret, which acts once this returns.
async fn refuse(fixture: &Fixture) -> String {
    let namespace = &fixture.env.namespace;
    let name = format!("{namespace}-keys");
    let rule = Rule {
        name: &name,
        group: "",
        resource: "secrets",
        here: &format!("request.namespace == '{namespace}' && request.name == '{SECRET}'"),
        allows: "object.data == oldObject.data",
        message: "'frozen'",
        reason: "Forbidden",
    };
    organisation::install(fixture, &rule).await;
    organisation::acts(&fixture.secrets(), SECRET, &name, json!({ "data": { "probe": "cHJvYmU=" } })).await;
    name
}

#[tokio::test(flavor = "multi_thread")]
async fn rotation_waits_for_a_policy_that_refuses_the_secret() {
    let fixture = Fixture::new("delivery-policy").await;
    let _operator = fixture.start();
    fixture.create(published(None)).await;
    fixture.ready().await;
    let policy = refuse(&fixture).await;
    let mark = fixture.audit().mark().await.unwrap();
    fixture.patch(rotating("a")).await;
    let words = format!("ValidatingAdmissionPolicy {policy} refuses to write {{}}; the widget key is not rotated");
    let key = held(&fixture, "KubernetesRefused", &words).await;
    assert_eq!(Vec::<(String, u16)>::new(), fixture.secret_writes(mark).await, "it is tried by a dry run only");
    organisation::remove(&fixture, &policy).await;
    rotated(&fixture, &key).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rotation_waits_until_the_key_can_be_read() {
    let fixture = Fixture::new("delivery-unread").await;
    let _operator = fixture.start();
    fixture.create(published(None)).await;
    fixture.ready().await;
    let route = "GET /v1/tenants/{id}/widget-key";
    let action = json!({ "kind": "status", "status": 500, "body": "no" });
    fixture.platform.add_faults(json!([{ "route": route, "action": action }])).await.unwrap();
    fixture.patch(rotating("a")).await;
    let stopped = fixture.condition("Ready", "False", "PlatformUnavailable").await;
    let words = "the platform did not return the widget key for {}; the widget key is not rotated";
    assert_eq!(about(&fixture, words), condition(&stopped, "Ready").unwrap().2);
    assert_eq!(0, fixture.rotations().await);
    let key = fixture.published_key().await.unwrap();
    fixture.platform.clear_faults().await.unwrap();
    rotated(&fixture, &key).await;
}

/// Replaces the Secret as a backup program does: the same name, label and data, and these owners.
async fn restore(fixture: &Fixture, owners: Value, key: Option<&str>) -> Secret {
    let mut kept = fixture.secrets().get(SECRET).await.unwrap();
    fixture.secrets().delete(SECRET, &DeleteParams::default()).await.unwrap();
    kept.metadata = kube::core::ObjectMeta {
        name: Some(SECRET.to_owned()),
        labels: kept.metadata.labels,
        owner_references: serde_json::from_value(owners).unwrap(),
        ..kube::core::ObjectMeta::default()
    };
    if let Some(key) = key {
        kept.data = Some([("widget-key".to_owned(), k8s_openapi::ByteString(key.as_bytes().to_vec()))].into());
    }
    fixture.secrets().create(&PostParams::default(), &kept).await.unwrap()
}

fn owner(uid: &str) -> Value {
    json!([{
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant", "name": "contoso", "uid": uid, "controller": true
    }])
}

#[tokio::test(flavor = "multi_thread")]
async fn restored_secret_with_the_present_key_is_ours_again() {
    let fixture = Fixture::new("delivery-restored").await;
    let operator = fixture.start();
    fixture.create(published(None)).await;
    let uid = fixture.ready().await.uid().unwrap();
    let key = fixture.published_key().await.unwrap();
    for owners in [json!([]), owner("11111111-2222-4333-8444-555555555555")] {
        let is_orphan = owners == json!([]);
        let restored = restore(&fixture, owners, None).await;
        fixture.pass().await;
        let tenant = fixture.ready().await;
        let now = fixture.secrets().get(SECRET).await.unwrap();
        assert_eq!(owner(&uid), serde_json::to_value(&now.metadata.owner_references).unwrap());
        assert_eq!(Some(key.clone()), fixture.published_key().await);
        // Garbage collection may be faster where there was an owner.
        assert!(!is_orphan || now.uid() == restored.uid(), "it is taken back, not made again");
        let recorded = tenant.status.unwrap().widget_key.unwrap().secret_version.unwrap();
        assert_eq!(format!("{}/{}", now.uid().unwrap(), now.resource_version().unwrap()), recorded);
    }
    assert_eq!(0, fixture.rotations().await);
    // With the next token it is taken back and gets the new key in one write.
    operator.stop().await;
    restore(&fixture, json!([]), None).await;
    let mark = fixture.audit().mark().await.unwrap();
    let _operator = fixture.start();
    fixture.patch(rotating("a")).await;
    rotated(&fixture, &key).await;
    assert_eq!(1, fixture.secret_writes(mark).await.len());
    assert_eq!(
        owner(&uid),
        serde_json::to_value(fixture.secrets().get(SECRET).await.unwrap().metadata.owner_references).unwrap()
    );
}

/// As seen after a restore: refused for good, and a rotation made the last working key worthless.
#[tokio::test(flavor = "multi_thread")]
async fn restored_secret_with_another_key_is_not_changed_and_nothing_is_rotated() {
    let fixture = Fixture::new("delivery-old-key").await;
    let _operator = fixture.start();
    fixture.create(published(None)).await;
    fixture.ready().await;
    let planted = restore(&fixture, json!([]), Some("the key of a year ago")).await;
    fixture.patch(rotating("a")).await;
    let stalled = fixture.condition("Ready", "False", "SecretNotOwned").await;
    let words = "{} was not created by the operator for this Tenant and is not changed; the widget key is not rotated";
    assert_eq!(about(&fixture, words), condition(&stalled, "Ready").unwrap().2);
    assert_eq!((0, planted), (fixture.rotations().await, fixture.secrets().get(SECRET).await.unwrap()));
    fixture.secrets().delete(SECRET, &DeleteParams::default()).await.unwrap();
    rotated(&fixture, "").await;
}
