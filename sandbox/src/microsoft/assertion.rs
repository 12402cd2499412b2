//! Client assertions: a JWT that an app signs with its certificate instead of sending a secret.
use std::time::SystemTime;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::SignatureScheme;
use serde_json::Value;

/// The type that a client must send.
pub(super) const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Minutes by which two clocks may differ.
const SKEW_SECONDS: f64 = 300.0;

/// True if these are public RSA keys as JWK.
pub(super) fn are_keys(keys: &Value) -> bool {
    keys.as_array().is_some_and(|keys| keys.iter().all(|key| public_key(key).is_some()))
}

/// True if an assertion is of this app, for this endpoint, currently valid, and signed by one of its keys.
pub(super) fn is_good(assertion: &str, app: &str, endpoint: &str, keys: &Value) -> bool {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.map_or(0.0, |now| now.as_secs_f64());
    claims_of(assertion, keys).is_some_and(|claims| {
        let text = |name: &str| claims[name].as_str().unwrap_or_default();
        // Microsoft's own package sends times with a fraction.
        let time = |name: &str| claims[name].as_f64();
        text("iss").eq_ignore_ascii_case(app)
            && text("sub").eq_ignore_ascii_case(app)
            && text("aud") == endpoint
            && time("exp").is_some_and(|expiry| expiry > now - SKEW_SECONDS)
            && time("nbf").is_none_or(|start| start < now + SKEW_SECONDS)
    })
}

/// Returns the claims of an assertion whose signature is good.
fn claims_of(assertion: &str, keys: &Value) -> Option<Value> {
    let (signed, signature) = assertion.rsplit_once('.')?;
    let (header, claims) = signed.split_once('.')?;
    let header: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()?;
    let scheme = match header["alg"].as_str()? {
        "RS256" => SignatureScheme::RSA_PKCS1_SHA256,
        "PS256" => SignatureScheme::RSA_PSS_SHA256,
        _ => return None,
    };
    let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
    let provider = rustls::crypto::ring::default_provider();
    let mut schemes = provider.signature_verification_algorithms.mapping.iter();
    let (_, algorithms) = schemes.find(|(known, _)| *known == scheme)?;
    let keys: Vec<Vec<u8>> = keys.as_array()?.iter().filter_map(public_key).collect();
    let is_signed = algorithms
        .iter()
        .any(|algorithm| keys.iter().any(|key| algorithm.verify_signature(key, signed.as_bytes(), &signature).is_ok()));
    if !is_signed {
        return None;
    }
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

/// Returns a public key in the form of PKCS #1: a sequence of two integers.
fn public_key(jwk: &Value) -> Option<Vec<u8>> {
    let number = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str()?).ok();
    let numbers = [der(0x02, &unsigned(&number("n")?)), der(0x02, &unsigned(&number("e")?))];
    Some(der(0x30, &numbers.concat()))
}

