//! Behaviour 3. Interact needs a connection string while it is on; switching it on makes a script run pending.
//!
//! The operator decides on what the settings would be after the save, and shows what the platform derives.

use reqwest::Method;
use serde_json::json;

use super::fixture::{BehaviourFixture, condition_state, fails, pair, succeeds, tab_state};
use crate::support::fixture::CONNECTION_STRING;

const ON: &str = "extensions: {interact: {enabled: true}}";
const ON_WITH_STRING: &str =
    "extensions: {interact: {enabled: true, acsConnectionStringRef: {name: acs, key: connection-string}}}";

/// "Enabling this requires you to fill in an ACS connection string." "Required to use Interact"
#[tokio::test(flavor = "multi_thread")]
async fn string_is_required_only_when_enabled() {
    let fixture = BehaviourFixture::start("b03-required").await;
    fixture.live("extensions: {interact: {enabled: false, sessionRecoveryTimeoutSeconds: 30}}").await;
    fixture.apply(ON).await;
    let refused = fixture.base.condition("Ready", "False", "InvalidSettings").await;
    let message = "spec.extensions.interact.acsConnectionStringRef must be set while \
                   spec.extensions.interact.enabled is true";
    assert_eq!(pair("Invalid", message), tab_state(&refused, "Extensions"));
    assert_eq!(json!(false), fixture.setting("/extensions/interact/enabled").await);
    fixture.live(ON_WITH_STRING).await;
    assert_eq!(json!(true), fixture.setting("/extensions/interact/enabled").await);
}

/// The vendor has set a string already: the settings after the save count.
#[tokio::test(flavor = "multi_thread")]
async fn string_on_the_platform_is_sufficient() {
    let fixture = BehaviourFixture::start("b03-held").await;
    fixture.live("{}").await;
    fixture
        .vendor(json!({ "extensions": { "interact": { "acsConnectionString": { "value": CONNECTION_STRING } } } }))
        .await;
    let on = fixture.live(ON).await;
    assert_eq!(pair("InSync", ""), tab_state(&on, "Extensions"));
    assert_eq!(json!(true), fixture.setting("/extensions/interact/acsConnectionString/set").await);
}

/// "When enabled, the calls in Interact will reach an agent in Teams." "Major technical changes on a tenant-level or within
/// service settings may require a re-execution of a downloadable Microsoft PowerShell script"
#[tokio::test(flavor = "multi_thread")]
async fn enabling_reaches_agents_and_needs_a_script_run() {
    let fixture = BehaviourFixture::start("b03-on").await;
    let before = fixture.live("{}").await;
    assert_eq!(pair("False", "NothingPending"), condition_state(&before, "ScriptExecutionPending"));
    fixture.act(Method::PUT, "/users/anna", json!({ "licenses": ["users/interact"] })).await;
    // There is no widget key before Interact was on for the first time.
    assert_eq!("rejected", fixture.visit().await.0);

    let on = fixture.live(ON_WITH_STRING).await;
    assert_eq!(succeeds("connected"), fixture.visit().await);
    assert_eq!(pair("True", "ScriptPending"), condition_state(&on, "ScriptExecutionPending"));
    assert_eq!(pair("True", "Succeeded"), condition_state(&on, "Ready"), "a wait must not hang on a human");
    assert_eq!("True", fixture.column("SCRIPT").await.unwrap());

    // Reverted before the script ran, nothing is pending: it is derived, not stored.
    let off = fixture.live("extensions: {interact: {enabled: false}}").await;
    assert_eq!(fails("no-agent", "section-off"), fixture.visit().await);
    assert_eq!(pair("False", "NothingPending"), condition_state(&off, "ScriptExecutionPending"));
}
