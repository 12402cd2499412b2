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
                _ => Self::Unanswered("an error of the server"),
            },
            _ => Self::Unanswered("no connection"),
        }
    }

    /// What a write that was refused comes to when nothing is left but to try again.
    pub(crate) fn not_written(self) -> NotWritten {
        NotWritten(match self {
            Self::NotFound => "it is gone",
            Self::Forbidden => "the operator's account may not do this",
            Self::Conflict | Self::Invalid => "it changed meanwhile",
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
            (403, Refusal::Forbidden, "the operator's account may not do this"),
            (404, Refusal::NotFound, "it is gone"),
            (409, Refusal::Conflict, "it changed meanwhile"),
            (422, Refusal::Invalid, "it changed meanwhile"),
            (429, Refusal::Unanswered("an error of the server"), "an error of the server"),
            (500, Refusal::Unanswered("an error of the server"), "an error of the server"),
        ] {
            assert_eq!(expected, answer(code), "{code}");
            assert_eq!(format!("not written to Kubernetes: {written}"), expected.not_written().to_string(), "{code}");
        }
    }
}
