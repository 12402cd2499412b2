//! Why Kubernetes did not do what it was asked.

use std::fmt::{self, Display, Formatter};

use kube::core::Status;
use thiserror::Error;

/// Why Kubernetes did not do what it was asked. The text of its answer may quote objects, so it is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// 404.
    NotFound,
    /// 403: the account has no right to it, an admission policy refuses it, or the namespace is terminating.
    Forbidden(Denier),
    /// 409: it changed meanwhile, or an object of that name exists. Also where a `test` of a JSON patch failed.
    Conflict,
    /// 422: what was written is refused, of an object that is as it was seen. It will be refused again.
    Invalid(Denier),
    /// There was no answer, or one that leaves open what happened.
    Unanswered(&'static str),
    /// It was not sent: another replica may lead by now.
    NotLeader,
}

/// Who refuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Denier {
    /// A ValidatingAdmissionPolicy of this name.
    Policy(String),
    /// An admission webhook of this name.
    Webhook(String),
    /// The rights of the operator's account.
    Permissions,
    /// The API server itself.
    Validation,
}

impl Display for Denier {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(name) => write!(f, "ValidatingAdmissionPolicy {name}"),
            Self::Webhook(name) => write!(f, "admission webhook {name}"),
            Self::Permissions => f.write_str("the permissions of the operator's ServiceAccount"),
            Self::Validation => f.write_str("the API server's validation"),
        }
    }
}

impl Denier {
    /// Reads the name of the policy or webhook, and nothing else, of a message: what follows may quote an object.
    fn of(status: &Status) -> Self {
        let named = |before: &str, quote: char| {
            let (_, rest) = status.message.split_once(before)?;
            let (name, _) = rest.split_once(quote)?;
            let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b':' | b'_' | b'/');
            (name.len() <= 253 && name.bytes().all(is_name)).then(|| name.to_owned())
        };
        let policy = || named("ValidatingAdmissionPolicy '", '\'').map(Self::Policy);
        let webhook = || named("admission webhook \"", '"').map(Self::Webhook);
        let other = if status.code == 403 { Self::Permissions } else { Self::Validation };
        policy().or_else(webhook).unwrap_or(other)
    }
}

impl Refusal {
    pub(super) fn of(error: &kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => match status.code {
                403 => Self::Forbidden(Denier::of(status)),
                404 => Self::NotFound,
                409 => Self::Conflict,
                422 => Self::Invalid(Denier::of(status)),
                _ => Self::Unanswered("server error"),
            },
            _ => Self::Unanswered("no response"),
        }
    }

    /// What a write that was refused comes to when nothing is left but to try again.
    pub(crate) fn not_written(self) -> NotWritten {
        NotWritten(match self {
            Self::NotFound => "not found",
            Self::Forbidden(_) => "forbidden",
            Self::Invalid(_) => "refused as invalid",
            Self::Conflict => "the object changed in the meantime",
            Self::Unanswered(what) => what,
            Self::NotLeader => "this replica does not lead",
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

    fn answer(code: u16, message: &str) -> Refusal {
        let message = message.to_owned();
        Refusal::of(&kube::Error::Api(Box::new(Status { code, message, ..Status::default() })))
    }

    #[test]
    fn answers_are_kept_apart_by_their_code() {
        for (code, expected, written) in [
            (403, Refusal::Forbidden(Denier::Permissions), "forbidden"),
            (404, Refusal::NotFound, "not found"),
            (409, Refusal::Conflict, "the object changed in the meantime"),
            (422, Refusal::Invalid(Denier::Validation), "refused as invalid"),
            (429, Refusal::Unanswered("server error"), "server error"),
            (500, Refusal::Unanswered("server error"), "server error"),
        ] {
            assert_eq!(expected, answer(code, ""), "{code}");
            assert_eq!(format!("not written to Kubernetes: {written}"), expected.not_written().to_string(), "{code}");
        }
    }

    #[test]
    fn who_refuses_is_named_and_nothing_is_quoted() {
        let policy = "tenants \"contoso\" is forbidden: ValidatingAdmissionPolicy 'no-finalizers' with binding 'b' denied \
                      request: no 'secret' finalizers";
        assert_eq!("ValidatingAdmissionPolicy no-finalizers", denier(answer(403, policy)));
        assert_eq!("ValidatingAdmissionPolicy no-finalizers", denier(answer(422, policy)));
        let webhook = "admission webhook \"validate.kyverno.svc-fail\" denied the request: resource \"x\"";
        assert_eq!("admission webhook validate.kyverno.svc-fail", denier(answer(403, webhook)));
        let rights = "tenants \"contoso\" is forbidden: User \"x\" cannot patch resource";
        assert_eq!("the permissions of the operator's ServiceAccount", denier(answer(403, rights)));
        let odd = "ValidatingAdmissionPolicy 'a\u{1b}[31m b' with binding";
        assert_eq!("the API server's validation", denier(answer(422, odd)), "what is no name is not shown");
    }

    fn denier(refusal: Refusal) -> String {
        match refusal {
            Refusal::Forbidden(denier) | Refusal::Invalid(denier) => denier.to_string(),
            Refusal::NotFound | Refusal::Conflict | Refusal::Unanswered(_) | Refusal::NotLeader => String::new(),
        }
    }
}
