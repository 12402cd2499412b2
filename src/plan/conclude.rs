//! `conclude`: from the outcome of a pass to the status, the events and the time of the next pass. Always reached, also when
//! a pass fails, and a pure function of its arguments.

use std::time::Duration;

use jiff::Timestamp;

use super::deletion::{Because, Farewell};
use super::desired::same_settings;
use super::rewrites::MOST;
use super::stop::{Disposition, Mode};
use super::tabs::{drift, mark_invalid, paths, tabs};
use super::widget_key::Publication;
use super::{Besides, Checked, Difference, Done, Outcome, Stop, availability, facts, notes, retention, triggers};
use crate::admin_api::{ApiError, Problem, TenantDocument};
use crate::resources::condition::{Finding, Truth, as_it_was, kind, merge};
use crate::resources::platform::Support;
use crate::resources::status::{Applied, DeletionStatus, TenantStatus};
use crate::resources::{Tenant, annotation, reason};
use crate::settings::provisioning::DEFAULT_ORGANIZATION_UNIT;
use crate::settings::{Violation, leaves};

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
    pub checked: Option<&'f Checked>,
}

/// What a pass comes to.
#[derive(Clone, Debug)]
pub struct Conclusion {
    /// The new status; `None` when it is as it was.
    pub status: Option<TenantStatus>,
    /// How the Tenant left: the finalizer comes off.
    pub farewell: Option<Farewell>,
    /// What to tell people.
    pub events: Vec<Note>,
    /// When to look again.
    pub delay: Delay,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
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
    Named(Duration),
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
        Ok(Outcome::Live { document, done, difference, besides }) => {
            live(facts, &document, done, &difference, &besides)
        }
        Ok(Outcome::Waiting { deletion, reason, why, started, error }) => {
            waiting(facts, deletion, Finding::new(kind::READY, false, reason, why), started, error)
        }
        Ok(Outcome::Left(farewell)) => left(farewell),
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
    fn status(&self, findings: Vec<Finding>) -> TenantStatus {
        let previous = self.previous();
        let requested = self.tenant.metadata.annotations.as_ref().and_then(|all| all.get(annotation::RECONCILE));
        let handled = requested
            .map(|token| token.chars().take(256).collect())
            .or_else(|| previous.last_handled_reconcile_at.clone());
        TenantStatus {
            observed_generation: self.generation(),
            conditions: merge(&previous.conditions, findings, self.generation(), self.now, self.support),
            last_handled_reconcile_at: handled,
            ..previous
        }
    }

    /// What was said before about the tenant itself; it stays known while the platform is not.
    fn known(&self) -> Vec<Finding> {
        let kinds = [kind::SCRIPT_EXECUTION_PENDING, kind::LICENSE_OVERUSE, kind::TENANT_ACTIVE, kind::CHECKS_PASSED];
        kinds.into_iter().filter_map(|kind| as_it_was(&self.previous().conditions, kind)).collect()
    }
}

fn live(
    facts: Facts<'_>,
    document: &TenantDocument,
    done: Done,
    difference: &Difference,
    besides: &Besides,
) -> Conclusion {
    let open = difference.open();
    let differs = !open.is_empty();
    let rewritten = differs && facts.rewrites > 0;
    let (ready, mode, delay) = if !difference.restricted.is_empty() {
        let message = format!("may not be changed with the operator's credentials: {}", paths(&difference.restricted));
        (Finding::new(kind::READY, false, reason::FIELD_NOT_PERMITTED, message), Mode::Stalled, Delay::Sync)
    } else if rewritten && facts.rewrites >= MOST {
        let message = format!("the platform does not keep what it is given: {}", paths(&open));
        (Finding::new(kind::READY, false, reason::PLATFORM_REWRITES_VALUE, message), Mode::Stalled, Delay::Sync)
    } else if rewritten {
        let message = format!("the platform did not keep what it was given, trying again: {}", paths(&open));
        (Finding::new(kind::READY, false, reason::PROGRESSING, message), Mode::Reconciling, Delay::Backoff)
    } else if let Publication::Refused { secret, obstacle } = &besides.key {
        let (reason, mode) = obstacle.reason();
        (Finding::new(kind::READY, false, reason, obstacle.words(secret)), mode, Delay::Reference)
    } else {
        let message = "every managed setting of this generation was applied";
        (Finding::new(kind::READY, true, reason::SUCCEEDED, message), Mode::Quiet, Delay::Sync)
    };
    let differing = difference.differing();
    let synced = if !differing.is_empty() {
        let published = !matches!(besides.key, Publication::Refused { .. });
        let drifted = ready.truth == Truth::True || (differs && !rewritten) || !published;
        let reason = if drifted { reason::DRIFTED.to_owned() } else { ready.reason.to_string() };
        Finding {
            kind: kind::SYNCED,
            truth: Truth::False,
            reason: reason.into(),
            message: format!("differs: {}", paths(&differing)),
        }
    } else {
        Finding::new(kind::SYNCED, true, reason::IN_SYNC, "")
    };
    let mut findings = vec![Finding::new(kind::ACCEPTED, true, reason::ACCEPTED, ""), synced];
    findings.extend(mode_finding(mode, &ready));
    findings.push(ready);
    findings.extend(facts::findings(document));
    let before = facts.previous().checks;
    let asked = facts.checked.map_or(before.as_slice(), |checked| &checked.checks);
    let checks = availability::checks(asked, facts.tenant, document);
    findings.extend(availability::worst(&checks));

    let mut status = facts.status(findings);
    status.checks = checks;
    if let Some(Checked { links, .. }) = facts.checked {
        status.grant_links.clone_from(links);
    }
    if !differs {
        status.applied = applied(&facts, document, done, difference);
    }
    // Only what was sent, or was found as it was sent: a value that somebody else gave the platform is not ours.
    status.sealed.clone_from(&difference.sealed_now);
    status.drift = drift(difference);
    status.tabs = tabs(facts.tenant, difference, document, besides);
    triggers::remember(&mut status, facts.tenant, document, besides);
    status.deletion = None;
    facts::take_over(&mut status, document, facts.refresh_licenses);
    let delay = match delay {
        Delay::Sync if !document.runtime.pending_changes.is_empty() || besides.waits() => Delay::Script,
        delay => delay,
    };
    Conclusion { status: Some(status), farewell: None, events: notes::of(done, differs, besides), delay }
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
            .map_or_else(|| document.settings_version.chars().take(64).collect(), |before| before.settings_version),
        data_retention_months: retention::applied(facts.tenant, difference),
    })
}

