//! `conclude`: from the outcome of a pass to the status, the events and the time of the next pass. Always reached, also when
//! a pass fails, and a pure function of its arguments.

use jiff::Timestamp;

use super::tabs::{drift, mark_invalid, paths, tabs};
use super::{availability, platform_state, side_effects};
use crate::admin_api::{ApiError, TenantDocument};
use crate::plan::checks::CheckReport;
use crate::plan::deletion::{ReleaseOutcome, RetainReason};
use crate::plan::difference::Difference;
use crate::plan::events::{self, EventRecord};
use crate::plan::outcome::{Done, Outcome, SideEffects};
use crate::plan::retention;
use crate::plan::rewrites::MOST;
use crate::plan::stop::{Delay, Disposition, Mode, Stop, TabMarks};
use crate::plan::widget_key::Publication;
use crate::resources::condition::{self, ConditionChange, ConditionUpdate, merge};
use crate::resources::platform::Support;
use crate::resources::status::{Applied, DeletionStatus, TenantStatus};
use crate::resources::{ConditionStatus, ConditionType, Reason, SpecHash, Tenant, annotation, bounds};
use crate::settings::text::cut;

/// What `conclude` needs besides the outcome.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'f> {
    /// The Tenant that the pass was about.
    pub tenant: &'f Tenant,
    /// The hash of its spec and Secrets; `None` when the spec was invalid.
    pub hash: Option<&'f SpecHash>,
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

