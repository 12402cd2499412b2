//! The CRDs as they are installed. kube-derive's output is not fit as it is: every optional member becomes nullable, unsigned
//! formats and unbounded conditions appear, and the fields say nothing of authority and default. One place repairs that.

use kube::CustomResourceExt;
use serde_json::{Value, json};

use crate::resources::tenant::HEAD;
use crate::resources::{Partner, Platform, Tenant};
use crate::settings::{
    Authority, Class, Leaf,
    leaf::{Required, Script},
    leaves,
};

/// The file name and the document of each CRD, in the order of the kinds.
pub fn all() -> [(&'static str, Value); 3] {
    [
        ("tenants.yaml", repaired(Tenant::crd(), tenant)),
        ("platforms.yaml", repaired(Platform::crd(), observed_status)),
        ("partners.yaml", repaired(Partner::crd(), observed_status)),
    ]
}

fn repaired(crd: impl serde::Serialize, own: fn(&mut Value)) -> Value {
    let mut crd = serde_json::to_value(crd).unwrap_or_default();
    // Argo CD would exceed the annotation limit with client-side apply, and Flux would substitute `${…}` in descriptions. A prune by
    // either would delete every Tenant.
    crd["metadata"]["annotations"] = json!({
        "argocd.argoproj.io/sync-options": "ServerSideApply=true,Prune=false,Delete=false",
        "kustomize.toolkit.fluxcd.io/prune": "disabled",
        "kustomize.toolkit.fluxcd.io/substitute": "disabled",
    });
    for version in crd["spec"]["versions"].as_array_mut().into_iter().flatten() {
        let schema = &mut version["schema"]["openAPIV3Schema"];
        plain(schema);
        conditions(schema);
        lists(schema);
        own(schema);
    }
    if let Some(members) = crd.as_object_mut() {
        members.remove("status");
    }
    crd
}

/// Nothing is nullable: an explicit null would survive and mean nothing. Formats are those that Kubernetes knows.
fn plain(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            members.remove("nullable");
            if let Some(Value::Array(values)) = members.get_mut("enum") {
                values.retain(|value| !value.is_null());
            }
            if members.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("uint")) {
                members.insert("format".into(), json!("int64"));
            }
            if members.get("default").is_some_and(|default| default.is_null() || *default == json!([])) {
                members.remove("default");
            }
            if let Some(Value::String(text)) = members.get_mut("description") {
                *text = unwrapped(text);
            }
            members.values_mut().for_each(plain);
        }
        Value::Array(items) => items.iter_mut().for_each(plain),
        _ => {}
    }
}

/// Line breaks of the source are no line breaks of the text; blank lines are.
fn unwrapped(text: &str) -> String {
    text.split("\n\n").map(|paragraph| paragraph.replace('\n', " ")).collect::<Vec<_>>().join("\n\n")
}

/// The standard schema of conditions: a list keyed by type, everything bounded.
fn conditions(schema: &mut Value) {
    let Some(conditions) = schema.pointer_mut("/properties/status/properties/conditions") else { return };
    conditions["x-kubernetes-list-type"] = json!("map");
    conditions["x-kubernetes-list-map-keys"] = json!(["type"]);
    conditions["maxItems"] = json!(32);
    let members = &mut conditions["items"]["properties"];
    members["type"]["maxLength"] = json!(316);
    members["type"]["pattern"] = json!(
        "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
    );
    members["status"]["enum"] = json!(["True", "False", "Unknown"]);
    members["reason"]["minLength"] = json!(1);
    members["reason"]["maxLength"] = json!(1024);
    members["reason"]["pattern"] = json!("^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$");
    members["message"]["maxLength"] = json!(32_768);
    members["observedGeneration"]["minimum"] = json!(0);
}

/// Every other list of a status is bounded; those of named things are keyed by the name.
fn lists(schema: &mut Value) {
    for (path, most, key) in [
        ("/properties/status/properties/tabs", 16, Some("name")),
        ("/properties/status/properties/confirmedDeletions", 1000, Some("tenantId")),
        ("/properties/status/properties/orphans", 20, Some("id")),
        ("/properties/status/properties/drift", 20, None),
        ("/properties/status/properties/checks", 64, Some("name")),
        ("/properties/status/properties/licenses", 128, Some("kind")),
        ("/properties/status/properties/sealed", 16, Some("path")),
        ("/properties/status/properties/grantLinks", 16, Some("name")),
        ("/properties/status/properties/provisioningScript/properties/pendingChanges", 20, None),
    ] {
        let Some(list) = schema.pointer_mut(path) else { continue };
        list["maxItems"] = json!(most);
        if list["items"]["type"] == "string" {
            list["items"]["maxLength"] = json!(64);
        }
        list["x-kubernetes-list-type"] = json!(if key.is_some() { "map" } else { "atomic" });
        if let Some(key) = key {
            list["x-kubernetes-list-map-keys"] = json!([key]);
        }
    }
}

