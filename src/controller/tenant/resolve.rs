//! `resolve`: follows the references of a Tenant. What is missing or malformed is data; only the plan decides whether it
//! matters.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use jiff::civil::Date;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::ResourceExt;
use kube::core::ObjectMeta;
use serde_json::Value;

use super::stops::at_read;
use crate::cluster::{Cluster, Guarded, Refusal};
use crate::controller::context::Context;
use crate::controller::in_use::{InUse, is_served_with};
use crate::plan::deletion_intent::DeletionIntent;
use crate::plan::{
    NoPartner, PlatformReference, Resolved, ResolvedPartner, ResolvedSecret, SecretProblem, SecretState, SecretValue,
    Stop,
};
use crate::resources::{FINALIZER, Partner, Platform, SecretVersion, Tenant};
use crate::settings::{Mapped, SealedRef, connection_string};

/// The name of the CRD of Tenants.
const TENANT_CRD: &str = "tenants.nimbus.luware.com";

/// Types of Secrets that belong to other programs and are never sent anywhere.
const REFUSED_TYPES: [&str; 7] = [
    "kubernetes.io/service-account-token",
    "kubernetes.io/dockercfg",
    "kubernetes.io/dockerconfigjson",
    "kubernetes.io/tls",
    "kubernetes.io/ssh-auth",
    "bootstrap.kubernetes.io/token",
    "helm.sh/release.v1",
];

/// The objects that a Tenant refers to, which get a finalizer before the tenant is written.
#[derive(Default)]
pub(crate) struct References {
    pub(crate) platform: Option<Arc<Platform>>,
    pub(crate) partner: Option<ObjectMeta>,
}

/// Follows the references of a Tenant, and looks at what its safety rests on.
///
/// *Errors*: Kubernetes does not answer. Forbidden is an answer.
pub(crate) async fn resolve(
    context: &Context,
    tenant: &Tenant,
    platform: Option<Arc<Platform>>,
) -> Result<(Resolved, References), Stop> {
    let (cluster, in_use) = (&context.cluster, &context.in_use);
    let stamp = context.stamp(&tenant.namespace().unwrap_or_default(), &tenant.name_any());
    let lacking = context.enforcement.lacking(cluster).await.map_err(at_read("reading the admission policies"))?;
    let namespace = tenant.namespace().unwrap_or_default();
    let deleting = tenant.metadata.deletion_timestamp.is_some();
    let found = match &platform {
        None => PlatformReference::Missing,
        // Without our finalizer it may be gone at any moment, and takes none any more. A Tenant that is being deleted may use it.
        Some(platform) if !deleting && (in_use.is_terminating(&platform.metadata) || takes_no(tenant, platform)) => {
            PlatformReference::Terminating
        }
        Some(platform) if platform.spec.allows(&namespace) => PlatformReference::Found,
        Some(_) => PlatformReference::NotPermitted,
    };
    let mut resolved = Resolved {
        stamp,
        platform: found,
        partner: None,
        secrets: vec![],
        policies_lacking: lacking.join("; "),
        scope_terminating: None,
    };
    let Mapped { settings, sealed, partner: named, .. } = tenant.spec.settings.to_wire();
    if deleting {
        resolved.scope_terminating = scope_terminating(cluster, &namespace).await;
        let today = context.today(platform.as_deref());
        resolved.partner = partner_at_deletion(cluster, tenant, named, &resolved, today).await;
        return Ok((resolved, References { platform, partner: None }));
    }
    let mut references = References { platform, partner: None };
    if let Some(name) = named {
        let partner = partner(cluster, &name).await.map(Some).or_else(absent)?;
        let is_terminating = partner.as_ref().is_some_and(|partner| leaves(in_use, tenant, partner));
        let found = resolved_partner(name, partner.as_deref().ok_or(NoPartner::Missing), tenant);
        resolved.partner = Some(ResolvedPartner { is_terminating, ..found });
        references.partner = partner.map(|partner| partner.metadata.clone());
    }
    let mut read = HashMap::new();
    for sealed in sealed.into_iter().filter(|sealed| needed(sealed, &settings)) {
        let SealedRef { leaf, reference } = sealed;
        // Once for all that name it: they have to be of one version.
        let read = match read.entry(reference.name.clone()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => entry.insert(secret(cluster, &namespace, &reference.name).await?),
        };
        let (state, found) = judged(read, &reference.key);
        resolved.secrets.push(ResolvedSecret { leaf, name: reference.name, key: reference.key, state, found });
    }
    Ok((resolved, references))
}

/// Whether a Platform that is being deleted does not serve a Tenant, since it never did.
fn takes_no(tenant: &Tenant, platform: &Platform) -> bool {
    let is_applied = tenant.status.as_ref().is_some_and(|status| status.applied.is_some());
    platform.metadata.deletion_timestamp.is_some()
        && !is_applied
        && !tenant.finalizers().iter().any(|name| name == FINALIZER)
}

/// Whether the spec does not itself hide a sealed leaf.
fn needed(sealed: &SealedRef, settings: &Value) -> bool {
    !sealed.leaf.switches().any(|toggle| toggle.find(settings).and_then(Value::as_bool) == Some(false))
}

