//! Authority over a tenant is proved on the platform: who may take a tenant over or delete it names the partner that it has there,
//! or a system administrator confirms the exception. The attacks are those of a partner administrator.

use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use nimbus_operator::resources::{Partner, Tenant};
use serde_json::{Value, json};

use super::ready_reason;
use crate::deletion::{ABANDON, NO_EVENTS, confirmed_manifest, event, live, stamp, stamps, told, waiting_for};
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
    told(&fixture, NO_EVENTS, "").await;
}

/// Once the vendor gave the tenant to another partner, the Tenant that had it neither takes it back, nor deletes it, nor shows it.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_went_to_another_partner_is_retained() {
    for policy in ["Correct", "Report"] {
        let fixture = Fixture::new(&format!("moved-{}", policy.to_lowercase())).await;
        partner(&fixture, json!({})).await;
        let _operator = fixture.connect().await;
        let mut manifest = confirmed_manifest(&fixture);
        json_patch::merge(&mut manifest["spec"], &named(&fixture, json!({ "driftPolicy": policy })));
        live(&fixture, manifest).await;
        let known = fixture.get().await.status.unwrap().applied.unwrap().partner_id;
        assert_eq!(Some("northwind"), known.as_deref());
        let theirs = json!({ "general": { "name": "Theirs" }, "partner": { "partnerId": "southwind" } });
        fixture.platform.edit(&fixture.id, theirs).await.unwrap();
        let since = Since::now(&fixture).await;
        let edit = json!({ "spec": { "general": { "companyName": "Contoso SE" } } });
        let tenants: Api<Tenant> = Api::namespaced(fixture.client(PARTNER_ADMIN), &fixture.env.namespace);
        tenants.patch(NAME, &PatchParams::default(), &Patch::Merge(edit)).await.unwrap();
        let (tenant, message) = ready_reason(&fixture.tenants(), NAME, "NotAdopted").await;
        assert!(message.starts_with("The platform names partner 'southwind' for the tenant"), "{policy}: {message}");
        assert!(message.contains("spec.confirmations.adopt"), "{policy}: {message}");
        let status = serde_json::to_string(&tenant.status).unwrap();
        assert!(!status.contains("Theirs"), "{policy}: nothing of it is shown: {status}");
        fixture.pass().await;
        assert_eq!([""; 0], *since.effects(&fixture).await, "{policy}");
        fixture.delete().await;
        fixture.gone().await;
        assert_eq!(["owner-released"], *since.effects(&fixture).await, "{policy}");
        assert_eq!(0, since.deletions(&fixture).await, "{policy}");
        told(&fixture, [event("Warning", "DeletionNotConfirmed")], policy).await;
    }
}

/// A system administrator names the partner that the vendor gave the tenant to, and the Tenant goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_spec_that_follows_the_vendor_goes_on() {
    let fixture = Fixture::new("partner-followed").await;
    partner(&fixture, json!({})).await;
    let other = format!("{}-other", fixture.env.namespace);
    let api: Api<Partner> = Api::all(fixture.client(PLATFORM_ADMIN));
    let object = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": other },
        "spec": { "displayName": "Southwind", "platformPartnerId": "southwind" }
    });
    api.patch(&other, &PatchParams::apply("test").force(), &Patch::Apply(object)).await.unwrap();
    let _operator = fixture.connect().await;
    live(&fixture, fixture.manifest(named(&fixture, json!({})))).await;
    fixture.platform.edit(&fixture.id, json!({ "partner": { "partnerId": "southwind" } })).await.unwrap();
    fixture.pass().await;
    ready_reason(&fixture.tenants(), NAME, "NotAdopted").await;
    let since = Since::now(&fixture).await;
    fixture.patch(json!({ "spec": { "partner": { "partnerRef": { "name": other } } } })).await;
    fixture.ready().await;
    assert_eq!([""; 0], *since.effects(&fixture).await);
    // And back is an edit from the partner that it is known to have.
    fixture.patch(json!({ "spec": named(&fixture, json!({})) })).await;
    fixture.ready().await;
    assert_eq!("northwind", document(&fixture).await["settings"]["partner"]["partnerId"]);
}

/// A Partner that is created after its Tenant must not give it, for the pass in between, what was left of a Tenant of the same name.
#[tokio::test(flavor = "multi_thread")]
async fn a_stamp_that_was_left_behind_gives_nothing_while_the_partner_is_missing() {
    let fixture = Fixture::new("stamp-late-partner").await;
    let _operator = fixture.connect().await;
    tenant_of(&fixture, Some("southwind")).await;
    fixture.platform.stamp(&fixture.id, Some(&stamp(&fixture)), None).await.unwrap();
    let since = Since::now(&fixture).await;
    let edited = json!({ "general": { "companyName": "Contoso SE" } });
    fixture.create(named(&fixture, edited)).await;
    let (tenant, _) = ready_reason(&fixture.tenants(), NAME, "PartnerNotFound").await;
    let status = tenant.status.unwrap();
    assert_eq!(None, status.applied, "nothing proved that it is ours");
    assert!(status.drift.is_empty() && status.licenses.is_empty(), "nothing of it is shown: {status:?}");
    partner(&fixture, json!({})).await;
    ready_reason(&fixture.tenants(), NAME, "NotAdopted").await;
    assert_eq!([""; 0], *since.effects(&fixture).await);
}

