//! F28: a platform that accepts a value and keeps another. Three writes, then the Tenant says so, and no write follows. And
//! values that a switch hides: they are kept by keeping quiet about them.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use super::{calls, is_write};
use crate::support::stage::{Stage, condition};

async fn normalise(stage: &Stage, pointer: &str, mode: &str) {
    let path = format!("/sandbox/tenants/{}/normaliser", stage.id);
    stage.platform.ask(Method::PUT, &path, Some(json!({ "pointer": pointer, "mode": mode }))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_the_platform_rewrites_is_written_three_times_and_named() {
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

        // Looked at again and again, and left alone.
        let (quiet, audit) = (stage.platform.mark().await.unwrap(), stage.audit().mark().await.unwrap());
        calls(&stage, quiet, "a look", 5, |seen| seen.call == "GET /v1/tenants/{id}").await;
        let writes = calls(&stage, mark, "a write", 0, is_write).await;
        assert_eq!(3, writes.len(), "{mode}: {writes:?}");
        assert_eq!(0, stage.tenant_writes(audit).await.unwrap().len(), "{mode}");

        // Another edit is another three chances; this one is kept.
        normalise(&stage, "/general/companyName", "off").await;
        stage.patch(json!({ "spec": { "general": { "companyName": "Contoso GmbH" } } })).await;
        stage.ready().await;
        stage.settings("the name is kept", |settings| settings["general"]["companyName"] == "Contoso GmbH").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn switching_a_section_off_sends_nothing_of_what_it_hides() {
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
