//! A tenant is claimed by another between the look at it and the claim: the claim names the stamp that was seen, so exactly one
//! claim holds, in every order.

use nimbus_operator::controller::Step;
use reqwest::Method;
use serde_json::{Value, json};

use super::{ready_reason, tenants, unowned};
use crate::support::confirmation::confirming;
use crate::support::fixture::{Fixture, NAME};
use crate::support::pause::Pause;
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::tenant::TenantHandle;
use crate::support::wait::{PATIENCE, until};

/// Two Tenants for the fixture's tenant that may adopt anything.
fn rivals<'s>(fixture: &'s Fixture) -> [TenantHandle<'s>; 2] {
    ["one", "two"].map(|name| TenantHandle::of_fixture(fixture, name))
}

fn always(name: &str) -> Value {
    json!({ "general": { "companyName": name }, "adoptionPolicy": "Always" })
}

async fn owner(fixture: &Fixture) -> Value {
    fixture.platform.tenant(&fixture.id).await.unwrap().1["owner"].clone()
}

/// Waits until a claim was accepted.
async fn claimed(fixture: &Fixture) {
    until("a claim", PATIENCE, async || match owner(fixture).await {
        Value::String(_) => Ok(()),
        other => Err(other.to_string()),
    })
    .await;
}

/// Both looked at the free tenant before either claims it.
#[tokio::test(flavor = "multi_thread")]
async fn one_of_two_claims_holds_in_both_orders() {
    for (round, first) in [0, 1].into_iter().enumerate() {
        let mut fixture = Fixture::new(&format!("claims-{round}")).await;
        let hold = Pause::default();
        fixture.observer = hold.observer();
        unowned(&fixture).await;
        let _operator = fixture.connect().await;
        let rivals = rivals(&fixture);
        let mut held = vec![];
        for rival in &rivals {
            let mut paused = hold.at(Step::Execute);
            rival.create(always(&rival.name)).await;
            paused.reached().await;
            held.push(paused);
        }
        let mark = fixture.platform.mark().await.unwrap();
        drop(held.remove(first));
        claimed(&fixture).await;
        drop(held);

        let [winner, loser] = [&rivals[first], &rivals[1 - first]];
        winner.ready().await;
        let names = tenants(&fixture, &fixture.env.namespace);
        let (_, message) = ready_reason(&names, &loser.name, "OwnedByOther").await;
        let stamp = format!("test/{}/{}", fixture.env.namespace, winner.name);
        assert!(message.contains(&stamp), "{message}");
        assert_eq!(json!(stamp), owner(&fixture).await);
        let (_, document) = fixture.platform.tenant(&fixture.id).await.unwrap();
        assert_eq!(json!(winner.name), document["settings"]["general"]["companyName"], "the loser wrote nothing");
        assert_eq!(["owner-claimed", "settings-changed"], *fixture.platform.effects(mark).await.unwrap());
        loser.pass().await;
        winner.ready().await;
    }
    println!("races: claim × claim, n=2");
}

/// A Tenant is renamed: the old one is deleted, and a new one claims the tenant before or after the release arrives.
#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_tenant_keeps_its_tenant_in_both_orders() {
    for late in [true, false] {
        let fixture = Fixture::new(&format!("rename-{late}")).await;
        let recorder = Recorder::new(|_, _| false);
        let platform = Proxy::start(Upstream::platform(&fixture.platform.url()), &recorder).await.unwrap();
        fixture.platform_object(&platform.url()).await;
        let _operator = fixture.connect().await;
        let [old, new] = rivals(&fixture);
        old.create(json!({})).await;
        old.ready().await;
        let mark = fixture.platform.mark().await.unwrap();
        let mut release = platform.detours.pause(Method::DELETE, "/owner");
        old.delete().await;
        release.reached().await;
        if late {
            new.create(json!({})).await;
            new.condition("Ready", "False", "OwnedByOther").await;
            drop(release);
            old.gone().await;
        } else {
            drop(release);
            old.gone().await;
            new.create(json!({})).await;
        }
        new.ready().await;
        assert_eq!(["owner-released", "owner-claimed"], *fixture.platform.effects(mark).await.unwrap(), "{late}");
        assert_eq!(json!(format!("test/{}/two", fixture.env.namespace)), owner(&fixture).await);
    }
    println!("races: delete × rename, n=2");
}

