//! Drift: of all changes on the platform, only managed settings are restored.

use nimbus_operator::manifests::crd;
use nimbus_operator::resources::status::Drift;
use nimbus_operator::settings::{Class, Leaf, leaves};
use serde_json::{Value, json};

use super::{at, create_full, document, expected, only};
use crate::support::fixture::{CONNECTION_STRING, Fixture};

/// An ID that is not an example.
const OTHER_ID: &str = "66666666-0d3e-4f5a-8b7c-9d0e1f2a3b4c";

/// A valid value other than the example.
fn other(leaf: &Leaf, spec: &Value, schema: &Value) -> Value {
    if leaf.class == Class::Sealed {
        return json!({ "value": CONNECTION_STRING.replace("contoso", "fabrikam") });
    }
    if leaf.class == Class::Reference {
        return json!("fabrikam");
    }
    let example = at(spec, leaf.path).unwrap();
    match example {
        Value::Bool(on) => json!(!on),
        // Smaller, since correcting drift never shortens a retention time.
        Value::Number(number) => json!(number.as_i64().unwrap() - 1),
        Value::Object(_) => json!({ "interact": 99 }),
        Value::String(_) if schema.get("enum").is_some() => {
            let choices = schema["enum"].as_array().unwrap();
            choices.iter().find(|choice| *choice != example).unwrap().clone()
        }
        _ => {
            let rule = schema["x-kubernetes-validations"][0]["rule"].as_str().unwrap();
            let pattern =
                rule.split("self.matches('").nth(1).unwrap().split("')").next().unwrap().replace("\\\\", "\\");
            let pattern = regex::Regex::new(&pattern).unwrap();
            let candidates = [
                "Other",
                OTHER_ID,
                "+41445550000",
                "sip:other@fabrikam.com",
                "other@fabrikam.com",
                "fabrikam.onmicrosoft.com",
                "DE",
            ];
            let fits = candidates.into_iter().find(|text| pattern.is_match(text));
            json!(fits.unwrap_or_else(|| panic!("no other value for {leaf}")))
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn drift_of_each_setting_is_corrected() {
    let fixture = Fixture::new("drift").await;
    let _operator = fixture.start();
    let spec = create_full(&fixture).await;
    fixture.platform.organization_unit(&fixture.id, OTHER_ID).await.unwrap();
    let schema = crd::tenant_spec();
    let mut count = 0;
    for leaf in leaves().filter(|leaf| leaf.class.is_setting()) {
        // The identity cannot change, and another partner is no drift: the tenant was handed on (`partner.rs`).
        if leaf.path == "general.tenantId" || leaf.wire == "partner.partnerId" {
            continue;
        }
        let changed = other(leaf, &spec, crd::member(&schema, leaf.path).unwrap());
        let edited = fixture.platform.edit(&fixture.id, only(leaf.wire, changed.clone())).await;
        let before = edited.unwrap_or_else(|error| panic!("{leaf} = {changed}: {error}"));
        fixture.pass().await;
        let settings = document(&fixture).await["settings"].clone();
        match leaf.class {
            Class::Sealed => {
                let version = |settings: &Value| leaf.find(settings).unwrap()["version"].clone();
                assert_ne!(version(&settings), version(&before["settings"]), "{leaf} was sent again");
            }
            _ => assert_eq!(expected(&fixture, leaf, &spec).as_ref(), leaf.find(&settings), "{leaf} after {changed}"),
        }
        count += 1;
    }
    assert!(count >= 50, "{count} settings");
    let drifted = fixture.events().await.unwrap();
    assert!(drifted.contains(&("Normal".into(), "DriftCorrected".into())), "{drifted:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn feature_counts_are_managed_by_name() {
    let fixture = Fixture::new("features").await;
    let _operator = fixture.start();
    let features = |counts: Value| only("licenses.contingents.services.features", counts);
    let on_platform =
        async || document(&fixture).await["settings"]["licenses"]["contingents"]["services"]["features"].clone();
    fixture.create(features(json!({ "interact": 2 }))).await;
    fixture.ready().await;
    fixture.platform.edit(&fixture.id, features(json!({ "interact": 7, "companion": 4 }))).await.unwrap();
    fixture.pass().await;
    assert_eq!(json!({ "interact": 2, "companion": 4 }), on_platform().await, "the other name is not managed");

    fixture.patch(json!({ "spec": features(json!({ "interact": null, "companion": 5 })) })).await;
    fixture.ready().await;
    assert_eq!(json!({ "interact": 2, "companion": 5 }), on_platform().await, "a name that goes leaves its count");
    let version = document(&fixture).await["settingsVersion"].clone();
    fixture.platform.edit(&fixture.id, features(json!({ "interact": 9 }))).await.unwrap();
    let tenant = fixture.pass().await;
    assert_eq!(json!({ "interact": 9, "companion": 5 }), on_platform().await, "and is not corrected any more");
    assert_eq!(Vec::<Drift>::new(), tenant.status.unwrap().drift);
    assert_ne!(document(&fixture).await["settingsVersion"], version, "the edit itself moved it");
}
