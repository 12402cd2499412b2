//! Rule 15: an object of the maximum size passes every rule and policy.

use k8s_openapi::api::admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding};
use kube::api::{Api, ListParams};
use kube::{Resource, ResourceExt};
use nimbus_operator::manifests::policies;
use nimbus_operator::resources::annotation;
use serde_json::{Map, Value, json};

use super::kind::{Kind, Response};
use super::schema::{Node, PLURALS};
use crate::support::fixture::Fixture;
use crate::support::rights::allow_creating_secrets;
use crate::support::users::{ADMIN, PLATFORM_ADMIN, TENANT_EDITOR};

/// Four bytes in UTF-8: lengths are counted in characters.
const WIDE: [char; 2] = ['𝕏', '𝕐'];

/// In the message of a rule whose texts have no spare characters: the bound is wider, so that the message is shown.
const LAST_DAY: &str = "the last day on which";

/// One of two values of the maximum size; immutable fields are the same in both.
pub fn largest(schema: &Value, variant: usize) -> Value {
    let node = Node { path: vec![], schema, required: true };
    let variant = if node.rules().any(|(rule, _)| rule.contains("oldSelf")) { 0 } else { variant };
    let most = |keyword: &str| schema[keyword].as_u64().unwrap_or_else(|| panic!("no {keyword} in {schema}"));
    match node.kind() {
        "object" if node.has("additionalProperties") => {
            // Merge patches merge maps, so both have the same names.
            let names = (0..most("maxProperties")).map(|number| format!("n{number:062}"));
            names.map(|name| (name, largest(&schema["additionalProperties"], variant))).collect::<Map<_, _>>().into()
        }
        "object" => {
            let members = schema["properties"].as_object().unwrap().iter();
            let mut all: Map<String, Value> =
                members.map(|(name, schema)| (name.clone(), largest(schema, variant))).collect();
            if node.rules().any(|(_, message)| message.contains("exactly one of")) {
                let longest = all.iter().max_by_key(|(_, value)| value.to_string().len()).unwrap().0.clone();
                all.retain(|name, _| *name == longest);
            }
            all.into()
        }
        "array" => {
            let items = Node { path: vec![], schema: &schema["items"], required: false };
            let width = usize::try_from(items.longest().unwrap()).unwrap();
            let is_guid = items.rules().any(|(_, message)| message.contains("GUID"));
            let item = |number: u64| match letter(variant) {
                letter if is_guid => {
                    let groups = [8, 4, 4, 4].map(|count| letter.to_string().repeat(count));
                    format!("{}-{number:0>12}", groups.join("-"))
                }
                letter => format!("{letter}{number:0>0$}", width - 1),
            };
            (0..most("maxItems")).map(|number| json!(item(number))).collect()
        }
        "integer" => json!(schema["maximum"].as_f64().map_or(i64::MAX, |most| most as i64) - variant as i64),
        "boolean" => json!(variant == 0),
        "string" => match schema["enum"].as_array() {
            Some(values) => values[(values.len() - 1).saturating_sub(variant)].clone(),
            None => {
                let most = usize::try_from(node.longest().unwrap()).unwrap();
                let text = text(&node, most, variant);
                let is_fixed = node.rules().any(|(_, message)| message.contains(LAST_DAY));
                assert!(most == text.chars().count() || is_fixed, "{text} is not the longest of {schema}");
                json!(text)
            }
        },
        other => panic!("no largest {other}"),
    }
}

fn letter(variant: usize) -> char {
    ['a', 'b'][variant]
}

/// The longest text that the rules of a path accept.
fn text(node: &Node<'_>, most: usize, variant: usize) -> String {
    let of = |count: usize| letter(variant).to_string().repeat(count);
    let domain = |length: usize| {
        // Labels of at most 63 characters, dots between.
        let labels = length.div_ceil(64);
        let mut labels = vec![of(63); labels];
        let too_long = labels.len() * 64 - 1 - length;
        let last = labels.pop().unwrap();
        [labels, vec![last[too_long..].to_owned()]].concat().join(".")
    };
    let address = |length: usize| format!("{}@{}", of(64), domain(length - 65));
    let Some((_, message)) = node.rules().find(|(rule, _)| !rule.contains("oldSelf")) else {
        return WIDE[variant].to_string().repeat(most);
    };
    let says = |words: &str| message.contains(words);
    if says(LAST_DAY) {
        let last_day = format!("2026-12-0{}", variant + 1);
        // Not of the largest tenant: its deletion is not confirmed.
        let confirmed = if says("tenant ID") {
            [8, 4, 4, 4, 12].map(|count| "c".repeat(count)).join("-")
        } else {
            "1200->1199".into()
        };
        format!("{confirmed} until {last_day}")
    } else if says("GUID") {
        [8, 4, 4, 4, 12].map(of).join("-")
    } else if says("DNS name") {
        domain(most)
    } else if says("E.164") {
        format!("+{}", "12".chars().nth(variant).unwrap().to_string().repeat(most - 1))
    } else if says("country code") {
        ["CH", "DE"][variant].to_owned()
    } else if says("SIP address") {
        format!("sip:{}", address(most - 4))
    } else if says("e-mail address") || says("user principal name") {
        address(most)
    } else if says("https URL") {
        format!("https://admin.example.com/{}", of(most - 26))
    } else if says("control characters") || says("on one line") {
        WIDE[variant].to_string().repeat(most)
    } else {
        of(most)
    }
}

