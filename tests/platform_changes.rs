//! Changes on the platform that are not errors of the spec: a cap of the vendor, and a deleted unit. They are reported and
//! not overwritten.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::fixture::{Fixture, condition};
use crate::support::since::Since;

const UNIT: &str = "44444444-0d3e-4f5a-8b7c-9d0e1f2a3b4c";

async fn settings(fixture: &Fixture) -> Value {
    fixture.platform.tenant(&fixture.id).await.unwrap().1["settings"].clone()
}

/// State and message of a tab.
fn tab(tenant: &nimbus_operator::resources::Tenant, name: &str) -> (String, String) {
    let tabs = &tenant.status.as_ref().unwrap().tabs;
    let tab = tabs.iter().find(|tab| tab.name.as_str() == name).unwrap();
    (tab.state.as_str().to_owned(), tab.message.clone().unwrap_or_default())
}

fn state(tenant: &nimbus_operator::resources::Tenant, kind: &str) -> String {
    condition(tenant, kind).map(|(status, reason, _)| format!("{status} {reason}")).unwrap_or_default()
}

/// Vendor cap: the desired value stays stored, the effective value is reported, and nothing is overwritten.
#[tokio::test(flavor = "multi_thread")]
async fn limit_above_vendor_cap_is_stored_and_reported() {
    let fixture = Fixture::new("capped").await;
    let _operator = fixture.start();
    let limit = |most: i32| json!({ "modalities": { "email": { "maxConcurrentTasksPerService": most } } });
    fixture.create(limit(120)).await;
    fixture.ready().await;
    let caps = async |caps: Value| {
        let path = format!("/sandbox/tenants/{}/caps", fixture.id);
        fixture.platform.ask(Method::PUT, &path, Some(json!({ "caps": caps }))).await.unwrap();
    };
    caps(json!({ "/modalities/email/maxConcurrentTasksPerService": 100 })).await;
    let since = Since::now(&fixture).await;
    let capped = fixture.pass().await;
    assert_eq!(("True Succeeded".into(), "True InSync".into()), (state(&capped, "Ready"), state(&capped, "Synced")));
    assert_eq!(None, condition(&capped, "Stalled"));
    let says = "spec.modalities.email.maxConcurrentTasksPerService is 120, but the vendor's limit is 100";
    assert_eq!(("InSync".into(), says.into()), tab(&capped, "Modalities"));
    fixture.pass().await;
    assert_eq!([""; 0], *since.effects(&fixture).await, "nothing is written for it");
    assert_eq!(120, settings(&fixture).await["modalities"]["email"]["maxConcurrentTasksPerService"]);

    // A value below the cap is effective and nothing is reported, nor once the cap is gone.
    fixture.patch(json!({ "spec": limit(90) })).await;
    assert_eq!(("InSync".into(), String::new()), tab(&fixture.ready().await, "Modalities"));
    fixture.patch(json!({ "spec": limit(120) })).await;
    assert_eq!(("InSync".into(), says.into()), tab(&fixture.ready().await, "Modalities"));
    caps(json!({})).await;
    assert_eq!(("InSync".into(), String::new()), tab(&fixture.pass().await, "Modalities"));
}

/// Behaviour 9: the platform moves the default one level up. It is reported, and the deleted ID is not written again.
#[tokio::test(flavor = "multi_thread")]
async fn deleted_default_unit_is_not_overwritten() {
    let fixture = Fixture::new("dead-unit").await;
    fixture.platform.organization_unit(&fixture.id, UNIT).await.unwrap();
    let _operator = fixture.start();
    fixture.create(json!({ "provisioning": { "defaultOrganizationUnitId": UNIT } })).await;
    fixture.ready().await;
    assert_eq!(UNIT, settings(&fixture).await["provisioning"]["defaultOrganizationUnitId"]);

    let path = format!("/sandbox/tenants/{}/organization-units/{UNIT}", fixture.id);
    fixture.platform.ask(Method::DELETE, &path, None).await.unwrap();
    let since = Since::now(&fixture).await;
    fixture.pass().await;
    let dead = fixture.condition("Ready", "False", "OrganizationUnitNotFound").await;
    let states = ["Accepted", "Synced", "Stalled"].map(|kind| state(&dead, kind));
    assert_eq!(["True Accepted", "False OrganizationUnitNotFound", "True OrganizationUnitNotFound"], states);
    let message = condition(&dead, "Ready").unwrap().2;
    let says = "spec.provisioning.defaultOrganizationUnitId names an organization unit that was deleted; the platform changed \
                the setting to 'root'";
    assert!(message.starts_with(says), "{message}");
    assert_eq!("Invalid", tab(&dead, "Provisioning").0);
    fixture.pass().await;
    fixture.pass().await;
    assert_eq!([""; 0], *since.effects(&fixture).await, "no write loop");
    // Everything else goes on: an edit is saved, and drift corrected.
    fixture.patch(json!({ "spec": { "general": { "division": "Care" } } })).await;
    fixture.settings("the edit is saved", |settings| settings["general"]["division"] == "Care").await;
    fixture.platform.edit(&fixture.id, json!({ "general": { "division": "Sales" } })).await.unwrap();
    fixture.pass().await;
    assert_eq!("Care", settings(&fixture).await["general"]["division"]);
    fixture.condition("Ready", "False", "OrganizationUnitNotFound").await;
    assert_eq!("root", settings(&fixture).await["provisioning"]["defaultOrganizationUnitId"]);

    // Without the setting, or with a unit that exists, the Tenant is Ready.
    fixture.patch(json!({ "spec": { "provisioning": null } })).await;
    fixture.ready().await;
    assert_eq!("root", settings(&fixture).await["provisioning"]["defaultOrganizationUnitId"]);
    let other = "55555555-0d3e-4f5a-8b7c-9d0e1f2a3b4c";
    fixture.platform.organization_unit(&fixture.id, other).await.unwrap();
    fixture.patch(json!({ "spec": { "provisioning": { "defaultOrganizationUnitId": other } } })).await;
    fixture.ready().await;
    assert_eq!(other, settings(&fixture).await["provisioning"]["defaultOrganizationUnitId"]);
}
