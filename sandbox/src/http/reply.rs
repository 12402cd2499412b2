//! The answer of an operation.
use std::time::Duration;

use serde_json::{Value, json};

use crate::model::problem::{Failure, Problem, Slug};

#[derive(Debug)]
pub(crate) struct Reply {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Option<Value>,
    /// A page for people, in HTML, instead of the body.
    pub page: Option<String>,
    /// The slug, if this is a refusal.
    pub slug: Option<&'static str>,
    /// Set if there is nothing to report yet: the request is repeated when something changes, for at most this long.
    pub wait_for_change: Option<Duration>,
}

impl Reply {
    pub(crate) fn new(status: u16, body: Option<Value>) -> Self {
        Self { status, headers: Vec::new(), body, page: None, slug: None, wait_for_change: None }
    }

    /// Returns a page, which loads nothing and sends its form only to where it came from.
    pub(crate) fn page(html: String) -> Self {
        let policy = "default-src 'none'; form-action 'self'; frame-ancestors 'none'".to_owned();
        Self { page: Some(html), ..Self::new(200, None) }.with("content-security-policy", policy)
    }

    pub(crate) fn ok(body: Value) -> Self {
        Self::new(200, Some(body))
    }

    pub(crate) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Returns the answer to a request that failed.
    pub(crate) fn failure(failure: &Failure, request_id: &str) -> Self {
        let internal = Problem::new(Slug::Internal);
        let problem = match failure {
            Failure::Refused(problem) => problem,
            Failure::NoToken { status, error } => {
                return Self::new(*status, Some(json!({"error": error})));
            }
            Failure::Microsoft(error) => {
                let reply = Self::new(error.status, Some(error.body.clone()));
                return Self { headers: error.headers.clone(), ..reply };
            }
            Failure::Database(_) | Failure::Stored(_) => &internal,
        };
        let reply =
            Self { slug: Some(problem.slug.name()), ..Self::new(problem.status, Some(problem.to_json(request_id))) };
        match problem.slug {
            Slug::Unauthenticated => reply.with("www-authenticate", "Bearer error=\"invalid_token\"".to_owned()),
            _ => reply,
        }
    }
}
