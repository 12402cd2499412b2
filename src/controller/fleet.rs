//! The Tenants that this operator watches, as its watches hold them: nothing is asked for them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use kube::runtime::reflector::Store;

use super::options::Options;
use crate::cluster::Guarded;
use crate::resources::Tenant;

type Tenants = Store<Guarded<Tenant>>;

/// The Tenants that this operator watches.
pub(super) struct Fleet {
    /// How many watches there will be.
    watches: usize,
    stores: Mutex<Vec<Tenants>>,
}

impl Fleet {
    pub(super) fn of(options: &Options) -> Self {
        Self { watches: options.namespaces.len().max(1), stores: Mutex::default() }
    }

    /// Adds what a watch holds.
    pub(super) fn add(&self, store: Tenants) {
        self.stores().push(store);
    }

    /// The Tenants that are meant, without those that cannot be decoded; `None` until every watch has had its first list.
    pub(super) fn tenants(&self, is_meant: impl Fn(&Tenant) -> bool) -> Option<Vec<Arc<Tenant>>> {
        let stores = self.stores();
        let listed = |store: &Tenants| matches!(store.wait_until_ready().now_or_never(), Some(Ok(())));
        if stores.len() < self.watches || !stores.iter().all(listed) {
            return None;
        }
        let meant = |guarded: Arc<Guarded<Tenant>>| guarded.0.as_ref().ok().filter(|tenant| is_meant(tenant)).cloned();
        Some(stores.iter().flat_map(Store::state).filter_map(meant).collect())
    }

    /// How many Tenants cannot be decoded, of those that the watches hold.
    pub(super) fn undecodable(&self) -> usize {
        self.stores().iter().map(|store| store.state_filter(|tenant| tenant.0.is_err()).len()).sum()
    }

    /// The Tenants of a Platform.
    pub(super) fn of_platform(&self, platform: &str) -> Option<Vec<Arc<Tenant>>> {
        self.tenants(|tenant| tenant.spec.platform_ref.name == platform)
    }

    /// The Tenants that name a Partner.
    pub(super) fn of_partner(&self, partner: &str) -> Option<Vec<Arc<Tenant>>> {
        self.tenants(|tenant| names(tenant, partner))
    }

    /// The environments that the Tenants of a Platform were last applied to.
    pub(super) fn environments(&self, platform: &str) -> Option<BTreeSet<String>> {
        let recorded = |tenant: &Arc<Tenant>| tenant.status.as_ref().and_then(|status| status.platform_id.clone());
        Some(self.of_platform(platform)?.iter().filter_map(recorded).collect())
    }

    fn stores(&self) -> MutexGuard<'_, Vec<Tenants>> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a Tenant names a Partner.
pub(super) fn names(tenant: &Tenant, partner: &str) -> bool {
    let tab = tenant.spec.settings.partner.as_ref();
    tab.and_then(|tab| tab.assigned().ok().flatten()) == Some(partner)
}
