//! Admission policies, generated from the table of settings: who may change what, without a webhook server.
//!
//! Four ValidatingAdmissionPolicies, each with its binding. Authority is asked of the API server's own authorizer: the verb
//! `administer` on the Platform (S) or on the assigned Partner (P), decided on what the object was before the request. Every
//! denial is 403: a 422 would make Flux and `kubectl apply --force` delete and create the object again.
//!
//! Every path is read with `.?` and from what is certainly a map, so that an object that fits no schema can still be edited and
//! deleted: an expression that fails would refuse it to everybody.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::resources::tenant::HEAD;
use crate::resources::{FINALIZER, GROUP, annotation};
use crate::settings::{Authority, Class, leaves};

/// Who the policies are rendered for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accounts {
    /// User names of the operators, e.g. `system:serviceaccount:nimbus-system:nimbus-operator`. A list of names and not a
    /// verb: a cluster administrator would have every verb.
    pub operators: Vec<String>,
    /// Whether T settings demand the verb `edit-technical` on tenants; else every editor may change them.
    pub technical_fields: bool,
}

/// The names of the policies; their bindings have the same.
pub const NAMES: [&str; 4] =
    ["nimbus-authority", "nimbus-operator-spec", "nimbus-operator-status", "nimbus-secret-references"];

/// Accounts of the cluster itself, which clean up after namespaces and owners.
const CLEANERS: [&str; 2] = [
    "system:serviceaccount:kube-system:namespace-controller",
    "system:serviceaccount:kube-system:generic-garbage-collector",
];

/// Annotations that stand for a decision; the one that asks for a pass is anybody's.
const DECISIONS: [&str; 4] =
    [annotation::CONFIRM_DELETION, annotation::ABANDON, annotation::RECREATE, annotation::CONFIRM_RETENTION];

/// The account of an operator that is installed as the docs say.
pub const DEFAULT_ACCOUNT: &str = "system:serviceaccount:nimbus-system:nimbus-operator";

/// The policies and their bindings as one YAML stream.
///
/// *Errors*: never in practice; a document of maps and strings always has a YAML form.
pub fn to_yaml(accounts: &Accounts) -> Result<String, serde_yaml::Error> {
    all(accounts).iter().map(|document| Ok(format!("---\n{}", serde_yaml::to_string(document)?))).collect()
}

/// The policies and their bindings, in the order in which they are applied.
pub fn all(accounts: &Accounts) -> Vec<Value> {
    let policies = [authority(accounts), operator_spec(accounts), operator_status(accounts), secrets()];
    policies
        .into_iter()
        .flat_map(|policy| {
            let binding = binding(&policy);
            [policy, binding]
        })
        .collect()
}

