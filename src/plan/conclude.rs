//! `conclude`: from the outcome of a pass to the status, the events and the time of the next pass. Always reached, also when
//! a pass fails, and a pure function of its arguments.

use std::time::Duration;

use jiff::Timestamp;

use super::deletion::{ReleaseOutcome, RetainReason};
use super::desired::same_settings;
use super::rewrites::MOST;
use super::stop::{Disposition, Mode};
use super::tabs::{drift, mark_invalid, paths, tabs};
use super::widget_key::Publication;
use super::{
    CheckReport, Difference, Done, Outcome, SideEffects, Stop, availability, events, platform_state, retention,
    triggers,
};
use crate::admin_api::{ApiError, Problem, TenantDocument};
use crate::resources::condition::{ConditionStatus, ConditionUpdate, as_it_was, condition_type, merge};
use crate::resources::platform::Support;
use crate::resources::status::{Applied, DeletionStatus, TenantStatus};
use crate::resources::{Tenant, annotation, bounds, reason};
use crate::settings::tabs::provisioning::DEFAULT_ORGANIZATION_UNIT;
use crate::settings::text::cut;
use crate::settings::{Leaf, Violation, leaf_at};

/// What `conclude` needs besides the outcome.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'f> {
    /// The Tenant that the pass was about.
    pub tenant: &'f Tenant,
    /// The hash of its spec and Secrets; `None` when the spec was invalid.
    pub hash: Option<&'f str>,
    /// The time of the pass.
    pub now: Timestamp,
    /// Whether the numbers of licence usage are due.
    pub refresh_licenses: bool,
    /// How often in a row the platform did not keep what it was given.
    pub rewrites: u32,
    /// Where the Platform says that people find help.
    pub support: Option<&'f Support>,
    /// What is known of the checks; `None` where this pass does not know what to check.
    pub checked: Option<&'f CheckReport>,
}

/// What a pass comes to.
#[derive(Clone, Debug)]
pub struct Conclusion {
    /// The new status; `None` when it is as it was.
    pub status: Option<TenantStatus>,
    /// How the Tenant left: the finalizer comes off.
    pub release_outcome: Option<ReleaseOutcome>,
    /// What to tell people.
    pub events: Vec<EventRecord>,
    /// When to look again.
    pub delay: Delay,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// Whether it is a warning.
    pub warning: bool,
    /// The reason.
    pub reason: &'static str,
    /// A sentence for people.
    pub message: String,
}

/// When to look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// After the Tenant's sync interval.
    Sync,
    /// Soon, then more and more rarely.
    Backoff,
    /// Soon, and never later than the bound for missing references.
    Reference,
    /// After the time that the platform named.
    RetryAfter(Duration),
    /// When services and script may have moved on.
    Deletion,
    /// When people may have done what is waited for: run the provisioning script, accepted an invitation. Never later than the
    /// sync interval.
    Script,
    /// At once.
    AtOnce,
    /// Never: the Tenant is gone.
    Never,
}

/// Computes what a pass comes to.
pub fn conclude(facts: Facts<'_>, outcome: Result<Outcome, Stop>) -> Conclusion {
    let conclusion = match outcome {
        Ok(Outcome::Live { document, done, difference, side_effects }) => {
            live(facts, &document, done, &difference, &side_effects)
        }
        Ok(Outcome::Waiting { deletion, reason, why, started, error }) => {
            waiting(facts, deletion, ConditionUpdate::new(condition_type::READY, false, reason, why), started, error)
        }
        Ok(Outcome::Left(release_outcome)) => left(release_outcome),
        Err(stop) => stopped(facts, &stop),
    };
    let unchanged = conclusion.status.is_some() && conclusion.status == facts.tenant.status;
    Conclusion { status: conclusion.status.filter(|_| !unchanged), ..conclusion }
}

impl Facts<'_> {
    fn previous(&self) -> TenantStatus {
        self.tenant.status.clone().unwrap_or(TenantStatus { observed_generation: -1, ..TenantStatus::default() })
    }

    fn generation(&self) -> i64 {
        self.tenant.metadata.generation.unwrap_or_default()
    }

    /// The previous status, now speaking of this generation with these conditions.
    fn status(&self, updates: Vec<ConditionUpdate>) -> TenantStatus {
        let previous = self.previous();
        let requested = annotation::reconcile_token(self.tenant);
        let handled = requested.or_else(|| previous.last_handled_reconcile_at.clone());
        TenantStatus {
            observed_generation: self.generation(),
            conditions: merge(&previous.conditions, updates, self.generation(), self.now, self.support),
            last_handled_reconcile_at: handled,
            ..previous
        }
    }

    /// What was said before about the tenant itself; it stays known while the platform is not.
    fn known(&self) -> Vec<ConditionUpdate> {
        let kinds = [
            condition_type::SCRIPT_EXECUTION_PENDING,
            condition_type::LICENSE_OVERUSE,
            condition_type::TENANT_ACTIVE,
            condition_type::CHECKS_PASSED,
        ];
        kinds.into_iter().filter_map(|kind| as_it_was(&self.previous().conditions, kind)).collect()
    }
}

