//! The totals of a fleet, and below them who has to do what.

use serde_json::Value;

use super::{condition, holds, title};

/// A question about a Tenant, and what to say of each that it is true of.
type Turn = (&'static str, fn(&Value) -> Option<String>);

/// Whose turn it is. A Tenant is named under each that is true of it.
const TURNS: [Turn; 7] = [
    ("Run the provisioning script (Tenant Administrator)", script),
    ("Needs a person", stalled),
    ("Suspended subscription, or not active", inactive),
    ("More licenses in use than bought", |tenant| said(tenant, "LicenseOveruse", "True")),
    ("Differs from the platform", |tenant| said(tenant, "Synced", "False")),
    ("A check failed", |tenant| said(tenant, "ChecksPassed", "False")),
    ("The operator is at work, or waits", working),
];

/// The text for a fleet.
pub fn render(tenants: &[Value]) -> String {
    let ready = tenants.iter().filter(|tenant| holds(tenant, "Ready")).count();
    let mut text = format!("{} Tenants, {ready} ready, {} not\n", tenants.len(), tenants.len() - ready);
    for (question, answer) in TURNS {
        let named: Vec<(String, String)> =
            tenants.iter().filter_map(|tenant| Some((title(tenant), answer(tenant)?))).collect();
        if named.is_empty() {
            continue;
        }
        text += &format!("\n{question}: {}\n", named.len());
        text += &named.iter().map(|(name, why)| format!("  {name}: {why}\n")).collect::<String>();
    }
    text
}

fn said(tenant: &Value, kind: &str, wanted: &str) -> Option<String> {
    let (status, reason, message) = condition(tenant, kind)?;
    (status == wanted).then(|| format!("{reason}: {message}"))
}

fn script(tenant: &Value) -> Option<String> {
    let (status, _, message) = condition(tenant, "ScriptExecutionPending")?;
    (status == "True").then(|| message.to_owned())
}

/// The reason is that of Ready.
fn stalled(tenant: &Value) -> Option<String> {
    let (_, reason, message) = condition(tenant, "Ready").filter(|_| holds(tenant, "Stalled"))?;
    Some(format!("{reason}: {message}"))
}

fn inactive(tenant: &Value) -> Option<String> {
    said(tenant, "TenantActive", "False")
}

fn working(tenant: &Value) -> Option<String> {
    if holds(tenant, "Ready") || holds(tenant, "Stalled") {
        return None;
    }
    let Some((_, reason, message)) = condition(tenant, "Ready") else {
        return Some("no operator has seen it yet".to_owned());
    };
    Some(format!("{reason}: {message}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tenant(name: &str, conditions: Value) -> Value {
        json!({ "metadata": { "namespace": "n", "name": name }, "status": { "conditions": conditions } })
    }

    #[test]
    fn each_tenant_is_named_where_it_is_someones_turn() {
        let condition = |kind: &str, status: &str, reason: &str| json!({ "type": kind, "status": status, "reason": reason, "message": "m" });
        let fleet = [
            tenant(
                "fine",
                json!([
                    condition("Ready", "True", "Succeeded"),
                    condition("ScriptExecutionPending", "False", "NothingPending")
                ]),
            ),
            tenant(
                "script",
                json!([
                    condition("Ready", "True", "Succeeded"),
                    condition("ScriptExecutionPending", "True", "ScriptPending")
                ]),
            ),
            tenant(
                "bad",
                json!([
                    condition("Ready", "False", "InvalidSettings"),
                    condition("Stalled", "True", "InvalidSettings")
                ]),
            ),
            tenant("new", json!([])),
        ];
        assert_eq!(
            "4 Tenants, 2 ready, 2 not\n\
             \nRun the provisioning script (Tenant Administrator): 1\n  n/script: m\n\
             \nNeeds a person: 1\n  n/bad: InvalidSettings: m\n\
             \nThe operator is at work, or waits: 1\n  n/new: no operator has seen it yet\n",
            render(&fleet)
        );
    }
}
