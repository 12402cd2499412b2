//! F28: a platform that accepts a value and stores another. After three writes the Tenant reports it, and no write follows
//! until there is a reason to try again. And values that a switch hides: they are kept because they are not sent.

use std::time::Duration;

use nimbus_operator::controller::Timing;
use reqwest::Method;
use serde_json::{Value, json};

use super::{calls, is_write};
use crate::support::stage::{Operator, Stage, condition};

async fn normalise(stage: &Stage, pointer: &str, mode: &str) {
    let path = format!("/sandbox/tenants/{}/normaliser", stage.id);
    stage.platform.ask(Method::PUT, &path, Some(json!({ "pointer": pointer, "mode": mode }))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rewritten_value_is_reported_after_three_writes() {
    for mode in ["upper", "ignore"] {
        let mut stage = Stage::new("rewrites").await;
        stage.timing.sync = Some(Duration::from_millis(200));
        let _operator = stage.start();
        stage.create(json!({})).await;
        stage.ready().await;
        normalise(&stage, "/general/companyName", mode).await;
        let mark = stage.platform.mark().await.unwrap();
        stage.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;

        let stalled = stage.condition("Ready", "False", "PlatformRewritesValue").await;
        let (_, _, message) = condition(&stalled, "Ready").unwrap();
        assert!(message.contains("spec.general.companyName"), "{message}");
        assert_eq!(Some("True"), condition(&stalled, "Stalled").map(|(status, _, _)| status).as_deref());
        assert_eq!(None, condition(&stalled, "Reconciling"));
        assert_eq!(Some("False"), condition(&stalled, "Synced").map(|(status, _, _)| status).as_deref());

        // Read again and again, and not written.
        let (quiet, audit) = (stage.platform.mark().await.unwrap(), stage.audit().mark().await.unwrap());
        calls(&stage, quiet, "a look", 5, |seen| seen.call == "GET /v1/tenants/{id}").await;
        let writes = calls(&stage, mark, "a write", 0, is_write).await;
        assert_eq!(3, writes.len(), "{mode}: {writes:?}");
        assert_eq!(0, stage.tenant_writes(audit).await.unwrap().len(), "{mode}");

        // Another edit allows three more attempts; this value is kept.
        normalise(&stage, "/general/companyName", "off").await;
        stage.patch(json!({ "spec": { "general": { "companyName": "Contoso GmbH" } } })).await;
        stage.ready().await;
        stage.settings("the name is kept", |settings| settings["general"]["companyName"] == "Contoso GmbH").await;
    }
}

/// A fixture whose Tenant is stalled, since the platform changes the spelling of its company name; and its writes since.
async fn stalled(name: &str, timing: impl Fn(&mut Timing)) -> (Stage, Operator, u64) {
    let mut stage = Stage::new(name).await;
    stage.timing.sync = Some(Duration::from_millis(200));
    timing(&mut stage.timing);
    let operator = stage.start();
    stage.create(json!({ "modalities": { "email": { "maxConcurrentTasksPerService": 50 } } })).await;
    stage.ready().await;
    normalise(&stage, "/general/companyName", "upper").await;
    stage.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    stage.condition("Ready", "False", "PlatformRewritesValue").await;
    let mark = stage.platform.mark().await.unwrap();
    (stage, operator, mark)
}

async fn writes(stage: &Stage, mark: u64) -> Vec<Value> {
    let seen = calls(stage, mark, "a write", 0, is_write).await;
    seen.iter().map(|seen| seen.entry["changedPointers"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn value_fixed_in_the_ui_needs_no_write() {
    let (stage, _operator, mark) = stalled("rewrites-right", |_| {}).await;
    stage.platform.edit(&stage.id, json!({ "general": { "companyName": "Contoso AG" } })).await.unwrap();
    let ready = stage.ready().await;
    assert_eq!(None, condition(&ready, "Stalled"));
    assert_eq!(Vec::<Value>::new(), writes(&stage, mark).await);
}

/// The platform was repaired, which is not visible: its value is still wrong.
#[tokio::test(flavor = "multi_thread")]
async fn requested_pass_tries_again() {
    let (stage, _operator, mark) = stalled("rewrites-asked", |_| {}).await;
    stage.pass().await;
    stage.condition("Ready", "False", "PlatformRewritesValue").await;
    assert_eq!(1, writes(&stage, mark).await.len(), "one, and in vain");
    normalise(&stage, "/general/companyName", "off").await;
    stage.pass().await;
    stage.ready().await;
    assert_eq!(2, writes(&stage, mark).await.len());
    // It is not reported as drift.
    assert_eq!(Vec::<(String, String)>::new(), stage.events().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn rewritten_value_is_retried_after_a_day() {
    let (stage, _operator, mark) = stalled("rewrites-late", |timing| timing.rewrites = Duration::from_secs(1)).await;
    let audit = stage.audit().mark().await.unwrap();
    let seen = calls(&stage, mark, "another attempt", 2, is_write).await;
    let looks = calls(&stage, mark, "a look", 0, |seen| seen.call == "GET /v1/tenants/{id}").await;
    assert!(looks.len() > seen.len(), "not at each look: {} of {}", seen.len(), looks.len());
    assert_eq!(0, stage.tenant_writes(audit).await.unwrap().len(), "and it is said once");
    normalise(&stage, "/general/companyName", "off").await;
    stage.ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rewritten_value_does_not_block_others() {
    let (stage, _operator, mark) = stalled("rewrites-other", |_| {}).await;
    let email = json!({ "modalities": { "email": { "maxConcurrentTasksPerService": 7 } } });
    stage.platform.edit(&stage.id, email).await.unwrap();
    let limit = |settings: &Value| settings["modalities"]["email"]["maxConcurrentTasksPerService"] == 50;
    stage.settings("the limit is corrected", limit).await;
    let quiet = stage.platform.mark().await.unwrap();
    calls(&stage, quiet, "a look", 5, |seen| seen.call == "GET /v1/tenants/{id}").await;
    assert_eq!(vec![json!(["/modalities/email/maxConcurrentTasksPerService"])], writes(&stage, mark).await);
    stage.condition("Ready", "False", "PlatformRewritesValue").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disabling_a_section_sends_no_hidden_values() {
    let stage = Stage::new("hidden").await;
    let _operator = stage.start();
    let interact = json!({
        "enabled": true, "sessionRecoveryTimeoutSeconds": 45, "o365UserId": "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c",
        "acsConnectionStringRef": { "name": "acs", "key": "connection-string" }
    });
    stage.create(json!({ "extensions": { "interact": interact } })).await;
    stage.ready().await;
    let (_, before) = stage.platform.tenant(&stage.id).await.unwrap();
    let mark = stage.platform.mark().await.unwrap();

    // Edited while hidden: the value waits for the switch.
    let off = json!({ "enabled": false, "sessionRecoveryTimeoutSeconds": 50 });
    stage.patch(json!({ "spec": { "extensions": { "interact": off } } })).await;
    stage.ready().await;
    let mut expected = before["settings"].clone();
    expected["extensions"]["interact"]["enabled"] = json!(false);
    assert_eq!(expected, stage.platform.tenant(&stage.id).await.unwrap().1["settings"]);
    let changed = stage.platform.calls(&stage.id, mark).await.unwrap();
    let changed: Vec<_> =
        changed.iter().filter(|seen| is_write(seen)).map(|seen| &seen.entry["changedPointers"]).collect();
    assert_eq!(vec![&json!(["/extensions/interact/enabled"])], changed);

    stage.patch(json!({ "spec": { "extensions": { "interact": { "enabled": true } } } })).await;
    stage.ready().await;
    expected["extensions"]["interact"]["enabled"] = json!(true);
    expected["extensions"]["interact"]["sessionRecoveryTimeoutSeconds"] = json!(50);
    assert_eq!(expected, stage.platform.tenant(&stage.id).await.unwrap().1["settings"]);
}
