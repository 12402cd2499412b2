//! What is said while a change waits for the provisioning script.

use url::Url;

use crate::admin_api::Runtime;
use crate::settings::endpoint;

/// Longest link in a message, in characters: the message must have room for all of it.
const LONGEST_LINK: usize = 512;

/// The link to the script, where people may follow it: over https, or to this machine, and without a user in it, who would hide
/// the host. It is spelled as a URL, in ASCII, and no longer than this. Cut, it would lead nowhere.
pub(super) fn link(runtime: &Runtime, longest: usize) -> Option<String> {
    let url = runtime.script_url.as_deref().and_then(|text| Url::parse(text).ok()).filter(endpoint::is_link)?;
    Some(url.to_string()).filter(|link| link.len() <= longest)
}

/// Who has to do what, with the link where it fits.
pub(super) fn waiting(runtime: &Runtime) -> String {
    let message = "Waiting for a Tenant Administrator to run the provisioning script";
    match link(runtime, LONGEST_LINK) {
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
        assert_eq!(message(Some("https://nimbus/a b".into())), format!("{without}: https://nimbus/a%20b"));
        let long = format!("https://nimbus/{}", "u".repeat(498));
        for url in [None, Some(String::new()), Some("a b".into()), Some("http://nimbus/script.ps1".into()), Some(long)]
        {
            assert_eq!(message(url), without);
        }
    }
}
