//! Which tenants of a platform bear the stamp of this cluster and have no Tenant here: left behind by a release that failed, by
//! a finalizer that was taken off by force, or by a cluster that was lost. They are reported, and nothing is done about them.

use std::collections::BTreeSet;

use crate::admin_api::types::TenantItem;
use crate::resources::Stamp;
use crate::settings::TenantId;

/// What is known of all Tenants of the cluster, of every operator instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// The tenants that they name.
    pub ids: BTreeSet<TenantId>,
    /// Namespace and name of those whose tenant cannot be read.
    pub unreadable: BTreeSet<(String, String)>,
}

/// The ids that may be orphans, in order: each has to be looked at before it is called one, since the list may be older than
/// what is known of Tenants. An item that does not speak of its owner is looked at, too.
pub fn suspects(cluster_id: &str, listed: &[TenantItem], known: &Known) -> BTreeSet<TenantId> {
    let suspect = |item: &&TenantItem| match &item.owner {
        Some(owner) => owner.as_deref().is_some_and(|stamp| is_orphaned(cluster_id, stamp, known)),
        None => true,
    };
    // What is no GUID is not ours, and must not get into a path.
    let ids = listed.iter().filter(suspect).filter_map(|item| TenantId::parse(&item.id));
    ids.filter(|id| !known.ids.contains(id)).collect()
}

/// Whether a stamp is of this cluster and of no Tenant whose tenant cannot be read: it could be this one.
pub fn is_orphaned(cluster_id: &str, stamp: &str, known: &Known) -> bool {
    let ours = Stamp::parse(stamp).filter(|stamp| stamp.cluster == cluster_id);
    ours.is_some_and(|stamp| !known.unreadable.contains(&(stamp.namespace, stamp.name)))
}

/// The message of the Platform; `more` says that not all were looked at.
pub fn message(count: usize, listed: usize, more: bool) -> Option<String> {
    let found = match (count, more) {
        (0, _) => return None,
        (1, true) => "At least 1 tenant has".to_owned(),
        (count, true) => format!("At least {count} tenants have"),
        (1, false) => "1 tenant has".to_owned(),
        (count, false) => format!("{count} tenants have"),
    };
    let first = if count > listed { format!(" (the first {listed} are listed)") } else { String::new() };
    Some(format!(
        "{found} the owner stamp of this cluster but no Tenant object{first}. Create the Tenant that the stamp names, or ask the platform's administrators to remove the stamp; the operator changes nothing"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: char) -> String {
        format!("{}-0d3e-4f5a-8b7c-9d0e1f2a3b4c", digit.to_string().repeat(8))
    }

    fn item(id: String, owner: Option<Option<&str>>) -> TenantItem {
        TenantItem { id, owner: owner.map(|owner| owner.map(Into::into)), ..TenantItem::default() }
    }

    #[test]
    fn only_what_bears_our_stamp_and_is_nobodys_is_suspected() {
        let known = Known {
            ids: TenantId::parse(&id('a')).into_iter().collect(),
            unreadable: [("contoso".to_owned(), "poison".to_owned())].into(),
        };
        let listed = [
            item(id('A'), Some(Some("east/contoso/of-a-tenant"))),
            item(id('b'), Some(Some("east/contoso/left"))),
            item(id('C'), Some(Some("east/contoso/capitals"))),
            item(id('d'), Some(Some("east/contoso/poison"))),
            item(id('e'), Some(Some("east-2/contoso/of-another"))),
            item(id('f'), Some(Some("west/contoso/x"))),
            item(id('1'), Some(None)),
            item(id('2'), None),
            item("../capabilities".into(), Some(Some("east/contoso/no-id"))),
        ];
        let suspects = suspects("east", &listed, &known);
        let suspects: Vec<String> = suspects.iter().map(ToString::to_string).collect();
        assert_eq!(suspects, [id('2'), id('b'), id('c')]);
    }

    #[test]
    fn the_message_says_how_many() {
        assert_eq!(message(0, 0, false), None);
        let says = |count, more| message(count, 20, more).unwrap();
        assert!(says(1, false).starts_with("1 tenant has the owner stamp of this cluster but no Tenant object. "));
        assert!(says(1, true).starts_with("At least 1 tenant has "));
        assert!(says(21, false).starts_with("21 tenants have "));
        assert!(says(21, false).contains("the first 20 are listed"));
        assert!(says(100, true).starts_with("At least 100 tenants have "));
    }
}
