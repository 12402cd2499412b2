//! Writes of ours whose answer was lost: the platform has them, and no status does.

use super::keeping::{left_alone, saved};
use super::*;
use crate::plan::apply::Write;

const RETENTION: &str = "dataPrivacy.dataRetentionMonths";

/// A Tenant that only reports drift and is live with this retention time, the same edited and saved without an answer, and what the
/// platform has then.
fn lost(edit: (&str, Value)) -> (Given, Held) {
    let mut held = Held::nothing();
    let given = tenant("contoso").with("driftPolicy", "Report").with(RETENTION, 24).after(&mut held);
    let edited = given.clone().edited(edit.0, edit.1);
    live_pass(&edited, &mut held).unwrap();
    (given, held)
}

#[test]
fn an_edit_whose_answer_was_lost_is_taken_back_with_the_spec() {
    let (reverted, held) = lost(("general.companyName", json!("Contoso SE")));
    let (_, edited, body) = saved(reverted.plan(&held.observed()));
    assert_eq!((edited, body), (true, json!({ "general": { "companyName": "Contoso AG" } })));
    let foreign = held.with("general.companyName", "Fabrikam");
    assert_eq!(left_alone(reverted.plan(&foreign.observed())).changes.len(), 1, "another client wrote last");
    let mut theirs = foreign;
    theirs.document().last_writer = Some(stamp("another").to_string());
    left_alone(reverted.plan(&theirs.observed()));
}

#[test]
fn what_was_recorded_is_no_lost_write() {
    let mut held = Held::nothing();
    let given = tenant("contoso").with("driftPolicy", "Report").after(&mut held);
    assert_eq!(held.document().last_writer, Some(stamp("contoso").to_string()));
    // A platform that changes a value without a new version breaks the contract, and gets no edit from us.
    put(&mut held.document().settings, "general.companyName", json!("Fabrikam"));
    assert_eq!(left_alone(given.plan(&held.observed())).changes.len(), 1);
}

#[test]
fn a_longer_retention_time_whose_answer_was_lost_is_taken_back_with_a_confirmation() {
    let (reverted, held) = lost((RETENTION, json!(36)));
    match reverted.plan(&held.observed()) {
        Err(Stop::Unconfirmed { token, .. }) => assert_eq!(token, "36->24"),
        other => panic!("{other:?}"),
    }
    let confirmed = reverted.clone().confirming("retention", "36->24");
    let (_, edited, body) = saved(confirmed.plan(&held.observed()));
    assert_eq!((edited, body), (true, json!({ "dataPrivacy": { "dataRetentionMonths": 24 } })));
    let foreign = held.with(RETENTION, 48);
    let confirmed = reverted.confirming("retention", "48->24");
    assert_eq!(left_alone(confirmed.plan(&foreign.observed())).held.len(), 1, "drift never shortens it");
}

#[test]
fn correcting_other_drift_does_not_make_a_foreign_retention_time_ours() {
    let mut held = Held::nothing();
    let given = tenant("contoso").with(RETENTION, 24).after(&mut held);
    let mut held = held.with(RETENTION, 36).with("general.companyName", "Fabrikam");
    let given = given.after(&mut held);
    assert_eq!(held.leaf("general.companyName"), json!("Contoso AG"), "corrected by a write of ours");
    assert_eq!(held.document().last_writer, Some(stamp("contoso").to_string()));
    assert_eq!(left_alone(given.plan(&held.observed())).held.len(), 1, "and nothing has to be confirmed");
}

#[test]
fn a_claim_expects_the_stamp_and_the_settings_that_were_seen() {
    for owner in [None, Some(stamp("gone").to_string())] {
        let mut free = held().owned(Owner::Free);
        free.document().owner.clone_from(&owner);
        let plan = tenant("contoso").plan(&free.observed()).unwrap();
        let claim = plan.claim.unwrap();
        assert_eq!((claim.expected, claim.settings_version), (owner, free.document().settings_version.clone()));
        assert!(matches!(plan.write, Write::Nothing { .. }));
    }
}
