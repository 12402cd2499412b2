//! Organization units: a tree whose root is the tenant itself.
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::digest::derived_guid;
use super::store::Work;

/// The id of the root of every tree.
pub(crate) const ROOT: &str = "root";

/// Returns the "Default Organization Unit for Microsoft Teams-based teams", which always exists directly below the root.
pub(crate) fn teams_based(tenant: &str) -> String {
    derived_guid(&["teams-based", tenant])
}

/// A unit below the root.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unit {
    pub parent: String,
    pub name: String,
    /// False if nothing new can be placed in it.
    pub selectable: bool,
}

/// The units of a tenant.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Tree(BTreeMap<String, Unit>);

impl Tree {
    /// Returns the units of a tenant, which need not exist yet.
    pub(crate) async fn load(work: &mut Work, tenant: &str) -> Result<Self, sqlx::Error> {
        let sql = "SELECT id, parent, name, selectable FROM organization_units WHERE tenant = ?";
        let rows: Vec<(String, String, String, bool)> =
            sqlx::query_as(sql).bind(tenant).fetch_all(&mut *work.tx).await?;
        let unit = |(id, parent, name, selectable)| (id, Unit { parent, name, selectable });
        let mut units: BTreeMap<String, Unit> = rows.into_iter().map(unit).collect();
        let name = "Default Organization Unit for Microsoft Teams-based teams".to_owned();
        units.insert(teams_based(tenant), Unit { parent: ROOT.to_owned(), name, selectable: true });
        Ok(Self(units))
    }

    /// Returns the unit of this id, which is not the root.
    pub(crate) fn get(&self, id: &str) -> Option<&Unit> {
        self.0.get(id)
    }

    /// True if the id names the root or a unit.
    pub(crate) fn has(&self, id: &str) -> bool {
        id == ROOT || self.0.contains_key(id)
    }

    /// True if something new can be placed in the unit.
    pub(crate) fn is_selectable(&self, id: &str) -> bool {
        id == ROOT || self.0.get(id).is_some_and(|unit| unit.selectable)
    }

    /// True if `id` is `above` or somewhere below it.
    pub(crate) fn is_within(&self, id: &str, above: &str) -> bool {
        let mut at = id;
        loop {
            match self.0.get(at) {
                _ if at == above => return true,
                Some(unit) => at = &unit.parent,
                None => return false,
            }
        }
    }

    pub(crate) fn to_json(&self) -> Value {
        let root = json!({"id": ROOT, "parent": null, "name": "root", "selectable": true});
        let unit = |(id, unit): (&String, &Unit)| json!({"id": id, "parent": unit.parent, "name": unit.name, "selectable": unit.selectable});
        let items: Vec<Value> = std::iter::once(root).chain(self.0.iter().map(unit)).collect();
        json!({"items": items})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_within_itself_and_all_units_above_it() {
        let unit = |parent: &str| Unit { parent: parent.to_owned(), name: "x".to_owned(), selectable: true };
        let units = [("sales", ROOT), ("berne", "sales"), ("help", ROOT)];
        let tree = Tree(units.into_iter().map(|(id, parent)| (id.to_owned(), unit(parent))).collect());
        let rows = [
            ("berne", "berne", true),
            ("berne", "sales", true),
            ("berne", ROOT, true),
            ("sales", "berne", false),
            ("help", "sales", false),
            ("gone", ROOT, false),
        ];
        for (id, above, expected) in rows {
            assert_eq!(expected, tree.is_within(id, above), "{id} {above}");
        }
    }
}
