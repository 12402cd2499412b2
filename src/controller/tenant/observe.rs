//! `observe`: asks the platform once about the tenant. The answer is three-valued; what cannot be found out is Unknown.

use serde_json::Value;

use super::stops::at_read;
use crate::admin_api::{ApiError, Client, Lookup, TenantDocument};
use crate::cluster::{Cluster, Refusal};
use crate::plan::{Intent, Observation, Owner, Stop};
use crate::resources::{Stamp, Tenant, bounds};
use crate::settings::text::cut_identifier;
use crate::settings::wire;

/// Asks the platform about the tenant of `intent`.
///
/// *Errors*: Kubernetes does not answer whether the Tenant of another stamp still exists.
pub(crate) async fn observe(
    cluster: &Cluster,
    client: Result<&Client, ApiError>,
    intent: &Intent,
    stamp: &Stamp,
) -> Result<Observation, Stop> {
    let Some(id) = intent.tenant_id().filter(|_| intent.asks()) else { return Ok(Observation::NotAsked) };
    let answer = match client {
        Ok(client) => match client.tenant(&id.to_string()).await {
            Ok(Lookup::Found(document)) => return exists(cluster, client, document, stamp).await,
            // Which settings may be written is part of a tenant's document; without one it has to be asked.
            Ok(Lookup::Absent) => restricted(client, intent).await.map(|restricted| Observation::Absent { restricted }),
            Ok(Lookup::Tombstone { deletion_id }) => {
                restricted(client, intent).await.map(|restricted| Observation::Tombstone { deletion_id, restricted })
            }
            Err(error) => Err(error),
        },
        Err(error) => Err(error),
    };
    Ok(answer.unwrap_or_else(Observation::Unknown))
}

async fn restricted(client: &Client, intent: &Intent) -> Result<Vec<String>, ApiError> {
    match intent {
        Intent::Apply(_) => Ok(client.capabilities().await?.restricted_paths.clone()),
        Intent::Delete(_) => Ok(vec![]),
    }
}

async fn exists(
    cluster: &Cluster,
    client: &Client,
    document: Box<TenantDocument>,
    stamp: &Stamp,
) -> Result<Observation, Stop> {
    let Some(settings) = canonical(&document.settings) else {
        return Ok(Observation::Unknown(client.malformed_settings()));
    };
    let owner = owner(cluster, &document, stamp).await?;
    Ok(Observation::Exists { document, settings, owner })
}

/// The platform's settings in the canonical spelling; members that are not known to this version stay as they are.
pub(crate) fn canonical(settings: &Value) -> Option<Value> {
    wire::canonicalize(settings).ok()
}

/// Whose the tenant is. A stamp of our cluster whose Tenant is gone counts as free; one that cannot be looked up does not.
async fn owner(cluster: &Cluster, document: &TenantDocument, stamp: &Stamp) -> Result<Owner, Stop> {
    let [owner, last_owner] = [&document.owner, &document.last_owner].map(|stamp| stamp.as_deref().map(Stamp::parse));
    match (owner, last_owner) {
        (Some(Some(owner)), _) if owner == *stamp => Ok(Owner::Ours),
        (None, Some(Some(last))) if last == *stamp => Ok(Owner::OursLast),
        (None, _) => Ok(Owner::Free),
        (Some(Some(other)), _) if other.cluster == stamp.cluster => {
            match cluster.namespaced::<Tenant>(&other.namespace).metadata(&other.name).await {
                Err(Refusal::NotFound) => Ok(Owner::Free),
                Ok(_) | Err(Refusal::Forbidden) => Ok(Owner::Other(shown(document))),
                Err(refusal) => Err(at_read(refusal)),
            }
        }
        (Some(_), _) => Ok(Owner::Other(shown(document))),
    }
}

/// The stamp of another, as it may stand in a status.
fn shown(document: &TenantDocument) -> String {
    cut_identifier(document.owner.as_deref().unwrap_or_default(), bounds::NAME)
}
