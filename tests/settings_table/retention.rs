//! A shorter retention time: nothing is purged without a confirmation of both values.

use serde_json::{Value, json};

use super::document;
use crate::support::fixture::{Fixture, condition};

const CONFIRM: &str = "nimbus.luware.com/confirm-retention";

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

    let before = document(&fixture).await["settings"].clone();
    let mark = fixture.platform.mark().await.unwrap();
    fixture
        .patch(json!({ "spec": { "general": { "division": "Care" }, "dataPrivacy": { "dataRetentionMonths": 12 } } }))
        .await;
    let blocked = fixture.condition("Ready", "False", "ConfirmationRequired").await;
    let message = "spec.dataPrivacy.dataRetentionMonths: the change can purge data permanently, so nothing was saved; \
                   to confirm it, set the annotation nimbus.luware.com/confirm-retention: \"24->12\"";
    assert_eq!(Some(("True".into(), "ConfirmationRequired".into(), message.into())), condition(&blocked, "Stalled"));
    assert_eq!(Some("False".into()), condition(&blocked, "Synced").map(|(status, ..)| status));
    assert_eq!(Some("True".into()), condition(&blocked, "Accepted").map(|(status, ..)| status));
    let status = blocked.status.unwrap();
    assert_eq!(Some(24), status.applied.unwrap().data_retention_months);
    let tab = status.tabs.iter().find(|tab| tab.name.as_str() == "DataPrivacy").unwrap();
    assert_eq!("Invalid", tab.state.as_str());
    assert_eq!(document(&fixture).await["settings"], before, "all tabs are blocked");

    fixture.annotate(CONFIRM, "24->6").await;
    fixture.pass().await;
    assert_eq!(document(&fixture).await["settings"], before, "another value is no confirmation");
    assert_eq!([""; 0], *fixture.platform.effects(mark).await.unwrap());

    fixture.annotate(CONFIRM, "24->12").await;
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
    fixture.annotate(CONFIRM, "36->24").await;
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
    assert!(condition(&blocked, "Ready").unwrap().2.ends_with("\"none->24\""));
    fixture.annotate(CONFIRM, "none->24").await;
    fixture.ready().await;
    assert_eq!(24, retention(&fixture).await);
    fixture.patch(json!({ "spec": { "dataPrivacy": { "dataRetentionMonths": 48 } } })).await;
    fixture.ready().await;
    assert_eq!(48, retention(&fixture).await, "a longer time needs nothing");
}
