//! Why Kubernetes did not do what it was asked.

use thiserror::Error;

/// Why Kubernetes did not do what it was asked. The text of its answer may quote objects, so it is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 404.
    NotFound,
    /// 403: the account has no right to it, an admission policy refuses it, or the namespace is terminating.
    Forbidden,
    /// 409: it changed meanwhile, or an object of that name exists.
    Conflict,
    /// 422: a `test` of a JSON patch failed, so it changed meanwhile; or what was written is not valid.
    Invalid,
    /// There was no answer, or one that leaves open what happened.
    Unanswered(&'static str),
}

impl Refusal {
    pub(super) fn of(error: &kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => match status.code {
                403 => Self::Forbidden,
                404 => Self::NotFound,
                409 => Self::Conflict,
                422 => Self::Invalid,
                _ => Self::Unanswered("server error"),
            },
            _ => Self::Unanswered("no response"),
        }
    }

    /// What a write that was refused comes to when nothing is left but to try again.
    pub(crate) fn not_written(self) -> NotWritten {
        NotWritten(match self {
            Self::NotFound => "not found",
            Self::Forbidden => "forbidden",
            Self::Conflict | Self::Invalid => "the object changed in the meantime",
            Self::Unanswered(what) => what,
        })
    }
}

/// The outcome of a pass is not in Kubernetes; the pass is tried again.
#[derive(Debug, Error)]
#[error("not written to Kubernetes: {0}")]
pub(crate) struct NotWritten(pub(crate) &'static str);

#[cfg(test)]
mod tests {
    use kube::core::Status;

    use super::*;

    #[test]
    fn answers_are_kept_apart_by_their_code() {
        let answer = |code| Refusal::of(&kube::Error::Api(Box::new(Status { code, ..Status::default() })));
        for (code, expected, written) in [
            (403, Refusal::Forbidden, "forbidden"),
            (404, Refusal::NotFound, "not found"),
            (409, Refusal::Conflict, "the object changed in the meantime"),
            (422, Refusal::Invalid, "the object changed in the meantime"),
            (429, Refusal::Unanswered("server error"), "server error"),
            (500, Refusal::Unanswered("server error"), "server error"),
        ] {
            assert_eq!(expected, answer(code), "{code}");
            assert_eq!(format!("not written to Kubernetes: {written}"), expected.not_written().to_string(), "{code}");
        }
    }
}
