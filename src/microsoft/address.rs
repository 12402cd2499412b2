//! Addresses: how a text becomes one part of a URL, which user a test asks about, and where a grant is given.

use url::{Origin, Url};
use uuid::Uuid;

/// Longest user principal name that is looked at, in characters.
const LONGEST_UPN: usize = 254;

/// One part of a path or query: everything but the unreserved characters of RFC 3986 is percent-encoded, so that no text can
/// end a part or begin another.
pub(super) fn part(text: &str) -> String {
    let mut part = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            part.push(byte.into());
        } else {
            part.push_str(&format!("%{byte:02X}"));
        }
    }
    part
}

/// `base` with a path under its own and a query; names and values of the query are encoded here, the path by [`part`].
pub(super) fn url(base: &Url, path: &str, query: &[(&str, &str)]) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    let query: Vec<String> = query.iter().map(|(name, value)| format!("{name}={}", part(value))).collect();
    url.set_query((!query.is_empty()).then(|| query.join("&")).as_deref());
    url
}

/// A service with the host that it is called at: the Platform may name another than Microsoft's own.
pub(super) fn named(service: &str, url: &Url) -> String {
    format!("{service} ({})", url.host_str().unwrap_or_default())
}

/// Where a page goes on, if that is under `base` on the same origin: the token must not follow a link to another host.
pub(super) fn next_page(base: &Url, link: &str) -> Option<Url> {
    let url = Url::parse(link).ok()?;
    let same_origin = matches!(url.origin(), Origin::Tuple(..)) && url.origin() == base.origin();
    let below = url.path().starts_with(&format!("{}/", base.path().trim_end_matches('/')));
    let plain = url.username().is_empty() && url.password().is_none();
    (same_origin && below && plain).then_some(url)
}

/// A user principal name, `local@domain`; guests have `#EXT#` in it.
#[derive(Clone, PartialEq, Eq)]
pub struct Upn(String);

impl Upn {
    /// Reads a user principal name.
    ///
    /// *Errors*: what is allowed, to follow "must be".
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let fits = text.chars().count() <= LONGEST_UPN
            && text.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty() && domain.contains('.') && !domain.contains('@') && !domain.starts_with('.')
            })
            && !text.chars().any(|c| c.is_control() || c.is_whitespace());
        fits.then(|| Self(text.to_owned())).ok_or("a user principal name, such as 'anna@contoso.com'")
    }

    /// As one segment of a path.
    pub(super) fn segment(&self) -> String {
        part(&self.0)
    }
}

/// It names a person, so it is not shown.
impl std::fmt::Debug for Upn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Upn(…)")
    }
}

/// Where a Tenant Administrator grants an app its permissions. It holds no secret and may stand in a status; that it was used
/// is proven by the permission, never by the return from it.
///
/// *Source*: "Admin consent on the Microsoft identity platform".
#[derive(Clone, Copy, Debug)]
pub struct GrantLink<'l> {
    /// Base URL of the log-in.
    pub login: &'l Url,
    /// Base URL of Graph, whose permissions are granted.
    pub graph: &'l Url,
    /// The Entra tenant that grants: always by its GUID, so that a grant cannot end up in the tenant that its author is logged in to.
    pub tenant: Uuid,
    /// The app.
    pub client_id: Uuid,
    /// Where the browser goes afterwards; one that is registered for the app. Unset means that the older form of the link is
    /// made, since the newer one needs it.
    pub redirect: Option<&'l Url>,
}

impl GrantLink<'_> {
    /// The link.
    pub fn url(&self) -> Url {
        let Self { login, graph, tenant, client_id, redirect } = *self;
        let client_id = client_id.to_string();
        match redirect {
            None => url(login, &format!("{tenant}/adminconsent"), &[("client_id", &client_id)]),
            Some(redirect) => url(
                login,
                &format!("{tenant}/v2.0/adminconsent"),
                &[("client_id", &client_id), ("scope", &default_scope(graph)), ("redirect_uri", redirect.as_str())],
            ),
        }
    }
}

