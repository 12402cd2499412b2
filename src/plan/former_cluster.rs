//! Whether the owner of a tenant is this very Tenant, under another `--cluster-id`.

use std::fmt;

use crate::resources::{Stamp, bounds};
use crate::text::named;

/// The ID of another cluster, whose stamp names the same namespace and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FormerCluster(String);

impl FormerCluster {
    /// The other cluster of a stamp, if it is otherwise ours.
    pub fn of(stamp: &str, ours: &Stamp) -> Option<Self> {
        let stamp = Stamp::parse(stamp)?;
        let same = stamp.namespace == ours.namespace && stamp.name == ours.name && stamp.cluster != ours.cluster;
        same.then_some(Self(stamp.cluster))
    }
}

/// The question, and what to do.
impl fmt::Display for FormerCluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = named(&self.0, bounds::WORD);
        write!(
            f,
            "Was '{id}' this cluster's former --cluster-id? Then start the operator with it again. If another operator of this \
             cluster has it, give each its own --instance. If it is another cluster, delete the Tenant in one of the two, with deletionPolicy: Retain to keep the tenant; if that cluster is gone, a \
             system administrator sets spec.confirmations.adopt"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_cluster_differs() {
        let ours = Stamp::new("new", "contoso", "main");
        let asks = |stamp| FormerCluster::of(stamp, &ours).is_some();
        assert!(asks("old/contoso/main"));
        for stamp in ["new/contoso/main", "old/contoso/other", "old/fabrikam/main", "old", "another"] {
            assert!(!asks(stamp), "{stamp}");
        }
    }
}
