//! Behaviour 3. Interact needs a connection string while it is on; switching it on makes a script run pending.
//!
//! The operator decides on what the settings would be after the save, and shows what the platform derives.

use reqwest::Method;
use serde_json::json;

use super::play::{Play, fails, goes, stated, told, two};
use crate::support::stage::CONNECTION_STRING;

const ON: &str = "extensions: {interact: {enabled: true}}";
const ON_WITH_STRING: &str =
    "extensions: {interact: {enabled: true, acsConnectionStringRef: {name: acs, key: connection-string}}}";

/// "Enabling this requires you to fill in an ACS connection string." "Required to use Interact"
#[tokio::test(flavor = "multi_thread")]
async fn string_is_required_only_when_enabled() {
    let play = Play::start("b03-required").await;
    play.live("extensions: {interact: {enabled: false, sessionRecoveryTimeoutSeconds: 30}}").await;
    play.apply(ON).await;
    let refused = play.stage.condition("Ready", "False", "InvalidSettings").await;
    let message = "spec.extensions.interact.acsConnectionStringRef is not set, must be set while \
                   spec.extensions.interact.enabled is true";
    assert_eq!(two("Invalid", message), told(&refused, "Extensions"));
    assert_eq!(json!(false), play.setting("/extensions/interact/enabled").await);
    play.live(ON_WITH_STRING).await;
    assert_eq!(json!(true), play.setting("/extensions/interact/enabled").await);
}

/// The vendor has set a string already: the settings after the save count.
#[tokio::test(flavor = "multi_thread")]
async fn string_on_the_platform_is_sufficient() {
    let play = Play::start("b03-held").await;
    play.live("{}").await;
    play.vendor(json!({ "extensions": { "interact": { "acsConnectionString": { "value": CONNECTION_STRING } } } }))
        .await;
    let on = play.live(ON).await;
    assert_eq!(two("InSync", ""), told(&on, "Extensions"));
    assert_eq!(json!({ "set": true, "version": 1 }), play.setting("/extensions/interact/acsConnectionString").await);
}

/// "When enabled, the calls in Interact will reach an agent in Teams." "Major technical changes on a tenant-level or within
/// service settings may require a re-execution of a downloadable Microsoft PowerShell script"
#[tokio::test(flavor = "multi_thread")]
async fn enabling_reaches_agents_and_needs_a_script_run() {
    let play = Play::start("b03-on").await;
    let before = play.live("{}").await;
    assert_eq!(two("False", "NothingPending"), stated(&before, "ScriptExecutionPending"));
    play.act(Method::PUT, "/users/anna", json!({ "licenses": ["users/interact"] })).await;
    // There is no widget key before Interact was on for the first time.
    assert_eq!("rejected", play.visit().await.0);

    let on = play.live(ON_WITH_STRING).await;
    assert_eq!(goes("connected"), play.visit().await);
    assert_eq!(two("True", "ScriptPending"), stated(&on, "ScriptExecutionPending"));
    assert_eq!(two("True", "Succeeded"), stated(&on, "Ready"), "a wait must not hang on a human");
    assert_eq!("True", play.column("SCRIPT").await.unwrap());

    // Reverted before the script ran, nothing is pending: it is derived, not stored.
    let off = play.live("extensions: {interact: {enabled: false}}").await;
    assert_eq!(fails("no-agent", "section-off"), play.visit().await);
    assert_eq!(two("False", "NothingPending"), stated(&off, "ScriptExecutionPending"));
}
