//! What every call over HTTP shares, for all services: how a client is built, how much of a response is read, how long
//! a server asks to wait, how an exchange fails, what a JSON object is, and access tokens.
//!
//! It knows no API, no setting and no Kubernetes, and it keeps no text of a response. What a response means is for `admin_api`
//! and `microsoft` to say.

mod client;
mod error;
mod failure;
mod object;
mod proxy;
mod resolver;
mod retry_after;
mod tokens;

pub(crate) use client::{Response, ResponseHead, USER_AGENT, client, no_answer, send, shown};
pub(crate) use error::HttpError;
pub use error::{Defect, Endpoint, NoTrust, Server, UnexpectedResponse, Unreachable};
pub use failure::TransportFailure;
pub(crate) use object::{object, objects, some_object};
pub(crate) use tokens::{AccessToken, TokenCache};
