//! Access tokens: the success of a token endpoint (RFC 6749 5.1), cached until shortly before it expires.

use std::time::{Duration, Instant};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use super::client::Response;
use super::error::{Defect, UnexpectedResponse};

/// Renewed this long before it expires, so that a call under way does not lose it.
const MARGIN: Duration = Duration::from_secs(60);
/// Where the response names no lifetime.
const DEFAULT_LIFETIME: Duration = Duration::from_secs(300);
const MAX_LIFETIME: Duration = Duration::from_secs(86_400);
/// How long a failed attempt stands for another one, at most: as long as it took, or this.
const FAILURE_COUNTS: Duration = Duration::from_secs(10);

/// An access token and how long it is used.
pub(crate) struct AccessToken {
    text: SecretString,
    until: Instant,
}

#[derive(Deserialize)]
struct TokenBody {
    access_token: String,
    #[serde(default)]
    expires_in: Option<Seconds>,
}

/// A lifetime as token endpoints write it: RFC 6749 has a number, older ones of Microsoft a string, and others a fraction.
#[derive(Deserialize)]
#[serde(untagged)]
enum Seconds {
    Number(f64),
    Text(String),
}

impl Seconds {
    /// The lifetime; `None` where it is not a number of seconds. What is below zero has expired.
    fn read(&self) -> Option<Duration> {
        let seconds = match self {
            Self::Number(seconds) => *seconds,
            Self::Text(text) => text.trim().parse().ok().filter(|seconds: &f64| seconds.is_finite())?,
        };
        Some(Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(MAX_LIFETIME))
    }
}

impl AccessToken {
    /// Reads the success of a token endpoint.
    ///
    /// *Errors*: it is not one.
    pub(crate) fn read(response: &Response, now: Instant) -> Result<Self, UnexpectedResponse> {
        let TokenBody { access_token, expires_in } = response.json()?;
        let lifetime = match expires_in {
            None => DEFAULT_LIFETIME,
            Some(seconds) => seconds.read().ok_or_else(|| response.unexpected(Defect::Malformed))?,
        };
        let margin = MARGIN.min(lifetime / 2);
        let until = now + lifetime.saturating_sub(margin).min(MAX_LIFETIME);
        Ok(Self { text: access_token.into(), until })
    }
}

/// The access token of one client at one token endpoint. Locked while a token is fetched, so that a thousand Tenants make one
/// log-in: callers that come meanwhile get its outcome, a failure too.
pub(crate) struct TokenCache<E>(Mutex<State<E>>);

struct State<E> {
    token: Option<AccessToken>,
    failed: Option<Failed<E>>,
}

/// A failed attempt to get a token.
struct Failed<E> {
    error: E,
    at: Instant,
    /// Until when it stands for another attempt. One that took long is worth more than one that was refused at once.
    until: Instant,
}

impl<E> Default for TokenCache<E> {
    fn default() -> Self {
        Self(Mutex::new(State { token: None, failed: None }))
    }
}

impl<E: Clone> TokenCache<E> {
    /// Calls with a token. One may have been revoked before it expired, so the server's rejection counts only with a new one.
    ///
    /// *Errors*: those of `fetch` and `call`.
    pub(crate) async fn with_token<T, X, F, C>(
        &self,
        fetch: impl Fn() -> F,
        call: impl Fn(SecretString) -> C,
        is_rejection: impl Fn(&X) -> bool,
    ) -> Result<T, X>
    where
        X: From<E>,
        F: Future<Output = Result<AccessToken, E>>,
        C: Future<Output = Result<T, X>>,
    {
        let token = self.get(&fetch).await?;
        match call(token.clone()).await {
            Err(error) if is_rejection(&error) => {
                self.forget(&token).await;
                call(self.get(&fetch).await?).await
            }
            result => result,
        }
    }

    async fn get<F>(&self, fetch: impl Fn() -> F) -> Result<SecretString, E>
    where
        F: Future<Output = Result<AccessToken, E>>,
    {
        let came = Instant::now();
        let mut state = self.0.lock().await;
        let started = Instant::now();
        if let Some(token) = state.token.as_ref().filter(|token| started < token.until) {
            return Ok(token.text.clone());
        }
        if let Some(failed) = state.failed.as_ref().filter(|failed| came <= failed.at || started < failed.until) {
            return Err(failed.error.clone());
        }
        match fetch().await {
            Ok(token) => {
                state.failed = None;
                Ok(state.token.insert(token).text.clone())
            }
            Err(error) => {
                let at = Instant::now();
                let until = at + (at - started).min(FAILURE_COUNTS);
                state.failed = Some(Failed { error: error.clone(), at, until });
                Err(error)
            }
        }
    }