/// Whether a Partner is being deleted and a Tenant cannot go on with it: without our finalizer it may be gone at any moment, and it
/// takes no new Tenant.
fn leaves(in_use: &InUse, tenant: &Tenant, partner: &Partner) -> bool {
    let known = tenant.status.as_ref().and_then(|status| status.platform_tenant.as_ref());
    let with = known.map(|known| known.partner.as_deref().unwrap_or_default());
    partner.metadata.deletion_timestamp.is_some()
        && (!in_use.is_on(&partner.metadata) || !is_served_with(&tenant.metadata, with, partner))
}

/// The Partner of a name.
///
/// *Errors*: why there is none, and what Kubernetes answered.
async fn partner(cluster: &Cluster, name: &str) -> Result<Arc<Partner>, (NoPartner, Refusal)> {
    match cluster.cluster_scoped::<Guarded<Partner>>().get(name).await {
        Ok(guarded) => match &guarded.0 {
            Ok(partner) => Ok(partner.clone()),
            Err(_) => Err((NoPartner::Undecodable, Refusal::Unanswered("the Partner cannot be decoded"))),
        },
        Err(refusal @ Refusal::NotFound) => Err((NoPartner::Missing, refusal)),
        Err(refusal) => Err((NoPartner::Unread, refusal)),
    }
}

/// One that is missing is data; what is not known stops a pass.
fn absent((because, refusal): (NoPartner, Refusal)) -> Result<Option<Arc<Partner>>, Stop> {
    match because {
        NoPartner::Missing => Ok(None),
        NoPartner::Undecodable | NoPartner::Unread => Err(at_read("reading the Partner")(refusal)),
    }
}

/// The Partner of a Tenant that is being deleted. It is read where a deletion of the tenant depends on it, and must not hold up any
/// other way to leave. One that is being deleted itself still says whose the tenant is.
async fn partner_at_deletion(
    cluster: &Cluster,
    tenant: &Tenant,
    named: Option<String>,
    resolved: &Resolved,
    today: Date,
) -> Option<ResolvedPartner> {
    let name = named?;
    if !DeletionIntent::of(tenant, resolved, today).depends_on_partner() {
        return Some(ResolvedPartner::unknown(name, NoPartner::Unread));
    }
    let found = partner(cluster, &name).await;
    let found = found.as_deref().map_err(|(because, _)| *because);
    Some(resolved_partner(name, found, tenant))
}

fn resolved_partner(name: String, partner: Result<&Partner, NoPartner>, tenant: &Tenant) -> ResolvedPartner {
    match partner {
        Ok(partner) => ResolvedPartner::of(name, partner, &tenant.spec.platform_ref.name),
        Err(because) => ResolvedPartner::unknown(name, because),
    }
}

/// The Secret, or why there is none.
async fn secret(cluster: &Cluster, namespace: &str, name: &str) -> Result<Result<Secret, SecretProblem>, Stop> {
    match cluster.namespaced::<Secret>(namespace).get(name).await {
        Ok(secret) => Ok(Ok(secret)),
        Err(Refusal::NotFound) => Ok(Err(SecretProblem::NoSecret)),
        Err(Refusal::Forbidden(_)) => Ok(Err(SecretProblem::Forbidden)),
        Err(refusal) => Err(at_read("reading a Secret")(refusal)),
    }
}

/// The state of a Secret that was read, and its value.
fn judged(read: &Result<Secret, SecretProblem>, key: &str) -> (SecretState, Result<SecretValue, SecretProblem>) {
    match read {
        Ok(secret) => (SecretState::There(SecretVersion::of(&secret.metadata)), judge(secret, key)),
        Err(problem @ SecretProblem::Forbidden) => (SecretState::Forbidden, Err(*problem)),
        Err(problem) => (SecretState::Missing, Err(*problem)),
    }
}

/// Judges the value of a Secret without showing it. `kubectl create secret --from-file` leaves a line break at the end, which is no
/// part of the value.
pub(crate) fn judge(secret: &Secret, key: &str) -> Result<SecretValue, SecretProblem> {
    if secret.type_.as_deref().is_some_and(|kind| REFUSED_TYPES.contains(&kind)) {
        return Err(SecretProblem::Malformed(
            "is not sent, because the type of the Secret belongs to another program; use type Opaque",
        ));
    }
    let bytes = secret.data.as_ref().and_then(|data| data.get(key)).ok_or(SecretProblem::NoKey)?;
    let text = std::str::from_utf8(&bytes.0).map_err(|_| SecretProblem::Malformed("is not UTF-8 text"))?;
    let text = text.trim();
    connection_string::judge(text).map_err(SecretProblem::Malformed)?;
    Ok(SecretValue { version: SecretVersion::of(&secret.metadata), value: text.to_owned().into() })
}

/// Whether the namespace or the CRD is being deleted; `None` if either cannot be read.
async fn scope_terminating(cluster: &Cluster, namespace: &str) -> Option<bool> {
    let (namespaces, crds) =
        (cluster.cluster_scoped::<Namespace>(), cluster.cluster_scoped::<CustomResourceDefinition>());
    let (namespace, crd) = tokio::join!(namespaces.metadata(namespace), crds.metadata(TENANT_CRD));
    let ends = |meta: Result<ObjectMeta, Refusal>| meta.ok().map(|meta| meta.deletion_timestamp.is_some());
    match (ends(namespace), ends(crd)) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        (None, _) | (_, None) => None,
    }
}
