//! Which settings of a spec are sent and which are not, according to the platform's log.

use nimbus_operator::resources::Tenant;
use serde_json::{Value, json};

use crate::support::fixture::{CONNECTION_STRING, Fixture, condition, script_url};
use crate::support::since::Since;

fn tab(tenant: &Tenant, name: &str) -> (String, Option<String>) {
    let tabs = &tenant.status.as_ref().unwrap().tabs;
    let tab = tabs.iter().find(|tab| tab.name.as_str() == name).unwrap();
    (tab.state.as_str().to_owned(), tab.message.clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_section_is_sent_with_its_switch() {
    let fixture = Fixture::new("hidden").await;
    let _operator = fixture.start();
    let since = Since::now(&fixture).await;
    // Off, without its Secret.
    let hidden = json!({
        "enabled": false, "sessionRecoveryTimeoutSeconds": 30, "authorization": "VerifyToken",
        "o365UserId": "6F1B2A9C-0D3E-4F5A-8B7C-9D0E1F2A3B4C",
        "acsConnectionStringRef": { "name": "interact", "key": "connection-string" }
    });
    fixture.create(json!({ "extensions": { "interact": hidden } })).await;
    let ready = fixture.ready().await;
    let message = "4 settings are hidden while their section is off".to_owned();
    assert_eq!(("InSync".to_owned(), Some(message)), tab(&ready, "Extensions"));
    let (_, tenant) = fixture.platform.tenant(&fixture.id).await.unwrap();
    let untouched = json!({
        "enabled": false, "sessionRecoveryTimeoutSeconds": 20, "authorization": "None", "o365UserId": null,
        "acsConnectionString": { "set": false, "version": "none" }
    });
    assert_eq!(untouched, tenant["settings"]["extensions"]["interact"]);
    let sent = since.changes(&fixture).await;
    assert!(sent.iter().flatten().all(|pointer| !pointer.starts_with("/extensions")), "{sent:?}");

    // Switched on, with its Secret: everything in one PATCH.
    fixture.secret(&fixture.env.namespace, "interact", json!({ "connection-string": CONNECTION_STRING })).await;
    let since = Since::now(&fixture).await;
    fixture.patch(json!({ "spec": { "extensions": { "interact": { "enabled": true } } } })).await;
    let ready = fixture.ready().await;
    let sent = [
        "/extensions/interact/acsConnectionString",
        "/extensions/interact/authorization",
        "/extensions/interact/enabled",
        "/extensions/interact/o365UserId",
        "/extensions/interact/sessionRecoveryTimeoutSeconds",
    ];
    assert_eq!(vec![sent.to_vec()], since.changes(&fixture).await);
    assert_eq!(["GET", "PATCH"], *since.methods(&fixture).await);
    assert_eq!(("InSync".to_owned(), None), tab(&ready, "Extensions"));
    let sealed = &ready.status.as_ref().unwrap().sealed;
    let (_, tenant) = fixture.platform.tenant(&fixture.id).await.unwrap();
    let state = &tenant["settings"]["extensions"]["interact"]["acsConnectionString"];
    assert_eq!(
        (
            "spec.extensions.interact.acsConnectionStringRef",
            &json!({ "set": true, "version": sealed[0].platform_version })
        ),
        (sealed[0].path.as_str(), state)
    );
    let everything = serde_json::to_string(&ready).unwrap();
    assert!(!everything.contains("accesskey") && !everything.contains("c2VjcmV0"), "the value is never shown");
    hidden_again_is_kept(&fixture).await;
}

/// Off again: hidden settings are kept, and an edit of them waits.
async fn hidden_again_is_kept(fixture: &Fixture) {
    let since = Since::now(fixture).await;
    let off = json!({ "enabled": false, "sessionRecoveryTimeoutSeconds": 45 });
    fixture.patch(json!({ "spec": { "extensions": { "interact": off } } })).await;
    fixture.ready().await;
    assert_eq!(vec![vec!["/extensions/interact/enabled"]], since.changes(fixture).await);
    let (_, tenant) = fixture.platform.tenant(&fixture.id).await.unwrap();
    let kept = &tenant["settings"]["extensions"]["interact"];
    assert_eq!(
        (json!(30), json!(true)),
        (kept["sessionRecoveryTimeoutSeconds"].clone(), kept["acsConnectionString"]["set"].clone())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn pending_script_does_not_affect_ready() {
    let fixture = Fixture::new("script").await;
    let _operator = fixture.start();
    let reference = json!({ "name": "acs", "key": "connection-string" });
    fixture
        .create(json!({ "extensions": { "interact": { "enabled": true, "acsConnectionStringRef": reference } } }))
        .await;
    let ready = fixture.ready().await;
    let message = format!(
        "Waiting for a Tenant Administrator to run the provisioning script: {}. Pending changes: interact-enabled (tenant)",
        script_url(&fixture.id)
    );
    let expected = ("True".to_owned(), "ScriptPending".to_owned(), message);
    assert_eq!(Some(expected), condition(&ready, "ScriptExecutionPending"));
    let script = ready.status.unwrap().provisioning_script.unwrap();
    let pending: Vec<_> = script.pending_changes.iter().map(|c| (c.scope.as_str(), c.change.as_str())).collect();
    assert_eq!((true, vec![("tenant", "interact-enabled")]), (script.pending, pending));
    assert!(script.download_url.is_some_and(|url| url.contains(&fixture.id)), "the script is offered");

    fixture.platform.run_script(&fixture.id).await.unwrap();
    let after = fixture.pass().await;
    let message = "No change waits for the provisioning script".to_owned();
    let expected = ("False".to_owned(), "NothingPending".to_owned(), message);
    assert_eq!(Some(expected), condition(&after, "ScriptExecutionPending"));
    assert_eq!(Some("True".to_owned()), condition(&after, "Ready").map(|(status, ..)| status));
    assert!(!after.status.unwrap().provisioning_script.unwrap().pending);
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_text_clears_the_value() {
    let fixture = Fixture::new("clears").await;
    let _operator = fixture.start();
    fixture
        .create(json!({
            "general": { "companyName": "Contoso AG", "billingAddress": { "city": "Zürich" } },
            "contact": { "email": "ops@contoso.com" }
        }))
        .await;
    fixture.ready().await;
    let since = Since::now(&fixture).await;
    let cleared =
        json!({ "general": { "companyName": "", "billingAddress": { "city": "" } }, "contact": { "email": "" } });
    fixture.patch(json!({ "spec": cleared })).await;
    fixture.ready().await;
    let sent = ["/contact/email", "/general/billingAddress/city", "/general/companyName"];
    assert_eq!(vec![sent.to_vec()], since.changes(&fixture).await);
    let (_, tenant) = fixture.platform.tenant(&fixture.id).await.unwrap();
    for pointer in sent {
        assert_eq!(Some(&Value::Null), tenant["settings"].pointer(pointer), "{pointer}");
    }
    // Empty is a value: setting it in the UI is drift.
    fixture.platform.edit(&fixture.id, json!({ "general": { "companyName": "Fabrikam" } })).await.unwrap();
    fixture.pass().await;
    fixture.settings("it is cleared again", |settings| settings["general"]["companyName"].is_null()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unset_field_is_not_changed() {
    let fixture = Fixture::new("unset").await;
    let _operator = fixture.start();
    fixture.create(json!({ "general": { "companyName": "Contoso AG" } })).await;
    fixture.ready().await;
    let since = Since::now(&fixture).await;
    fixture.patch(json!({ "spec": { "general": { "companyName": null } } })).await;
    let ready = fixture.ready().await;
    assert_eq!(None, ready.spec.settings.general.company_name);
    fixture
        .platform
        .edit(&fixture.id, json!({ "general": { "companyName": "Fabrikam", "division": "Sales" } }))
        .await
        .unwrap();
    fixture.pass().await;
    assert_eq!(vec!["GET"; 2], since.methods(&fixture).await, "nothing is sent about it");
    let (_, tenant) = fixture.platform.tenant(&fixture.id).await.unwrap();
    let general = &tenant["settings"]["general"];
    assert_eq!((json!("Fabrikam"), json!("Sales")), (general["companyName"].clone(), general["division"].clone()));
    assert_eq!(Some("True".to_owned()), condition(&fixture.get().await, "Synced").map(|(status, ..)| status));
}
