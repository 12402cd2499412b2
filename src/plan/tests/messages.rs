//! What conditions and events say, read as by a person who sees it for the first time: something, in present-day English, and what
//! is wrong where something is.
//!
//! `MESSAGES=<file> cargo test --lib plan::` appends every message of these tests to the file, to be read as a whole.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::Write;

use super::truth::{SITUATIONS, answered};
use super::*;
use crate::plan::confirmation::Flaw;
use crate::plan::deletion::{ReleaseOutcome, RetainReason};
use crate::plan::events;
use crate::resources::Reason;
use crate::resources::status::CheckStatus;
use crate::resources::{CheckName, CheckResult};
use crate::settings::Trigger;

/// Words that a reader has to look up, or that say nothing.
const ARCHAIC: [&str; 11] = [
    "nobody",
    "somebody",
    "whoever",
    "whatever",
    "besides",
    "anew",
    "whom",
    "is told",
    "as good as",
    "for ever",
    "licence",
];

/// Called for every condition and event of every test here.
pub(super) fn collect(about: &str, reason: &str, message: &str) {
    assert!(reads_well(message), "{about} {reason}: {message}");
    let Some(file) = std::env::var_os("MESSAGES") else { return };
    let mut file = OpenOptions::new().create(true).append(true).open(file).unwrap();
    // In one write, since other tests write, too.
    file.write_all(format!("{about}\t{reason}\t{message}\n").as_bytes()).unwrap();
}

fn reads_well(message: &str) -> bool {
    let lower = message.to_lowercase();
    let doubled = ["..", "; ;", ": :", ":.", ";.", "  "];
    !message.trim().is_empty()
        && !ARCHAIC
            .iter()
            .any(|word| lower.split(|c: char| !c.is_alphabetic() && c != ' ').any(|part| is_said(part, word)))
        && !doubled.iter().any(|mark| message.contains(mark))
}

/// Whether the words stand in the text as a whole.
fn is_said(text: &str, words: &str) -> bool {
    format!(" {text} ").contains(&format!(" {words} "))
}

#[test]
fn a_message_that_reads_badly_is_noticed() {
    for bad in ["", " ", "Delete one of the two, besides.", "Wait..", "Whoever may: see", "It is told twice"] {
        assert!(!reads_well(bad), "{bad:?}");
    }
    assert!(reads_well("spec.contact.phone is '044'; it must be a phone number"));
}

/// Before a stop: live, live with checks and an edit, and never seen.
fn befores() -> [Given; 3] {
    let mut checked = tenant("contoso").settled().edited("general.division", "Care");
    let check = |name, result| CheckStatus { name, result, reason: None, message: None };
    checked.status.as_mut().unwrap().checks =
        vec![check(CheckName::PresenceGrant, CheckResult::Failed), check(CheckName::PresenceTest, CheckResult::Passed)];
    [tenant("contoso").settled(), checked, tenant("contoso")]
}

#[test]
fn every_condition_says_something_in_every_situation() {
    let mut types = BTreeSet::new();
    for (name, change, answer) in SITUATIONS {
        for before in befores() {
            let given = change(before);
            let Err(_) = given.plan_or_obstacles(&answered(answer)) else { continue };
            let Some(status) = given.stopped(&answered(answer)).status else { continue };
            for said in &status.conditions {
                assert!(!said.message.is_empty(), "{name}: {} {} says nothing", said.type_, said.reason);
                types.insert(said.type_.clone());
            }
        }
    }
    let all = ConditionType::ALL.map(|condition_type| condition_type.as_str().to_owned());
    assert_eq!(BTreeSet::from(all), types, "each type of a condition was looked at");
}

/// What is not known because of something else points to where that stands, and repeats neither it nor the advice.
#[test]
fn what_to_do_is_said_once() {
    for (name, change, answer) in SITUATIONS {
        let given = change(tenant("contoso").settled().edited("syncIntervalSeconds", 120));
        let status = given.stopped(&answered(answer)).status.unwrap();
        let synced = condition::find(&status.conditions, ConditionType::Synced).unwrap();
        let ready = condition::find(&status.conditions, ConditionType::Ready).unwrap();
        assert!(!synced.message.contains(WHAT_TO_DO), "{name}: {}", synced.message);
        assert_eq!(ready.status != "True", synced.message.contains("Ready"), "{name}: {}", synced.message);
    }
}

#[test]
fn every_event_says_something() {
    let reasons = [
        RetainReason::Policy,
        RetainReason::ScopeTerminating,
        RetainReason::NotConfirmed(Flaw::Missing),
        RetainReason::NotConfirmed(Flaw::Malformed),
        RetainReason::NotConfirmed(Flaw::OtherValue),
        RetainReason::NotConfirmed(Flaw::Expired),
        RetainReason::NotConfirmed(Flaw::TooFarAhead),
    ];
    let released =
        reasons.into_iter().flat_map(|reason| [ReleaseOutcome::Released(reason), ReleaseOutcome::StaleStamp(reason)]);
    let others =
        [ReleaseOutcome::Abandoned, ReleaseOutcome::TooLate, ReleaseOutcome::Suspended, ReleaseOutcome::Deleted];
    let mut all: Vec<EventRecord> = released.chain(others).filter_map(events::of_release).collect();
    all.extend(events::once(&[(rotation(), true), (message_to("ada@contoso.com"), true)]));
    all.push(events::deletion_started());
    for event in &all {
        collect("event", event.reason.as_str(), &event.message);
    }
    assert_eq!(7 * 2 + 4 + 2 + 1, all.len());
}

#[test]
fn every_hint_reads_well() {
    for reason in Reason::REASONS.iter().chain(Reason::TENANT_STATES) {
        collect("hint", reason.as_str(), reason.hint());
    }
}

fn rotation() -> Trigger {
    Trigger::Rotation { token: "t".to_owned() }
}

fn message_to(upn: &str) -> Trigger {
    Trigger::TestMessage { token: "t".to_owned(), upn: upn.to_owned() }
}

/// It is not done again, so a pass that stops right after it is the last one that can say it.
#[test]
fn what_is_done_once_is_said_also_where_the_pass_stops_after_it() {
    let given = tenant("contoso").settled();
    let (tenant, intent) = (given.tenant(), given.validate());
    let fired = [(rotation(), true), (message_to("ada@contoso.com"), true), (rotation(), false)];
    for stop in [
        Stop::Raced(String::new()),
        Stop::Kubernetes("publishing the key"),
        Stop::Unavailable(samples::unexpected(503)),
    ] {
        let facts = Facts { fired: &fired, ..facts(&tenant, intent.hash(), &Seen::Nothing) };
        let events = conclude(facts, Err(stop.into())).events;
        assert_eq!(
            [Reason::Rotated, Reason::TestMessageSent],
            *events.iter().map(|event| event.reason).collect::<Vec<_>>()
        );
        assert!(events.iter().all(|event| !event.message.contains("ada")), "no person stands in an event");
    }
}
