//! Organization units: a tree whose root is the tenant itself.
//!
//! What is in a deleted unit moves one level up: services, users, units below it, and the default of new services, which
//! is a setting that the platform then changes by itself and shows as moved.
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::tenant::tenant;
use crate::api::tenants::alive;
use crate::http::call::{Call, Reply};
use crate::model::format::{derived_guid, guid};
use crate::model::problem::{Code, Failure, Problem};
use crate::model::rows::DEFAULT_ORGANIZATION_UNIT;
use crate::model::store::Work;
use crate::model::table::put;
use crate::model::tenant::Tenant;

/// The id of the top of every tree.
pub(crate) const ROOT: &str = "root";

/// Returns the "Default Organization Unit for Microsoft Teams-based teams", which is always there, right below the root.
pub(crate) fn teams_based(tenant: &str) -> String {
    derived_guid(&["teams-based", tenant])
}

/// A unit below the root.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Unit {
    pub parent: String,
    pub name: String,
    /// False for one that nothing new can be put into.
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

    /// True if the id names the root or a unit.
    pub(crate) fn has(&self, id: &str) -> bool {
        id == ROOT || self.0.contains_key(id)
    }

    /// True if something new can be put into the unit.
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

    fn to_json(&self) -> Value {
        let root = json!({"id": ROOT, "parent": null, "name": "root", "selectable": true});
        let unit = |(id, unit): (&String, &Unit)| json!({"id": id, "parent": unit.parent, "name": unit.name, "selectable": unit.selectable});
        let items: Vec<Value> = std::iter::once(root).chain(self.0.iter().map(unit)).collect();
        json!({"items": items})
    }
}

/// `GET /sandbox/tenants/{id}/organization-units`.
pub(crate) async fn list(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let tenant = tenant(work, call).await?;
    Ok(Reply::ok(Tree::load(work, &tenant.id).await?.to_json()))
}

/// `POST /sandbox/tenants/{id}/organization-units`: a unit is made below another one.
///
/// The tenant need not exist yet, so that its creation can name a unit.
pub(crate) async fn create(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["id", "name", "parent", "selectable"])?;
    let tenant = call.tenant()?;
    if let Some(present) = Tenant::load(work, &tenant).await? {
        alive(&present)?;
    }
    let tree = Tree::load(work, &tenant).await?;
    let id = match body.nullable_text("id")? {
        None => uuid::Uuid::new_v4().to_string(),
        Some(id) => guid(&id).ok_or(Problem::member("/id", Code::BadFormat))?,
    };
    if tree.has(&id) {
        return Err(Problem::member("/id", Code::NotAllowed).into());
    }
    let parent = body.nullable_text("parent")?.unwrap_or_else(|| ROOT.to_owned());
    if !tree.has(&parent) {
        return Err(Problem::member("/parent", Code::UnknownReference).into());
    }
    let (name, selectable) = (body.text("name")?, !body.has("selectable") || body.flag("selectable")?);
    let sql = "INSERT INTO organization_units VALUES (?, ?, ?, ?, ?)";
    let row = sqlx::query(sql).bind(&tenant).bind(&id).bind(&parent).bind(&name).bind(selectable);
    row.execute(&mut *work.tx).await?;
    Ok(Reply::new(201, Some(json!({"id": id, "parent": parent, "name": name, "selectable": selectable}))))
}

/// `DELETE /sandbox/tenants/{id}/organization-units/{unit}`: what is in it moves one level up.
pub(crate) async fn delete(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let mut tenant = tenant(work, call).await?;
    let id = call.parameter("unit");
    let tree = Tree::load(work, &tenant.id).await?;
    let Some(unit) = tree.0.get(id).filter(|_| id != teams_based(&tenant.id)) else {
        return Err(Problem::member("/unit", Code::UnknownReference).into());
    };
    for sql in [
        "UPDATE organization_units SET parent = ?1 WHERE tenant = ?2 AND parent = ?3",
        "UPDATE services SET organization_unit = ?1 WHERE tenant = ?2 AND organization_unit = ?3",
        "UPDATE users SET organization_unit = ?1 WHERE tenant = ?2 AND organization_unit = ?3",
    ] {
        sqlx::query(sql).bind(&unit.parent).bind(&tenant.id).bind(id).execute(&mut *work.tx).await?;
    }
    let sql = "DELETE FROM organization_units WHERE tenant = ? AND id = ?";
    sqlx::query(sql).bind(&tenant.id).bind(id).execute(&mut *work.tx).await?;
    if tenant.text(DEFAULT_ORGANIZATION_UNIT) == Some(id) {
        put(&mut tenant.settings, DEFAULT_ORGANIZATION_UNIT, json!(unit.parent));
        // Of several moves in a row the first one says what was wanted.
        tenant.state.moved_from.entry(DEFAULT_ORGANIZATION_UNIT.to_owned()).or_insert_with(|| id.to_owned());
        tenant.save(work).await?;
    }
    Ok(Reply::new(204, None))
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