/// Policy 1: what only some may change, create and delete.
fn authority(accounts: &Accounts) -> Value {
    let mut system = changes(Authority::System);
    let partner = [changes(Authority::Partner), metadata_changes()].concat();
    // An author who administers a Partner can name it when creating a Tenant.
    system.retain(|change| !change.path.starts_with("spec.partner."));
    let mut variables = vec![
        variable("cleaner", format!("request.userInfo.username in {}", list(CLEANERS.iter().copied()))),
        variable(
            "operator",
            format!("request.userInfo.username in {}", list(accounts.operators.iter().map(String::as_str))),
        ),
        variable("deletes", "request.operation == 'DELETE'"),
        variable("wasMeta", "oldObject == null ? {} : oldObject.metadata"),
        variable("nowMeta", "object == null ? {} : object.metadata"),
    ];
    let technical = if accounts.technical_fields { changes(Authority::Tenant) } else { vec![] };
    let all = system.iter().chain(&partner).chain(&technical);
    variables.extend(specs(all.filter_map(|change| change.path.strip_prefix("spec."))));
    variables.extend([
        // Decided on what the object was: a name that the request brings could be one that its author administers.
        variable(
            "platform",
            format!("oldObject == null ? {} : {}", text("now", "platformRef.name"), text("was", "platformRef.name")),
        ),
        variable(
            "partner",
            format!(
                "oldObject == null ? {} : {}",
                text("now", "partner.partnerRef.name"),
                text("was", "partner.partnerRef.name")
            ),
        ),
        variable("mayPlatform", check("platforms", "variables.platform")),
        variable("mayPartner", check("partners", "variables.partner")),
        variable("isS", "variables.mayPlatform"),
        variable("isP", "variables.mayPlatform || variables.mayPartner"),
        variable("changedS", changed(&system)),
        variable("changedPartner", changed(&partner_change())),
        variable("changedP", changed(&partner)),
        variable("deleting", "variables.wasMeta.?deletionTimestamp.hasValue()"),
        variable("namespaceEnds", "namespaceObject != null && namespaceObject.metadata.?deletionTimestamp.hasValue()"),
        variable("tenantId", format!("({}).lowerAscii()", text("was", "general.tenantId"))),
        variable(
            "confirmed",
            format!(
                "string(variables.wasMeta.?annotations[?'{}'].orValue('')).trim().lowerAscii()",
                annotation::CONFIRM_DELETION
            ),
        ),
    ]);
    let mut validations = vec![
        denied(
            "size(variables.changedS) == 0 || variables.isS",
            "'may not change ' + variables.changedS.join(', ') + ': this needs the verb administer on Platform ' + variables.platform + '. With GitOps, apply these fields with server-side apply under a field manager of their own, as an account that has it'",
        ),
        denied(
            "size(variables.changedPartner) == 0 || variables.isS || (request.operation == 'CREATE' && variables.isP)",
            "'may not change spec.partner: this needs the verb administer on Platform ' + variables.platform + (request.operation == 'CREATE' && variables.partner != '' ? ' or on Partner ' + variables.partner : '')",
        ),
        denied(
            "size(variables.changedP) == 0 || variables.isP || variables.cleaner",
            "'may not change ' + variables.changedP.join(', ') + ': this needs the verb administer on Partner ' + (variables.partner == '' ? '(none is assigned)' : variables.partner) + ' or on Platform ' + variables.platform",
        ),
        denied(
            "request.operation != 'CREATE' || variables.isP",
            "'may not create a Tenant: this needs the verb administer on the Partner that it names or on Platform ' + variables.platform",
        ),
        denied(
            "!variables.deletes || variables.deleting || variables.cleaner || variables.isP",
            "'may not delete a Tenant: this needs the verb administer on Partner ' + (variables.partner == '' ? '(none is assigned)' : variables.partner) + ' or on Platform ' + variables.platform",
        ),
        denied(
            "!variables.deletes || variables.deleting || variables.cleaner || variables.namespaceEnds || variables.was.?deletionPolicy.orValue('') != 'Delete' || (variables.tenantId != '' && variables.confirmed == variables.tenantId)",
            &format!(
                "'spec.deletionPolicy is Delete and the deletion is not confirmed: set the annotation {} to the tenant ID first'",
                annotation::CONFIRM_DELETION
            ),
        ),
        denied(
            &format!(
                "variables.deletes || !variables.deleting || variables.operator || variables.isS || !('{FINALIZER}' in variables.wasMeta.?finalizers.orValue([])) || '{FINALIZER}' in variables.nowMeta.?finalizers.orValue([])"
            ),
            &format!(
                "'may not remove the finalizer {FINALIZER} from a Tenant that is being deleted: this needs the verb administer on Platform ' + variables.platform + '; to release it without a call to the platform, set the annotation {}'",
                annotation::ABANDON
            ),
        ),
    ];
    if accounts.technical_fields {
        variables.push(variable("mayTechnical", "authorizer.requestResource.check('edit-technical').allowed()"));
        variables.push(variable("changedT", changed(&technical)));
        validations.push(denied(
            "size(variables.changedT) == 0 || variables.mayTechnical || variables.isP",
            "'may not change ' + variables.changedT.join(', ') + ': this needs the verb edit-technical on tenants'",
        ));
    }
    policy(NAMES[0], &["tenants"], &["CREATE", "UPDATE", "DELETE"], variables, validations)
}

/// Policy 2: the operator never changes a spec, and neither creates nor deletes Tenants.
fn operator_spec(accounts: &Accounts) -> Value {
    let is_operator = format!("request.userInfo.username in {}", list(accounts.operators.iter().map(String::as_str)));
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
    let is_operator = format!("request.userInfo.username in {}", list(accounts.operators.iter().map(String::as_str)));
    let validation = denied(&is_operator, "'only the operator may write the status of a ' + request.kind.kind");
    policy(NAMES[2], &["tenants/status", "platforms/status", "partners/status"], &["UPDATE"], vec![], vec![validation])
}

