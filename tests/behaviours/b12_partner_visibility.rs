//! Behaviour 12. Partner visibility off or unknown: identifiers that the platform shows to partners are asterisks.
//!
//! The operator decides: a partner cannot grant itself visibility, and personal values in status are asterisks for every
//! reader.

use reqwest::Method;
use serde_json::{Value, json};

use super::fixture::{BehaviourFixture, condition_state, pair, tab_state};
use crate::support::fixture::Fixture;
use crate::support::users;

impl BehaviourFixture {
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
    let fixture = Fixture::new("b12-partner").await;
    fixture.secret(&fixture.env.operator_namespace, "partner", json!({ "client-secret": "partner-secret" })).await;
    fixture.platform_object_as(&fixture.platform.url(), "partner", "partner").await;
    let fixture = BehaviourFixture::on(fixture).await;
    // With a partner's credentials, the tenant is the partner's.
    fixture.live("{}").await;
    fixture.people_and_calls().await;
    let look = "dataPrivacy: {allowPartnerToSeeUserIdentifiers: true, allowPartnerToSeeCustomerIdentifiers: true}
general: {companyName: Contoso AG}";
    fixture.apply(look).await;
    let refused = fixture.base.condition("Ready", "False", "FieldNotPermitted").await;
    let tab = "2 settings may not be changed with the Platform's credentials";
    assert_eq!(pair("Restricted", tab), tab_state(&refused, "DataPrivacy"));
    assert_eq!(pair("InSync", ""), tab_state(&refused, "General"), "the rest is saved");
    assert_eq!(json!("Contoso AG"), fixture.setting("/general/companyName").await);
    assert_eq!((json!("***"), json!("***")), fixture.seen("partner").await);

    // An editor of the Tenant may not set it either.
    let asked = fixture.try_apply(users::TENANT_EDITOR, "dataPrivacy: {allowPartnerToSeeUserIdentifiers: false}").await;
    assert!(!asked.status.success() && asked.stderr.contains("allowPartnerToSeeUserIdentifiers"), "{asked:?}");
}

/// Status contains no name or address of a user, even if it drifted.
#[tokio::test(flavor = "multi_thread")]
async fn personal_drift_values_are_masked() {
    let fixture = BehaviourFixture::start("b12-status").await;
    let contact = "contact: {name: Adele Vance, email: adele@contoso.com, phone: '+41445550100'}\ndriftPolicy: Report";
    fixture.live(contact).await;
    fixture
        .vendor(json!({ "contact": { "name": "Lee Gu", "email": "lee@contoso.com", "phone": "+41445550199" } }))
        .await;
    fixture.base.pass().await;
    let drifted = fixture.base.condition("Synced", "False", "Drifted").await;
    assert_eq!(pair("True", "Succeeded"), condition_state(&drifted, "Ready"));
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
        let fixture = BehaviourFixture::start("b12-view").await;
        fixture.live("{}").await;
        fixture.people_and_calls().await;
        let (name, customer, stars) = ("Anna", "+41791234567", "***");
        assert_eq!((json!(stars), json!(stars)), fixture.seen("partner").await, "unknown is off");
        // Users, customers, what the partner sees.
        let rows = [
            (false, false, stars, stars),
            (true, false, name, stars),
            (false, true, stars, customer),
            (true, true, name, customer),
        ];
        for (users, customers, user, number) in rows {
            fixture
                .live(&format!(
                    "dataPrivacy:
  allowPartnerToSeeUserIdentifiers: {users}
  allowPartnerToSeeCustomerIdentifiers: {customers}
"
                ))
                .await;
            assert_eq!((json!(user), json!(number)), fixture.seen("partner").await, "{users} {customers}");
            assert_eq!((json!(name), json!(customer)), fixture.seen("tenant").await, "the tenant's own people");
        }
    }
}
