//! How a request to Azure Communication Services is signed by its access key. Source: "Sign an HTTP request".

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretSlice};
use sha2::{Digest, Sha256};
use url::Url;

/// An access key, ready to sign. It has no `Debug`.
pub(super) struct Key(Hmac<Sha256>);

/// What a signature covers, each exactly as it is sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct ToSign<'a> {
    pub(super) method: &'a str,
    /// With the percent-encoding that it is sent with.
    pub(super) path_and_query: &'a str,
    /// With the port, unless it is the scheme's own.
    pub(super) host: &'a str,
    /// RFC 9110 5.6.7, in GMT.
    pub(super) date: &'a str,
    pub(super) body: &'a [u8],
}

/// The headers that a signature adds beside the date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    pub(super) content_hash: String,
    pub(super) authorization: String,
}

impl Key {
    /// Reads a key; `None` when it is not base64.
    pub(super) fn read(text: &str) -> Option<Self> {
        let bytes: SecretSlice<u8> = STANDARD.decode(text).ok()?.into();
        Hmac::new_from_slice(bytes.expose_secret()).ok().map(Self)
    }

    /// Signs a request.
    pub(super) fn sign(&self, request: ToSign<'_>) -> Signature {
        let ToSign { method, path_and_query, host, date, body } = request;
        let content_hash = STANDARD.encode(Sha256::digest(body));
        let text = format!("{method}\n{path_and_query}\n{date};{host};{content_hash}");
        let signature = STANDARD.encode(self.0.clone().chain_update(text).finalize().into_bytes());
        let authorization =
            format!("HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}");
        Signature { content_hash, authorization }
    }
}

/// The host of a URL as it is sent.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The path and the query of a URL as they are sent.
pub(super) fn path_and_query(url: &Url) -> String {
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

#[cfg(test)]
mod tests {
    use super::super::vectors::{DATE, KEY, SIGNED};
    use super::*;

    #[test]
    fn a_request_is_signed_as_the_package_of_microsoft_signs_it() {
        let key = Key::read(KEY).unwrap();
        assert_eq!(SIGNED.len(), 5);
        for vector in SIGNED {
            let signature = key.sign(ToSign {
                method: vector.method,
                path_and_query: vector.path_and_query,
                host: vector.host,
                date: DATE,
                body: vector.body.as_bytes(),
            });
            let expected = Signature {
                content_hash: vector.content_hash.to_owned(),
                authorization: vector.authorization.to_owned(),
            };
            assert_eq!(signature, expected, "{} {}", vector.method, vector.path_and_query);
        }
    }

    #[test]
    fn the_url_that_is_sent_gives_the_host_and_path_that_are_signed() {
        for vector in SIGNED {
            let url: Url = format!("https://{}{}", vector.host, vector.path_and_query).parse().unwrap();
            assert_eq!((host(&url), path_and_query(&url)), (vector.host.to_owned(), vector.path_and_query.to_owned()));
        }
        let usual: Url = "https://Contoso.communication.azure.com:443/identities".parse().unwrap();
        assert_eq!(host(&usual), "contoso.communication.azure.com");
    }
}
