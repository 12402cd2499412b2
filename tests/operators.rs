//! Several operators: each reconciles its own Tenants and leaves all others alone, on the API server and on the platform.

use std::time::Duration;

use kube::ResourceExt;
use nimbus_operator::controller::Options;
use serde_json::{Value, json};

use crate::support::controlplane::ControlPlane;
use crate::support::fixture::{Fixture, NAME, Operator, condition};
use crate::support::since::Since;

/// A fixture whose Tenants are on the platform of another fixture.
async fn on_platform_of(first: &Fixture, second: Fixture) -> Fixture {
    second.platform_object(&first.platform.url()).await;
    second
}

fn start(fixture: &Fixture, cluster: &str, namespaces: Vec<String>) -> Operator {
    fixture.start_with(Options { cluster_id: cluster.into(), namespaces, ..fixture.options() })
}

/// The settings and stamp of a tenant.
async fn on_platform(first: &Fixture, id: &str) -> (String, Value) {
    let (status, document) = first.platform.tenant(id).await.unwrap();
    assert_eq!(200, status, "{document}");
    (document["owner"].as_str().unwrap_or_default().to_owned(), document["settings"].clone())
}

/// Both watch both namespaces; their instances separate them in Kubernetes, their stamps on the platform.
#[tokio::test(flavor = "multi_thread")]
async fn two_operators_on_one_cluster_are_isolated() {
    let one = Fixture::new("apart-one").await;
    let two = on_platform_of(&one, Fixture::new("apart-two").await).await;
    let both = || vec![one.env.namespace.clone(), two.env.namespace.clone()];
    let mark = one.audit().mark().await.unwrap();
    let log = one.platform.mark().await.unwrap();
    let operators = [start(&one, "east", both()), start(&two, "west", both())];
    for fixture in [&one, &two] {
        fixture.connected().await;
        fixture.create(json!({ "general": { "companyName": "Before" } })).await;
    }
    for fixture in [&one, &two] {
        fixture.ready().await;
        fixture.patch(json!({ "spec": { "general": { "companyName": fixture.env.namespace } } })).await;
        fixture.ready().await;
        fixture.pass().await;
    }
    for (fixture, cluster) in [(&one, "east"), (&two, "west")] {
        let (stamp, settings) = on_platform(&one, &fixture.id).await;
        assert_eq!(format!("{cluster}/{}/{NAME}", fixture.env.namespace), stamp);
        assert_eq!(json!(fixture.env.namespace), settings["general"]["companyName"]);
        let mut writes = fixture.audit().object_writes(&fixture.env.operator_user, mark).await.unwrap();
        assert!(!writes.is_empty());
        // A Partner belongs to no instance: every operator writes the status of each, and all write the same.
        writes.retain(|write| !(write.resource == "partners" && write.subresource == "status"));
        let own = |write: &&_| {
            let write: &crate::support::audit::Request = write;
            write.namespace == fixture.env.namespace
                || write.resource == "platforms" && write.name == fixture.env.platform
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
    let first = Fixture::new("clusters-first").await;
    let mut second =
        on_platform_of(&first, Fixture::on(ControlPlane::without_policies().await, "clusters-second").await).await;
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
    second.confirm("deletion", &first.id).await;
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

/// Two installations by hand with one instance, a Lease each, and different cluster IDs: both serve the same Tenant. The stamp decides
/// which of them writes it, and the other one says what to look at.
#[tokio::test(flavor = "multi_thread")]
async fn second_operator_of_an_instance_with_another_cluster_id_writes_nothing_and_names_the_mistake() {
    let mut fixture = Fixture::new("one-instance").await;
    fixture.timing.sync = Some(Duration::from_millis(300));
    let namespaces = || vec![fixture.env.namespace.clone()];
    let _first = start(&fixture, "east", namespaces());
    fixture.connected().await;
    fixture.create(json!({})).await;
    fixture.ready().await;
    let second = start(&fixture, "west", namespaces());
    let says = fixture.condition("Ready", "False", "OwnedByOther").await;
    let message = condition(&says, "Ready").unwrap().2;
    assert!(message.contains("If another operator of this cluster has it, give each its own --instance."), "{message}");

    // Both see each edit. The status changes back and forth, and the platform is written once.
    for name in ["Once", "Twice"] {
        fixture.patch(json!({ "spec": { "general": { "companyName": name } } })).await;
        fixture.ready().await;
        fixture.condition("Ready", "False", "OwnedByOther").await;
        let (stamp, settings) = on_platform(&fixture, &fixture.id).await;
        assert_eq!(
            (format!("east/{}/{NAME}", fixture.env.namespace), json!(name)),
            (stamp, settings["general"]["companyName"].clone())
        );
    }
    assert_eq!(3, fixture.platform.effects(0).await.unwrap().len(), "one creation and two edits");

    // It heals by itself when the second one is gone.
    second.stop().await;
    fixture.ready().await;
}
