//! Schemas of `settings` as it is read and as it is written, from the table.
use serde_json::{Map, Value, json};

use super::shapes::{object, reference, token, version};
use crate::model::format::{CONNECTION_STRING, line_pattern, pattern};
use crate::model::leaf::{Authority, DefaultValue, Format, Kind, Leaf, Required, Script};
use crate::model::rows::LEAVES;
use crate::model::table::put;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Read,
    Create,
    Patch,
}

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let mut triggers = object(&[("widgetKeyRotation?", token()), ("instantMessagingTest?", token())]);
    triggers["description"] = json!("Initial tokens of the tenant; only the token of the rotation counts as used");
    vec![
        ("Settings", tree(Use::Read)),
        ("SettingsCreation", tree(Use::Create)),
        ("SettingsPatch", tree(Use::Patch)),
        ("TenantCreation", object(&[("settings", reference("SettingsCreation")), ("triggers?", triggers)])),
        ("TenantPatch", object(&[("settings", reference("SettingsPatch"))])),
    ]
}

/// Returns the schema of the whole tree.
fn tree(purpose: Use) -> Value {
    let mut leaves = json!({});
    for leaf in LEAVES {
        put(&mut leaves, leaf.pointer, schema(leaf, purpose));
    }
    section(&leaves, "", purpose)
}

fn section(members: &Value, at: &str, purpose: Use) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (name, member) in members.as_object().into_iter().flatten() {
        let pointer = format!("{at}/{name}");
        let leaf = LEAVES.iter().find(|leaf| leaf.pointer == pointer);
        if is_required(leaf, &pointer, purpose) {
            required.push(name);
        }
        let schema = match leaf {
            Some(_) => member.clone(),
            None => section(member, &pointer, purpose),
        };
        properties.insert(name.clone(), schema);
    }
    json!({
        "type": "object",
        "properties": properties,
        "required": required,
        // A newer platform returns members that this document does not have; a write never has them.
        "additionalProperties": purpose == Use::Read,
    })
}

fn is_required(leaf: Option<&Leaf>, pointer: &str, purpose: Use) -> bool {
    match purpose {
        Use::Read => true,
        Use::Patch => false,
        Use::Create => match leaf {
            Some(leaf) => leaf.required == Required::AtCreation,
            None => LEAVES
                .iter()
                .any(|leaf| leaf.required == Required::AtCreation && leaf.pointer.starts_with(&format!("{pointer}/"))),
        },
    }
}

fn schema(leaf: &Leaf, purpose: Use) -> Value {
    let mut schema = match leaf.kind {
        Kind::Sealed if purpose == Use::Read => object(&[("set", json!({"type": "boolean"})), ("version", version())]),
        Kind::Sealed => {
            let value = json!({
                "type": "string", "format": "acs-connection-string", "pattern": CONNECTION_STRING, "writeOnly": true,
            });
            object(&[("value", value)])
        }
        kind => plain(kind),
    };
    let nullable = if purpose == Use::Read { leaf.may_be_empty() } else { leaf.clearable };
    if nullable {
        schema["type"] = json!([schema["type"], "null"]);
        if let Some(Value::Array(names)) = schema.get_mut("enum") {
            names.push(Value::Null);
        }
    }
    if purpose == Use::Read {
        annotate(&mut schema, leaf);
    }
    schema
}

fn plain(kind: Kind) -> Value {
    match kind {
        Kind::Toggle => json!({"type": "boolean"}),
        Kind::Number { min, max: Some(max) } => {
            json!({"type": "integer", "minimum": min, "maximum": max})
        }
        Kind::Number { min, max: None } => json!({"type": "integer", "format": "int64", "minimum": min}),
        Kind::Choice(names) => json!({"type": "string", "enum": names}),
        Kind::Text { max } => json!({"type": "string", "minLength": 1, "maxLength": max, "pattern": line_pattern()}),
        Kind::Identity => json!({"type": "string", "format": "uuid"}),
        Kind::Formatted(format) => formatted(format),
        Kind::Counts => json!({
            "type": "object", "additionalProperties": {"type": "integer", "format": "int64", "minimum": 0},
        }),
        Kind::Sealed => json!({"type": "object"}),
    }
}

fn formatted(format: Format) -> Value {
    let (name, longest) = match format {
        Format::Guid => ("uuid", 36),
        Format::Domain => ("hostname", 253),
        Format::Email => ("email", 318),
        Format::Phone => ("e164", 16),
        Format::Sip => ("sip", 333),
        Format::Country => ("iso-3166-1-alpha-2", 2),
        Format::OrganizationUnit => ("root-or-uuid", 36),
        Format::Partner => ("partner", 64),
    };
    let mut schema = json!({"type": "string", "format": name, "pattern": pattern(format), "maxLength": longest});
    if matches!(format, Format::Guid | Format::OrganizationUnit) {
        // The nil GUID names nothing.
        schema["not"] = json!({"const": uuid::Uuid::nil().to_string()});
    }
    schema
}

/// Adds the rules that a schema cannot express.
fn annotate(schema: &mut Value, leaf: &Leaf) {
    schema["description"] = json!(leaf.about);
    schema["x-nimbus-authority"] = json!(match leaf.authority {
        Authority::NonTechnical => "N",
        Authority::Tenant => "T",
        Authority::Partner => "P",
        Authority::System => "S",
    });
    match leaf.default_value {
        DefaultValue::Nothing => {}
        DefaultValue::Toggle(on) => schema["default"] = json!(on),
        DefaultValue::Number(number) => schema["default"] = json!(number),
        DefaultValue::Text(text) => schema["default"] = json!(text),
    }
    if leaf.clearable {
        schema["x-nimbus-clearable"] = json!(true);
    }
    if leaf.kind == Kind::Sealed {
        schema["x-nimbus-sealed"] = json!(true);
    }
    if !leaf.switches.is_empty() {
        schema["x-nimbus-switches"] = json!(leaf.switches);
    }
    match leaf.required {
        Required::Never => {}
        Required::AtCreation => schema["x-nimbus-required"] = json!("at-creation"),
        Required::WhenOn => schema["x-nimbus-required"] = json!("when-on"),
    }
    match leaf.script {
        Script::Never => {}
        Script::SwitchedOn(change) | Script::Changed(change) => {
            schema["x-nimbus-pending-change"] = json!(change);
        }
    }
}