fn live(
    facts: Facts<'_>,
    document: &TenantDocument,
    done: Done,
    difference: &Difference,
    side_effects: &SideEffects,
) -> Conclusion {
    let open = difference.open();
    let differs = !open.is_empty();
    let rewritten = differs && facts.rewrites > 0;
    let (ready, mode, delay) = if !difference.restricted.is_empty() {
        let message = format!("may not be changed with the operator's credentials: {}", paths(&difference.restricted));
        (
            ConditionUpdate::new(condition_type::READY, false, reason::FIELD_NOT_PERMITTED, message),
            Mode::Stalled,
            Delay::Sync,
        )
    } else if rewritten && facts.rewrites >= MOST {
        let message = format!("the platform does not keep what it is given: {}", paths(&open));
        (
            ConditionUpdate::new(condition_type::READY, false, reason::PLATFORM_REWRITES_VALUE, message),
            Mode::Stalled,
            Delay::Sync,
        )
    } else if rewritten {
        let message = format!("the platform did not keep what it was given, trying again: {}", paths(&open));
        (
            ConditionUpdate::new(condition_type::READY, false, reason::PROGRESSING, message),
            Mode::Reconciling,
            Delay::Backoff,
        )
    } else if let Publication::Refused { secret, obstacle } = &side_effects.key {
        let (reason, mode) = obstacle.reason();
        (ConditionUpdate::new(condition_type::READY, false, reason, obstacle.words(secret)), mode, Delay::Reference)
    } else {
        let message = "every managed setting of this generation was applied";
        (ConditionUpdate::new(condition_type::READY, true, reason::SUCCEEDED, message), Mode::Settled, Delay::Sync)
    };
    let differing = difference.differing();
    let synced = if !differing.is_empty() {
        let published = !matches!(side_effects.key, Publication::Refused { .. });
        let drifted = ready.truth == ConditionStatus::True || (differs && !rewritten) || !published;
        let reason = if drifted { reason::DRIFTED.to_owned() } else { ready.reason.to_string() };
        ConditionUpdate {
            kind: condition_type::SYNCED,
            truth: ConditionStatus::False,
            reason: reason.into(),
            message: format!("differs: {}", paths(&differing)),
        }
    } else {
        ConditionUpdate::new(condition_type::SYNCED, true, reason::IN_SYNC, "")
    };
    let mut updates = vec![ConditionUpdate::new(condition_type::ACCEPTED, true, reason::ACCEPTED, ""), synced];
    updates.extend(mode_finding(mode, &ready));
    updates.push(ready);
    updates.extend(platform_state::updates(document));
    let before = facts.previous().checks;
    let asked = facts.checked.map_or(before.as_slice(), |checked| &checked.checks);
    let checks = availability::checks(asked, facts.tenant, document);
    updates.extend(availability::worst(&checks));

    let mut status = facts.status(updates);
    status.checks = checks;
    if let Some(CheckReport { links, .. }) = facts.checked {
        status.grant_links.clone_from(links);
    }
    if !differs {
        status.applied = applied(&facts, document, done, difference);
    }
    // Only what was sent, or was found as it was sent: a value that somebody else gave the platform is not ours.
    status.sealed.clone_from(&difference.sealed_now);
    status.drift = drift(difference);
    status.tabs = tabs(facts.tenant, difference, document, side_effects);
    triggers::remember(&mut status, facts.tenant, document, side_effects);
    status.deletion = None;
    platform_state::take_over(&mut status, document, facts.refresh_licenses);
    let delay = match delay {
        Delay::Sync if !document.runtime.pending_changes.is_empty() || side_effects.waits() => Delay::Script,
        delay => delay,
    };
    Conclusion { status: Some(status), release_outcome: None, events: events::of(done, differs, side_effects), delay }
}

/// What was applied. The version of the settings stays the one of the edit: correcting drift is no news. A new tenant begins
/// anew, or the annotation that created it would be armed for the next time.
fn applied(facts: &Facts<'_>, document: &TenantDocument, done: Done, difference: &Difference) -> Option<Applied> {
    let hash = facts.hash?;
    let before = facts.previous().applied.filter(|before| same_settings(&before.hash, hash) && done != Done::Created);
    Some(Applied {
        generation: facts.generation(),
        hash: hash.to_owned(),
        settings_version: before
            .map_or_else(|| cut(&document.settings_version, bounds::WORD), |before| before.settings_version),
        data_retention_months: retention::applied(facts.tenant, difference),
    })
}

