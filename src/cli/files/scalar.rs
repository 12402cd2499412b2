//! What a scalar without quotes means. This is YAML 1.1 as kubectl reads it, since that decides what a cluster gets: `NO` is false,
//! `08005` is 8005 and `1e3` is 1000. A test compares it with kubectl.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Number;

/// The value of a scalar without quotes.
#[derive(Clone, Debug, PartialEq)]
pub enum Scalar {
    /// None.
    Null,
    /// True or false.
    Flag(bool),
    /// A number that JSON has.
    Number(Number),
    /// Infinity, or what is not a number: JSON has neither.
    NoNumber,
    /// The text itself.
    Text,
}

const TRUE: [&str; 11] = ["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"];
const FALSE: [&str; 11] = ["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"];
const NULL: [&str; 5] = ["", "~", "null", "Null", "NULL"];

/// The words for true and false that every version of YAML reads as such.
const PLAIN_FLAGS: [&str; 6] = ["true", "True", "TRUE", "false", "False", "FALSE"];

/// Reads a scalar without quotes.
pub fn resolve(text: &str) -> Scalar {
    if TRUE.contains(&text) {
        return Scalar::Flag(true);
    }
    if FALSE.contains(&text) {
        return Scalar::Flag(false);
    }
    if NULL.contains(&text) {
        return Scalar::Null;
    }
    match text.trim_start_matches(['+', '-']).to_ascii_lowercase().as_str() {
        ".inf" | ".nan" => return Scalar::NoNumber,
        _ => {}
    }
    if !text.starts_with(|first: char| first.is_ascii_digit() || "+-.".contains(first)) {
        return Scalar::Text;
    }
    let digits = text.replace('_', "");
    whole(&digits).or_else(|| float(&digits)).map_or(Scalar::Text, Scalar::Number)
}

/// Whether every version of YAML reads the scalar as this value.
pub fn is_plain(written: &str, value: &Scalar) -> bool {
    match value {
        Scalar::Flag(_) => PLAIN_FLAGS.contains(&written),
        Scalar::Number(number) => number.to_string() == written,
        Scalar::Null | Scalar::NoNumber | Scalar::Text => true,
    }
}

/// A whole number in any of the bases.
fn whole(text: &str) -> Option<Number> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match (lower.get(..2), lower.starts_with('0') && lower.len() > 1) {
        (Some("0x"), _) => (16, &lower[2..]),
        (Some("0o"), _) => (8, &lower[2..]),
        (Some("0b"), _) => (2, &lower[2..]),
        (_, true) => (8, &lower[1..]),
        (_, false) => (10, lower.as_str()),
    };
    if !digits.starts_with(|first: char| first.is_ascii_alphanumeric()) {
        return None;
    }
    let number = u64::from_str_radix(digits, base).ok()?;
    if !negative {
        return Some(Number::from(number));
    }
    i64::try_from(-i128::from(number)).ok().map(Number::from)
}

/// A number with a point or an exponent, and one that begins with a zero and is not octal.
#[expect(clippy::cast_possible_truncation, reason = "only of whole numbers that an i64 holds")]
fn float(text: &str) -> Option<Number> {
    #[expect(clippy::expect_used, reason = "a test reads it")]
    static FLOAT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$").expect("the pattern compiles")
    });
    if !FLOAT.is_match(text) {
        return None;
    }
    let number: f64 = text.trim_start_matches('+').parse().ok()?;
    if number.fract() == 0.0 && number.abs() < 9e15 {
        return Some(Number::from(number as i64));
    }
    Number::from_f64(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scalar_without_quotes_is_read_as_kubectl_reads_it() {
        let number = |number: i64| Scalar::Number(Number::from(number));
        for (text, expected) in [
            ("NO", Scalar::Flag(false)),
            ("on", Scalar::Flag(true)),
            ("y", Scalar::Flag(true)),
            ("~", Scalar::Null),
            ("", Scalar::Null),
            ("08005", number(8005)),
            ("010", number(8)),
            ("0o10", number(8)),
            ("0x1F", number(31)),
            ("-0b11", number(-3)),
            ("1_000", number(1000)),
            ("1e3", number(1000)),
            ("+12", number(12)),
            ("20.0", number(20)),
            ("-.Inf", Scalar::NoNumber),
            ("2026-11-25", Scalar::Text),
            ("+41445551234x", Scalar::Text),
            ("1:30", Scalar::Text),
            ("-", Scalar::Text),
            ("0x", Scalar::Text),
            ("nO", Scalar::Text),
            ("Contoso", Scalar::Text),
        ] {
            assert_eq!(expected, resolve(text), "{text}");
        }
        assert_eq!(Scalar::Number(Number::from_f64(7.5).unwrap_or(Number::from(0))), resolve("7.5"));
    }

    #[test]
    fn a_spelling_that_programs_read_alike_is_plain() {
        let plain = |text: &str| is_plain(text, &resolve(text));
        assert_eq!([true; 4], ["true", "False", "20", "-3"].map(plain));
        assert_eq!([false; 6], ["yes", "Off", "010", "1_000", "20.0", "+12"].map(plain));
    }
}
