//! Authority over a tenant is proved on the platform: who may take a tenant over or delete it names the partner that it has there,
//! or a system administrator confirms the exception. The attacks are those of a partner administrator.

use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use nimbus_operator::resources::{Partner, Tenant};
use serde_json::{Value, json};

use super::ready_reason;
use crate::deletion::{NO_EVENTS, confirmed_manifest, event, events, live, stamp, stamps};
use crate::support::confirmation::{confirmed, deletion, until};
use crate::support::fixture::{Fixture, NAME, refused};
use crate::support::since::Since;
use crate::support::users::{PARTNER_ADMIN, PLATFORM_ADMIN};

/// Writes the Partner of a fixture, which the partner administrator administers.
async fn partner(fixture: &Fixture, more: Value) {
    let name = &fixture.env.namespace;
    let mut partner = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": name },
        "spec": { "displayName": "Northwind", "platformPartnerId": "northwind" }
    });
    json_patch::merge(&mut partner["spec"], &more);
    let api: Api<Partner> = Api::all(fixture.client(PLATFORM_ADMIN));
    api.patch(name, &PatchParams::apply("test").force(), &Patch::Apply(partner)).await.unwrap();
}

fn named(fixture: &Fixture, more: Value) -> Value {
    let mut spec = json!({ "partner": { "partnerRef": { "name": fixture.env.namespace } } });
    json_patch::merge(&mut spec, &more);
    spec
}

/// A tenant on the platform of this partner, or of none.
async fn tenant_of(fixture: &Fixture, partner: Option<&str>) {
    let mut settings = json!({ "general": { "name": "Contoso", "o365Domain": "contoso.onmicrosoft.com" } });
    if let Some(partner) = partner {
        settings["partner"] = json!({ "partnerId": partner });
    }
    fixture.platform.create(&fixture.id, settings).await.unwrap();
}

/// The same as another user.
async fn create_as(fixture: &Fixture, user: &str, manifest: Value) -> kube::Result<Tenant> {
    let api: Api<Tenant> = Api::namespaced(fixture.client(user), &fixture.env.namespace);
    api.create(&PostParams::default(), &serde_json::from_value(manifest).unwrap()).await
}

async fn document(fixture: &Fixture) -> Value {
    fixture.platform.tenant(&fixture.id).await.unwrap().1
}

/// A partner administrator names the tenant of another partner, or of none, and asks for its deletion: nothing is assigned, released or
/// deleted, and nothing of the tenant is shown.
#[tokio::test(flavor = "multi_thread")]
async fn a_partner_cannot_take_or_delete_the_tenant_of_another() {
    let mut fixture = Fixture::new("another-partner").await;
    partner(&fixture, json!({})).await;
    let _operator = fixture.connect().await;
    for policy in ["Always", "IfMatches", "Never"] {
        for (theirs, was_ours) in [(Some("southwind"), false), (Some("southwind"), true), (None, false), (None, true)] {
            let case = format!("{policy} {theirs:?} {was_ours}");
            fixture.id = uuid::Uuid::new_v4().to_string();
            tenant_of(&fixture, theirs).await;
            if was_ours {
                fixture.platform.stamp(&fixture.id, None, Some(&stamp(&fixture))).await.unwrap();
            }
            let before = document(&fixture).await;
            let since = Since::now(&fixture).await;
            // Nothing but the tenant ID, so that no setting differs.
            let mut manifest = fixture.manifest(named(
                &fixture,
                json!({ "adoptionPolicy": policy, "deletionPolicy": "Delete", "confirmations": deletion(&fixture.id) }),
            ));
            manifest["spec"]["general"] = json!({ "tenantId": fixture.id });
            create_as(&fixture, PARTNER_ADMIN, manifest).await.unwrap();
            let (tenant, message) = ready_reason(&fixture.tenants(), NAME, "NotAdopted").await;
            let there = theirs.map_or("no partner".to_owned(), |id| format!("partner '{id}'"));
            let name = &fixture.env.namespace;
            let says = format!(
                "The platform names {there} for the tenant and spec.partner names Partner {name} ('northwind')"
            );
            assert!(message.starts_with(&says), "{case}: {message}");
            assert!(message.contains("spec.confirmations.adopt is not set"), "{case}: {message}");
            assert_eq!(None, tenant.metadata.finalizers, "{case}");
            let status = serde_json::to_string(&tenant.status).unwrap();
            assert!(!status.contains("Contoso"), "{case}: nothing of it is shown: {status}");
            let api: Api<Tenant> = Api::namespaced(fixture.client(PARTNER_ADMIN), &fixture.env.namespace);
            api.delete(NAME, &DeleteParams::default()).await.unwrap();
            fixture.gone().await;
            assert_eq!([""; 0], *since.effects(&fixture).await, "{case}");
            assert_eq!(0, since.deletions(&fixture).await, "{case}");
            assert_eq!(before, document(&fixture).await, "{case}");
        }
    }
    assert_eq!(NO_EVENTS, *events(&fixture).await);
}

