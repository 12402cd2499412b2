//! The empty text clears a setting on the platform, exactly where the contract says so.

use nimbus_operator::manifests::crd;
use nimbus_operator::settings::leaf::Required;
use nimbus_operator::settings::{Class, leaves};
use serde_json::{Value, json};

use super::{at, create_full, document, only};
use crate::support::fixture::Fixture;

/// Written by hand from the contract; the partner is cleared by its sibling.
const CLEARABLE: &[&str] = &[
    "contact.email",
    "contact.name",
    "contact.phone",
    "contact.sipAddress",
    "extensions.attendantConsole.globalContactSearchFilter",
    "extensions.interact.o365UserId",
    "general.billingAddress.city",
    "general.billingAddress.country",
    "general.billingAddress.street1",
    "general.billingAddress.street2",
    "general.billingAddress.zipCode",
    "general.companyName",
    "general.crmId",
    "general.division",
    "general.partnerAdministrationGroupId",
    "general.tenantAdministrationGroupId",
    "modalities.instantMessaging.acsResourceId",
    "modalities.instantMessaging.primaryAccount",
    "modalities.instantMessaging.secondaryAccount",
];

#[test]
fn schema_and_contract_clear_the_same_settings() {
    let spec = crd::tenant_spec();
    let rule = |path: &str| crd::member(&spec, path).unwrap()["x-kubernetes-validations"][0]["rule"].clone();
    let mut clearable: Vec<&str> = leaves()
        .filter(|leaf| rule(leaf.path).as_str().is_some_and(|rule| rule.starts_with("self == ''")))
        .map(|leaf| leaf.path)
        .collect();
    clearable.sort_unstable();
    assert_eq!(CLEARABLE, clearable);
}

#[tokio::test(flavor = "multi_thread")]
async fn empty_text_clears_a_setting() {
    let fixture = Fixture::new("clearing").await;
    let _operator = fixture.start();
    create_full(&fixture).await;
    let needed = |path: &str| leaves().any(|leaf| leaf.path == path && leaf.required == Required::WhenOn);
    for path in CLEARABLE.iter().filter(|path| !needed(path)) {
        fixture.patch(json!({ "spec": only(path, json!("")) })).await;
        fixture.ready().await;
        let settings = document(&fixture).await["settings"].clone();
        assert_eq!(Some(&Value::Null), at(&settings, path), "{path}");
    }
    // Cleared means equal: nothing is left to write.
    let before = document(&fixture).await["settingsVersion"].clone();
    fixture.pass().await;
    assert_eq!(before, document(&fixture).await["settingsVersion"]);

    for path in CLEARABLE.iter().filter(|path| needed(path)) {
        let old = at(&document(&fixture).await["settings"], path).cloned();
        fixture.patch(json!({ "spec": only(path, json!("")) })).await;
        let tenant = fixture.condition("Ready", "False", "InvalidSettings").await;
        let (_, _, message) = crate::support::fixture::condition(&tenant, "Ready").unwrap();
        assert!(message.starts_with(&format!("spec.{path} must be set while spec.")), "{message}");
        assert_eq!(old, at(&document(&fixture).await["settings"], path).cloned(), "nothing was saved");
        fixture.patch(json!({ "spec": only(path, old.unwrap()) })).await;
        fixture.ready().await;
    }
    assert_eq!(2, leaves().filter(|leaf| leaf.class == Class::Value && needed(leaf.path)).count());
}
