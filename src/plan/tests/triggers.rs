//! When a token is given to the platform, when it is only remembered, and what becomes of the widget key.

use proptest::prelude::*;

use super::super::triggers::{Until, Waiting, at_creation, due};
use super::super::widget_key::{self, Found, Obstacle, Publication, Step};
use super::*;
use crate::admin_api::types::WidgetKeyState;
use crate::resources::status::WidgetKeyStatus;
use crate::resources::{ConditionType, Reason};
use crate::settings::Trigger;

const MESSAGING: &str = "modalities.instantMessaging";

fn rotation(token: &str) -> Trigger {
    Trigger::Rotation { token: token.to_owned() }
}

fn message(token: &str) -> Trigger {
    Trigger::TestMessage { token: token.to_owned(), upn: "ada@contoso.com".to_owned() }
}

/// A Tenant with both sections on.
fn shown() -> Given {
    let messaging = json!({ "enabled": true, "primaryAccount": "im@contoso.com" });
    tenant("contoso").with_interact("1").with(MESSAGING, messaging)
}

/// The same with a token for each trigger.
fn pulling(rotation: &str, message: &str) -> Given {
    shown().rotating(rotation).sending(message)
}

impl Given {
    fn rotating(self, token: &str) -> Self {
        self.with("extensions.interact.widgetKey.rotation", token)
    }

    fn sending(self, token: &str) -> Self {
        self.with("modalities.instantMessaging.testMessage", json!({ "upn": "ada@contoso.com", "token": token }))
    }

    /// Passes over a tenant of the platform, and what they did.
    fn passes(mut self, held: &mut Held, count: usize) -> Self {
        for _ in 0..count {
            let outcome = pass(&self, held);
            let conclusion = concluded(&self, outcome);
            self.status = conclusion.status.or(self.status);
        }
        self
    }
}

#[test]
fn a_new_tenant_starts_with_its_rotation_token_and_sends_its_message_once() {
    let mut held = Held::nothing();
    let given = pulling("a", "m").passes(&mut held, 3);
    assert_eq!(held.done, [message("m")], "no key that anybody could want to be rid of, and a message that is wanted");
    given.rotating("b").passes(&mut held, 3);
    assert_eq!(held.done, [message("m"), rotation("b")]);
}

#[test]
fn a_first_token_after_the_creation_is_an_edit_and_acts() {
    let mut held = Held::nothing();
    let given = shown().passes(&mut held, 2);
    given.rotating("a").sending("m").passes(&mut held, 2);
    assert_eq!(held.done, [rotation("a"), message("m")]);
}

#[test]
fn a_tenant_that_is_taken_over_has_its_tokens_recorded_and_the_next_ones_act() {
    for owner in [Owner::Free, Owner::OursLast] {
        let mut held = Held::nothing();
        shown().passes(&mut held, 1);
        let mut held = held.owned(owner);
        let given = pulling("a", "m").with("adoptionPolicy", "Always").passes(&mut held, 2);
        assert_eq!(held.done, [], "taking over breaks no widget and sends nothing");
        assert_eq!(held.tokens.len(), 2);
        given.rotating("b").sending("n").passes(&mut held, 2);
        assert_eq!(held.done, [rotation("b"), message("n")]);
    }
}

/// The crash that matters: recorded and claimed, and the status of it was never written.
#[test]
fn a_take_over_that_lost_its_status_does_nothing_either() {
    let mut held = Held::nothing();
    shown().passes(&mut held, 1);
    let mut held = held.owned(Owner::Free);
    let given = pulling("a", "m").with("adoptionPolicy", "Always");
    let lost = pass(&given, &mut held).unwrap();
    assert!(matches!(lost, Outcome::Live { done: Done::Adopted, .. }));
    given.passes(&mut held, 2);
    assert_eq!(held.done, []);
}

#[test]
fn a_token_that_is_taken_back_neither_acts_nor_loops() {
    let mut held = Held::nothing();
    let given = pulling("a", "m").passes(&mut held, 1).rotating("b").passes(&mut held, 1);
    let (done, writes) = (held.done.len(), held.writes);
    let given = given.rotating("a").passes(&mut held, 1);
    assert_eq!((held.done.len(), held.writes), (done, writes + 1), "it becomes the last one");
    given.passes(&mut held, 3);
    assert_eq!((held.done.len(), held.writes), (done, writes + 1), "once");
}

#[test]
fn a_token_is_live_only_when_it_was_seen_to() {
    let mut held = Held::nothing();
    let given = shown().passes(&mut held, 1);
    let error = || samples::unreachable();
    let edited = given.edited("extensions.interact.widgetKey.rotation", "a");
    let status = written(&edited, Err(Stop::Unavailable(error())));
    assert_eq!(
        condition::find(&status.conditions, ConditionType::Ready).unwrap().reason,
        Reason::PlatformUnavailable.as_str()
    );
    let done = edited.passes(&mut held, 1);
    let conclusion = concluded(&done, Err(Stop::Unavailable(error())));
    assert!(conclusion.status.is_none(), "nothing to say of an outage");
}