/// A Tenant that holds the tenant does not delete it once the vendor gave it to another partner.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_went_to_another_partner_is_retained() {
    let fixture = Fixture::new("partner-moved").await;
    partner(&fixture, json!({})).await;
    let _operator = fixture.connect().await;
    let mut manifest = confirmed_manifest(&fixture);
    json_patch::merge(&mut manifest["spec"], &named(&fixture, json!({ "driftPolicy": "Report" })));
    live(&fixture, manifest).await;
    fixture.platform.edit(&fixture.id, json!({ "partner": { "partnerId": "southwind" } })).await.unwrap();
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!(["owner-released"], *since.effects(&fixture).await);
    assert_eq!(0, since.deletions(&fixture).await);
    assert_eq!([event("Warning", "DeletionNotConfirmed")], *events(&fixture).await);
}

/// The spec names another Partner than the one that was applied: no deletion counts until it is applied.
#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_needs_the_partner_that_was_applied() {
    let fixture = Fixture::new("partner-edited").await;
    partner(&fixture, json!({})).await;
    let operator = fixture.connect().await;
    live(&fixture, confirmed_manifest(&fixture)).await;
    drop(operator);
    fixture.patch(json!({ "spec": named(&fixture, json!({})) })).await;
    fixture.delete().await;
    let since = Since::now(&fixture).await;
    let _operator = fixture.start();
    fixture.gone().await;
    assert_eq!(["owner-released"], *since.effects(&fixture).await);
    assert_eq!([event("Warning", "DeletionNotConfirmed")], *events(&fixture).await);
}

/// Only a system administrator confirms the exception, for one tenant and a few days.
#[tokio::test(flavor = "multi_thread")]
async fn a_system_administrator_confirms_the_tenant_of_another_partner() {
    let fixture = Fixture::new("partner-confirmed").await;
    partner(&fixture, json!({})).await;
    let _operator = fixture.connect().await;
    tenant_of(&fixture, Some("southwind")).await;
    let mut manifest =
        fixture.manifest(named(&fixture, json!({ "confirmations": { "adopt": confirmed(&fixture.id) } })));
    let denied = create_as(&fixture, PARTNER_ADMIN, manifest.clone()).await;
    refused(denied, 403, &["spec.confirmations.adopt"]).unwrap();
    for (adopt, flaw) in [
        (confirmed(&uuid::Uuid::new_v4().to_string()), "confirms something else"),
        (until(&fixture.id, -1), "is past its last day"),
        (until(&fixture.id, 9), "more than 7 days ahead"),
        (confirmed(&format!("{} from west/contoso/contoso", fixture.id)), "confirms something else"),
    ] {
        manifest["spec"]["confirmations"]["adopt"] = json!(adopt);
        create_as(&fixture, PLATFORM_ADMIN, manifest.clone()).await.unwrap();
        let (_, message) = ready_reason(&fixture.tenants(), NAME, "NotAdopted").await;
        assert!(message.contains(flaw), "{adopt}: {message}");
        fixture.delete().await;
        fixture.gone().await;
    }
    manifest["spec"]["confirmations"]["adopt"] = json!(confirmed(&fixture.id));
    live(&fixture, manifest).await;
    assert_eq!("northwind", document(&fixture).await["settings"]["partner"]["partnerId"]);
    assert_eq!((Some(stamp(&fixture)), None), stamps(&fixture).await);
}

