//! The operator, admission and the platform mean the same by white space, control and invisible characters, each by a definition
//! of its own.

use nimbus_operator::manifests::crd;
use nimbus_operator::settings::{Class, Leaf, leaves};
use serde_json::{Value, json};

use super::bounds::admit;
use super::only;
use crate::support::fixture::Fixture;

/// Ends of ranges and their neighbours, and what has a meaning in a format.
const CHARACTERS: [u32; 64] = [
    0x00, 0x09, 0x0a, 0x0d, 0x1b, 0x1f, 0x20, 0x21, 0x22, 0x27, 0x2e, 0x40, 0x5c, 0x7e, 0x7f, 0x80, 0x85, 0x9f, 0xa0,
    0xa1, 0xac, 0xad, 0xae, 0xfc, 0x301, 0x61b, 0x61c, 0x115f, 0x1160, 0x1161, 0x1680, 0x180e, 0x1fff, 0x2000, 0x200a,
    0x200b, 0x200d, 0x200f, 0x2010, 0x2027, 0x2028, 0x2029, 0x202a, 0x202e, 0x202f, 0x2030, 0x205e, 0x205f, 0x2060,
    0x2066, 0x206f, 0x2070, 0x2800, 0x3000, 0x3164, 0xfeff, 0xffa0, 0xfff9, 0xfffb, 0xfffd, 0x1f980, 0xe0001, 0xe007f,
    0xe0080,
];

/// A good text with one character before it, within it and after it.
fn variants(good: &str) -> impl Iterator<Item = String> {
    let middle = good.char_indices().nth(good.chars().count() / 2).map_or(0, |(at, _)| at);
    let (left, right) = good.split_at(middle);
    let texts = CHARACTERS.iter().filter_map(|code| char::from_u32(*code)).flat_map(move |c| {
        [format!("{c}{left}{right}"), format!("{left}{c}{right}"), format!("{left}{right}{c}"), c.to_string()]
    });
    texts.chain([good.to_owned(), "   ".to_owned()])
}

/// The settings that are texts of a format, each with a good one.
fn texts() -> impl Iterator<Item = (&'static Leaf, String)> {
    let spec = crd::tenant_spec();
    leaves().filter(|leaf| leaf.class == Class::Value && leaf.path != "general.tenantId").filter_map(move |leaf| {
        let schema = crd::member(&spec, leaf.path).unwrap();
        let text = schema["type"] == "string" && schema.get("enum").is_none();
        // A unit has to exist, which is another rule.
        let good = if leaf.path == "provisioning.defaultOrganizationUnitId" { "root" } else { leaf.example? };
        text.then(|| (leaf, good.to_owned()))
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_and_platform_refuse_the_same_texts() {
    let fixture = Fixture::new("spelling").await;
    let name = json!({ "general": { "name": "Contoso", "o365Domain": "contoso.com" } });
    fixture.platform.create(&fixture.id, name).await.unwrap();
    let (mut leaf_count, mut refused, mut accepted, mut problems) = (0, 0, 0, vec![]);
    for (leaf, good) in texts() {
        leaf_count += 1;
        for text in variants(&good) {
            let ours = leaf.canonicalize(&json!(text)).ok();
            let theirs = fixture.platform.edit(&fixture.id, only(leaf.wire, json!(text))).await;
            match (ours, theirs) {
                (None, Err(_)) => refused += 1,
                (Some(ours), Ok(_)) => {
                    let (_, document) = fixture.platform.tenant(&fixture.id).await.unwrap();
                    let theirs = leaf.find(&document["settings"]).cloned().unwrap_or(Value::Null);
                    if ours == theirs {
                        accepted += 1
                    } else {
                        problems.push(format!("{leaf} {text:?}: {ours} {theirs}"))
                    }
                }
                (ours, theirs) => problems.push(format!("{leaf} {text:?}: operator {ours:?}, platform {theirs:?}")),
            }
        }
    }
    assert_eq!(Vec::<String>::new(), problems);
    println!("{leaf_count} settings: {refused} texts refused by both, {accepted} accepted by both");
    assert!(leaf_count >= 15 && refused >= 2000 && accepted >= 300, "{leaf_count} {refused} {accepted}");
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_and_admission_refuse_the_same_texts() {
    let fixture = Fixture::new("admitted-spelling").await;
    let (mut judged, mut problems) = (0, vec![]);
    let of_each_format = ["general.name", "general.companyName", "contact.email", "contact.sipAddress"];
    for (leaf, good) in texts().filter(|(leaf, _)| of_each_format.contains(&leaf.path)) {
        for text in variants(&good) {
            let ours = leaf.canonicalize(&json!(text)).is_ok();
            let theirs = admit(&fixture, only(leaf.path, json!(text))).await;
            judged += 1;
            if ours != theirs.is_ok() {
                problems.push(format!("{leaf} {text:?}: operator {ours}, admission {theirs:?}"));
            }
        }
    }
    assert_eq!(Vec::<String>::new(), problems);
    assert_eq!(of_each_format.len() * (4 * CHARACTERS.len() + 2), judged);
}

/// What a template leaves behind, what is only blanks, and values of another kind are answered by the sentence of the rule.
#[tokio::test(flavor = "multi_thread")]
async fn the_sentence_answers_and_not_a_number() {
    let fixture = Fixture::new("sentences").await;
    let resource = "/subscriptions/6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c/resourceGroups/voice/providers/Microsoft.Communication/communicationServices/contoso";
    let line = "without a space at either end";
    for (path, value, says) in [
        ("general.name", "   ", line),
        ("general.name", " Contoso", line),
        ("general.name", "Contoso ", line),
        ("general.name", "${TENANT_NAME}", "unresolved placeholder"),
        ("general.companyName", "{{ .Values.company }}", "unresolved placeholder"),
        ("general.name", "Con\u{a0}toso", "other white space"),
        ("general.billingAddress.country", "Switzerland", "ISO 3166-1 alpha-2"),
        ("general.tenantId", "{6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c}", "8-4-4-4-12"),
        ("modalities.instantMessaging.acsResourceId", resource, "8-4-4-4-12"),
        (
            "provisioning.defaultOrganizationUnitId",
            "Customer Care and Sales, Zürich, Switzerland",
            "'root' or the GUID",
        ),
        ("contact.phone", "+41 44 555 12 34 extension 5678", "E.164"),
        ("general.o365Domain", "bücher.example", "punycode"),
        ("contact.email", "ops@bücher.example", "punycode"),
        ("general.name", &"x".repeat(257), "1 to 256 characters"),
    ] {
        match admit(&fixture, only(path, json!(value))).await {
            Err(kube::Error::Api(status)) => {
                assert!(status.message.contains(says), "{path} {value:?}: {}", status.message);
                assert!(!status.message.contains("may not be more than"), "{path} {value:?}: {}", status.message);
            }
            other => panic!("{path} {value:?}: {other:?}"),
        }
    }
}
