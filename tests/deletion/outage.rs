//! F25: an outage at each step of a confirmed deletion keeps the finalizer, is reported, and recovers by itself.

use serde_json::{Value, json};

use super::{FINALIZER, absence_problem, confirmed_manifest, event, events, live, told, waiting_for};
use crate::support::fixture::Fixture;
use crate::support::since::Since;
use crate::support::wait::{PATIENCE, until};

const GET: &str = "GET /v1/tenants/{id}";
const DELETE: &str = super::DELETE;

/// The fault of a call, and what the message must contain.
fn outages() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("down", json!({ "kind": "close-before" }), "lost the connection"),
        ("401", json!({ "kind": "status", "status": 401 }), "access token rejected"),
        (
            "403",
            json!({ "kind": "problem", "slug": "not-permitted" }),
            "the Platform's credentials may not access this tenant",
        ),
        ("403 of a proxy", json!({ "kind": "status", "status": 403 }), "is not a documented response"),
        ("500", json!({ "kind": "status", "status": 500 }), "is not a documented response"),
        ("HTML", json!({ "kind": "html" }), "is not JSON (a sign-in page?)"),
        ("404 of a proxy", json!({ "kind": "html", "status": 404 }), "is not a documented response"),
        ("404 of no route", json!({ "kind": "problem", "slug": "route-not-found" }), "route-not-found"),
        (
            "429",
            json!({ "kind": "status", "status": 429, "headers": { "retry-after": "1" } }),
            "is throttling requests",
        ),
        ("half a body", json!({ "kind": "cut" }), "lost the connection"),
    ]
}

