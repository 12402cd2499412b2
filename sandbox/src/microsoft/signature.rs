//! The signature of a request to Azure Communication Services: HMAC-SHA256 over method, target, date, host and body.
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::{Digest, Sha256};

/// The maximum difference to the clock of a client.
const SKEW: SignedDuration = SignedDuration::from_mins(15);
const SCHEME: &str = "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=";

/// The parts of a request that its signature covers.
#[derive(Clone, Copy)]
pub(super) struct Signed<'a> {
    pub method: &'a str,
    /// Path and query exactly as they were sent.
    pub target: &'a str,
    pub date: &'a str,
    pub host: &'a str,
    pub content_hash: &'a str,
    pub authorization: &'a str,
    pub body: &'a [u8],
}

/// Why a signature is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SignatureError {
    /// Not signed, or not in this scheme.
    Unsigned,
    /// The date cannot be read, or differs too much from now.
    Date,
    /// The hash does not match the body.
    Content,
    /// The signature matches no key of the resource.
    Signature,
}

/// Checks a request against the access keys of a resource.
pub(super) fn check(signed: &Signed<'_>, keys: &[String], now: Timestamp) -> Result<(), SignatureError> {
    let signature = signed.authorization.strip_prefix(SCHEME).ok_or(SignatureError::Unsigned)?;
    let signature = STANDARD.decode(signature).map_err(|_| SignatureError::Unsigned)?;
    let date = jiff::fmt::rfc2822::parse(signed.date).map_err(|_| SignatureError::Date)?.timestamp();
    if date.duration_since(now).abs() > SKEW {
        return Err(SignatureError::Date);
    }
    if STANDARD.encode(Sha256::digest(signed.body)) != signed.content_hash {
        return Err(SignatureError::Content);
    }
    let Signed { method, target, date, host, content_hash, .. } = signed;
    let text = format!("{method}\n{target}\n{date};{host};{content_hash}");
    let is_signed_by = |key: &String| {
        let mac = STANDARD.decode(key).ok().and_then(|key| Hmac::<Sha256>::new_from_slice(&key).ok());
        mac.is_some_and(|mac| mac.chain_update(&text).verify_slice(&signature).is_ok())
    };
    if keys.iter().any(is_signed_by) { Ok(()) } else { Err(SignatureError::Signature) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Made with Python's `hmac` from the rules in Microsoft's page.
    const AUTHORIZATION: &str = "HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature=WvWzot8s+Cx+xilA+f0C1XJ7jbF5oakcYzpjj8l3Fbk=";

    fn good() -> Signed<'static> {
        Signed {
            method: "POST",
            target: "/identities?api-version=2023-10-01",
            date: "Mon, 05 Jan 2026 10:00:00 GMT",
            host: "contoso.communication.azure.com",
            content_hash: "RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=",
            authorization: AUTHORIZATION,
            body: b"{}",
        }
    }

    #[test]
    fn a_request_is_good_only_as_it_was_signed() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let (keys, now) = (["b3RoZXI=".to_owned(), "c2VjcmV0".to_owned()], at("2026-01-05T10:14:00Z"));
        let rows = [
            (good(), now, Ok(())),
            (Signed { method: "DELETE", ..good() }, now, Err(SignatureError::Signature)),
            (Signed { target: "/identities", ..good() }, now, Err(SignatureError::Signature)),
            (Signed { host: "fabrikam.communication.azure.com", ..good() }, now, Err(SignatureError::Signature)),
            (Signed { body: b"{ }", ..good() }, now, Err(SignatureError::Content)),
            (good(), at("2026-01-05T10:15:01Z"), Err(SignatureError::Date)),
            (good(), at("2026-01-05T09:44:59Z"), Err(SignatureError::Date)),
            (Signed { date: "yesterday", ..good() }, now, Err(SignatureError::Date)),
            (Signed { authorization: "Bearer x", ..good() }, now, Err(SignatureError::Unsigned)),
        ];
        for (index, (signed, now, expected)) in rows.into_iter().enumerate() {
            assert_eq!(expected, check(&signed, &keys, now), "row {index}");
        }
        assert_eq!(Err(SignatureError::Signature), check(&good(), &keys[..1], now));
    }
}
