//! Nothing stands between the last look at a Tenant and the request to delete its tenant: neither the slot of the hourly limit nor a
//! new token. What is withdrawn while either takes long is withdrawn.

use std::time::Duration;

use nimbus_operator::controller::Step;
use reqwest::Method;
use serde_json::{Value, json};

use super::{DELETE, absence_problem, confirmed_manifest, event, events, live, waiting_for};
use crate::support::confirmation::withdrawal;
use crate::support::fixture::{Fixture, NAME};
use crate::support::pause::Pause;
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::since::Since;

/// What may be said while the deletion is on its way, and what comes of it.
fn second_thoughts() -> [(&'static str, Value, &'static str); 3] {
    [
        ("withdrawn", withdrawal(), "DeletionNotConfirmed"),
        ("retained", json!({ "spec": { "deletionPolicy": "Retain" } }), "Released"),
        ("suspended", json!({ "spec": { "suspend": true } }), ""),
    ]
}

async fn proxy(upstream: Upstream) -> Proxy {
    Proxy::start(upstream, &Recorder::new(|_, _| false)).await.unwrap()
}

/// What was said late holds: no tenant is deleted.
async fn holds(fixture: &Fixture, since: &Since, case: &str, reason: &str) {
    if reason.is_empty() {
        waiting_for(fixture, "ReconciliationSuspended", "waits until spec.suspend is false").await;
        assert_eq!([""; 0], *since.effects(fixture).await, "{case}");
        return;
    }
    fixture.gone().await;
    assert_eq!(["owner-released"], *since.effects(fixture).await, "{case}");
    let said: Vec<_> = events(fixture).await.into_iter().map(|(_, reason)| reason).collect();
    assert_eq!([reason], *said, "{case}");
}

#[tokio::test(flavor = "multi_thread")]
async fn second_thoughts_while_the_slot_is_taken_count() {
    for (case, edit, reason) in second_thoughts() {
        let fixture = Fixture::new(&format!("slot-{case}")).await;
        let kubernetes = proxy(Upstream::kubernetes(fixture.env.control_plane)).await;
        let _operator = fixture.start_through(&kubernetes);
        fixture.connected().await;
        live(&fixture, confirmed_manifest(&fixture)).await;
        let since = Since::now(&fixture).await;
        let ending = format!("/platforms/{}/status", fixture.env.platform);
        let mut slot = kubernetes.detours.pause(Method::PATCH, &ending);
        fixture.delete().await;
        slot.reached().await;
        fixture.patch(edit).await;
        drop(slot);
        holds(&fixture, &since, case, reason).await;
        assert_eq!(0, since.deletions(&fixture).await, "{case}");
    }
    println!("races at the slot: {}", second_thoughts().len());
}

/// The platform rejects the token at the request, so another one is fetched in between.
#[tokio::test(flavor = "multi_thread")]
async fn second_thoughts_while_a_token_is_fetched_count() {
    for (case, edit, reason) in second_thoughts() {
        let fixture = Fixture::new(&format!("token-{case}")).await;
        let platform = proxy(Upstream::platform(&fixture.platform.url())).await;
        fixture.platform_object(&platform.url()).await;
        let _operator = fixture.connect().await;
        live(&fixture, confirmed_manifest(&fixture)).await;
        let since = Since::now(&fixture).await;
        let rejected = json!({ "kind": "status", "status": 401 });
        let once = json!({ "route": DELETE, "nth": 1, "times": 1, "action": rejected });
        fixture.platform.add_faults(json!([once])).await.unwrap();
        let mut token = platform.detours.pause(Method::POST, "/token");
        fixture.delete().await;
        token.reached().await;
        fixture.patch(edit).await;
        drop(token);
        holds(&fixture, &since, case, reason).await;
        let asked = since.calls(&fixture).await.into_iter().filter(|call| call.starts_with(&format!("{DELETE} ")));
        assert_eq!([format!("{DELETE} 401")], *asked.collect::<Vec<_>>(), "{case}");
    }
    println!("races at the token endpoint: {}", second_thoughts().len());
}

/// A look that takes long says nothing about now. It is made again.
#[tokio::test(flavor = "multi_thread")]
async fn look_that_takes_long_does_not_count() {
    let (mut fixture, hold) = (Fixture::new("long-look").await, Pause::default());
    (fixture.timing.last_look, fixture.timing.call) = (Duration::from_millis(500), Duration::from_secs(100));
    fixture.observer = hold.observer();
    fixture.platform.auto_run(true).await.unwrap();
    let kubernetes = proxy(Upstream::kubernetes(fixture.env.control_plane)).await;
    let _operator = fixture.start_through(&kubernetes);
    fixture.connected().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    let since = Since::now(&fixture).await;
    let mut execution = hold.at(Step::Execute);
    fixture.delete().await;
    execution.reached().await;
    let mut look = kubernetes.detours.pause(Method::GET, &format!("/tenants/{NAME}"));
    drop(execution);
    look.reached().await;
    fixture.gone().await;
    assert_eq!("tenant-deleted", absence_problem(&fixture).await);
    assert_eq!(1, since.deletions(&fixture).await);
    assert_eq!([event("Normal", "Deleted")], *events(&fixture).await);
}
