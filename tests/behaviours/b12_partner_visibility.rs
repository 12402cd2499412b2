//! Behaviour 12. Partner visibility off or unknown: identifiers that the platform shows to partners are asterisks.
//!
//! The operator decides: a partner cannot grant itself visibility, and personal values in status are asterisks for every
//! reader.

use reqwest::Method;
use serde_json::{Value, json};

use super::play::{Play, stated, told, two};
use crate::support::stage::Stage;
use crate::support::users;

impl Play {
    async fn people_and_calls(&self) {
        self.service("help").await;
        self.act(Method::PUT, "/users/a1", json!({ "licenses": [], "displayName": "Anna" })).await;
        self.call().await;
    }

    /// The name of the user and the number of the customer as shown to a role.
    async fn seen(&self, role: &str) -> (Value, Value) {
        let view = self.see(&format!("/view?as={role}")).await;
        (view["users"][0]["name"].clone(), view["calls"][0]["customer"].clone())
    }
}

/// "Certain Settings in this section may be visible/restricted to Luware and Partner administrators". "When disabled, Nimbus
/// users will be shown anonymized with asterisk * placeholders."
#[tokio::test(flavor = "multi_thread")]
async fn partner_cannot_grant_itself_visibility() {
    let stage = Stage::new("b12-partner").await;
    stage.secret(&stage.env.operator_namespace, "partner", json!({ "client-secret": "partner-secret" })).await;
    stage.platform_object_as(&stage.platform.url(), "partner", "partner").await;
    let play = Play::on(stage).await;
    // With a partner's credentials, the tenant is the partner's.
    play.live("{}").await;
    play.people_and_calls().await;
    let look = "dataPrivacy: {allowPartnerToSeeUserIdentifiers: true, allowPartnerToSeeCustomerIdentifiers: true}
general: {companyName: Contoso AG}";
    play.apply(look).await;
    let refused = play.stage.condition("Ready", "False", "FieldNotPermitted").await;
    let tab = "2 settings may not be changed with the operator's credentials";
    assert_eq!(two("Restricted", tab), told(&refused, "DataPrivacy"));
    assert_eq!(two("InSync", ""), told(&refused, "General"), "the rest is saved");
    assert_eq!(json!("Contoso AG"), play.setting("/general/companyName").await);
    assert_eq!((json!("***"), json!("***")), play.seen("partner").await);

    // An editor of the Tenant may not set it either.
    let asked = play.try_apply(users::TENANT_EDITOR, "dataPrivacy: {allowPartnerToSeeUserIdentifiers: false}").await;
    assert!(!asked.status.success() && asked.stderr.contains("allowPartnerToSeeUserIdentifiers"), "{asked:?}");
}

/// Status contains no name or address of a user, even if it drifted.
#[tokio::test(flavor = "multi_thread")]
async fn personal_drift_values_are_masked() {
    let play = Play::start("b12-status").await;
    let contact = "contact: {name: Adele Vance, email: adele@contoso.com, phone: '+41445550100'}\ndriftPolicy: Report";
    play.live(contact).await;
    play.vendor(json!({ "contact": { "name": "Lee Gu", "email": "lee@contoso.com", "phone": "+41445550199" } })).await;
    play.stage.pass().await;
    let drifted = play.stage.condition("Synced", "False", "Drifted").await;
    assert_eq!(two("True", "Succeeded"), stated(&drifted, "Ready"));
    let status = drifted.status.unwrap();
    assert_eq!(3, status.drift.len());
    for drift in &status.drift {
        for shown in [&drift.wanted, &drift.found] {
            assert!(shown.contains('*'), "{drift:?}");
        }
    }
    let everything = serde_json::to_string(&status).unwrap();
    for word in ["Adele", "Lee", "adele", "lee@", "0100", "0199"] {
        assert!(!everything.contains(word), "{word}: {everything}");
    }
}

pub mod platform_only {
    use super::*;

    /// "When enabled, the full user names are shown. When disabled, Nimbus users will be shown anonymized with asterisk *
    /// placeholders." "When enabled, the full customer identifiers are shown. When disabled, Nimbus calling customers will be
    /// shown anonymized with asterisk * placeholders."
    #[tokio::test(flavor = "multi_thread")]
    async fn partner_sees_asterisks_unless_allowed() {
        let play = Play::start("b12-view").await;
        play.live("{}").await;
        play.people_and_calls().await;
        let (name, customer, stars) = ("Anna", "+41791234567", "***");
        assert_eq!((json!(stars), json!(stars)), play.seen("partner").await, "unknown is off");
        // Users, customers, what the partner sees.
        let rows = [
            (false, false, stars, stars),
            (true, false, name, stars),
            (false, true, stars, customer),
            (true, true, name, customer),
        ];
        for (users, customers, user, number) in rows {
            play.live(&format!(
                "dataPrivacy:
  allowPartnerToSeeUserIdentifiers: {users}
  allowPartnerToSeeCustomerIdentifiers: {customers}
"
            ))
            .await;
            assert_eq!((json!(user), json!(number)), play.seen("partner").await, "{users} {customers}");
            assert_eq!((json!(name), json!(customer)), play.seen("tenant").await, "the tenant's own people");
        }
    }
}
