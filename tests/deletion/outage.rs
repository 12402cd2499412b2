//! F25: an outage at each step of a confirmed deletion keeps the finalizer, is reported, and recovers by itself.

use serde_json::{Value, json};

use super::{FINALIZER, Since, absence, doomed, event, events, live, waits_for};
use crate::support::stage::Stage;
use crate::support::wait::{PATIENCE, until};

const GET: &str = "GET /v1/tenants/{id}";
const DELETE: &str = super::DELETE;

/// The fault of a call, and what the message must contain.
fn outages() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("down", json!({ "kind": "close-before" }), "the connection broke"),
        ("401", json!({ "kind": "status", "status": 401 }), "the platform refused the token"),
        ("403", json!({ "kind": "problem", "slug": "not-permitted" }), "the credentials may not reach this tenant"),
        ("403 of a proxy", json!({ "kind": "status", "status": 403 }), "not an answer of the admin API"),
        ("500", json!({ "kind": "status", "status": 500 }), "not an answer of the admin API"),
        ("HTML", json!({ "kind": "html" }), "a body that cannot be read"),
        ("404 of a proxy", json!({ "kind": "html", "status": 404 }), "not an answer of the admin API"),
        ("404 of no route", json!({ "kind": "problem", "slug": "route-not-found" }), "route-not-found"),
        (
            "429",
            json!({ "kind": "status", "status": 429, "headers": { "retry-after": "1" } }),
            "asks for fewer requests",
        ),
        ("half a body", json!({ "kind": "cut" }), "the connection broke"),
    ]
}

/// Runs a deletion during which every call from the `nth` on fails, until the fault is removed.
async fn outlasts(stage: &mut Stage, route: &str, nth: u64, outage: &(&str, Value, &str)) {
    let (case, action, words) = outage;
    stage.id = uuid::Uuid::new_v4().to_string();
    live(stage, doomed(stage)).await;
    let fault = json!({ "route": route, "tenant": stage.id, "nth": nth, "times": 10_000, "action": action });
    stage.platform.plant(json!([fault])).await.unwrap();
    let since = Since::now(stage).await;
    stage.delete().await;
    let waits = waits_for(stage, "Deleting", words).await;
    assert_eq!(Some(vec![FINALIZER.to_owned()]), waits.metadata.finalizers, "{case}");
    stage.platform.heal().await.unwrap();
    stage.gone().await;
    assert_eq!(["deletion-begun"], *since.effects(stage).await, "{case}: once, and never twice");
    assert_eq!("tenant-deleted", absence(stage).await, "{case}");
    stage.connected().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_survives_outage_at_the_first_read() {
    let mut stage = Stage::new("outage-look").await;
    stage.platform.auto_run(true).await.unwrap();
    let _operator = stage.connect().await;
    for outage in outages() {
        outlasts(&mut stage, GET, 1, &outage).await;
    }
    assert_eq!(vec![event("Normal", "Deleted"); outages().len()], events(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_survives_outage_at_the_request() {
    let mut stage = Stage::new("outage-request").await;
    stage.platform.auto_run(true).await.unwrap();
    let _operator = stage.connect().await;
    // The next test covers a request that was executed before its response was cut.
    let outages: Vec<_> = outages().into_iter().filter(|(case, ..)| *case != "half a body").collect();
    for outage in &outages {
        outlasts(&mut stage, DELETE, 1, outage).await;
    }
    assert_eq!(vec![event("Normal", "Deleted"); outages.len()], events(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_with_a_lost_response_is_not_repeated() {
    let mut stage = Stage::new("outage-answer").await;
    let _operator = stage.connect().await;
    for kind in ["close-after", "truncate", "cut"] {
        stage.id = uuid::Uuid::new_v4().to_string();
        live(&stage, doomed(&stage)).await;
        stage.platform.plant(json!([{ "route": DELETE, "action": { "kind": kind } }])).await.unwrap();
        let since = Since::now(&stage).await;
        stage.delete().await;
        waits_for(&stage, "Deleting", "the platform accepted the deletion").await;
        assert_eq!(1, since.deletions(&stage).await, "{kind}: the next look shows that it was accepted");
        stage.platform.heal().await.unwrap();
        stage.platform.run_script(&stage.id).await.unwrap();
        stage.gone().await;
        assert_eq!(["deletion-begun"], *since.effects(&stage).await, "{kind}");
        stage.connected().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_survives_outage_at_the_next_read() {
    let mut stage = Stage::new("outage-after").await;
    stage.platform.auto_run(true).await.unwrap();
    let _operator = stage.connect().await;
    for outage in outages() {
        outlasts(&mut stage, GET, 2, &outage).await;
    }
    let deleted = events(&stage).await.into_iter().filter(|told| *told == event("Normal", "Deleted")).count();
    assert_eq!(outages().len(), deleted);
}

/// The whole platform is down, the operator restarts in the meantime, and the message does not change.
#[tokio::test(flavor = "multi_thread")]
async fn outage_during_deletion_costs_one_status_write() {
    let stage = Stage::new("outage-long").await;
    stage.platform.auto_run(true).await.unwrap();
    let operator = stage.connect().await;
    live(&stage, doomed(&stage)).await;
    stage.platform.plant(json!([{ "route": "*", "action": { "kind": "close-before" } }])).await.unwrap();
    let since = Since::now(&stage).await;
    stage.delete().await;
    waits_for(&stage, "Deleting", "the platform cannot be asked: the connection broke").await;
    let probes = |least: usize| {
        let stage = &stage;
        async move {
            until("further probes of the Platform", PATIENCE, async || {
                let log = stage.platform.log_after(0).await.map_err(|error| error.to_string())?;
                let seen = log.iter().filter(|seen| seen.status.is_none()).count();
                if seen >= least { Ok(seen) } else { Err(format!("{seen} probes")) }
            })
            .await
        }
    };
    let seen = probes(4).await;
    operator.stop().await;
    let operator = stage.start();
    probes(seen + 4).await;
    operator.stop().await;
    assert_eq!(["patch tenants/status 200"], *since.writes(&stage).await);

    stage.platform.heal().await.unwrap();
    let _operator = stage.start();
    stage.gone().await;
    assert_eq!("tenant-deleted", absence(&stage).await);
    assert_eq!([event("Normal", "Deleted")], *events(&stage).await);
}

/// A Tenant is restored from a backup before its Platform.
#[tokio::test(flavor = "multi_thread")]
async fn confirmed_deletion_waits_for_a_missing_platform() {
    let mut stage = Stage::new("outage-missing").await;
    stage.platform.auto_run(true).await.unwrap();
    let _operator = stage.connect().await;
    stage.env.platform.push_str("-later");
    stage.platform.create(&stage.id, json!({ "general": { "name": "Contoso", "o365Domain": "c.com" } })).await.unwrap();
    stage.platform.stamp(&stage.id, Some(&super::stamp(&stage)), None).await.unwrap();
    let mut manifest = doomed(&stage);
    manifest["metadata"]["finalizers"] = json!([FINALIZER]);
    stage.try_create(manifest).await.unwrap();
    stage.condition("Ready", "False", "PlatformNotFound").await;
    let since = Since::now(&stage).await;
    stage.delete().await;
    waits_for(&stage, "Deleting", "the Platform is missing; create it again, or abandon the tenant by annotation")
        .await;
    assert_eq!([""; 0], *since.calls(&stage).await);
    stage.platform_object(&stage.platform.url()).await;
    stage.gone().await;
    assert_eq!(["deletion-begun"], *since.effects(&stage).await);
    assert_eq!("tenant-deleted", absence(&stage).await);
}
