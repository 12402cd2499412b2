//! What a pass comes to that stopped before the spec was live. Conditions, tabs, drift and checks speak of the present spec, and the
//! facts about the tenant are those of the last answer: nothing freezes because something is wrong.

use super::availability;
use super::facts::{Conclusion, Facts, SPEC_ACCEPTED, mode_update};
use super::platform_state;
use super::tabs::{drift, mark_invalid, not_compared, tabs};
use crate::plan::disposition::{Accepted, Delay, Disposition, Mode};
use crate::plan::events::{self, EventRecord};
use crate::plan::outcome::SideEffects;
use crate::plan::seen::{Comparison, Seen};
use crate::plan::stop::{Stop, StopClass, Stopped};
use crate::plan::wording;
use crate::resources::condition::{self, ConditionChange, ConditionUpdate};
use crate::resources::status::{CheckStatus, TabStatus, TenantStatus};
use crate::resources::{CheckResult, ConditionStatus, ConditionType, Reason};
use crate::settings::Violation;

pub(super) fn stopped(facts: Facts<'_>, stopped: &Stopped) -> Conclusion {
    let disposition = overdue(facts, stopped.stop.disposition(facts.platform));
    let status = match stopped.stop.class() {
        StopClass::Transient if !facts.contended => None,
        // The spec is live, as far as is known. The Platform says once that it is out of reach.
        StopClass::Unreachable if facts.is_live() && !facts.seen.is_answer() => Some(facts.unchanged()),
        StopClass::Unreachable if facts.is_live() => Some(live_as_seen(facts)),
        // The spec was live when the suspension began. What was not live then waits for the suspension to end.
        StopClass::Suspended if facts.is_live() && facts.was(ConditionType::Ready) == Some(ConditionStatus::True) => {
            let settled = Disposition { mode: Mode::Settled, ..disposition.clone() };
            let ready = ready(facts, stopped, &settled);
            Some(status(facts, stopped, &settled, &ready, ConditionChange::Keep(ConditionType::Ready)))
        }
        StopClass::Transient
        | StopClass::Unreachable
        | StopClass::Internal
        | StopClass::Suspended
        | StopClass::Verdict => {
            let ready = ready(facts, stopped, &disposition);
            Some(status(facts, stopped, &disposition, &ready, ready.clone().into()))
        }
    };
    Conclusion {
        status,
        compared: None,
        release_outcome: None,
        events: events(facts, &disposition),
        delay: disposition.delay,
    }
}

/// The spec is live and the platform answered, but what it should have done after that failed. What was seen is true all the same.
fn live_as_seen(facts: Facts<'_>) -> TenantStatus {
    let differing = facts.seen.comparison().map(|comparison| comparison.difference.differing()).unwrap_or_default();
    let synced = if differing.is_empty() {
        ConditionChange::Keep(ConditionType::Synced)
    } else {
        let message = wording::named(wording::differing, differing.iter().map(|change| change.leaf));
        ConditionUpdate::new(ConditionType::Synced, false, Reason::Drifted, message).into()
    };
    let kept = [ConditionType::Ready, ConditionType::Accepted, ConditionType::Reconciling, ConditionType::Stalled];
    let kept = kept.map(ConditionChange::Keep);
    let status = as_seen(facts, Reason::PlatformUnavailable, kept.into_iter().chain([synced]).collect());
    TenantStatus { tabs: marked(facts, &[]), last_handled_reconcile_at: facts.handled(), ..status }
}

/// What was seen: drift, checks and the facts about the tenant. `reason` says why something is not known.
fn as_seen(facts: Facts<'_>, reason: Reason, mut changes: Vec<ConditionChange>) -> TenantStatus {
    let checks = checks(facts, reason);
    changes.extend(platform_state::changes(facts, reason));
    changes.extend(availability::worst(&checks).map(ConditionChange::Set));
    let mut status = TenantStatus {
        drift: facts.seen.comparison().map(|comparison| drift(&comparison.difference)).unwrap_or_default(),
        checks,
        ..facts.status(changes)
    };
    if let (Some(report), Some(_)) = (facts.checked, facts.seen.ours()) {
        status.grant_links.clone_from(&report.links);
        status.last_handled_check_at = facts.repeated();
    }
    platform_state::follow(&mut status, facts);
    status
}

/// What was done before the stop and will not be done again, and where Kubernetes begins to refuse: a status is easily overlooked.
fn events(facts: Facts<'_>, disposition: &Disposition) -> Vec<EventRecord> {
    let before = facts.previous().and_then(|status| condition::find(&status.conditions, ConditionType::Ready));
    let is_news = before.is_none_or(|before| before.reason != disposition.reason.as_str());
    let refused = disposition.reason == Reason::KubernetesRefused && is_news;
    let refused = refused.then(|| events::refused_by_kubernetes(&disposition.message));
    events::once(facts.fired).into_iter().chain(refused).collect()
}

/// A reference that is missing may come with the next object of the same commit. After a while a program that waits has to be told
/// that it does not; the operator looks for it all the same.
fn overdue(facts: Facts<'_>, disposition: Disposition) -> Disposition {
    let waits = disposition.delay == Delay::Reference && disposition.mode == Mode::Reconciling;
    let overdue = waits && facts.is_overdue(ConditionType::Accepted, disposition.reason);
    if overdue { Disposition { mode: Mode::Stalled, ..disposition } } else { disposition }
}

