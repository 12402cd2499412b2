//! Switches: settings below a switch that is off are left alone, also with nested switches.

use serde_json::{Value, json};

use super::{create_full, document};
use crate::support::fixture::{Fixture, condition};

const OTHER_ID: &str = "77777777-0d3e-4f5a-8b7c-9d0e1f2a3b4c";

fn instant_messaging(members: Value) -> Value {
    json!({ "modalities": { "instantMessaging": members } })
}

async fn on_platform(fixture: &Fixture) -> Value {
    document(fixture).await["settings"]["modalities"]["instantMessaging"].clone()
}

fn hidden(tenant: &nimbus_operator::resources::Tenant) -> Option<String> {
    let tabs = &tenant.status.as_ref()?.tabs;
    tabs.iter().find(|tab| tab.name.as_str() == "Modalities")?.message.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn setting_under_two_switches_needs_both() {
    let fixture = Fixture::new("switches").await;
    let _operator = fixture.start();
    create_full(&fixture).await;
    let before = on_platform(&fixture).await;

    // The inner switch goes off; a missing Secret does not matter then.
    let missing = json!({ "name": "missing", "key": "connection-string" });
    fixture
        .patch(json!({ "spec": instant_messaging(json!({
            "useOwnAcsInstance": false, "acsResourceId": OTHER_ID, "acsConnectionStringRef": missing, "testMessage": null
        })) }))
        .await;
    let tenant = fixture.ready().await;
    assert_eq!(Some("2 settings are hidden while their section is off"), hidden(&tenant).as_deref());
    let mut expected = before.clone();
    expected["useOwnAcsInstance"] = json!(false);
    assert_eq!(expected, on_platform(&fixture).await, "the values are kept");

    // The outer switch goes off; everything below the inner one is hidden with it.
    fixture
        .patch(json!({ "spec": instant_messaging(json!({
            "enabled": false, "useOwnAcsInstance": true, "primaryAccount": ""
        })) }))
        .await;
    let tenant = fixture.ready().await;
    assert_eq!(Some("6 settings are hidden while their section is off"), hidden(&tenant).as_deref());
    expected["enabled"] = json!(false);
    assert_eq!(expected, on_platform(&fixture).await);

    // The save that switches both on also sends what was hidden.
    fixture
        .patch(json!({ "spec": instant_messaging(json!({
            "enabled": true, "primaryAccount": "other@contoso.com", "acsConnectionStringRef": { "name": "acs" }
        })) }))
        .await;
    let tenant = fixture.ready().await;
    assert_eq!(None, hidden(&tenant));
    for (member, value) in [("enabled", json!(true)), ("useOwnAcsInstance", json!(true))] {
        expected[member] = value;
    }
    expected["primaryAccount"] = json!("other@contoso.com");
    expected["acsResourceId"] = json!(OTHER_ID);
    assert_eq!(expected, on_platform(&fixture).await, "an equal string moves no version");
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_switches_apply_when_unset() {
    let fixture = Fixture::new("silent-switches").await;
    let _operator = fixture.start();
    fixture.create(instant_messaging(json!({ "acsResourceId": OTHER_ID }))).await;
    let tenant = fixture.ready().await;
    assert_eq!(Some("1 setting is hidden while its section is off"), hidden(&tenant).as_deref());
    let string = json!({ "value": crate::support::fixture::CONNECTION_STRING });
    let switched_on = instant_messaging(json!({
        "enabled": true, "primaryAccount": "one@contoso.com", "useOwnAcsInstance": true,
        "acsConnectionString": string, "acsResourceId": "66666666-0d3e-4f5a-8b7c-9d0e1f2a3b4c"
    }));
    fixture.platform.edit(&fixture.id, switched_on).await.unwrap();
    let tenant = fixture.pass().await;
    assert_eq!(None, hidden(&tenant));
    assert_eq!(OTHER_ID, on_platform(&fixture).await["acsResourceId"], "shown is managed");
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_requirement_is_named_before_any_call() {
    let fixture = Fixture::new("needs").await;
    let _operator = fixture.start();
    fixture
        .create(json!({
            "modalities": { "instantMessaging": { "enabled": true, "useOwnAcsInstance": true } },
            "extensions": { "assistant": { "useOwnAcsInstance": true } }
        }))
        .await;
    let tenant = fixture.condition("Ready", "False", "InvalidSettings").await;
    let (_, _, message) = condition(&tenant, "Ready").unwrap();
    for needed in [
        "spec.extensions.assistant.acsConnectionStringRef must be set while spec.extensions.assistant.useOwnAcsInstance is true",
        "spec.modalities.instantMessaging.primaryAccount must be set while spec.modalities.instantMessaging.enabled is true",
        "spec.modalities.instantMessaging.acsConnectionStringRef must be set while spec.modalities.instantMessaging.useOwnAcsInstance is true",
        "spec.modalities.instantMessaging.acsResourceId must be set while spec.modalities.instantMessaging.useOwnAcsInstance is true",
    ] {
        assert!(message.contains(needed), "'{needed}' is not in: {message}");
    }
    let tabs = tenant.status.unwrap().tabs;
    let invalid: Vec<_> =
        tabs.iter().filter(|tab| tab.state.as_str() == "Invalid").map(|tab| tab.name.as_str()).collect();
    assert_eq!(["Extensions", "Modalities"], *invalid);
    assert_eq!(404, fixture.platform.tenant(&fixture.id).await.unwrap().0, "nothing was saved");
}

#[tokio::test(flavor = "multi_thread")]
async fn guest_accounts_must_differ_and_stay_private() {
    let fixture = Fixture::new("accounts").await;
    let _operator = fixture.start();
    let accounts = |secondary: &str| {
        instant_messaging(json!({
            "enabled": true, "primaryAccount": "One@contoso.com", "secondaryAccount": secondary
        }))
    };
    fixture.create(accounts("one@Contoso.com")).await;
    let tenant = fixture.condition("Ready", "False", "InvalidSettings").await;
    let message = "spec.modalities.instantMessaging.secondaryAccount must differ from \
                   spec.modalities.instantMessaging.primaryAccount";
    assert_eq!(condition(&tenant, "Ready").unwrap().2, message);
    assert!(!serde_json::to_string(&tenant.status).unwrap().to_lowercase().contains("one@"));
    fixture.patch(json!({ "spec": accounts("two@contoso.com") })).await;
    fixture.ready().await;
}