/// Policy 4: who names a Secret must be able to do with it what the operator would do for him, or it would be his deputy: read
/// what goes to the platform, make what comes from it. To read an output too, or its name would tell which Secrets there are.
/// That none is ever taken over is the operator's affair: admission does not see Secrets.
fn secrets() -> Value {
    let named = || leaves().filter(|leaf| matches!(leaf.class, Class::Sealed | Class::Output));
    let names: Vec<String> = named().map(|leaf| format!("{}.name", leaf.path)).collect();
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
        variables.push(variable(&format!("name{index}"), text("now", &format!("{}.name", leaf.path))));
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

/// Something that a request may change.
#[derive(Clone)]
struct Change {
    path: String,
    now: String,
    was: String,
}

fn spec_change(path: &str) -> Change {
    Change { path: format!("spec.{path}"), now: read("now", path), was: read("was", path) }
}

/// Variables for the spec before and after, and for everything below it that these paths lead through. What is no map counts
/// as empty: to select from a list or a number is an error.
fn specs<'p>(paths: impl Iterator<Item = &'p str>) -> Vec<Value> {
    let mut holders = BTreeSet::new();
    let named = ["general.tenantId", "platformRef.name", "partner.partnerRef.name"];
    for path in paths.chain(named) {
        let steps: Vec<&str> = path.split('.').collect();
        holders.extend((1..steps.len()).map(|length| steps.iter().take(length).copied().collect::<Vec<_>>()));
    }
    let map = |value: &str| format!("type(dyn({value})) == map ? dyn({value}) : {{}}");
    let mut variables = vec![
        variable("was", format!("oldObject == null ? {{}} : ({})", map("oldObject.?spec.orValue({})"))),
        variable("now", format!("object == null ? {{}} : ({})", map("object.?spec.orValue({})"))),
    ];
    for side in ["was", "now"] {
        variables.extend(holders.iter().map(|steps| {
            let value = format!("{}.orValue({{}})", read(side, &steps.join(".")));
            variable(&holder(side, steps), map(&value))
        }));
    }
    variables
}

/// The name of the variable that holds what is at a path.
fn holder(side: &str, steps: &[&str]) -> String {
    let capital = |step: &&str| {
        let (first, rest) = step.split_at_checked(1).unwrap_or((step, ""));
        first.to_ascii_uppercase() + rest
    };
    side.to_owned() + &steps.iter().map(capital).collect::<String>()
}

/// The optional value at a path of the spec before or after.
fn read(side: &str, path: &str) -> String {
    let steps: Vec<&str> = path.split('.').collect();
    let (last, holders) = steps.split_last().unwrap_or((&path, &[]));
    format!("variables.{}.?{last}", holder(side, holders))
}

/// The text at a path; anything else is none.
fn text(side: &str, path: &str) -> String {
    let value = format!("{}.orValue('')", read(side, path));
    format!("(type(dyn({value})) == string ? string({value}) : '')")
}

/// Settings and heads of one authority.
fn changes(authority: Authority) -> Vec<Change> {
    let heads = HEAD.iter().filter(|(_, who)| *who == authority).map(|(path, _)| spec_change(path));
    heads.chain(leaves().filter(|leaf| leaf.authority == authority).map(|leaf| spec_change(leaf.path))).collect()
}

/// The assignment of a partner.
fn partner_change() -> Vec<Change> {
    vec![spec_change("partner")]
}

fn metadata_changes() -> Vec<Change> {
    let read = |path: String, name: String| Change {
        path: name,
        now: format!("variables.nowMeta{path}"),
        was: format!("variables.wasMeta{path}"),
    };
    let annotations =
        DECISIONS.iter().map(|name| read(format!(".?annotations[?'{name}']"), format!("metadata.annotations[{name}]")));
    // The owner of an object determines when garbage collection deletes it.
    annotations.chain([read(".?ownerReferences".into(), "metadata.ownerReferences".into())]).collect()
}

/// The paths that a request changes; a deletion changes none.
fn changed(changes: &[Change]) -> String {
    let each: Vec<String> = changes.iter().map(|c| format!("{} == {} ? '' : '{}'", c.now, c.was, c.path)).collect();
    format!("variables.deletes ? [] : [{}].filter(path, path != '')", each.join(", "))
}

fn check(resource: &str, name: &str) -> String {
    format!("authorizer.group('{GROUP}').resource('{resource}').name({name}).check('administer').allowed()")
}

fn list<'s>(items: impl Iterator<Item = &'s str>) -> String {
    format!("[{}]", items.map(|item| format!("'{item}'")).collect::<Vec<_>>().join(", "))
}

fn variable(name: &str, expression: impl Into<String>) -> Value {
    json!({ "name": name, "expression": expression.into() })
}

fn denied(expression: &str, message: &str) -> Value {
    json!({ "expression": expression, "messageExpression": message, "reason": "Forbidden" })
}

/// Everything that the API server would default is spelled out, so that no diff ever shows it.
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
            "matchConstraints": {
                "matchPolicy": "Equivalent",
                "namespaceSelector": {},
                "objectSelector": {},
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
        "spec": { "policyName": policy["metadata"]["name"], "validationActions": ["Deny"] },
    })
}
