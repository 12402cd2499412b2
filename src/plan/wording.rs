//! How messages count and name settings.

/// Most settings that a message names.
const MOST: usize = 8;

/// "1 setting differs", "2 settings differ".
fn settings(count: usize, one: &str, many: &str) -> String {
    if count == 1 { format!("1 setting {one}") } else { format!("{count} settings {many}") }
}

/// Settings whose value on the platform is another one.
pub(super) fn differing(count: usize) -> String {
    settings(count, "differs from the spec", "differ from the spec")
}

/// Settings that the platform does not let our credentials write.
pub(super) fn restricted(count: usize) -> String {
    settings(count, "may not be changed", "may not be changed") + " with the Platform's credentials"
}

/// Settings whose section is off.
pub(super) fn hidden(count: usize) -> String {
    settings(count, "is hidden while its section is off", "are hidden while their section is off")
}

/// Settings that the platform stored with another value than it was sent.
pub(super) fn rewritten(count: usize) -> String {
    settings(
        count,
        "has another value on the platform than was sent",
        "have other values on the platform than were sent",
    )
}

/// What the platform finds wrong with a setting. A code of another version stands for itself.
pub(super) fn refused(code: &str) -> &str {
    let words = REFUSALS.iter().find(|(known, _)| *known == code).map(|(_, words)| *words);
    words.unwrap_or(if code.is_empty() { "it does not say why" } else { code })
}

/// The codes of the contract, in words.
const REFUSALS: [(&str, &str); 14] = [
    ("unknown-field", "it does not know the setting"),
    ("wrong-type", "the value has the wrong type"),
    ("out-of-range", "the value is out of range"),
    ("too-long", "the value is too long"),
    ("empty", "the value is empty"),
    ("bad-format", "the value has the wrong format"),
    ("not-allowed", "the value is not one of those that are allowed"),
    ("required", "a value is required"),
    ("not-clearable", "the value cannot be cleared"),
    ("fixed", "the value can never be changed"),
    ("sealed-form", "the value is not sent as a secret has to be"),
    ("same-account", "primary and secondary account are the same"),
    ("restricted", "the credentials of the Platform may not change it"),
    ("unknown-reference", "what the value names does not exist in this tenant"),
];

/// A message that names the first few of the settings that it counts, and says how many more there are.
pub(super) fn named(message: fn(usize) -> String, settings: impl IntoIterator<Item: ToString>) -> String {
    let paths: Vec<String> = settings.into_iter().map(|setting| setting.to_string()).collect();
    let first = paths.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if paths.len() > MOST { format!(" (+{} more)", paths.len() - MOST) } else { String::new() };
    format!("{}: {first}{more}", message(paths.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::leaves;
    use crate::settings::tabs::general;

    #[test]
    fn every_code_of_the_contract_has_words() {
        let document = include_str!("../../docs/admin-api.openapi.json");
        let document: serde_json::Value = serde_json::from_str(document).unwrap_or_default();
        let codes =
            &document["components"]["schemas"]["Problem"]["properties"]["errors"]["items"]["properties"]["code"];
        let codes: Vec<&str> =
            codes["enum"].as_array().into_iter().flatten().filter_map(|code| code.as_str()).collect();
        assert_eq!(codes, REFUSALS.map(|(code, _)| code));
        assert_eq!([refused("fixed"), refused("new-code")], ["the value can never be changed", "new-code"]);
    }

    #[test]
    fn settings_are_counted_and_the_first_few_named() {
        let one = named(differing, [general::TENANT_ID]);
        assert_eq!(one, "1 setting differs from the spec: spec.general.tenantId");
        let two = named(restricted, [general::TENANT_ID, general::TENANT_GROUP]);
        let expected = "2 settings may not be changed with the Platform's credentials: spec.general.tenantId, \
                        spec.general.tenantAdministrationGroupId";
        assert_eq!(two, expected);
        let many = named(hidden, leaves().take(10));
        assert!(many.starts_with("10 settings are hidden") && many.ends_with(" (+2 more)"), "{many}");
        assert_eq!(rewritten(1), "1 setting has another value on the platform than was sent");
    }
}
