//! An edit is saved and its answer is lost. Before anything is recorded, the spec is reverted: the platform has to get the reverted
//! value, also where drift is only reported.

use serde_json::{Value, json};

use crate::support::fixture::{Fixture, condition};
use crate::support::wait::{PATIENCE, until};

const RETENTION: &str = "/dataPrivacy/dataRetentionMonths";

/// The Tenant only reports drift. The edit reaches the platform, and nothing can be read from then on.
async fn lose_the_answer(fixture: &Fixture, edit: Value) {
    let lost = json!({ "route": "PATCH /v1/tenants/{id}", "nth": 1, "action": { "kind": "close-after" } });
    let unread = json!({ "kind": "status", "status": 500 });
    let unread = json!({ "route": "GET /v1/tenants/{id}", "nth": 2, "times": 100_000, "action": unread });
    fixture.platform.add_faults(json!([lost, unread])).await.unwrap();
    let mark = fixture.platform.mark().await.unwrap();
    fixture.patch(json!({ "spec": edit })).await;
    until("the edit is saved", PATIENCE, async || {
        let effects = fixture.platform.effects(mark).await.map_err(|error| error.to_string())?;
        if effects == ["settings-changed"] { Ok(()) } else { Err(format!("{effects:?}")) }
    })
    .await;
    fixture.condition("Ready", "False", "PlatformUnavailable").await;
}

async fn setting(fixture: &Fixture, pointer: &str) -> Value {
    let (_, document) = fixture.platform.tenant(&fixture.id).await.unwrap();
    document["settings"].pointer(pointer).cloned().unwrap_or_default()
}

async fn live(name: &str) -> (Fixture, crate::support::fixture::Operator) {
    let fixture = Fixture::new(name).await;
    let operator = fixture.connect().await;
    let spec = json!({
        "driftPolicy": "Report", "general": { "companyName": "Contoso AG" }, "dataPrivacy": { "dataRetentionMonths": 24 },
    });
    fixture.create(spec).await;
    fixture.ready().await;
    (fixture, operator)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reverted_edit_is_reverted_on_the_platform() {
    let (fixture, _operator) = live("own-write").await;
    lose_the_answer(&fixture, json!({ "general": { "companyName": "Contoso SE" } })).await;
    fixture.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    let mark = fixture.platform.mark().await.unwrap();
    fixture.platform.clear_faults().await.unwrap();
    until("the value of the spec", PATIENCE, async || match setting(&fixture, "/general/companyName").await {
        value if value == "Contoso AG" => Ok(()),
        other => Err(other.to_string()),
    })
    .await;
    fixture.pass().await;
    let ready = fixture.ready().await;
    assert_eq!(Some("True"), condition(&ready, "Synced").map(|(status, ..)| status).as_deref());
    assert_eq!(["settings-changed"], *fixture.platform.effects(mark).await.unwrap(), "once");
    assert_eq!(Vec::<(String, String)>::new(), fixture.events().await.unwrap(), "an own edit is no drift");

    fixture.platform.edit(&fixture.id, json!({ "general": { "companyName": "From the UI" } })).await.unwrap();
    let drifted = fixture.pass().await;
    assert_eq!(Some("Drifted"), condition(&drifted, "Synced").map(|(_, reason, _)| reason).as_deref());
    assert_eq!(json!("From the UI"), setting(&fixture, "/general/companyName").await, "what is drift is reported");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reverted_retention_time_waits_for_its_confirmation_and_gets_it() {
    let (fixture, _operator) = live("own-retention").await;
    lose_the_answer(&fixture, json!({ "dataPrivacy": { "dataRetentionMonths": 36 } })).await;
    fixture.patch(json!({ "spec": { "dataPrivacy": { "dataRetentionMonths": 24 } } })).await;
    fixture.platform.clear_faults().await.unwrap();
    let waits = fixture.condition("Ready", "False", "ConfirmationRequired").await;
    let (.., message) = condition(&waits, "Ready").unwrap();
    assert!(message.contains("36->24"), "{message}");
    assert_eq!(json!(36), setting(&fixture, RETENTION).await);
    fixture.confirm("retention", "36->24").await;
    fixture.ready().await;
    assert_eq!(json!(24), setting(&fixture, RETENTION).await);
}
