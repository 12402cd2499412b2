//! The limit of deletions of one partner: its junk must not use up the limit of all. The attacks are those of a partner administrator.

use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use nimbus_operator::resources::{Partner, Platform, Tenant};
use serde_json::json;

use super::{gone, params, ready_reason};
use crate::support::confirmation::deletion;
use crate::support::fixture::{Fixture, message, refused};
use crate::support::tenant::TenantHandle;
use crate::support::users::{PARTNER_ADMIN, PLATFORM_ADMIN};

const OF_PARTNER: &str = "The deletion is confirmed and waits: the limit of the Platform for each partner \
                          (spec.limits.confirmedDeletionsPerHourAndPartner) is reached";

/// Writes the Partner of a fixture, which the partner administrator administers.
async fn partner(fixture: &Fixture) {
    let name = &fixture.env.namespace;
    let partner = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": name },
        "spec": { "displayName": "Northwind", "platformPartnerId": "northwind" }
    });
    let api: Api<Partner> = Api::all(fixture.client(PLATFORM_ADMIN));
    api.patch(name, &PatchParams::apply("test").force(), &Patch::Apply(partner)).await.unwrap();
}

fn platforms(fixture: &Fixture, user: &str) -> Api<Platform> {
    Api::all(fixture.client(user))
}

async fn limits(fixture: &Fixture, limits: serde_json::Value) {
    let patch = Patch::Merge(json!({ "spec": { "limits": limits } }));
    platforms(fixture, PLATFORM_ADMIN).patch(&fixture.env.platform, &params(), &patch).await.unwrap();
}

/// As the partner administrator: three junk tenants, whose deletion is confirmed, all deleted at once.
async fn junk(fixture: &Fixture) -> [TenantHandle<'_>; 3] {
    let all = ["junk-1", "junk-2", "junk-3"].map(|name| TenantHandle::new(fixture, name));
    let tenants: Api<Tenant> = Api::namespaced(fixture.client(PARTNER_ADMIN), &fixture.env.namespace);
    for tenant in &all {
        let spec = json!({
            "partner": { "partnerRef": { "name": fixture.env.namespace } }, "deletionPolicy": "Delete",
            "confirmations": deletion(&tenant.id),
        });
        let manifest = serde_json::from_value(tenant.manifest(spec)).unwrap();
        let params = PostParams { field_manager: Some("test".into()), ..PostParams::default() };
        tenants.create(&params, &manifest).await.unwrap();
    }
    for tenant in &all {
        tenant.ready().await;
    }
    for tenant in &all {
        tenants.delete(&tenant.name, &DeleteParams::default()).await.unwrap();
    }
    all
}

/// Those that are not gone wait, and say by which limit.
async fn waiting<'t>(fixture: &Fixture, all: &'t [TenantHandle<'t>]) -> Vec<&'t TenantHandle<'t>> {
    let mut waiting = vec![];
    for tenant in all {
        let outcome =
            crate::support::wait::until("it is gone or waits", crate::support::wait::PATIENCE, async || match fixture
                .tenants()
                .get_opt(&tenant.name)
                .await
            {
                Ok(None) => Ok(None),
                Ok(Some(found)) if ready_reason(&found) == "DeletionRateLimited" => Ok(Some(found)),
                other => Err(format!("{other:?}")),
            });
        if let Some(found) = outcome.await {
            let said = message(&found, "Ready").unwrap();
            assert!(said.starts_with(OF_PARTNER), "{said}");
            waiting.push(tenant);
        }
    }
    waiting
}

#[tokio::test(flavor = "multi_thread")]
async fn junk_of_a_partner_does_not_use_up_the_limit_of_all() {
    let fixture = Fixture::new("junk").await;
    partner(&fixture).await;
    // Half of it for one partner.
    limits(&fixture, json!({ "confirmedDeletionsPerHour": 2 })).await;
    let operator = fixture.connect().await;
    fixture.platform.auto_run(true).await.unwrap();
    let all = junk(&fixture).await;
    let left = waiting(&fixture, &all).await;
    assert_eq!(2, left.len(), "one went");
    let slots = platforms(&fixture, PLATFORM_ADMIN).get(&fixture.env.platform).await.unwrap();
    let slots = slots.status.unwrap().confirmed_deletions;
    assert_eq!([Some("northwind")], *slots.iter().map(|slot| slot.partner_id.as_deref()).collect::<Vec<_>>());
    let more = Patch::Merge(json!({ "spec": { "limits": { "confirmedDeletionsPerHourAndPartner": 1000 } } }));
    let raised = platforms(&fixture, PARTNER_ADMIN).patch(&fixture.env.platform, &params(), &more).await;
    refused(raised, 403, &["platforms"]).unwrap();

    // It holds across a restart, and others go meanwhile.
    operator.stop().await;
    let _operator = fixture.connect().await;
    let mark = fixture.platform.mark().await.unwrap();
    left[0].pass().await;
    let other = TenantHandle::new(&fixture, "other");
    other.create(json!({ "deletionPolicy": "Delete" })).await;
    other.ready().await;
    other.patch(json!({ "spec": { "confirmations": deletion(&other.id) } })).await;
    other.delete().await;
    gone(&fixture, &other.name).await;
    for tenant in &left {
        assert!(fixture.platform.calls(&tenant.id, mark).await.unwrap().iter().all(|seen| seen.effect.is_none()));
    }
    // A higher limit unblocks one more, and then that of all counts.
    limits(&fixture, json!({ "confirmedDeletionsPerHour": 3, "confirmedDeletionsPerHourAndPartner": 3 })).await;
    let of_all = "the limit of the Platform (spec.limits.confirmedDeletionsPerHour) is reached";
    crate::support::wait::until("one goes, and one waits", crate::support::wait::PATIENCE, async || {
        let tenants = fixture.tenants().list(&kube::api::ListParams::default()).await.unwrap().items;
        match &tenants[..] {
            [last] if message(last, "Ready").is_some_and(|said| said.contains(of_all)) => Ok(()),
            _ => Err(format!("{tenants:?}")),
        }
    })
    .await;
}

/// What an older operator counted, without a partner, counts against each.
#[tokio::test(flavor = "multi_thread")]
async fn deletions_of_an_older_operator_count() {
    let fixture = Fixture::new("older-slots").await;
    partner(&fixture).await;
    limits(&fixture, json!({ "confirmedDeletionsPerHour": 5, "confirmedDeletionsPerHourAndPartner": 1 })).await;
    let of_older = json!({ "status": { "observedGeneration": 1, "confirmedDeletions": [
        { "tenantId": fixture.id, "at": jiff::Timestamp::now().to_string() }
    ] } });
    let operator: Api<Platform> = platforms(&fixture, &fixture.env.operator_user);
    operator.patch_status(&fixture.env.platform, &params(), &Patch::Merge(of_older)).await.unwrap();
    let _operator = fixture.connect().await;
    let all = junk(&fixture).await;
    assert_eq!(3, waiting(&fixture, &all).await.len());
}
