//! What the platform's document says in addition to settings: state, script, licenses. No user's name or address is taken over.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::admin_api::{Runtime, TenantDocument};
use crate::plan::script;
use crate::resources::condition::ConditionUpdate;
use crate::resources::status::{LicenseStatus, PendingChange, PlatformTenant, ProvisioningScript, TenantStatus};
use crate::resources::{ConditionStatus, ConditionType, Reason, bounds};
use crate::settings::Leaf;
use crate::settings::tabs::contingents::contingent_of;
use crate::settings::tabs::general::NAME;
use crate::settings::tabs::licenses::{SubscriptionState, TENANT_STATE};
use crate::settings::tabs::partner::PARTNER;
use crate::text::cut_printable;

/// Most entries of a list that is taken over from the platform.
const MOST: usize = 20;

/// Takes over what the platform says. Usage moves all day, so its numbers are taken over only when `refresh_licenses` says
/// that it is time, or when a kind begins or ends to be overused.
pub fn take_over(status: &mut TenantStatus, document: &TenantDocument, refresh_licenses: bool) {
    status.platform_tenant = Some(PlatformTenant {
        id: document.id.to_ascii_lowercase(),
        state: state(document),
        display_name: text(&document.settings, NAME),
        partner: text(&document.settings, PARTNER),
    });
    status.provisioning_script = Some(script(&document.runtime));
    let now = licenses(document);
    let overused = |licenses: &[LicenseStatus]| -> Vec<String> {
        licenses.iter().filter(|license| license.overused).map(|license| license.kind.clone()).collect()
    };
    if refresh_licenses || status.licenses.len() != now.len() || overused(&status.licenses) != overused(&now) {
        status.licenses = now;
    }
}

/// The conditions about the tenant itself.
pub fn updates(document: &TenantDocument) -> Vec<ConditionUpdate> {
    let mut updates = vec![script_pending(&document.runtime), overuse(&licenses(document))];
    updates.extend(active(document));
    updates
}

fn script_pending(runtime: &Runtime) -> ConditionUpdate {
    let pending = &runtime.pending_changes;
    if pending.is_empty() {
        return ConditionUpdate::new(
            ConditionType::ScriptExecutionPending,
            false,
            Reason::NothingPending,
            "No change waits for the provisioning script",
        );
    }
    let named: Vec<String> =
        pending.iter().take(8).map(|change| format!("{} ({})", name(&change.change), name(&change.scope))).collect();
    let more =
        if pending.len() > named.len() { format!(" (+{} more)", pending.len() - named.len()) } else { String::new() };
    let message = format!("{}. Pending changes: {}{more}", script::waiting(runtime), named.join(", "));
    ConditionUpdate::new(ConditionType::ScriptExecutionPending, true, Reason::ScriptPending, message)
}

fn overuse(licenses: &[LicenseStatus]) -> ConditionUpdate {
    let kinds: Vec<&str> =
        licenses.iter().filter(|license| license.overused).map(|license| license.kind.as_str()).collect();
    if kinds.is_empty() {
        return ConditionUpdate::new(
            ConditionType::LicenseOveruse,
            false,
            Reason::WithinContingent,
            "License usage is within the contingents",
        );
    }
    let message = format!("More licenses are in use than purchased: {}", kinds.join(", "));
    ConditionUpdate::new(ConditionType::LicenseOveruse, true, Reason::ContingentExceeded, message)
}

/// Active, Trial and Lab work; the other published states do not. A state that this version does not know is no verdict.
fn active(document: &TenantDocument) -> Option<ConditionUpdate> {
    let state = state(document)?;
    let (holds, reason) = match SubscriptionState::parse(&state) {
        Some(SubscriptionState::Active) => (ConditionStatus::True, Reason::StateActive),
        Some(SubscriptionState::Trial) => (ConditionStatus::True, Reason::StateTrial),
        Some(SubscriptionState::Lab) => (ConditionStatus::True, Reason::StateLab),
        Some(SubscriptionState::Suspended) => (ConditionStatus::False, Reason::StateSuspended),
        Some(SubscriptionState::Expired) => (ConditionStatus::False, Reason::StateExpired),
        Some(SubscriptionState::Canceled) => (ConditionStatus::False, Reason::StateCanceled),
        None => (ConditionStatus::Unknown, Reason::StateUnknown),
    };
    let message = match holds {
        ConditionStatus::True => format!("The state of the subscription is {state}"),
        // What follows from the other two is not published.
        ConditionStatus::False if reason == Reason::StateSuspended => {
            "The subscription is Suspended: users cannot log in, tasks are rejected and calls are answered with an announcement; the settings are kept"
                .to_owned()
        }
        ConditionStatus::False => {
            format!("The subscription is {state}: logins and tasks may be rejected; the settings are kept")
        }
        ConditionStatus::Unknown => format!("The subscription is '{state}', a state that this version does not know"),
    };
    Some(ConditionUpdate::new(ConditionType::TenantActive, holds, reason, message))
}

fn script(runtime: &Runtime) -> ProvisioningScript {
    ProvisioningScript {
        pending: !runtime.pending_changes.is_empty(),
        pending_changes: runtime
            .pending_changes
            .iter()
            .take(MOST)
            .map(|change| PendingChange {
                scope: word(&change.scope),
                id: name(&change.id),
                change: name(&change.change),
            })
            .collect(),
        download_url: script::link(runtime, bounds::LINK).map(ToOwned::to_owned),
    }
}

/// Usage over contingent, kind by kind. Overuse is strict: usage above the contingent.
fn licenses(document: &TenantDocument) -> Vec<LicenseStatus> {
    let mut used = Vec::new();
    numbers(&document.runtime.used, String::new(), &mut used);
    // A status lists each kind once; members with dots in their names could give one twice.
    let mut known = BTreeSet::new();
    used.into_iter()
        .filter(|(kind, _)| kind.chars().count() <= bounds::LICENSE_KIND && known.insert(kind.clone()))
        .take(128)
        .map(|(kind, used)| {
            let contingent = contingent_of(&document.settings, &kind);
            LicenseStatus { overused: contingent.is_some_and(|contingent| used > contingent), kind, used, contingent }
        })
        .collect()
}

fn numbers(value: &Value, path: String, found: &mut Vec<(String, i64)>) {
    match value {
        Value::Object(members) => {
            for (member_name, member) in members {
                let member_name = name(member_name);
                let path = if path.is_empty() { member_name } else { format!("{path}.{member_name}") };
                numbers(member, path, found);
            }
        }
        Value::Number(number) => found.extend(number.as_i64().map(|number| (path, number))),
        Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) => {}
    }
}

fn state(document: &TenantDocument) -> Option<String> {
    text(&document.settings, TENANT_STATE).map(|state| word(&state))
}

fn text(settings: &Value, leaf: &Leaf) -> Option<String> {
    leaf.find(settings).and_then(Value::as_str).map(name)
}

fn name(text: &str) -> String {
    cut_printable(text, bounds::NAME)
}

fn word(text: &str) -> String {
    cut_printable(text, bounds::WORD)
}
