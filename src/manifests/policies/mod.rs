//! Admission policies, generated from the table of settings: who may change what, without a webhook server.
//!
//! ValidatingAdmissionPolicies, each with its binding. Authority is asked of the API server's own authorizer: the verb
//! `administer` on the Platform (S) or on the assigned Partner (P), decided on what the object was before the request. Every
//! denial is 403: a 422 would make Flux and `kubectl apply --force` delete and create the object again.

mod authority;
mod cel;
mod installed;
mod partners;
mod platforms;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use self::authority::authority;
use self::cel::{denied, list, name_of, read, specs, text, variable};
pub use self::installed::{accounts_of, is_in_force};
use self::partners::partners;
use self::platforms::platforms;
use crate::resources::GROUP;
use crate::settings::{Class, leaves};

/// Who the policies are rendered for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Accounts {
    /// User names of the operators, e.g. `system:serviceaccount:nimbus-system:nimbus-operator`. A list of names and not a
    /// verb: a cluster administrator would have every verb.
    pub operators: Vec<String>,
    /// The namespaces of the operators, which have the credentials of Platforms.
    pub operator_namespaces: Vec<String>,
    /// Whether T settings demand the verb `edit-technical` on tenants; else every editor may change them.
    pub technical_fields: bool,
}

impl Accounts {
    /// An operator that is installed as the docs say.
    pub fn documented() -> Self {
        let operators = vec![DEFAULT_ACCOUNT.to_owned()];
        Self { operator_namespaces: Self::namespaces_of(&operators), operators, technical_fields: false }
    }

    /// Operators that are service accounts, each with its credentials in its own namespace; others in the documented one.
    pub fn namespaces_of(operators: &[String]) -> Vec<String> {
        let mut namespaces: Vec<String> = operators
            .iter()
            .map(|name| name.strip_prefix("system:serviceaccount:").and_then(|name| name.split_once(':')))
            .map(|account| account.map_or(DEFAULT_NAMESPACE, |(namespace, _)| namespace).to_owned())
            .collect();
        namespaces.sort_unstable();
        namespaces.dedup();
        namespaces
    }

    /// Whether an operator is the author of a request.
    fn is_operator(&self) -> String {
        format!("request.userInfo.username in {}", list(self.operators.iter().map(String::as_str)))
    }
}

/// The names of the policies; their bindings have the same.
pub const NAMES: [&str; 6] = [
    "nimbus-authority",
    "nimbus-operator-spec",
    "nimbus-operator-status",
    "nimbus-secret-references",
    "nimbus-platform-credentials",
    "nimbus-partners",
];

/// The annotation of a policy that says what it was rendered for, as JSON.
pub const RENDERED_FOR: &str = "nimbus.luware.com/rendered-for";

/// The account of an operator that is installed as the docs say.
pub const DEFAULT_ACCOUNT: &str = "system:serviceaccount:nimbus-system:nimbus-operator";

/// The namespace of an operator that is installed as the docs say.
pub const DEFAULT_NAMESPACE: &str = "nimbus-system";

/// The policies and their bindings as one YAML stream.
///
/// *Errors*: never in practice; a document of maps and strings always has a YAML form.
pub fn to_yaml(accounts: &Accounts) -> Result<String, serde_yaml::Error> {
    all(accounts).iter().map(|document| Ok(format!("---\n{}", serde_yaml::to_string(document)?))).collect()
}

/// The policies and their bindings, in the order in which they are applied.
pub fn all(accounts: &Accounts) -> Vec<Value> {
    let policies = [
        authority(accounts),
        operator_spec(accounts),
        operator_status(accounts),
        secrets(),
        platforms(accounts),
        partners(accounts),
    ];
    policies
        .into_iter()
        .flat_map(|mut policy| {
            let binding = binding(&policy);
            policy["metadata"]["annotations"] = json!({ RENDERED_FOR: json!(accounts).to_string() });
            [policy, binding]
        })
        .collect()
}

