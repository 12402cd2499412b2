//! Which servers may be called: over https, or over plain http on this machine. The schema of a CRD, the arguments of a command
//! and the value of a Secret are judged by this one rule.

use url::{Host, Url};

/// The hosts that plain http is for. By name only: CEL cannot ask whether an address is a loopback address.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// What is allowed of an address, to follow "must be ".
pub const ALLOWED: &str =
    "an https URL without user, query and fragment, and not of a link-local address; http is for loopback only";

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

/// Whether a URL may be shown as a link: one that may be called, without a user, who would hide the host.
pub fn is_link(url: &Url) -> bool {
    is_safe(url) && url.username().is_empty() && url.password().is_none()
}

/// Whether a URL may be the address of a server: a path may follow the host, and nothing else. Link-local addresses are those of
/// the machine's own environment, such as the metadata of a cloud, which hands out credentials.
pub fn is_address(url: &Url) -> bool {
    is_link(url) && url.query().is_none() && url.fragment().is_none() && !is_link_local(url)
}

/// The same of a text. A URL parser repairs what a server would refuse, such as a missing slash or a space, and [`rule`] does not.
pub fn is_address_text(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !b"\\\"<>^`{|}".contains(&byte);
    let begins = text
        .split_once("://")
        .is_some_and(|(scheme, rest)| scheme.bytes().all(|byte| byte.is_ascii_alphabetic()) && !rest.starts_with('/'));
    let is_escape = |rest: &str| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2;
    let host = text.split('/').nth(2).unwrap_or_default();
    let escapes = !host.contains('%') && text.split('%').skip(1).all(is_escape);
    begins && escapes && text.bytes().all(is_plain) && Url::parse(text).is_ok_and(|url| is_address(&url))
}

fn is_link_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_link_local(),
        Some(Host::Ipv6(address)) => {
            address.is_unicast_link_local() || address.to_ipv4_mapped().is_some_and(|address| address.is_link_local())
        }
        Some(Host::Domain(_)) | None => false,
    }
}

/// The rule of [`is_address`] as one CEL expression over `self`. It reads the text, since what CEL knows of an address has no
/// bound of length and costs more than a rule may. An address that is written in another way is left to the operator.
pub fn rule() -> String {
    let hosts = LOOPBACK.map(|host| format!("'{host}'")).join(", ");
    let link_local = "169[.]254[.]|[[][fF][eE][89abAB]|[[]::[fF]{4}:";
    format!(
        "isURL(self) && !self.matches('[?#]|^[^/]*//([^/]*@|{link_local})') && (url(self).getScheme() == 'https' || \
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

    #[test]
    fn an_address_is_a_host_and_a_path() {
        for (text, expected) in [
            ("https://nimbus.example/api/@v1", true),
            ("https://203.0.113.7:8443", true),
            ("https://[2001:db8::1]/", true),
            ("https://user@nimbus.example", false),
            ("https://user:word@nimbus.example", false),
            ("https://nimbus.example/?tenant=1", false),
            ("https://nimbus.example/#top", false),
            ("https://169.254.169.254/latest", false),
            ("https://2852039166/", false),
            ("https://[fe80::1]/", false),
            ("https://[::ffff:169.254.169.254]/", false),
            ("http://nimbus.example", false),
        ] {
            assert_eq!(Url::parse(text).as_ref().map(is_address), Ok(expected), "{text}");
        }
    }
}
