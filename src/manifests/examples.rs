//! Manifests of Tenants for people: `examples/`, made of the table of leaves and the CRD, with the manual as comments.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{crd, sample, settings_reference};
use crate::resources::GROUP;
use crate::settings::leaf::Required;
use crate::settings::tabs::{attendant_console, general, provisioning};
use crate::settings::{Class, Leaf, Tab, leaves};

/// Longest line of a comment.
const WIDTH: usize = 110;

/// Values for the head of a spec: what unset means, said aloud.
const HEAD: [(&str, &str); 5] = [
    ("suspend", "false"),
    ("syncIntervalSeconds", "3600"),
    ("driftPolicy", "Correct"),
    ("adoptionPolicy", "IfMatches"),
    ("deletionPolicy", "Retain"),
];

/// The path and the text of every generated example.
pub fn examples() -> Vec<(String, String)> {
    let needed = "Needs examples/partner.yaml and the Secret of examples/tenant.yaml.";
    let about = format!("Every setting of a Tenant, with its description. {needed}");
    let mut files = vec![
        ("examples/settings/full.yaml".to_owned(), Manifest::new(&about).commented().write(|_| true)),
        (
            "examples/settings/minimal.yaml".to_owned(),
            Manifest::new("The minimum that creates a tenant. All other settings keep the values of the platform.").write(|_| false),
        ),
        (
            "examples/settings/attendant-console-filter.yaml".to_owned(),
            Manifest::new(
                "Narrows the search of Attendant Console to users of one domain and language. Nimbus does not validate it.",
            )
            .write(|leaf| leaf == attendant_console::FILTER),
        ),
    ];
    let mut tabs: Vec<Tab> = leaves().filter_map(Leaf::tab).collect();
    tabs.dedup();
    for tab in tabs {
        let about = format!("Every setting of the tab {}.", tab.as_str());
        let text = Manifest::new(&about).write(|leaf| leaf.tab() == Some(tab));
        files.push((format!("examples/settings/tabs/{}.yaml", kebab(tab.as_str())), text));
    }
    files
}

/// A manifest in the making.
struct Manifest {
    spec: Value,
    text: String,
    commented: bool,
    /// The sections in which the last line stands.
    within: Vec<&'static str>,
}

impl Manifest {
    fn new(about: &str) -> Self {
        let mut manifest = Self { spec: crd::tenant_spec(), text: String::new(), commented: true, within: vec![] };
        manifest.comment(0, settings_reference::NOTICE);
        manifest.comment(0, about);
        let Self { text, .. } = &mut manifest;
        *text += &format!("apiVersion: {GROUP}/v1alpha1\nkind: Tenant\n");
        *text += "metadata:\n  name: contoso\n  namespace: contoso\nspec:\n";
        manifest.commented = false;
        manifest
    }

    fn commented(mut self) -> Self {
        self.commented = true;
        self
    }

    /// Writes the head, what creates a tenant, and the leaves that are wanted.
    fn write(mut self, wanted: impl Fn(&Leaf) -> bool) -> String {
        self.describe(1, "platformRef");
        self.text += "  platformRef: {name: euwe-01}\n";
        if self.commented {
            for (name, value) in HEAD {
                self.describe(1, name);
                self.text += &format!("  {name}: {value}\n");
            }
        }
        let needed = |leaf: &Leaf| leaf == general::TENANT_ID || leaf.required == Required::ToCreate;
        for leaf in leaves().filter(|leaf| needed(leaf) || wanted(leaf)) {
            self.leaf(leaf);
        }
        self.text
    }

    fn leaf(&mut self, leaf: &'static Leaf) {
        let names: Vec<&str> = leaf.path.split('.').collect();
        let Some((name, sections)) = names.split_last() else { return };
        let shared = self.within.iter().zip(sections).take_while(|(open, section)| open == section).count();
        for depth in shared..sections.len() {
            self.describe(depth + 1, &sections[..=depth].join("."));
            self.line(depth + 1, &format!("{}:", sections[depth]));
        }
        self.within = sections.to_vec();
        let depth = names.len();
        self.describe(depth, leaf.path);
        let value = value(leaf, crd::member(&self.spec, leaf.path));
        // A field that clears replaces the field that sets, so it is commented out.
        let sign = if leaf.class == Class::Clears { "# " } else { "" };
        self.line(depth, &format!("{sign}{name}: {}", flow(&value)));
    }

    fn describe(&mut self, depth: usize, path: &str) {
        let schema = crd::member(&self.spec, path);
        let about = schema.and_then(|schema| schema["description"].as_str()).unwrap_or_default().to_owned();
        if self.commented {
            self.comment(depth, &about);
        }
    }

    /// Writes a comment, broken between words.
    fn comment(&mut self, depth: usize, about: &str) {
        let mut line = String::new();
        for word in about.split_whitespace() {
            if !line.is_empty() && depth * 2 + 3 + line.chars().count() + word.chars().count() > WIDTH {
                self.line(depth, &format!("# {line}"));
                line.clear();
            }
            line += if line.is_empty() { "" } else { " " };
            line += word;
        }
        if !line.is_empty() {
            self.line(depth, &format!("# {line}"));
        }
    }

    fn line(&mut self, depth: usize, text: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{:1$}{text}", "", depth * 2);
    }
}

/// The value of a leaf in a file: one that every tenant accepts.
fn value(leaf: &Leaf, schema: Option<&Value>) -> Value {
    // Any other unit exists on one tenant only.
    if leaf == provisioning::DEFAULT_ORGANIZATION_UNIT { json!("root") } else { sample::example(leaf, schema) }
}

/// A value on one line of YAML.
fn flow(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            // A reference reads best with its name first.
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| name.as_str() != "name");
            let members: Vec<_> = members.iter().map(|(name, value)| format!("{name}: {}", flow(value))).collect();
            format!("{{{}}}", members.join(", "))
        }
        Value::String(text) if is_plain(text) => text.clone(),
        // JSON is YAML.
        other => json!(other).to_string(),
    }
}

/// Whether YAML reads an unquoted word as the same text.
fn is_plain(text: &str) -> bool {
    let word = text.chars().all(|c| c.is_alphanumeric() || " -_./@".contains(c));
    let starts = text.starts_with(char::is_alphabetic) && !text.ends_with(' ');
    let read: Result<Value, _> = serde_yaml::from_str(text);
    word && starts && read.is_ok_and(|read| read == *text)
}

fn kebab(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !text.is_empty() {
            text.push('-');
        }
        text.extend(c.to_lowercase());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_yaml_would_read_otherwise_is_quoted() {
        for (value, text) in [
            (json!("Contoso AG"), "Contoso AG"),
            (json!("true"), "\"true\""),
            (json!("08001"), "\"08001\""),
            (json!("+41445551234"), "\"+41445551234\""),
            (json!("a: b"), "\"a: b\""),
            (json!("no"), "no"),
            (json!(7), "7"),
            (json!({ "key": "k", "name": "n" }), "{name: n, key: k}"),
        ] {
            assert_eq!(flow(&value), text);
        }
    }
}
