//! Another writes to the tenant while it is taken over: before the look, the claim, or the save, or after all of them. Each is forced by
//! holding that very call. What the other did stays, and nothing is written that was decided without it.

#![allow(clippy::print_stdout, reason = "a figure of the run")]

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::fixture::{Fixture, Operator};
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::tenant::TenantHandle;
use crate::support::trigger::{interact, messaging, rotating, sending};

const ELSEWHERE: &str = "elsewhere/contoso/contoso";

/// When the other writes, by the call of ours that is held meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Before {
    Look,
    Claim,
    Save,
    /// None: everything is done.
    Nothing,
}

impl Before {
    const ALL: [Self; 4] = [Self::Look, Self::Claim, Self::Save, Self::Nothing];

    /// The call that is held.
    fn call(self, id: &str) -> Option<(Method, String)> {
        match self {
            Self::Look => Some((Method::GET, format!("/tenants/{id}"))),
            Self::Claim => Some((Method::PUT, format!("/tenants/{id}/owner"))),
            Self::Save => Some((Method::PATCH, format!("/tenants/{id}"))),
            Self::Nothing => None,
        }
    }

    /// Whether our stamp was on the tenant when the other wrote.
    fn is_ours(self) -> bool {
        matches!(self, Self::Save | Self::Nothing)
    }
}

/// What the other does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Foreign {
    /// Another cluster has its stamp on the tenant.
    Takes,
    /// Someone edits the tenant in the UI.
    Edits,
    /// The vendor gives the tenant to another partner.
    HandsOn,
    /// The vendor deletes the tenant.
    Deletes,
}

impl Foreign {
    const ALL: [Self; 4] = [Self::Takes, Self::Edits, Self::HandsOn, Self::Deletes];

    async fn write(self, fixture: &Fixture, id: &str) {
        let platform = &fixture.platform;
        match self {
            Self::Takes => platform.stamp(id, Some(ELSEWHERE), None).await,
            Self::Edits => {
                platform.edit(id, json!({ "general": { "companyName": "Theirs", "division": "Theirs" } })).await
            }
            Self::HandsOn => platform.edit(id, json!({ "partner": { "partnerId": "southwind" } })).await,
            Self::Deletes => platform.delete(id).await,
        }
        .unwrap();
    }

    /// Status and reason of Ready that must result.
    fn ready(self) -> (&'static str, &'static str) {
        match self {
            Self::Takes => ("False", "OwnedByOther"),
            Self::Edits => ("True", "Succeeded"),
            Self::HandsOn => ("False", "NotAdopted"),
            Self::Deletes => ("False", "TenantDeleting"),
        }
    }

    /// What of ours has an effect after it.
    fn effects(self, before: Before) -> &'static [&'static str] {
        match (self, before.is_ours()) {
            (Self::Takes | Self::HandsOn | Self::Deletes, _) => &[],
            (Self::Edits, false) => &["owner-claimed", "settings-changed"],
            (Self::Edits, true) => &["settings-changed"],
        }
    }
}

/// An operator behind a proxy, whose calls can be held.
async fn fixture(name: &str) -> (Fixture, Proxy, Operator) {
    let fixture = Fixture::new(name).await;
    let upstream = Upstream::platform(&fixture.platform.url());
    let platform = Proxy::start(upstream, &Recorder::new(|_, _| false)).await.unwrap();
    fixture.platform_object(&platform.url()).await;
    fixture.partner(json!({})).await;
    let operator = fixture.connect().await;
    (fixture, platform, operator)
}