/// Every application permission that was granted on Graph.
pub(super) fn default_scope(graph: &Url) -> String {
    format!("{}/.default", graph.as_str().trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::vectors;
    use super::*;

    fn base() -> Url {
        "https://graph.microsoft.com/v1.0".parse().unwrap()
    }

    #[test]
    fn a_upn_is_encoded_as_the_sdk_of_graph_encodes_it() {
        for (upn, path) in vectors::UPNS {
            let upn = Upn::parse(upn).unwrap();
            assert_eq!(url(&base(), &format!("users/{}", upn.segment()), &[]).path(), *path);
        }
    }

    #[test]
    fn what_is_no_upn_is_refused_before_any_call() {
        let long = format!("{}@contoso.com", "x".repeat(250));
        for text in ["", "anna", "@contoso.com", "anna@", "anna@contoso", "a@b@c.de", "a b@c.de", "..", "a@.de", &long]
        {
            assert!(Upn::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_page_goes_on_only_on_the_same_origin_below_the_base() {
        for (link, follows) in [
            ("https://graph.microsoft.com/v1.0/groups/1/members?$skiptoken=x", true),
            ("https://GRAPH.microsoft.com:443/v1.0/groups", true),
            ("http://graph.microsoft.com/v1.0/groups", false),
            ("https://graph.microsoft.com:8443/v1.0/groups", false),
            ("https://graph.microsoft.com.evil.example/v1.0/groups", false),
            ("https://graph.microsoft.com@evil.example/v1.0/groups", false),
            ("https://user@graph.microsoft.com/v1.0/groups", false),
            ("https://graph.microsoft.com/beta/groups", false),
            ("https://graph.microsoft.com/v1.0/../beta/groups", false),
            ("https://graph.microsoft.com/v1.0evil/groups", false),
            ("//evil.example/v1.0/groups", false),
            ("/v1.0/groups", false),
            ("file:///v1.0/groups", false),
            ("", false),
        ] {
            assert_eq!(next_page(&base(), link).is_some(), follows, "{link}");
        }
    }

    #[test]
    fn a_grant_link_names_the_tenant_and_encodes_what_follows() {
        let login = "https://login.microsoftonline.com".parse().unwrap();
        let graph = "https://graph.microsoft.com".parse().unwrap();
        let back: Url = "https://portal.example/back?a=1".parse().unwrap();
        let [tenant, client_id] = [vectors::TENANT, vectors::CLIENT].map(|text| text.parse().unwrap());
        let link = GrantLink { login: &login, graph: &graph, tenant, client_id, redirect: Some(&back) };
        let expected = "https://login.microsoftonline.com/6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c/v2.0/adminconsent\
            ?client_id=0d1c2b3a-4f5e-6d7c-8b9a-a0b1c2d3e4f5&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default\
            &redirect_uri=https%3A%2F%2Fportal.example%2Fback%3Fa%3D1";
        assert_eq!(link.url().as_str(), expected);
        let older = "https://login.microsoftonline.com/6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c/adminconsent\
            ?client_id=0d1c2b3a-4f5e-6d7c-8b9a-a0b1c2d3e4f5";
        assert_eq!(GrantLink { redirect: None, ..link }.url().as_str(), older);
    }

    proptest! {
        #[test]
        fn any_text_is_one_parameter_and_comes_back(text in any::<String>()) {
            let url = url(&base(), "users", &[("$filter", &text), ("$top", "1")]);
            let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            prop_assert_eq!(pairs, vec![("$filter".to_owned(), text), ("$top".to_owned(), "1".to_owned())]);
            prop_assert_eq!(url.fragment(), None);
        }

        #[test]
        fn any_upn_is_one_segment_and_comes_back(text in "\\PC{1,20}@[a-z#?/%.\\\\]{1,10}[.]\\PC{1,9}") {
            if let Ok(upn) = Upn::parse(&text) {
                let url = url(&base(), &format!("users/{}/presence", upn.segment()), &[]);
                let segments: Vec<&str> = url.path_segments().unwrap().collect();
                prop_assert_eq!(segments.len(), 4, "{}", url);
                let name = format!("x={}", segments[2]);
                let back = url::form_urlencoded::parse(name.as_bytes()).next().unwrap().1.into_owned();
                prop_assert_eq!(back, text);
            }
        }
    }
}
