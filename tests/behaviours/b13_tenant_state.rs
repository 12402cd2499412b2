//! Behaviour 13. Tenant state and licenses are read from the platform. Suspended means: logins refused, tasks rejected,
//! calls answered by the announcement; the configuration is kept.
//!
//! The operator shows: the condition TenantActive with the state as its reason, `LicenseOveruse` with the kinds, and the
//! numbers in `status.licenses`. Neither affects Ready.

use nimbus_operator::resources::Tenant;
use reqwest::Method;
use serde_json::{Value, json};

use super::fixture::{BehaviourFixture, condition_state, fails, outcome, pair};
use crate::support::audit::Mark;
use crate::support::fixture::{condition, message};
use crate::support::users::TENANT_EDITOR;

const TASKS: &str = "modalities: {email: {maxConcurrentTasksPerService: 5}}";

impl BehaviourFixture {
    async fn log_in(&self) -> String {
        outcome(&self.act(Method::POST, "/log-ins", json!({ "user": "anna" })).await).0
    }

    /// The vendor changes the state.
    async fn state_of_tenant(&self, state: &str) {
        self.vendor(json!({ "licenses": { "tenantState": state } })).await;
    }

    /// The licenses of a user.
    async fn licenses(&self, user: &str, kinds: &[&str]) {
        self.act(Method::PUT, &format!("/users/{user}"), json!({ "licenses": kinds })).await;
    }

    async fn set_contingents(&self, contingents: Value) {
        self.vendor(json!({ "licenses": { "contingents": contingents } })).await;
    }

    async fn writes(&self) -> usize {
        self.base.tenant_writes(Mark::START).await.unwrap().len()
    }
}

/// An entry of `status.licenses`: used, purchased, overused.
fn license(tenant: &Tenant, kind: &str) -> (i64, Option<i64>, bool) {
    let licenses = &tenant.status.as_ref().unwrap().licenses;
    let found =
        licenses.iter().find(|license| license.kind == kind).unwrap_or_else(|| panic!("no {kind}: {licenses:?}"));
    (found.used, found.contingent, found.overused)
}

/// "What happens on Tenant suspension? All users will not be able to login to Nimbus and related apps. Inbound / Outbound
/// tasks will be rejected and incoming calls will be redirected to a default announcement workflow. This state can be resolved
/// by a Luware Administrator."
#[tokio::test(flavor = "multi_thread")]
async fn suspended_state_names_contact_and_keeps_settings() {
    let fixture = BehaviourFixture::start("b13-suspended").await;
    fixture.name_support().await;
    fixture.live(TASKS).await;
    fixture.service("help").await;
    fixture.state_of_tenant("Active").await;
    let serves = (fixture.log_in().await, fixture.call().await, fixture.task("outbound").await.0);
    assert_eq!(("admitted".to_owned(), "distributed".to_owned(), "running".to_owned()), serves);
    let before = fixture.document().await["settings"].clone();

    fixture.state_of_tenant("Suspended").await;
    let suspended = fixture.base.pass().await;
    assert_eq!(("refused".to_owned(), "announcement".to_owned()), (fixture.log_in().await, fixture.call().await));
    for kind in ["outbound", "external", "email", "instantMessaging"] {
        assert_eq!(fails("rejected", "tenant-state"), fixture.task(kind).await, "{kind}");
    }
    assert_eq!(pair("False", "Suspended"), condition_state(&suspended, "TenantActive"));
    let expected = "The subscription is Suspended: users cannot log in, tasks are rejected and calls are answered with an \
                    announcement; the settings are kept. What to do: Only a Luware Administrator can resolve this state; raise a ticket. See \
                    https://helpdesk.luware.cloud";
    assert_eq!(Some(expected.to_owned()), message(&suspended, "TenantActive"));
    assert_eq!(pair("True", "Succeeded"), condition_state(&suspended, "Ready"), "the spec is live all the same");
    assert_eq!("Suspended", fixture.column("STATE").await.unwrap());
    let select = async |selector: &str| {
        let words = ["get", "nten", "--field-selector", selector, "-o", "name"];
        fixture.base.kubectl(TENANT_EDITOR, &words).await.unwrap()
    };
    assert_eq!("tenant.nimbus.luware.com/contoso\n", select("status.platformTenant.state=Suspended").await);
    assert_eq!("", select("status.platformTenant.state=Active").await);
    assert_eq!("", select("status.provisioningScript.pending=true,status.platformTenant.state=Active").await);
    let mut kept = before;
    kept["licenses"]["tenantState"] = json!("Suspended");
    assert_eq!(kept, fixture.document().await["settings"], "the configuration stays");

    // Neither a deletion nor spec.suspend: edits are still saved.
    fixture.live("modalities: {email: {maxConcurrentTasksPerService: 6}}").await;
    assert_eq!(json!(6), fixture.setting("/modalities/email/maxConcurrentTasksPerService").await);
    fixture.state_of_tenant("Active").await;
    let active = fixture.base.pass().await;
    assert_eq!(
        Some(("True".into(), "Active".into(), "The state of the subscription is Active".into())),
        condition(&active, "TenantActive")
    );
    assert_eq!(("admitted".to_owned(), "distributed".to_owned()), (fixture.log_in().await, fixture.call().await));
}

