//! One request as the operations see it.
use std::collections::BTreeMap;
use std::net::SocketAddr;

use axum::body::Bytes;
use axum::http::HeaderMap;
use serde_json::Value;

use crate::model::format::guid;
use crate::model::problem::{Failure, Slug};

/// A request that was received in full. It holds tokens and secrets, so it must not be logged.
pub(crate) struct Call {
    /// The template of the route; `None` if there is no route.
    pub template: Option<&'static str>,
    pub method: String,
    pub path: String,
    /// The path and query as they were sent.
    pub sent: String,
    pub raw_query: Option<String>,
    pub query: BTreeMap<String, String>,
    /// The values of the template's parameters.
    pub parameters: BTreeMap<String, String>,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub request_id: String,
    pub peer: SocketAddr,
}

impl Call {
    /// Returns a header as text; `None` if it is absent or not text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub(crate) fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name).map_or("", String::as_str)
    }

    /// Returns the tenant in the path, in lower case.
    pub(crate) fn tenant(&self) -> Result<String, Failure> {
        guid(self.parameter("id")).ok_or(Slug::MalformedRequest.into())
    }

    /// Returns the stamp in the header `Nimbus-Owner`: cluster, namespace and name.
    pub(crate) fn owner(&self) -> Result<Option<&str>, Failure> {
        let Some(value) = self.headers.get("nimbus-owner") else {
            return Ok(None);
        };
        let well_formed = |owner: &&str| is_stamp(owner);
        match value.to_str().ok().filter(well_formed) {
            Some(owner) => Ok(Some(owner)),
            None => Err(Slug::MalformedRequest.into()),
        }
    }

    /// Returns the stamp in the header `Nimbus-Expected-Owner`; `None` if the caller saw a tenant without one.
    pub(crate) fn expected_owner(&self) -> Result<Option<&str>, Failure> {
        let value = self.headers.get("nimbus-expected-owner").ok_or(Slug::ExpectedOwnerRequired)?;
        match value.to_str() {
            Ok("none") => Ok(None),
            Ok(owner) if is_stamp(owner) => Ok(Some(owner)),
            Ok(_) | Err(_) => Err(Slug::MalformedRequest.into()),
        }
    }

    /// True if `If-None-Match` names this entity tag.
    pub(crate) fn knows(&self, etag: &str) -> bool {
        self.header("if-none-match").is_some_and(|tags| {
            tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == etag)
        })
    }

    /// Returns an integer of the query.
    pub(crate) fn number(&self, name: &str, min: i64, max: i64) -> Result<Option<i64>, Failure> {
        let Some(text) = self.query.get(name) else {
            return Ok(None);
        };
        match text.parse() {
            Ok(number) if (min..=max).contains(&number) => Ok(Some(number)),
            _ => Err(Slug::MalformedRequest.into()),
        }
    }

    /// Returns a query parameter that is `true`, `false` or absent.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Failure> {
        match self.query.get(name).map(String::as_str) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Slug::MalformedRequest.into()),
        }
    }

    /// True if the body is JSON, by its media type.
    pub(crate) fn is_json(&self) -> bool {
        let media_type = self.header("content-type").and_then(|text| text.split(';').next());
        matches!(media_type.map(str::trim), Some("application/json" | "application/merge-patch+json"))
    }

    /// Returns the body as a JSON object.
    pub(crate) fn json(&self) -> Result<serde_json::Map<String, Value>, Failure> {
        if !self.is_json() {
            return Err(Slug::UnsupportedMediaType.into());
        }
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(members)) => Ok(members),
            _ => Err(Slug::MalformedRequest.into()),
        }
    }
}

/// True if `text` is a stamp: cluster, namespace and name.
pub(crate) fn is_stamp(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    text.len() <= 512 && parts.len() == 3 && parts.iter().all(|part| !part.is_empty())
}
