//! Refusals: `application/problem+json` with a slug and a list of invalid fields.
//!
//! They contain no text for people: the client writes its own. A pointer is RFC 6901 into `settings`; for a request without
//! settings it is into the body.
use serde_json::{Map, Value, json};

pub(crate) use super::slugs::{Code, Slug};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FieldError {
    pub pointer: String,
    pub code: Code,
    pub min: Option<i64>,
    pub max: Option<i64>,
}

impl FieldError {
    pub(crate) fn new(pointer: &str, code: Code) -> Self {
        Self { pointer: pointer.to_owned(), code, min: None, max: None }
    }

    fn to_json(&self) -> Value {
        let mut members = Map::new();
        members.insert("pointer".into(), json!(self.pointer));
        members.insert("code".into(), json!(self.code.name()));
        members.extend(self.min.map(|min| ("min".to_owned(), json!(min))));
        members.extend(self.max.map(|max| ("max".to_owned(), json!(max))));
        Value::Object(members)
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub slug: Slug,
    pub status: u16,
    pub errors: Vec<FieldError>,
    /// An additional member, such as `owner`.
    pub extra: Option<(&'static str, String)>,
}

impl Problem {
    pub(crate) fn new(slug: Slug) -> Self {
        Self { slug, status: slug.status(), errors: Vec::new(), extra: None }
    }

    /// A refusal that lists fields, in the order of their pointers.
    pub(crate) fn fields(slug: Slug, mut errors: Vec<FieldError>) -> Self {
        errors.sort();
        errors.dedup();
        Self { errors, ..Self::new(slug) }
    }

    /// A refusal of one member of a request body.
    pub(crate) fn member(pointer: &str, code: Code) -> Self {
        Self::fields(Slug::InvalidRequest, vec![FieldError::new(pointer, code)])
    }

    pub(crate) fn owned_by(owner: &str) -> Self {
        Self { extra: Some(("owner", owner.to_owned())), ..Self::new(Slug::OwnedByOther) }
    }

    /// The tenant was deleted: 404 for a read, 409 for a create.
    pub(crate) fn tombstone(deletion_id: &str, status: u16) -> Self {
        Self { status, extra: Some(("deletionId", deletion_id.to_owned())), ..Self::new(Slug::TenantDeleted) }
    }

    /// Returns the body of the answer.
    pub(crate) fn to_json(&self, request_id: &str) -> Value {
        let errors: Vec<Value> = self.errors.iter().map(FieldError::to_json).collect();
        let mut body = json!({
            "type": format!("urn:nimbus:problem:{}", self.slug.name()),
            "status": self.status,
            "requestId": request_id,
            "errors": errors,
        });
        if let Some((name, value)) = &self.extra {
            body[*name] = json!(value);
        }
        body
    }
}

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Refused by the platform.
    #[error("refused as {}", .0.slug.name())]
    Refused(Box<Problem>),
    /// Refused by the token endpoint, with an error of OAuth 2.0.
    #[error("no token: {error}")]
    NoToken { status: u16, error: &'static str },
    /// Refused in Microsoft's format.
    #[error("refused as {}", .0.code)]
    Microsoft(Box<MicrosoftError>),
    /// The database failed.
    #[error("database")]
    Database(#[from] sqlx::Error),
    /// The database holds JSON that cannot be read.
    #[error("stored JSON")]
    Stored(#[from] serde_json::Error),
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

impl From<Slug> for Failure {
    fn from(slug: Slug) -> Self {
        Problem::new(slug).into()
    }
}

/// A refusal in Microsoft's format.
#[derive(Clone, Debug)]
pub(crate) struct MicrosoftError {
    pub status: u16,
    /// The error code; also in Microsoft's log.
    pub code: String,
    pub body: Value,
    pub headers: Vec<(&'static str, String)>,
}

impl MicrosoftError {
    pub(crate) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

impl From<MicrosoftError> for Failure {
    fn from(error: MicrosoftError) -> Self {
        Self::Microsoft(Box::new(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bad_field_is_listed_once_in_order() {
        let problem = Problem::fields(
            Slug::InvalidSettings,
            vec![
                FieldError { min: Some(1), max: Some(50), ..FieldError::new("/b", Code::OutOfRange) },
                FieldError::new("/a", Code::Required),
                FieldError::new("/a", Code::Required),
            ],
        );
        assert_eq!(
            json!({
                "type": "urn:nimbus:problem:invalid-settings",
                "status": 422,
                "requestId": "r",
                "errors": [
                    {"pointer": "/a", "code": "required"},
                    {"pointer": "/b", "code": "out-of-range", "min": 1, "max": 50},
                ],
            }),
            problem.to_json("r")
        );
    }
}
