//! Whether a pass may do without a look at its tenant, and what the observer of its platform is told of it.

use std::sync::Arc;
use std::time::Instant;

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;

use super::begun::Begun;
use super::connection::Connection;
use super::pass::Pass;
use super::resolve::References;
use super::stops::at_read;
use crate::admin_api::{ApiError, Lookup};
use crate::cluster::{Cluster, Refusal};
use crate::controller::context::Context;
use crate::controller::queue::Pace;
use crate::controller::versions::{Look, Place, Saw, Woken};
use crate::plan::unchanged::{NotPublished, Surroundings, published, versions_to_keep};
use crate::plan::{Desired, Done, Live, Outcome, Stop, Stopped};
use crate::resources::{SecretVersion, Tenant};

/// The program that concludes: another one may come to something else.
const OPERATOR: &str = env!("NIMBUS_VERSION");

/// Whether the platform has to be asked.
pub(super) enum Need {
    /// Nothing changed.
    Nothing,
    /// It has to be asked.
    Look,
    /// It was asked, since that may have shown that nothing changed.
    Looked(Result<Lookup, ApiError>),
}

/// Finds out whether a Tenant needs a look. From here on a pass is under way, for the observer of its platform.
///
/// *Errors*: Kubernetes does not answer.
pub(super) async fn need(
    pass: &mut Pass,
    context: &Context,
    desired: &Desired,
    connection: &Connection,
    references: &References,
) -> Result<Need, Stop> {
    let Some(platform) = pass.platform.clone() else { return Ok(Need::Look) };
    let uid = platform.uid().unwrap_or_default();
    let (client, capabilities) = match (&connection.client, &connection.capabilities) {
        (Ok(client), Some(capabilities)) => (client.clone(), capabilities),
        (Err(error), _) if error.other_platform().is_some() => {
            context.versions.distrust(&uid);
            return Ok(Need::Look);
        }
        (Ok(_) | Err(_), _) => return Ok(Need::Look),
    };
    let partner = references.partner.as_ref();
    let surroundings = Surroundings { operator: OPERATOR, platform: &platform, partner, capabilities };
    let hash = surroundings.hash(desired);
    let kept = versions_to_keep(&pass.tenant, desired, pass.noted.as_deref(), &hash, pass.chat_app());
    pass.context = Some(hash);
    let kept = match kept {
        Some(versions) if has_key(&context.cluster, &pass.tenant, desired).await? => Some(versions),
        Some(_) | None => None,
    };
    let (place, tenant, at) = (Place { platform: uid, client: client.clone() }, desired.target.tenant, Instant::now());
    if let Some(versions) = &kept {
        let within = Pace::of(&pass.tenant, &context.options.timing).sync();
        if client.is_open() && context.versions.is_unchanged(&place, tenant, versions, within).await {
            pass.begun = Some(Begun { place, tenant, at, saw: Saw::Same });
            return Ok(Need::Nothing);
        }
    }
    context.versions.begin(&place, tenant);
    let at = Instant::now();
    let begun = pass.begun.insert(Begun { place, tenant, at, saw: Saw::Nothing });
    let Some(versions) = kept else { return Ok(Need::Look) };
    Ok(match client.tenant_unless(tenant, &versions).await {
        Ok(None) => {
            begun.saw = Saw::Versions(versions);
            Need::Nothing
        }
        Ok(Some(lookup)) => Need::Looked(Ok(lookup)),
        Err(error) => Need::Looked(Err(error)),
    })
}

/// Whether the Secret of the widget key is as the last pass left it, where there is one.
async fn has_key(cluster: &Cluster, tenant: &Tenant, desired: &Desired) -> Result<bool, Stop> {
    let (name, version) = match published(tenant, desired) {
        Ok(None) => return Ok(true),
        Ok(Some(published)) => published,
        Err(NotPublished) => return Ok(false),
    };
    match cluster.namespaced::<Secret>(&tenant.namespace().unwrap_or_default()).metadata(name).await {
        Ok(meta) => Ok(SecretVersion::of(&meta).as_str() == version),
        Err(Refusal::NotFound | Refusal::Forbidden(_)) => Ok(false),
        Err(refusal) => Err(at_read("reading the Secret of the widget key")(refusal)),
    }
}

/// Tells the observer of the platform that a pass is over.
pub(super) fn end(context: &Context, pass: &mut Pass, outcome: &Result<Outcome, Stopped>) {
    let Some(Begun { place, tenant, at, saw }) = pass.begun.take() else { return };
    let (saw, wrote) = match outcome {
        Ok(Outcome::Live(live)) => (seen(live), has_written(live)),
        Ok(Outcome::Unchanged) => (saw, false),
        Ok(Outcome::Deleting(_) | Outcome::Released(_)) | Err(_) => (Saw::Nothing, false),
    };
    let is_ours = match outcome {
        Ok(_) => true,
        Err(stopped) => stopped.stop.class().knows_nothing() || pass.seen.ours().is_some(),
    };
    let woken = is_ours.then(|| woken(&pass.tenant));
    context.versions.end(&place, tenant, Look { began: at, saw, wrote, tenant: woken });
}

fn seen(live: &Live) -> Saw {
    live.document.versions().map_or(Saw::Nothing, Saw::Versions)
}

fn has_written(live: &Live) -> bool {
    live.done != Done::Nothing || !live.side_effects.fired.is_empty()
}

fn woken(tenant: &Arc<Tenant>) -> Woken {
    Woken {
        uid: tenant.uid().unwrap_or_default(),
        namespace: tenant.namespace().unwrap_or_default(),
        name: tenant.name_any(),
    }
}