#[test]
fn a_new_token_is_no_reason_to_overwrite_reported_drift() {
    let mut held = Held::nothing();
    let given = shown().with("driftPolicy", "Report").passes(&mut held, 1);
    let mut held = held.with("general.companyName", "Fabrikam AG");
    let given = given.rotating("a").passes(&mut held, 2);
    assert_eq!(held.done, [rotation("a")]);
    assert_eq!(held.leaf("general.companyName"), json!("Fabrikam AG"));
    assert_eq!(
        condition::find(&given.status.unwrap().conditions, ConditionType::Synced).unwrap().reason,
        Reason::Drifted.as_str()
    );
}

#[test]
fn a_message_waits_for_the_invitation_says_so_and_looks_again_without_a_call() {
    let mut held = Held::nothing();
    let given = shown().passes(&mut held, 1);
    held.document().runtime.instant_messaging.primary = Some("pending".to_owned());
    let given = given.sending("m");
    let outcome = pass(&given, &mut held);
    let conclusion = concluded(&given, outcome);
    assert_eq!((held.done.clone(), conclusion.delay), (vec![], Delay::Script));
    let status = conclusion.status.unwrap();
    assert_eq!(
        condition::find(&status.conditions, ConditionType::Ready).unwrap().status,
        "True",
        "it waits for a human"
    );
    let tab = status.tabs.iter().find(|tab| tab.name == "Modalities").unwrap();
    let words = "the test message waits until the primary account accepted its invitation";
    assert_eq!((tab.state.as_str(), tab.message.as_deref()), ("InSync", Some(words)));
    held.document().runtime.instant_messaging.primary = Some("accepted".to_owned());
    given.passes(&mut held, 2);
    assert_eq!(held.done, [message("m")]);
}

#[test]
fn what_the_platform_refuses_for_now_waits_and_anything_else_does_not() {
    let until = |problem_type| Until::of_refusal(&ApiError::Refused(Problem { problem_type, ..Problem::default() }));
    assert_eq!(until(ProblemType::InvitationPending), Some(Until::Invited));
    assert_eq!(until(ProblemType::SectionOff), Some(Until::Shown));
    assert_eq!(until(ProblemType::OwnedByOther), None);
    assert_eq!(Until::of_refusal(&samples::unreachable()), None);
    let waits = Waiting { trigger: rotation("a"), until: Until::Shown };
    assert_eq!(waits.words(), "the rotation of the widget key waits until its section is on");
}

fn found(version: &str) -> Found {
    Found::Ours { version: version.into() }
}

#[test]
fn the_key_is_read_only_when_there_is_something_to_write() {
    let state = |version| WidgetKeyState { set: version > 0, version, last_token: None };
    let record = WidgetKeyStatus {
        version: Some(2),
        last_token: None,
        secret_name: Some("s".to_owned()),
        secret_version: Some("u/7".to_owned()),
    };
    let step = |found: &Found, record, version, rotated| widget_key::step("s", found, record, &state(version), rotated);
    let published = Publication::Published { secret: "s".to_owned(), secret_version: "u/7".into(), version: 2 };
    assert_eq!(step(&found("u/7"), Some(&record), 2, false), Step::Done(published), "as it was left");
    assert_eq!(step(&found("u/7"), Some(&record), 2, true), Step::Write, "rotated in this pass");
    assert_eq!(step(&found("u/7"), Some(&record), 3, false), Step::Write, "refreshed in the UI");
    assert_eq!(step(&found("u/8"), Some(&record), 2, false), Step::Write, "edited by hand");
    assert_eq!(step(&found("v/7"), Some(&record), 2, false), Step::Write, "deleted and made anew");
    assert_eq!(step(&found("u/7"), None, 2, false), Step::Write, "not known to be published");
    assert_eq!(step(&Found::Nothing, Some(&record), 2, false), Step::Write, "deleted by hand");
    let renamed = WidgetKeyStatus { secret_name: Some("other".to_owned()), ..record.clone() };
    assert_eq!(step(&found("u/7"), Some(&renamed), 2, false), Step::Write, "another Secret than before");
    assert_eq!(step(&Found::Nothing, None, 0, false), Step::Done(Publication::NoKey), "there is no key");
    for obstacle in [Obstacle::Foreign, Obstacle::Predecessor, Obstacle::Forbidden] {
        let refused = Publication::Refused { secret: "s".to_owned(), obstacle };
        assert_eq!(step(&Found::Not(obstacle), Some(&record), 3, true), Step::Done(refused), "whatever else holds");
    }
}