/// Computes what a pass comes to.
pub fn conclude(facts: Facts<'_>, outcome: Result<Outcome, Stop>) -> Conclusion {
    let conclusion = match outcome {
        Ok(Outcome::Live { document, done, difference, side_effects }) => {
            live(facts, &document, done, &difference, &side_effects)
        }
        Ok(Outcome::Waiting { deletion, reason, why, started, error }) => {
            waiting(facts, deletion, ConditionUpdate::new(ConditionType::Ready, false, reason, why), started, error)
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
    fn status(&self, changes: Vec<ConditionChange>) -> TenantStatus {
        let previous = self.previous();
        let requested = annotation::reconcile_token(self.tenant);
        let handled = requested.or_else(|| previous.last_handled_reconcile_at.clone());
        TenantStatus {
            observed_generation: self.generation(),
            conditions: merge(&previous.conditions, changes, self.generation(), self.now, self.support),
            last_handled_reconcile_at: handled,
            ..previous
        }
    }

    /// The request to quote in a message. While the message would be the same but for it, the one that was quoted stays: every
    /// answer has another id, and that alone is no news.
    fn quoted(&self, refused: Option<&str>, ready: &ConditionUpdate) -> Option<String> {
        let refused = refused?.to_owned();
        let previous = self.tenant.status.as_ref();
        let said = previous.and_then(|status| condition::find(&status.conditions, ConditionType::Ready));
        let stays = previous.and_then(|status| status.refused_request_id.clone()).filter(|quoted| {
            let same = ConditionUpdate { request_id: Some(quoted.clone()), ..ready.clone() }.render(self.support);
            said.is_some_and(|said| said.message == same)
        });
        stays.or(Some(refused))
    }

    /// What was said before about the tenant itself; it stays known while the platform is not.
    fn known(&self) -> Vec<ConditionChange> {
        [
            ConditionType::ScriptExecutionPending,
            ConditionType::LicenseOveruse,
            ConditionType::TenantActive,
            ConditionType::ChecksPassed,
        ]
        .map(ConditionChange::Keep)
        .to_vec()
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
            ConditionUpdate::new(ConditionType::Ready, false, Reason::FieldNotPermitted, message),
            Mode::Stalled,
            Delay::Sync,
        )
    } else if rewritten && facts.rewrites >= MOST {
        let message = format!("the platform does not keep what it is given: {}", paths(&open));
        (
            ConditionUpdate::new(ConditionType::Ready, false, Reason::PlatformRewritesValue, message),
            Mode::Stalled,
            Delay::Sync,
        )
    } else if rewritten {
        let message = format!("the platform did not keep what it was given, trying again: {}", paths(&open));
        (
            ConditionUpdate::new(ConditionType::Ready, false, Reason::Progressing, message),
            Mode::Reconciling,
            Delay::Backoff,
        )
    } else if let Publication::Refused { secret, obstacle } = &side_effects.key {
        let (reason, mode) = obstacle.reason();
        (ConditionUpdate::new(ConditionType::Ready, false, reason, obstacle.words(secret)), mode, Delay::Reference)
    } else {
        let message = "every managed setting of this generation was applied";
        (ConditionUpdate::new(ConditionType::Ready, true, Reason::Succeeded, message), Mode::Settled, Delay::Sync)
    };
    let differing = difference.differing();
    let synced = if !differing.is_empty() {
        let published = !matches!(side_effects.key, Publication::Refused { .. });
        let drifted = ready.status == ConditionStatus::True || (differs && !rewritten) || !published;
        let reason = if drifted { Reason::Drifted } else { ready.reason };
        ConditionUpdate::new(ConditionType::Synced, false, reason, format!("differs: {}", paths(&differing)))
    } else {
        ConditionUpdate::new(ConditionType::Synced, true, Reason::InSync, "")
    };
    let mut updates = vec![ConditionUpdate::new(ConditionType::Accepted, true, Reason::Accepted, ""), synced];
    updates.extend(mode_update(mode, &ready));
    updates.push(ready);
    updates.extend(platform_state::updates(document));
    let before = facts.previous().checks;
    let asked = facts.checked.map_or(before.as_slice(), |checked| &checked.checks);
    let checks = availability::checks(asked, facts.tenant, document);
    updates.extend(availability::worst(&checks));

    let mut status = facts.status(updates.into_iter().map(ConditionChange::Set).collect());
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
    side_effects::remember(&mut status, facts.tenant, document, side_effects);
    (status.deletion, status.refused_request_id) = (None, None);
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
    let before = facts.previous().applied.filter(|before| before.hash.has_same_settings(hash) && done != Done::Created);
    Some(Applied {
        generation: facts.generation(),
        hash: hash.clone(),
        settings_version: before
            .map_or_else(|| cut(&document.settings_version, bounds::WORD), |before| before.settings_version),
        data_retention_months: retention::applied(facts.tenant, difference),
    })
}

fn stopped(facts: Facts<'_>, stop: &Stop) -> Conclusion {
    let conclusion = |status, delay| Conclusion { status, release_outcome: None, events: vec![], delay };
    let previous = facts.previous();
    let Disposition { reason, message, accepted, out_of_sync, mode, delay, tabs } = stop.disposition();
    if matches!(stop, Stop::Raced | Stop::Kubernetes(_)) {
        return conclusion(None, delay);
    }
    // A spec that was taken back to what is applied was never judged in this generation: what was said of the other one is
    // not true of it.
    let was = |condition_type| condition::status(&previous.conditions, condition_type);
    let live_before = matches!(stop, Stop::Unavailable(_) | Stop::Suspended { .. })
        && previous.applied.as_ref().is_some_and(|applied| Some(&applied.hash) == facts.hash)
        && was(ConditionType::Accepted) != Some(ConditionStatus::False);
    if live_before && matches!(stop, Stop::Unavailable(_)) {
        // The spec is live, as far as anybody knows. The Platform says once that it is out of reach.
        let kept = ConditionType::ALL.map(ConditionChange::Keep);
        return conclusion(Some(facts.status(kept.to_vec())), delay);
    }
    let holds = if matches!(stop, Stop::Suspended { .. }) { ConditionStatus::Unknown } else { ConditionStatus::False };
    let mut ready = ConditionUpdate::new(ConditionType::Ready, holds, reason, message);
    ready.request_id = facts.quoted(stop.request_id(), &ready);
    let mut changes = facts.known();
    changes.extend(mode_update(mode, &ready).map(ConditionChange::Set));
    changes.push(match accepted {
        Some(true) => ConditionUpdate::new(ConditionType::Accepted, true, Reason::Accepted, "").into(),
        Some(false) => ConditionUpdate { condition_type: ConditionType::Accepted, ..ready.clone() }.into(),
        None if was(ConditionType::Accepted).is_some() => ConditionChange::Keep(ConditionType::Accepted),
        None => ConditionUpdate::new(ConditionType::Accepted, ConditionStatus::Unknown, Reason::Progressing, "").into(),
    });
    let synced = if out_of_sync { ConditionStatus::False } else { ConditionStatus::Unknown };
    changes.push(ConditionUpdate::new(ConditionType::Synced, synced, reason, "").into());
    let refused_request_id = ready.request_id.clone();
    changes.push(if live_before && was(ConditionType::Ready).is_some() {
        ConditionChange::Keep(ConditionType::Ready)
    } else {
        ready.into()
    });
    let mut status = TenantStatus { refused_request_id, ..facts.status(changes) };
    if let TabMarks::Mark(violations) = tabs {
        mark_invalid(&mut status.tabs, &violations);
    }
    conclusion(Some(status), delay)
}

/// Reconciling or Stalled, never both, with the words of Ready.
fn mode_update(mode: Mode, ready: &ConditionUpdate) -> Option<ConditionUpdate> {
    let condition_type = match mode {
        Mode::Reconciling => ConditionType::Reconciling,
        Mode::Stalled => ConditionType::Stalled,
        Mode::Settled => return None,
    };
    Some(ConditionUpdate { condition_type, status: ConditionStatus::True, ..ready.clone() })
}

fn waiting(
    facts: Facts<'_>,
    deletion: Option<crate::admin_api::types::PendingDeletion>,
    ready: ConditionUpdate,
    started: bool,
    error: Option<ApiError>,
) -> Conclusion {
    let mut changes = facts.known();
    changes.extend([ConditionType::Accepted, ConditionType::Synced].map(ConditionChange::Keep));
    changes.extend(mode_update(Mode::Reconciling, &ready).map(ConditionChange::Set));
    changes.push(ready.into());
    let mut status = TenantStatus { refused_request_id: None, ..facts.status(changes) };
    status.deletion = deletion.map_or(status.deletion, |deletion| {
        Some(DeletionStatus { services_pending: deletion.services_pending, script_pending: deletion.script_pending })
    });
    let message =
        "the platform accepted the deletion of the tenant; it is gone after the next run of the provisioning script"
            .to_owned();
    let events = started
        .then_some(EventRecord { warning: false, reason: Reason::DeletionStarted, message })
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
            note(true, Reason::Abandoned, "let go without a call by annotation; the tenant stays on the platform")
        }
        ReleaseOutcome::NeverOurs | ReleaseOutcome::GoesOn => vec![],
        ReleaseOutcome::Released(RetainReason::Policy) => {
            note(false, Reason::Released, "the tenant stays on the platform and belongs to nobody now")
        }
        ReleaseOutcome::Released(RetainReason::NotConfirmed)
        | ReleaseOutcome::StaleStamp(RetainReason::NotConfirmed) => note(
            true,
            Reason::DeletionNotConfirmed,
            "deletionPolicy is Delete and nobody confirmed it: the tenant stays on the platform",
        ),
        ReleaseOutcome::Released(RetainReason::ScopeTerminating)
        | ReleaseOutcome::StaleStamp(RetainReason::ScopeTerminating) => {
            note(true, Reason::Released, "its namespace or the CRD was deleted: the tenant stays on the platform")
        }
        ReleaseOutcome::TooLate => note(
            true,
            Reason::DeletionStarted,
            "too late to keep the tenant: the platform had accepted its deletion and goes on with it",
        ),
        ReleaseOutcome::StaleStamp(RetainReason::Policy) => {
            note(true, Reason::ReleaseFailed, "the tenant stays on the platform; its stamp could not be taken off")
        }
        ReleaseOutcome::Suspended => {
            note(false, Reason::Released, "suspended: the tenant stays on the platform with its stamp")
        }
        ReleaseOutcome::Deleted => note(false, Reason::Deleted, "the tenant is gone from the platform"),
    };
    Conclusion { status: None, release_outcome: Some(release_outcome), events, delay: Delay::Never }
}
