//! Which environment of a platform is meant, and whether the one that answers is that one. In another environment a tenant that is
//! not there was not deleted, and one that is there is another.
//!
//! It is known from two sources: the Platform, and each Tenant for itself. So it is known after a restart, and also where the
//! Platform was created again or lost its status.

use crate::admin_api::{Capabilities, OtherPlatform};
use crate::resources::{Platform, bounds};
use crate::text::{quoted, shown};

/// The environment that is meant; nothing where none was ever seen that names itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// Every one of these must be the one that answers.
    expected: Vec<String>,
}

impl Environment {
    /// The one that a Platform names, else the one that it and its Tenants remember.
    pub fn of<'r>(platform: &'r Platform, recorded: impl IntoIterator<Item = &'r str>) -> Self {
        let remembered = platform.status.as_ref().and_then(|status| status.platform_id.as_deref());
        let expected: Vec<&str> = match platform.spec.platform_id.as_deref().map(str::trim) {
            Some(named) => vec![named],
            None => remembered.into_iter().chain(recorded).collect(),
        };
        Self { expected: expected.into_iter().map(ToOwned::to_owned).collect() }
    }

    /// Whether it is the one that answers. One that was known to name itself and does not any more is another.
    ///
    /// *Errors*: it is another.
    pub fn check(&self, answered: Option<&str>) -> Result<(), OtherPlatform> {
        match self.expected.iter().find(|expected| Some(expected.as_str()) != answered) {
            Some(expected) => Err(OtherPlatform { expected: expected.clone(), found: answered.map(ToOwned::to_owned) }),
            None => Ok(()),
        }
    }
}

/// How the environment that answers names itself, as a status shows it; `None` where it does not.
pub fn named_by(capabilities: &Capabilities) -> Option<String> {
    let id = capabilities.platform_id.as_deref().map(str::trim).filter(|id| !id.is_empty());
    id.map(|id| shown(id, bounds::WORD))
}

/// What a status says of another environment. The ids stand in quotes, and apart from what to do.
pub fn describe(other: &OtherPlatform) -> String {
    let OtherPlatform { expected, found } = other;
    let expected = quoted(expected, bounds::WORD);
    match found.as_ref().map(|found| quoted(found, bounds::WORD)) {
        Some(found) => format!("leads to another environment: its platformId is {found} instead of {expected}"),
        None => format!("leads to another environment: it names no platformId, instead of {expected}"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn platform(named: Value, remembered: Value) -> Platform {
        let mut platform = json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Platform", "metadata": { "name": "euwe-01" },
            "spec": {
                "endpoint": "https://nimbus",
                "authentication": {
                    "tokenUrl": "https://login", "clientId": "operator", "credentialsSecretRef": { "name": "c" }
                }
            }
        });
        let put = |at: &mut Value, id: Value| {
            if !id.is_null() {
                at["platformId"] = id;
            }
        };
        put(&mut platform["spec"], named);
        put(&mut platform["status"], remembered);
        platform["status"]["observedGeneration"] = json!(1);
        serde_json::from_value(platform).unwrap()
    }

    /// What is remembered by Platform and Tenant, what the spec names, and who answers.
    #[test]
    fn an_environment_is_another_unless_everything_that_is_known_says_that_it_is_the_same() {
        let other = |expected: &str, found: Option<&str>| {
            Err(OtherPlatform { expected: expected.to_owned(), found: found.map(ToOwned::to_owned) })
        };
        for (what, named, remembered, recorded, answered, expected) in [
            ("nothing is known", json!(null), json!(null), None, Some("a"), Ok(())),
            ("it never named itself", json!(null), json!(null), None, None, Ok(())),
            ("the same", json!(null), json!("a"), Some("a"), Some("a"), Ok(())),
            ("the Platform remembers", json!(null), json!("a"), None, Some("b"), other("a", Some("b"))),
            ("the Tenant remembers", json!(null), json!(null), Some("a"), Some("b"), other("a", Some("b"))),
            (
                "the Platform forgot and saw another",
                json!(null),
                json!("b"),
                Some("a"),
                Some("b"),
                other("a", Some("b")),
            ),
            ("it does not name itself any more", json!(null), json!("a"), None, None, other("a", None)),
            ("the spec names the new one", json!("b"), json!("a"), Some("a"), Some("b"), Ok(())),
            ("the spec names another", json!("c"), json!("a"), Some("a"), Some("a"), other("c", Some("a"))),
        ] {
            let platform = platform(named, remembered);
            assert_eq!(Environment::of(&platform, recorded).check(answered), expected, "{what}");
        }
    }

    #[test]
    fn a_name_is_shown_on_one_line_and_an_empty_one_is_none() {
        let named = |id: Option<&str>| {
            named_by(&Capabilities { platform_id: id.map(ToOwned::to_owned), ..Capabilities::default() })
        };
        assert_eq!(named(Some("p-1\n")), Some("p-1".to_owned()));
        assert_eq!([named(Some(" ")), named(Some("")), named(None)], [None, None, None]);
        assert_eq!(named(Some("a\nb")), Some("a\\u{a}b".to_owned()));
    }
}
