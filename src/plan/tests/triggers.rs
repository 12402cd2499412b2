//! When a token is given to the platform, when it is only remembered, and what becomes of the widget key.

use proptest::prelude::*;

use super::super::triggers::{Until, Waiting, at_creation, due, refused};
use super::super::widget_key::{self, Publication, Publish};
use super::super::widget_secret::{Obstacle, Undone, WidgetSecret};
use super::*;
use crate::admin_api::Invitation;
use crate::admin_api::types::WidgetKeyState;
use crate::resources::status::WidgetKeyStatus;
use crate::resources::{ConditionType, Reason};
use crate::settings::{Tab, Trigger, Version};

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
    assert_eq!(held.done, [message("m")], "no key that could have to be replaced, and a message that is wanted");
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
    let lost = live_pass(&given, &mut held).unwrap();
    assert_eq!(Done::Adopted, lost.done);
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
    held.document().runtime.instant_messaging.primary = Some(Invitation::Pending);
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
    let tab = status.tabs.iter().find(|tab| tab.name == Tab::Modalities).unwrap();
    let words = "The test message waits until the primary account accepts its invitation";
    assert_eq!((tab.state.as_str(), tab.message.as_deref()), ("InSync", Some(words)));
    held.document().runtime.instant_messaging.primary = Some(Invitation::Accepted);
    given.passes(&mut held, 2);
    assert_eq!(held.done, [message("m")]);
}

#[test]
fn what_the_platform_refuses_for_now_waits_and_anything_else_does_not() {
    let until = |error| refused(rotation("a"), error).map(|waiting| waiting.until);
    let refusal = |problem_type| ApiError::Refused(Problem { problem_type, ..Problem::default() });
    assert_eq!(until(refusal(ProblemType::InvitationPending)).unwrap(), Until::Invited);
    assert_eq!(until(refusal(ProblemType::SectionOff)).unwrap(), Until::Shown);
    assert!(matches!(until(refusal(ProblemType::OwnedByOther)), Err(Stop::OwnedByOther { .. })));
    assert!(matches!(until(samples::unreachable()), Err(Stop::Unavailable(_))));
    let waits = Waiting { trigger: rotation("a"), until: Until::Shown };
    assert_eq!(waits.words(), "The rotation of the widget key waits until its section is on");
}

/// The Secret that was made for the Tenant, in this state.
fn found(uid: &str, version: &str) -> WidgetSecret {
    let owner = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant", "name": "contoso", "uid": "u-1", "controller": true
    });
    let metadata = json!({ "uid": uid, "resourceVersion": version, "ownerReferences": [owner] });
    let secret = json!({ "metadata": metadata, "type": "Opaque" });
    WidgetSecret::judge(serde_json::from_value(secret).unwrap(), &shown().tenant())
}

/// What becomes of the key without writing it, if the plan says so.
fn unwritten(publish: Publish, rotated: bool) -> Option<Publication> {
    match publish {
        Publish::Settled(publication) => Some(publication),
        Publish::AfterRotation { otherwise, .. } => Some(otherwise).filter(|_| !rotated),
        Publish::Write(_) => None,
    }
}

#[test]
fn the_key_is_read_only_when_there_is_something_to_write() {
    let record = WidgetKeyStatus {
        version: Version::parse("v2"),
        last_token: None,
        secret_name: Some("s".to_owned()),
        secret_version: Some("u/7".to_owned()),
    };
    let desired = shown().with("extensions.interact.widgetKey.secretRef.name", "s").desired();
    let left = |found: WidgetSecret, record: Option<&WidgetKeyStatus>, version: &str, rotated| {
        let mut document = held().with("extensions.interact.enabled", true).document.unwrap();
        document.runtime.widget_key =
            WidgetKeyState { set: version != "none", version: Version::parse(version).unwrap(), last_token: None };
        let saved = Snapshot::read(Arc::new(document)).unwrap();
        unwritten(widget_key::publish(&desired, &saved, Some(&found), record), rotated)
    };
    let published = Publication::Published {
        secret: "s".to_owned(),
        secret_version: "u/7".into(),
        version: Version::parse("v2").unwrap(),
    };
    assert_eq!(left(found("u", "7"), Some(&record), "v2", false), Some(published), "as it was left");
    assert_eq!(left(found("u", "7"), Some(&record), "v2", true), None, "rotated in this pass");
    assert_eq!(left(found("u", "7"), Some(&record), "v3", false), None, "refreshed in the UI");
    assert_eq!(left(found("u", "8"), Some(&record), "v2", false), None, "edited by hand");
    assert_eq!(left(found("v", "7"), Some(&record), "v2", false), None, "deleted and created again");
    assert_eq!(left(found("u", "7"), None, "v2", false), None, "not known to be published");
    assert_eq!(left(WidgetSecret::Missing, Some(&record), "v2", false), None, "deleted by hand");
    let renamed = WidgetKeyStatus { secret_name: Some("other".to_owned()), ..record.clone() };
    assert_eq!(left(found("u", "7"), Some(&renamed), "v2", false), None, "another Secret than before");
    assert_eq!(left(WidgetSecret::Missing, None, "none", false), Some(Publication::NoKey), "there is no key");
    assert_eq!(left(WidgetSecret::Missing, None, "none", true), None, "and then there is one");
    for obstacle in [Obstacle::Foreign, Obstacle::Predecessor, Obstacle::Forbidden] {
        let refused = Publication::Refused { secret: "s".to_owned(), obstacle: obstacle.clone() };
        let found = WidgetSecret::Unusable(obstacle);
        assert_eq!(left(found, Some(&record), "v3", true), Some(refused), "in every case");
    }
}

