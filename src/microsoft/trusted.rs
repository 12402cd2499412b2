//! Where the credentials of the Nimbus app may be sent.

use url::Url;

/// Log-in and Graph of Microsoft's clouds.
///
/// *Source*: "National cloud deployments" of Microsoft Graph.
const MICROSOFT: [&str; 9] = [
    "https://login.microsoftonline.com",
    "https://login.microsoftonline.us",
    "https://login.partner.microsoftonline.cn",
    "https://login.chinacloudapi.cn",
    "https://sts.windows.net",
    "https://graph.microsoft.com",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
];

/// Origins that may get the credentials of the Nimbus app: Microsoft's own, and those that the person who runs the operator adds.
#[derive(Clone, Debug, Default)]
pub struct TrustedLogins(Vec<Url>);

impl TrustedLogins {
    /// Microsoft's own and these.
    pub fn with(more: Vec<Url>) -> Self {
        Self(more)
    }

    /// Whether credentials may be sent there.
    pub fn contain(&self, url: &Url) -> bool {
        let origin = url.origin();
        let is_microsoft = MICROSOFT.contains(&origin.ascii_serialization().as_str());
        is_microsoft || self.0.iter().any(|trusted| trusted.origin() == origin)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use super::*;

    #[test]
    fn only_microsoft_and_what_was_added_is_trusted() {
        let trusted = TrustedLogins::with(vec!["http://127.0.0.1:8899".parse().unwrap()]);
        for (url, is_trusted) in [
            ("https://login.microsoftonline.com/", true),
            ("https://LOGIN.microsoftonline.com:443/x", true),
            ("https://graph.microsoft.us", true),
            ("http://127.0.0.1:8899/login", true),
            ("http://127.0.0.1:8898/login", false),
            ("http://login.microsoftonline.com", false),
            ("https://login.microsoftonline.com:8443", false),
            ("https://login.microsoftonline.com.evil.example", false),
            ("https://login.microsoftonline.com@evil.example", false),
            ("https://evil.example/login.microsoftonline.com", false),
        ] {
            assert_eq!(is_trusted, trusted.contain(&url.parse().unwrap()), "{url}");
        }
    }
}