/// A number that begins with a set bit would read as a negative one.
fn unsigned(bytes: &[u8]) -> Vec<u8> {
    match bytes.first() {
        Some(first) if *first < 0x80 => bytes.to_vec(),
        _ => [&[0], bytes].concat(),
    }
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let bytes: Vec<u8> = length.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    let head = match u8::try_from(length) {
        Ok(short) if short < 0x80 => vec![short],
        _ => [&[0x80 | u8::try_from(bytes.len()).unwrap_or(0x7f)], bytes.as_slice()].concat(),
    };
    [&[tag], head.as_slice(), content].concat()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_written_as_two_unsigned_integers() {
        let expected = vec![0x30, 0x09, 0x02, 0x02, 0x00, 0x80, 0x02, 0x03, 0x01, 0x00, 0x01];
        assert_eq!(Some(expected), public_key(&json!({"n": "gA", "e": "AQAB"})));
        assert_eq!(vec![0x30, 0x81, 0x80], der(0x30, &[0; 128])[..3]);
        assert!(!are_keys(&json!([{"n": "gA"}])) && are_keys(&json!([])));
    }

    const APP: &str = "cccccccc-0000-4000-8000-000000000001";
    const ENDPOINT: &str = "https://login.example/t/oauth2/v2.0/token";
    // Made with Python's `cryptography`, whose key was thrown away; good until the year 2100.
    const N: &str = "xEC09HnqZ5BMRANw7nAHOOxM00y2UaJCg3CIAxCvtO9oGcjTwIAkGd5BjaxNNk6WsLalRQVwC2cLWhQobUL7IimG80BN2rlqJ0er\
         c90wXd2jkssdbsoJZvSNgRw3IvQlftwmqUsP7HSuU4TA0IzR_yoklyg8Ua6SJcN0cbKQANsyBb7ftSTQq9gFCuer7hirUj-eCmQn\
         SqWCtpLv9uWoEWYxKU7ga-KcziPGYGc8fZKOVijYCCrHe79-WFetVCvo2th4ydvjgnBv0_o5-ZLIjf5jMVnCvANEgKdYOTkhnDxi\
         bnNZpi0ttsxgkoJoYbn25TJSIq80oaqTYdd01wT8LQ";
    const RS256: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJhdWQiOiJodHRwczovL2xvZ2luLmV4YW1wbGUvdC9vYXV0aDIvdjIuMC90b2t\
         lbiIsImlzcyI6ImNjY2NjY2NjLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwMDAwMSIsInN1YiI6ImNjY2NjY2NjLTAwMDAtNDAwMC0\
         4MDAwLTAwMDAwMDAwMDAwMSIsIm5iZiI6MTcwMDAwMDAwMC4yNSwiZXhwIjo0MTAyNDQ0ODAwLjV9.JrX0jp9lGHL3BXgQ63WAkb\
         EOoeVIwcUbJjBahRgXwPnj0OBLYVOWMxBC0_U50ez_Bi8N3Nz3UAXWGGJI1Z5KKtQ5YTYriG_dA7Gu1YcDt7obugM2O7ZsylDqtS\
         WtMXxEMt2M096iOvQMntPVbn7DCQAGZLsn3OkhWGfOaHNPx-SpvT8o0YUCIPT1ILSw-Ke1vJO7tSLVp1ZjXAdpabEtVw7Qg1JljL\
         dwl2c73vGec7MuJlNS5PkMc0MEI5-p1vyleTqT6G8Ol4sDzqEVEB0NehrCxpebNsygHr_x82km_ecusbmpEu2ELOR02DEA11n2r5\
         2-WXOupJJUFk4Jsw5Ldw";
    const PS256: &str = "eyJhbGciOiJQUzI1NiIsInR5cCI6IkpXVCJ9.eyJhdWQiOiJodHRwczovL2xvZ2luLmV4YW1wbGUvdC9vYXV0aDIvdjIuMC90b2t\
         lbiIsImlzcyI6ImNjY2NjY2NjLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwMDAwMSIsInN1YiI6ImNjY2NjY2NjLTAwMDAtNDAwMC0\
         4MDAwLTAwMDAwMDAwMDAwMSIsIm5iZiI6MTcwMDAwMDAwMC4yNSwiZXhwIjo0MTAyNDQ0ODAwLjV9.YfrR83pnlxDd6hJsK8Hxsy\
         YoRZrK4VkGtTbRBqlzcKwsAlQGbVPokqI3SldjSkKkJ8fJNNKJoR-OxqG8p3DtVKWA2q1_B-F0bsTcLCqXzrUv3mTXdARvn83TTR\
         eYzr2748TQ2chbrJynf-6hpTn6U6zK8288x-d8V-r09DO9GLPTpWB6F1MKE6S8ufAK_Sjnk0tc4f9LOD6VIateYhCW9kz1Wrso98\
         YPaP0jnTHo1ELLR_JApfOkqDcUBa9my-f1PkUCsA0jzOI0BQmk0FuRok9vcr87NvvDH5PRvyNXZetDVuVnGPmGN8xFR3QvOVHsVU\
         YJNRQCp4t_Z8Sl5Dnmeg";
    const EXPIRED: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJhdWQiOiJodHRwczovL2xvZ2luLmV4YW1wbGUvdC9vYXV0aDIvdjIuMC90b2t\
         lbiIsImlzcyI6ImNjY2NjY2NjLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwMDAwMSIsInN1YiI6ImNjY2NjY2NjLTAwMDAtNDAwMC0\
         4MDAwLTAwMDAwMDAwMDAwMSIsIm5iZiI6MTcwMDAwMDAwMC4yNSwiZXhwIjoxNzAwMDAwNjAwfQ.NMNQKbDwtLWhlfQHgGcMGrtE\
         hSMsh1bbZfMaB1rDM5u2fGsNfPMmDxrH-UuZ7GkFzj6pPWapH7HrmJI8IIHmtGeKEHiMZdxhTabucncoXutxG9e8i-ItrorAcTKy\
         RwM-JA1cG7RkOki65tqlzicShomOfyHInaNtd-f2Y6dF-cjEtMH-HAt0MkKrj9wIiovriXHjcprKdCYZNH-wsF2XeiOjSHXmm5rw\
         XXaaKlYhvVXFTq7XhnvCGSXPC1f8S7r6DC9bVSoiVkkHWFsSzsVdTzE2UC68bcxHWJZdzNn_GoRjwBNZXD0dnNz2tot6I47kqIdA\
         OnvKttuLOa3u06T-YQ";

    #[test]
    fn an_assertion_is_good_for_its_app_its_endpoint_its_time_and_its_key() {
        let keys = json!([{"n": "gA", "e": "AQAB"}, {"n": N, "e": "AQAB"}]);
        let tampered = RS256.replacen("Y2NjY", "ZGRkZ", 1);
        let rows = [
            ("RS256", RS256, APP, ENDPOINT, true),
            ("PS256", PS256, APP, ENDPOINT, true),
            ("expired", EXPIRED, APP, ENDPOINT, false),
            ("another app", RS256, "dddddddd-0000-4000-8000-000000000001", ENDPOINT, false),
            ("another endpoint", RS256, APP, "https://login.example/u/oauth2/v2.0/token", false),
            ("tampered with", &tampered, APP, ENDPOINT, false),
            ("no JWT", "a.b.c", APP, ENDPOINT, false),
        ];
        for (name, assertion, app, endpoint, expected) in rows {
            assert_eq!(expected, is_good(assertion, app, endpoint, &keys), "{name}");
        }
        assert!(!is_good(RS256, APP, ENDPOINT, &json!([{"n": "gA", "e": "AQAB"}])), "of a key that is not known");
    }
}