/// Policy 2: the operator never changes a spec, and neither creates nor deletes Tenants.
fn operator_spec(accounts: &Accounts) -> Value {
    let is_operator = accounts.is_operator();
    let validation = denied(
        "request.operation == 'UPDATE' && object.?spec == oldObject.?spec",
        "'the operator may not create, delete or change the spec of a ' + request.kind.kind",
    );
    let mut policy = policy(
        NAMES[1],
        &["tenants", "platforms", "partners"],
        &["CREATE", "UPDATE", "DELETE"],
        vec![],
        vec![validation],
    );
    policy["spec"]["matchConditions"] = json!([{ "name": "operator", "expression": is_operator }]);
    policy
}

/// Policy 3: only the operator writes a status.
fn operator_status(accounts: &Accounts) -> Value {
    let is_operator = accounts.is_operator();
    let validation = denied(&is_operator, "'only the operator may write the status of a ' + request.kind.kind");
    policy(NAMES[2], &["tenants/status", "platforms/status", "partners/status"], &["UPDATE"], vec![], vec![validation])
}

/// Policy 4: who names a Secret must be able to do with it what the operator would do for him, or it would be his deputy: read
/// what goes to the platform, make what comes from it. To read an output too, or its name would tell which Secrets there are.
/// That none is ever taken over is the operator's affair: admission does not see Secrets.
fn secrets() -> Value {
    let named = || leaves().filter(|leaf| matches!(leaf.class, Class::Sealed | Class::Output));
    let names: Vec<String> = named().map(|leaf| name_of(leaf.path)).collect();
    let mut variables = specs(names.iter().map(String::as_str));
    let mut validations = vec![];
    for (index, leaf) in named().enumerate() {
        let (was, now) = (read("was", leaf.path), read("now", leaf.path));
        let name = format!("variables.name{index}");
        let may = |verb| {
            format!(
                "authorizer.group('').resource('secrets').namespace(request.namespace).name({name}).check('{verb}').allowed()"
            )
        };
        variables.push(variable(&format!("name{index}"), text("now", &name_of(leaf.path))));
        variables.push(variable(&format!("may{index}"), may("get")));
        let mut right = format!("variables.may{index}");
        let mut needs = "read: this needs the verb get on it";
        if leaf.class == Class::Output {
            variables.push(variable(&format!("make{index}"), may("create")));
            right = format!("(variables.may{index} && variables.make{index})");
            needs = "read and create: this needs the verbs get and create on it";
        }
        validations.push(denied(
            &format!("{now} == {was} || {name} == '' || {right}"),
            &format!("'{leaf} names Secret ' + {name} + ', which its author may not {needs}'"),
        ));
    }
    policy(NAMES[3], &["tenants"], &["CREATE", "UPDATE"], variables, validations)
}

/// Everything that the API server would default is spelled out, so that no diff ever shows it. A null takes away what was added
/// since: 'kubectl apply' keeps the fields of others that the manifest does not name.
fn policy(
    name: &str,
    resources: &[&str],
    operations: &[&str],
    variables: Vec<Value>,
    validations: Vec<Value>,
) -> Value {
    let mut policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": { "name": name },
        "spec": {
            "failurePolicy": "Fail",
            "paramKind": null,
            "matchConditions": null,
            "matchConstraints": {
                "matchPolicy": "Equivalent",
                "namespaceSelector": everything(),
                "objectSelector": everything(),
                "excludeResourceRules": null,
                "resourceRules": [{
                    "apiGroups": [GROUP],
                    "apiVersions": ["v1alpha1"],
                    "operations": operations,
                    "resources": resources,
                    "scope": "*",
                }],
            },
            "validations": validations,
        },
    });
    if !variables.is_empty() {
        policy["spec"]["variables"] = Value::Array(variables);
    }
    policy
}

fn binding(policy: &Value) -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": { "name": policy["metadata"]["name"] },
        "spec": {
            "policyName": policy["metadata"]["name"],
            "paramRef": null,
            "validationActions": ["Deny"],
            "matchResources": {
                "matchPolicy": "Equivalent",
                "namespaceSelector": everything(),
                "objectSelector": everything(),
                "resourceRules": null,
                "excludeResourceRules": null,
            },
        },
    })
}

/// The selector that selects everything.
fn everything() -> Value {
    json!({ "matchLabels": null, "matchExpressions": null })
}
