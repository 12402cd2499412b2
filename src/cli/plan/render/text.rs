//! For people: a block for each Tenant that is not as it should be.

use std::io::IsTerminal;

use super::{marks, summary};
use crate::cli::plan::view::{Action, Color, FleetPlan, Left, Row, TenantPlan};

const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const BOLD: &str = "1";

/// The text of a plan.
pub fn render(plan: &FleetPlan, color: Color) -> String {
    let on_terminal =
        || std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let paint = Paint(match color {
        Color::Auto => on_terminal(),
        Color::Always => true,
        Color::Never => false,
    });
    let blocks = plan.tenants.iter().filter(|tenant| tenant.action != Action::Nothing || !tenant.notes.is_empty());
    let blocks: String = blocks.map(|tenant| block(tenant, paint)).collect();
    format!("{blocks}{}\n", paint.with(BOLD, &summary(plan)))
}

#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

fn block(tenant: &TenantPlan, paint: Paint) -> String {
    let color = match tenant.action {
        Action::Create | Action::Recreate => GREEN,
        Action::Adopt | Action::Change | Action::Report => YELLOW,
        Action::Blocked | Action::Unknown => RED,
        Action::Nothing => BOLD,
    };
    let TenantPlan { namespace, name, tenant_id, .. } = tenant;
    let head = format!("{} {namespace}/{name} ({tenant_id})", tenant.action.name());
    let mut text = format!("{}\n", paint.with(color, &head));
    for (reason, message) in &tenant.obstacles {
        text += &format!("  {} {message}\n", paint.with(RED, &format!("! {reason}:")));
    }
    for (tab, rows) in tenant.tabs() {
        text += &format!("  {}\n", tab.as_str());
        text += &rows.into_iter().map(|row| line(row, paint)).collect::<String>();
    }
    if !tenant.hidden.is_empty() {
        let paths: Vec<&str> = tenant.hidden.iter().map(|leaf| leaf.path).collect();
        text += &format!("  not compared, because the section is off: {}\n", paths.join(", "));
    }
    if let Some(authority) = tenant.authority() {
        text += &format!("  needs the authority {}\n", authority.describe());
    }
    if tenant.waits_for_script() {
        text += "  waits for a run of the provisioning script\n";
    }
    text += &tenant.notes.iter().map(|note| format!("  note: {note}\n")).collect::<String>();
    text + "\n"
}

fn line(row: &Row, paint: Paint) -> String {
    let mark = match (row.left, row.is_irreversible) {
        (Left::Written, true) => paint.with(RED, "!"),
        (Left::Written, false) => paint.with(YELLOW, "~"),
        (Left::Restricted | Left::Held | Left::Dead, _) => "=".to_owned(),
    };
    format!("    {mark} {}: {} -> {}  [{}]\n", row.leaf.path, row.from, row.to, marks(row).join("; "))
}
