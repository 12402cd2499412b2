//! The attacks that admission accepts, since their authors may write what they write. The operator stops them, or they come to nothing on
//! the platform.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;
use kube::ResourceExt;
use kube::api::{ObjectMeta, PostParams};
use nimbus_operator::resources::Platform;
use serde_json::{Value, json};

use super::cast::Who;
use super::stage::{Deed, Kind, Stage};
use crate::support::fixture::condition;
use crate::support::tenant::TenantHandle;
use crate::support::users::ADMIN;
use crate::support::wait::{PATIENCE, until};

const FILTER: &str = "city eq 'Bern'";

/// An attack, by the row of the threat model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// A partner names the tenant of another, to have it, and to have it deleted.
    B1Claims,
    /// A partner has Microsoft asked about the people of another's tenant.
    B8AsksAboutOthers,
    /// A partner deletes from a namespace that was taken away.
    B3StaysInTheNamespace,
    /// An editor removes our finalizer while a suspension keeps the operator from its work.
    B4Strips,
    /// Who may only delete another object has garbage collection delete the Tenant.
    B5DeletesTheOwner,
    /// A partner drops a setting of system administrators by creating the Tenant again.
    B7DropsASetting,
    /// A partner uses up the limit of deletions that all share.
    B11UsesUpTheLimit,
}

impl Attack {
    pub const ALL: [Self; 7] = [
        Self::B1Claims,
        Self::B8AsksAboutOthers,
        Self::B3StaysInTheNamespace,
        Self::B4Strips,
        Self::B5DeletesTheOwner,
        Self::B7DropsASetting,
        Self::B11UsesUpTheLimit,
    ];

    /// Tries it, and fails if it comes to anything.
    pub async fn fails(self, stage: &Stage<'_>) {
        match self {
            Self::B1Claims => claims(stage).await,
            Self::B3StaysInTheNamespace => stays(stage).await,
            Self::B4Strips => strips(stage).await,
            Self::B5DeletesTheOwner => deletes_the_owner(stage).await,
            Self::B7DropsASetting => drops_a_setting(stage).await,
            Self::B8AsksAboutOthers => asks_about_others(stage).await,
            Self::B11UsesUpTheLimit => uses_up_the_limit(stage).await,
        }
    }
}

impl<'f> Stage<'f> {
    /// Creates a Tenant as this user.
    async fn tenant(&self, who: Who, manifest: Value) -> TenantHandle<'f> {
        let name = manifest["metadata"]["name"].as_str().unwrap().to_owned();
        let id = manifest["spec"]["general"]["tenantId"].as_str().unwrap().to_owned();
        self.granted(who, &Deed::Create(Kind::Tenant, manifest)).await;
        TenantHandle::of_tenant(self.fixture, &name, &id)
    }

    async fn edits(&self, who: Who, tenant: &TenantHandle<'_>, spec: Value) {
        self.granted(who, &Deed::Patch(Kind::Tenant, tenant.name.clone(), json!({ "spec": spec }))).await;
    }

    async fn deletes(&self, who: Who, tenant: &TenantHandle<'_>) {
        self.granted(who, &Deed::Delete(Kind::Tenant, tenant.name.clone())).await;
    }

    async fn effects(&self, tenant: &TenantHandle<'_>, mark: u64) -> Vec<String> {
        let calls = self.fixture.platform.calls(&tenant.id, mark).await.unwrap();
        calls.into_iter().filter_map(|seen| seen.effect).collect()
    }

    async fn mark(&self) -> u64 {
        self.fixture.platform.mark().await.unwrap()
    }

    /// A tenant of another partner on the platform, and the Tenant with which a partner asks for it.
    async fn foreign(&self, name: &str, more: Value) -> Value {
        let manifest = self.confirmed(name, more);
        let id = manifest["spec"]["general"]["tenantId"].as_str().unwrap();
        let settings = json!({
            "general": { "name": "Contoso", "o365Domain": "contoso.onmicrosoft.com" },
            "partner": { "partnerId": "southwind" }
        });
        self.fixture.platform.create(id, settings).await.unwrap();
        manifest
    }
}

