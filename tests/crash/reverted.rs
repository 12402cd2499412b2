//! An edit, a crash of the operator, and the edit taken back, in both orders and at each side effect of the edit. The platform must end
//! with the value of the spec, also where drift is only reported: an edit of the operator itself is no drift.

#![allow(clippy::print_stdout, reason = "a figure of the run")]

use serde_json::{Value, json};

use super::fixture::CrashFixture;
use crate::support::confirmation::confirmed;
use crate::support::fixture::condition;
use crate::support::operator::OperatorProcess;
use crate::support::recorder::Moment;
use crate::support::tenant::TenantHandle;
use crate::support::wait::PATIENCE;

/// The side effects of an edit.
const EFFECTS: [&str; 2] = ["save", "status"];

/// When the edit is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Revert {
    /// While the operator hangs at a side effect, before it is killed.
    BeforeCrash,
    /// While no operator runs.
    AfterCrash,
}

/// A Tenant that only reports drift.
async fn live(tenant: &TenantHandle<'_>, spec: &Value) {
    let mut reporting = json!({ "driftPolicy": "Report" });
    json_patch::merge(&mut reporting, spec);
    tenant.create(reporting).await;
    tenant.ready().await;
}

/// A point at which the operator is killed.
#[derive(Clone, Copy, Debug)]
struct Point {
    /// Counted from 1 over the side effects of the edit.
    number: usize,
    moment: Moment,
    revert: Revert,
}

impl Point {
    fn all(revert: Revert) -> impl Iterator<Item = Self> {
        let numbers = 1..=EFFECTS.len();
        numbers.flat_map(move |number| Moment::ALL.map(|moment| Self { number, moment, revert }))
    }

    /// Whether the edit had arrived at the platform.
    fn is_saved(self) -> bool {
        self.number > 1 || self.moment != Moment::BeforeSend
    }

    fn name(self) -> String {
        format!("killed {:?} {}, taken back {:?}", self.moment, EFFECTS[self.number - 1], self.revert)
    }

    /// Edits a Tenant, kills the operator at this point, and takes the edit back. Afterwards another operator runs.
    async fn reach(
        self,
        fixture: &CrashFixture,
        tenant: &TenantHandle<'_>,
        [spec, edit]: [&Value; 2],
    ) -> (u64, OperatorProcess) {
        let operator = fixture.start();
        live(tenant, spec).await;
        let mark = fixture.mark().await;
        let reached = fixture.recorder.arm(fixture.recorder.effects().len() + self.number, self.moment);
        tenant.patch(json!({ "spec": edit })).await;
        tokio::time::timeout(PATIENCE, reached).await.expect("it is reached").expect("by the operator");
        let revert = async || drop(tenant.patch(json!({ "spec": spec })).await);
        if self.revert == Revert::BeforeCrash {
            revert().await;
        }
        operator.kill();
        fixture.recorder.release();
        if self.revert == Revert::AfterCrash {
            revert().await;
        }
        (mark, fixture.start())
    }
}

async fn setting(fixture: &CrashFixture, tenant: &TenantHandle<'_>, pointer: &str) -> Value {
    let (_, document) = fixture.base.platform.tenant(&tenant.id).await.unwrap();
    document["settings"].pointer(pointer).cloned().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_is_taken_back_around_a_crash_does_not_stay_on_the_platform() {
    let fixture = CrashFixture::new("crash-reverted").await;
    let (spec, edit) =
        (json!({ "general": { "companyName": "Contoso AG" } }), json!({ "general": { "companyName": "Contoso SE" } }));
    let mut points = 0;
    for point in [Revert::BeforeCrash, Revert::AfterCrash].into_iter().flat_map(Point::all) {
        let tenant = fixture.tenant();
        let (mark, operator) = point.reach(&fixture, &tenant, [&spec, &edit]).await;
        tenant.ready().await;
        tenant.pass().await;
        let ready = tenant.ready().await;
        let name = point.name();
        assert_eq!(json!("Contoso AG"), setting(&fixture, &tenant, "/general/companyName").await, "{name}");
        assert_eq!(Some("True"), condition(&ready, "Synced").map(|(status, ..)| status).as_deref(), "{name}");
        let expected = if point.is_saved() { 2 } else { 0 };
        assert_eq!(vec!["settings-changed"; expected], fixture.base.platform.effects(mark).await.unwrap(), "{name}");
        operator.check().expect("the operator lives on");
        points += 1;
    }
    assert_eq!(Vec::<(String, String)>::new(), fixture.base.events().await.unwrap(), "an own edit is no drift");
    println!("races: edit × crash × revert, n={points}");
}

/// A retention time that was prolonged and is taken back is one that is shortened: it needs its confirmation, and gets it.
#[tokio::test(flavor = "multi_thread")]
async fn a_retention_time_that_is_taken_back_around_a_crash_waits_for_its_confirmation() {
    const POINTER: &str = "/dataPrivacy/dataRetentionMonths";
    let fixture = CrashFixture::new("crash-retention").await;
    let months = |months: u8| json!({ "dataPrivacy": { "dataRetentionMonths": months } });
    let mut points = 0;
    for point in Point::all(Revert::AfterCrash) {
        let tenant = fixture.tenant();
        let (_, operator) = point.reach(&fixture, &tenant, [&months(24), &months(36)]).await;
        let name = point.name();
        if point.is_saved() {
            let waits = tenant.condition("Ready", "False", "ConfirmationRequired").await;
            assert!(condition(&waits, "Ready").unwrap().2.contains("36->24"), "{name}");
            assert_eq!(json!(36), setting(&fixture, &tenant, POINTER).await, "{name}");
            tenant.patch(json!({ "spec": { "confirmations": { "retention": confirmed("36->24") } } })).await;
        }
        tenant.ready().await;
        assert_eq!(json!(24), setting(&fixture, &tenant, POINTER).await, "{name}");
        operator.check().expect("the operator lives on");
        points += 1;
    }
    println!("races: retention × crash × revert, n={points}");
}