/// A status that was not written yet says so; otherwise tools would take a new object for reconciled.
fn observed_status(schema: &mut Value) {
    if let Some(status) = schema.pointer_mut("/properties/status") {
        status["default"] = json!({ "observedGeneration": -1 });
        if let Some(generation) = status.pointer_mut("/properties/observedGeneration").and_then(Value::as_object_mut) {
            generation.remove("default");
        }
    }
}

fn tenant(schema: &mut Value) {
    observed_status(schema);
    for (name, authority) in HEAD {
        if let Some(member) = schema.pointer_mut(&format!("/properties/spec{}", pointer(name))) {
            let text = member["description"].as_str().unwrap_or_default().to_owned() + &head_notes(authority, member);
            member["description"] = json!(text);
        }
    }
    for leaf in leaves() {
        if let Some(member) = schema.pointer_mut(&format!("/properties/spec{}", pointer(leaf.path))) {
            let text = member["description"].as_str().unwrap_or_default().to_owned() + &notes(leaf, member);
            member["description"] = json!(text);
        }
    }
}

/// The schema of a Tenant's spec as it is installed.
pub fn tenant_spec() -> Value {
    let [(_, mut tenants), ..] = all();
    tenants["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].take()
}

/// The schema of what stands at a path below the spec.
pub fn member<'s>(spec: &'s Value, path: &str) -> Option<&'s Value> {
    spec.pointer(&pointer(path))
}

fn pointer(path: &str) -> String {
    path.split('.').map(|name| format!("/properties/{name}")).collect()
}

/// What the table of leaves and the schema know about a field, to follow its own text.
pub fn notes(leaf: &Leaf, schema: &Value) -> String {
    let mut text = String::new();
    if leaf.class == Class::Sealed {
        text += " The value is never shown.";
    }
    if let Some(allowed) = allowed(schema) {
        text += &format!(" Must be {allowed}.");
    }
    let switches: Vec<&str> = leaf.switches().map(|toggle| toggle.path).collect();
    if !switches.is_empty() {
        text += &format!(" Ignored while {} is false.", switches.join(" or "));
    }
    text += required(leaf);
    if let Some(default) = leaf.default {
        let default = default.trim_matches('"');
        text += &format!(" Platform default: {}.", if default.is_empty() { "empty" } else { default });
    }
    text += match leaf.script {
        Script::No => "",
        Script::SwitchedOn => " Turning it on requires a run of the provisioning script.",
        Script::Changed => " A change requires a run of the provisioning script.",
    };
    text + &format!(" Authority: {}.", leaf.authority.describe())
}

/// When the platform needs a value.
pub(super) fn required(leaf: &Leaf) -> &'static str {
    match leaf.required {
        Required::No => "",
        Required::ToCreate => " Required to create a tenant.",
        Required::WhenOn => " Required otherwise.",
    }
}

/// What is known about a field of the spec's head, to follow its own text.
pub fn head_notes(authority: Authority, schema: &Value) -> String {
    let bounds = allowed(schema).map(|allowed| format!(" Must be {allowed}.")).unwrap_or_default();
    bounds + &format!(" Authority: {}.", authority.describe())
}

/// What a schema allows, to follow "must be"; `None` where the type says it all.
pub fn allowed(schema: &Value) -> Option<String> {
    if let (Some(min), Some(max)) = (whole(&schema["minimum"]), whole(&schema["maximum"])) {
        return Some(format!("a whole number from {min} to {max}"));
    }
    let message = schema["x-kubernetes-validations"][0]["message"].as_str()?;
    message.strip_prefix("must be ").map(ToOwned::to_owned)
}

/// A bound, which a schema holds as a floating point number.
#[expect(clippy::cast_possible_truncation, reason = "bounds of settings are small whole numbers")]
fn whole(bound: &Value) -> Option<i64> {
    bound.as_f64().map(|bound| bound as i64)
}

/// All CRDs as one YAML stream.
///
/// *Errors*: never in practice; a document of maps and strings always has a YAML form.
pub fn to_yaml(document: &Value) -> Result<String, serde_yaml::Error> {
    serde_yaml::to_string(document)
}
