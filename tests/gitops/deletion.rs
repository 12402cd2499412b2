//! Rules 30, 31, 33 and 34: the finalizer respects others and never blocks a deletion forever.

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, ListParams};
use kube::{Client, ResourceExt};
use nimbus_operator::resources::ConditionType;
use serde_json::{Value, json};

use super::history::is_true;
use super::{apply, kubectl, kubectl_file};
use crate::support::confirmation;
use crate::support::fixture::{Fixture, NAME, condition};
use crate::support::since::Since;
use crate::support::users::{ADMIN, PLATFORM_ADMIN};
use crate::support::wait::{PATIENCE, until};

const OURS: &str = "nimbus.luware.com/tenant";
const THEIRS: &str = "example.com/theirs";

/// Waits until the finalizers are these.
async fn finalizers(fixture: &Fixture, expected: &[&str]) {
    until(&format!("the finalizers are {expected:?}"), PATIENCE, async || {
        let found = fixture.get().await.finalizers().to_vec();
        if found == expected { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_30_finalizer_respects_other_finalizers() {
    let fixture = Fixture::new("polite").await;
    let _operator = fixture.start();
    // `apply` fails on a warning, and the API server warns about a finalizer without a domain and a path.
    let mut manifest = fixture.manifest(json!({}));
    manifest["metadata"]["finalizers"] = json!([THEIRS]);
    apply(&fixture, &[], &manifest).await;
    fixture.ready().await;
    finalizers(&fixture, &[THEIRS, OURS]).await;

    // A replace drops our finalizer; the operator adds it again at once and keeps the other one.
    manifest["spec"]["general"]["division"] = json!("Care");
    let replaced = kubectl_file(&fixture, &["replace"], &manifest).await;
    assert!(replaced.status.success() && replaced.stderr.is_empty(), "{replaced:?}");
    finalizers(&fixture, &[THEIRS, OURS]).await;
    // Even if nothing else changed.
    let replaced = kubectl_file(&fixture, &["replace"], &manifest).await;
    assert!(replaced.status.success(), "{replaced:?}");
    finalizers(&fixture, &[THEIRS, OURS]).await;
    fixture.ready().await;

    // Our finalizer is removed when our part is done, and theirs stays.
    fixture.delete().await;
    finalizers(&fixture, &[THEIRS]).await;
    fixture.patch(json!({ "metadata": { "finalizers": null } })).await;
    fixture.gone().await;
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
    let fixture = Fixture::new("namespace-ends").await;
    let _operator = fixture.start();
    // Even for a confirmed Delete: the deletion of this tenant was not requested.
    fixture.create(json!({ "deletionPolicy": "Delete" })).await;
    fixture.confirm("deletion", &fixture.id).await;
    fixture.ready().await;
    let before = fixture.platform.mark().await.unwrap();

    let namespace = &fixture.env.namespace;
    let words = ["delete", "namespace", namespace, "--timeout=60s"];
    let deleted = kubectl(&fixture, ADMIN, &words).await;
    assert!(deleted.status.success(), "{deleted:?}");
    assert_eq!(None, Api::<Namespace>::all(fixture.client(ADMIN)).get_opt(namespace).await.unwrap());

    let (status, tenant) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!((200, &Value::Null), (status, &tenant["owner"]), "it stays without an owner");
    assert_eq!(["owner-released"], *fixture.platform.effects(before).await.unwrap());
    assert_eq!(["Released"], *warnings_about(fixture.client(ADMIN), namespace).await);
}

/// A mistake in an immutable field makes `kubectl apply --force`, and Flux with `force: true`, delete the Tenant and create it
/// again. A confirmation that was left in git does not delete the tenant: it is released.
#[tokio::test(flavor = "multi_thread")]
async fn rule_31_force_with_an_outdated_confirmation_retains() {
    let mut fixture = Fixture::new("forced").await;
    let _operator = fixture.connect().await;
    fixture.platform.auto_run(true).await.unwrap();
    for (number, tool) in ["kubectl", "Flux"].into_iter().enumerate() {
        fixture.id = uuid::Uuid::new_v4().to_string();
        let left = json!({ "deletion": confirmation::until(&fixture.id, -1) });
        let manifest = fixture.manifest(json!({ "deletionPolicy": "Delete", "confirmations": left }));
        apply(&fixture, &["--field-manager=test"], &manifest).await;
        let before = fixture.ready().await;
        let since = Since::now(&fixture).await;
        let mut mistaken = manifest.clone();
        mistaken["spec"]["general"]["tenantId"] = json!(uuid::Uuid::new_v4().to_string());
        match tool {
            "kubectl" => {
                let words = ["apply", "--force", "--field-manager=test", "--timeout=60s"];
                let forced = kubectl_file(&fixture, &words, &mistaken).await;
                assert!(forced.status.success(), "{forced:?}");
            }
            _ => {
                fixture.tenants().delete(NAME, &DeleteParams::background()).await.unwrap();
                fixture.gone().await;
                fixture.try_create(mistaken).await.unwrap();
            }
        }
        assert_ne!(before.uid(), fixture.get().await.uid(), "{tool}: it was deleted and created again");
        assert_eq!(0, since.deletions(&fixture).await, "{tool}");
        assert_eq!(["owner-released"], *since.effects(&fixture).await, "{tool}");
        let (status, tenant) = fixture.platform.tenant(&fixture.id).await.unwrap();
        assert_eq!((200, &Value::Null), (status, &tenant["owner"]), "{tool}: it stays without an owner");
        let warned = fixture.events().await.unwrap();
        let warning = ("Warning".to_owned(), "DeletionNotConfirmed".to_owned());
        assert_eq!(number + 1, warned.iter().filter(|event| **event == warning).count(), "{tool}: {warned:?}");
        fixture.patch(json!({ "spec": { "deletionPolicy": "Retain" } })).await;
        fixture.delete().await;
        fixture.gone().await;
    }
}

/// Points the Platform at a port without a listener.
async fn kill_platform(fixture: &Fixture) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    fixture.platform_object(&url).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_34_abandon_unblocks_a_confirmed_delete() {
    let mut fixture = Fixture::new("dead-delete").await;
    let passes = fixture.count_passes();
    let _operator = fixture.start();
    fixture.create(json!({ "deletionPolicy": "Delete" })).await;
    fixture.confirm("deletion", &fixture.id).await;
    fixture.ready().await;
    kill_platform(&fixture).await;
    fixture.delete().await;

    let waiting = fixture.condition("Ready", "False", "Deleting").await;
    let (_, _, message) = condition(&waiting, ConditionType::Ready.as_str()).unwrap();
    assert!(message.contains("The deletion waits for the platform: "), "{message}");
    assert!(is_true(&waiting, ConditionType::Reconciling) && waiting.finalizers() == [OURS]);
    // It keeps waiting: another pass changes nothing. A request for a pass is not answered in an outage, so passes are counted.
    passes.more(1).await;
    let again = fixture.get().await;
    assert_eq!(Some(message), condition(&again, ConditionType::Ready.as_str()).map(|(.., message)| message));

    let elsewhere = uuid::Uuid::new_v4().to_string();
    fixture.annotate("nimbus.luware.com/abandon", &elsewhere).await;
    passes.more(2).await;
    assert_eq!([OURS], fixture.get().await.finalizers(), "an annotation for another tenant has no effect");
    fixture.annotate("nimbus.luware.com/abandon", &fixture.id).await;
    fixture.gone().await;
    let abandoned = ("Warning".to_owned(), "Abandoned".to_owned());
    assert_eq!(vec![abandoned], fixture.events().await.unwrap());
    let (status, tenant) = fixture.platform.tenant(&fixture.id).await.unwrap();
    let stamp = format!("test/{}/{NAME}", fixture.env.namespace);
    assert_eq!((200, json!(stamp)), (status, tenant["owner"].clone()), "nothing was done to it");
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_34_dead_platform_delays_nothing_else() {
    // Admission denies an unconfirmed Delete in each state of the platform; here one was accepted.
    for (name, spec) in [("dead-retain", json!({})), ("dead-unconfirmed", json!({ "deletionPolicy": "Delete" }))] {
        let fixture = match name {
            "dead-retain" => Fixture::new(name).await,
            _ => Fixture::without_policies(name).await,
        };
        let _operator = fixture.start();
        fixture.create(spec).await;
        fixture.ready().await;
        kill_platform(&fixture).await;
        let deleted = kubectl(&fixture, PLATFORM_ADMIN, &["delete", "nten", NAME, "--timeout=60s"]).await;
        assert!(deleted.status.success(), "{name}: {deleted:?}");
        let (status, _) = fixture.platform.tenant(&fixture.id).await.unwrap();
        assert_eq!(200, status, "{name}: the tenant stays");
        let warnings: Vec<String> = fixture.events().await.unwrap().into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(["Warning"], *warnings, "{name}");
    }

    // Neither does a Tenant that was never applied.
    let fixture = Fixture::new("dead-new").await;
    kill_platform(&fixture).await;
    let _operator = fixture.start();
    fixture.create(json!({ "deletionPolicy": "Delete" })).await;
    fixture.condition("Ready", "False", "PlatformUnavailable").await;
    let refused = kubectl(&fixture, PLATFORM_ADMIN, &["delete", "nten", NAME]).await;
    assert!(!refused.status.success() && refused.stderr.contains("the deletion is not confirmed"), "{refused:?}");
    fixture.confirm("deletion", &fixture.id).await;
    fixture.delete().await;
    fixture.gone().await;
}
