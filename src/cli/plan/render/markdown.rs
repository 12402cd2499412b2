//! For the comment of a pull request: the summary first, and a table for each Tenant that can be unfolded.

use super::{marks, summary};
use crate::cli::plan::view::{Action, FleetPlan, Row, TenantPlan};

/// The Markdown of a plan.
pub fn render(plan: &FleetPlan) -> String {
    let tenants = plan.tenants.iter().filter(|tenant| tenant.action != Action::Nothing);
    let tenants: String = tenants.map(tenant).collect();
    format!("### Nimbus plan\n\n{}\n{tenants}", summary(plan))
}

fn tenant(plan: &TenantPlan) -> String {
    let TenantPlan { namespace, name, tenant_id, action, .. } = plan;
    // What needs a decision is unfolded.
    let open = if action.is_in_doubt() || plan.rows.iter().any(|row| row.is_irreversible) { " open" } else { "" };
    let head = format!(
        "<b>{}</b> {} (<code>{}</code>)",
        action.name(),
        escaped(&format!("{namespace}/{name}")),
        escaped(tenant_id)
    );
    let mut text = format!("\n<details{open}><summary>{head}</summary>\n\n");
    for (reason, message) in &plan.obstacles {
        text += &format!("- :no_entry: **{}**: {}\n", escaped(reason), escaped(message));
    }
    if !plan.rows.is_empty() {
        text += "\n| Tab | Setting | Platform | File | |\n|---|---|---|---|---|\n";
    }
    for (tab, rows) in plan.tabs() {
        text += &rows.into_iter().map(|row| line(tab.as_str(), row)).collect::<String>();
    }
    let notes = plan.notes.iter().map(|note| format!("\n- {}", escaped(note)));
    let authority = plan.authority().map(|authority| format!("\n- needs the authority {}", authority.describe()));
    let script = plan.waits_for_script().then(|| "\n- waits for a run of the provisioning script".to_owned());
    text += &notes.chain(authority).chain(script).collect::<String>();
    text + "\n\n</details>\n"
}

fn line(tab: &str, row: &Row) -> String {
    let [from, to] = [&row.from, &row.to].map(|value| escaped(value));
    let warning = if row.is_irreversible { ":warning: " } else { "" };
    format!("| {tab} | `{}` | {from} | {to} | {warning}{} |\n", row.leaf.path, marks(row).join("; "))
}

/// A value can neither end a cell, nor become a tag, a link or a mention.
fn escaped(text: &str) -> String {
    let escape = |c: char| match c {
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '&' => "&amp;".to_owned(),
        '@' => "&#64;".to_owned(),
        '\n' | '\r' => " ".to_owned(),
        c if "|`*_[]()#!\\".contains(c) => format!("\\{c}"),
        c => c.to_string(),
    };
    text.chars().map(escape).collect()
}
