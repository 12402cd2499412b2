//! An access token and how long it is good: the success of a token endpoint, RFC 6749 5.1.

use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::Object;

/// Renewed this long before it expires, so that a call under way does not lose it.
const MARGIN: Duration = Duration::from_secs(60);
/// Where the answer names no lifetime.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);
const LONGEST_LIFETIME: Duration = Duration::from_secs(86_400);

/// An access token.
#[derive(Clone)]
pub(crate) struct Bearer {
    text: SecretString,
    until: Instant,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    #[serde(default)]
    expires_in: Option<u64>,
}

impl Bearer {
    /// Reads the body of a success; `None` when it is not one.
    pub(crate) fn read(body: &[u8], now: Instant) -> Option<Self> {
        let Object(Answer { access_token, expires_in }) = serde_json::from_slice(body).ok()?;
        let lifetime = expires_in.map_or(DEFAULT_LIFETIME, Duration::from_secs);
        let margin = MARGIN.min(lifetime / 2);
        let until = now + lifetime.saturating_sub(margin).min(LONGEST_LIFETIME);
        Some(Self { text: access_token.into(), until })
    }

    /// The token, if it is good for a while yet.
    pub(crate) fn good(&self, now: Instant) -> Option<SecretString> {
        (now < self.until).then(|| self.text())
    }

    /// The token, whatever the time.
    pub(crate) fn text(&self) -> SecretString {
        self.text.clone()
    }

    /// Whether it is this one.
    pub(crate) fn is(&self, text: &SecretString) -> bool {
        self.text.expose_secret() == text.expose_secret()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good_for(body: &str) -> Option<u64> {
        let now = Instant::now();
        let bearer = Bearer::read(body.as_bytes(), now)?;
        Some(bearer.until.duration_since(now).as_secs())
    }

    #[test]
    fn a_token_is_renewed_before_it_expires() {
        for (expires_in, expected) in [("3599", 3539), ("90", 45), ("0", 0), ("99999999999", 86_400)] {
            let body = format!(r#"{{"access_token":"t","expires_in":{expires_in}}}"#);
            assert_eq!(good_for(&body), Some(expected), "{expires_in}");
        }
        assert_eq!(good_for(r#"{"access_token":"t"}"#), Some(240));
    }

    #[test]
    fn what_is_no_token_is_not_taken_for_one() {
        for body in [
            "",
            "<html>",
            "{}",
            r#"["t"]"#,
            r#"["t",60]"#,
            r#"{"access_token":7}"#,
            r#"{"access_token":"t","expires_in":"soon"}"#,
        ] {
            assert_eq!(good_for(body), None, "{body}");
        }
    }
}
