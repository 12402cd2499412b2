//! Rules 30, 33 and 34: the finalizer respects others and never blocks a deletion forever.

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt};
use nimbus_operator::resources::ConditionType;
use serde_json::{Value, json};

use super::history::holds;
use super::{apply, kubectl, kubectl_file};
use crate::support::stage::{NAME, Stage, condition};
use crate::support::users::{ADMIN, PLATFORM_ADMIN};
use crate::support::wait::{PATIENCE, until};

const OURS: &str = "nimbus.luware.com/tenant";
const THEIRS: &str = "example.com/theirs";

/// Waits until the finalizers are these.
async fn finalizers(stage: &Stage, expected: &[&str]) {
    until(&format!("the finalizers are {expected:?}"), PATIENCE, async || {
        let found = stage.get().await.finalizers().to_vec();
        if found == expected { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_30_finalizer_respects_other_finalizers() {
    let stage = Stage::new("polite").await;
    let _operator = stage.start();
    // `apply` fails on a warning, and the API server warns about a finalizer without a domain and a path.
    let mut manifest = stage.manifest(json!({}));
    manifest["metadata"]["finalizers"] = json!([THEIRS]);
    apply(&stage, &[], &manifest).await;
    stage.ready().await;
    finalizers(&stage, &[THEIRS, OURS]).await;

    // A replace drops our finalizer; the operator adds it again at once and keeps the other one.
    manifest["spec"]["general"]["division"] = json!("Care");
    let replaced = kubectl_file(&stage, &["replace"], &manifest).await;
    assert!(replaced.status.success() && replaced.stderr.is_empty(), "{replaced:?}");
    finalizers(&stage, &[THEIRS, OURS]).await;
    // Even if nothing else changed.
    let replaced = kubectl_file(&stage, &["replace"], &manifest).await;
    assert!(replaced.status.success(), "{replaced:?}");
    finalizers(&stage, &[THEIRS, OURS]).await;
    stage.ready().await;

    // Our finalizer is removed when our part is done, and theirs stays.
    stage.delete().await;
    finalizers(&stage, &[THEIRS]).await;
    stage.patch(json!({ "metadata": { "finalizers": null } })).await;
    stage.gone().await;
}

/// Reasons of Warning events about a namespace in namespace `default`, where a terminating one refuses events.
async fn warnings_about(client: Client, namespace: &str) -> Vec<String> {
    let api: Api<k8s_openapi::api::events::v1::Event> = Api::namespaced(client, "default");
    let events = api.list(&ListParams::default()).await.unwrap().items.into_iter();
    let about =
        events.filter(|event| event.regarding.as_ref().and_then(|object| object.name.as_deref()) == Some(namespace));
    about.filter(|event| event.type_.as_deref() == Some("Warning")).filter_map(|event| event.reason).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_33_namespace_deletion_keeps_the_tenant() {
    let stage = Stage::new("namespace-ends").await;
    let _operator = stage.start();
    // Even for a confirmed Delete: the deletion of this tenant was not requested.
    stage.create(json!({ "deletionPolicy": "Delete" })).await;
    stage.annotate("nimbus.luware.com/confirm-deletion", &stage.id).await;
    stage.ready().await;
    let before = stage.platform.mark().await.unwrap();

    let namespace = &stage.env.namespace;
    let words = ["delete", "namespace", namespace, "--timeout=60s"];
    let deleted = kubectl(&stage, ADMIN, &words).await;
    assert!(deleted.status.success(), "{deleted:?}");
    assert_eq!(None, Api::<Namespace>::all(stage.client(ADMIN)).get_opt(namespace).await.unwrap());

    let (status, tenant) = stage.platform.tenant(&stage.id).await.unwrap();
    assert_eq!((200, &Value::Null), (status, &tenant["owner"]), "it stays, and belongs to nobody");
    assert_eq!(["owner-released"], *stage.platform.effects(before).await.unwrap());
    assert_eq!(["Released"], *warnings_about(stage.client(ADMIN), namespace).await);
}

/// Points the Platform at a port without a listener.
async fn kill_platform(stage: &Stage) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    stage.platform_object(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_34_abandon_unblocks_a_confirmed_delete() {
    let stage = Stage::new("dead-delete").await;
    let _operator = stage.start();
    stage.create(json!({ "deletionPolicy": "Delete" })).await;
    stage.annotate("nimbus.luware.com/confirm-deletion", &stage.id).await;
    stage.ready().await;
    kill_platform(&stage).await;
    stage.delete().await;

    let waiting = stage.condition("Ready", "False", "Deleting").await;
    let (_, _, message) = condition(&waiting, ConditionType::Ready.as_str()).unwrap();
    assert!(message.contains("the platform cannot be asked"), "{message}");
    assert!(holds(&waiting, ConditionType::Reconciling) && waiting.finalizers() == [OURS]);
    // It keeps waiting: another pass changes nothing.
    let again = stage.pass().await;
    assert_eq!(Some(message), condition(&again, ConditionType::Ready.as_str()).map(|(.., message)| message));

    let elsewhere = uuid::Uuid::new_v4().to_string();
    stage.annotate("nimbus.luware.com/abandon", &elsewhere).await;
    assert_eq!([OURS], stage.pass().await.finalizers(), "an annotation for another tenant frees nobody");
    stage.annotate("nimbus.luware.com/abandon", &stage.id).await;
    stage.gone().await;
    let abandoned = ("Warning".to_owned(), "Abandoned".to_owned());
    assert_eq!(vec![abandoned], stage.events().await.unwrap());
    let (status, tenant) = stage.platform.tenant(&stage.id).await.unwrap();
    let stamp = format!("test/{}/{NAME}", stage.env.namespace);
    assert_eq!((200, json!(stamp)), (status, tenant["owner"].clone()), "nothing was done to it");
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_34_dead_platform_delays_nothing_else() {
    // Admission denies an unconfirmed Delete whatever the platform does; here one was accepted.
    for (name, spec) in [("dead-retain", json!({})), ("dead-unconfirmed", json!({ "deletionPolicy": "Delete" }))] {
        let stage = match name {
            "dead-retain" => Stage::new(name).await,
            _ => Stage::without_policies(name).await,
        };
        let _operator = stage.start();
        stage.create(spec).await;
        stage.ready().await;
        kill_platform(&stage).await;
        let deleted = kubectl(&stage, PLATFORM_ADMIN, &["delete", "nten", NAME, "--timeout=60s"]).await;
        assert!(deleted.status.success(), "{name}: {deleted:?}");
        let (status, _) = stage.platform.tenant(&stage.id).await.unwrap();
        assert_eq!(200, status, "{name}: the tenant stays");
        let warnings: Vec<String> = stage.events().await.unwrap().into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(["Warning"], *warnings, "{name}");
    }

    // Neither does a Tenant that was never applied.
    let stage = Stage::new("dead-new").await;
    kill_platform(&stage).await;
    let _operator = stage.start();
    stage.create(json!({ "deletionPolicy": "Delete" })).await;
    stage.condition("Ready", "False", "PlatformUnavailable").await;
    let refused = kubectl(&stage, PLATFORM_ADMIN, &["delete", "nten", NAME]).await;
    assert!(!refused.status.success() && refused.stderr.contains("nobody confirmed it"), "{refused:?}");
    stage.annotate("nimbus.luware.com/confirm-deletion", &stage.id).await;
    stage.delete().await;
    stage.gone().await;
}
