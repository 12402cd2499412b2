//! Rule 11: unions, which require one of several members.

use serde_json::{Map, Value, json};

use super::kind::Kind;
use super::schema::{PLURALS, good, walk};
use crate::support::fixture::Fixture;

#[tokio::test(flavor = "multi_thread")]
async fn rule_11_union_error_names_its_members() {
    let fixture = Fixture::new("unions").await;
    let mut unions = vec![];
    for plural in PLURALS {
        let kind = Kind::new(&fixture.env, plural).await;
        assert!(
            !kind.crd.to_string().contains("\"oneOf\""),
            "{plural} has the keyword whose refusals no user can read"
        );
        for node in walk(kind.schema(), "spec") {
            let Some((_, message)) = node.rules().find(|(_, message)| message.contains("exactly one of")) else {
                continue;
            };
            let members = node.schema["properties"].as_object().unwrap();
            let both: Map<String, Value> = members.iter().map(|(name, schema)| (name.clone(), good(schema))).collect();
            for (name, value) in &both {
                assert!(message.contains(name), "{plural} {}: {name} is not in '{message}'", node.name());
                let one = kind.create(&kind.with(&node.path, json!({ name: value }))).await;
                assert_eq!(201, one.code, "{plural} {} with {name} alone: {one:?}", node.name());
            }
            for value in [Value::Object(both), json!({})] {
                let answer = kind.create(&kind.with(&node.path, value.clone())).await;
                assert_eq!(422, answer.code, "{plural} {} {value}", node.name());
                let [(field, says)] = answer.causes()[..] else { panic!("one message: {answer:?}") };
                assert_eq!((&*node.name(), true), (field, says.ends_with(&format!(": {message}"))), "{value}: {says}");
            }
            unions.push(format!("{plural} {}", node.name()));
        }
    }
    assert_eq!(vec!["tenants spec.partner", "platforms spec.allowedNamespaces"], unions);
}