/// "States displayed can be as follows: Active, Trial, Suspended, Expired, Canceled, Lab". "This field is read only. Your
/// status can only be changed by a Luware System Administrator."
#[tokio::test(flavor = "multi_thread")]
async fn tenant_state_is_the_reason_of_tenant_active() {
    let fixture = BehaviourFixture::start("b13-states").await;
    let created = fixture.live("{}").await;
    assert_eq!(pair("True", "Trial"), condition_state(&created, "TenantActive"));
    let rows = [
        ("Active", "True", "The state of the subscription is Active"),
        ("Suspended", "False", "raise a ticket."),
        ("Expired", "False", "Contact Luware Support to renew the subscription."),
        ("Canceled", "False", "Contact Luware Support."),
        ("Lab", "True", "The state of the subscription is Lab"),
        ("Trial", "True", "The state of the subscription is Trial"),
    ];
    for (state, active, advice) in rows {
        fixture.state_of_tenant(state).await;
        let tenant = fixture.base.pass().await;
        assert_eq!(pair(active, state), condition_state(&tenant, "TenantActive"));
        let said = message(&tenant, "TenantActive").unwrap();
        assert!(said.ends_with(advice), "{state}: {said}");
        assert_eq!(Some(state.to_owned()), tenant.status.unwrap().platform_tenant.unwrap().state);
        assert_eq!(state, fixture.column("STATE").await.unwrap());
    }
}

/// "The counters change when you Manage Licenses per service and users respectively, drawing from your current license
/// contingency." Overuse is more than was bought, and as many is not.
#[tokio::test(flavor = "multi_thread")]
async fn overuse_message_names_kinds_status_has_counts() {
    let mut fixture = BehaviourFixture::start("b13-overuse").await;
    fixture.live("{}").await;
    fixture.set_contingents(json!({ "users": { "assistant": 2 }, "services": { "advancedRouting": 1 } })).await;
    fixture.service("help").await;
    fixture.licenses("anna", &["users/assistant"]).await;
    fixture.licenses("bob", &["users/assistant"]).await;
    // The numbers are read by the first reconcile of an operator, and then on schedule.
    let as_many = fixture.restarted().await;
    assert_eq!(pair("False", "WithinContingent"), condition_state(&as_many, "LicenseOveruse"));
    assert_eq!((2, Some(2), false), license(&as_many, "users.assistant"));
    assert_eq!((1, Some(1), false), license(&as_many, "services.advancedRouting"));
    assert_eq!("False", fixture.column("OVERUSE").await.unwrap());

    fixture.licenses("eve", &["users/assistant", "modalities/email"]).await;
    fixture.set_contingents(json!({ "modalities": { "email": 0 } })).await;
    let overused = fixture.base.pass().await;
    let happened = "More licenses are in use than purchased: modalities.email, users.assistant";
    let expected = Some(("True".to_owned(), "ContingentExceeded".to_owned(), happened.to_owned()));
    assert_eq!(expected, condition(&overused, "LicenseOveruse"));
    let advice =
        ". What to do: Free licenses or extend the contingent; your Customer Success specialist will reach out to you.";
    assert!(message(&overused, "LicenseOveruse").unwrap().ends_with(advice));
    assert_eq!((3, Some(2), true), license(&overused, "users.assistant"));
    assert_eq!((1, Some(0), true), license(&overused, "modalities.email"));
    assert_eq!((1, Some(1), false), license(&overused, "services.advancedRouting"));
    assert_eq!(pair("True", "Succeeded"), condition_state(&overused, "Ready"));
    assert_eq!("True", fixture.column("OVERUSE").await.unwrap());

    fixture.licenses("eve", &[]).await;
    let freed = fixture.base.pass().await;
    assert_eq!(pair("False", "WithinContingent"), condition_state(&freed, "LicenseOveruse"));
    assert_eq!((2, Some(2), false), license(&freed, "users.assistant"));
    assert_eq!((0, Some(0), false), license(&freed, "modalities.email"));
}

/// Without any action of the tenant: the vendor lowers the contingent.
#[tokio::test(flavor = "multi_thread")]
async fn contingent_below_usage_is_overuse() {
    let fixture = BehaviourFixture::start("b13-contingent").await;
    fixture.live("{}").await;
    fixture.set_contingents(json!({ "users": { "contactCenter": 1 } })).await;
    fixture.licenses("anna", &["users/contactCenter"]).await;
    assert_eq!(pair("False", "WithinContingent"), condition_state(&fixture.base.pass().await, "LicenseOveruse"));
    fixture.set_contingents(json!({ "users": { "contactCenter": 0 } })).await;
    let overused = fixture.base.pass().await;
    assert_eq!(pair("True", "ContingentExceeded"), condition_state(&overused, "LicenseOveruse"));
    assert_eq!((1, Some(0), true), license(&overused, "users.contactCenter"));
}

/// Usage changes all day: numbers alone are not written before the scheduled time.
#[tokio::test(flavor = "multi_thread")]
async fn usage_is_refreshed_on_schedule_or_overuse_change() {
    let mut fixture = BehaviourFixture::start("b13-numbers").await;
    fixture.live("{}").await;
    fixture.set_contingents(json!({ "users": { "assistant": 5 } })).await;
    fixture.restarted().await;
    fixture.licenses("anna", &["users/assistant"]).await;
    let before = fixture.writes().await;
    let same = fixture.base.pass().await;
    assert_eq!((0, Some(5), false), license(&same, "users.assistant"));
    // One write, for the requested pass.
    assert_eq!(before + 1, fixture.writes().await);
    let restarted = fixture.restarted().await;
    assert_eq!((1, Some(5), false), license(&restarted, "users.assistant"), "when it is time");
}
