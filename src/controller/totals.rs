//! `status.tenants` of Platforms and Partners: how many Tenants they have, and how many of those need attention.
//!
//! A number is written only by an operator that sees all of it, so no two writers have to be summed: of a Platform by the instance
//! that serves it, of a Partner by each operator that watches all namespaces. These count the same, Tenants of every instance.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kube::ResourceExt;

use super::fleet::Fleet;
use crate::plan::totals::totals;
use crate::resources::{CachedTenant, Partner, Platform, TenantTotals};

/// The Tenants that this operator knows, and where it looks.
#[derive(Clone, Copy)]
pub(super) struct Sight<'s> {
    /// The namespaces that are watched; none means all.
    pub(super) watched: &'s [String],
    pub(super) fleet: &'s Fleet,
}

/// What an operator sees of the Tenants that are to be counted.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Counted {
    /// All of them.
    All(TenantTotals),
    /// Not all yet, or another operator does: what is said stays.
    Unknown,
    /// Not all, and no other does: nothing can be said.
    Never,
}

impl Counted {
    /// The Tenants of a Platform, in the namespaces that it allows.
    fn of_platform(sight: Sight<'_>, platform: &Platform) -> Self {
        if !sees_all(sight.watched, platform) {
            return Self::Never;
        }
        let tenants = sight.fleet.of_platform(&platform.name_any());
        tenants.map_or(Self::Unknown, |tenants| {
            let is_allowed = |tenant: &&CachedTenant| platform.spec.allows(&tenant.namespace().unwrap_or_default());
            Self::All(totals(tenants.iter().map(Arc::as_ref).filter(is_allowed)))
        })
    }

    /// The Tenants that name a Partner.
    fn of_partner(sight: Sight<'_>, partner: &str) -> Self {
        let sees_all = sight.watched.is_empty();
        let named = sees_all.then(|| sight.fleet.of_partner(partner)).flatten();
        named.map_or(Self::Unknown, |tenants| Self::All(totals(tenants.iter().map(Arc::as_ref))))
    }
}

/// Whether the namespaces that are watched, where none means all, are all that a Platform allows.
fn sees_all(watched: &[String], platform: &Platform) -> bool {
    let allowed = platform.spec.allowed_namespaces.as_ref();
    let is_watched = |name: &String| watched.contains(name);
    watched.is_empty()
        || allowed.is_none_or(|allowed| allowed.all != Some(true) && allowed.names.iter().flatten().all(is_watched))
}

/// When totals were last written, so that a change of many Tenants is one write.
pub(super) struct Totals {
    every: Duration,
    written: Mutex<HashMap<String, Instant>>,
}

impl Totals {
    pub(super) fn new(every: Duration) -> Self {
        Self { every, written: Mutex::default() }
    }

    /// What the status of a Platform says from now on.
    pub(super) fn of_platform(&self, sight: Sight<'_>, platform: &Platform) -> Option<TenantTotals> {
        let said = platform.status.as_ref().and_then(|status| status.tenants.as_ref());
        let object = format!("Platform/{}", platform.name_any());
        self.next(object, said, Counted::of_platform(sight, platform), Instant::now())
    }

    /// What the status of a Partner says from now on.
    pub(super) fn of_partner(&self, sight: Sight<'_>, partner: &Partner) -> Option<TenantTotals> {
        let said = partner.status.as_ref().and_then(|status| status.tenants.as_ref());
        let object = format!("Partner/{}", partner.name_any());
        self.next(object, said, Counted::of_partner(sight, &partner.name_any()), Instant::now())
    }

    /// What a status says from now on: what was counted, unless the last change is too young. `object` is kind and name.
    fn next(
        &self,
        object: String,
        said: Option<&TenantTotals>,
        counted: Counted,
        now: Instant,
    ) -> Option<TenantTotals> {
        let counted = match counted {
            Counted::Unknown => return said.cloned(),
            Counted::Never => return None,
            Counted::All(counted) => counted,
        };
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = written.get(&object).is_none_or(|at| now.duration_since(*at) >= self.every);
        if said == Some(&counted) || (said.is_some() && !is_due) {
            return said.cloned();
        }
        written.insert(object, now);
        Some(counted)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use serde_json::json;

    use super::*;

    fn count(total: i64) -> TenantTotals {
        TenantTotals { total, ..TenantTotals::default() }
    }

    #[test]
    fn totals_are_written_on_change_and_once_in_a_while() {
        let (totals, start) = (Totals::new(Duration::from_secs(60)), Instant::now());
        let next = |said: i64, counted: i64, seconds| {
            let now = start + Duration::from_secs(seconds);
            totals.next("Platform/east".into(), Some(&count(said)), Counted::All(count(counted)), now).unwrap().total
        };
        let first = totals.next("Platform/east".into(), None, Counted::All(count(0)), start);
        assert_eq!(first, Some(count(0)), "the first write has them");
        assert_eq!(next(0, 7, 59), 0, "too young");
        assert_eq!(next(0, 50, 60), 50);
        assert_eq!(next(50, 50, 100), 50, "no change");
        assert_eq!(next(50, 49, 119), 50);
        assert_eq!(next(50, 49, 120), 49);
        let said = Some(&count(3));
        let west = || "Platform/west".to_owned();
        assert_eq!(totals.next(west(), said, Counted::Unknown, start), said.cloned());
        assert_eq!(totals.next(west(), said, Counted::Never, start), None, "what no operator sees is not said");
        assert_eq!(totals.next(west(), said, Counted::All(count(4)), start), Some(count(4)), "after a restart");
    }

    #[test]
    fn only_who_watches_all_namespaces_of_a_platform_counts_its_tenants() {
        let sees = |watched: &[&str], allowed: serde_json::Value| {
            let mut spec = json!({
                "endpoint": "https://admin.example",
                "authentication": {
                    "tokenUrl": "https://login.example/token", "clientId": "system",
                    "credentialsSecretRef": { "name": "credentials" }
                }
            });
            spec["allowedNamespaces"] = allowed;
            let platform = json!({
                "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Platform", "metadata": { "name": "east" },
                "spec": spec
            });
            let watched: Vec<String> = watched.iter().map(|name| (*name).to_owned()).collect();
            sees_all(&watched, &serde_json::from_value(platform).unwrap())
        };
        assert!(sees(&[], json!({ "all": true })));
        assert!(sees(&["a", "b"], json!({ "names": ["b"] })));
        assert!(sees(&["a"], serde_json::Value::Null), "it has none");
        assert!(!sees(&["a"], json!({ "names": ["a", "b"] })));
        assert!(!sees(&["a"], json!({ "all": true })));
    }
}
