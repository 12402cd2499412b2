//! The parts of a status that speak of single settings: tabs, which are the warning icons of the UI, and drift.

use serde_json::Value;

use super::{Change, Difference};
use crate::resources::Tenant;
use crate::resources::status::{Drift, TabStatus};
use crate::settings::{Leaf, Tab, Violation, leaves};

/// The changed settings by name, the first few.
pub(super) fn paths(changes: &[Change]) -> String {
    const MOST: usize = 8;
    let named = changes.iter().take(MOST).map(|change| change.leaf.to_string()).collect::<Vec<_>>().join(", ");
    if changes.len() > MOST { format!("{named} and {} more", changes.len() - MOST) } else { named }
}

pub(super) fn drift(difference: &Difference) -> Vec<Drift> {
    let differing = difference.differing();
    differing
        .into_iter()
        .take(20)
        .map(|change| Drift {
            path: change.leaf.to_string(),
            wanted: change.leaf.render(change.wanted.as_ref()),
            found: change.leaf.render(change.found.as_ref()),
        })
        .collect()
}

/// The tabs as they stand: one entry per tab that has settings.
pub(super) fn tabs(tenant: &Tenant, difference: &Difference) -> Vec<TabStatus> {
    let mut tabs: Vec<Tab> = leaves().filter_map(Leaf::tab).collect();
    tabs.dedup();
    let open = difference.open();
    let spec = serde_json::to_value(&tenant.spec.settings).unwrap_or_default();
    tabs.into_iter()
        .map(|tab| {
            let count = |changes: &[Change]| changes.iter().filter(|change| change.leaf.tab() == Some(tab)).count();
            let hidden = difference.hidden.iter().filter(|leaf| leaf.tab() == Some(tab)).count();
            let managed = leaves().any(|leaf| leaf.tab() == Some(tab) && stands(&spec, leaf.path));
            let (state, message) =
                match (count(&difference.restricted), count(&open) + count(&difference.held), managed) {
                    (0, 0, false) => ("NotManaged", None),
                    (0, 0, true) => ("InSync", None),
                    (0, drifted, _) => ("Drifted", Some(format!("{drifted} settings differ from the platform"))),
                    (restricted, _, _) => (
                        "Restricted",
                        Some(format!("{restricted} settings may not be changed with the operator's credentials")),
                    ),
                };
            let hides = (hidden > 0).then(|| format!("{hidden} settings are hidden while their section is off"));
            let message = [message, hides].into_iter().flatten().collect::<Vec<_>>().join("; ");
            TabStatus {
                name: tab.name().into(),
                state: state.into(),
                message: Some(message).filter(|message| !message.is_empty()),
            }
        })
        .collect()
}

fn stands(spec: &Value, path: &str) -> bool {
    path.split('.').try_fold(spec, |at, name| at.get(name)).is_some()
}

pub(super) fn mark_invalid(tabs: &mut Vec<TabStatus>, violations: &[Violation]) {
    tabs.retain(|tab| tab.state != "Invalid");
    let mut bad: Vec<Tab> = violations.iter().filter_map(|violation| Tab::of(&violation.path)).collect();
    bad.sort_unstable();
    bad.dedup();
    for tab in bad {
        let problems = violations.iter().filter(|violation| Tab::of(&violation.path) == Some(tab));
        let message: String =
            problems.map(ToString::to_string).collect::<Vec<_>>().join("; ").chars().take(1024).collect();
        tabs.retain(|known| known.name != tab.name());
        tabs.push(TabStatus { name: tab.name().into(), state: "Invalid".into(), message: Some(message) });
    }
    let place = |tab: &TabStatus| leaves().position(|leaf| leaf.tab().is_some_and(|of| of.name() == tab.name));
    tabs.sort_by_key(place);
}
