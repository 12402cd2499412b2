//! The forms of a plan.

pub mod json;
pub mod markdown;
pub mod text;

use super::view::{Action, FleetPlan, Row};

const ACTIONS: [Action; 8] = [
    Action::Create,
    Action::Recreate,
    Action::Adopt,
    Action::Change,
    Action::Report,
    Action::Blocked,
    Action::Unknown,
    Action::Nothing,
];

/// How many Tenants have which action, those without any left out.
fn summary(plan: &FleetPlan) -> String {
    let counts = ACTIONS.iter().map(|action| (plan.count(*action), action)).filter(|(count, _)| *count > 0);
    let counts: Vec<String> = counts.map(|(count, action)| format!("{count} {}", words(*action))).collect();
    let tenants = if plan.tenants.len() == 1 { "Tenant" } else { "Tenants" };
    format!("{} {tenants}: {}", plan.tenants.len(), counts.join(", "))
}

fn words(action: Action) -> &'static str {
    match action {
        Action::Nothing => "unchanged",
        Action::Create => "to create",
        Action::Recreate => "to create again",
        Action::Adopt => "to adopt",
        Action::Change => "to change",
        Action::Report => "with differences that are only reported",
        Action::Blocked => "blocked",
        Action::Unknown => "unknown",
    }
}

/// What is to be known of a row besides its values.
fn marks(row: &Row) -> Vec<String> {
    let mut marks = vec![format!("authority {}", letter(row))];
    if row.is_irreversible {
        marks.push("cannot be undone".to_owned());
    }
    if row.waits_for_script {
        marks.push("waits for the provisioning script".to_owned());
    }
    marks.extend(row.left.words().map(ToOwned::to_owned));
    marks
}

fn letter(row: &Row) -> &'static str {
    row.leaf.authority.describe().get(..1).unwrap_or_default()
}
