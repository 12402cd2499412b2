//! F16: everything is deleted at once, in any order. Nothing hangs, nothing is deleted on the platform without
//! confirmation, and everything that stays there is released.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use kube::{Client, Resource};
use nimbus_operator::resources::{Partner, Platform, Tenant};
use serde_json::{Value, json};

use crate::support::confirmation::deletion;
use crate::support::fixture::Fixture;
use crate::support::tenant::TenantHandle;
use crate::support::users::{ADMIN, PLATFORM_ADMIN};
use crate::support::wait::{PATIENCE, until};

/// The objects that are deleted in some order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Target {
    /// A Tenant that is retained; it refers to the Partner and the Secret.
    Retained,
    /// A Tenant whose deletion is confirmed.
    Doomed,
    Platform,
    Partner,
    Secret,
    /// The Secret with the operator's credentials.
    Credentials,
    Namespace,
}

const ALL: [Target; 7] = [
    Target::Retained,
    Target::Doomed,
    Target::Platform,
    Target::Partner,
    Target::Secret,
    Target::Credentials,
    Target::Namespace,
];

/// An order that depends on the seed only.
fn shuffled(mut seed: u64) -> Vec<Target> {
    let mut left = ALL.to_vec();
    let mut order = vec![];
    while !left.is_empty() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let index = usize::try_from(seed >> 33).unwrap() % left.len();
        order.push(left.remove(index));
    }
    order
}

async fn prepare(fixture: &Fixture, confirmed: &TenantHandle<'_>) {
    fixture.platform.auto_run(true).await.unwrap();
    let partner = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": fixture.env.namespace },
        "spec": { "displayName": "Northwind", "platformPartnerId": "northwind" }
    });
    let partners: Api<Partner> = Api::all(fixture.client(PLATFORM_ADMIN));
    let params = PatchParams::apply("test").force();
    partners.patch(&fixture.env.namespace, &params, &Patch::Apply(partner)).await.unwrap();
    let reference = json!({ "name": "acs", "key": "connection-string" });
    let spec = json!({
        "partner": { "partnerRef": { "name": fixture.env.namespace } },
        "extensions": { "interact": { "enabled": true, "acsConnectionStringRef": reference } }
    });
    fixture.create(spec.clone()).await;
    let mut spec = spec;
    spec["deletionPolicy"] = json!("Delete");
    let mut manifest = confirmed.manifest(spec);
    manifest["spec"]["confirmations"] = deletion(&confirmed.id);
    fixture.try_create(manifest).await.unwrap();
    fixture.ready().await;
    confirmed.ready().await;
}

/// Requests a deletion without waiting. Objects in a deleted namespace may be gone already.
async fn delete(fixture: &Fixture, confirmed: &TenantHandle<'_>, target: Target) {
    let (admin, platform_admin) = (fixture.client(ADMIN), fixture.client(PLATFORM_ADMIN));
    let namespace = &fixture.env.namespace;
    let outcome = match target {
        Target::Retained => ask::<Tenant>(Api::namespaced(platform_admin, namespace), super::NAME).await,
        Target::Doomed => ask::<Tenant>(Api::namespaced(platform_admin, namespace), &confirmed.name).await,
        Target::Platform => ask::<Platform>(Api::all(platform_admin), &fixture.env.platform).await,
        Target::Partner => ask::<Partner>(Api::all(platform_admin), namespace).await,
        Target::Secret => ask::<Secret>(Api::namespaced(admin, namespace), "acs").await,
        Target::Credentials => ask::<Secret>(Api::namespaced(admin, &fixture.env.operator_namespace), "platform").await,
        Target::Namespace => ask::<Namespace>(Api::all(admin), namespace).await,
    };
    match outcome {
        Ok(()) => {}
        Err(kube::Error::Api(status)) if status.code == 404 => {}
        Err(error) => panic!("{target:?}: {error}"),
    }
}

async fn ask<K>(api: Api<K>, name: &str) -> kube::Result<()>
where
    K: Clone + std::fmt::Debug + serde::de::DeserializeOwned + Resource,
{
    api.delete(name, &DeleteParams::background()).await.map(drop)
}

async fn gone<K>(client: Client, name: &str, order: &str)
where
    K: Clone + std::fmt::Debug + serde::de::DeserializeOwned + Resource<DynamicType = ()>,
{
    let api: Api<K> = Api::all(client);
    until(&format!("{order}: {} {name} is gone", K::kind(&())), 2 * PATIENCE, async || {
        match api.get_metadata_opt(name).await {
            Ok(None) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

/// The changes that the operator made to a tenant after a mark.
async fn effects(fixture: &Fixture, id: &str, mark: u64) -> Vec<String> {
    let calls = fixture.platform.calls(id, mark).await.unwrap();
    calls.into_iter().filter_map(|seen| seen.effect).collect()
}

async fn delete_in_order(seed: u64) {
    let order = shuffled(seed);
    let words = format!("seed {seed}, {order:?}");
    let mut fixture = Fixture::new(&format!("order-{seed}")).await;
    fixture.timing.platform_check = Duration::from_millis(300);
    let confirmed = TenantHandle::new(&fixture, "confirmed");
    let operator = fixture.connect().await;
    prepare(&fixture, &confirmed).await;
    let mark = fixture.platform.mark().await.unwrap();
    for target in &order {
        delete(&fixture, &confirmed, *target).await;
    }
    gone::<Namespace>(fixture.client(ADMIN), &fixture.env.namespace, &words).await;
    gone::<Partner>(fixture.client(PLATFORM_ADMIN), &fixture.env.namespace, &words).await;
    gone::<Platform>(fixture.client(PLATFORM_ADMIN), &fixture.env.platform, &words).await;
    operator.stop().await;

    // Released while its Platform still existed, and otherwise unchanged.
    assert_eq!(["owner-released"], *effects(&fixture, &fixture.id, mark).await, "{words}");
    let (status, kept) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!((200, &Value::Null, &Value::Null), (status, &kept["owner"], &kept["runtime"]["deletion"]), "{words}");
    let place = |target: Target| order.iter().position(|other| *other == target).unwrap();
    let came_too_late = place(Target::Namespace) < place(Target::Doomed);
    let ended = effects(&fixture, &confirmed.id, mark).await;
    let status = fixture.platform.tenant(&confirmed.id).await.unwrap().0;
    match ended.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        // The namespace was terminating during the pass: then the deletion of this tenant was not requested.
        ["owner-released"] => assert_eq!(200, status, "{words}"),
        ["deletion-begun", ..] if !came_too_late => assert_eq!(404, status, "{words}"),
        ref other => panic!("{words}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_deletion_order_completes() {
    let seeds: Vec<u64> = (1..=6).collect();
    let distinct: std::collections::BTreeSet<_> = seeds.iter().map(|seed| format!("{:?}", shuffled(*seed))).collect();
    assert_eq!(seeds.len(), distinct.len(), "each seed is another order");
    let firsts: std::collections::BTreeSet<_> = seeds.iter().map(|seed| format!("{:?}", shuffled(*seed)[0])).collect();
    assert!(firsts.len() >= 3, "{firsts:?}");
    for seed in seeds {
        delete_in_order(seed).await;
    }
}
