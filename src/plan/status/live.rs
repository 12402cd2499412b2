//! What a pass comes to whose tenant is on the platform.

use kube::ResourceExt;

use super::facts::{Conclusion, Facts, SPEC_ACCEPTED, mode_update};
use super::tabs::{drift, tabs};
use super::{availability, platform_state, side_effects};
use crate::plan::checks::CheckReport;
use crate::plan::difference::{Change, DeadReference, Difference};
use crate::plan::disposition::{Delay, Mode};
use crate::plan::outcome::{Done, Live};
use crate::plan::rewrites::MOST;
use crate::plan::widget_key::Publication;
use crate::plan::{events, recreation, retention, wording};
use crate::resources::condition::{self, ConditionChange, ConditionUpdate};
use crate::resources::status::{Applied, CheckStatus, Compared, TenantStatus};
use crate::resources::{ConditionStatus, ConditionType, Reason, bounds};
use crate::text::{quoted, shown};

/// Whether the platform stored something else than it was given.
fn is_rewritten(facts: Facts<'_>, live: &Live) -> bool {
    !live.difference.is_empty() && facts.rewrites.count > 0
}

pub(super) fn live(facts: Facts<'_>, live: &Live) -> Conclusion {
    let checks = checks(facts, live);
    let (ready, mode, delay) = ready(facts, live);
    // A Secret that cannot be written is a reference, too; a key that the platform does not give is not.
    let is_reference = delay == Delay::Reference && ready.reason != Reason::PlatformUnavailable;
    let overdue = is_reference && facts.is_overdue(ConditionType::Ready, ready.reason);
    let mode = if overdue { Mode::Stalled } else { mode };
    let mut updates = vec![ConditionUpdate::new(ConditionType::Accepted, true, Reason::Accepted, SPEC_ACCEPTED)];
    updates.push(synced(facts, live, &ready));
    updates.extend(mode_update(mode, &ready));
    updates.push(ready);
    updates.extend(platform_state::updates(&live.document));
    updates.extend(availability::worst(&checks));
    let status = facts.status(updates.into_iter().map(ConditionChange::Set).collect());
    let (last_handled_reconcile_at, last_handled_check_at) = (facts.handled(), facts.repeated());
    let status = TenantStatus { checks, last_handled_reconcile_at, last_handled_check_at, ..status };
    let mut status = recorded(facts, live, status);
    status.compared = compared(facts, live, &status);
    let compared = status.compared.clone();
    let delay = match delay {
        // Another obstacle may be what Ready says first: this one stands in Kubernetes and may be mended at any moment.
        Delay::Sync if matches!(live.side_effects.key, Publication::Refused { .. }) => Delay::Reference,
        Delay::Sync if waits_for_people(live) => Delay::Script,
        delay => delay,
    };
    let mut events = events::of(live.done, !live.difference.is_empty(), &live.side_effects);
    // Another writer may have been faster after a trigger was fired; the pass went on then.
    let earlier = facts.fired.iter().filter(|fired| !live.side_effects.fired.contains(fired)).cloned();
    events.extend(events::once(&earlier.collect::<Vec<_>>()));
    Conclusion { status: Some(status), compared, release_outcome: None, events, delay }
}

/// Ready, who has to act, and when to look again.
fn ready(facts: Facts<'_>, live: &Live) -> (ConditionUpdate, Mode, Delay) {
    let not_ready = |reason, message: String| ConditionUpdate::new(ConditionType::Ready, false, reason, message);
    let Difference { restricted, .. } = &live.difference;
    if !restricted.is_empty() {
        let message = named(wording::restricted, restricted);
        return (not_ready(Reason::FieldNotPermitted, message), Mode::Stalled, Delay::Sync);
    }
    if let Some(DeadReference { change, moved_to }) = live.difference.dead.first() {
        let leaf = change.leaf;
        let message = format!(
            "{leaf} names an organization unit that was deleted; the platform changed the setting to {}",
            quoted(moved_to, bounds::NAME)
        );
        return (not_ready(Reason::OrganizationUnitNotFound, message), Mode::Stalled, Delay::Sync);
    }
    if is_rewritten(facts, live) {
        let message = named(wording::rewritten, &live.difference.open());
        if facts.rewrites.count >= MOST {
            return (not_ready(Reason::PlatformRewritesValue, message), Mode::Stalled, Delay::Sync);
        }
        return (not_ready(Reason::Progressing, message), Mode::Reconciling, Delay::Backoff);
    }
    if let Publication::Refused { secret, obstacle } = &live.side_effects.key {
        let (reason, mode) = obstacle.reason();
        let namespace = facts.tenant.namespace().unwrap_or_default();
        let message = obstacle.words(&namespace, secret, live.side_effects.undone());
        return (not_ready(reason, message), mode, Delay::Reference);
    }
    let message = "All managed settings are applied";
    (ConditionUpdate::new(ConditionType::Ready, true, Reason::Succeeded, message), Mode::Settled, Delay::Sync)
}