/// A Tenant that takes over a tenant of its partner, which differs.
fn spec(fixture: &Fixture) -> Value {
    json!({
        "adoptionPolicy": "Always", "general": { "companyName": "Contoso AG" },
        "partner": { "partnerRef": { "name": fixture.env.namespace } }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_write_at_any_call_of_a_claim_stays() {
    let (fixture, platform, _operator) = fixture("foreign-write").await;
    let mut cases = 0;
    for foreign in Foreign::ALL {
        for before in Before::ALL {
            let case = format!("{foreign:?} before {before:?}");
            let tenant = TenantHandle::new(&fixture, &format!("tenant-{cases}"));
            let settings = json!({
                "general": { "name": "Contoso", "o365Domain": "contoso.onmicrosoft.com" },
                "partner": { "partnerId": "northwind" }
            });
            fixture.platform.create(&tenant.id, settings).await.unwrap();
            let mut held = before.call(&tenant.id).map(|(method, path)| platform.detours.pause(method, &path));
            tenant.create(spec(&fixture)).await;
            match &mut held {
                Some(call) => call.reached().await,
                None => drop(tenant.ready().await),
            }
            foreign.write(&fixture, &tenant.id).await;
            let mark = fixture.platform.mark().await.unwrap();
            drop(held);
            if before == Before::Nothing {
                tenant.pass().await;
            }
            let (status, reason) = foreign.ready();
            tenant.condition("Ready", status, reason).await;
            tenant.pass().await;

            let calls = fixture.platform.calls(&tenant.id, mark).await.unwrap();
            let effects: Vec<_> = calls.iter().filter_map(|seen| seen.effect.as_deref()).collect();
            assert_eq!(foreign.effects(before), effects, "{case}: {calls:?}");
            holds(&fixture, &tenant, foreign, before).await;
            cases += 1;
        }
    }
    println!("races: claim × foreign write, n={cases}");
}

/// What is done once cannot be undone: a new widget key ends the life of the one in use.
#[tokio::test(flavor = "multi_thread")]
async fn no_trigger_acts_on_a_tenant_that_was_handed_on() {
    let (fixture, platform, _operator) = fixture("handed-trigger").await;
    let triggers =
        [("rotate", "widget-key/rotate", rotating("b")), ("message", "instant-messaging/test", sending("m"))];
    for (name, route, edit) in &triggers {
        let tenant = TenantHandle::new(&fixture, name);
        let mut more = interact(json!({ "rotation": "a" }));
        json_patch::merge(&mut more, &messaging(None));
        json_patch::merge(&mut more, &spec(&fixture));
        tenant.create(more).await;
        tenant.ready().await;
        let invitations = format!("/sandbox/tenants/{}/invitations", tenant.id);
        fixture.platform.ask(Method::PUT, &invitations, Some(json!({ "primary": "accepted" }))).await.unwrap();
        tenant.pass().await;
        let mut held = platform.detours.pause(Method::POST, &format!("/tenants/{}/{route}", tenant.id));
        tenant.patch(edit.clone()).await;
        held.reached().await;
        Foreign::HandsOn.write(&fixture, &tenant.id).await;
        let mark = fixture.platform.mark().await.unwrap();
        drop(held);
        tenant.condition("Ready", "False", "NotAdopted").await;
        let calls = fixture.platform.calls(&tenant.id, mark).await.unwrap();
        assert!(calls.iter().all(|seen| seen.effect.is_none()), "{name}: {calls:?}");
    }
    println!("races: trigger × hand-over, n={}", triggers.len());
}

/// What the other wrote is on the platform.
async fn holds(fixture: &Fixture, tenant: &TenantHandle<'_>, foreign: Foreign, before: Before) {
    let case = format!("{foreign:?} before {before:?}");
    let (status, document) = fixture.platform.tenant(&tenant.id).await.unwrap();
    assert_eq!(200, status, "{case}");
    let ours = json!(format!("test/{}/{}", fixture.env.namespace, tenant.name));
    let had = if before.is_ours() { ours.clone() } else { Value::Null };
    let (settings, owner) = (&document["settings"], &document["owner"]);
    match foreign {
        Foreign::Takes => assert_eq!(&json!(ELSEWHERE), owner, "{case}"),
        Foreign::Edits => {
            assert_eq!(&ours, owner, "{case}");
            assert_eq!(json!("Theirs"), settings["general"]["division"], "{case}: not managed");
            assert_eq!(json!("Contoso AG"), settings["general"]["companyName"], "{case}: managed");
        }
        Foreign::HandsOn => {
            assert_eq!(&had, owner, "{case}: the tenant of another partner is not taken");
            assert_eq!(json!("southwind"), settings["partner"]["partnerId"], "{case}");
        }
        Foreign::Deletes => {
            assert_eq!(&had, owner, "{case}");
            assert_ne!(Value::Null, document["runtime"]["deletion"], "{case}");
        }
    }
}