/// Names the first obstacle and says how many more there are. The tabs name each.
fn ready(facts: Facts<'_>, stopped: &Stopped, disposition: &Disposition) -> ConditionUpdate {
    let Disposition { reason, message, advised, request_id, .. } = disposition;
    let mut others: Vec<_> =
        stopped.others.iter().map(|stop| stop.disposition(facts.platform).reason.as_str()).collect();
    others.dedup();
    let message = match (stopped.others.len(), others.join(", ")) {
        (0, _) => message.clone(),
        (1, other) => format!("{message} (and 1 more obstacle: {other})"),
        (more, others) => format!("{message} (and {more} more obstacles: {others})"),
    };
    let status = match stopped.stop.class() {
        // Whether the spec is live is about to be seen, each time again.
        StopClass::Transient => ConditionStatus::Unknown,
        StopClass::Unreachable | StopClass::Internal | StopClass::Suspended | StopClass::Verdict => {
            ConditionStatus::False
        }
    };
    let ready = ConditionUpdate::new(ConditionType::Ready, status, *reason, message);
    let ready = ConditionUpdate { advised: *advised, ..ready };
    ConditionUpdate { request_id: facts.quoted(request_id.as_deref(), &ready), ..ready }
}

/// The status of a stop: `stated` becomes of Ready, and the words are those of `ready`.
fn status(
    facts: Facts<'_>,
    stopped: &Stopped,
    disposition: &Disposition,
    ready: &ConditionUpdate,
    stated: ConditionChange,
) -> TenantStatus {
    let synced = if disposition.out_of_sync { ConditionStatus::False } else { ConditionStatus::Unknown };
    let message = match (&stated, disposition.out_of_sync) {
        // Ready stays True here, and says nothing of what is in the way.
        (ConditionChange::Keep(_), _) => format!("Not compared with the platform: {}", ready.message),
        (ConditionChange::Set(_), true) => "Nothing of the spec is saved; the message of Ready says why".to_owned(),
        (ConditionChange::Set(_), false) => "Not known at present; the message of Ready says why".to_owned(),
    };
    let synced = ConditionUpdate::unexplained(ConditionType::Synced, synced, ready.reason, message);
    let mut changes = vec![synced.into(), stated];
    changes.extend(mode_update(disposition.mode, ready).map(ConditionChange::Set));
    changes.push(accepted(facts, stopped, disposition, ready));
    let violations: Vec<Violation> = stopped.all().flat_map(Stop::violations).collect();
    let mut status = TenantStatus {
        refused_request_id: ready.request_id.clone(),
        tabs: marked(facts, &violations),
        ..as_seen(facts, ready.reason, changes)
    };
    // A request for a pass is answered by what the platform said, or by what is wrong with the spec; not by an outage.
    if facts.seen.is_answer() || disposition.accepted == Accepted::No || matches!(stopped.stop, Stop::Suspended) {
        status.last_handled_reconcile_at = facts.handled();
    }
    status
}

/// The tabs of the present spec, as far as they can be compared, with what is wrong marked.
fn marked(facts: Facts<'_>, violations: &[Violation]) -> Vec<TabStatus> {
    let mut known = match facts.seen.comparison() {
        Some(Comparison { document, difference }) => tabs(facts.tenant, difference, document, &SideEffects::default()),
        None => not_compared(facts.tenant),
    };
    mark_invalid(&mut known, violations);
    known
}

/// The checks of the present spec. Where the platform was not asked, what was checked for another spec is not known for this one.
fn checks(facts: Facts<'_>, reason: Reason) -> Vec<CheckStatus> {
    let before = facts.previous().map(|status| status.checks.as_slice()).unwrap_or_default();
    let known = facts.checked.map_or(before, |checked| &checked.checks);
    match facts.seen {
        Seen::Ours(Comparison { document, .. }) | Seen::Leaving(document) => {
            availability::checks(known, facts.tenant, document)
        }
        Seen::Nothing if facts.is_applied() => before.to_vec(),
        // Of a tenant that is not ours nothing is checked any more.
        Seen::Nothing | Seen::NotOurs | Seen::Free(_) => {
            before.iter().map(|check| not_checked(check, reason)).collect()
        }
    }
}

fn not_checked(check: &CheckStatus, reason: Reason) -> CheckStatus {
    let message = "Not checked for the present spec.".to_owned();
    let reason = reason.as_str().to_owned();
    CheckStatus { name: check.name, result: CheckResult::Unknown, reason: Some(reason), message: Some(message) }
}

/// The spec is not accepted if any obstacle is its fault, or that of its references.
fn accepted(facts: Facts<'_>, stopped: &Stopped, first: &Disposition, ready: &ConditionUpdate) -> ConditionChange {
    let condition_type = ConditionType::Accepted;
    let blamed =
        stopped.others.iter().map(|stop| stop.disposition(facts.platform)).find(|other| other.accepted == Accepted::No);
    match (first.accepted, blamed) {
        (Accepted::No, _) => ConditionUpdate { condition_type, ..ready.clone() }.into(),
        (Accepted::Yes | Accepted::NotJudged, Some(other)) => {
            ConditionUpdate::new(condition_type, false, other.reason, other.message).into()
        }
        (Accepted::Yes, None) => ConditionUpdate::new(condition_type, true, Reason::Accepted, SPEC_ACCEPTED).into(),
        (Accepted::NotJudged, None) if facts.was(condition_type).is_some() => ConditionChange::Keep(condition_type),
        (Accepted::NotJudged, None) => {
            let message = "The spec has not been evaluated yet";
            ConditionUpdate::new(condition_type, ConditionStatus::Unknown, Reason::Progressing, message).into()
        }
    }
}
