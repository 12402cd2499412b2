//! The subset of OData `$filter` that Microsoft Graph understands on users: parsing, validation, evaluation.
//!
//! Pure. A filter can have invalid syntax, or be unsupported for its properties; and it can need "advanced query capabilities",
//! which the request must ask for.
use serde_json::Value;

mod expression;
mod parse;
mod properties;
#[cfg(test)]
mod tests;

pub(crate) use expression::FilterError;
use expression::{Expression, Operator};
use properties::{Property, Support, property};

/// The maximum number of terms of an `or`.
const OR_TERMS: usize = 15;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Filter {
    expression: Expression,
    /// True if it needs advanced query capabilities.
    pub advanced: bool,
}

/// Returns the properties of a user that a filter can use.
pub(crate) fn user_properties() -> impl Iterator<Item = &'static str> {
    properties::names()
}

impl Filter {
    pub(crate) fn parse(text: &str) -> Result<Self, FilterError> {
        let expression = parse::expression(text)?;
        if or_terms(&expression) > OR_TERMS {
            return Err(FilterError::Unsupported);
        }
        let advanced = needs(&expression, None)? == Support::Advanced;
        Ok(Self { expression, advanced })
    }

    /// True if a user, in the form of Graph, passes.
    pub(crate) fn passes(&self, user: &Value) -> bool {
        holds(&self.expression, user, None)
    }
}

/// Counts the terms of the largest chain of `or`.
fn or_terms(expression: &Expression) -> usize {
    match expression {
        Expression::Or(left, right) => or_terms(left) + or_terms(right),
        Expression::And(left, right) => or_terms(left).max(or_terms(right)),
        Expression::Not(inner) => or_terms(inner),
        _ => 1,
    }
}

/// The collection whose member a path refers to, inside `any`.
#[derive(Clone, Copy)]
struct Member<'a> {
    variable: &'a str,
    of: &'static Property,
}

/// Returns the property of a path, which must have a single value.
fn named(path: &str, member: Option<Member<'_>>) -> Result<&'static Property, FilterError> {
    if let Some(member) = member {
        let head = path.split('/').next();
        return if head == Some(member.variable) { Ok(member.of) } else { Err(FilterError::Unsupported) };
    }
    property(path).filter(|property| !property.collection).ok_or(FilterError::Unsupported)
}

fn usable(support: Support) -> Result<Support, FilterError> {
    if support == Support::No { Err(FilterError::Unsupported) } else { Ok(support) }
}

/// Returns what a filter requires, or an error if it is not supported.
fn needs(expression: &Expression, member: Option<Member<'_>>) -> Result<Support, FilterError> {
    match expression {
        Expression::And(left, right) | Expression::Or(left, right) => {
            Ok(needs(left, member)?.max(needs(right, member)?))
        }
        Expression::Not(inner) => {
            needs(inner, member)?;
            Ok(Support::Advanced)
        }
        Expression::Compare { path, operator, value } => {
            let property = named(path, member)?;
            let by_null = if value.is_null() { usable(property.null)? } else { Support::Default };
            let by_operator = match operator {
                Operator::Equal => property.equal,
                Operator::NotEqual => property.not_equal,
                Operator::AtLeast => property.at_least,
                Operator::AtMost => property.at_most,
            };
            // A property may be comparable with null only.
            Ok(usable(by_operator)?.max(by_null))
        }
        Expression::In { path, .. } => usable(named(path, member)?.within),
        Expression::StartsWith { path, .. } => usable(named(path, member)?.starts_with),
        Expression::EndsWith { path, .. } => usable(named(path, member)?.ends_with),
        Expression::Any { path, variable, condition } => {
            let of = property(path).filter(|of| of.collection && member.is_none()).ok_or(FilterError::Unsupported)?;
            needs(condition, Some(Member { variable, of }))
        }
    }
}

/// The member of a collection that `variable` refers to.
#[derive(Clone, Copy)]
struct Bound<'a> {
    variable: &'a str,
    value: &'a Value,
}

fn value_at<'a>(path: &str, user: &'a Value, bound: Option<Bound<'a>>) -> &'a Value {
    let mut parts = path.split('/').peekable();
    let mut at = user;
    if let Some(bound) = bound.filter(|bound| parts.peek() == Some(&bound.variable)) {
        parts.next();
        at = bound.value;
    }
    parts.fold(at, |at, part| &at[part])
}

fn holds(expression: &Expression, user: &Value, bound: Option<Bound<'_>>) -> bool {
    let text = |path: &str| value_at(path, user, bound).as_str().map(str::to_lowercase);
    match expression {
        Expression::And(left, right) => holds(left, user, bound) && holds(right, user, bound),
        Expression::Or(left, right) => holds(left, user, bound) || holds(right, user, bound),
        Expression::Not(inner) => !holds(inner, user, bound),
        Expression::Compare { path, operator, value } => compare(value_at(path, user, bound), *operator, value),
        Expression::In { path, values } => {
            let found = value_at(path, user, bound);
            values.iter().any(|value| compare(found, Operator::Equal, value))
        }
        Expression::StartsWith { path, text: start } => {
            text(path).is_some_and(|text| text.starts_with(&start.to_lowercase()))
        }
        Expression::EndsWith { path, text: end } => text(path).is_some_and(|text| text.ends_with(&end.to_lowercase())),
        Expression::Any { path, variable, condition } => {
            let members = value_at(path, user, bound).as_array();
            let fulfils = |value| holds(condition, user, Some(Bound { variable, value }));
            members.into_iter().flatten().any(fulfils)
        }
    }
}

/// Compares as Graph does: texts are case-insensitive, and null is neither above nor below anything.
fn compare(found: &Value, operator: Operator, wanted: &Value) -> bool {
    let fold = |value: &Value| value.as_str().map(str::to_lowercase);
    let order = match (found, wanted) {
        (Value::String(_), Value::String(_)) => Some(fold(found).cmp(&fold(wanted))),
        (Value::Number(_), Value::Number(_)) => found.as_f64().partial_cmp(&wanted.as_f64()),
        _ => (found == wanted).then_some(std::cmp::Ordering::Equal),
    };
    match operator {
        Operator::Equal => order.is_some_and(|order| order.is_eq()),
        Operator::NotEqual => !order.is_some_and(|order| order.is_eq()),
        Operator::AtLeast => order.is_some_and(|order| order.is_ge()),
        Operator::AtMost => order.is_some_and(|order| order.is_le()),
    }
}
