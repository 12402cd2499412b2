//! Whether this cluster had another `--cluster-id` before: then the stamp of each tenant names the same Tenant of another cluster.
//!
//! Each Tenant asks for itself; where several do, their Platform asks once. What is remembered comes back with their next passes.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use kube::ResourceExt;

use super::fleet::Fleet;
use crate::plan::FormerCluster;
use crate::resources::CachedTenant;
use crate::resources::condition::ConditionUpdate;

/// Fewer are no pattern: two clusters may have a Tenant of the same namespace and name.
const SEVERAL: usize = 2;

/// The other clusters, by Platform and Tenant (`namespace/name`).
#[derive(Default)]
pub(super) struct FormerClusters(Mutex<HashMap<String, BTreeMap<String, FormerCluster>>>);

impl FormerClusters {
    /// Notes what a pass over a Tenant found.
    pub(super) fn note(&self, platform: &str, tenant: &str, found: Option<FormerCluster>) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match found {
            Some(cluster) => {
                noted.entry(platform.to_owned()).or_default().insert(tenant.to_owned(), cluster);
            }
            None => {
                if let Some(tenants) = noted.get_mut(platform) {
                    tenants.remove(tenant);
                }
            }
        }
    }

    /// What a Platform says, and asks.
    pub(super) fn asked(&self, fleet: &Fleet, platform: &str, ready: ConditionUpdate) -> ConditionUpdate {
        match self.question(platform, &fleet.of_platform(platform).unwrap_or_default()) {
            Some(question) => ConditionUpdate { message: format!("{}. {question}", ready.message), ..ready },
            None => ready,
        }
    }

    /// What a Platform asks, where several of its Tenants found the same.
    fn question(&self, platform: &str, tenants: &[Arc<CachedTenant>]) -> Option<String> {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let noted = noted.get(platform)?;
        let mut counts: BTreeMap<&FormerCluster, usize> = BTreeMap::new();
        for tenant in tenants {
            let key = format!("{}/{}", tenant.namespace().unwrap_or_default(), tenant.name_any());
            if let Some(cluster) = noted.get(&key) {
                *counts.entry(cluster).or_default() += 1;
            }
        }
        let (cluster, _) = counts.into_iter().filter(|(_, count)| *count >= SEVERAL).max_by_key(|(_, count)| *count)?;
        Some(format!(
            "Several Tenants are owned by Tenants of the same namespace and name of another cluster. {cluster}"
        ))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::resources::Stamp;

    fn tenant(name: &str) -> Arc<CachedTenant> {
        let general = json!({
            "name": "C", "o365Domain": "c.onmicrosoft.com", "tenantId": "44444444-0d3e-4f5a-8b7c-9d0e1f2a3b4c"
        });
        let tenant = json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant", "metadata": { "name": name, "namespace": "n" },
            "spec": { "platformRef": { "name": "euwe-01" }, "general": general }
        });
        Arc::new(serde_json::from_value(tenant).unwrap())
    }

    #[test]
    fn a_platform_asks_where_several_tenants_found_the_same() {
        let former = FormerClusters::default();
        let found = |cluster| FormerCluster::of(&format!("{cluster}/n/a"), &Stamp::new("new", "n", "a"));
        let tenants = ["a", "b", "c"].map(tenant);
        assert_eq!(former.question("east", &tenants), None);
        former.note("east", "n/a", found("old"));
        former.note("east", "n/b", found("older"));
        assert_eq!(former.question("east", &tenants), None, "two clusters, one each");
        former.note("east", "n/b", found("old"));
        assert!(former.question("east", &tenants).unwrap().contains("Was 'old' this cluster's former --cluster-id?"));
        assert_eq!(former.question("west", &tenants), None);
        assert_eq!(former.question("east", &tenants[1..]), None, "one is gone");
        former.note("east", "n/a", None);
        assert_eq!(former.question("east", &tenants), None, "one is ours again");
    }
}