async fn claims(stage: &Stage<'_>) {
    for policy in ["Always", "IfMatches", "Never"] {
        let name = format!("claims-{}", policy.to_lowercase());
        let manifest = stage.foreign(&name, json!({ "adoptionPolicy": policy })).await;
        let id = manifest["spec"]["general"]["tenantId"].as_str().unwrap().to_owned();
        // It once had a Tenant of this name.
        let last = format!("test/{}/{name}", stage.namespace());
        stage.fixture.platform.stamp(&id, None, Some(&last)).await.unwrap();
        let before = stage.fixture.platform.tenant(&id).await.unwrap();
        let mark = stage.mark().await;
        let tenant = stage.tenant(Who::Partner, manifest).await;
        tenant.condition("Ready", "False", "NotAdopted").await;
        stage.deletes(Who::Partner, &tenant).await;
        tenant.gone().await;
        assert_eq!([""; 0], *stage.effects(&tenant, mark).await, "{policy}");
        assert_eq!(before, stage.fixture.platform.tenant(&id).await.unwrap(), "{policy}");
    }
}

async fn asks_about_others(stage: &Stage<'_>) {
    let console = json!({ "attendantConsole": { "globalContactSearchFilter": FILTER } });
    let group = json!({ "tenantAdministrationGroupId": stage.id });
    let manifest = stage.foreign("asks", json!({ "extensions": console, "general": group })).await;
    let id = manifest["spec"]["general"]["tenantId"].as_str().unwrap().to_owned();
    stage.fixture.platform.stamp(&id, Some(&format!("test/{}/asks", stage.namespace())), None).await.unwrap();
    let mark = stage.fixture.platform.microsoft_mark().await;
    let tenant = stage.tenant(Who::Partner, manifest).await;
    tenant.condition("Ready", "False", "NotAdopted").await;
    let requests = json!({ "metadata": { "annotations": { "nimbus.luware.com/check-requested-at": "now" } } });
    stage.granted(Who::Partner, &Deed::Patch(Kind::Tenant, tenant.name.clone(), requests)).await;
    tenant.pass().await;
    assert_eq!([""; 0], *stage.fixture.platform.asked(mark).await);
    stage.deletes(Who::Partner, &tenant).await;
    tenant.gone().await;
}

async fn stays(stage: &Stage<'_>) {
    let tenant = stage.tenant(Who::Partner, stage.confirmed("stays", json!({}))).await;
    tenant.ready().await;
    let mark = stage.mark().await;
    let allow = |namespace: &str| {
        let spec = json!({ "allowedNamespaces": { "names": [namespace] } });
        Deed::Patch(Kind::Platform, stage.platform().to_owned(), json!({ "spec": spec }))
    };
    stage.granted(Who::System, &allow("another")).await;
    tenant.condition("Ready", "False", "NamespaceNotPermitted").await;
    stage.deletes(Who::Partner, &tenant).await;
    tenant.gone().await;
    assert_eq!(["owner-released"], *stage.effects(&tenant, mark).await);
    stage.granted(Who::System, &allow(stage.namespace())).await;
}

async fn strips(stage: &Stage<'_>) {
    let tenant = stage.tenant(Who::Partner, stage.confirmed("strips", json!({}))).await;
    tenant.ready().await;
    let mark = stage.mark().await;
    stage.edits(Who::Partner, &tenant, json!({ "suspend": true })).await;
    tenant.condition("Synced", "Unknown", "ReconciliationSuspended").await;
    for who in [Who::Editor, Who::BuiltInEdit, Who::Partner] {
        let strip = json!({ "metadata": { "finalizers": null } });
        stage.granted(who, &Deed::Patch(Kind::Tenant, tenant.name.clone(), strip)).await;
        until(&format!("{who:?}: the finalizer is back"), PATIENCE, async || {
            if tenant.is_held().await { Ok(()) } else { Err("not yet") }
        })
        .await;
    }
    stage.deletes(Who::Partner, &tenant).await;
    tenant.condition("Ready", "False", "ReconciliationSuspended").await;
    assert_eq!([""; 0], *stage.effects(&tenant, mark).await);
    assert!(tenant.is_held().await);
    stage.edits(Who::System, &tenant, json!({ "suspend": null })).await;
    tenant.gone().await;
    assert_eq!(["deletion-begun"], *stage.effects(&tenant, mark).await, "as it was confirmed");
}

