//! Which settings of a spec are sent and which are not, according to the platform's log.

use nimbus_operator::resources::Tenant;
use serde_json::{Value, json};

use super::Account;
use crate::support::stage::{CONNECTION_STRING, Stage, condition};

fn tab(tenant: &Tenant, name: &str) -> (String, Option<String>) {
    let tabs = &tenant.status.as_ref().unwrap().tabs;
    let tab = tabs.iter().find(|tab| tab.name == name).unwrap();
    (tab.state.as_str().to_owned(), tab.message.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_section_is_sent_with_its_switch() {
    let stage = Stage::new("hidden").await;
    let _operator = stage.start();
    let account = Account::open(&stage).await;
    // Off, without its Secret.
    let hidden = json!({
        "enabled": false, "sessionRecoveryTimeoutSeconds": 30, "authorization": "VerifyToken",
        "o365UserId": "6F1B2A9C-0D3E-4F5A-8B7C-9D0E1F2A3B4C",
        "acsConnectionStringRef": { "name": "interact", "key": "connection-string" }
    });
    stage.create(json!({ "extensions": { "interact": hidden } })).await;
    let ready = stage.ready().await;
    let message = "4 settings are hidden while their section is off".to_owned();
    assert_eq!(("InSync".to_owned(), Some(message)), tab(&ready, "Extensions"));
    let (_, tenant) = stage.platform.tenant(&stage.id).await.unwrap();
    let untouched = json!({
        "enabled": false, "sessionRecoveryTimeoutSeconds": 20, "authorization": "None", "o365UserId": null,
        "acsConnectionString": { "set": false, "version": 0 }
    });
    assert_eq!(untouched, tenant["settings"]["extensions"]["interact"]);
    let sent = account.changes().await;
    assert!(sent.iter().flatten().all(|pointer| !pointer.starts_with("/extensions")), "{sent:?}");

    // Switched on, with its Secret: everything in one PATCH.
    stage.secret(&stage.env.namespace, "interact", json!({ "connection-string": CONNECTION_STRING })).await;
    let account = Account::open(&stage).await;
    stage.patch(json!({ "spec": { "extensions": { "interact": { "enabled": true } } } })).await;
    let ready = stage.ready().await;
    let sent = [
        "/extensions/interact/acsConnectionString",
        "/extensions/interact/authorization",
        "/extensions/interact/enabled",
        "/extensions/interact/o365UserId",
        "/extensions/interact/sessionRecoveryTimeoutSeconds",
    ];
    assert_eq!(vec![sent.to_vec()], account.changes().await);
    assert_eq!(["GET", "PATCH"], *account.calls().await);
    assert_eq!(("InSync".to_owned(), None), tab(&ready, "Extensions"));
    let sealed = &ready.status.as_ref().unwrap().sealed;
    assert_eq!(
        ("spec.extensions.interact.acsConnectionStringRef", 1),
        (sealed[0].path.as_str(), sealed[0].platform_version)
    );
    let everything = serde_json::to_string(&ready).unwrap();
    assert!(!everything.contains("accesskey") && !everything.contains("c2VjcmV0"), "the value is never shown");

    // Off again: hidden settings are kept, and an edit of them waits.
    let account = Account::open(&stage).await;
    let off = json!({ "enabled": false, "sessionRecoveryTimeoutSeconds": 45 });
    stage.patch(json!({ "spec": { "extensions": { "interact": off } } })).await;
    stage.ready().await;
    assert_eq!(vec![vec!["/extensions/interact/enabled"]], account.changes().await);
    let (_, tenant) = stage.platform.tenant(&stage.id).await.unwrap();
    let kept = &tenant["settings"]["extensions"]["interact"];
    assert_eq!(
        (json!(30), json!(true)),
        (kept["sessionRecoveryTimeoutSeconds"].clone(), kept["acsConnectionString"]["set"].clone())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_script_does_not_affect_ready() {
    let stage = Stage::new("script").await;
    let _operator = stage.start();
    let reference = json!({ "name": "acs", "key": "connection-string" });
    stage
        .create(json!({ "extensions": { "interact": { "enabled": true, "acsConnectionStringRef": reference } } }))
        .await;
    let ready = stage.ready().await;
    let message = "waits for the provisioning script: interact-enabled (tenant)";
    let expected = ("True".to_owned(), "ScriptPending".to_owned(), message.to_owned());
    assert_eq!(Some(expected), condition(&ready, "ScriptExecutionPending"));
    let script = ready.status.unwrap().provisioning_script.unwrap();
    let pending: Vec<_> = script.pending_changes.iter().map(|c| (c.scope.as_str(), c.change.as_str())).collect();
    assert_eq!((true, vec![("tenant", "interact-enabled")]), (script.pending, pending));
    assert!(script.download_url.is_some_and(|url| url.contains(&stage.id)), "the script is offered");

    stage.platform.run_script(&stage.id).await.unwrap();
    let after = stage.pass().await;
    let expected = ("False".to_owned(), "NothingPending".to_owned(), String::new());
    assert_eq!(Some(expected), condition(&after, "ScriptExecutionPending"));
    assert_eq!(Some("True".to_owned()), condition(&after, "Ready").map(|(status, ..)| status));
    assert!(!after.status.unwrap().provisioning_script.unwrap().pending);
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_text_clears_the_value() {
    let stage = Stage::new("clears").await;
    let _operator = stage.start();
    stage
        .create(json!({
            "general": { "companyName": "Contoso AG", "billingAddress": { "city": "Zürich" } },
            "contact": { "email": "ops@contoso.com" }
        }))
        .await;
    stage.ready().await;
    let account = Account::open(&stage).await;
    let cleared =
        json!({ "general": { "companyName": "", "billingAddress": { "city": "" } }, "contact": { "email": "" } });
    stage.patch(json!({ "spec": cleared })).await;
    stage.ready().await;
    let sent = ["/contact/email", "/general/billingAddress/city", "/general/companyName"];
    assert_eq!(vec![sent.to_vec()], account.changes().await);
    let (_, tenant) = stage.platform.tenant(&stage.id).await.unwrap();
    for pointer in sent {
        assert_eq!(Some(&Value::Null), tenant["settings"].pointer(pointer), "{pointer}");
    }
    // Empty is a value: setting it in the UI is drift.
    stage.platform.edit(&stage.id, json!({ "general": { "companyName": "Fabrikam" } })).await.unwrap();
    stage.pass().await;
    stage.settings("it is cleared again", |settings| settings["general"]["companyName"].is_null()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unset_field_is_not_changed() {
    let stage = Stage::new("unset").await;
    let _operator = stage.start();
    stage.create(json!({ "general": { "companyName": "Contoso AG" } })).await;
    stage.ready().await;
    let account = Account::open(&stage).await;
    stage.patch(json!({ "spec": { "general": { "companyName": null } } })).await;
    let ready = stage.ready().await;
    assert_eq!(None, ready.spec.settings.general.company_name);
    stage
        .platform
        .edit(&stage.id, json!({ "general": { "companyName": "Fabrikam", "division": "Sales" } }))
        .await
        .unwrap();
    stage.pass().await;
    assert_eq!(vec!["GET"; 2], account.calls().await, "nothing is sent about it");
    let (_, tenant) = stage.platform.tenant(&stage.id).await.unwrap();
    let general = &tenant["settings"]["general"];
    assert_eq!((json!("Fabrikam"), json!("Sales")), (general["companyName"].clone(), general["division"].clone()));
    assert_eq!(Some("True".to_owned()), condition(&stage.get().await, "Synced").map(|(status, ..)| status));
}
