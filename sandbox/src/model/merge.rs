//! A write to the settings of a tenant: a JSON merge patch that is checked against the table, all or nothing.
//!
//! Pure. A write is walked once: each member is restricted, invalid, or a value in canonical spelling. The settings change only
//! if all members are valid. What a switch requires is checked on the result.
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::format::{canonical, guid, is_connection_string, is_line};
use super::leaf::{Format, Kind, Leaf, Required};
use super::problem::{Code, FieldError, Problem, Slug};
use super::roles::Role;
use super::rows::{INSTANT_MESSAGING_ENABLED, LEAVES, PARTNER, PRIMARY_ACCOUNT, SECONDARY_ACCOUNT};
use super::table::{Place, escape, is_shown, place, put, remove};
use super::units::Tree;
use super::version;

/// How the platform changes a value that it accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Normaliser {
    /// The old value stays.
    Ignore,
    /// A text is stored in upper case.
    Upper,
}

/// What happens to members that are not in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UnknownMembers {
    Refused,
    /// They are stored, like members of a newer version of the platform.
    Planted,
}

/// The rules for a write.
pub(crate) struct Rules<'a> {
    /// The id of the tenant.
    pub id: &'a str,
    pub role: Role,
    /// The partner that a partner client may set on a tenant that it creates, although the field is restricted.
    pub own_partner: Option<&'a str>,
    pub unknown_members: UnknownMembers,
    /// The stored values of the sealed leaves, by pointer.
    pub secrets: &'a BTreeMap<String, String>,
    pub normalisers: &'a BTreeMap<String, Normaliser>,
    /// The organization units that a setting can name.
    pub units: &'a Tree,
}

/// The result of an accepted write.
#[derive(Debug, PartialEq)]
pub(crate) struct Merged {
    pub settings: Value,
    /// Sealed leaves whose value changed.
    pub secrets: Vec<(String, String)>,
}

/// Returns the settings after `patch`, or a problem that lists every invalid field.
pub(crate) fn merge(settings: &Value, patch: &Value, rules: &Rules<'_>) -> Result<Merged, Problem> {
    let mut walk = Walk { rules, values: Vec::new(), errors: Vec::new(), restricted: Vec::new() };
    match patch {
        Value::Object(members) => walk.section(members, ""),
        _ => walk.refuse("", Code::WrongType),
    }
    if !walk.restricted.is_empty() {
        return Err(Problem::fields(Slug::FieldNotPermitted, walk.restricted));
    }
    let mut errors = walk.errors;
    let merged = apply(settings, walk.values, rules);
    for missing in missing_values(&merged.settings) {
        if !errors.iter().any(|error| error.pointer == missing.pointer) {
            errors.push(missing);
        }
    }
    if errors.is_empty() { Ok(merged) } else { Err(Problem::fields(Slug::InvalidSettings, errors)) }
}

struct Walk<'a> {
    rules: &'a Rules<'a>,
    /// New values by pointer; `None` removes a member that is not in the table.
    values: Vec<(String, Option<Value>)>,
    errors: Vec<FieldError>,
    restricted: Vec<FieldError>,
}

impl Walk<'_> {
    fn refuse(&mut self, pointer: &str, code: Code) {
        self.errors.push(FieldError::new(pointer, code));
    }

    fn section(&mut self, members: &Map<String, Value>, at: &str) {
        for (name, value) in members {
            let pointer = format!("{at}/{}", escape(name));
            match place(&pointer) {
                Place::Leaf(leaf) => self.leaf(leaf, value),
                Place::Section => match value {
                    Value::Object(members) => self.section(members, &pointer),
                    Value::Null => self.refuse(&pointer, Code::NotClearable),
                    _ => self.refuse(&pointer, Code::WrongType),
                },
                Place::Unknown if self.rules.unknown_members == UnknownMembers::Planted => {
                    self.values.push((pointer, (!value.is_null()).then(|| value.clone())));
                }
                Place::Unknown => self.refuse(&pointer, Code::UnknownField),
            }
        }
    }

    fn leaf(&mut self, leaf: &Leaf, value: &Value) {
        let own = leaf.pointer == PARTNER && self.rules.own_partner.is_some_and(|partner| value == partner);
        if !leaf.authority.admits(self.rules.role) && !own {
            self.restricted.push(FieldError::new(leaf.pointer, Code::Restricted));
            return;
        }
        if value.is_null() {
            match leaf.clearable {
                true => self.values.push((leaf.pointer.to_owned(), Some(Value::Null))),
                false => self.refuse(leaf.pointer, Code::NotClearable),
            }
            return;
        }
        if let (Kind::Counts, Value::Object(counts)) = (leaf.kind, value) {
            return self.counts(leaf.pointer, counts);
        }
        match accepted(leaf, value, self.rules) {
            Ok(value) => self.values.push((leaf.pointer.to_owned(), Some(value))),
            Err(error) => self.errors.push(error),
        }
    }

    /// Counts are merged one by one, so that every invalid count is reported.
    fn counts(&mut self, at: &str, counts: &Map<String, Value>) {
        for (name, count) in counts {
            let pointer = format!("{at}/{}", escape(name));
            if count.is_null() {
                self.refuse(&pointer, Code::NotClearable);
                continue;
            }
            match number(&pointer, count, 0, None) {
                Ok(count) => self.values.push((pointer, Some(count))),
                Err(error) => self.errors.push(error),
            }
        }
    }
}