/// The same with a confirmed deletion: what was asked for holds, and the new Tenant neither stops it nor creates the tenant again.
#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_tenant_survives_no_confirmed_deletion_in_either_order() {
    for late in [true, false] {
        let fixture = Fixture::new(&format!("rename-deleted-{late}")).await;
        let platform =
            Proxy::start(Upstream::platform(&fixture.platform.url()), &Recorder::new(|_, _| false)).await.unwrap();
        fixture.platform_object(&platform.url()).await;
        fixture.platform.auto_run(true).await.unwrap();
        let _operator = fixture.connect().await;
        let [old, new] = rivals(&fixture);
        old.create(confirming(json!({ "deletionPolicy": "Delete" }), &fixture.id)).await;
        old.ready().await;
        let mark = fixture.platform.mark().await.unwrap();
        let mut request = platform.detours.pause(Method::DELETE, &format!("/tenants/{}", fixture.id));
        old.delete().await;
        request.reached().await;
        if late {
            new.create(always("two")).await;
            new.condition("Ready", "False", "OwnedByOther").await;
            drop(request);
            old.gone().await;
        } else {
            drop(request);
            old.gone().await;
            new.create(always("two")).await;
        }
        new.condition("Ready", "False", "TenantLost").await;
        new.pass().await;
        assert_eq!(["deletion-begun"], *fixture.platform.effects(mark).await.unwrap(), "{late}");
        assert_eq!(404, fixture.platform.tenant(&fixture.id).await.unwrap().0, "{late}");
    }
    println!("races: confirmed delete × rename, n=2");
}

/// The claim is on its way when another cluster claims the tenant: free, or with the stale stamp of a Tenant that is gone.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_claim_takes_nothing_from_another_cluster() {
    for (round, stale) in [false, true].into_iter().enumerate() {
        let fixture = Fixture::new(&format!("late-{round}")).await;
        unowned(&fixture).await;
        let gone = stale.then(|| format!("test/{}/gone", fixture.env.namespace));
        fixture.platform.stamp(&fixture.id, gone.as_deref(), None).await.unwrap();
        let _operator = fixture.connect().await;
        let delay = json!({ "kind": "delay", "seconds": 1.0 });
        let fault = json!([{ "route": "PUT /v1/tenants/{id}/owner", "nth": 1, "action": delay }]);
        fixture.platform.add_faults(fault).await.unwrap();
        let mark = fixture.platform.mark().await.unwrap();
        fixture.create(always("ours")).await;
        until("the claim is on its way", PATIENCE, async || {
            let faults = fixture.platform.ask(Method::GET, "/sandbox/faults", None).await;
            let faults = faults.map_err(|error| error.to_string())?;
            if faults["faults"][0]["faulted"] == json!(1) { Ok(()) } else { Err(faults.to_string()) }
        })
        .await;
        fixture.platform.stamp(&fixture.id, Some("elsewhere/contoso/contoso"), None).await.unwrap();

        fixture.condition("Ready", "False", "OwnedByOther").await;
        assert_eq!(json!("elsewhere/contoso/contoso"), owner(&fixture).await);
        assert_eq!(Vec::<String>::new(), fixture.platform.effects(mark).await.unwrap());
        let calls = fixture.platform.calls(&fixture.id, mark).await.unwrap();
        let calls: Vec<_> = calls.iter().map(|seen| (seen.call.as_str(), seen.status.unwrap_or_default())).collect();
        let [get, put] = ["GET /v1/tenants/{id}", "PUT /v1/tenants/{id}/owner"];
        assert_eq!([(get, 200), (put, 412), (get, 200)], *calls, "looked at again in the same pass");
    }
}

/// The claim holds only for the settings that were decided on: what does not match any more is not adopted.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_before_the_claim_is_looked_at_again() {
    let mut fixture = Fixture::new("edit-claim").await;
    let hold = Pause::default();
    fixture.observer = hold.observer();
    unowned(&fixture).await;
    let _operator = fixture.connect().await;
    let mut held = hold.at(Step::Execute);
    fixture.create(json!({ "adoptionPolicy": "IfMatches" })).await;
    held.reached().await;
    fixture.platform.edit(&fixture.id, json!({ "general": { "name": "From the UI" } })).await.unwrap();
    let (mark, before) = (fixture.platform.mark().await.unwrap(), fixture.platform.tenant(&fixture.id).await.unwrap());
    drop(held);
    let (_, message) = ready_reason(&fixture.tenants(), NAME, "NotAdopted").await;
    assert!(message.contains("spec.general.name"), "{message}");
    assert_eq!(before, fixture.platform.tenant(&fixture.id).await.unwrap(), "it is neither taken nor changed");
    let calls = fixture.platform.calls(&fixture.id, mark).await.unwrap();
    let calls: Vec<_> =
        calls.iter().map(|seen| (seen.call.split(' ').next().unwrap(), seen.status.unwrap_or_default())).collect();
    assert_eq!([("PUT", 412), ("GET", 200)], *calls, "looked at again in the same pass");
}
