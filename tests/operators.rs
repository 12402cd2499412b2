//! Several operators: each reconciles its own Tenants, whatever else is on the API server or on the platform.

use kube::ResourceExt;
use nimbus_operator::controller::Options;
use serde_json::{Value, json};

use crate::deletion::Since;
use crate::support::controlplane::ControlPlane;
use crate::support::stage::{NAME, Operator, Stage, condition};

/// A fixture whose Tenants are on the platform of another fixture.
async fn beside(first: &Stage, second: Stage) -> Stage {
    second.platform_object(&first.platform.url()).await;
    second
}

fn start(stage: &Stage, cluster: &str, namespaces: Vec<String>) -> Operator {
    stage.start_with(Options { cluster_id: cluster.into(), namespaces, ..stage.options() })
}

/// The settings and stamp of a tenant.
async fn on_platform(first: &Stage, id: &str) -> (String, Value) {
    let (status, document) = first.platform.tenant(id).await.unwrap();
    assert_eq!(200, status, "{document}");
    (document["owner"].as_str().unwrap_or_default().to_owned(), document["settings"].clone())
}

/// Both watch both namespaces; their instances separate them in Kubernetes, their stamps on the platform.
#[tokio::test(flavor = "multi_thread")]
async fn two_operators_on_one_cluster_are_isolated() {
    let one = Stage::new("apart-one").await;
    let two = beside(&one, Stage::new("apart-two").await).await;
    let both = || vec![one.env.namespace.clone(), two.env.namespace.clone()];
    let mark = one.audit().mark().await.unwrap();
    let log = one.platform.mark().await.unwrap();
    let operators = [start(&one, "east", both()), start(&two, "west", both())];
    for stage in [&one, &two] {
        stage.connected().await;
        stage.create(json!({ "general": { "companyName": "Before" } })).await;
    }
    for stage in [&one, &two] {
        stage.ready().await;
        stage.patch(json!({ "spec": { "general": { "companyName": stage.env.namespace } } })).await;
        stage.ready().await;
        stage.pass().await;
    }
    for (stage, cluster) in [(&one, "east"), (&two, "west")] {
        let (stamp, settings) = on_platform(&one, &stage.id).await;
        assert_eq!(format!("{cluster}/{}/{NAME}", stage.env.namespace), stamp);
        assert_eq!(json!(stage.env.namespace), settings["general"]["companyName"]);
        let mut writes = stage.audit().object_writes(&stage.env.operator_user, mark).await.unwrap();
        assert!(!writes.is_empty());
        // A Partner belongs to no instance: every operator writes the status of each, and all write the same.
        writes.retain(|write| !(write.resource == "partners" && write.subresource == "status"));
        let own = |write: &&_| {
            let write: &crate::support::audit::Request = write;
            write.namespace == stage.env.namespace || write.resource == "platforms" && write.name == stage.env.platform
        };
        let foreign: Vec<_> = writes.iter().filter(|write| !own(write)).collect();
        assert!(foreign.is_empty(), "{foreign:?}");
    }
    // The tenant of the second one is deleted; that of the first is not affected.
    two.delete().await;
    two.gone().await;
    one.pass().await;
    let effects = one.platform.effects(log).await.unwrap();
    let count = |effect: &str| effects.iter().filter(|seen| *seen == effect).count();
    assert_eq!((2, 2, 1), (count("tenant-created"), count("settings-changed"), count("owner-released")), "{effects:?}");
    assert_eq!(format!("east/{}/{NAME}", one.env.namespace), on_platform(&one, &one.id).await.0);
    for operator in operators {
        operator.stop().await;
    }
}

/// On another API server, like a second cluster; its Tenant has the same tenant ID.
#[tokio::test(flavor = "multi_thread")]
async fn second_cluster_reports_owned_by_other() {
    let first = Stage::new("clusters-first").await;
    let mut second = beside(&first, Stage::on(ControlPlane::without_policies().await, "clusters-second").await).await;
    second.id.clone_from(&first.id);
    let _one = start(&first, "east", vec![first.env.namespace.clone()]);
    first.create(json!({ "general": { "companyName": "East" } })).await;
    first.ready().await;
    let before = first.platform.tenant(&first.id).await.unwrap();
    let since = Since::now(&first).await;

    let _two = start(&second, "west", vec![second.env.namespace.clone()]);
    let rival = json!({ "adoptionPolicy": "Always", "deletionPolicy": "Delete", "general": { "companyName": "West" } });
    second.create(rival).await;
    let says = second.condition("Ready", "False", "OwnedByOther").await;
    let message = condition(&says, "Ready").unwrap().2;
    assert!(message.contains(&format!("east/{}/{NAME}", first.env.namespace)), "{message}");
    assert_eq!(Vec::<String>::new(), says.finalizers(), "it holds nothing");
    second.pass().await;
    // Not even its confirmed deletion deletes the tenant.
    second.annotate("nimbus.luware.com/confirm-deletion", &first.id).await;
    second.delete().await;
    second.gone().await;
    assert_eq!(before, first.platform.tenant(&first.id).await.unwrap());
    assert_eq!([""; 0], *since.effects(&first).await);

    // When the first releases it, the second may adopt it.
    second.create(json!({ "adoptionPolicy": "Always", "general": { "companyName": "West" } })).await;
    second.condition("Ready", "False", "OwnedByOther").await;
    first.delete().await;
    first.gone().await;
    second.pass().await;
    second.ready().await;
    assert_eq!(format!("west/{}/{NAME}", second.env.namespace), on_platform(&first, &first.id).await.0);
}
