//! Which clock counts for the limit of deletions and for confirmations: of the local clock and that of the platform, the one that
//! allows less.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use kube::Api;
use nimbus_operator::controller;
use nimbus_operator::resources::Platform;
use reqwest::Method;
use serde_json::json;

use super::breaker::{allow_one, two, waits};
use super::gone;
use crate::support::confirmation;
use crate::support::fixture::{Fixture, Operator};
use crate::support::tenant::TenantHandle;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

const DAY: i64 = 24;

/// A confirmation that ended yesterday does not count again because the host is a week back.
#[tokio::test(flavor = "multi_thread")]
async fn local_clock_that_is_a_week_back_revives_no_confirmation() {
    let fixture = Fixture::new("clock-revives").await;
    let _operator = with_clock(&fixture, -7 * DAY).await;
    let tenant = TenantHandle::new(&fixture, "ended");
    let ended = confirmation::until(&tenant.id, -1);
    tenant.create(json!({ "deletionPolicy": "Delete", "confirmations": { "deletion": ended } })).await;
    tenant.ready().await;
    tenant.delete().await;
    gone(&fixture, &tenant.name).await;
    let (status, document) = fixture.platform.tenant(&tenant.id).await.unwrap();
    assert_eq!(
        (200, json!(null), json!(null)),
        (status, document["owner"].clone(), document["runtime"]["deletion"].clone())
    );
}

/// An operator whose local clock is wrong by so many hours.
async fn with_clock(fixture: &Fixture, hours: i64) -> Operator {
    let clock = Arc::new(move || Timestamp::now() + SignedDuration::from_hours(hours));
    let operator = fixture.start_with(controller::Options { clock, ..fixture.options() });
    fixture.connected().await;
    operator
}

/// How many hours the local clock is wrong, and how many the platform's is set ahead, before and after the operator is started again.
struct Clocks {
    local: [i64; 2],
    platform: [i64; 2],
}

async fn set_ahead(fixture: &Fixture, hours: i64) {
    let ahead = json!({ "advanceSeconds": hours * 3600 });
    fixture.platform.ask(Method::POST, "/sandbox/clock", Some(ahead)).await.unwrap();
}

/// A deletion used up the limit; then the operator was started again with such clocks, and nothing more may be deleted.
async fn holds(case: &str, clocks: Clocks) {
    let Clocks { local, platform } = clocks;
    let fixture = Fixture::new(&format!("clock-{case}")).await;
    allow_one(&fixture).await;
    set_ahead(&fixture, platform[0]).await;
    let operator = with_clock(&fixture, local[0]).await;
    fixture.platform.auto_run(true).await.unwrap();
    let [first, second] = two(&fixture).await;
    first.delete().await;
    gone(&fixture, &first.name).await;
    operator.stop().await;
    set_ahead(&fixture, platform[1] - platform[0]).await;
    let _operator = with_clock(&fixture, local[1]).await;
    let mark = fixture.platform.mark().await.unwrap();
    waits(&second).await;
    assert_eq!([""; 0], *fixture.platform.effects(mark).await.unwrap(), "{case}");
    // A slot of the future is dated back to now, or it would count for longer than an hour.
    let platforms: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    let latest = SignedDuration::from_hours(local[1].max(platform[1])) + SignedDuration::from_secs(60);
    let latest = Timestamp::now() + latest;
    until("the Platform lists it as of now at the latest", PATIENCE, async || {
        let slots = platforms.get(&fixture.env.platform).await.unwrap().status.unwrap().confirmed_deletions;
        let at: Vec<Timestamp> = slots.iter().map(|slot| slot.at.parse().unwrap()).collect();
        if at.len() == 1 && at[0] <= latest { Ok(()) } else { Err(format!("{case}: {slots:?}")) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn local_clock_that_is_a_day_ahead_unlocks_no_deletion() {
    holds("ahead", Clocks { local: [0, DAY], platform: [0, 0] }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn local_clock_that_is_a_day_back_holds_deletions_up_for_an_hour() {
    holds("back", Clocks { local: [0, -DAY], platform: [0, 0] }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_that_lies_a_day_ahead_unlocks_no_deletion() {
    holds("lies", Clocks { local: [0, 0], platform: [0, DAY] }).await;
}

/// It counted the deletions of the last hour a day back, where they must not be forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn local_clock_that_is_corrected_unlocks_no_deletion() {
    holds("corrected", Clocks { local: [-DAY, 0], platform: [0, 0] }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_whose_clock_is_corrected_unlocks_no_deletion() {
    holds("follows", Clocks { local: [DAY, DAY], platform: [0, DAY] }).await;
}