/// Runs a deletion during which every call from the `nth` on fails, until the fault is removed.
async fn delete_during_outage(fixture: &mut Fixture, route: &str, nth: u64, outage: &(&str, Value, &str)) {
    let (case, action, words) = outage;
    fixture.id = uuid::Uuid::new_v4().to_string();
    live(fixture, confirmed_manifest(fixture)).await;
    let fault = json!({ "route": route, "tenant": fixture.id, "nth": nth, "times": 10_000, "action": action });
    fixture.platform.add_faults(json!([fault])).await.unwrap();
    let since = Since::now(fixture).await;
    fixture.delete().await;
    let waits = waiting_for(fixture, "Deleting", words).await;
    assert_eq!(Some(vec![FINALIZER.to_owned()]), waits.metadata.finalizers, "{case}");
    fixture.platform.clear_faults().await.unwrap();
    fixture.gone().await;
    assert_eq!(["deletion-begun"], *since.effects(fixture).await, "{case}: once, and never twice");
    assert_eq!("tenant-deleted", absence_problem(fixture).await, "{case}");
    fixture.connected().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_survives_outage_at_the_first_read() {
    let mut fixture = Fixture::new("outage-look").await;
    fixture.platform.auto_run(true).await.unwrap();
    let _operator = fixture.connect().await;
    for outage in outages() {
        delete_during_outage(&mut fixture, GET, 1, &outage).await;
    }
    told(&fixture, vec![event("Normal", "Deleted"); outages().len()], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_survives_outage_at_the_request() {
    let mut fixture = Fixture::new("outage-request").await;
    fixture.platform.auto_run(true).await.unwrap();
    let _operator = fixture.connect().await;
    // The next test covers a request that was executed before its response was cut.
    let outages: Vec<_> = outages().into_iter().filter(|(case, ..)| *case != "half a body").collect();
    for outage in &outages {
        delete_during_outage(&mut fixture, DELETE, 1, outage).await;
    }
    told(&fixture, vec![event("Normal", "Deleted"); outages.len()], "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_with_a_lost_response_is_not_repeated() {
    let mut fixture = Fixture::new("outage-answer").await;
    let _operator = fixture.connect().await;
    for kind in ["close-after", "truncate", "cut"] {
        fixture.id = uuid::Uuid::new_v4().to_string();
        live(&fixture, confirmed_manifest(&fixture)).await;
        fixture.platform.add_faults(json!([{ "route": DELETE, "action": { "kind": kind } }])).await.unwrap();
        let since = Since::now(&fixture).await;
        fixture.delete().await;
        waiting_for(&fixture, "Deleting", "to run the provisioning script").await;
        assert_eq!(1, since.deletions(&fixture).await, "{kind}: the next look shows that it was accepted");
        fixture.platform.clear_faults().await.unwrap();
        fixture.platform.run_script(&fixture.id).await.unwrap();
        fixture.gone().await;
        assert_eq!(["deletion-begun"], *since.effects(&fixture).await, "{kind}");
        fixture.connected().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deletion_survives_outage_at_the_next_read() {
    let mut fixture = Fixture::new("outage-after").await;
    fixture.platform.auto_run(true).await.unwrap();
    let _operator = fixture.connect().await;
    for outage in outages() {
        delete_during_outage(&mut fixture, GET, 2, &outage).await;
    }
    let deleted = events(&fixture).await.into_iter().filter(|told| *told == event("Normal", "Deleted")).count();
    assert_eq!(outages().len(), deleted);
}

/// The whole platform is down, the operator restarts in the meantime, and the message does not change.
#[tokio::test(flavor = "multi_thread")]
async fn outage_during_deletion_costs_one_status_write() {
    let fixture = Fixture::new("outage-long").await;
    fixture.platform.auto_run(true).await.unwrap();
    let operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    fixture.platform.add_faults(json!([{ "route": "*", "action": { "kind": "close-before" } }])).await.unwrap();
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    waiting_for(&fixture, "Deleting", "The deletion waits for the platform: lost the connection").await;
    let probes = |least: usize| {
        let fixture = &fixture;
        async move {
            until("further probes of the Platform", PATIENCE, async || {
                let log = fixture.platform.log_after(0).await.map_err(|error| error.to_string())?;
                let seen = log.iter().filter(|seen| seen.status.is_none()).count();
                if seen >= least { Ok(seen) } else { Err(format!("{seen} probes")) }
            })
            .await
        }
    };
    let seen = probes(4).await;
    operator.stop().await;
    let operator = fixture.start();
    probes(seen + 4).await;
    operator.stop().await;
    assert_eq!(["patch tenants/status 200"], *since.writes(&fixture).await);

    fixture.platform.clear_faults().await.unwrap();
    let _operator = fixture.start();
    fixture.gone().await;
    assert_eq!("tenant-deleted", absence_problem(&fixture).await);
    told(&fixture, [event("Normal", "Deleted")], "").await;
}

/// A Tenant is restored from a backup before its Platform.
#[tokio::test(flavor = "multi_thread")]
async fn confirmed_deletion_waits_for_a_missing_platform() {
    let mut fixture = Fixture::new("outage-missing").await;
    fixture.platform.auto_run(true).await.unwrap();
    let _operator = fixture.connect().await;
    fixture.env.platform.push_str("-later");
    fixture
        .platform
        .create(&fixture.id, json!({ "general": { "name": "Contoso", "o365Domain": "c.com" } }))
        .await
        .unwrap();
    fixture.platform.stamp(&fixture.id, Some(&super::stamp(&fixture)), None).await.unwrap();
    let mut manifest = confirmed_manifest(&fixture);
    manifest["metadata"]["finalizers"] = json!([FINALIZER]);
    fixture.try_create(manifest).await.unwrap();
    fixture.condition("Ready", "False", "PlatformNotFound").await;
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    waiting_for(&fixture, "Deleting", "The Platform does not exist; create it again, or set the annotation").await;
    assert_eq!([""; 0], *since.calls(&fixture).await);
    fixture.platform_object(&fixture.platform.url()).await;
    fixture.gone().await;
    assert_eq!(["deletion-begun"], *since.effects(&fixture).await);
    assert_eq!("tenant-deleted", absence_problem(&fixture).await);
}
