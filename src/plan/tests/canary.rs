//! The value of a Secret appears nowhere but in the body that is sent.

use super::*;
use crate::plan::apply::Write;

fn clean(text: &str) {
    assert!(!text.contains("accesskey") && !text.contains("Q0FOQVJZ"), "{text}");
}

#[test]
fn a_secret_appears_in_no_debug_text_and_in_no_status() {
    let given = tenant("contoso").with_interact("1");
    clean(&format!("{:?}", given.resolved));
    clean(&format!("{:?} {:#?}", given.validate(), given.desired()));
    let mut held = Held::nothing();
    let plan = given.plan(&held.observed()).unwrap();
    clean(&format!("{plan:?} {plan:#?}"));
    let Write::Create { difference, .. } = &plan.write else { panic!("it is created") };
    assert!(difference.to_creation().to_string().contains(SECRET), "it reaches the platform");
    let outcome = pass(&given, &mut held);
    clean(&format!("{outcome:?}"));
    let conclusion = concluded(&given, outcome);
    clean(&format!("{conclusion:?}"));
    clean(&serde_json::to_string(&conclusion.status).unwrap());
}

#[test]
fn a_secret_appears_in_no_stop() {
    let given = tenant("contoso").with_interact("1");
    let malformed = given.clone().referring(Err(SecretProblem::Malformed("has no endpoint=")));
    let stop = malformed.plan(&Held::nothing().observed()).unwrap_err();
    clean(&format!("{stop:?} {:?}", stop.disposition(PLATFORM)));
    clean(&serde_json::to_string(&written(&given, Err(stop))).unwrap());
    let restricted = Held::nothing().restricting(&["/extensions"]);
    let Write::Create { difference, .. } = given.plan(&restricted.observed()).unwrap().write else {
        panic!("it is created")
    };
    clean(&format!("{difference:?}"));
    clean(&difference.to_creation().to_string());
}
