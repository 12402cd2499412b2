//! F28: a platform that accepts a value and stores another. After three writes the Tenant reports it, and no write follows
//! until there is a reason to try again. And values that a switch hides: they are kept because they are not sent.

use std::time::Duration;

use nimbus_operator::controller::Timing;
use reqwest::Method;
use serde_json::{Value, json};

use super::{calls, is_write};
use crate::support::fixture::{Fixture, Operator, condition};

async fn normalise(fixture: &Fixture, pointer: &str, mode: &str) {
    let path = format!("/sandbox/tenants/{}/normaliser", fixture.id);
    fixture.platform.ask(Method::PUT, &path, Some(json!({ "pointer": pointer, "mode": mode }))).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rewritten_value_is_reported_after_three_writes() {
    for mode in ["upper", "ignore"] {
        let mut fixture = Fixture::new("rewrites").await;
        fixture.timing.sync = Some(Duration::from_millis(200));
        let _operator = fixture.start();
        fixture.create(json!({})).await;
        fixture.ready().await;
        normalise(&fixture, "/general/companyName", mode).await;
        let mark = fixture.platform.mark().await.unwrap();
        fixture.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;

        let stalled = fixture.condition("Ready", "False", "PlatformRewritesValue").await;
        let (_, _, message) = condition(&stalled, "Ready").unwrap();
        assert!(message.contains("spec.general.companyName"), "{message}");
        assert_eq!(Some("True"), condition(&stalled, "Stalled").map(|(status, _, _)| status).as_deref());
        assert_eq!(None, condition(&stalled, "Reconciling"));
        assert_eq!(Some("False"), condition(&stalled, "Synced").map(|(status, _, _)| status).as_deref());

        // Read again and again, and not written.
        let (quiet, audit) = (fixture.platform.mark().await.unwrap(), fixture.audit().mark().await.unwrap());
        calls(&fixture, quiet, "a look", 5, |seen| seen.call == "GET /v1/tenants/{id}").await;
        let writes = calls(&fixture, mark, "a write", 0, is_write).await;
        assert_eq!(3, writes.len(), "{mode}: {writes:?}");
        assert_eq!(0, fixture.tenant_writes(audit).await.unwrap().len(), "{mode}");

        // Another edit allows three more attempts; this value is kept.
        normalise(&fixture, "/general/companyName", "off").await;
        fixture.patch(json!({ "spec": { "general": { "companyName": "Contoso GmbH" } } })).await;
        fixture.ready().await;
        fixture.settings("the name is kept", |settings| settings["general"]["companyName"] == "Contoso GmbH").await;
    }
}

/// A fixture whose Tenant is stalled, since the platform changes the spelling of its company name; and its writes since.
async fn stalled(name: &str, timing: impl Fn(&mut Timing)) -> (Fixture, Operator, u64) {
    let mut fixture = Fixture::new(name).await;
    fixture.timing.sync = Some(Duration::from_millis(200));
    timing(&mut fixture.timing);
    let operator = fixture.start();
    fixture.create(json!({ "modalities": { "email": { "maxConcurrentTasksPerService": 50 } } })).await;
    fixture.ready().await;
    normalise(&fixture, "/general/companyName", "upper").await;
    fixture.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    fixture.condition("Ready", "False", "PlatformRewritesValue").await;
    let mark = fixture.platform.mark().await.unwrap();
    (fixture, operator, mark)
}

async fn writes(fixture: &Fixture, mark: u64) -> Vec<Value> {
    let seen = calls(fixture, mark, "a write", 0, is_write).await;
    seen.iter().map(|seen| seen.entry["changedPointers"].clone()).collect()
}

/// What was tried three times is not tried again because the operator was restarted; what changes is.
#[tokio::test(flavor = "multi_thread")]
async fn restart_makes_no_further_write() {
    let (fixture, mut operator, mark) = stalled("rewrites-restart", |_| {}).await;
    let audit = fixture.audit().mark().await.unwrap();
    for _ in 0..3 {
        operator.stop().await;
        operator = fixture.connect().await;
        let quiet = fixture.platform.mark().await.unwrap();
        calls(&fixture, quiet, "a look", 3, |seen| seen.call == "GET /v1/tenants/{id}").await;
    }
    assert_eq!(Vec::<Value>::new(), writes(&fixture, mark).await);
    assert_eq!(0, fixture.tenant_writes(audit).await.unwrap().len());
    let remembered = fixture.get().await.status.unwrap().rewrites.unwrap();
    assert_eq!(3, remembered.count);

    fixture.patch(json!({ "spec": { "general": { "companyName": "Contoso GmbH" } } })).await;
    fixture.condition("Ready", "False", "PlatformRewritesValue").await;
    assert_eq!(3, writes(&fixture, mark).await.len(), "another value has three attempts of its own");
    normalise(&fixture, "/general/companyName", "off").await;
    fixture.pass().await;
    assert_eq!(None, fixture.ready().await.status.unwrap().rewrites);
}

#[tokio::test(flavor = "multi_thread")]
async fn value_fixed_in_the_ui_needs_no_write() {
    let (fixture, _operator, mark) = stalled("rewrites-right", |_| {}).await;
    fixture.platform.edit(&fixture.id, json!({ "general": { "companyName": "Contoso AG" } })).await.unwrap();
    let ready = fixture.ready().await;
    assert_eq!(None, condition(&ready, "Stalled"));
    assert_eq!(Vec::<Value>::new(), writes(&fixture, mark).await);
}

/// The platform was repaired, which is not visible: its value is still wrong.
#[tokio::test(flavor = "multi_thread")]
async fn requested_pass_tries_again() {
    let (fixture, _operator, mark) = stalled("rewrites-asked", |_| {}).await;
    fixture.pass().await;
    fixture.condition("Ready", "False", "PlatformRewritesValue").await;
    assert_eq!(1, writes(&fixture, mark).await.len(), "one, and in vain");
    normalise(&fixture, "/general/companyName", "off").await;
    fixture.pass().await;
    fixture.ready().await;
    assert_eq!(2, writes(&fixture, mark).await.len());
    // It is not reported as drift.
    assert_eq!(Vec::<(String, String)>::new(), fixture.events().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn rewritten_value_is_retried_after_a_day() {
    let (fixture, _operator, mark) = stalled("rewrites-late", |timing| timing.rewrites = Duration::from_secs(1)).await;
    let audit = fixture.audit().mark().await.unwrap();
    let seen = calls(&fixture, mark, "another attempt", 2, is_write).await;
    let looks = calls(&fixture, mark, "a look", 0, |seen| seen.call == "GET /v1/tenants/{id}").await;
    assert!(looks.len() > seen.len(), "not at each look: {} of {}", seen.len(), looks.len());
    assert_eq!(0, fixture.tenant_writes(audit).await.unwrap().len(), "and it is reported once");
    normalise(&fixture, "/general/companyName", "off").await;
    fixture.ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rewritten_value_does_not_block_others() {
    let (fixture, _operator, mark) = stalled("rewrites-other", |_| {}).await;
    let email = json!({ "modalities": { "email": { "maxConcurrentTasksPerService": 7 } } });
    fixture.platform.edit(&fixture.id, email).await.unwrap();
    let limit = |settings: &Value| settings["modalities"]["email"]["maxConcurrentTasksPerService"] == 50;
    fixture.settings("the limit is corrected", limit).await;
    let quiet = fixture.platform.mark().await.unwrap();
    calls(&fixture, quiet, "a look", 5, |seen| seen.call == "GET /v1/tenants/{id}").await;
    assert_eq!(vec![json!(["/modalities/email/maxConcurrentTasksPerService"])], writes(&fixture, mark).await);
    fixture.condition("Ready", "False", "PlatformRewritesValue").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn disabling_a_section_sends_no_hidden_values() {
    let fixture = Fixture::new("hidden").await;
    let _operator = fixture.start();
    let interact = json!({
        "enabled": true, "sessionRecoveryTimeoutSeconds": 45, "o365UserId": "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c",
        "acsConnectionStringRef": { "name": "acs", "key": "connection-string" }
    });
    fixture.create(json!({ "extensions": { "interact": interact } })).await;
    fixture.ready().await;
    let (_, before) = fixture.platform.tenant(&fixture.id).await.unwrap();
    let mark = fixture.platform.mark().await.unwrap();

    // Edited while hidden: the value waits for the switch.
    let off = json!({ "enabled": false, "sessionRecoveryTimeoutSeconds": 50 });
    fixture.patch(json!({ "spec": { "extensions": { "interact": off } } })).await;
    fixture.ready().await;
    let mut expected = before["settings"].clone();
    expected["extensions"]["interact"]["enabled"] = json!(false);
    assert_eq!(expected, fixture.platform.tenant(&fixture.id).await.unwrap().1["settings"]);
    let changed = fixture.platform.calls(&fixture.id, mark).await.unwrap();
    let changed: Vec<_> =
        changed.iter().filter(|seen| is_write(seen)).map(|seen| &seen.entry["changedPointers"]).collect();
    assert_eq!(vec![&json!(["/extensions/interact/enabled"])], changed);

    fixture.patch(json!({ "spec": { "extensions": { "interact": { "enabled": true } } } })).await;
    fixture.ready().await;
    expected["extensions"]["interact"]["enabled"] = json!(true);
    expected["extensions"]["interact"]["sessionRecoveryTimeoutSeconds"] = json!(50);
    assert_eq!(expected, fixture.platform.tenant(&fixture.id).await.unwrap().1["settings"]);
}