fn named(message: fn(usize) -> String, changes: &[Change]) -> String {
    wording::named(message, changes.iter().map(|change| change.leaf))
}

fn synced(facts: Facts<'_>, live: &Live, ready: &ConditionUpdate) -> ConditionUpdate {
    let differing = live.difference.differing();
    if differing.is_empty() {
        return ConditionUpdate::new(
            ConditionType::Synced,
            true,
            Reason::InSync,
            "The platform has the managed settings of the spec",
        );
    }
    let drifted = ready.status == ConditionStatus::True
        || (!live.difference.is_empty() && !is_rewritten(facts, live))
        || matches!(live.side_effects.key, Publication::Refused { .. });
    let reason = if drifted { Reason::Drifted } else { ready.reason };
    ConditionUpdate::new(ConditionType::Synced, false, reason, named(wording::differing, &differing))
}

fn checks(facts: Facts<'_>, live: &Live) -> Vec<CheckStatus> {
    let before = facts.previous().map(|status| status.checks.as_slice()).unwrap_or_default();
    let known = facts.checked.map_or(before, |checked| &checked.checks);
    availability::checks(known, facts.tenant, &live.document)
}

fn recorded(facts: Facts<'_>, live: &Live, status: TenantStatus) -> TenantStatus {
    let Live { document, difference, side_effects, .. } = live;
    let rewrites = facts.rewrites.to_status(facts.hash).filter(|_| is_rewritten(facts, live));
    let mut status = TenantStatus {
        rewrites,
        // Only what was sent, or was found as it was sent: a value that another client gave the platform is not ours.
        sealed: difference.sealed_now.clone(),
        drift: drift(difference),
        tabs: tabs(facts.tenant, difference, document, side_effects),
        deletion: None,
        refused_request_id: None,
        ..status
    };
    if let Some(CheckReport { links, .. }) = facts.checked {
        status.grant_links.clone_from(links);
    }
    if live.difference.is_empty() {
        status.applied = applied(facts, live);
    } else if live.done == Done::Created {
        status.applied = Some(platform_state::held(document));
    }
    platform_state::hold(&mut status, facts.tenant, document);
    platform_state::prove(&mut status, difference);
    if let Some(environment) = facts.environment {
        status.platform_id = Some(environment.to_owned());
    }
    side_effects::remember(&mut status, facts.tenant, document, side_effects);
    platform_state::take_over(&mut status, document, facts.refresh_licenses);
    status
}

/// What was applied. The version of the settings stays the one of the edit: correcting drift is no news, unless it left something
/// alone, which must not look as if we had written it. A new tenant starts over, or the annotation that created it would count for
/// the next time.
fn applied(facts: Facts<'_>, live: &Live) -> Option<Applied> {
    let hash = facts.hash?;
    let before = facts.previous().and_then(|status| status.applied.as_ref());
    let left_alone = live.done != Done::Nothing && !live.difference.held.is_empty();
    let starts_over = left_alone || live.done == Done::Created;
    let before = before.filter(|before| {
        before.hash.has_same_settings(hash) && !starts_over && !recreation::is_confirmed(facts.tenant, before)
    });
    let version = || shown(&live.document.settings_version, bounds::WORD);
    Some(Applied {
        generation: facts.generation(),
        hash: hash.clone(),
        settings_version: before.map_or_else(version, |before| before.settings_version.clone()),
        data_retention_months: retention::applied(facts.tenant, &live.difference),
        partner_id: facts.previous().and_then(|status| status.applied.as_ref()?.partner_id.clone()),
    })
}

/// What the status was compared with; nothing where another pass would say or do something else although nothing changed.
fn compared(facts: Facts<'_>, live: &Live, status: &TenantStatus) -> Option<Compared> {
    let Live { document, difference, side_effects, .. } = live;
    let is_settled = difference.differing().is_empty()
        && condition::status(&status.conditions, ConditionType::Ready) == Some(ConditionStatus::True)
        && !side_effects.waits()
        // What was fired moves the document once more.
        && facts.fired.is_empty()
        && side_effects.fired.is_empty()
        && platform_state::has_usage_of(status, document);
    let versions = document.versions().filter(|_| is_settled)?;
    Some(Compared { versions: versions.as_str().to_owned(), context: facts.context?.to_owned() })
}

fn waits_for_people(live: &Live) -> bool {
    !live.document.runtime.pending_changes.is_empty() || live.side_effects.waits()
}
