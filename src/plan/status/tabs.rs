//! The parts of a status that speak of single settings: tabs, which are the warning icons of the UI, and drift.

use kube::ResourceExt;
use serde_json::Value;

use crate::admin_api::TenantDocument;
use crate::plan::difference::{Change, Difference};
use crate::plan::outcome::SideEffects;
use crate::plan::triggers::Waiting;
use crate::plan::widget_key::Publication;
use crate::plan::wording;
use crate::resources::status::{Drift, TabStatus};
use crate::resources::{TabState, Tenant, bounds};
use crate::settings::{Leaf, Tab, Violation, leaves};
use crate::text::{quoted, shorten};

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
pub(super) fn tabs(
    tenant: &Tenant,
    difference: &Difference,
    document: &TenantDocument,
    side_effects: &SideEffects,
) -> Vec<TabStatus> {
    let open = difference.open();
    let spec = serde_json::to_value(&tenant.spec.settings).unwrap_or_default();
    let namespace = tenant.namespace().unwrap_or_default();
    let mut tabs: Vec<TabStatus> = all_tabs()
        .into_iter()
        .map(|tab| {
            let count = |changes: &[Change]| changes.iter().filter(|change| change.leaf.tab() == Some(tab)).count();
            let hidden = difference.hidden.iter().filter(|leaf| leaf.tab() == Some(tab)).count();
            let managed = leaves().any(|leaf| leaf.tab() == Some(tab) && is_set(&spec, leaf.path));
            let (state, message) =
                match (count(&difference.restricted), count(&open) + count(&difference.held), managed) {
                    (0, 0, false) => (TabState::NotManaged, None),
                    (0, 0, true) => (TabState::InSync, None),
                    (0, drifted, _) => (TabState::Drifted, Some(wording::differing(drifted))),
                    (restricted, _, _) => (TabState::Restricted, Some(wording::restricted(restricted))),
                };
            let hides = (hidden > 0).then(|| wording::hidden(hidden));
            let refused = tab == Tab::Extensions && matches!(side_effects.key, Publication::Refused { .. });
            let state = if refused { TabState::Invalid } else { state };
            let of_tab = |waiting: &&Waiting| waiting.trigger.leaf().tab() == Some(tab);
            let waits = side_effects.waiting.iter().filter(of_tab).map(Waiting::words);
            let key = side_effects.key.words(&namespace, side_effects.undone()).filter(|_| tab == Tab::Extensions);
            let notes = capped(&spec, tab, document).into_iter().chain(moved(&spec, tab, document));
            let message = message.into_iter().chain(key).chain(hides).chain(waits).chain(notes);
            let message = shorten(&message.collect::<Vec<_>>().join("; "), bounds::MESSAGE);
            TabStatus { name: tab, state, message: Some(message).filter(|message| !message.is_empty()) }
        })
        .collect();
    let dead = difference.dead.iter().map(|dead| Violation {
        path: dead.change.leaf.path.to_owned(),
        problem: "names an organization unit that was deleted".to_owned(),
    });
    mark_invalid(&mut tabs, &dead.collect::<Vec<_>>());
    tabs
}

/// Limits that the spec sets above what the vendor allows: they stay stored, and less has an effect.
fn capped(spec: &Value, tab: Tab, document: &TenantDocument) -> Vec<String> {
    let managed = leaves().filter(|leaf| leaf.tab() == Some(tab) && is_set(spec, leaf.path));
    let note = |leaf: &Leaf| {
        let cap = document.runtime.caps.iter().find(|cap| cap.pointer == leaf.pointer())?;
        let wanted =
            leaf.find(&document.settings).and_then(Value::as_i64).filter(|wanted| *wanted > cap.effective_max)?;
        Some(format!("{leaf} is {wanted}, but the vendor's limit is {}", cap.effective_max))
    };
    managed.filter_map(note).collect()
}

/// Settings that the spec leaves to the platform, and that the platform moved. A spec that names what is gone is refused before.
fn moved(spec: &Value, tab: Tab, document: &TenantDocument) -> Vec<String> {
    let left_alone = leaves().filter(|leaf| leaf.tab() == Some(tab) && !is_set(spec, leaf.path));
    let note = |leaf: &Leaf| {
        let moved = document.runtime.moved_references.iter().find(|moved| moved.pointer == leaf.pointer())?;
        Some(format!(
            "The platform changed {leaf} to {} because the previous value was deleted",
            quoted(&moved.to, bounds::NAME)
        ))
    };
    left_alone.filter_map(note).collect()
}

/// The tabs of a spec that cannot be compared: what it manages is not known to be in sync.
pub(super) fn not_compared(tenant: &Tenant) -> Vec<TabStatus> {
    let spec = serde_json::to_value(&tenant.spec.settings).unwrap_or_default();
    let state = |tab| match leaves().any(|leaf| leaf.tab() == Some(tab) && is_set(&spec, leaf.path)) {
        true => TabState::Unknown,
        false => TabState::NotManaged,
    };
    all_tabs().into_iter().map(|tab| TabStatus { name: tab, state: state(tab), message: None }).collect()
}

fn all_tabs() -> Vec<Tab> {
    let mut tabs: Vec<Tab> = leaves().filter_map(Leaf::tab).collect();
    tabs.dedup();
    tabs
}

pub(super) fn is_set(spec: &Value, path: &str) -> bool {
    path.split('.').try_fold(spec, |at, name| at.get(name)).is_some()
}

/// Marks the tabs of these settings, and says what is wrong with each.
pub(super) fn mark_invalid(tabs: &mut Vec<TabStatus>, violations: &[Violation]) {
    let mut bad: Vec<Tab> = violations.iter().filter_map(|violation| Tab::of(&violation.path)).collect();
    bad.sort_unstable();
    bad.dedup();
    for tab in bad {
        let problems = violations.iter().filter(|violation| Tab::of(&violation.path) == Some(tab));
        let problems: Vec<String> = problems.map(ToString::to_string).collect();
        let message = shorten(&problems.join("; "), bounds::MESSAGE);
        tabs.retain(|known| known.name != tab);
        tabs.push(TabStatus { name: tab, state: TabState::Invalid, message: Some(message) });
    }
    let place = |tab: &TabStatus| leaves().position(|leaf| leaf.tab() == Some(tab.name));
    tabs.sort_by_key(place);
}
