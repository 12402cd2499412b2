//! The table of settings as a whole: every setting, on the real API server and on the platform.

mod authority;
mod bounds;
mod clearing;
mod drift;
mod partner;
mod retention;
mod spelling;
mod switches;

use kube::Api;
use kube::api::{Patch, PatchParams};
use nimbus_operator::manifests::sample;
use nimbus_operator::resources::Partner;
use nimbus_operator::settings::{Class, Leaf, leaves};
use serde_json::{Value, json};

use crate::support::fixture::{Fixture, NAME};
use crate::support::users;

/// The platform's ID of the partner in these tests.
const PARTNER_ID: &str = "northwind";

/// The spec that sets every setting to its example, for the tenant and the Partner of a fixture.
fn full(fixture: &Fixture) -> Value {
    let mut spec = sample::spec(|_| true);
    spec["general"]["tenantId"] = json!(fixture.id);
    spec["partner"]["partnerRef"]["name"] = json!(fixture.env.namespace);
    spec
}

/// Writes the Partner of a fixture.
async fn create_partner(fixture: &Fixture, id: &str) {
    create_partner_as(fixture, &fixture.env.namespace, id).await;
}

/// The same under another name.
async fn create_partner_as(fixture: &Fixture, name: &str, id: &str) {
    let partner = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": name },
        "spec": { "displayName": "Northwind", "platformPartnerId": id }
    });
    let api: Api<Partner> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    api.patch(name, &PatchParams::apply("test").force(), &Patch::Apply(partner))
        .await
        .expect("the Partner is accepted");
}

/// The expected value on the platform for a setting of [`full`].
fn expected(fixture: &Fixture, leaf: &Leaf, spec: &Value) -> Option<Value> {
    match leaf.class {
        Class::Value => at(spec, leaf.path).cloned(),
        Class::Reference => Some(json!(PARTNER_ID)),
        Class::Sealed | Class::Clears | Class::CheckInput | Class::Trigger | Class::Output => None,
    }
    .map(|value| if leaf.path == "general.tenantId" { json!(fixture.id) } else { value })
}

/// The value at a dotted path.
fn at<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(value, |at, name| at.get(name))
}

/// The document with one value at a dotted path.
fn only(path: &str, value: Value) -> Value {
    path.rsplit('.').fold(value, |inner, name| json!({ name: inner }))
}

/// Creates the Tenant that sets everything, and waits until it is Ready.
async fn create_full(fixture: &Fixture) -> Value {
    create_partner(fixture, PARTNER_ID).await;
    let spec = full(fixture);
    let unit = spec["provisioning"]["defaultOrganizationUnitId"].as_str().unwrap();
    fixture.platform.organization_unit(&fixture.id, unit).await.unwrap();
    fixture.create(spec.clone()).await;
    fixture.ready().await;
    spec
}

/// The platform's document.
async fn document(fixture: &Fixture) -> Value {
    let (status, document) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!(200, status, "{document}");
    document
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_reach_the_platform_and_stay_when_removed() {
    let fixture = Fixture::new("vocabulary").await;
    let _operator = fixture.start();
    let spec = create_full(&fixture).await;
    let before = document(&fixture).await;
    for leaf in leaves() {
        let found = leaf.find(&before["settings"]);
        match leaf.class {
            Class::Sealed => assert_eq!(Some(&json!(true)), found.map(|state| &state["set"]), "{leaf}"),
            Class::Value | Class::Reference => assert_eq!(expected(&fixture, leaf, &spec).as_ref(), found, "{leaf}"),
            Class::Clears => assert!(at(&before["settings"], leaf.path).is_none(), "{leaf} is no setting"),
            Class::CheckInput | Class::Trigger | Class::Output => assert_eq!(None, found, "{leaf} is no setting"),
        }
    }
    let changes: Vec<&str> = before["runtime"]["pendingChanges"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|change| change["change"].as_str())
        .collect();
    for change in ["interact-enabled", "multihoming-changed"] {
        assert!(changes.contains(&change), "{change} waits for the script: {changes:?}");
    }

    // A JSON patch replaces the whole spec.
    let minimal = fixture.manifest(json!({ "general": { "name": null, "o365Domain": null } }))["spec"].clone();
    let replace = serde_json::from_value(json!([{ "op": "replace", "path": "/spec", "value": minimal }])).unwrap();
    fixture.tenants().patch(NAME, &PatchParams::default(), &Patch::Json::<()>(replace)).await.unwrap();
    fixture.ready().await;
    let after = document(&fixture).await;
    assert_eq!(before["settings"], after["settings"]);
    assert_eq!(before["settingsVersion"], after["settingsVersion"]);
}
