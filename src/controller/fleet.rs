//! The Tenants that this operator watches, as its watches hold them: nothing is asked for them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::options::Options;
use crate::cluster::Store;
use crate::resources::CachedTenant;

type Tenants = Store<CachedTenant>;

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

    /// The Tenants that are meant, without those that say that they cannot be decoded; `None` until every watch has had its first list.
    pub(super) fn tenants(&self, is_meant: impl Fn(&CachedTenant) -> bool) -> Option<Vec<Arc<CachedTenant>>> {
        let stores = self.stores();
        if stores.len() < self.watches || !stores.iter().all(Store::is_listed) {
            return None;
        }
        let is_meant = |tenant: &CachedTenant| !tenant.is_undecodable() && is_meant(tenant);
        Some(stores.iter().flat_map(|store| store.state_filter(is_meant)).collect())
    }

    /// How many Tenants say that they cannot be decoded.
    pub(super) fn undecodable(&self) -> usize {
        self.stores().iter().map(|store| store.state_filter(CachedTenant::is_undecodable).len()).sum()
    }

    /// The Tenants of a Platform.
    pub(super) fn of_platform(&self, platform: &str) -> Option<Vec<Arc<CachedTenant>>> {
        self.tenants(|tenant| tenant.platform.as_deref() == Some(platform))
    }

    /// The Tenants that name a Partner.
    pub(super) fn of_partner(&self, partner: &str) -> Option<Vec<Arc<CachedTenant>>> {
        self.tenants(|tenant| tenant.partner.as_deref() == Some(partner))
    }

    /// The environments that the Tenants of a Platform were last applied to.
    pub(super) fn environments(&self, platform: &str) -> Option<BTreeSet<String>> {
        let recorded = |tenant: &Arc<CachedTenant>| tenant.platform_id.as_deref().map(ToOwned::to_owned);
        Some(self.of_platform(platform)?.iter().filter_map(recorded).collect())
    }

    fn stores(&self) -> MutexGuard<'_, Vec<Tenants>> {
        self.stores.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