async fn names<T>(fixture: &Fixture) -> Vec<String>
where
    T: Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    let list = Api::<T>::all(fixture.client(ADMIN)).list(&ListParams::default()).await.unwrap();
    list.items.iter().map(ResourceExt::name_any).collect()
}

/// Accepted, or denied by the message of a policy: not because the evaluation exceeded its budget.
fn assert_within_budget(answer: &Response, code: u16, says: &str) {
    assert_eq!(code, answer.code, "{answer:?}");
    let message = answer.message();
    assert!(message.contains(says), "'{says}' is not in {message}");
    assert!(!message.contains("cost") && !message.contains("budget"), "{message}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_15_maximal_object_fits_the_cel_budget() {
    let fixture = Fixture::new("maximal").await;
    let policies = names::<ValidatingAdmissionPolicy>(&fixture).await;
    let bindings = names::<ValidatingAdmissionPolicyBinding>(&fixture).await;
    for name in policies::NAMES.map(str::to_owned) {
        assert!(policies.contains(&name) && bindings.contains(&name), "{name} is not installed");
    }
    // The one reference whose author must be allowed to create its target.
    let kind = Kind::new(&fixture.env, "tenants").await;
    let names = [0, 1].map(|variant| {
        let spec = largest(&kind.schema()["properties"]["spec"], variant);
        spec["extensions"]["interact"]["widgetKey"]["secretRef"]["name"].as_str().unwrap().to_owned()
    });
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    allow_creating_secrets(&fixture.client(ADMIN), &fixture.env.namespace, &names).await.unwrap();
    for plural in PLURALS {
        let kind = Kind::new(&fixture.env, plural).await;
        let spec = largest(&kind.schema()["properties"]["spec"], 0);
        let answer = kind.create(&kind.object(spec.clone())).await;
        assert_eq!(201, answer.code, "{plural}: {}", answer.message());
        println!("a maximal object of {plural} has {} bytes", spec.to_string().len());
    }

    // The kind that policies check on each edit: before and after have the maximum size, and every setting differs.
    let kind = Kind::new(&fixture.env, "tenants").await;
    let annotations = |letter: &str| {
        // All annotations together are limited to 256 KiB.
        json!({ annotation::ABANDON: letter.repeat(240_000) })
    };
    let mut tenant = kind.object(largest(&kind.schema()["properties"]["spec"], 0));
    tenant["metadata"]["annotations"] = annotations("a");
    assert_within_budget(&kind.store(&tenant).await, 201, "");
    let mut edit = json!({ "spec": largest(&kind.schema()["properties"]["spec"], 1) });
    edit["metadata"] = json!({ "annotations": annotations("b") });
    assert_within_budget(&kind.patch(PLATFORM_ADMIN, "", true, &edit).await, 201, "");
    assert_within_budget(&kind.patch(TENANT_EDITOR, "", true, &edit).await, 403, "may not change spec.");
    assert_within_budget(&kind.delete(TENANT_EDITOR).await, 403, "may not delete a Tenant");
    assert_within_budget(&kind.delete(PLATFORM_ADMIN).await, 403, "the deletion is not confirmed");
    let operator = &fixture.env.operator_user;
    let finalizers = json!({ "metadata": { "finalizers": ["nimbus.luware.com/tenant"] } });
    assert_within_budget(&kind.patch(operator, "", true, &finalizers).await, 201, "");
    assert_within_budget(
        &kind.patch(operator, "/status", true, &json!({ "status": { "observedGeneration": 1 } })).await,
        201,
        "",
    );
}
