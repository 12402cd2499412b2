//! Bounds and formats of every leaf, as the document states them, over HTTP.
use serde_json::{Value, json};

use super::contract::DOCUMENT;
use super::support::*;

/// Returns the pointer and the schema of every leaf of `settings`.
fn leaves() -> Vec<(String, Value)> {
    fn walk(schema: &Value, at: &str, leaves: &mut Vec<(String, Value)>) {
        if schema.get("x-nimbus-authority").is_some() {
            leaves.push((at.to_owned(), schema.clone()));
            return;
        }
        for (name, schema) in schema["properties"].as_object().unwrap() {
            walk(schema, &format!("{at}/{name}"), leaves);
        }
    }
    let mut leaves = Vec::new();
    walk(&DOCUMENT["components"]["schemas"]["Settings"], "", &mut leaves);
    leaves
}

/// The settings that hold `value` at `pointer` and nothing else.
fn only(pointer: &str, value: &Value) -> Value {
    let name = |token: &str| token.to_owned();
    pointer
        .rsplit('/')
        .filter(|token| !token.is_empty())
        .fold(value.clone(), |inner, token| json!({name(token): inner}))
}

async fn edit(api: &Api, pointer: &str, value: &Value) -> Answer {
    api.send(Ask::new("PATCH", world("/settings")).settings(only(pointer, value))).await
}

/// Checks values that are stored unchanged, and values that are refused with this code.
async fn check(api: &Api, pointer: &str, good: &[Value], bad: &[(Value, &str)]) {
    for value in good {
        let settings = edit(api, pointer, value).await.expect(200)["settings"].clone();
        assert_eq!(Some(value), settings.pointer(pointer), "{pointer}");
    }
    for (value, code) in bad {
        let answer = edit(api, pointer, value).await;
        assert_eq!(vec![error(pointer, code)], answer.errors(422, "invalid-settings"), "{value}");
    }
}

#[tokio::test]
async fn every_number_has_bounds() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let mut numbers = 0;
    for (pointer, schema) in leaves() {
        let Some(min) = schema["minimum"].as_i64() else {
            continue;
        };
        let mut good = vec![json!(min)];
        let mut bad = vec![(json!(min - 1), "out-of-range"), (json!(min as f64 + 0.5), "wrong-type")];
        if let Some(max) = schema["maximum"].as_i64() {
            good.push(json!(max));
            bad.push((json!(max + 1), "out-of-range"));
        }
        check(&api, &pointer, &good, &bad).await;
        numbers += 1;
    }
    assert_eq!(17, numbers);
}

#[tokio::test]
async fn every_choice_accepts_its_values_only() {
    let api = Api::start().await;
    api.create(json!({})).await;
    for (pointer, schema) in leaves() {
        let Some(names) = schema["enum"].as_array() else {
            continue;
        };
        let good: Vec<Value> = names.iter().filter(|name| name.is_string()).cloned().collect();
        check(&api, &pointer, &good, &[(json!("everyone"), "not-allowed"), (json!(1), "wrong-type")]).await;
    }
}

#[tokio::test]
async fn every_text_has_a_maximum_length() {
    let api = Api::start().await;
    api.create(json!({})).await;
    for (pointer, schema) in leaves() {
        let (Some(max), true) = (schema["maxLength"].as_u64(), schema["format"].is_null()) else {
            continue;
        };
        let text = |length: u64| json!("é".repeat(usize::try_from(length).unwrap()));
        check(&api, &pointer, &[text(1), text(max)], &[(text(max + 1), "too-long"), (json!(""), "empty")]).await;
    }
}

#[tokio::test]
async fn every_format_refuses_invalid_texts() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let mut formats = 0;
    for (pointer, schema) in leaves() {
        let good = match schema["format"].as_str() {
            Some("uuid") if pointer == "/general/tenantId" => continue,
            Some("uuid") => json!(OTHER_ID),
            Some("hostname") => json!("fabrikam.example"),
            Some("email") => json!("anna@fabrikam.example"),
            Some("e164") => json!("+41791234567"),
            Some("sip") => json!("sip:anna@fabrikam.example"),
            Some("iso-3166-1-alpha-2") => json!("CH"),
            Some("root-or-uuid") => json!("root"),
            Some("partner") => json!("northwind"),
            _ => continue,
        };
        check(&api, &pointer, &[good], &[(json!("no such thing"), "bad-format"), (json!(true), "wrong-type")]).await;
        formats += 1;
    }
    assert_eq!(13, formats);
}

#[tokio::test]
async fn hidden_values_are_checked_and_not_required() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let pointer = "/extensions/interact/sessionRecoveryTimeoutSeconds";
    check(&api, pointer, &[json!(60)], &[(json!(61), "out-of-range")]).await;
}

#[tokio::test]
async fn required_fields_are_checked_after_the_merge() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let switches = [
        ("/extensions/interact/enabled", vec!["/extensions/interact/acsConnectionString"]),
        ("/extensions/assistant/useOwnAcsInstance", vec!["/extensions/assistant/acsConnectionString"]),
        ("/modalities/instantMessaging/enabled", vec!["/modalities/instantMessaging/primaryAccount"]),
        (
            "/modalities/instantMessaging/useOwnAcsInstance",
            vec!["/modalities/instantMessaging/acsConnectionString", "/modalities/instantMessaging/acsResourceId"],
        ),
    ];
    for (switch, required) in switches {
        let missing: Vec<_> = required.iter().map(|pointer| error(pointer, "required")).collect();
        assert_eq!(missing, edit(&api, switch, &json!(true)).await.errors(422, "invalid-settings"));
        for pointer in required {
            let value = match pointer.rsplit('/').next() {
                Some("acsConnectionString") => json!({"value": STRING}),
                Some("acsResourceId") => json!(OTHER_ID),
                _ => json!("im@contoso.com"),
            };
            edit(&api, pointer, &value).await.expect(200);
        }
        edit(&api, switch, &json!(true)).await.expect(200);
    }
    let primary = "/modalities/instantMessaging/primaryAccount";
    let cleared = edit(&api, primary, &Value::Null).await;
    assert_eq!(vec![error(primary, "required")], cleared.errors(422, "invalid-settings"));
}