fn stopped(facts: Facts<'_>, stop: &Stop) -> Conclusion {
    let previous = facts.previous();
    let was = |kind| as_it_was(&previous.conditions, kind);
    let disposition = with_request(stop.disposition(), stop.request_id(), was(kind::READY));
    let delay = match stop {
        Stop::Unavailable { error: ApiError::Throttled { after }, .. } => Delay::Named(*after),
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
    let was_refused =
        as_it_was(&previous.conditions, kind::ACCEPTED).is_some_and(|accepted| accepted.truth == Truth::False);
    let live_before = live_before && !was_refused;
    let mut findings = facts.known();
    if live_before && matches!(stop, Stop::Unavailable { .. }) {
        // The spec is live, as far as anybody knows. The Platform says once that it is out of reach.
        findings.extend(
            kind::ORDER.into_iter().filter(|kind| !findings_have(&findings, kind)).filter_map(was).collect::<Vec<_>>(),
        );
        return Conclusion { status: Some(facts.status(findings)), farewell: None, events: vec![], delay };
    }
    if matches!(stop, Stop::Raced | Stop::Kubernetes(_)) {
        return Conclusion { status: None, farewell: None, events: vec![], delay };
    }
    let truth = if matches!(stop, Stop::Suspended { .. }) { Truth::Unknown } else { Truth::False };
    let stated =
        Finding { kind: kind::READY, truth, reason: disposition.reason.into(), message: disposition.message.clone() };
    findings.extend(mode_finding(disposition.mode, &stated));
    findings.push(match was(kind::READY) {
        Some(before) if live_before => before,
        _ => stated,
    });
    findings.push(accepted(&disposition, was(kind::ACCEPTED)));
    let synced = if disposition.out_of_sync { Truth::False } else { Truth::Unknown };
    findings.push(Finding {
        kind: kind::SYNCED,
        truth: synced,
        reason: disposition.reason.into(),
        message: String::new(),
    });
    let mut status = facts.status(findings);
    match stop {
        Stop::Invalid(violations) => mark_invalid(&mut status.tabs, violations),
        Stop::Unconfirmed { leaf, .. } => {
            mark_invalid(&mut status.tabs, &[marked(leaf.path, "needs a confirmation")]);
        }
        Stop::OrganizationUnitMissing { .. } => {
            mark_invalid(&mut status.tabs, &[marked(DEFAULT_ORGANIZATION_UNIT, "names a unit that was deleted")]);
        }
        Stop::Rejected(problem) => mark_invalid(&mut status.tabs, &refused(problem)),
        // No tab is invalid while the spec is accepted.
        _ if disposition.accepted == Some(true) => mark_invalid(&mut status.tabs, &[]),
        _ => {}
    }
    Conclusion { status: Some(status), farewell: None, events: vec![], delay }
}

fn refused(problem: &Problem) -> Vec<Violation> {
    let refused = problem.errors.iter().filter_map(|error| leaves().find(|leaf| leaf.pointer() == error.pointer));
    refused.map(|leaf| marked(leaf.path, "was refused")).collect()
}

fn marked(path: &str, problem: &str) -> Violation {
    Violation { path: path.to_owned(), problem: problem.to_owned() }
}

/// Quotes the request that was refused. Where nothing else changed, the one that was quoted stays: every answer has another id,
/// and that alone is no news.
fn with_request(disposition: Disposition, id: Option<&str>, before: Option<Finding>) -> Disposition {
    let Some(id) = id else { return disposition };
    let stays = before
        .map(|before| before.message)
        .filter(|before| before.strip_prefix(&disposition.message).is_some_and(|rest| rest.starts_with(" (request ")));
    let message = stays.unwrap_or_else(|| format!("{} (request {id})", disposition.message));
    Disposition { message, ..disposition }
}

fn findings_have(findings: &[Finding], kind: &str) -> bool {
    findings.iter().any(|finding| finding.kind == kind)
}

fn accepted(disposition: &Disposition, before: Option<Finding>) -> Finding {
    match disposition.accepted {
        Some(true) => Finding::new(kind::ACCEPTED, true, reason::ACCEPTED, ""),
        Some(false) => {
            let (reason, message) = (disposition.reason.into(), disposition.message.clone());
            Finding { kind: kind::ACCEPTED, truth: Truth::False, reason, message }
        }
        None => before.unwrap_or(Finding::new(kind::ACCEPTED, Truth::Unknown, reason::PROGRESSING, "")),
    }
}

/// Reconciling or Stalled, never both, with the words of Ready.
fn mode_finding(mode: Mode, ready: &Finding) -> Option<Finding> {
    let kind = match mode {
        Mode::Reconciling => kind::RECONCILING,
        Mode::Stalled => kind::STALLED,
        Mode::Quiet => return None,
    };
    Some(Finding { kind, truth: Truth::True, reason: ready.reason.clone(), message: ready.message.clone() })
}

fn waiting(
    facts: Facts<'_>,
    deletion: Option<crate::admin_api::types::PendingDeletion>,
    ready: Finding,
    started: bool,
    error: Option<ApiError>,
) -> Conclusion {
    let previous = facts.previous();
    let mut findings = facts.known();
    findings
        .extend([kind::ACCEPTED, kind::SYNCED].into_iter().filter_map(|kind| as_it_was(&previous.conditions, kind)));
    findings.extend(mode_finding(Mode::Reconciling, &ready));
    findings.push(ready);
    let mut status = facts.status(findings);
    status.deletion = deletion.map_or(status.deletion, |deletion| {
        Some(DeletionStatus { services_pending: deletion.services_pending, script_pending: deletion.script_pending })
    });
    let message =
        "the platform accepted the deletion of the tenant; it is gone after the next run of the provisioning script"
            .to_owned();
    let events =
        started.then_some(Note { warning: false, reason: reason::DELETION_STARTED, message }).into_iter().collect();
    let delay = match error {
        Some(ApiError::Throttled { after }) => Delay::Named(after),
        Some(_) => Delay::Backoff,
        None => Delay::Deletion,
    };
    Conclusion { status: Some(status), farewell: None, events, delay }
}

fn left(farewell: Farewell) -> Conclusion {
    let note = |warning, reason, message: &str| vec![Note { warning, reason, message: message.to_owned() }];
    let events = match farewell {
        Farewell::Abandoned => {
            note(true, reason::ABANDONED, "let go without a call by annotation; the tenant stays on the platform")
        }
        Farewell::NeverOurs | Farewell::GoesOn => vec![],
        Farewell::Released(Because::Policy) => {
            note(false, reason::RELEASED, "the tenant stays on the platform and belongs to nobody now")
        }
        Farewell::Released(Because::NotConfirmed) | Farewell::StaleStamp(Because::NotConfirmed) => note(
            true,
            reason::NOT_CONFIRMED,
            "deletionPolicy is Delete and nobody confirmed it: the tenant stays on the platform",
        ),
        Farewell::Released(Because::SurroundingsEnd) | Farewell::StaleStamp(Because::SurroundingsEnd) => {
            note(true, reason::RELEASED, "its namespace or the CRD was deleted: the tenant stays on the platform")
        }
        Farewell::TooLate => note(
            true,
            reason::DELETION_STARTED,
            "too late to keep the tenant: the platform had accepted its deletion and goes on with it",
        ),
        Farewell::StaleStamp(Because::Policy) => {
            note(true, reason::RELEASE_FAILED, "the tenant stays on the platform; its stamp could not be taken off")
        }
        Farewell::Suspended => {
            note(false, reason::RELEASED, "suspended: the tenant stays on the platform with its stamp")
        }
        Farewell::Deleted => note(false, reason::DELETED, "the tenant is gone from the platform"),
    };
    Conclusion { status: None, farewell: Some(farewell), events, delay: Delay::Never }
}
