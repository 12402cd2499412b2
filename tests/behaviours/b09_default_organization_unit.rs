//! Behaviour 9. When the default organization unit is deleted, the platform moves the default one level up. The operator
//! reports this and does not overwrite it.
//!
//! The operator decides: a spec that names the deleted unit is stalled and writes nothing; a spec without the setting gets
//! a note in its tab.

use reqwest::Method;
use serde_json::{Value, json};

use super::fixture::{BehaviourFixture, condition_state, pair, tab_state};
use crate::support::fixture::{condition, message};

impl BehaviourFixture {
    /// Creates a unit and returns its ID.
    async fn unit(&self, name: &str, parent: &str) -> String {
        let unit = self.act(Method::POST, "/organization-units", json!({ "name": name, "parent": parent })).await;
        unit["id"].as_str().unwrap().to_owned()
    }

    /// Provisions from Teams as a user, and returns the unit of the service.
    async fn provision_unit(&self, by: &str) -> Value {
        let body = json!({ "displayName": "Help", "via": "teams", "as": "tenant-administrator", "by": by });
        self.act(Method::POST, "/services", body).await["organizationUnitId"].clone()
    }

    /// A user who is known to Nimbus.
    async fn known(&self, user: &str) {
        let body = json!({ "licenses": [], "organizationUnitId": "root" });
        self.act(Method::PUT, &format!("/users/{user}"), body).await;
    }
}

fn spec(unit: &str) -> String {
    format!("provisioning: {{defaultOrganizationUnitId: {unit}}}\ngeneral: {{companyName: Contoso AG}}")
}

/// "Sets the default Organization Unit (OU) for new services during their first provisioning." "When the OU gets deleted, the
/// OU default selection is moved one level higher (up to root)."
#[tokio::test(flavor = "multi_thread")]
async fn deleted_default_is_reported_not_overwritten() {
    let fixture = BehaviourFixture::start("b09-dead").await;
    fixture.live("{}").await;
    fixture.known("anna").await;
    let sales = fixture.unit("Sales", "root").await;
    let berne = fixture.unit("Berne", &sales).await;
    fixture.live(&spec(&berne)).await;
    assert_eq!(json!(berne), fixture.provision_unit("anna").await);

    fixture.remove(&format!("/organization-units/{berne}")).await;
    assert_eq!(json!(sales), fixture.provision_unit("anna").await, "the platform moved it one level up");
    let mark = fixture.base.platform.mark().await.unwrap();
    fixture.base.pass().await;
    let dead = fixture.base.condition("Ready", "False", "OrganizationUnitNotFound").await;
    let happened = format!(
        "spec.provisioning.defaultOrganizationUnitId names an organization unit that was deleted; the platform changed the \
         setting to '{sales}'"
    );
    assert_eq!(Some(happened), condition(&dead, "Ready").map(|(.., message)| message));
    let advice =
        ". What to do: Name an existing organization unit, or remove the setting to keep the platform's choice.";
    assert!(message(&dead, "Stalled").unwrap().ends_with(advice));
    assert_eq!(pair("False", "OrganizationUnitNotFound"), condition_state(&dead, "Synced"));
    assert_eq!("Invalid", tab_state(&dead, "Provisioning").0);
    for _ in 0..3 {
        fixture.base.pass().await;
    }
    assert_eq!([""; 0], *fixture.base.platform.effects(mark).await.unwrap(), "no write, however often it looks");

    // One level up, deleted again: "up to root".
    fixture.remove(&format!("/organization-units/{sales}")).await;
    let dead = fixture.base.pass().await;
    assert!(condition(&dead, "Ready").unwrap().2.ends_with("changed the setting to 'root'"));

    // A unit that exists is applied and clears the condition.
    let help = fixture.unit("Help", "root").await;
    let ready = fixture.live(&spec(&help)).await;
    assert_eq!(pair("InSync", ""), tab_state(&ready, "Provisioning"));
    assert_eq!(json!(help), fixture.provision_unit("anna").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn unmanaged_default_is_reported_in_its_tab() {
    let fixture = BehaviourFixture::start("b09-left").await;
    fixture.live("{}").await;
    let sales = fixture.unit("Sales", "root").await;
    fixture.live(&spec(&sales)).await;
    fixture.remove(&format!("/organization-units/{sales}")).await;
    fixture.base.pass().await;
    fixture.base.condition("Ready", "False", "OrganizationUnitNotFound").await;

    let ready = fixture.live("general: {companyName: Contoso AG}").await;
    let moved = "The platform changed spec.provisioning.defaultOrganizationUnitId to 'root' because the previous value was deleted";
    assert_eq!(pair("NotManaged", moved), tab_state(&ready, "Provisioning"));
    assert_eq!(pair("True", "InSync"), condition_state(&ready, "Synced"));
    let taken = fixture.live(&spec("root")).await;
    assert_eq!(pair("InSync", ""), tab_state(&taken, "Provisioning"), "naming the platform's choice ends it too");
}

pub mod platform_only {
    use super::*;

    /// "If either user or service are completely new in Nimbus – or the OU cannot be selected for other reasons – both the
    /// user and service are placed in a "Default Organization Unit for Microsoft Teams-based teams"."
    #[tokio::test(flavor = "multi_thread")]
    async fn unplaced_users_and_services_go_to_the_teams_unit() {
        let fixture = BehaviourFixture::start("b09-teams").await;
        fixture.live("{}").await;
        fixture.known("anna").await;
        let sales = fixture.unit("Sales", "root").await;
        let closed = json!({ "name": "Closed", "selectable": false });
        let closed = fixture.act(Method::POST, "/organization-units", closed).await["id"].as_str().unwrap().to_owned();
        let units = fixture.see("/organization-units").await["items"].clone();
        let name = "Default Organization Unit for Microsoft Teams-based teams";
        let teams = units.as_array().unwrap().iter().find(|unit| unit["name"] == name).unwrap()["id"].clone();
        // Unit in the spec, who provisions, unit of the service.
        let rows = [
            (&sales, "anna", json!(sales)),
            (&sales, "somebody-new", teams.clone()),
            (&sales, "somebody-new", json!(sales)),
            (&closed, "anna", teams),
        ];
        for (unit, by, expected) in rows {
            fixture.live(&spec(unit)).await;
            assert_eq!(expected, fixture.provision_unit(by).await, "{by} with the default {unit}");
        }
    }
}