#[test]
fn a_refused_publication_is_named_and_takes_ready_away_but_not_what_was_saved() {
    for (obstacle, reason, mode) in [
        (Obstacle::Foreign, "SecretNotOwned", ConditionType::Stalled),
        (Obstacle::Immutable, "SecretNotOwned", ConditionType::Stalled),
        (Obstacle::Predecessor, "SecretNotOwned", ConditionType::Reconciling),
        (Obstacle::Forbidden, "SecretForbidden", ConditionType::Reconciling),
        (Obstacle::Unread, "PlatformUnavailable", ConditionType::Reconciling),
    ] {
        let mut held = Held::nothing();
        let given = shown().with("extensions.interact.widgetKey.secretRef.name", "theirs");
        let Ok(Outcome::Live { document, done, difference, .. }) = pass(&given, &mut held) else { panic!() };
        let key = Publication::Refused { secret: "theirs".to_owned(), obstacle };
        let side_effects = SideEffects { key, ..SideEffects::default() };
        let conclusion = concluded(&given, Ok(Outcome::Live { document, done, difference, side_effects }));
        assert_eq!(conclusion.delay, Delay::Reference);
        let status = conclusion.status.unwrap();
        let ready = condition::find(&status.conditions, ConditionType::Ready).unwrap();
        assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", reason));
        assert!(ready.message.contains("'theirs'"), "{}", ready.message);
        assert_eq!(condition::find(&status.conditions, mode).unwrap().message, ready.message);
        assert_eq!(condition::find(&status.conditions, ConditionType::Synced).unwrap().status, "True");
        assert!(status.applied.is_some(), "the settings are live");
        let tab = status.tabs.iter().find(|tab| tab.name == "Extensions").unwrap();
        let words = obstacle.words("theirs");
        assert_eq!((tab.state.as_str(), tab.message.as_deref()), ("Invalid", Some(words.as_str())));
        assert!(ready.message.starts_with(&words), "{}", ready.message);
    }
}

/// A section as the spec has it: not spoken of, off or on.
fn some_switch() -> impl Strategy<Value = Option<bool>> {
    prop_oneof![Just(None), Just(Some(false)), Just(Some(true))]
}

fn some_token() -> impl Strategy<Value = Option<String>> {
    prop_oneof![Just(None), "[ab]".prop_map(Some)]
}

proptest! {
    /// Whatever is edited in whatever order, and wherever a pass loses its status: each token acts at most once, none acts while
    /// it is hidden, and a pass after the last edit gives the platform nothing.
    #[test]
    fn each_token_acts_at_most_once(
        edits in prop::collection::vec((some_switch(), some_token(), some_token(), any::<bool>()), 1..8)
    ) {
        let mut held = Held::nothing();
        let mut given = shown();
        for (switch, rotate, send, loses_status) in edits {
            given.object["spec"]["extensions"]["interact"]["enabled"] = json!(switch.unwrap_or(true));
            given = match rotate {
                Some(token) => given.rotating(&token),
                None => given,
            };
            given = match send {
                Some(token) => given.sending(&token),
                None => given,
            };
            let before = held.done.len();
            let status = given.status.clone();
            given = given.passes(&mut held, 1);
            if loses_status {
                given.status = status;
            }
            if switch == Some(false) {
                let rotations = held.done[before..].iter().filter(|t| matches!(t, Trigger::Rotation { .. })).count();
                prop_assert_eq!(rotations, 0, "it is hidden");
            }
        }
        given = given.passes(&mut held, 1);
        let (writes, done) = (held.writes, held.done.clone());
        given.passes(&mut held, 2);
        prop_assert_eq!(held.writes, writes, "at rest nothing is given");
        for (at, trigger) in done.iter().enumerate() {
            prop_assert!(!done[at + 1..].contains(trigger), "{:?} was done twice", trigger);
        }
    }
}

#[test]
fn hidden_tokens_wait_for_their_section_and_are_counted() {
    let mut held = Held::nothing();
    let given = shown().rotating("a").with("extensions.interact.enabled", false).passes(&mut held, 2);
    assert_eq!(at_creation(&given.desired()), None);
    assert_eq!((held.done.clone(), held.tokens.len()), (vec![], 0), "neither sent nor recorded");
    let tab = given.status.as_ref().unwrap().tabs.iter().find(|tab| tab.name == "Extensions").unwrap().clone();
    assert_eq!(tab.message.as_deref(), Some("2 settings are hidden while their section is off"), "string and token");
    given.with("extensions.interact.enabled", true).passes(&mut held, 2);
    assert_eq!(held.done, [rotation("a")]);
}

#[test]
fn a_section_that_the_platform_has_off_pulls_nothing() {
    let given = shown().rotating("a");
    let off = json!({ "extensions": { "interact": { "enabled": false } } });
    let (now, later) = due(&given.desired(), &off, &crate::admin_api::Runtime::default());
    assert_eq!((now, later), (vec![], vec![]), "where drift is only reported");
}
