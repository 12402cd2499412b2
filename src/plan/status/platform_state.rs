//! What the platform's document says in addition to settings: state, script, licenses. No user's name or address is taken over.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::facts::Facts;
use crate::admin_api::types::{InstantMessagingState, Invitation, Pending};
use crate::admin_api::{Runtime, TenantDocument};
use crate::plan::difference::Difference;
use crate::plan::seen::{Comparison, Seen};
use crate::plan::{recreation, script};
use crate::resources::condition::{ConditionChange, ConditionUpdate};
use crate::resources::status::{
    Applied, CHAT_APP, GrantLink, InstantMessagingStatus, LicenseStatus, PendingChange, PlatformTenant,
    ProvisioningScript, TenantStatus,
};
use crate::resources::{ConditionStatus, ConditionType, Reason, SpecHash, Tenant, bounds};
use crate::settings::Leaf;
use crate::settings::tabs::contingents::contingents;
use crate::settings::tabs::general::NAME;
use crate::settings::tabs::instant_messaging::ENABLED;
use crate::settings::tabs::licenses::{SubscriptionState, TENANT_STATE};
use crate::settings::tabs::partner::PARTNER;
use crate::text::{named, quoted, shown};

/// What the conditions about the tenant say where it is not ours any more.
const NOT_KNOWN: &str = "Not known at present; the message of Ready says why";
/// Most entries that a message names.
const NAMED: usize = 8;
/// Most entries of a list that is taken over from the platform.
const MOST: usize = 20;

/// Takes over what the platform says. Usage moves all day, so its numbers are taken over only when `refresh_licenses` says
/// that it is time, or when a kind begins or ends to be overused.
pub fn take_over(status: &mut TenantStatus, document: &TenantDocument, refresh_licenses: bool) {
    status.platform_tenant = Some(platform_tenant(document));
    status.provisioning_script = Some(script(&document.runtime));
    status.instant_messaging = instant_messaging(document, &status.grant_links);
    let now = licenses(document);
    let overused = |licenses: &[LicenseStatus]| -> Vec<String> {
        licenses.iter().filter(|license| license.overused).map(|license| license.kind.clone()).collect()
    };
    if refresh_licenses || status.licenses.len() != now.len() || overused(&status.licenses) != overused(&now) {
        status.licenses = now;
    }
}

/// Whether a status has the license usage of a document, which is taken over only from time to time.
pub(super) fn has_usage_of(status: &TenantStatus, document: &TenantDocument) -> bool {
    status.licenses == licenses(document)
}

/// What a pass that stopped says of the tenant itself: what the platform answered, or what was known. Where the tenant is not ours any
/// more, nothing is known of it, and `reason` says why.
pub(super) fn changes(facts: Facts<'_>, reason: Reason) -> Vec<ConditionChange> {
    let types = [ConditionType::ScriptExecutionPending, ConditionType::LicenseOveruse, ConditionType::TenantActive];
    match facts.seen {
        Seen::Ours(Comparison { document, .. }) | Seen::Leaving(document) => {
            updates(document).into_iter().map(ConditionChange::Set).collect()
        }
        Seen::Nothing => types.map(ConditionChange::Keep).to_vec(),
        Seen::NotOurs | Seen::Free(_) => {
            let stated = types.into_iter().filter(|condition_type| facts.was(*condition_type).is_some());
            let unknown = |stated| ConditionUpdate::unexplained(stated, ConditionStatus::Unknown, reason, NOT_KNOWN);
            stated.map(|stated| unknown(stated).into()).collect()
        }
    }
}

/// The facts about the tenant in the status of a pass that stopped.
pub(super) fn follow(status: &mut TenantStatus, facts: Facts<'_>) {
    match facts.seen {
        Seen::Ours(Comparison { document, difference }) => {
            take_over(status, document, facts.refresh_licenses);
            if hold(status, facts.tenant, document) {
                prove(status, difference);
            }
        }
        Seen::Leaving(document) => take_over(status, document, facts.refresh_licenses),
        Seen::Nothing => {}
        Seen::Free(Comparison { document, .. }) => {
            forget(status);
            status.platform_tenant = Some(platform_tenant(document));
        }
        Seen::NotOurs => forget(status),
    }
}

/// A tenant that is ours is known from now on, also where the spec was never applied as a whole: it is not created again silently,
/// and the Tenant is held. So is one that was created again before that was recorded: its confirmation is used up.
/// Returns whether that is news.
pub(super) fn hold(status: &mut TenantStatus, tenant: &Tenant, document: &TenantDocument) -> bool {
    let is_used_up = status.applied.as_ref().is_some_and(|applied| recreation::is_confirmed(tenant, applied));
    let is_news = document.owner.is_some() && (status.applied.is_none() || is_used_up);
    if is_news {
        status.applied = Some(held(document));
    }
    is_news
}

/// Records for which partner the tenant is ours. What is not proved leaves what was.
pub(super) fn prove(status: &mut TenantStatus, difference: &Difference) {
    if let (Some(applied), Some(partner)) = (&mut status.applied, &difference.proved_partner) {
        applied.partner_id = Some(shown(partner, bounds::NAME));
    }
}

