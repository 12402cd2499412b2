//! Every message that the tests before this one produced: of conditions and events in the cluster, and of warnings in the log. Each
//! has to say something, and none may use words that a reader has to look up. All are written to `target/messages.txt`, to be read
//! as a whole.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use k8s_openapi::api::events::v1::Event;
use kube::api::{Api, ApiResource, DynamicObject, ListParams};
use nimbus_operator::resources::{Partner, Platform, Reason, Tenant};
use regex::Regex;
use serde_json::{Value, json};

use crate::support::fixture::Fixture;
use crate::support::users::ADMIN;
use crate::support::{assets, log};

/// Words that a reader has to look up, or that say nothing.
const ARCHAIC: &str =
    r"(?i)\b(nobody|somebody|whoever|whatever|besides|anew|whom|is told|as good as|for ever|licences?)\b";
static BAD: LazyLock<Regex> = LazyLock::new(|| Regex::new(&format!(r"{ARCHAIC}|\.\.|: :|; ;|  ")).unwrap());
/// What differs between tests: ids, numbers, addresses.
static OWN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"[0-9a-f]{8}-[0-9a-f-]{27}|127\.0\.0\.1:\d+|Partner \S+ not found|\b[a-z0-9-]+-\d+(-[a-z0-9]+)*\b|\d+")
        .unwrap()
});

/// A message, with where it stands and why.
type Said = (String, String, String);

fn said(place: &str, reason: &Value, message: &Value) -> Said {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (place.to_owned(), text(reason), OWN.replace_all(&text(message), "#").into_owned())
}

/// The conditions of all objects of a kind.
async fn conditions(fixture: &Fixture, kind: &ApiResource) -> Vec<Said> {
    let api = Api::<DynamicObject>::all_with(fixture.client(ADMIN), kind);
    let objects = api.list(&ListParams::default()).await.unwrap().items;
    let of = |object: &DynamicObject| object.data["status"]["conditions"].as_array().cloned().unwrap_or_default();
    let place = |condition: &Value| format!("{} {}", kind.kind, condition["type"].as_str().unwrap_or_default());
    // Some tests write a status of their own, as another program might.
    let ours = |condition: &Value| {
        let mut words = Reason::REASONS.iter().chain(Reason::TENANT_STATES).map(|reason| reason.as_str());
        words.any(|word| condition["reason"] == word)
    };
    let conditions = objects.iter().flat_map(of).filter(ours);
    conditions.map(|condition| said(&place(&condition), &condition["reason"], &condition["message"])).collect()
}

/// The warnings of all operators in this process, from the message on.
fn warnings() -> Vec<Said> {
    let lines = log::so_far().unwrap();
    let warnings = lines.lines().filter_map(|line| line.split_once(" WARN ").map(|(_, rest)| rest.to_owned()));
    let text = |line: String| line.rsplit_once("nimbus_operator::").map_or(line.clone(), |(_, rest)| rest.to_owned());
    warnings.map(|line| said("log", &json!("WARN"), &json!(text(line)))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_message_says_something_in_plain_words() {
    let fixture = Fixture::new("verdict").await;
    let _operator = fixture.start();
    fixture.create(json!({})).await;
    fixture.ready().await;
    let mut all = warnings();
    for kind in
        [ApiResource::erase::<Tenant>(&()), ApiResource::erase::<Platform>(&()), ApiResource::erase::<Partner>(&())]
    {
        all.extend(conditions(&fixture, &kind).await);
    }
    let events = Api::<Event>::all(fixture.client(ADMIN)).list(&ListParams::default()).await.unwrap().items;
    let ours = events.iter().filter(|event| event.reporting_controller.as_deref() == Some("nimbus-operator"));
    all.extend(ours.map(|event| said("event", &json!(event.reason), &json!(event.note))));
    let all: BTreeSet<Said> = all.into_iter().collect();

    let lines: String = all.iter().map(|(place, reason, message)| format!("{place}\t{reason}\t{message}\n")).collect();
    std::fs::write(assets::checkout().join("target/messages.txt"), lines).unwrap();
    let bad: Vec<&Said> =
        all.iter().filter(|(.., message)| message.trim().is_empty() || BAD.is_match(message)).collect();
    assert!(all.len() > 4, "{all:?}");
    assert_eq!(Vec::<&Said>::new(), bad);
}

#[test]
fn a_message_that_reads_badly_is_noticed() {
    for bad in ["Delete one, besides", "It is told twice", "Wait..", "Ask support:  now"] {
        assert!(BAD.is_match(bad), "{bad}");
    }
    assert!(!BAD.is_match("spec.contact.phone is '044', must be a phone number"));
    assert_eq!("tenant # of #", OWN.replace_all("tenant 6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c of contoso-12", "#"));
}
