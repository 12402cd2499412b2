//! Behaviour 11. Retention: data is purged within a day after its retention time, and there is no default. Disabling
//! recording closes open records and keeps data; without PII sharing users are pseudonyms.
//!
//! The operator decides: a shorter time destroys data, so the whole save waits for a confirmation of both values.

use reqwest::Method;
use serde_json::{Value, json};

use super::fixture::{BehaviourFixture, pair, tab_state};
use crate::support::confirmation;

const DAY: i64 = 86_400;

impl BehaviourFixture {
    /// A user changes their state.
    async fn state(&self, user: &str, state: &str) {
        self.act(Method::PUT, &format!("/users/{user}/state"), json!({ "state": state })).await;
    }

    /// The state of each record and whether it is closed.
    async fn records(&self) -> Vec<(String, bool)> {
        let records = self.see("/records").await["items"].clone();
        let record = |record: &Value| (record["state"].as_str().unwrap().to_owned(), !record["endedAt"].is_null());
        records.as_array().unwrap().iter().map(record).collect()
    }
}

fn record(state: &str, over: bool) -> (String, bool) {
    (state.to_owned(), over)
}

fn keeps(months: i32) -> String {
    format!("dataPrivacy: {{persistUserStatesInReporting: true, dataRetentionMonths: {months}}}")
}

/// "The time after which historical data is purged." "The purge is completed within 24 hours after the data retention time has
/// expired."
#[tokio::test(flavor = "multi_thread")]
async fn shorter_retention_needs_confirmation_to_purge() {
    let fixture = BehaviourFixture::start("b11-shorter").await;
    fixture.live(&keeps(24)).await;
    fixture.state("anna", "Busy").await;
    fixture.state("anna", "Away").await;
    fixture.wait(100 * DAY).await;
    let both = vec![record("Busy", true), record("Away", false)];
    assert_eq!(both, fixture.records().await);

    fixture.apply(&keeps(1)).await;
    let blocked = fixture.base.condition("Ready", "False", "ConfirmationRequired").await;
    assert_eq!("Invalid", tab_state(&blocked, "DataPrivacy").0);
    fixture.wait(2 * DAY).await;
    fixture.base.pass().await;
    assert_eq!(both, fixture.records().await, "nothing is gone");
    assert_eq!(json!(24), fixture.setting("/dataPrivacy/dataRetentionMonths").await);

    // The platform's clock is 102 days ahead, and the later clock counts.
    let confirmed = confirmation::until("24->1", 105);
    fixture.base.patch(json!({ "spec": { "confirmations": { "retention": confirmed } } })).await;
    let ready = fixture.base.ready().await;
    assert_eq!(pair("InSync", ""), tab_state(&ready, "DataPrivacy"));
    assert_eq!(
        vec![record("Away", false)],
        fixture.records().await,
        "what is older is purged; what is open is no history"
    );
}

/// No default is published, so there is none: neither in the CRD nor on the wire.
#[tokio::test(flavor = "multi_thread")]
async fn unset_retention_purges_nothing() {
    let fixture = BehaviourFixture::start("b11-none").await;
    let ready = fixture.live("dataPrivacy: {persistUserStatesInReporting: true}").await;
    assert_eq!(None, ready.spec.settings.data_privacy.and_then(|privacy| privacy.data_retention_months));
    assert_eq!(None, ready.status.unwrap().applied.unwrap().data_retention_months);
    assert_eq!(Value::Null, fixture.setting("/dataPrivacy/dataRetentionMonths").await);
    fixture.state("anna", "Busy").await;
    fixture.state("anna", "Away").await;
    fixture.wait(9 * 365 * DAY).await;
    fixture.base.pass().await;
    assert_eq!(2, fixture.records().await.len());
    let log = fixture.base.platform.log_after(0).await.unwrap();
    assert!(log.iter().all(|seen| !seen.entry["changedPointers"].to_string().contains("dataRetentionMonths")));
}

pub mod platform_only {
    use super::*;

    /// "The purge is completed within 24 hours after the data retention time has expired."
    #[tokio::test(flavor = "multi_thread")]
    async fn data_is_purged_within_a_day_after_retention() {
        let fixture = BehaviourFixture::start("b11-purge").await;
        fixture.live(&keeps(12)).await;
        fixture.state("anna", "Busy").await;
        fixture.state("anna", "Away").await;
        fixture.wait(364 * DAY).await;
        assert_eq!(2, fixture.records().await.len());
        // A year has 365 or 366 days, and the purge may take one more.
        fixture.wait(3 * DAY).await;
        assert_eq!(vec![record("Away", false)], fixture.records().await);
    }

    /// "When disabled, existing User Presence State reports will be closed and no further entries are generated. Already
    /// existing data is not affected."
    #[tokio::test(flavor = "multi_thread")]
    async fn disabled_recording_closes_records_and_keeps_data() {
        let fixture = BehaviourFixture::start("b11-off").await;
        fixture.live(&keeps(12)).await;
        fixture.state("anna", "Busy").await;
        fixture.state("anna", "Away").await;
        assert_eq!(vec![record("Busy", true), record("Away", false)], fixture.records().await);
        fixture.live("dataPrivacy: {persistUserStatesInReporting: false, dataRetentionMonths: 12}").await;
        fixture.state("anna", "Available").await;
        assert_eq!(vec![record("Busy", true), record("Away", true)], fixture.records().await);
    }

    /// "When enabled, PII is used as User Identifier." "When disabled, pseudo anonymized string without PII is used."
    #[tokio::test(flavor = "multi_thread")]
    async fn users_are_pseudonyms_without_pii_sharing() {
        let fixture = BehaviourFixture::start("b11-pii").await;
        fixture.live("dataPrivacy: {persistUserStatesInReporting: true, allowSharingPii: false}").await;
        fixture.act(Method::PUT, "/users/anna", json!({ "licenses": [], "upn": "anna@contoso.com" })).await;
        fixture.state("anna", "Busy").await;
        let user = async || fixture.see("/records").await["items"][0]["user"].as_str().unwrap().to_owned();
        assert!(user().await.starts_with("user-") && !user().await.contains("anna"), "{}", user().await);
        fixture.live("dataPrivacy: {persistUserStatesInReporting: true, allowSharingPii: true}").await;
        assert_eq!("anna@contoso.com", user().await);
    }
}
