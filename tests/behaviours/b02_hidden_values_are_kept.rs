//! Behaviour 2. Switching a section off hides its values and keeps them.
//!
//! The operator decides: it neither compares, sends nor clears hidden settings, and sends them with the switch. The tab
//! counts them.

use reqwest::Method;
use serde_json::json;

use super::fixture::{BehaviourFixture, fails, pair, succeeds, tab_state};

fn interact(enabled: bool, timeout: i32) -> String {
    format!(
        "extensions:
  interact:
    enabled: {enabled}
    acsConnectionStringRef: {{name: acs, key: connection-string}}
    o365UserId: 6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c
    sessionRecoveryTimeoutSeconds: {timeout}
"
    )
}

/// "If Interact is disabled, all corresponding fields are hidden in the section." "Configured values are not cleaned up and
/// can be used when enabling the functionality again." "When disabled, the calls in Interact will not reach an agent, even
/// if the tenant is configured for Interact calls."
#[tokio::test(flavor = "multi_thread")]
async fn disabled_interact_keeps_values_and_later_edits() {
    let fixture = BehaviourFixture::start("b02-interact").await;
    fixture.live(&interact(true, 30)).await;
    fixture.act(Method::PUT, "/users/anna", json!({ "licenses": ["users/interact"] })).await;
    assert_eq!(succeeds("connected"), fixture.visit().await);
    let kept = fixture.setting("/extensions/interact").await;

    let off = fixture.live(&interact(false, 30)).await;
    assert_eq!(fails("no-agent", "section-off"), fixture.visit().await);
    let mut expected = kept.clone();
    expected["enabled"] = json!(false);
    assert_eq!(expected, fixture.setting("/extensions/interact").await);
    let hidden = "3 settings are hidden while their section is off";
    assert_eq!(pair("InSync", hidden), tab_state(&off, "Extensions"));

    // An edit of a hidden setting waits, and so does a change made in the UI.
    let mark = fixture.base.platform.mark().await.unwrap();
    let edited = fixture.live(&interact(false, 45)).await;
    assert_eq!(pair("InSync", hidden), tab_state(&edited, "Extensions"));
    fixture.vendor(json!({ "extensions": { "interact": { "sessionRecoveryTimeoutSeconds": 60 } } })).await;
    let looked = fixture.base.pass().await;
    assert!(looked.status.unwrap().drift.is_empty(), "what is hidden is not compared");
    assert_eq!([""; 0], *fixture.base.platform.effects(mark).await.unwrap());

    let on = fixture.live(&interact(true, 45)).await;
    assert_eq!(pair("InSync", ""), tab_state(&on, "Extensions"));
    let mut expected = kept;
    expected["sessionRecoveryTimeoutSeconds"] = json!(45);
    assert_eq!(expected, fixture.setting("/extensions/interact").await, "the string is the one that was kept");
    assert_eq!(
        ["settings-changed"],
        *fixture.base.platform.effects(mark).await.unwrap(),
        "with the switch, in one save"
    );
    assert_eq!(succeeds("connected"), fixture.visit().await);
}

/// "When this option is disabled, all corresponding fields are hidden in the section. Configured values are not cleaned up
/// and can be used when enabling the option again."
#[tokio::test(flavor = "multi_thread")]
async fn disabled_acs_instance_keeps_its_string() {
    let fixture = BehaviourFixture::start("b02-acs").await;
    let spec = |on: bool| {
        let acs = "acsConnectionStringRef: {name: acs, key: connection-string}";
        format!(
            "extensions: {{assistant: {{useOwnAcsInstance: {on}, {acs}}}}}
modalities:
  instantMessaging:
    {{enabled: true, primaryAccount: im@contoso.com, useOwnAcsInstance: {on}, {acs},
     acsResourceId: 11111111-0d3e-4f5a-8b7c-9d0e1f2a3b4c}}
"
        )
    };
    let on = fixture.live(&spec(true)).await;
    let before = fixture.document().await["settings"].clone();
    assert_eq!(2, on.status.as_ref().unwrap().sealed.len());
    let off = fixture.live(&spec(false)).await;
    let mut expected = before;
    expected["extensions"]["assistant"]["useOwnAcsInstance"] = json!(false);
    expected["modalities"]["instantMessaging"]["useOwnAcsInstance"] = json!(false);
    assert_eq!(expected, fixture.document().await["settings"]);
    assert_eq!(pair("InSync", "1 setting is hidden while its section is off"), tab_state(&off, "Extensions"));
    assert_eq!(pair("InSync", "2 settings are hidden while their section is off"), tab_state(&off, "Modalities"));
    let everything = serde_json::to_string(&off).unwrap();
    assert!(!everything.contains("accesskey="), "the string never leaves its Secret");
}
