//! `resolve`: follows the references of a Tenant. What is missing or malformed is data; only the plan decides whether it
//! matters.

use k8s_openapi::api::core::v1::{Namespace, Secret};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::core::ObjectMeta;
use kube::{Api, ResourceExt};
use serde_json::Value;

use crate::controller::context::{Context, Refusal};
use crate::controller::in_use;
use crate::plan::{PlatformReference, Resolved, ResolvedPartner, ResolvedSecret, SecretFound, Stop};
use crate::resources::{Partner, Platform, SecretVersion, Tenant};
use crate::settings::{Mapped, SealedRef, connection_string};

/// Types of Secrets that belong to somebody else's machinery and are never sent anywhere.
const REFUSED_TYPES: [&str; 7] = [
    "kubernetes.io/service-account-token",
    "kubernetes.io/dockercfg",
    "kubernetes.io/dockerconfigjson",
    "kubernetes.io/tls",
    "kubernetes.io/ssh-auth",
    "bootstrap.kubernetes.io/token",
    "helm.sh/release.v1",
];

/// Follows the references of a Tenant. Beside what they turned out to be stands the Partner as it was read, which may have to
/// be held.
///
/// *Errors*: Kubernetes does not answer. Forbidden is an answer.
pub(crate) async fn resolve(
    context: &Context,
    tenant: &Tenant,
    platform: Option<&Platform>,
) -> Result<(Resolved, Option<ObjectMeta>), Stop> {
    let namespace = tenant.namespace().unwrap_or_default();
    let deleting = tenant.metadata.deletion_timestamp.is_some();
    let platform = match platform {
        None => PlatformReference::Missing,
        // As good as gone: it cannot be held any more. Whoever leaves may still use it.
        Some(platform) if !deleting && in_use::is_terminating(context, &platform.metadata) => {
            PlatformReference::Missing
        }
        Some(platform) if platform.spec.allows(&namespace) => PlatformReference::Found,
        Some(_) => PlatformReference::NotPermitted,
    };
    let mut resolved = Resolved { platform, partner: None, secrets: vec![], scope_terminating: None };
    if deleting {
        resolved.scope_terminating = scope_terminating(context, &namespace).await;
        return Ok((resolved, None));
    }
    let mut seen = None;
    let Mapped { settings, sealed, partner: named, .. } = tenant.spec.settings.to_wire();
    if let Some(name) = named {
        let partner = partner(context, &name).await?;
        let id = partner.as_ref().map(|partner| partner.spec.platform_partner_id.as_str().to_owned());
        let home = partner.as_ref().and_then(|partner| partner.spec.entra_tenant_id.as_ref());
        let entra_tenant = home.map(|home| home.as_str().to_owned());
        resolved.partner = Some(ResolvedPartner { name, id, entra_tenant });
        seen = partner.map(|partner| partner.metadata);
    }
    for sealed in sealed.into_iter().filter(|sealed| needed(sealed, &settings)) {
        let found = secret(context, &namespace, &sealed).await?;
        let SealedRef { leaf, reference } = sealed;
        resolved.secrets.push(ResolvedSecret { leaf, name: reference.name, key: reference.key, found });
    }
    Ok((resolved, seen))
}

/// Whether the spec does not itself hide a sealed leaf.
fn needed(sealed: &SealedRef, settings: &Value) -> bool {
    !sealed.leaf.switches().any(|toggle| toggle.find(settings).and_then(Value::as_bool) == Some(false))
}

/// The Partner of a name. One that is on its way out and that nothing of ours holds is as good as gone.
async fn partner(context: &Context, name: &str) -> Result<Option<Partner>, Stop> {
    let partners = Api::<Partner>::all(context.client.clone());
    match context.kubernetes(partners.get(name)).await {
        Ok(partner) if in_use::is_terminating(context, &partner.metadata) => Ok(None),
        Ok(partner) => Ok(Some(partner)),
        Err(Refusal::NotFound) => Ok(None),
        Err(refusal) => Err(refusal.into()),
    }
}

async fn secret(context: &Context, namespace: &str, sealed: &SealedRef) -> Result<SecretFound, Stop> {
    let secrets = Api::<Secret>::namespaced(context.client.clone(), namespace);
    let secret = match context.kubernetes(secrets.get(&sealed.reference.name)).await {
        Ok(secret) => secret,
        Err(Refusal::NotFound) => return Ok(SecretFound::NoSecret),
        Err(Refusal::Forbidden) => return Ok(SecretFound::Forbidden),
        Err(Refusal::Conflict) => return Err(Stop::Raced),
        Err(Refusal::Unknown(what)) => return Err(Stop::Kubernetes(what)),
    };
    Ok(judge(&secret, &sealed.reference.key))
}

/// Looks at a Secret without ever showing it. A line break at the end is what `--from-file` leaves, and no part of a value.
fn judge(secret: &Secret, key: &str) -> SecretFound {
    if secret.type_.as_deref().is_some_and(|kind| REFUSED_TYPES.contains(&kind)) {
        return SecretFound::Malformed("is in a Secret of a type that is not sent anywhere; use type Opaque");
    }
    let Some(bytes) = secret.data.as_ref().and_then(|data| data.get(key)) else { return SecretFound::NoKey };
    let Ok(text) = std::str::from_utf8(&bytes.0) else { return SecretFound::Malformed("is not UTF-8 text") };
    let text = text.trim();
    match connection_string::judge(text) {
        Err(problem) => SecretFound::Malformed(problem),
        Ok(()) => SecretFound::Value { version: SecretVersion::of(&secret.metadata), value: text.to_owned().into() },
    }
}

/// Whether the namespace or the CRD is being deleted; `None` if either cannot be read.
async fn scope_terminating(context: &Context, namespace: &str) -> Option<bool> {
    let namespaces = Api::<Namespace>::all(context.client.clone());
    let crds = Api::<CustomResourceDefinition>::all(context.client.clone());
    let (namespace, crd) = tokio::join!(
        context.kubernetes(namespaces.get_metadata(namespace)),
        context.kubernetes(crds.get_metadata("tenants.nimbus.luware.com"))
    );
    let ends = |meta: Result<ObjectMeta, Refusal>| meta.ok().map(|meta| meta.deletion_timestamp.is_some());
    match (ends(namespace.map(|found| found.metadata)), ends(crd.map(|found| found.metadata))) {
        (Some(true), _) | (_, Some(true)) => Some(true),
        (Some(false), Some(false)) => Some(false),
        _ => None,
    }
}
