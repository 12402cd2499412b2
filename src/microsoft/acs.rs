//! The "Check" of a connection string of Azure Communication Services: whether it can issue a token. It makes an identity with
//! a token and deletes that identity again. Source: ACS Identity REST, 2023-10-01.
//!
//! A connection string comes from the editors of a Tenant, so it must not point the operator at an arbitrary host.

use std::time::Duration;

use ::http::Method;
use ::http::header::{AUTHORIZATION, CONTENT_TYPE, DATE};
use jiff::{Timestamp, fmt::rfc2822};
use reqwest::RequestBuilder;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use thiserror::Error;
use url::Url;
use uuid::Uuid;

use super::address::{part, url};
use super::error::{CallError, Defect, Endpoint, NoTrust, TransportFailure, UnexpectedResponse, Unreachable, codes};
use super::sign::{Key, ToSign, host, path_and_query};
use crate::http::{self, HttpError, Response, ResponseHead};
use crate::lease::Leadership;
use crate::settings::connection_string;
use crate::telemetry::metrics::Metrics;

const API_VERSION: &str = "2023-10-01";
/// The shortest life that a token can have.
const TOKEN_MINUTES: u32 = 60;
/// The only hosts that a connection string may name, unless the operator is configured to trust another origin.
const HOSTS: &str = ".communication.azure.com";
/// With clocks farther apart than this a refused signature says nothing about the key.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(300);
/// An identity that stays behind is never found again, so its deletion is tried once more.
const DELETION_ATTEMPTS: u32 = 2;

/// What a check of a connection string found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionStringCheck {
    /// Whether a token was issued.
    pub token: bool,
    /// The immutable id of the resource behind the connection string; `None` where the identity does not say.
    pub resource: Option<Uuid>,
    /// Whether the identity could not be deleted again.
    pub left_behind: bool,
}

/// Why a check found out nothing good.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AcsProblem {
    /// The connection string cannot be one; what follows "the connection string".
    #[error("the connection string {0}")]
    Malformed(&'static str),
    /// 401: the key is wrong or may not do this.
    #[error("Azure Communication Services refuses the connection string")]
    Refused,
    /// 401 while the clocks are so far apart that no signature would be taken.
    #[error("the clock of the operator is not that of Azure Communication Services")]
    ClockSkew,
    /// The call did not give an answer.
    #[error(transparent)]
    Call(CallError),
}

impl From<HttpError> for AcsProblem {
    fn from(error: HttpError) -> Self {
        Self::Call(error.into())
    }
}

impl From<UnexpectedResponse> for AcsProblem {
    fn from(unexpected: UnexpectedResponse) -> Self {
        Self::Call(unexpected.into())
    }
}

/// A client of Azure Communication Services Identity. Cheap to share.
pub struct Acs {
    http: reqwest::Client,
    /// The name in error texts: the host of a connection string names a customer's resource.
    endpoint: Endpoint,
    trusted: Vec<Url>,
    leadership: Leadership,
    metrics: Metrics,
}

impl Acs {
    /// A client whose calls take at most `deadline` each. `trusted` are origins beside Azure's own that a connection string
    /// may name: for a sandbox, a proxy or another cloud.
    ///
    /// *Errors*: the system has no certificate to trust.
    pub fn new(deadline: Duration, trusted: Vec<Url>, metrics: Metrics) -> Result<Self, NoTrust> {
        Ok(Self {
            http: http::client(deadline, None)?,
            endpoint: Endpoint::api("Azure Communication Services"),
            trusted,
            leadership: Leadership::default(),
            metrics,
        })
    }

    /// The same, as one of several replicas: a check makes an identity, so it begins only while it leads. It deletes its identity also
    /// after that, which takes nothing from another replica.
    pub(crate) fn led_by(self, leadership: Leadership) -> Self {
        Self { leadership, ..self }
    }

    /// Checks that a connection string can issue a token. The identity that it makes for it is deleted again, also when no
    /// token came with it, and also when the caller stops waiting: the check runs in a task of its own.
    ///
    /// Only an identity whose creation was never answered stays behind unknown, and one whose process ends before it is deleted.
    ///
    /// *Errors*: [`AcsProblem`].
    pub async fn check(&self, connection_string: &SecretString) -> Result<ConnectionStringCheck, AcsProblem> {
        let resource = self.resource(connection_string.expose_secret())?;
        let check = tokio::spawn(async move { resource.check().await });
        let interrupted = Unreachable { endpoint: self.endpoint.clone(), failure: TransportFailure::Closed };
        check.await.unwrap_or(Err(AcsProblem::Call(CallError::Unreachable(interrupted))))
    }

    fn resource(&self, text: &str) -> Result<Resource, AcsProblem> {
        let parts = connection_string::parse(text).map_err(AcsProblem::Malformed)?;
        self.judge(&parts.endpoint).map_err(AcsProblem::Malformed)?;
        let key = Key::read(parts.access_key).ok_or(AcsProblem::Malformed("has an accesskey that is not base64"))?;
        Ok(Resource {
            http: self.http.clone(),
            name: self.endpoint.clone(),
            url: parts.endpoint,
            key,
            leadership: self.leadership.clone(),
            metrics: self.metrics.clone(),
        })
    }