/// What is recorded of a tenant that is ours while no generation of the spec was applied as a whole. No spec has this hash.
pub(super) fn held(document: &TenantDocument) -> Applied {
    let settings_version = shown(&document.settings_version, bounds::WORD);
    Applied {
        generation: 0,
        hash: SpecHash::default(),
        settings_version,
        data_retention_months: None,
        partner_id: None,
    }
}

/// What was known of a tenant that is not ours any more. Its id stays: it names the tenant.
fn forget(status: &mut TenantStatus) {
    (status.provisioning_script, status.instant_messaging) = (None, None);
    status.licenses.clear();
    if let Some(tenant) = &mut status.platform_tenant {
        (tenant.state, tenant.display_name, tenant.partner) = (None, None, None);
    }
}

/// What Instant Messaging waits for, while it is on.
fn instant_messaging(document: &TenantDocument, links: &[GrantLink]) -> Option<InstantMessagingStatus> {
    let is_on = ENABLED.find(&document.settings).and_then(Value::as_bool) == Some(true);
    let invitation = |invitation: Option<Invitation>| invitation.map(|invitation| invitation.as_str().to_owned());
    let InstantMessagingState { primary, secondary, last_token: _ } = &document.runtime.instant_messaging;
    is_on.then(|| InstantMessagingStatus {
        primary_invitation: invitation(*primary),
        secondary_invitation: invitation(*secondary),
        grant_url: links.iter().find(|link| link.name == CHAT_APP).map(|link| link.url.clone()),
    })
}

fn platform_tenant(document: &TenantDocument) -> PlatformTenant {
    PlatformTenant {
        id: document.id.to_ascii_lowercase(),
        state: state(document),
        display_name: text(&document.settings, NAME),
        partner: text(&document.settings, PARTNER),
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
    let words = |change: &Pending| {
        let [change, scope] = [&change.change, &change.scope].map(|word| named(word, bounds::NAME));
        format!("{change} ({scope})")
    };
    let changes: Vec<String> = pending.iter().take(NAMED).map(words).collect();
    let more = if pending.len() > changes.len() {
        format!(" (+{} more)", pending.len() - changes.len())
    } else {
        String::new()
    };
    let message = format!("{}. Pending changes: {}{more}", script::waiting(runtime), changes.join(", "));
    ConditionUpdate::new(ConditionType::ScriptExecutionPending, true, Reason::ScriptPending, message)
}

fn overuse(licenses: &[LicenseStatus]) -> ConditionUpdate {
    let overused = licenses.iter().filter(|license| license.overused);
    let kinds: Vec<String> = overused.map(|license| named(&license.kind, bounds::LICENSE_KIND)).collect();
    if kinds.is_empty() {
        return ConditionUpdate::new(
            ConditionType::LicenseOveruse,
            false,
            Reason::WithinContingent,
            "License usage is within the contingents",
        );
    }
    let more = if kinds.len() > NAMED { format!(" (+{} more)", kinds.len() - NAMED) } else { String::new() };
    let first = kinds.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    let message = format!("More licenses are in use than purchased: {first}{more}");
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
        ConditionStatus::Unknown => {
            format!("The subscription is {}, a state that this version does not know", quoted(&state, bounds::WORD))
        }
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
        download_url: script::link(runtime, bounds::LINK),
    }
}

/// Usage over contingent, for every kind of either list. What was not bought is a contingent of 0, and what is not reported is not in
/// use. Overuse is strict: usage above the contingent.
fn licenses(document: &TenantDocument) -> Vec<LicenseStatus> {
    let numbers = |tree: Option<&Value>| {
        let mut found = BTreeMap::new();
        tree.iter().for_each(|tree| numbers(tree, String::new(), &mut found));
        found
    };
    let used = numbers(Some(&document.runtime.used));
    let bought = numbers(contingents(&document.settings));
    let kinds: BTreeSet<&String> = used.keys().chain(bought.keys()).collect();
    kinds
        .into_iter()
        .filter(|kind| kind.chars().count() <= bounds::LICENSE_KIND)
        .take(128)
        .map(|kind| {
            let [used, contingent] = [&used, &bought].map(|numbers| numbers.get(kind).copied().unwrap_or_default());
            LicenseStatus { kind: kind.clone(), used, contingent: Some(contingent), overused: used > contingent }
        })
        .collect()
}

/// The numbers of a tree by their path. Members with dots in their names could give a path twice; the first counts.
fn numbers(value: &Value, path: String, found: &mut BTreeMap<String, i64>) {
    match value {
        Value::Object(members) => {
            for (member_name, member) in members {
                let member_name = name(member_name);
                let path = if path.is_empty() { member_name } else { format!("{path}.{member_name}") };
                numbers(member, path, found);
            }
        }
        Value::Number(number) => {
            if let Some(number) = number.as_i64() {
                found.entry(path).or_insert(number);
            }
        }
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
    shown(text, bounds::NAME)
}

fn word(text: &str) -> String {
    shown(text, bounds::WORD)
}
