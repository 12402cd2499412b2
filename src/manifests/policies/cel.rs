//! Expressions and variables of the policies, in CEL.
//!
//! Every path is read with `.?` and from what is certainly a map, so that an object that fits no schema can still be edited and
//! deleted: an expression that fails would refuse it to everybody.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::resources::tenant::PLATFORM_REF;
use crate::settings::tabs::general::TENANT_ID;
use crate::settings::tabs::partner::PARTNER;

/// Variables for the spec of a Tenant before and after, and for everything below it that these paths lead through, and those of the
/// references that decide about authority.
pub(super) fn specs<'p>(paths: impl Iterator<Item = &'p str>) -> Vec<Value> {
    let (platform, partner) = (name_of(PLATFORM_REF), name_of(PARTNER.path));
    let mut all: Vec<&str> = paths.collect();
    all.extend([TENANT_ID.path, &platform, &partner]);
    maps(all.into_iter())
}

/// Variables for the spec before and after, and for everything below it that these paths lead through. What is no map counts
/// as empty: to select from a list or a number is an error.
pub(super) fn maps<'p>(paths: impl Iterator<Item = &'p str>) -> Vec<Value> {
    let mut holders = BTreeSet::new();
    for path in paths {
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

/// Where a reference says the name of what it refers to.
pub(super) fn name_of(reference: &str) -> String {
    format!("{reference}.name")
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
pub(super) fn read(side: &str, path: &str) -> String {
    let steps: Vec<&str> = path.split('.').collect();
    let (last, holders) = steps.split_last().unwrap_or((&path, &[]));
    format!("variables.{}.?{last}", holder(side, holders))
}

/// The text at a path; anything else is none.
pub(super) fn text(side: &str, path: &str) -> String {
    let value = format!("{}.orValue('')", read(side, path));
    format!("(type(dyn({value})) == string ? string({value}) : '')")
}

pub(super) fn list<'s>(items: impl Iterator<Item = &'s str>) -> String {
    format!("[{}]", items.map(literal).collect::<Vec<_>>().join(", "))
}

/// A string of CEL, in which no text can end the string.
pub(super) fn literal(text: &str) -> String {
    let escaped = text.chars().map(|c| match c {
        '\'' | '\\' => format!("\\{c}"),
        ' '..='~' => c.to_string(),
        c => format!("\\U{:08x}", u32::from(c)),
    });
    format!("'{}'", escaped.collect::<String>())
}

pub(super) fn variable(name: &str, expression: impl Into<String>) -> Value {
    json!({ "name": name, "expression": expression.into() })
}

pub(super) fn denied(expression: &str, message: &str) -> Value {
    json!({ "expression": expression, "messageExpression": message, "reason": "Forbidden" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_account_ends_its_string() {
        let accounts =
            ["system:serviceaccount:a:b", "o'brien", r"corp\ada", "x'] || true || y in ['", "a\nb", "\u{f6}"];
        let expected = r"['system:serviceaccount:a:b', 'o\'brien', 'corp\\ada', 'x\'] || true || y in [\'', 'a\U0000000ab', '\U000000f6']";
        assert_eq!(list(accounts.into_iter()), expected);
    }
}