    /// Forgets a token that was rejected, unless another call already got a new one.
    async fn forget(&self, rejected: &SecretString) {
        let mut state = self.0.lock().await;
        if state.token.as_ref().is_some_and(|token| token.text.expose_secret() == rejected.expose_secret()) {
            state.token = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn read(body: &str) -> Result<AccessToken, UnexpectedResponse> {
        AccessToken::read(&Response::fake(200, body), Instant::now())
    }

    fn used_for(body: &str) -> Option<u64> {
        let before = Instant::now();
        read(body).ok().map(|token| token.until.duration_since(before).as_secs())
    }

    #[test]
    fn a_token_is_renewed_before_it_expires() {
        for (expires_in, expected) in [
            ("3599", 3539),
            ("90", 45),
            ("0", 0),
            ("99999999999", 86_400),
            ("3600.0", 3540),
            ("3.6e3", 3540),
            (r#""3600""#, 3540),
            (r#"" 3600 ""#, 3540),
            (r#""3600.0""#, 3540),
            ("1e300", 86_340),
            ("-1", 0),
            ("null", 240),
        ] {
            let body = format!(r#"{{"access_token":"t","expires_in":{expires_in}}}"#);
            assert_eq!(used_for(&body), Some(expected), "{expires_in}");
        }
        assert_eq!(used_for(r#"{"access_token":"t"}"#), Some(240));
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
            r#"{"access_token":"t","expires_in":"inf"}"#,
            r#"{"access_token":"t","expires_in":true}"#,
            r#"{"access_token":"t","expires_in":[3600]}"#,
        ] {
            assert_eq!(used_for(body), None, "{body}");
        }
    }

    #[tokio::test]
    async fn a_rejected_token_is_replaced_once_and_a_good_one_is_kept() {
        let (cache, fetched, called) = (TokenCache::default(), &AtomicU32::new(0), &AtomicU32::new(0));
        let fetch = || async {
            let number = fetched.fetch_add(1, Ordering::Relaxed);
            read(&format!(r#"{{"access_token":"t{number}"}}"#)).map_err(|_| "no token")
        };
        let call = |token: SecretString| async move {
            called.fetch_add(1, Ordering::Relaxed);
            if token.expose_secret() == "t0" { Err("rejected") } else { Ok(()) }
        };
        let counts = || (fetched.load(Ordering::Relaxed), called.load(Ordering::Relaxed));
        let rejected = |error: &&str| *error == "rejected";
        assert_eq!(cache.with_token(fetch, call, rejected).await, Ok(()));
        assert_eq!(counts(), (2, 2));
        assert_eq!(cache.with_token(fetch, call, rejected).await, Ok(()));
        assert_eq!(counts(), (2, 3), "the new one is good");
        let broken = |_: SecretString| async { Err::<(), _>("broken") };
        assert_eq!(cache.with_token(fetch, broken, rejected).await, Err("broken"));
        assert_eq!(counts(), (2, 3), "another failure says nothing about the token");
    }

    #[tokio::test(start_paused = true)]
    async fn one_attempt_serves_all_who_come_meanwhile_also_where_it_fails() {
        let (cache, fetched) = (TokenCache::<&str>::default(), &AtomicU32::new(0));
        let fetch = || async {
            fetched.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_secs(30)).await;
            Err::<AccessToken, _>("no answer")
        };
        let call = |_: SecretString| async { Ok::<_, &str>(()) };
        let callers = (0..40).map(|_| cache.with_token(fetch, call, |_| false));
        let outcomes = futures::future::join_all(callers).await;
        assert!(outcomes.iter().all(|outcome| *outcome == Err("no answer")));
        assert_eq!(fetched.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn a_failed_attempt_stands_for_others_for_as_long_as_it_took() {
        let took = Duration::from_millis(50);
        for (age, expected) in [(Duration::ZERO, 0), (took, 1), (Duration::from_secs(60), 1)] {
            let (cache, fetched) = (TokenCache::<&str>::default(), &AtomicU32::new(0));
            let at = Instant::now().checked_sub(age).unwrap();
            cache.0.lock().await.failed = Some(Failed { error: "no answer", at, until: at + took });
            let fetch = || async {
                fetched.fetch_add(1, Ordering::Relaxed);
                Err::<AccessToken, _>("refused")
            };
            let call = |_: SecretString| async { Ok::<_, &str>(()) };
            assert!(cache.with_token(fetch, call, |_| false).await.is_err());
            assert_eq!(fetched.load(Ordering::Relaxed), expected, "{age:?}");
        }
    }
}
