//! Crash points are counted, not picked: a run without faults counts the side effects of an action. Then the operator is
//! killed before, during and after each of them, and the result must equal that of the run without faults.

mod deleted_after_crash;
mod fixture;
mod reverted;
mod scenario;

use fixture::CrashFixture;
use scenario::{FinalState, Scenario};

use crate::support::recorder::{Effect, Moment};
use crate::support::tenant::TenantHandle;

/// The minimum number of side effects of each scenario, in their order. These may not shrink: a side effect that is not
/// counted is a crash that is not tested.
const LEAST: [usize; 9] = [3, 2, 4, 2, 2, 4, 3, 2, 7];

/// Kills the operator at each side effect of a scenario (`order`), at each moment.
async fn at_every_point(name: &str, scenario: Scenario, order: &[&str]) {
    let least = LEAST[scenario as usize];
    let fixture = CrashFixture::new(&format!("crash-{name}")).await;
    let (reference, effects) = without_fault(&fixture, scenario).await;
    assert_eq!(order, effects.iter().map(named).collect::<Vec<_>>(), "the effects of {name}");
    assert!(effects.len() >= least, "{name} has {} effects: {effects:?}", effects.len());
    for number in 1..=effects.len() {
        for moment in Moment::ALL {
            let end = with_crash(&fixture, scenario, number, moment).await;
            assert_eq!(reference, end, "{name}: killed {moment:?} effect {number}, {}", order[number - 1]);
        }
    }
    fixture.is_quiet().await;
    report(name, effects.len());
}

#[allow(clippy::print_stdout, reason = "a figure of the run")]
fn report(name: &str, count: usize) {
    println!("crash points: {name} n={count}, killed {} times, no difference", count * Moment::ALL.len());
}

/// The name of a side effect, independent of the Tenant.
fn named(effect: &Effect) -> &'static str {
    let part = |place: usize| effect.path.rsplit('/').nth(place).unwrap_or_default();
    match (effect.target, effect.method.as_str(), part(0)) {
        ("kubernetes", "PATCH", "status") => "status",
        ("kubernetes", "PATCH", _) if part(1) == "tenants" => "finalizer",
        ("kubernetes", "POST" | "PATCH", _) if effect.path.contains("/secrets") => "secret",
        ("platform", "POST", "rotate") => "rotate",
        ("platform", "POST", "test") => "message",
        ("platform", "PUT", "owner") => "claim",
        ("platform", "DELETE", "owner") => "release",
        ("platform", "PUT", _) => "create",
        ("platform", "PATCH", _) => "save",
        ("platform", "DELETE", _) => "delete",
        _ => "something else",
    }
}

async fn without_fault(fixture: &CrashFixture, scenario: Scenario) -> (FinalState, Vec<Effect>) {
    let tenant = fixture.tenant();
    let _operator = fixture.start();
    scenario.prepare(fixture, &tenant).await;
    let (mark, before) = (fixture.mark().await, fixture.recorder.effects().len());
    scenario.act(&tenant).await;
    scenario.settled(&tenant).await;
    let effects = fixture.recorder.effects().split_off(before);
    (scenario.end(fixture, &tenant, mark).await, effects)
}

async fn with_crash(fixture: &CrashFixture, scenario: Scenario, number: usize, moment: Moment) -> FinalState {
    let tenant = fixture.tenant();
    let mark = crashed(fixture, scenario, &tenant, number, moment).await;
    let operator = fixture.start();
    scenario.settled(&tenant).await;
    let end = scenario.end(fixture, &tenant, mark).await;
    operator.check().expect("the operator lives on");
    end
}

/// Runs the action, kills the operator at the given side effect, and returns the mark in the log from before. Afterwards
/// the state that the operator left behind does not change.
async fn crashed(
    fixture: &CrashFixture,
    scenario: Scenario,
    tenant: &TenantHandle<'_>,
    number: usize,
    moment: Moment,
) -> u64 {
    let operator = fixture.start();
    scenario.prepare(fixture, tenant).await;
    let mark = fixture.mark().await;
    let reached = fixture.recorder.arm(fixture.recorder.effects().len() + number, moment);
    scenario.act(tenant).await;
    if let Err(why) = fixture.kill_at(&operator, reached).await {
        panic!("{moment:?} of effect {number} was {why}");
    }
    mark
}

#[tokio::test(flavor = "multi_thread")]
async fn create_survives_any_crash() {
    at_every_point("create", Scenario::Create, &["finalizer", "create", "status"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn edit_survives_any_crash() {
    at_every_point("edit", Scenario::Edit, &["save", "status"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn adoption_survives_any_crash() {
    at_every_point("adopt", Scenario::Adopt, &["finalizer", "claim", "save", "status"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn retaining_deletion_survives_any_crash() {
    at_every_point("retain", Scenario::Retain, &["release", "finalizer"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn confirmed_deletion_survives_any_crash() {
    at_every_point("delete", Scenario::Delete, &["delete", "finalizer"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn create_with_triggers_survives_any_crash() {
    let order = ["finalizer", "create", "secret", "status"];
    at_every_point("create-triggers", Scenario::CreateTriggers, &order).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rotation_survives_any_crash() {
    at_every_point("rotate", Scenario::Rotate, &["rotate", "secret", "status"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn test_message_survives_any_crash() {
    at_every_point("message", Scenario::Message, &["message", "status"]).await;
}

/// The tokens are recorded before the claim, so that no crash can cause a trigger to act.
#[tokio::test(flavor = "multi_thread")]
async fn adoption_with_triggers_survives_any_crash() {
    let order = ["finalizer", "rotate", "message", "claim", "save", "secret", "status"];
    at_every_point("adopt-triggers", Scenario::AdoptTriggers, &order).await;
}
