//! Which servers may be called: over https, or over plain http on this machine. The schema of a CRD, the arguments of a command
//! and the value of a Secret are judged by this one rule.

use url::Url;

/// The hosts that plain http is for. By name only: CEL cannot ask whether an address is a loopback address.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What is allowed, to follow "must be ".
pub const ALLOWED: &str = "an https URL; http is for loopback only";

/// Whether a URL leads to this machine.
pub fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    LOOPBACK.contains(&host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host))
}

/// Whether a URL may be called.
pub fn is_safe(url: &Url) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => is_loopback(url),
        _ => false,
    }
}

/// The rule as one CEL expression over `self`.
pub fn rule() -> String {
    let hosts = LOOPBACK.map(|host| format!("'{host}'")).join(", ");
    format!(
        "isURL(self) && (url(self).getScheme() == 'https' || \
         (url(self).getScheme() == 'http' && url(self).getHostname() in [{hosts}]))"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_for_loopback_only() {
        for (text, expected) in [
            ("https://nimbus.example/api", true),
            ("http://localhost:8080", true),
            ("http://127.0.0.1/acs", true),
            ("http://[::1]:8080", true),
            ("http://nimbus.example", false),
            ("http://127.0.0.1.evil.example", false),
            ("http://localhost@evil.example", false),
            ("ftp://localhost", false),
            ("file:///etc/passwd", false),
        ] {
            assert_eq!(Url::parse(text).as_ref().map(is_safe), Ok(expected), "{text}");
        }
    }
}
