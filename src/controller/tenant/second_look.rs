//! The last look before a call that a confirmation unlocks. While a slot was taken or a token was fetched, people may have withdrawn
//! it, or its last day may have ended.

use std::future::Future;
use std::time::{Duration, Instant};

use jiff::civil::Date;

use super::finalizer::{CHANGED, ensure_wanted};
use crate::admin_api::Client;
use crate::cluster::Cluster;
use crate::controller::options::Clock;
use crate::plan::{Stop, confirmation};
use crate::resources::Tenant;

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
            ensure_wanted(self.cluster, self.tenant).await?;
            Ok(confirmation::day((self.clock)(), self.client.platform_time()) == self.day)
        })
        .await
    }
}
