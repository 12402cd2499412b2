//! From what the platform says to the objects that say the same.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use serde_yaml::{Mapping, Value as Yaml};

use super::names::Names;
use crate::plan::Snapshot;
use crate::resources::GROUP;
use crate::settings::tabs::general::TENANT_ID;
use crate::settings::tabs::partner::PARTNER;
use crate::settings::{Class, Leaf, Settings, leaves};

/// Which settings are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those that differ from the platform's default, and are shown.
    Changed,
    /// Every one that has a value.
    Everything,
}

/// What is written to files.
#[derive(Debug, Default)]
pub struct Exported {
    /// The Tenants by name.
    pub tenants: BTreeMap<String, Yaml>,
    /// The Partners by name.
    pub partners: BTreeMap<String, Yaml>,
    /// What a person has to do, each as a sentence.
    pub todo: Vec<String>,
}

impl Exported {
    /// The objects for tenants on one platform.
    ///
    /// *Errors*: never in practice; settings in their canonical spelling fit the fields of their leaves.
    pub fn of(snapshots: &[Snapshot], platform: &str, namespace: Option<&str>, scope: Scope) -> anyhow::Result<Self> {
        let (mut exported, mut names, mut partners) = (Self::default(), Names::default(), Partners::default());
        for Snapshot { document, settings } in snapshots {
            let display = settings.pointer("/general/name").and_then(Value::as_str).unwrap_or_default();
            let name = names.of(display, &document.id);
            let mut kept = kept(settings, scope);
            TENANT_ID.put(&mut kept, json!(document.id));
            let mut spec = mapping([("platformRef", mapping([("name", platform.into())]))]);
            let own = serde_yaml::to_value(Settings::from_wire(&kept)?)?;
            add(&mut spec, own);
            if let Some(id) = PARTNER.find(settings).and_then(Value::as_str) {
                let reference = mapping([("partnerRef", mapping([("name", partners.name(id).into())]))]);
                put_after(&mut spec, "partner", reference);
            }
            exported.todo.extend(todo(&name, settings));
            exported.tenants.insert(name.clone(), object("Tenant", &name, namespace, spec));
        }
        for (id, name) in &partners.names {
            let spec = mapping([("displayName", id.as_str().into()), ("platformPartnerId", id.as_str().into())]);
            exported.partners.insert(name.clone(), object("Partner", name, None, spec));
            exported.todo.push(format!("Partner {name}: replace the displayName, which the platform does not tell."));
        }
        Ok(exported)
    }
}

/// The Partners by their ID on the platform.
#[derive(Debug, Default)]
struct Partners {
    names: BTreeMap<String, String>,
    given: Names,
}

impl Partners {
    fn name(&mut self, id: &str) -> String {
        let Self { names, given } = self;
        names.entry(id.to_owned()).or_insert_with(|| given.of(id, id)).clone()
    }
}

/// The settings that are written.
fn kept(settings: &Value, scope: Scope) -> Value {
    let mut kept = json!({});
    for leaf in leaves().filter(|leaf| leaf.class == Class::Value) {
        let Some(value) = leaf.find(settings) else { continue };
        let is_shown = leaf.switches().all(|toggle| toggle.find(settings).and_then(Value::as_bool) == Some(true));
        if scope == Scope::Everything || is_shown && !is_default(leaf, value) {
            leaf.put(&mut kept, value.clone());
        }
    }
    kept
}

fn is_default(leaf: &Leaf, value: &Value) -> bool {
    leaf.default.and_then(|text| serde_json::from_str::<Value>(text).ok()).is_some_and(|default| default == *value)
}

/// What the platform has and a file cannot say.
fn todo(name: &str, settings: &Value) -> Vec<String> {
    let mut todo = vec![];
    for leaf in leaves() {
        let Some(value) = leaf.find(settings) else { continue };
        match leaf.class {
            Class::Sealed if value["set"] == json!(true) => {
                let reference = "{name: SECRET, key: KEY}";
                todo.push(format!("Tenant {name}: the platform holds a value of {leaf}. To manage it, create a Secret and set {leaf}: {reference}."));
            }
            Class::Value if leaf.canonicalize(value).is_err() => {
                todo.push(format!(
                    "Tenant {name}: {leaf} has a value that this version does not know, and is left out."
                ));
            }
            Class::Sealed
            | Class::Value
            | Class::Reference
            | Class::Clears
            | Class::CheckInput
            | Class::Trigger
            | Class::Output => {}
        }
    }
    todo
}

fn object(kind: &str, name: &str, namespace: Option<&str>, spec: Yaml) -> Yaml {
    let mut metadata = mapping([("name", name.into())]);
    if let Some(namespace) = namespace {
        add(&mut metadata, mapping([("namespace", namespace.into())]));
    }
    let version = format!("{GROUP}/v1alpha1");
    mapping([("apiVersion", version.into()), ("kind", kind.into()), ("metadata", metadata), ("spec", spec)])
}

fn mapping<const N: usize>(members: [(&str, Yaml); N]) -> Yaml {
    Yaml::Mapping(members.into_iter().map(|(name, value)| (Yaml::from(name), value)).collect::<Mapping>())
}

fn add(to: &mut Yaml, more: Yaml) {
    if let (Yaml::Mapping(members), Yaml::Mapping(more)) = (to, more) {
        members.extend(more);
    }
}

/// Adds a tab where the UI has it: after General and Contact.
fn put_after(spec: &mut Yaml, name: &str, tab: Yaml) {
    let Yaml::Mapping(members) = spec else { return };
    let first = ["platformRef", "general", "contact"];
    let (before, after): (Vec<_>, Vec<_>) =
        std::mem::take(members).into_iter().partition(|(key, _)| key.as_str().is_some_and(|key| first.contains(&key)));
    members.extend(before.into_iter().chain([(Yaml::from(name), tab)]).chain(after));
}