/// Returns the new value of a leaf in canonical spelling.
fn accepted(leaf: &Leaf, value: &Value, rules: &Rules<'_>) -> Result<Value, FieldError> {
    let refused = |code| Err(FieldError::new(leaf.pointer, code));
    match (leaf.kind, value) {
        (Kind::Toggle, Value::Bool(_)) => Ok(value.clone()),
        (Kind::Number { min, max }, _) => number(leaf.pointer, value, min, max),
        (Kind::Sealed, Value::Object(members)) => match members.get("value") {
            Some(Value::String(secret)) if members.len() == 1 => {
                if is_connection_string(secret) {
                    Ok(json!(secret))
                } else {
                    refused(Code::BadFormat)
                }
            }
            _ => refused(Code::SealedForm),
        },
        (Kind::Toggle | Kind::Counts | Kind::Sealed, _) => refused(Code::WrongType),
        (_, Value::String(text)) if text.is_empty() => refused(Code::Empty),
        (kind, Value::String(text)) => {
            let text = canonical_text(leaf.pointer, kind, text, rules.id)?;
            match kind {
                Kind::Formatted(Format::OrganizationUnit) if !rules.units.has(&text) => refused(Code::UnknownReference),
                _ => Ok(Value::String(text)),
            }
        }
        _ => refused(Code::WrongType),
    }
}

fn number(pointer: &str, value: &Value, min: i64, max: Option<i64>) -> Result<Value, FieldError> {
    let out_of_range = FieldError { min: Some(min), max, ..FieldError::new(pointer, Code::OutOfRange) };
    match whole(value) {
        Some(number) if number >= min && max.is_none_or(|max| number <= max) => Ok(json!(number)),
        Some(_) => Err(out_of_range),
        None if value.is_u64() => Err(out_of_range),
        None => Err(FieldError::new(pointer, Code::WrongType)),
    }
}

/// A number without a fraction in any notation: `5.0` is an integer to JSON Schema.
#[expect(clippy::cast_possible_truncation, reason = "numbers that a float holds exactly")]
fn whole(value: &Value) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = || value.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < EXACT);
    value.as_i64().or_else(|| if value.is_f64() { float().map(|float| float as i64) } else { None })
}

fn canonical_text(pointer: &str, kind: Kind, text: &str, id: &str) -> Result<String, FieldError> {
    let refused = |code| Err(FieldError::new(pointer, code));
    match kind {
        Kind::Choice(names) if names.contains(&text) => Ok(text.to_owned()),
        Kind::Choice(_) => refused(Code::NotAllowed),
        Kind::Text { max } if text.chars().count() > max => {
            Err(FieldError { max: i64::try_from(max).ok(), ..FieldError::new(pointer, Code::TooLong) })
        }
        Kind::Text { .. } if !is_line(text) => refused(Code::BadFormat),
        Kind::Text { .. } => Ok(text.to_owned()),
        Kind::Formatted(format) => canonical(format, text).ok_or(FieldError::new(pointer, Code::BadFormat)),
        Kind::Identity if guid(text).as_deref() == Some(id) => Ok(id.to_owned()),
        Kind::Identity => refused(Code::Fixed),
        Kind::Toggle | Kind::Number { .. } | Kind::Sealed | Kind::Counts => refused(Code::WrongType),
    }
}

fn apply(settings: &Value, values: Vec<(String, Option<Value>)>, rules: &Rules<'_>) -> Merged {
    let mut merged = Merged { settings: settings.clone(), secrets: Vec::new() };
    for (pointer, value) in values {
        let Some(value) = value else {
            remove(&mut merged.settings, &pointer);
            continue;
        };
        let value = match (rules.normalisers.get(&pointer), value) {
            (Some(Normaliser::Ignore), _) => continue,
            (Some(Normaliser::Upper), Value::String(text)) => json!(text.to_uppercase()),
            (_, value) => value,
        };
        match (place(&pointer), &value) {
            (Place::Leaf(Leaf { kind: Kind::Sealed, .. }), Value::String(secret)) => {
                seal(&mut merged, pointer, secret, rules);
            }
            _ => put(&mut merged.settings, &pointer, value),
        }
    }
    merged
}

/// Stores a new secret. An equal secret moves no version, so that a resend after a crash changes nothing.
fn seal(merged: &mut Merged, pointer: String, secret: &str, rules: &Rules<'_>) {
    if rules.secrets.get(&pointer).is_some_and(|kept| kept == secret) {
        return;
    }
    put(&mut merged.settings, &pointer, json!({"set": true, "version": version::unused()}));
    merged.secrets.push((pointer, secret.to_owned()));
}

/// Returns the required fields that have no value.
fn missing_values(settings: &Value) -> Vec<FieldError> {
    let empty = |leaf: &&Leaf| match settings.pointer(leaf.pointer) {
        None | Some(Value::Null) => true,
        Some(value) => leaf.kind == Kind::Sealed && value["set"] != json!(true),
    };
    let needed = |leaf: &&Leaf| match leaf.required {
        Required::Never => false,
        Required::AtCreation => true,
        Required::WhenOn => is_shown(leaf, settings),
    };
    let mut missing: Vec<FieldError> = LEAVES
        .iter()
        .filter(|leaf| needed(leaf) && empty(leaf))
        .map(|leaf| FieldError::new(leaf.pointer, Code::Required))
        .collect();
    missing.extend(same_account(settings));
    missing
}

fn same_account(settings: &Value) -> Option<FieldError> {
    let account = |pointer| settings.pointer(pointer).and_then(Value::as_str);
    let on = settings.pointer(INSTANT_MESSAGING_ENABLED) == Some(&json!(true));
    let same = account(PRIMARY_ACCOUNT)?.eq_ignore_ascii_case(account(SECONDARY_ACCOUNT)?);
    (on && same).then(|| FieldError::new(SECONDARY_ACCOUNT, Code::SameAccount))
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
