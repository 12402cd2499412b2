//! The last look before a call that a confirmation unlocks. While a slot was taken or a token was fetched, people may have withdrawn
//! it, or its last day may have ended.

use std::future::Future;
use std::time::{Duration, Instant};

use jiff::civil::Date;
use kube::core::ObjectMeta;

use super::finalizer::{CHANGED, ensure_wanted};
use super::stops::at_read;
use crate::admin_api::Client;
use crate::cluster::{Cluster, Refusal};
use crate::controller::options::Clock;
use crate::plan::{Stop, confirmation};
use crate::resources::{Partner, Tenant};

/// Takes a look. Returns how much of the time between it and an answer is left.
///
/// *Errors*: what was decided does not hold any more, or that was not found out in time.
pub(crate) async fn within(most: Duration, look: impl Future<Output = Result<bool, Stop>>) -> Result<Duration, Stop> {
    let started = Instant::now();
    let holds = tokio::time::timeout(most, look).await;
    match holds.map_err(|_| Stop::Kubernetes("the last look before a confirmed call took too long"))? {
        Ok(true) => Ok(most.saturating_sub(started.elapsed())),
        Ok(false) => Err(Stop::Raced(CHANGED.to_owned())),
        Err(stop) => Err(stop),
    }
}

/// The look at a Tenant that stays. What it confirms stands in its spec, so the same spec on the same day says the same.
#[derive(Clone, Copy)]
pub(crate) struct SecondLook<'l> {
    pub(crate) cluster: &'l Cluster,
    /// As it was decided on.
    pub(crate) tenant: &'l Tenant,
    /// The Partner that it names, as it was decided on.
    pub(crate) partner: Option<&'l ObjectMeta>,
    /// The day on which its confirmation counted.
    pub(crate) day: Date,
    pub(crate) clock: &'l Clock,
    /// Of the platform, whose clock counts too.
    pub(crate) client: &'l Client,
    /// From the look to the answer.
    pub(crate) most: Duration,
}

impl SecondLook<'_> {
    /// Takes the look.
    pub(crate) async fn take(self) -> Result<Duration, Stop> {
        within(self.most, async {
            let is_same_partner = self.is_same_partner().await?;
            ensure_wanted(self.cluster, self.tenant).await?;
            let is_today = confirmation::day((self.clock)(), self.client.platform_time()) == self.day;
            Ok(is_same_partner && is_today)
        })
        .await
    }

    /// Whether the Partner still says for which tenants it stands, and where it counts, as it did.
    async fn is_same_partner(self) -> Result<bool, Stop> {
        let Some(was) = self.partner else { return Ok(true) };
        let partners = self.cluster.cluster_scoped::<Partner>();
        match partners.metadata(was.name.as_deref().unwrap_or_default()).await {
            Ok(now) => Ok((&now.uid, now.generation) == (&was.uid, was.generation)),
            Err(Refusal::NotFound) => Ok(false),
            Err(refusal) => Err(at_read("reading the Partner")(refusal)),
        }
    }
}
