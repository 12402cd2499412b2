//! For programs: one object. Members are added, never renamed or removed.

use serde_json::{Value, json};

use super::letter;
use crate::cli::plan::view::{FleetPlan, Left, Row, TenantPlan};

/// The JSON of a plan.
///
/// *Errors*: never in practice; texts and flags always have a JSON form.
pub fn render(plan: &FleetPlan) -> anyhow::Result<String> {
    let changes = plan.tenants.iter().filter(|tenant| tenant.action.writes()).count();
    let in_doubt = plan.tenants.iter().filter(|tenant| tenant.action.is_in_doubt()).count();
    let document = json!({
        "tenants": plan.tenants.iter().map(tenant).collect::<Vec<_>>(),
        "changes": changes,
        "blocked": in_doubt,
    });
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn tenant(plan: &TenantPlan) -> Value {
    json!({
        "namespace": plan.namespace,
        "name": plan.name,
        "tenantId": plan.tenant_id,
        "action": plan.action.name(),
        "settings": plan.rows.iter().map(row).collect::<Vec<_>>(),
        "notCompared": plan.hidden.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "obstacles": plan.obstacles.iter().map(|(reason, message)| json!({ "reason": reason, "message": message })).collect::<Vec<_>>(),
        "notes": plan.notes,
        "waitsForScript": plan.waits_for_script(),
    })
}

fn row(row: &Row) -> Value {
    json!({
        "path": row.leaf.to_string(),
        "tab": row.leaf.tab().map(|tab| tab.as_str()),
        "from": row.from,
        "to": row.to,
        "authority": letter(row),
        "waitsForScript": row.waits_for_script,
        "irreversible": row.is_irreversible,
        "written": row.left == Left::Written,
    })
}
