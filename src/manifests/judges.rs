//! The rules of the CRDs without an API server. Each rule is rendered from a function that the operator judges by; this table leads
//! back to that function, so that a file is judged before it meets a cluster, and by the same words.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::Value;

use crate::resources::confirmations::{AdoptConfirmation, DeletionConfirmation, RecreateToken, RetentionConfirmation};
use crate::resources::platform;
use crate::settings::endpoint;
use crate::settings::format::{
    Code, Country, Domain, Email, Format, Guid, Line, Name, NamespaceName, ObjectName, Phone, PostalCode, SecretKey,
    Sip, Token, canonicalize, rule,
};
use crate::settings::tabs::attendant_console::GraphFilter;
use crate::settings::tabs::contingents::Features;
use crate::settings::tabs::partner::{self, PartnerId};
use crate::settings::tabs::presence_tracking::Upn;
use crate::settings::tabs::provisioning::OrganizationUnit;
use crate::settings::value::LeafType;

/// Whether a rule accepts a value that has the type of its schema.
pub type Judge = fn(&Value) -> bool;

/// The function that a rule was rendered from; `None` where the rule is not known, or is about an edit.
pub fn judge(rule: &str) -> Option<Judge> {
    TABLE.get(rule).copied()
}

/// Whether a rule compares an object with what it was before. One object alone cannot break it.
pub fn is_about_an_edit(rule: &str) -> bool {
    rule.contains("oldSelf")
}

static TABLE: LazyLock<HashMap<String, Judge>> = LazyLock::new(|| {
    let texts = [
        text::<Guid>(),
        text::<Domain>(),
        text::<Phone>(),
        text::<Email>(),
        text::<Sip>(),
        text::<Name>(),
        text::<Line>(),
        text::<Code>(),
        text::<PostalCode>(),
        text::<Country>(),
        text::<ObjectName>(),
        text::<NamespaceName>(),
        text::<SecretKey>(),
        text::<Token>(),
        text::<PartnerId>(),
        text::<Upn>(),
        text::<GraphFilter>(),
        text::<OrganizationUnit>(),
        text::<DeletionConfirmation>(),
        text::<RetentionConfirmation>(),
        text::<AdoptConfirmation>(),
        text::<RecreateToken>(),
    ];
    let others: [(String, Judge); 5] = [
        (endpoint::rule(), |value| value.as_str().is_some_and(endpoint::is_address_text)),
        (Features::rule(), |value| Features::canonicalize(value).is_some()),
        (partner::UNION_RULE.to_owned(), partner::is_union),
        (platform::ONE_OF_RULE.to_owned(), platform::has_one_member),
        (platform::ALL_RULE.to_owned(), platform::says_all_or_nothing),
    ];
    texts.into_iter().flatten().chain(others).collect()
});

/// The rules of a format, for a text that always has a value and for one that can be cleared.
fn text<F: Format>() -> [(String, Judge); 2] {
    let always: Judge = |value| value.as_str().is_some_and(|text| canonicalize::<F>(text).is_some());
    let clearable: Judge = |value| value == "" || value.as_str().is_some_and(|text| canonicalize::<F>(text).is_some());
    [(rule::<F>(), always), (format!("self == '' || {}", rule::<F>()), clearable)]
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::manifests::crd;

    fn rules_of(schema: &Value, rules: &mut Vec<String>) {
        for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
            rules.push(rule["rule"].as_str().unwrap().to_owned());
        }
        let members = schema["properties"].as_object().into_iter().flat_map(|members| members.values());
        let others = ["items", "additionalProperties"].into_iter().filter_map(|name| schema.get(name));
        members.chain(others).for_each(|schema| rules_of(schema, rules));
    }

    #[test]
    fn every_rule_of_a_crd_has_its_function_or_is_about_an_edit() {
        let mut rules = vec![];
        for (_, crd) in crd::all() {
            rules_of(&crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"], &mut rules);
        }
        assert!(rules.len() > 60, "{}", rules.len());
        let unknown: Vec<&String> =
            rules.iter().filter(|rule| judge(rule).is_none() && !is_about_an_edit(rule)).collect();
        assert_eq!(Vec::<&String>::new(), unknown);
    }

    #[test]
    fn a_rule_that_can_be_cleared_accepts_the_empty_text() {
        let [(plain, _), (clearable, _)] = text::<Phone>();
        let judged = |rule: &str, text: &str| judge(rule).unwrap()(&json!(text));
        assert_eq!([false, true, false], ["", "+41445551234", "0445551234"].map(|text| judged(&plain, text)));
        assert_eq!([true, true, false], ["", "+41445551234", "0445551234"].map(|text| judged(&clearable, text)));
    }
}