/// A cluster that is gone, or has another ID now, left its stamp: it is taken over with the stamp in the confirmation.
#[tokio::test(flavor = "multi_thread")]
async fn the_stamp_of_a_lost_cluster_is_taken_over_with_a_confirmation() {
    let fixture = Fixture::new("lost-cluster").await;
    let _operator = fixture.connect().await;
    tenant_of(&fixture, None).await;
    let theirs = "west/contoso/contoso";
    fixture.platform.stamp(&fixture.id, Some(theirs), Some("north/contoso/contoso")).await.unwrap();
    let adopt = |value: &str| json!({ "spec": { "confirmations": { "adopt": confirmed(value) } } });
    fixture.create(json!({})).await;
    for (value, says) in [
        (None, "nothing was written"),
        (Some(fixture.id.clone()), "spec.confirmations.adopt confirms something else"),
        // Not the stamp that it has.
        (
            Some(format!("{} from north/contoso/contoso", fixture.id)),
            "spec.confirmations.adopt confirms something else",
        ),
    ] {
        if let Some(value) = &value {
            fixture.patch(adopt(value)).await;
        }
        let (_, message) = ready_reason(&fixture.tenants(), NAME, "OwnedByOther").await;
        assert!(message.contains(says), "{value:?}: {message}");
        assert_eq!(Some(theirs.to_owned()), stamps(&fixture).await.0, "{value:?}");
    }
    let since = Since::now(&fixture).await;
    fixture.patch(adopt(&format!("{} from {theirs}", fixture.id))).await;
    fixture.ready().await;
    assert_eq!(["owner-claimed"], *since.effects(&fixture).await);
    assert_eq!((Some(stamp(&fixture)), Some(theirs.to_owned())), stamps(&fixture).await);
}

/// A stamp of a Tenant of the same name is no proof that this one may have the tenant of another partner.
#[tokio::test(flavor = "multi_thread")]
async fn a_stamp_that_was_left_behind_does_not_give_the_tenant_back() {
    let fixture = Fixture::new("left-stamp").await;
    partner(&fixture, json!({})).await;
    let _operator = fixture.connect().await;
    tenant_of(&fixture, Some("southwind")).await;
    fixture.platform.stamp(&fixture.id, Some(&stamp(&fixture)), None).await.unwrap();
    let since = Since::now(&fixture).await;
    fixture.create(named(&fixture, json!({}))).await;
    ready_reason(&fixture.tenants(), NAME, "NotAdopted").await;
    assert_eq!([""; 0], *since.effects(&fixture).await);
}

/// Where a Partner counts, and for which tenants, is up to system administrators.
#[tokio::test(flavor = "multi_thread")]
async fn a_partner_stands_only_for_its_platforms_and_tenants() {
    let fixture = Fixture::new("partner-scope").await;
    partner(&fixture, json!({ "tenantIds": [uuid::Uuid::new_v4()] })).await;
    let _operator = fixture.connect().await;
    let since = Since::now(&fixture).await;
    fixture.create(named(&fixture, json!({}))).await;
    let (name, platform) = (fixture.env.namespace.clone(), fixture.env.platform.clone());
    let (_, message) = ready_reason(&fixture.tenants(), NAME, "TenantNotPermitted").await;
    let says = format!("spec.tenantIds of Partner {name} does not name tenant {}; nothing was written", fixture.id);
    assert_eq!(says, message);
    fixture.condition("Stalled", "True", "TenantNotPermitted").await;
    partner(&fixture, json!({ "platforms": ["another"], "tenantIds": [fixture.id.to_uppercase()] })).await;
    let (_, message) = ready_reason(&fixture.tenants(), NAME, "PartnerNotPermitted").await;
    assert_eq!(
        format!("spec.platforms of Partner {name} does not name Platform {platform}; nothing was written"),
        message
    );
    fixture.condition("Accepted", "False", "PartnerNotPermitted").await;
    assert_eq!([""; 0], *since.calls(&fixture).await, "the platform is not asked either");
    partner(&fixture, json!({ "platforms": [platform], "tenantIds": [fixture.id.to_uppercase()] })).await;
    fixture.ready().await;
}