/// A deletion that was confirmed is not given up because nothing is known of the Partner for a while.
#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_deletion_waits_for_a_partner_that_is_missing() {
    let fixture = Fixture::new("deletion-partner").await;
    partner(&fixture, json!({})).await;
    fixture.platform.auto_run(true).await.unwrap();
    let _operator = fixture.connect().await;
    let mut manifest = confirmed_manifest(&fixture);
    json_patch::merge(&mut manifest["spec"], &named(&fixture, json!({})));
    live(&fixture, manifest).await;
    let (partners, name) = (Api::<Partner>::all(fixture.client(PLATFORM_ADMIN)), &fixture.env.namespace);
    partners.delete(name, &DeleteParams::default()).await.unwrap();
    let stripped: Patch<Value> = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
    partners.patch(name, &PatchParams::default(), &stripped).await.unwrap();
    let since = Since::now(&fixture).await;
    fixture.delete().await;
    waiting_for(&fixture, "PartnerNotFound", "the Partner of spec.partner was not found").await;
    let misspelt = json!({ "metadata": { "annotations": { ABANDON: uuid::Uuid::new_v4() } } });
    fixture.patch(misspelt).await;
    fixture.pass().await;
    waiting_for(&fixture, "PartnerNotFound", "spec.deletionPolicy to Retain").await;
    assert_eq!([""; 0], *since.effects(&fixture).await);
    partner(&fixture, json!({})).await;
    fixture.gone().await;
    assert_eq!(1, since.deletions(&fixture).await, "the annotation that does not fit changes nothing");
    told(&fixture, [event("Normal", "Deleted")], "").await;
}

/// Every other way to leave is free of the Partner.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_else_waits_for_a_partner_that_is_missing() {
    for (case, edit) in [
        ("retain", json!({ "spec": { "deletionPolicy": "Retain" } })),
        ("abandon", json!({ "metadata": { "annotations": { ABANDON: "" } } })),
    ] {
        let fixture = Fixture::new(&format!("leaves-{case}")).await;
        let _operator = fixture.connect().await;
        live(&fixture, confirmed_manifest(&fixture)).await;
        fixture.patch(json!({ "spec": named(&fixture, json!({})) })).await;
        ready_reason(&fixture.tenants(), NAME, "PartnerNotFound").await;
        let since = Since::now(&fixture).await;
        fixture.delete().await;
        waiting_for(&fixture, "PartnerNotFound", "nimbus.luware.com/abandon").await;
        let mut edit = edit;
        if let Some(value) = edit.pointer_mut("/metadata/annotations").and_then(|all| all.get_mut(ABANDON)) {
            *value = json!(fixture.id);
        }
        fixture.patch(edit).await;
        fixture.gone().await;
        assert_eq!(0, since.deletions(&fixture).await, "{case}");
    }
}

/// The platform does not say whose a tenant was that it deleted: who has it created again had it, or is confirmed to.
#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_tenant_is_created_again_only_by_whose_it_was() {
    let fixture = Fixture::new("partner-tombstone").await;
    partner(&fixture, json!({})).await;
    fixture.platform.auto_run(true).await.unwrap();
    let _operator = fixture.connect().await;
    tenant_of(&fixture, Some("southwind")).await;
    fixture.platform.delete(&fixture.id).await.unwrap();
    let mut manifest = fixture.manifest(named(&fixture, json!({})));
    create_as(&fixture, PARTNER_ADMIN, manifest.clone()).await.unwrap();
    let (_, message) = ready_reason(&fixture.tenants(), NAME, "TenantLost").await;
    let token = message.split_once("spec.confirmations.recreate: ").unwrap().1;
    let token = token.split_once(". ").unwrap().0.to_owned();
    let recreate = json!({ "spec": { "confirmations": { "recreate": token } } });
    let tenants: Api<Tenant> = Api::namespaced(fixture.client(PARTNER_ADMIN), &fixture.env.namespace);
    tenants.patch(NAME, &PatchParams::default(), &Patch::Merge(recreate)).await.unwrap();
    fixture.pass().await;
    let (_, message) = ready_reason(&fixture.tenants(), NAME, "TenantLost").await;
    assert!(message.contains("Whose tenant it was is not known: spec.confirmations.adopt is not set"), "{message}");
    assert_eq!(404, fixture.platform.tenant(&fixture.id).await.unwrap().0);
    fixture.patch(json!({ "spec": { "confirmations": { "adopt": confirmed(&fixture.id) } } })).await;
    fixture.ready().await;
    // From now on it is known whose it is.
    fixture.patch(json!({ "spec": { "confirmations": null } })).await;
    fixture.platform.delete(&fixture.id).await.unwrap();
    fixture.pass().await;
    let (_, message) = ready_reason(&fixture.tenants(), NAME, "TenantLost").await;
    assert!(!message.contains("spec.confirmations.adopt"), "{message}");
    let token = message.split_once("spec.confirmations.recreate: ").unwrap().1.to_owned();
    manifest = json!({ "spec": { "confirmations": { "recreate": token } } });
    tenants.patch(NAME, &PatchParams::default(), &Patch::Merge(manifest)).await.unwrap();
    fixture.ready().await;
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
    told(&fixture, [event("Warning", "DeletionNotConfirmed")], "").await;
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
