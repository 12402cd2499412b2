//! What Tenants depend on stays: also where a write of the whole object takes the finalizer off. A Platform that is being deleted
//! says which Tenants hold it and takes no new one.

use kube::ResourceExt;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use nimbus_operator::resources::{Partner, Platform};
use serde_json::{Value, json};

use super::{params, platform_reason};
use crate::support::fixture::{Fixture, what_happened};
use crate::support::tenant::TenantHandle;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

fn stripped() -> Patch<Value> {
    Patch::Merge(json!({ "metadata": { "finalizers": null } }))
}

#[tokio::test(flavor = "multi_thread")]
async fn finalizer_that_was_taken_off_is_put_back() {
    let fixture = Fixture::new("replaced").await;
    let _operator = fixture.connect().await;
    let name = fixture.env.namespace.clone();
    let partner = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": name },
        "spec": { "displayName": "Northwind", "platformPartnerId": "northwind" }
    });
    let partners: Api<Partner> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    partners.patch(&name, &PatchParams::apply("test").force(), &Patch::Apply(partner)).await.unwrap();
    fixture.create(json!({ "partner": { "partnerRef": { "name": name } } })).await;
    fixture.ready().await;
    let platforms: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    let ours = [format!("nimbus.luware.com/in-use-{}", fixture.env.instance)];

    platforms.patch(&fixture.env.platform, &params(), &stripped()).await.unwrap();
    until("the Platform is held again", PATIENCE, async || {
        let held = platforms.get(&fixture.env.platform).await.map_err(|error| error.to_string())?;
        if *held.finalizers() == ours { Ok(()) } else { Err(format!("{:?}", held.finalizers())) }
    })
    .await;
    partners.patch(&name, &params(), &stripped()).await.unwrap();
    until("the Partner is held again", PATIENCE, async || {
        let held = partners.get(&name).await.map_err(|error| error.to_string())?;
        if *held.finalizers() == ours { Ok(()) } else { Err(format!("{:?}", held.finalizers())) }
    })
    .await;
}

/// It was pruned by mistake: it names its Tenants, and it can be brought back.
#[tokio::test(flavor = "multi_thread")]
async fn platform_that_is_being_deleted_takes_no_new_tenant() {
    let fixture = Fixture::new("pruned").await;
    let _operator = fixture.connect().await;
    fixture.create(json!({})).await;
    fixture.ready().await;
    let platforms: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    platforms.delete(&fixture.env.platform, &DeleteParams::default()).await.unwrap();
    let platform = platform_reason(&fixture, "Terminating").await;
    let message = &platform.status.as_ref().unwrap().conditions[0].message;
    let says =
        format!("Being deleted; waiting for its Tenant {}/contoso. It takes no new Tenant. ", fixture.env.namespace);
    assert!(what_happened(message).starts_with(&says), "{message}");
    assert!(message.contains("remove its finalizers and apply it again"), "{message}");
    let new = TenantHandle::new(&fixture, "new");
    let mark = fixture.platform.mark().await.unwrap();
    new.create(json!({})).await;
    new.condition("Ready", "False", "PlatformTerminating").await;
    assert!(!new.is_held().await);
    assert!(fixture.platform.calls(&new.id, mark).await.unwrap().is_empty(), "nor is the platform asked");
    // The one that it serves is still reconciled.
    fixture.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    fixture.ready().await;

    // Its removal by force wakes its Tenants, and so does its return.
    platforms.patch(&fixture.env.platform, &params(), &stripped()).await.unwrap();
    fixture.condition("Ready", "False", "PlatformNotFound").await;
    fixture.platform_object(&fixture.platform.url()).await;
    fixture.ready().await;
    new.ready().await;
}