/// The same five minutes as for any other reference; an outage of the platform is none.
#[test]
fn a_key_that_cannot_be_published_needs_a_human_in_the_end() {
    for (obstacle, expected) in [
        (Obstacle::Forbidden, "Stalled=True SecretForbidden"),
        (Obstacle::Predecessor, "Stalled=True SecretNotOwned"),
        (Obstacle::Unread, "Reconciling=True PlatformUnavailable"),
    ] {
        let mut given = shown().with("extensions.interact.widgetKey.secretRef.name", "s");
        let live = live_pass(&given, &mut Held::nothing()).unwrap();
        let mut mode_at = |second: i64| {
            let key = Publication::Refused { secret: "s".to_owned(), obstacle: obstacle.clone() };
            let side_effects = SideEffects { key, ..SideEffects::default() };
            let (intent, tenant) = (given.validate(), given.tenant());
            let facts = Facts { now: at(second), ..facts(&tenant, intent.hash(), &Seen::Nothing) };
            let outcome = Outcome::Live(Live { side_effects, ..live.clone() });
            given.status = conclude(facts, Ok(outcome)).status.or_else(|| given.status.clone());
            let stated = verdict(given.status.as_ref().unwrap());
            stated.into_iter().find(|said| said.starts_with("Stalled") || said.starts_with("Reconciling")).unwrap()
        };
        assert!(mode_at(2000).starts_with("Reconciling") && mode_at(2299).starts_with("Reconciling"), "{expected}");
        assert_eq!(expected, mode_at(2300));
    }
}

#[test]
fn the_secret_is_observed_only_where_the_key_may_be_published() {
    let wanting = shown().with("extensions.interact.widgetKey.secretRef.name", "s");
    let observes =
        |given: &Given, found: &Observation| widget_key::to_observe(&given.desired(), found).map(ToOwned::to_owned);
    let on = held().with("extensions.interact.enabled", true);
    let named = Some("s".to_owned());
    assert_eq!(observes(&wanting, &on.observed()), named);
    assert_eq!(observes(&wanting, &held().observed()), named, "this plan switches the section on");
    assert_eq!(observes(&wanting, &Held::nothing().observed()), named, "and this one creates the tenant with it");
    assert_eq!(observes(&shown(), &on.observed()), None, "not wanted");
    let silent = wanting.clone().without("extensions.interact.enabled");
    assert_eq!(observes(&silent, &on.observed()), named, "the platform has it on");
    assert_eq!(observes(&silent, &held().observed()), None, "off on both sides");
    let off = wanting.clone().with("extensions.interact.enabled", false);
    assert_eq!(observes(&off, &on.observed()), None);
    let other = on.owned(Owner::Other("prod/a/b".into())).observed();
    assert_eq!(observes(&wanting, &other), None, "of another's tenant");
    assert_eq!(observes(&wanting, &Observation::Unknown(ApiError::Forbidden)), None);
}

#[test]
fn a_refused_publication_is_named_and_takes_ready_away_but_not_what_was_saved() {
    for (obstacle, reason, mode) in [
        (Obstacle::Foreign, "SecretNotOwned", ConditionType::Stalled),
        (Obstacle::Immutable, "SecretNotOwned", ConditionType::Stalled),
        (Obstacle::Predecessor, "SecretNotOwned", ConditionType::Reconciling),
        (Obstacle::Forbidden, "SecretForbidden", ConditionType::Reconciling),
        (Obstacle::RefusedBy("policy p".to_owned()), "KubernetesRefused", ConditionType::Stalled),
        (Obstacle::Unread, "PlatformUnavailable", ConditionType::Reconciling),
    ] {
        let mut held = Held::nothing();
        let given = shown().with("extensions.interact.widgetKey.secretRef.name", "theirs");
        let live = live_pass(&given, &mut held).unwrap();
        let key = Publication::Refused { secret: "theirs".to_owned(), obstacle: obstacle.clone() };
        let side_effects = SideEffects { key, ..SideEffects::default() };
        let conclusion = concluded(&given, Ok(Outcome::Live(Live { side_effects, ..live })));
        assert_eq!(conclusion.delay, Delay::Reference);
        let status = conclusion.status.unwrap();
        let ready = condition::find(&status.conditions, ConditionType::Ready).unwrap();
        assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("False", reason));
        assert!(ready.message.contains("Secret customers/theirs"), "{}", ready.message);
        assert_eq!(condition::find(&status.conditions, mode).unwrap().message, ready.message);
        assert_eq!(condition::find(&status.conditions, ConditionType::Synced).unwrap().status, "True");
        assert!(status.applied.is_some(), "the settings are live");
        let tab = status.tabs.iter().find(|tab| tab.name == Tab::Extensions).unwrap();
        let words = obstacle.words("customers", "theirs", Undone::Published);
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
    /// In any order of edits, and wherever a pass loses its status: each token acts at most once, none acts while
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
    let tab = given.status.as_ref().unwrap().tabs.iter().find(|tab| tab.name == Tab::Extensions).unwrap().clone();
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
