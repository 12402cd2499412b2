//! Behaviour 9. When the default organization unit is deleted, the platform moves the default one level up. The operator
//! reports this and does not overwrite it.
//!
//! The operator decides: a spec that names the deleted unit is stalled and writes nothing; a spec without the setting gets
//! a note in its tab.

use reqwest::Method;
use serde_json::{Value, json};

use super::play::{Play, stated, told, two};
use crate::support::stage::{condition, message};

impl Play {
    /// Creates a unit and returns its ID.
    async fn unit(&self, name: &str, parent: &str) -> String {
        let unit = self.act(Method::POST, "/organization-units", json!({ "name": name, "parent": parent })).await;
        unit["id"].as_str().unwrap().to_owned()
    }

    /// Provisions from Teams as a user, and returns the unit of the service.
    async fn lands(&self, by: &str) -> Value {
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
    let play = Play::start("b09-dead").await;
    play.live("{}").await;
    play.known("anna").await;
    let sales = play.unit("Sales", "root").await;
    let berne = play.unit("Berne", &sales).await;
    play.live(&spec(&berne)).await;
    assert_eq!(json!(berne), play.lands("anna").await);

    play.remove(&format!("/organization-units/{berne}")).await;
    assert_eq!(json!(sales), play.lands("anna").await, "the platform moved it one level up");
    let mark = play.stage.platform.mark().await.unwrap();
    play.stage.pass().await;
    let dead = play.stage.condition("Ready", "False", "OrganizationUnitNotFound").await;
    let happened = format!(
        "spec.provisioning.defaultOrganizationUnitId names an organization unit that was deleted; the platform moved the \
         setting to '{sales}'"
    );
    assert_eq!(Some(happened), condition(&dead, "Ready").map(|(.., message)| message));
    let advice = ". What to do: The organization unit was deleted or never was; name another one, or remove the setting to \
                  leave the platform's choice alone.";
    assert!(message(&dead, "Stalled").unwrap().ends_with(advice));
    assert_eq!(two("False", "OrganizationUnitNotFound"), stated(&dead, "Synced"));
    assert_eq!("Invalid", told(&dead, "Provisioning").0);
    for _ in 0..3 {
        play.stage.pass().await;
    }
    assert_eq!([""; 0], *play.stage.platform.effects(mark).await.unwrap(), "no write, however often it looks");

    // One level up, deleted again: "up to root".
    play.remove(&format!("/organization-units/{sales}")).await;
    let dead = play.stage.pass().await;
    assert!(condition(&dead, "Ready").unwrap().2.ends_with("moved the setting to 'root'"));

    // A unit that exists is applied and clears the condition.
    let help = play.unit("Help", "root").await;
    let ready = play.live(&spec(&help)).await;
    assert_eq!(two("InSync", ""), told(&ready, "Provisioning"));
    assert_eq!(json!(help), play.lands("anna").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn unmanaged_default_is_reported_in_its_tab() {
    let play = Play::start("b09-left").await;
    play.live("{}").await;
    let sales = play.unit("Sales", "root").await;
    play.live(&spec(&sales)).await;
    play.remove(&format!("/organization-units/{sales}")).await;
    play.stage.pass().await;
    play.stage.condition("Ready", "False", "OrganizationUnitNotFound").await;

    let ready = play.live("general: {companyName: Contoso AG}").await;
    let moved =
        "the platform moved spec.provisioning.defaultOrganizationUnitId to 'root', since what it named was deleted";
    assert_eq!(two("NotManaged", moved), told(&ready, "Provisioning"));
    assert_eq!(two("True", "InSync"), stated(&ready, "Synced"));
    let taken = play.live(&spec("root")).await;
    assert_eq!(two("InSync", ""), told(&taken, "Provisioning"), "naming the platform's choice ends it too");
}

pub mod platform_only {
    use super::*;

    /// "If either user or service are completely new in Nimbus – or the OU cannot be selected for other reasons – both the
    /// user and service are placed in a "Default Organization Unit for Microsoft Teams-based teams"."
    #[tokio::test(flavor = "multi_thread")]
    async fn unplaced_users_and_services_go_to_the_teams_unit() {
        let play = Play::start("b09-teams").await;
        play.live("{}").await;
        play.known("anna").await;
        let sales = play.unit("Sales", "root").await;
        let closed = json!({ "name": "Closed", "selectable": false });
        let closed = play.act(Method::POST, "/organization-units", closed).await["id"].as_str().unwrap().to_owned();
        let units = play.see("/organization-units").await["items"].clone();
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
            play.live(&spec(unit)).await;
            assert_eq!(expected, play.lands(by).await, "{by} with the default {unit}");
        }
    }
}