fn stopped(facts: Facts<'_>, stop: &Stop) -> Conclusion {
    let previous = facts.previous();
    let was = |kind| as_it_was(&previous.conditions, kind);
    let disposition = with_request(stop.disposition(), stop.request_id(), was(condition_type::READY));
    let delay = match stop {
        Stop::Unavailable { error: ApiError::Throttled { after }, .. } => Delay::RetryAfter(*after),
        Stop::Unavailable { .. } | Stop::Bug(_) | Stop::Kubernetes(_) => Delay::Backoff,
        Stop::Secret(_) | Stop::PlatformMissing { .. } | Stop::PartnerMissing { .. }
            if disposition.mode == Mode::Reconciling =>
        {
            Delay::Reference
        }
        Stop::Raced => Delay::AtOnce,
        _ => Delay::Sync,
    };
    let live_before = match stop {
        Stop::Unavailable { hash, .. } | Stop::Suspended { hash } => {
            previous.applied.as_ref().is_some_and(|applied| applied.hash == *hash)
        }
        _ => false,
    };
    // A spec that was taken back to what is applied was never judged in this generation: what was said of the other one is
    // not true of it.
    let was_refused = as_it_was(&previous.conditions, condition_type::ACCEPTED)
        .is_some_and(|accepted| accepted.truth == ConditionStatus::False);
    let live_before = live_before && !was_refused;
    let mut updates = facts.known();
    if live_before && matches!(stop, Stop::Unavailable { .. }) {
        // The spec is live, as far as anybody knows. The Platform says once that it is out of reach.
        updates.extend(
            condition_type::ORDER
                .into_iter()
                .filter(|kind| !findings_have(&updates, kind))
                .filter_map(was)
                .collect::<Vec<_>>(),
        );
        return Conclusion { status: Some(facts.status(updates)), release_outcome: None, events: vec![], delay };
    }
    if matches!(stop, Stop::Raced | Stop::Kubernetes(_)) {
        return Conclusion { status: None, release_outcome: None, events: vec![], delay };
    }
    let truth = if matches!(stop, Stop::Suspended { .. }) { ConditionStatus::Unknown } else { ConditionStatus::False };
    let stated = ConditionUpdate {
        kind: condition_type::READY,
        truth,
        reason: disposition.reason.into(),
        message: disposition.message.clone(),
    };
    updates.extend(mode_finding(disposition.mode, &stated));
    updates.push(match was(condition_type::READY) {
        Some(before) if live_before => before,
        _ => stated,
    });
    updates.push(accepted(&disposition, was(condition_type::ACCEPTED)));
    let synced = if disposition.out_of_sync { ConditionStatus::False } else { ConditionStatus::Unknown };
    updates.push(ConditionUpdate {
        kind: condition_type::SYNCED,
        truth: synced,
        reason: disposition.reason.into(),
        message: String::new(),
    });
    let mut status = facts.status(updates);
    match stop {
        Stop::Invalid(violations) => mark_invalid(&mut status.tabs, violations),
        Stop::Unconfirmed { leaf, .. } => {
            mark_invalid(&mut status.tabs, &[marked(leaf, "needs a confirmation")]);
        }
        Stop::OrganizationUnitMissing { .. } => {
            mark_invalid(&mut status.tabs, &[marked(DEFAULT_ORGANIZATION_UNIT, "names a unit that was deleted")]);
        }
        Stop::Rejected(problem) => mark_invalid(&mut status.tabs, &refused(problem)),
        // No tab is invalid while the spec is accepted.
        _ if disposition.accepted == Some(true) => mark_invalid(&mut status.tabs, &[]),
        _ => {}
    }
    Conclusion { status: Some(status), release_outcome: None, events: vec![], delay }
}

fn refused(problem: &Problem) -> Vec<Violation> {
    let refused = problem.errors.iter().filter_map(|error| leaf_at(&error.pointer));
    refused.map(|leaf| marked(leaf, "was refused")).collect()
}

fn marked(leaf: &Leaf, problem: &str) -> Violation {
    Violation { path: leaf.path.to_owned(), problem: problem.to_owned() }
}

/// Quotes the request that was refused. Where nothing else changed, the one that was quoted stays: every answer has another id,
/// and that alone is no news.
fn with_request(disposition: Disposition, id: Option<&str>, before: Option<ConditionUpdate>) -> Disposition {
    let Some(id) = id else { return disposition };
    let stays = before
        .map(|before| before.message)
        .filter(|before| before.strip_prefix(&disposition.message).is_some_and(|rest| rest.starts_with(" (request ")));
    let message = stays.unwrap_or_else(|| format!("{} (request {id})", disposition.message));
    Disposition { message, ..disposition }
}

