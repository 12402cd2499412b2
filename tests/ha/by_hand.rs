//! People who edit or delete the Lease.

use axum::http::Method;
use kube::api::{DeleteParams, Patch, PatchParams};
use serde_json::{Value, json};

use super::replica::{LEADS, Replica, TIMING, edit, held_by, lease_name, leases, released, renewed, start};
use crate::support::fixture::Fixture;

/// A leader that writes at present puts back what was taken away; the others notice nothing.
#[tokio::test(flavor = "multi_thread")]
async fn deleted_or_emptied_lease_is_put_back_by_its_leader() {
    let fixture = Fixture::new("put-back").await;
    released(&fixture).await;
    let first = start(&fixture, "first");
    fixture.connected().await;
    let second = Replica::start(&fixture, "second", TIMING).await;
    second.logs("standing by").await;
    leases(&fixture).delete(&lease_name(&fixture), &DeleteParams::default()).await.unwrap();
    renewed(&fixture, "first").await;
    edit(&fixture, json!({ "holderIdentity": "", "leaseDurationSeconds": 5 })).await;
    renewed(&fixture, "first").await;
    assert!(!second.process.log().contains(LEADS), "{}", second.process.log());
    fixture.create(json!({})).await;
    fixture.ready().await;
    first.stop().await;
}

/// A Lease that a person emptied looks much like a released one. Its leader does not see it here, and writes until its deadline.
#[tokio::test(flavor = "multi_thread")]
async fn blank_lease_is_waited_for() {
    let fixture = Fixture::new("blank").await;
    let name = lease_name(&fixture);
    for (number, blank) in
        [json!({ "spec": null }), json!({ "spec": { "holderIdentity": "", "leaseDurationSeconds": null } })]
            .into_iter()
            .enumerate()
    {
        released(&fixture).await;
        let first = Replica::start(&fixture, &format!("first-{number}"), TIMING).await;
        first.leads().await;
        let second = Replica::start(&fixture, &format!("second-{number}"), TIMING).await;
        second.logs("standing by").await;
        for method in [Method::GET, Method::PUT] {
            first.proxy.detours.hang(method, &name);
        }
        leases(&fixture).patch(&name, &PatchParams::default(), &Patch::Merge(&blank)).await.unwrap();
        first.lost().await;
        assert!(!second.process.log().contains(LEADS), "the first has ended before another leads: {blank}");
        second.leads().await;
        assert!(second.process.stop().await.unwrap().success(), "{}", second.process.log());
    }
}

/// Clocks are not compared: a time of renewal that is long past, or still to come, and a duration of nothing change nothing.
#[tokio::test(flavor = "multi_thread")]
async fn times_of_another_clock_do_not_matter() {
    let fixture = Fixture::new("skew").await;
    released(&fixture).await;
    let first = start(&fixture, "first");
    fixture.connected().await;
    let second = Replica::start(&fixture, "second", TIMING).await;
    second.logs("standing by").await;
    let skewed = |year: &str| -> Value {
        let time = format!("{year}-01-01T00:00:00.000000Z");
        json!({ "holderIdentity": "first", "leaseDurationSeconds": 1, "renewTime": time, "acquireTime": time })
    };
    for year in ["1999", "2999"] {
        edit(&fixture, skewed(year)).await;
        renewed(&fixture, "first").await;
    }
    assert!(!second.process.log().contains(LEADS), "{}", second.process.log());

    // The same of a leader that is gone: it is waited for by our own clock.
    first.stop().await;
    second.leads().await;
    second.process.kill();
    edit(&fixture, skewed("2999")).await;
    let third = Replica::start(&fixture, "third", TIMING).await;
    third.leads().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leader_ends_where_a_person_names_another_holder() {
    let fixture = Fixture::new("usurped").await;
    released(&fixture).await;
    let first = start(&fixture, "first");
    fixture.connected().await;
    let second = Replica::start(&fixture, "second", TIMING).await;
    second.logs("standing by").await;
    edit(&fixture, json!({ "holderIdentity": "nonsense \u{1f600}", "leaseDurationSeconds": 5 })).await;
    let said = first.failed().await;
    assert!(said.contains("it is held by 'nonsense"), "{said}");
    second.leads().await;
    held_by(&fixture, "second").await;
    fixture.create(json!({})).await;
    fixture.ready().await;
}
