//! A rotation ends the life of a key that is in use: it is not sent before it is known that the new one can be published.

use super::super::after_save::FollowUp;
use super::super::triggers::{Until, Waiting};
use super::super::widget_key::{KeyEdit, Publication, Publish};
use super::super::widget_secret::{Obstacle, WidgetSecret};
use super::*;
use crate::settings::Trigger;

/// A Tenant whose key goes to the Secret `s`, with one new token for each trigger.
fn given() -> Given {
    let messaging = json!({ "enabled": true, "primaryAccount": "im@contoso.com" });
    let message = json!({ "upn": "ada@contoso.com", "token": "m" });
    tenant("contoso")
        .with_interact("1")
        .with("modalities.instantMessaging", messaging)
        .with("modalities.instantMessaging.testMessage", message)
        .with("extensions.interact.widgetKey", json!({ "secretRef": { "name": "s" }, "rotation": "b" }))
}

/// What is due once the settings are saved, with this Secret.
fn due(secret: WidgetSecret) -> FollowUp {
    let mut held = Held::nothing();
    let before = given().without("modalities.instantMessaging.testMessage").without("extensions.interact.widgetKey");
    live_pass(&before, &mut held).unwrap();
    held.document().runtime.widget_key.set = true;
    let observed = Observed { tenant: held.observed(), widget_secret: Some(secret) };
    let given = given();
    let plan = apply::plan(&given.tenant(), &given.desired(), observed, &Rewrites::default()).unwrap();
    plan.after.follow_up(&Snapshot::read(Arc::new(held.document().clone())).unwrap())
}

/// The Secret of the Tenant, or one of the operator without an owner.
fn secret(owned: &str, immutable: bool) -> WidgetSecret {
    let owner = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant", "name": "contoso", "uid": owned, "controller": true
    });
    let metadata = json!({
        "uid": "u", "resourceVersion": "7", "ownerReferences": [owner],
        "labels": { "app.kubernetes.io/managed-by": "nimbus-operator" }
    });
    let data = json!({ "widget-key": k8s_openapi::ByteString(b"now".to_vec()) });
    let secret = json!({ "metadata": metadata, "type": "Opaque", "immutable": immutable, "data": data });
    WidgetSecret::judge(serde_json::from_value(secret).unwrap(), &given().tenant())
}

fn rotation() -> Trigger {
    Trigger::Rotation { token: "b".to_owned() }
}

fn refused(obstacle: Obstacle) -> Publication {
    Publication::Refused { secret: "s".to_owned(), obstacle }
}

/// What is fired, whether the rotation waits, and what became of the key if that is settled.
fn verdict(follow_up: FollowUp) -> (usize, bool, Option<Publication>) {
    let FollowUp { fire, waiting, publish } = follow_up;
    assert!(fire.iter().any(|trigger| matches!(trigger, Trigger::TestMessage { .. })), "a message needs no Secret");
    let held = waiting.contains(&Waiting { trigger: rotation(), until: Until::Deliverable });
    assert_eq!(!held, fire.contains(&rotation()), "sent or held");
    let settled = match publish {
        Publish::Settled(publication) => Some(publication),
        Publish::Write(_) | Publish::AfterRotation { .. } => None,
    };
    (fire.len(), held, settled)
}

#[test]
fn a_rotation_is_held_while_its_secret_cannot_be_used() {
    for obstacle in [Obstacle::Foreign, Obstacle::Predecessor, Obstacle::Forbidden] {
        let follow_up = due(WidgetSecret::Unusable(obstacle.clone()));
        assert!(follow_up.to_prove().is_none(), "there is nothing to prove");
        assert_eq!((1, true, Some(refused(obstacle))), verdict(follow_up));
    }
}

#[test]
fn a_rotation_is_sent_once_its_secret_is_proved_writable() {
    for found in [WidgetSecret::Missing, secret("u-1", false)] {
        let follow_up = due(found.clone());
        let target = follow_up.to_prove().cloned().unwrap();
        let present = "now".into();
        assert_eq!((2, false, None), verdict(follow_up.proved(target.for_new_key(Some(&present)))));
        let who = || Obstacle::RefusedBy("ValidatingAdmissionPolicy no-secrets".to_owned());
        assert_eq!((1, true, Some(refused(who()))), verdict(due(found).proved(Err(who()))));
    }
}

#[test]
fn an_immutable_secret_takes_no_new_key() {
    let follow_up = due(secret("u-1", true));
    let proof = follow_up.to_prove().cloned().unwrap().for_new_key(Some(&"now".into()));
    assert_eq!((1, true, Some(refused(Obstacle::Immutable))), verdict(follow_up.proved(proof)));
}

/// It would not be recognized any more by the key that follows.
#[test]
fn a_restored_secret_is_recognized_by_the_key_before_the_rotation() {
    let target = due(secret("u-0", false)).to_prove().cloned().unwrap();
    let recognized = target.clone().for_new_key(Some(&"now".into())).unwrap();
    for key in ["now", "new"] {
        let edit = recognized.edit(&key.into());
        assert!(matches!(edit, KeyEdit::Change(_)), "it gets the key and its owner: {edit:?}");
    }
    let obstacle = target.for_new_key(Some(&"other".into())).unwrap_err();
    assert_eq!(
        (1, true, Some(refused(Obstacle::Predecessor))),
        verdict(due(secret("u-0", false)).proved(Err(obstacle)))
    );
}

#[test]
fn without_a_rotation_nothing_is_proved() {
    let mut held = Held::nothing();
    let given = given().without("extensions.interact.widgetKey.rotation");
    live_pass(&given, &mut held).unwrap();
    let observed = Observed { tenant: held.observed(), widget_secret: Some(WidgetSecret::Missing) };
    let plan = apply::plan(&given.tenant(), &given.desired(), observed, &Rewrites::default()).unwrap();
    let follow_up = plan.after.follow_up(&Snapshot::read(Arc::new(held.document().clone())).unwrap());
    assert!(follow_up.to_prove().is_none());
}

#[test]
fn a_held_rotation_says_so() {
    let mut held = Held::nothing();
    let given = given();
    let live = live_pass(&given, &mut held).unwrap();
    let waiting = vec![Waiting { trigger: rotation(), until: Until::Deliverable }];
    let side_effects = SideEffects { key: refused(Obstacle::Immutable), waiting, ..SideEffects::default() };
    let status = concluded(&given, Ok(Outcome::Live(Live { side_effects, ..live }))).status.unwrap();
    let ready = condition::find(&status.conditions, ConditionType::Ready).unwrap();
    let expected =
        "spec.extensions.interact.widgetKey.secretRef: Secret customers/s is immutable; the widget key is not rotated";
    assert!(ready.message.starts_with(expected), "{}", ready.message);
}