fn findings_have(updates: &[ConditionUpdate], kind: &str) -> bool {
    updates.iter().any(|update| update.kind == kind)
}

fn accepted(disposition: &Disposition, before: Option<ConditionUpdate>) -> ConditionUpdate {
    match disposition.accepted {
        Some(true) => ConditionUpdate::new(condition_type::ACCEPTED, true, reason::ACCEPTED, ""),
        Some(false) => {
            let (reason, message) = (disposition.reason.into(), disposition.message.clone());
            ConditionUpdate { kind: condition_type::ACCEPTED, truth: ConditionStatus::False, reason, message }
        }
        None => before.unwrap_or(ConditionUpdate::new(
            condition_type::ACCEPTED,
            ConditionStatus::Unknown,
            reason::PROGRESSING,
            "",
        )),
    }
}

/// Reconciling or Stalled, never both, with the words of Ready.
fn mode_finding(mode: Mode, ready: &ConditionUpdate) -> Option<ConditionUpdate> {
    let kind = match mode {
        Mode::Reconciling => condition_type::RECONCILING,
        Mode::Stalled => condition_type::STALLED,
        Mode::Settled => return None,
    };
    Some(ConditionUpdate {
        kind,
        truth: ConditionStatus::True,
        reason: ready.reason.clone(),
        message: ready.message.clone(),
    })
}

fn waiting(
    facts: Facts<'_>,
    deletion: Option<crate::admin_api::types::PendingDeletion>,
    ready: ConditionUpdate,
    started: bool,
    error: Option<ApiError>,
) -> Conclusion {
    let previous = facts.previous();
    let mut updates = facts.known();
    updates.extend(
        [condition_type::ACCEPTED, condition_type::SYNCED]
            .into_iter()
            .filter_map(|kind| as_it_was(&previous.conditions, kind)),
    );
    updates.extend(mode_finding(Mode::Reconciling, &ready));
    updates.push(ready);
    let mut status = facts.status(updates);
    status.deletion = deletion.map_or(status.deletion, |deletion| {
        Some(DeletionStatus { services_pending: deletion.services_pending, script_pending: deletion.script_pending })
    });
    let message =
        "the platform accepted the deletion of the tenant; it is gone after the next run of the provisioning script"
            .to_owned();
    let events = started
        .then_some(EventRecord { warning: false, reason: reason::DELETION_STARTED, message })
        .into_iter()
        .collect();
    let delay = match error {
        Some(ApiError::Throttled { after }) => Delay::RetryAfter(after),
        Some(_) => Delay::Backoff,
        None => Delay::Deletion,
    };
    Conclusion { status: Some(status), release_outcome: None, events, delay }
}

fn left(release_outcome: ReleaseOutcome) -> Conclusion {
    let note = |warning, reason, message: &str| vec![EventRecord { warning, reason, message: message.to_owned() }];
    let events = match release_outcome {
        ReleaseOutcome::Abandoned => {
            note(true, reason::ABANDONED, "let go without a call by annotation; the tenant stays on the platform")
        }
        ReleaseOutcome::NeverOurs | ReleaseOutcome::GoesOn => vec![],
        ReleaseOutcome::Released(RetainReason::Policy) => {
            note(false, reason::RELEASED, "the tenant stays on the platform and belongs to nobody now")
        }
        ReleaseOutcome::Released(RetainReason::NotConfirmed)
        | ReleaseOutcome::StaleStamp(RetainReason::NotConfirmed) => note(
            true,
            reason::NOT_CONFIRMED,
            "deletionPolicy is Delete and nobody confirmed it: the tenant stays on the platform",
        ),
        ReleaseOutcome::Released(RetainReason::ScopeTerminating)
        | ReleaseOutcome::StaleStamp(RetainReason::ScopeTerminating) => {
            note(true, reason::RELEASED, "its namespace or the CRD was deleted: the tenant stays on the platform")
        }
        ReleaseOutcome::TooLate => note(
            true,
            reason::DELETION_STARTED,
            "too late to keep the tenant: the platform had accepted its deletion and goes on with it",
        ),
        ReleaseOutcome::StaleStamp(RetainReason::Policy) => {
            note(true, reason::RELEASE_FAILED, "the tenant stays on the platform; its stamp could not be taken off")
        }
        ReleaseOutcome::Suspended => {
            note(false, reason::RELEASED, "suspended: the tenant stays on the platform with its stamp")
        }
        ReleaseOutcome::Deleted => note(false, reason::DELETED, "the tenant is gone from the platform"),
    };
    Conclusion { status: None, release_outcome: Some(release_outcome), events, delay: Delay::Never }
}