    fn judge(&self, endpoint: &Url) -> Result<(), &'static str> {
        let trusted = self.trusted.iter().any(|trusted| trusted.origin() == endpoint.origin());
        // What is trusted may serve several resources, each below a path of its own.
        let bare = (trusted || endpoint.path() == "/") && endpoint.query().is_none() && endpoint.fragment().is_none();
        if !bare || !endpoint.username().is_empty() || endpoint.password().is_some() {
            return Err("has an endpoint with more than a host name");
        }
        let azure = endpoint.scheme() == "https"
            && endpoint.port().is_none()
            && endpoint.host_str().is_some_and(|host| host.len() > HOSTS.len() && host.ends_with(HOSTS));
        (azure || trusted).then_some(()).ok_or("has an endpoint that is not a host of Azure Communication Services")
    }
}

/// A resource, as its connection string names it.
struct Resource {
    http: reqwest::Client,
    name: Endpoint,
    url: Url,
    key: Key,
    leadership: Leadership,
    metrics: Metrics,
}

impl Resource {
    async fn check(&self) -> Result<ConnectionStringCheck, AcsProblem> {
        let body = json!({ "createTokenWithScopes": ["chat"], "expiresInMinutes": TOKEN_MINUTES });
        let request = self.request(Method::POST, "identities", Some(&body))?;
        let sent = self.leadership.write(self.send(request)).await;
        let response = sent.unwrap_or_else(|_| Err(http::no_answer(&self.name)))?.read().await?;
        if response.status.as_u16() != 201 {
            return Err(refusal(&response));
        }
        let body = response.object()?;
        let identity = body["identity"]["id"].as_str().filter(|id| is_identity(id));
        let identity = identity.ok_or_else(|| response.unexpected(Defect::Malformed))?;
        let left_behind = !self.delete(identity).await;
        Ok(ConnectionStringCheck {
            token: holds_token(&body["accessToken"]),
            resource: resource_of(identity),
            left_behind,
        })
    }

    /// Whether the identity is gone.
    async fn delete(&self, identity: &str) -> bool {
        let path = format!("identities/{}", part(identity));
        for _ in 0..DELETION_ATTEMPTS {
            let response = async {
                let request = self.request(Method::DELETE, &path, None)?;
                Ok::<_, AcsProblem>(self.send(request).await?.read().await?)
            };
            if response.await.is_ok_and(|response| response.status.is_success() || response.status.as_u16() == 404) {
                return true;
            }
        }
        false
    }

    fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Result<RequestBuilder, AcsProblem> {
        let url = url(&self.url, path, &[("api-version", API_VERSION)]);
        let date = rfc2822::DateTimePrinter::new()
            .timestamp_to_rfc9110_string(&Timestamp::now())
            .map_err(|_| AcsProblem::ClockSkew)?;
        let body = body.map(Value::to_string).unwrap_or_default().into_bytes();
        let signature = self.key.sign(ToSign {
            method: method.as_str(),
            path_and_query: &path_and_query(&url),
            host: &host(&url),
            date: &date,
            body: &body,
        });
        let mut request = self
            .http
            .request(method, url)
            .header("x-ms-date", date)
            .header("x-ms-content-sha256", signature.content_hash)
            .header(AUTHORIZATION, signature.authorization);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        Ok(request)
    }

    async fn send(&self, request: RequestBuilder) -> Result<ResponseHead, HttpError> {
        let ended = |status, took| self.metrics.microsoft("acs", status, took);
        http::send(request, &self.name, ended).await
    }
}

/// What a response says that is no success.
fn refusal(response: &Response) -> AcsProblem {
    let documented = !codes(response).is_empty();
    match response.status.as_u16() {
        401 if response.has_type("text/html") => response.unexpected(Defect::Undocumented).into(),
        401 if clocks_differ(response, Timestamp::now()) => AcsProblem::ClockSkew,
        401 => AcsProblem::Refused,
        403 if documented => AcsProblem::Call(CallError::Forbidden),
        400 if documented => AcsProblem::Call(CallError::Rejected),
        _ => response.unexpected(Defect::Undocumented).into(),
    }
}

fn clocks_differ(response: &Response, now: Timestamp) -> bool {
    let date = response.headers.get(DATE).and_then(|value| value.to_str().ok());
    let theirs = date.and_then(|date| rfc2822::DateTimeParser::new().parse_timestamp(date).ok());
    theirs.is_some_and(|theirs| theirs.duration_since(now).unsigned_abs() > CLOCK_TOLERANCE)
}

fn holds_token(token: &Value) -> bool {
    token["token"].as_str().is_some_and(|token| !token.is_empty()) && token["expiresOn"].is_string()
}

/// Whether a text can be an identity: it goes into a path.
fn is_identity(text: &str) -> bool {
    (1..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b":-_".contains(&b))
}

