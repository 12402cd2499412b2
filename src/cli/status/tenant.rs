//! One Tenant: its conditions, its tabs as in the UI, licenses, checks and what waits.

use serde_json::Value;

use super::{condition, title};

/// The text for one Tenant.
pub fn render(tenant: &Value) -> String {
    let status = &tenant["status"];
    let mut text = format!("{}\n", title(tenant));
    for (label, pointer) in [("state", "state"), ("display name", "displayName"), ("partner", "partner")] {
        if let Some(value) = status["platformTenant"][pointer].as_str() {
            text += &format!("  {label}: {value}\n");
        }
    }
    text += "\nConditions\n";
    for kind in ["Ready", "Synced", "ScriptExecutionPending", "LicenseOveruse", "TenantActive", "ChecksPassed"] {
        if let Some((is, reason, message)) = condition(tenant, kind) {
            text += &format!("  {kind} {is} {reason}: {message}\n");
        }
    }
    text += &list("Tabs", &status["tabs"], |tab| {
        let state = word(&tab["state"]);
        let message = tab["message"].as_str().map(|message| format!(": {message}")).unwrap_or_default();
        format!("{} {}{message}", word(&tab["name"]), state)
    });
    text += &list("Differs from the platform", &status["drift"], |drift| {
        format!(
            "{}: {} on the platform, {} in the spec",
            word(&drift["path"]),
            word(&drift["found"]),
            word(&drift["wanted"])
        )
    });
    text += &list("Licenses", &status["licenses"], |license| {
        let of = license["contingent"].as_i64().map(|count| format!(" of {count}")).unwrap_or_default();
        let mark = if license["overused"] == true { "  overused" } else { "" };
        format!("{}: {}{of}{mark}", word(&license["kind"]), license["used"])
    });
    text += &list("Checks", &status["checks"], |check| {
        let message = check["message"].as_str().map(|message| format!(": {message}")).unwrap_or_default();
        format!("{} {}{message}", word(&check["name"]), word(&check["result"]))
    });
    text += &list("Waits for the provisioning script", &status["provisioningScript"]["pendingChanges"], |change| {
        format!("{} {} {}", word(&change["scope"]), word(&change["id"]), word(&change["change"]))
    });
    if let Some(url) = status["provisioningScript"]["downloadUrl"].as_str() {
        text += &format!("\nScript: {url}\n");
    }
    text
}

fn list(title: &str, items: &Value, line: impl Fn(&Value) -> String) -> String {
    let lines: String = items.as_array().into_iter().flatten().map(|item| format!("  {}\n", line(item))).collect();
    if lines.is_empty() { String::new() } else { format!("\n{title}\n{lines}") }
}

fn word(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
