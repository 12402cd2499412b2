//! A shorter retention time: nothing is purged unless somebody said so with both values.

use serde_json::{Value, json};

use super::document;
use crate::support::stage::{Stage, condition};

const CONFIRM: &str = "nimbus.luware.com/confirm-retention";

async fn retention(stage: &Stage) -> Value {
    document(stage).await["settings"]["dataPrivacy"]["dataRetentionMonths"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn shorter_retention_blocks_until_confirmed() {
    let stage = Stage::new("retention").await;
    let _operator = stage.start();
    stage.create(json!({ "dataPrivacy": { "dataRetentionMonths": 24 } })).await;
    let ready = stage.ready().await;
    assert_eq!(ready.status.unwrap().applied.unwrap().data_retention_months, Some(24));

    let before = document(&stage).await["settings"].clone();
    let mark = stage.platform.mark().await.unwrap();
    stage
        .patch(json!({ "spec": { "general": { "division": "Care" }, "dataPrivacy": { "dataRetentionMonths": 12 } } }))
        .await;
    let blocked = stage.condition("Ready", "False", "ConfirmationRequired").await;
    let message = "spec.dataPrivacy.dataRetentionMonths would purge data that cannot be brought back, so nothing was saved; \
                   to confirm it, set the annotation nimbus.luware.com/confirm-retention: \"24->12\"";
    assert_eq!(condition(&blocked, "Stalled"), Some(("True".into(), "ConfirmationRequired".into(), message.into())));
    assert_eq!(condition(&blocked, "Synced").map(|(status, ..)| status), Some("False".into()));
    assert_eq!(condition(&blocked, "Accepted").map(|(status, ..)| status), Some("True".into()));
    let status = blocked.status.unwrap();
    assert_eq!(status.applied.unwrap().data_retention_months, Some(24));
    let tab = status.tabs.iter().find(|tab| tab.name == "DataPrivacy").unwrap();
    assert_eq!(tab.state.as_str(), "Invalid");
    assert_eq!(document(&stage).await["settings"], before, "all tabs are blocked");

    stage.annotate(CONFIRM, "24->6").await;
    stage.pass().await;
    assert_eq!(document(&stage).await["settings"], before, "another value is no confirmation");
    assert_eq!(stage.platform.effects(mark).await.unwrap(), [""; 0]);

    stage.annotate(CONFIRM, "24->12").await;
    let ready = stage.ready().await;
    assert_eq!(ready.status.unwrap().applied.unwrap().data_retention_months, Some(12));
    let settings = document(&stage).await["settings"].clone();
    assert_eq!(settings["general"]["division"], "Care");
    assert_eq!(settings["dataPrivacy"]["dataRetentionMonths"], 12);
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_correction_never_shortens_retention() {
    let stage = Stage::new("retention-drift").await;
    let _operator = stage.start();
    stage.create(json!({ "dataPrivacy": { "dataRetentionMonths": 24 } })).await;
    stage.ready().await;
    let lengthen = async |months: i32| {
        stage.platform.edit(&stage.id, json!({ "dataPrivacy": { "dataRetentionMonths": months } })).await.unwrap();
    };
    lengthen(36).await;
    stage.annotate(CONFIRM, "36->24").await;
    let tenant = stage.pass().await;
    assert_eq!(retention(&stage).await, 36);
    assert_eq!(condition(&tenant, "Ready").map(|(status, ..)| status), Some("True".into()));
    let synced = condition(&tenant, "Synced").unwrap();
    assert_eq!((synced.0.as_str(), synced.1.as_str()), ("False", "Drifted"));
    let drift = &tenant.status.unwrap().drift;
    assert_eq!(drift.len(), 1);
    assert_eq!((drift[0].wanted.as_str(), drift[0].found.as_str()), ("24", "36"));

    stage.patch(json!({ "spec": { "general": { "division": "Care" } } })).await;
    stage.ready().await;
    assert_eq!(document(&stage).await["settings"]["general"]["division"], "Care", "the rest is saved");
    assert_eq!(retention(&stage).await, 36, "an edit of another setting shortens nothing either");

    lengthen(6).await;
    let tenant = stage.pass().await;
    assert_eq!(retention(&stage).await, 24, "a shorter time on the platform is corrected");
    assert_eq!(condition(&tenant, "Synced").map(|(status, ..)| status), Some("True".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn first_retention_needs_confirmation_with_data() {
    let stage = Stage::new("retention-first").await;
    let _operator = stage.start();
    stage.create(json!({})).await;
    stage.ready().await;
    stage.patch(json!({ "spec": { "dataPrivacy": { "dataRetentionMonths": 24 } } })).await;
    let blocked = stage.condition("Ready", "False", "ConfirmationRequired").await;
    assert!(condition(&blocked, "Ready").unwrap().2.ends_with("\"none->24\""));
    stage.annotate(CONFIRM, "none->24").await;
    stage.ready().await;
    assert_eq!(retention(&stage).await, 24);
    stage.patch(json!({ "spec": { "dataPrivacy": { "dataRetentionMonths": 48 } } })).await;
    stage.ready().await;
    assert_eq!(retention(&stage).await, 48, "a longer time needs nothing");
}
