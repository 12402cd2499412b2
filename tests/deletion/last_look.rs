//! Nothing stands between the last look at a Tenant and the request to delete its tenant: neither the slot of the hourly limit nor a
//! new token. What is withdrawn while either takes long is withdrawn.

use std::time::Duration;

use nimbus_operator::controller::Step;
use reqwest::Method;
use serde_json::{Value, json};

use super::{DELETE, absence_problem, confirmed_manifest, event, events, live, told, waiting_for};
use crate::support::confirmation::{confirming, deletion, withdrawal};
use crate::support::detours::PausedRequest;
use crate::support::fixture::{Fixture, NAME};
use crate::support::pause::Pause;
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::since::Since;
use crate::support::tenant::TenantHandle;

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
    println!("races: second thoughts × slot, n={}", second_thoughts().len());
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
    println!("races: second thoughts × token, n={}", second_thoughts().len());
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
    told(&fixture, [event("Normal", "Deleted")], "").await;
}

/// The call that is held while people change their mind, in the order of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// The slot of the hourly limit.
    Slot,
    /// A new token.
    Token,
    /// The last look.
    Look,
    /// The request itself: the look is over.
    Request,
    /// The release, after a look that saw the confirmation withdrawn.
    Release,
}

/// What people say while a call is held, in this order, and whether the tenant is deleted.
fn words() -> [(Held, &'static [Word], bool); 10] {
    use Word::{Confirm, Withdraw};
    [
        (Held::Slot, &[Withdraw], false),
        (Held::Slot, &[Withdraw, Confirm], true),
        (Held::Token, &[Withdraw], false),
        (Held::Token, &[Withdraw, Confirm], true),
        (Held::Look, &[Withdraw], false),
        (Held::Look, &[Withdraw, Confirm], true),
        (Held::Look, &[Withdraw, Confirm, Withdraw], false),
        (Held::Request, &[Withdraw], true),
        (Held::Request, &[Withdraw, Confirm], true),
        (Held::Release, &[Confirm], false),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Confirm,
    Withdraw,
}

impl Word {
    async fn say(self, tenant: &TenantHandle<'_>) {
        let said = match self {
            Self::Confirm => json!({ "spec": { "confirmations": deletion(&tenant.id) } }),
            Self::Withdraw => withdrawal(),
        };
        tenant.patch(said).await;
    }
}

/// An operator whose calls can be held.
struct Calls {
    fixture: Fixture,
    kubernetes: Proxy,
    platform: Proxy,
}

impl Calls {
    async fn new(name: &str) -> Self {
        let fixture = Fixture::new(name).await;
        let kubernetes = proxy(Upstream::kubernetes(fixture.env.control_plane)).await;
        let platform = proxy(Upstream::platform(&fixture.platform.url())).await;
        fixture.platform_object(&platform.url()).await;
        fixture.platform.auto_run(true).await.unwrap();
        Self { fixture, kubernetes, platform }
    }

    fn slot(&self) -> PausedRequest {
        let ending = format!("/platforms/{}/status", self.fixture.env.platform);
        self.kubernetes.detours.pause(Method::PATCH, &ending)
    }

    /// Deletes the Tenant, and returns once its pass has come to this call.
    async fn hold(&self, held: Held, tenant: &TenantHandle<'_>) -> PausedRequest {
        let mut slot = self.slot();
        tenant.delete().await;
        slot.reached().await;
        let (kubernetes, platform) = (&self.kubernetes.detours, &self.platform.detours);
        let mut call = match held {
            Held::Slot => return slot,
            Held::Token => {
                let rejected = json!({ "kind": "status", "status": 401 });
                let once = json!({ "route": DELETE, "tenant": tenant.id, "nth": 1, "times": 1, "action": rejected });
                self.fixture.platform.add_faults(json!([once])).await.unwrap();
                platform.pause(Method::POST, "/token")
            }
            // Since the slot, it is the only one.
            Held::Look => kubernetes.pause(Method::GET, &format!("/tenants/{}", tenant.name)),
            Held::Request => platform.pause(Method::DELETE, &format!("/tenants/{}", tenant.id)),
            Held::Release => {
                Word::Withdraw.say(tenant).await;
                platform.pause(Method::DELETE, &format!("/tenants/{}/owner", tenant.id))
            }
        };
        drop(slot);
        call.reached().await;
        call
    }
}

/// What is said before the last look counts as it stands then, and what is said after it comes too late, either way.
#[tokio::test(flavor = "multi_thread")]
async fn a_confirmation_counts_as_it_stands_at_the_last_look() {
    let calls = Calls::new("words").await;
    let fixture = &calls.fixture;
    let _operator = fixture.start_through(&calls.kubernetes);
    fixture.connected().await;
    for (number, (held, said, is_deleted)) in words().into_iter().enumerate() {
        let case = format!("{said:?} while {held:?} is held");
        let tenant = TenantHandle::new(fixture, &format!("tenant-{number}"));
        tenant.create(confirming(json!({ "deletionPolicy": "Delete" }), &tenant.id)).await;
        tenant.ready().await;
        let mark = fixture.platform.mark().await.unwrap();
        let call = calls.hold(held, &tenant).await;
        for word in said {
            word.say(&tenant).await;
        }
        drop(call);
        tenant.gone().await;
        let made = fixture.platform.calls(&tenant.id, mark).await.unwrap();
        let effects: Vec<_> = made.iter().filter_map(|seen| seen.effect.as_deref()).collect();
        assert_eq!([if is_deleted { "deletion-begun" } else { "owner-released" }], *effects, "{case}");
        let left = fixture.platform.tenant(&tenant.id).await.unwrap().0;
        assert_eq!(if is_deleted { 404 } else { 200 }, left, "{case}");
    }
    println!("races: confirm × withdraw × DELETE, n={}", words().len());
}

/// The vendor gives the tenant to another partner while a call is held, which no look at Kubernetes can see.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_is_handed_on_before_the_request_is_not_deleted() {
    let calls = Calls::new("handed-on").await;
    let fixture = &calls.fixture;
    let partner = json!({ "partnerRef": { "name": fixture.partner(json!({})).await } });
    let _operator = fixture.start_through(&calls.kubernetes);
    fixture.connected().await;
    let all = [Held::Slot, Held::Token, Held::Look, Held::Request];
    for held in all {
        let tenant = TenantHandle::new(fixture, &format!("{held:?}").to_lowercase());
        tenant.create(confirming(json!({ "deletionPolicy": "Delete", "partner": partner }), &tenant.id)).await;
        tenant.ready().await;
        let mark = fixture.platform.mark().await.unwrap();
        let call = calls.hold(held, &tenant).await;
        fixture.platform.edit(&tenant.id, json!({ "partner": { "partnerId": "southwind" } })).await.unwrap();
        drop(call);
        tenant.gone().await;
        let made = fixture.platform.calls(&tenant.id, mark).await.unwrap();
        let effects: Vec<_> = made.iter().filter_map(|seen| seen.effect.as_deref()).collect();
        assert_eq!(["owner-released"], *effects, "{held:?}: {made:?}");
        let (status, document) = fixture.platform.tenant(&tenant.id).await.unwrap();
        assert_eq!((200, &Value::Null), (status, &document["runtime"]["deletion"]), "{held:?}");
    }
    println!("races: DELETE × hand-over, n={}", all.len());
}
