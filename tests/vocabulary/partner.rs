//! The partner: set by a reference, removed by its sibling, never both.

use serde_json::{Value, json};

use super::{create_partner, document};
use crate::support::stage::{NAME, Stage, condition, refused};
use crate::support::wait::{PATIENCE, until};

async fn partner_id(stage: &Stage) -> Value {
    document(stage).await["settings"]["partner"]["partnerId"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn late_partner_recovers() {
    let stage = Stage::new("late-partner").await;
    let _operator = stage.start();
    let name = stage.env.namespace.clone();
    stage.create(json!({ "partner": { "partnerRef": { "name": name } } })).await;
    let tenant = stage.condition("Ready", "False", "PartnerNotFound").await;
    let message = format!("spec.partner.partnerRef.name is '{name}': there is no such Partner");
    assert_eq!(Some(("False".into(), "PartnerNotFound".into(), message.clone())), condition(&tenant, "Ready"));
    assert_eq!(Some(("True".into(), "PartnerNotFound".into(), message)), condition(&tenant, "Reconciling"));
    assert_eq!(None, condition(&tenant, "Stalled"));
    assert_eq!(404, stage.platform.tenant(&stage.id).await.unwrap().0, "nothing was saved without it");

    create_partner(&stage, "northwind").await;
    let ready = stage.ready().await;
    assert_eq!(Some(1), ready.metadata.generation, "the Tenant was not touched");
    assert_eq!("northwind", partner_id(&stage).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn partner_id_change_and_unassign_are_applied() {
    let stage = Stage::new("partner").await;
    let _operator = stage.start();
    let name = stage.env.namespace.clone();
    create_partner(&stage, "northwind").await;
    stage.create(json!({ "partner": { "partnerRef": { "name": name } } })).await;
    stage.ready().await;
    create_partner(&stage, "northwind-2").await;
    stage.pass().await;
    assert_eq!("northwind-2", partner_id(&stage).await);

    stage.patch(json!({ "spec": { "partner": null } })).await;
    stage.ready().await;
    assert_eq!("northwind-2", partner_id(&stage).await, "no longer managed is left alone");
    stage.patch(json!({ "spec": { "partner": { "unassigned": true } } })).await;
    stage.ready().await;
    assert_eq!(Value::Null, partner_id(&stage).await);
    stage.platform.edit(&stage.id, json!({ "partner": { "partnerId": "fabrikam" } })).await.unwrap();
    stage.pass().await;
    assert_eq!(Value::Null, partner_id(&stage).await, "and is taken off again");
}

#[tokio::test(flavor = "multi_thread")]
async fn partner_union_error_names_both_members() {
    let stage = Stage::new("union").await;
    for partner in [
        json!({ "partnerRef": { "name": "northwind" }, "unassigned": true }),
        json!({ "partnerRef": { "name": "northwind" }, "unassigned": false }),
        json!({ "unassigned": false }),
        json!({}),
    ] {
        let outcome = stage.try_create(stage.manifest(json!({ "partner": partner }))).await;
        let words = ["spec.partner: Invalid value", "must have exactly one of partnerRef and unassigned: true"];
        let message = refused(outcome, 422, &words).unwrap();
        assert_eq!(1, message.matches("must have").count(), "{message}");
        assert!(!message.contains("oneOf"), "{message}");
    }
    let outcome = stage.try_create(stage.manifest(json!({ "partner": { "partnerRef": { "name": "No Name" } } }))).await;
    refused(outcome, 422, &["spec.partner.partnerRef.name", "lower-case letters"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn partner_schema_rejects_unusable_ids() {
    let stage = Stage::new("partner-id").await;
    let partner = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": NAME },
        "spec": { "displayName": "Northwind", "platformPartnerId": "north wind" }
    });
    let api: kube::Api<nimbus_operator::resources::Partner> =
        kube::Api::all(stage.client(crate::support::users::PLATFORM_ADMIN));
    let params = kube::api::PostParams { dry_run: true, ..Default::default() };
    let outcome = api.create(&params, &serde_json::from_value(partner).unwrap()).await;
    refused(outcome, 422, &["spec.platformPartnerId", "1 to 64 letters, digits, '-', '.' and '_'"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_partner_does_not_block_deletion() {
    let stage = Stage::new("partner-gone").await;
    let _operator = stage.start();
    stage.create(json!({ "partner": { "partnerRef": { "name": "nobody" } } })).await;
    stage.condition("Ready", "False", "PartnerNotFound").await;
    stage.delete().await;
    until("the Tenant is gone", PATIENCE, async || match stage.tenants().get_opt(NAME).await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}