/// The resource of an identity: the first GUID of `8:acs:{resource}_{user}`.
fn resource_of(identity: &str) -> Option<Uuid> {
    let (resource, _) = identity.rsplit(':').next()?.split_once('_')?;
    Uuid::try_parse(resource).ok()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::super::vectors::{IDENTITY, RESOURCE};
    use super::*;

    fn judged(endpoint: &str) -> Result<(), AcsProblem> {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let acs = Acs::new(Duration::from_secs(1), vec!["http://127.0.0.1:8080".parse().unwrap()], Metrics::default())
            .unwrap();
        acs.resource(&format!("endpoint={endpoint};accesskey=c2VjcmV0")).map(drop)
    }

    #[tokio::test]
    async fn an_identity_is_deleted_also_after_the_leadership_and_none_is_made() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("http://{}/", server.local_addr().unwrap()).parse().unwrap();
        let first = tokio::spawn(async move {
            let (mut stream, _) = server.accept().await.unwrap();
            let mut head = [0; 4096];
            let length = stream.read(&mut head).await.unwrap();
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.unwrap();
            String::from_utf8_lossy(&head[..length]).into_owned()
        });
        let leadership = Leadership::standby();
        leadership.end();
        let acs = Acs::new(Duration::from_secs(5), vec![url.clone()], Metrics::default()).unwrap().led_by(leadership);
        let resource = acs.resource(&format!("endpoint={url};accesskey=c2VjcmV0")).unwrap();
        assert!(resource.check().await.is_err(), "it begins only while it leads");
        assert!(resource.delete(IDENTITY).await);
        assert!(first.await.unwrap().starts_with("DELETE /identities/"));
    }

    #[test]
    fn a_connection_string_cannot_point_the_operator_elsewhere() {
        let elsewhere =
            Err(AcsProblem::Malformed("has an endpoint that is not a host of Azure Communication Services"));
        let more = Err(AcsProblem::Malformed("has an endpoint with more than a host name"));
        for (endpoint, expected) in [
            ("https://contoso.communication.azure.com/", Ok(())),
            ("https://contoso.europe.communication.azure.com", Ok(())),
            ("http://127.0.0.1:8080/", Ok(())),
            ("http://127.0.0.1:8080/acs/contoso", Ok(())),
            ("http://127.0.0.1:8080/acs/contoso?x", more.clone()),
            ("http://user@127.0.0.1:8080/acs/contoso", more.clone()),
            ("https://contoso.communication.azure.com/acs/contoso", more.clone()),
            ("http://127.0.0.1:8081/", elsewhere.clone()),
            ("https://169.254.169.254/", elsewhere.clone()),
            ("https://[::ffff:a9fe:a9fe]/", elsewhere.clone()),
            ("https://kubernetes.default.svc/", elsewhere.clone()),
            ("https://evil.example/.communication.azure.com", more.clone()),
            ("https://communication.azure.com.evil.example/", elsewhere.clone()),
            ("https://evilcommunication.azure.com/", elsewhere.clone()),
            ("https://contoso.communication.azure.com:22/", elsewhere.clone()),
            ("https://contoso.communication.azure.com@evil.example/", more.clone()),
            ("https://contoso.communication.azure.com/?x", more.clone()),
            ("https://contoso.communication.azure.com/#x", more.clone()),
        ] {
            assert_eq!(judged(endpoint), expected, "{endpoint}");
        }
    }

    #[test]
    fn an_underscore_in_the_name_of_the_resource_is_found_without_a_call() {
        let found = judged("https://con_toso.communication.azure.com/");
        assert!(matches!(found, Err(AcsProblem::Malformed(what)) if what.contains("underscore")), "{found:?}");
    }

    #[test]
    fn the_resource_is_the_first_guid_of_an_identity() {
        assert_eq!(resource_of(IDENTITY), RESOURCE.parse().ok());
        assert_eq!(resource_of(&IDENTITY.replace("acs", "gcch-acs")), RESOURCE.parse().ok());
        for text in ["", "8:acs:", "8:acs:x_y", "8:orgid:2f6a1f0e-7c1b-4b0e-9a55-0d6c1a3b5e77"] {
            assert_eq!(resource_of(text), None, "{text}");
        }
    }

    #[test]
    fn only_what_is_safe_in_a_path_is_an_identity() {
        assert!(is_identity(IDENTITY));
        for text in ["", "..", "a/b", "a%2Fb", "a?b", "a b", &"x".repeat(257)] {
            assert!(!is_identity(text), "{text}");
        }
    }

    #[test]
    fn a_refused_signature_blames_the_key_only_if_the_clocks_agree() {
        let now: Timestamp = "2026-11-24T20:30:00Z".parse().unwrap();
        for (date, expected) in [
            ("Tue, 24 Nov 2026 20:34:00 GMT", false),
            ("Tue, 24 Nov 2026 20:26:00 GMT", false),
            ("Tue, 24 Nov 2026 20:50:00 GMT", true),
            ("Tue, 24 Nov 2026 20:10:00 GMT", true),
            ("yesterday", false),
        ] {
            let mut response = Response::fake(401, "");
            response.headers.insert(DATE, date.parse().unwrap());
            assert_eq!(clocks_differ(&response, now), expected, "{date}");
        }
    }
}
