//! Connection strings of Azure Communication Services, as far as their syntax can be judged without a call.
//!
//! `endpoint=https://<name>.communication.azure.com/;accesskey=<base64>`: pairs in any order, key names in any case, a last
//! `;` allowed. A pair is split at its first `=` only, since base64 ends in `=`. Source: `domain.md` §2.4.

use url::Url;

use super::endpoint;

/// Longest connection string that is looked at, in bytes.
pub const LONGEST: usize = 4096;

/// What a connection string says. It has no `Debug`, since it holds the key.
pub struct Parts<'t> {
    /// Where the resource is.
    pub endpoint: Url,
    /// Its access key, in base64.
    pub access_key: &'t str,
}

/// Judges a connection string.
///
/// *Errors*: what is wrong with it, without any part of it.
pub fn judge(text: &str) -> Result<(), &'static str> {
    parse(text).map(drop)
}

/// Reads a connection string.
///
/// *Errors*: what is wrong with it, without any part of it.
pub fn parse(text: &str) -> Result<Parts<'_>, &'static str> {
    if text.is_empty() {
        return Err("is empty");
    }
    if text.len() > LONGEST {
        return Err("is longer than a connection string can be");
    }
    let (mut endpoint, mut key) = (None, None);
    for pair in text.split(';').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').ok_or("has a part that is not name=value")?;
        let part = match name.to_ascii_lowercase().as_str() {
            "endpoint" => &mut endpoint,
            "accesskey" => &mut key,
            _ => return Err("has a part that is neither endpoint= nor accesskey="),
        };
        if part.replace(value).is_some() {
            return Err("has endpoint= or accesskey= twice");
        }
    }
    let endpoint = parse_endpoint(endpoint.ok_or("has no endpoint=")?)?;
    let access_key = key.ok_or("has no accesskey=")?;
    judge_key(access_key)?;
    Ok(Parts { endpoint, access_key })
}

fn parse_endpoint(text: &str) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "has an endpoint that is not a URL")?;
    if !endpoint::is_safe(&url) {
        return Err("has an endpoint that is not https");
    }
    if url.scheme() == "https" && url.host_str().is_some_and(|host| host.contains('_')) {
        return Err(
            "has an underscore in the name of the resource, which Azure Communication Services does not work with",
        );
    }
    Ok(url)
}

fn judge_key(key: &str) -> Result<(), &'static str> {
    let digits = key.trim_end_matches('=');
    let base64 = digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/');
    let padded = key.len().is_multiple_of(4) && key.len() - digits.len() <= 2;
    (base64 && padded && !digits.is_empty()).then_some(()).ok_or("has an accesskey that is not base64")
}

#[cfg(test)]
mod tests {
    use super::{judge, parse};

    #[test]
    fn a_pair_is_split_at_its_first_equals_sign_only() {
        for text in [
            "endpoint=https://contoso.communication.azure.com/;accesskey=c2VjcmV0MQ==",
            "ACCESSKEY=c2VjcmV0MQ==;EndPoint=https://contoso.communication.azure.com;",
        ] {
            let parts = parse(text).map(|parts| (parts.endpoint.to_string(), parts.access_key));
            assert_eq!(parts, Ok(("https://contoso.communication.azure.com/".to_owned(), "c2VjcmV0MQ==")), "{text}");
        }
    }

    #[test]
    fn every_legal_spelling_passes_and_every_illegal_one_is_named() {
        for good in [
            "endpoint=https://contoso.communication.azure.com/;accesskey=c2VjcmV0",
            "AccessKey=c2VjcmV0MQ==;Endpoint=https://contoso.europe.communication.azure.com;",
            "endpoint=http://127.0.0.1:8080/;accesskey=c2VjcmV0",
        ] {
            assert_eq!(judge(good), Ok(()), "{good}");
        }
        for (bad, problem) in [
            ("", "is empty"),
            ("endpoint", "has a part that is not name=value"),
            (
                "endpoint=https://contoso.communication.azure.com/;accesskey=c2VjcmV0;id=x",
                "has a part that is neither endpoint= nor accesskey=",
            ),
            (
                "endpoint=https://contoso.communication.azure.com/; accesskey=c2VjcmV0",
                "has a part that is neither endpoint= nor accesskey=",
            ),
            (
                "endpoint=https://contoso.communication.azure.com/;accesskey=c2VjcmV0;AccessKey=c2VjcmV0",
                "has endpoint= or accesskey= twice",
            ),
            ("accesskey=c2VjcmV0", "has no endpoint="),
            ("endpoint=https://contoso.communication.azure.com/", "has no accesskey="),
            ("endpoint=contoso;accesskey=c2VjcmV0", "has an endpoint that is not a URL"),
            (
                "endpoint=http://contoso.communication.azure.com/;accesskey=c2VjcmV0",
                "has an endpoint that is not https",
            ),
            (
                "endpoint=https://contoso.communication.azure.com/;accesskey=not base64",
                "has an accesskey that is not base64",
            ),
            (
                "endpoint=https://contoso.communication.azure.com/;accesskey=c2VjcmV",
                "has an accesskey that is not base64",
            ),
        ] {
            assert_eq!(judge(bad), Err(problem), "{bad}");
        }
        assert!(
            judge("endpoint=https://con_toso.communication.azure.com/;accesskey=c2VjcmV0")
                .is_err_and(|e| e.contains("underscore"))
        );
        assert!(judge(&"x".repeat(5000)).is_err());
    }
}
