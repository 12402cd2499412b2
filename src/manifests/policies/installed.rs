//! Whether the policies that are installed are those of this version.

use serde_json::{Map, Value};

use super::{Accounts, RENDERED_FOR};

/// What an installed policy was rendered for, as it says itself; `None` where it does not say so.
pub fn accounts_of(metadata: &Value) -> Option<Accounts> {
    serde_json::from_str(metadata["annotations"][RENDERED_FOR].as_str()?).ok()
}

/// Whether an installed policy or binding does what the rendered one would: everything else of it, such as labels, decides nothing.
pub fn is_in_force(installed: &Value, rendered: &Value) -> bool {
    significant(&installed["spec"]) == significant(&rendered["spec"])
}

/// The same without what says nothing: a null, and a selector or list without members, which an API server may leave out.
fn significant(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().map(|(name, member)| (name.clone(), significant(member)));
            Value::Object(kept.filter(|(_, member)| !says_nothing(member)).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.iter().map(significant).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Object(members) => members.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use serde_json::json;

    use super::super::{DEFAULT_ACCOUNT, DEFAULT_NAMESPACE, all};
    use super::*;

    fn accounts() -> Accounts {
        Accounts {
            operators: vec![DEFAULT_ACCOUNT.to_owned(), "o'brien".to_owned()],
            operator_namespaces: vec![DEFAULT_NAMESPACE.to_owned()],
            technical_fields: false,
        }
    }

    #[test]
    fn an_installed_policy_says_what_it_was_rendered_for() {
        for object in all(&accounts()).iter().step_by(2) {
            assert_eq!(Some(accounts()), accounts_of(&object["metadata"]));
        }
        for metadata in [json!({}), json!({ "annotations": { RENDERED_FOR: "[]" } })] {
            assert_eq!(None, accounts_of(&metadata));
        }
    }

    #[test]
    fn what_lets_more_pass_is_not_in_force() {
        let rendered = all(&accounts());
        let (policy, binding) = (&rendered[0], &rendered[1]);
        let edits = [
            (binding, "/spec/validationActions", json!(["Audit"])),
            (binding, "/spec/matchResources/namespaceSelector", json!({ "matchLabels": { "a": "b" } })),
            (binding, "/spec/matchResources/objectSelector", json!({ "matchLabels": { "a": "b" } })),
            (binding, "/spec/matchResources/excludeResourceRules", json!([{ "resources": ["tenants"] }])),
            (binding, "/spec/policyName", json!("another")),
            (policy, "/spec/failurePolicy", json!("Ignore")),
            (policy, "/spec/matchConditions", json!([{ "name": "never", "expression": "false" }])),
            (policy, "/spec/validations/0/expression", json!("true")),
            (policy, "/spec/variables/0/expression", json!("true")),
            (policy, "/spec/matchConstraints/resourceRules/0/operations", json!(["CREATE"])),
        ];
        for (object, pointer, value) in edits {
            assert!(is_in_force(object, object));
            let mut edited = object.clone();
            *edited.pointer_mut(pointer).unwrap() = value;
            assert!(!is_in_force(&edited, object), "{pointer}");
        }
    }

    #[test]
    fn what_an_api_server_leaves_out_makes_no_difference() {
        let rendered = &all(&accounts())[1];
        let mut stored = rendered.clone();
        stored["spec"]["matchResources"] =
            json!({ "matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {} });
        stored["spec"].as_object_mut().unwrap().remove("paramRef");
        stored["metadata"]["labels"] = json!({ "team": "platform" });
        assert!(is_in_force(&stored, rendered));
    }
}