async fn deletes_the_owner(stage: &Stage<'_>) {
    let maps: Api<ConfigMap> = Api::namespaced(stage.fixture.client(ADMIN), stage.namespace());
    let metadata = ObjectMeta { name: Some("owner".into()), ..ObjectMeta::default() };
    let owner = maps.create(&PostParams::default(), &ConfigMap { metadata, ..ConfigMap::default() }).await.unwrap();
    let mut manifest = stage.confirmed("owned", json!({}));
    manifest["metadata"]["ownerReferences"] =
        json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.uid() }]);
    let tenant = stage.tenant(Who::Partner, manifest).await;
    tenant.ready().await;
    let mark = stage.mark().await;
    // An administrator of the namespace, who may not delete a Tenant.
    stage.granted(Who::BuiltInAdmin, &Deed::Delete(Kind::ConfigMap, "owner".into())).await;
    tenant.gone().await;
    assert_eq!(["owner-released"], *stage.effects(&tenant, mark).await);
}

/// This stays possible: what is not set is not managed, and the platform keeps it.
async fn drops_a_setting(stage: &Stage<'_>) {
    let partner = json!({ "partner": { "partnerRef": { "name": stage.mine() } } });
    let mut manifest = stage.manifest("drops", partner);
    let without = manifest.clone();
    manifest["spec"]["general"]["partnerAdministrationGroupId"] = json!(stage.id);
    let tenant = stage.tenant(Who::System, manifest).await;
    tenant.ready().await;
    stage.deletes(Who::Partner, &tenant).await;
    tenant.gone().await;
    let tenant = stage.tenant(Who::Partner, without).await;
    tenant.ready().await;
    let (_, document) = stage.fixture.platform.tenant(&tenant.id).await.unwrap();
    assert_eq!(json!(stage.id), document["settings"]["general"]["partnerAdministrationGroupId"]);
}

async fn uses_up_the_limit(stage: &Stage<'_>) {
    let platforms: Api<Platform> = Api::all(stage.cast.client(Who::System));
    let used = platforms.get(stage.platform()).await.unwrap().status.unwrap().confirmed_deletions.len();
    // One more for the partner, and one more for all.
    let limits = json!({ "confirmedDeletionsPerHourAndPartner": used + 1, "confirmedDeletionsPerHour": used + 2 });
    let limits = Deed::Patch(Kind::Platform, stage.platform().to_owned(), json!({ "spec": { "limits": limits } }));
    stage.granted(Who::System, &limits).await;
    let mut junk = vec![];
    for name in ["junk-1", "junk-2"] {
        junk.push(stage.tenant(Who::Partner, stage.confirmed(name, json!({}))).await);
    }
    for tenant in &junk {
        tenant.ready().await;
    }
    stage.deletes(Who::Partner, &junk[0]).await;
    junk[0].gone().await;
    stage.deletes(Who::Partner, &junk[1]).await;
    let waits = junk[1].condition("Ready", "False", "DeletionRateLimited").await;
    let said = condition(&waits, "Ready").unwrap().2;
    assert!(said.contains("confirmedDeletionsPerHourAndPartner"), "{said}");
    let other = stage.confirmed("other", json!({ "partner": null }));
    let other = stage.tenant(Who::System, other).await;
    other.ready().await;
    stage.deletes(Who::System, &other).await;
    other.gone().await;
    assert_eq!(404, stage.fixture.platform.tenant(&other.id).await.unwrap().0);
}
