//! A shorter retention time: nothing is purged without a confirmation of both values.

use jiff::ToSpan;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::document;
use crate::support::confirmation::{confirmed, day, until};
use crate::support::fixture::{Fixture, condition, refused};

/// The message on a day, with what to write.
fn required(flaw: &str, today: Date) -> String {
    let last_day = today.saturating_add(7.days());
    format!(
        "spec.dataPrivacy.dataRetentionMonths: the change can purge data permanently, so nothing was saved: \
         spec.confirmations.retention {flaw}; to confirm the change, set it to \"24->12 until {last_day}\" \
         (today is {today} in UTC; the last day is at most 7 days ahead)"
    )
}

async fn retention(fixture: &Fixture) -> Value {
    document(fixture).await["settings"]["dataPrivacy"]["dataRetentionMonths"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn shorter_retention_blocks_until_confirmed() {
    let fixture = Fixture::new("retention").await;
    let _operator = fixture.start();
    fixture.create(json!({ "dataPrivacy": { "dataRetentionMonths": 24 } })).await;
    let ready = fixture.ready().await;
    assert_eq!(Some(24), ready.status.unwrap().applied.unwrap().data_retention_months);

    let today = day(0);
    let before = document(&fixture).await["settings"].clone();
    let mark = fixture.platform.mark().await.unwrap();
    fixture
        .patch(json!({ "spec": { "general": { "division": "Care" }, "dataPrivacy": { "dataRetentionMonths": 12 } } }))
        .await;
    let blocked = fixture.condition("Ready", "False", "ConfirmationRequired").await;
    let (status, reason, message) = condition(&blocked, "Stalled").unwrap();
    assert_eq!(("True", "ConfirmationRequired"), (status.as_str(), reason.as_str()));
    assert!([day(-1), today, day(0)].iter().any(|today| message == required("is not set", *today)), "{message}");
    assert_eq!(Some("False".into()), condition(&blocked, "Synced").map(|(status, ..)| status));
    assert_eq!(Some("True".into()), condition(&blocked, "Accepted").map(|(status, ..)| status));
    let status = blocked.status.unwrap();
    assert_eq!(Some(24), status.applied.unwrap().data_retention_months);
    let tab = status.tabs.iter().find(|tab| tab.name.as_str() == "DataPrivacy").unwrap();
    assert_eq!("Invalid", tab.state.as_str());
    assert_eq!(document(&fixture).await["settings"], before, "all tabs are blocked");

    for (given, flaw) in [
        (confirmed("24->6"), "confirms something else"),
        (until("24->12", -1), "is past its last day"),
        (until("24->12", 9), "has a last day more than 7 days ahead"),
        ("24->12 until 2026-02-30".to_owned(), "does not have the form '<value> until <yyyy-mm-dd>'"),
    ] {
        let confirmed = fixture.patch(json!({ "spec": { "confirmations": { "retention": given } } })).await;
        let blocked = fixture.condition("Ready", "False", "ConfirmationRequired").await;
        assert_eq!(confirmed.metadata.generation, blocked.status.as_ref().map(|status| status.observed_generation));
        let message = condition(&blocked, "Ready").unwrap().2;
        assert!(message.contains(&format!("spec.confirmations.retention {flaw}; to confirm")), "{message}");
        assert_eq!(document(&fixture).await["settings"], before, "{given} is no confirmation");
    }
    for given in ["24->12", "", "24->12 until tomorrow", "24 -> 12 until 2026-12-01", "0->12 until 2026-12-01"] {
        let edit = json!({ "spec": { "confirmations": { "retention": given } } });
        let says = ["spec.confirmations.retention", "must be the old number of months or 'none', the new one"];
        refused(fixture.try_patch(edit).await, 422, &says).unwrap();
    }
    assert_eq!([""; 0], *fixture.platform.effects(mark).await.unwrap());

    fixture.confirm("retention", "24->12").await;
    let ready = fixture.ready().await;
    assert_eq!(Some(12), ready.status.unwrap().applied.unwrap().data_retention_months);
    let settings = document(&fixture).await["settings"].clone();
    assert_eq!("Care", settings["general"]["division"]);
    assert_eq!(12, settings["dataPrivacy"]["dataRetentionMonths"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_correction_never_shortens_retention() {
    let fixture = Fixture::new("retention-drift").await;
    let _operator = fixture.start();
    fixture.create(json!({ "dataPrivacy": { "dataRetentionMonths": 24 } })).await;
    fixture.ready().await;
    let lengthen = async |months: i32| {
        fixture.platform.edit(&fixture.id, json!({ "dataPrivacy": { "dataRetentionMonths": months } })).await.unwrap();
    };
    lengthen(36).await;
    fixture.confirm("retention", "36->24").await;
    let tenant = fixture.pass().await;
    assert_eq!(36, retention(&fixture).await);
    assert_eq!(Some("True".into()), condition(&tenant, "Ready").map(|(status, ..)| status));
    let synced = condition(&tenant, "Synced").unwrap();
    assert_eq!((synced.0.as_str(), synced.1.as_str()), ("False", "Drifted"));
    let drift = &tenant.status.unwrap().drift;
    assert_eq!(1, drift.len());
    assert_eq!((drift[0].wanted.as_str(), drift[0].found.as_str()), ("24", "36"));

    fixture.patch(json!({ "spec": { "general": { "division": "Care" } } })).await;
    fixture.ready().await;
    assert_eq!("Care", document(&fixture).await["settings"]["general"]["division"], "the rest is saved");
    assert_eq!(36, retention(&fixture).await, "an edit of another setting shortens nothing either");

    lengthen(6).await;
    let tenant = fixture.pass().await;
    assert_eq!(24, retention(&fixture).await, "a shorter time on the platform is corrected");
    assert_eq!(Some("True".into()), condition(&tenant, "Synced").map(|(status, ..)| status));
}

#[tokio::test(flavor = "multi_thread")]
async fn first_retention_needs_confirmation_with_data() {
    let fixture = Fixture::new("retention-first").await;
    let _operator = fixture.start();
    fixture.create(json!({})).await;
    fixture.ready().await;
    fixture.patch(json!({ "spec": { "dataPrivacy": { "dataRetentionMonths": 24 } } })).await;
    let blocked = fixture.condition("Ready", "False", "ConfirmationRequired").await;
    assert!(condition(&blocked, "Ready").unwrap().2.contains("set it to \"none->24 until "));
    fixture.confirm("retention", "none->24").await;
    fixture.ready().await;
    assert_eq!(24, retention(&fixture).await);
    fixture.patch(json!({ "spec": { "dataPrivacy": { "dataRetentionMonths": 48 } } })).await;
    fixture.ready().await;
    assert_eq!(48, retention(&fixture).await, "a longer time needs nothing");
}
