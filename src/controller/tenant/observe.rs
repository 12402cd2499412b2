//! `observe`: asks the platform once about the tenant. The answer is three-valued; what cannot be found out is Unknown.

use std::sync::Arc;
use std::time::Duration;

use super::connection::Connection;
use super::look::Need;
use super::stops::at_read;
use super::widget_key::read_secret;
use crate::admin_api::{ApiError, Client, Lookup, NotCalled, TenantDocument};
use crate::cluster::{Cluster, Refusal};
use crate::plan::{
    Desired, Environment, Observation, Observed, Owner, Snapshot, Stop, Target, environment, widget_key,
};
use crate::resources::{Stamp, Tenant};

/// How old what is known of the endpoint may be where it decides about a creation. Many are made in that time.
const RECENT: Duration = Duration::from_secs(5);

/// Observes all that decides about a Tenant that stays. `need` is what of that was found out already.
///
/// *Errors*: Kubernetes does not answer.
pub(crate) async fn observe(
    cluster: &Cluster,
    connection: &Connection,
    tenant: &Tenant,
    desired: &Desired,
    need: Need,
) -> Result<Observed, Stop> {
    let found = match (connection.client(), need) {
        (Err(error), _) => Observation::Unknown(error),
        (Ok(client), Need::Looked(looked)) => judge(cluster, client, looked, &desired.target).await?,
        (Ok(client), Need::Look | Need::Nothing) => observe_target(cluster, Ok(client), &desired.target).await?,
    };
    let found = match connection.client() {
        Ok(client) => confirmed(client, found, &connection.environment).await,
        Err(_) => found,
    };
    observed(cluster, tenant, desired, found).await
}

/// What a tenant is taken for that was never seen: absent, wherever the endpoint leads at this moment. The platform says when it is
/// not; nothing where it has to be asked first.
///
/// *Errors*: Kubernetes does not answer.
pub(crate) async fn assume_absent(
    cluster: &Cluster,
    connection: &Connection,
    tenant: &Tenant,
    desired: &Desired,
) -> Result<Option<Observed>, Stop> {
    let Ok(client) = connection.client() else { return Ok(None) };
    let Ok(capabilities) = client.capabilities_within(RECENT).await else { return Ok(None) };
    if connection.environment.check(environment::named_by(&capabilities).as_deref()).is_err() {
        return Ok(None);
    }
    let absent = Observation::Absent { restricted: capabilities.restricted_paths.clone() };
    observed(cluster, tenant, desired, absent).await.map(Some)
}

/// Adds what is there of the widget key, where that matters.
async fn observed(cluster: &Cluster, tenant: &Tenant, desired: &Desired, found: Observation) -> Result<Observed, Stop> {
    let widget_secret = match widget_key::to_observe(desired, &found) {
        Some(name) => Some(read_secret(cluster, tenant, name).await?),
        None => None,
    };
    Ok(Observed { tenant: found, widget_secret })
}

/// Asks the platform about a tenant.
///
/// *Errors*: Kubernetes does not answer whether the Tenant of another stamp still exists.
pub(crate) async fn observe_target(
    cluster: &Cluster,
    client: Result<&Client, ApiError>,
    target: &Target,
) -> Result<Observation, Stop> {
    match client {
        Ok(client) => judge(cluster, client, client.tenant(target.tenant).await, target).await,
        Err(error) => Ok(Observation::Unknown(error)),
    }
}

/// What an answer says of a tenant.
async fn judge(
    cluster: &Cluster,
    client: &Client,
    looked: Result<Lookup, ApiError>,
    target: &Target,
) -> Result<Observation, Stop> {
    let document = match looked {
        Ok(Lookup::Found(document)) => document,
        Ok(Lookup::Absent) => return Ok(Observation::Absent { restricted: vec![] }),
        Ok(Lookup::Tombstone { deletion_id }) => {
            return Ok(Observation::Tombstone { deletion_id, restricted: vec![] });
        }
        Err(error) => return Ok(Observation::Unknown(error)),
    };
    let Some(snapshot) = Snapshot::read(Arc::from(document)) else {
        return Ok(Observation::Unknown(client.malformed_settings()));
    };
    let owner = owner(cluster, &snapshot.document, &target.stamp).await?;
    Ok(Observation::Exists { snapshot, owner })
}

/// Adds which settings may be written. That is part of a tenant's document; without one it has to be asked. The answer also proves
/// that the tenant is missing where it should be, and not where the endpoint leads by now.
async fn confirmed(client: &Client, found: Observation, environment: &Environment) -> Observation {
    let tombstone = match found {
        Observation::Exists { .. } | Observation::Unknown(_) => return found,
        Observation::Absent { .. } => None,
        Observation::Tombstone { deletion_id, .. } => Some(deletion_id),
    };
    let restricted = match client.capabilities_now().await {
        Ok(capabilities) => match environment.check(environment::named_by(&capabilities).as_deref()) {
            Ok(()) => capabilities.restricted_paths.clone(),
            Err(other) => return Observation::Unknown(ApiError::NotCalled(NotCalled::OtherPlatform(other))),
        },
        Err(error) => return Observation::Unknown(error),
    };
    match tombstone {
        Some(deletion_id) => Observation::Tombstone { deletion_id, restricted },
        None => Observation::Absent { restricted },
    }
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
                Ok(_) | Err(Refusal::Forbidden(_)) => Ok(Owner::Other(stamped(document))),
                Err(refusal) => Err(at_read("reading the Tenant that owns the tenant")(refusal)),
            }
        }
        (Some(_), _) => Ok(Owner::Other(stamped(document))),
    }
}

/// The stamp of another, as the platform says it.
fn stamped(document: &TenantDocument) -> String {
    document.owner.clone().unwrap_or_default()
}
