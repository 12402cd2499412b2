//! The partner: set by a reference, removed by its sibling, never both.

use serde_json::{Value, json};

use super::{create_partner, create_partner_as, document};
use crate::support::confirmation::confirmed;
use crate::support::fixture::{Fixture, NAME, condition, refused};
use crate::support::wait::{PATIENCE, until};

async fn partner_id(fixture: &Fixture) -> Value {
    document(fixture).await["settings"]["partner"]["partnerId"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn late_partner_recovers() {
    let fixture = Fixture::new("late-partner").await;
    let _operator = fixture.start();
    let name = fixture.env.namespace.clone();
    fixture.create(json!({ "partner": { "partnerRef": { "name": name } } })).await;
    let tenant = fixture.condition("Ready", "False", "PartnerNotFound").await;
    let message = format!("spec.partner.partnerRef.name: Partner {name} not found");
    assert_eq!(Some(("False".into(), "PartnerNotFound".into(), message.clone())), condition(&tenant, "Ready"));
    assert_eq!(Some(("True".into(), "PartnerNotFound".into(), message)), condition(&tenant, "Reconciling"));
    assert_eq!(None, condition(&tenant, "Stalled"));
    assert_eq!(404, fixture.platform.tenant(&fixture.id).await.unwrap().0, "nothing was saved without it");

    create_partner(&fixture, "northwind").await;
    let ready = fixture.ready().await;
    assert_eq!(Some(1), ready.metadata.generation, "the Tenant was not touched");
    assert_eq!("northwind", partner_id(&fixture).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_partner_and_unassign_are_applied() {
    let fixture = Fixture::new("partner").await;
    let _operator = fixture.start();
    let name = fixture.env.namespace.clone();
    create_partner(&fixture, "northwind").await;
    fixture.create(json!({ "partner": { "partnerRef": { "name": name } } })).await;
    fixture.ready().await;
    let other = format!("{}-2", fixture.env.namespace);
    create_partner_as(&fixture, &other, "northwind-2").await;
    fixture.patch(json!({ "spec": { "partner": { "partnerRef": { "name": other } } } })).await;
    fixture.ready().await;
    assert_eq!("northwind-2", partner_id(&fixture).await);

    fixture.patch(json!({ "spec": { "partner": null } })).await;
    fixture.ready().await;
    assert_eq!("northwind-2", partner_id(&fixture).await, "no longer managed is left alone");
    fixture.patch(json!({ "spec": { "partner": { "unassigned": true } } })).await;
    fixture.ready().await;
    assert_eq!(Value::Null, partner_id(&fixture).await);
    // What the vendor gives to another partner is no drift: it is not taken back.
    fixture.platform.edit(&fixture.id, json!({ "partner": { "partnerId": "fabrikam" } })).await.unwrap();
    fixture.pass().await;
    fixture.condition("Ready", "False", "NotAdopted").await;
    assert_eq!("fabrikam", partner_id(&fixture).await);
    let adopt = confirmed(&fixture.id);
    fixture.patch(json!({ "spec": { "confirmations": { "adopt": adopt } } })).await;
    fixture.ready().await;
    assert_eq!(Value::Null, partner_id(&fixture).await, "a system administrator confirms that it is taken off");
}

#[tokio::test(flavor = "multi_thread")]
async fn partner_union_error_names_both_members() {
    let fixture = Fixture::new("union").await;
    for partner in [
        json!({ "partnerRef": { "name": "northwind" }, "unassigned": true }),
        json!({ "partnerRef": { "name": "northwind" }, "unassigned": false }),
        json!({ "unassigned": false }),
        json!({}),
    ] {
        let outcome = fixture.try_create(fixture.manifest(json!({ "partner": partner }))).await;
        let words = ["spec.partner: Invalid value", "must have exactly one of partnerRef and unassigned: true"];
        let message = refused(outcome, 422, &words).unwrap();
        assert_eq!(1, message.matches("must have").count(), "{message}");
        assert!(!message.contains("oneOf"), "{message}");
    }
    let outcome =
        fixture.try_create(fixture.manifest(json!({ "partner": { "partnerRef": { "name": "No Name" } } }))).await;
    refused(outcome, 422, &["spec.partner.partnerRef.name", "lower-case letters"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn partner_schema_rejects_unusable_ids() {
    let fixture = Fixture::new("partner-id").await;
    let partner = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": NAME },
        "spec": { "displayName": "Northwind", "platformPartnerId": "north wind" }
    });
    let api: kube::Api<nimbus_operator::resources::Partner> =
        kube::Api::all(fixture.client(crate::support::users::PLATFORM_ADMIN));
    let params = kube::api::PostParams { dry_run: true, ..Default::default() };
    let outcome = api.create(&params, &serde_json::from_value(partner).unwrap()).await;
    refused(outcome, 422, &["spec.platformPartnerId", "1 to 64 letters, digits, '-', '.' and '_'"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_partner_does_not_block_deletion() {
    let fixture = Fixture::new("partner-gone").await;
    let _operator = fixture.start();
    fixture.create(json!({ "partner": { "partnerRef": { "name": "nobody" } } })).await;
    fixture.condition("Ready", "False", "PartnerNotFound").await;
    fixture.delete().await;
    until("the Tenant is gone", PATIENCE, async || match fixture.tenants().get_opt(NAME).await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}
