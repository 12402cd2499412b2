//! What is said while a change waits for the provisioning script.

use crate::admin_api::Runtime;

/// Longest link in a message, in characters: the message must have room for all of it.
const LONGEST_LINK: usize = 512;

/// The link to the script, unless it is longer than this. Cut, it would lead nowhere.
pub(super) fn link(runtime: &Runtime, longest: usize) -> Option<&str> {
    runtime.script_url.as_deref().filter(|url| url.chars().count() <= longest)
}

/// Who has to do what, with the link where it fits.
pub(super) fn waiting(runtime: &Runtime) -> String {
    let message = "Waiting for a Tenant Administrator to run the provisioning script";
    match link(runtime, LONGEST_LINK).filter(|url| !url.is_empty() && url.chars().all(|c| c.is_ascii_graphic())) {
        Some(url) => format!("{message}: {url}"),
        None => message.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_quoted_whole_or_not_at_all() {
        let message = |url: Option<String>| waiting(&Runtime { script_url: url, ..Runtime::default() });
        let without = "Waiting for a Tenant Administrator to run the provisioning script";
        assert_eq!(message(Some("https://nimbus/script.ps1".into())), format!("{without}: https://nimbus/script.ps1"));
        for url in [None, Some(String::new()), Some("https://nimbus/a b".into()), Some("u".repeat(513))] {
            assert_eq!(message(url), without);
        }
    }
}
