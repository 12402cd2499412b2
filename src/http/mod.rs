//! What every call over HTTP shares, whoever is called: how a client is built, how much of an answer is read, what a broken
//! exchange says, how long a server asks to wait, what a JSON object is, and a token with its lifetime.
//!
//! It knows no API, no setting and no Kubernetes, and it keeps no text of an answer. `admin_api` and `microsoft` stand on it;
//! what an answer means is theirs to say.

mod bearer;
mod object;
mod retry_after;

use std::time::Duration;

use reqwest::{Client, ClientBuilder, Response, redirect::Policy};

pub(crate) use bearer::Bearer;
pub(crate) use object::{Object, object, objects, some_object};
pub(crate) use retry_after::retry_after;

/// An answer larger than this is not read.
const LARGEST_BODY: usize = 4 * 1024 * 1024;
const LONGEST_CONNECT: Duration = Duration::from_secs(10);
const USER_AGENT: &str = concat!("nimbus-operator/", env!("CARGO_PKG_VERSION"));

/// Why an answer was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lost {
    /// The exchange failed.
    Unreachable(&'static str),
    /// There is more of it than is read.
    TooLarge,
}

/// A client that gives up after `deadline`, names itself and follows no redirect: a credential goes where it was meant to.
/// `ca_bundle` is PEM to trust instead of the public certificates.
///
/// *Errors*: the CA bundle is not PEM.
pub(crate) fn client(deadline: Duration, ca_bundle: Option<&str>) -> Result<Client, reqwest::Error> {
    let mut builder: ClientBuilder = Client::builder()
        .user_agent(USER_AGENT)
        .timeout(deadline)
        .connect_timeout(deadline.min(LONGEST_CONNECT))
        .redirect(Policy::none());
    if let Some(pem) = ca_bundle {
        builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(pem.as_bytes())?);
    }
    builder.build()
}

/// Reads a body up to the bound.
///
/// *Errors*: [`Lost`].
pub(crate) async fn body(mut answer: Response) -> Result<Vec<u8>, Lost> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| Lost::Unreachable(broken(&error)))? {
        if body.len() + chunk.len() > LARGEST_BODY {
            return Err(Lost::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What a failed exchange says, without its text: that may hold a URL with more than it should.
pub(crate) fn broken(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer in time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    }
}
