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
