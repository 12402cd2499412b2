//! What a Tenant says while its platform cannot be called. Servers and HTTP statuses are reported on the Platform and not here:
//! an outage shows in several ways, one after the other, and each other text is a write of the status of each edited Tenant.

use crate::admin_api::{ApiError, NotCalled};
use crate::resources::{ConditionStatus, ConditionType, Platform, Reason, condition};

/// What is known of the Platform of a Tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlatformHealth<'p> {
    /// Its name.
    pub name: &'p str,
    /// Why it reports that it cannot be called; `None` where it does not report that.
    pub reason: Option<Reason>,
}

impl<'p> PlatformHealth<'p> {
    /// Reads it from the status of the Platform.
    pub fn of(name: &'p str, platform: Option<&Platform>) -> Self {
        let status = platform.and_then(|platform| platform.status.as_ref());
        let ready = status.and_then(|status| condition::find(&status.conditions, ConditionType::Ready));
        let not_ready = ready.filter(|ready| ready.status != ConditionStatus::True.as_str());
        let reason = not_ready.and_then(|ready| Reason::parse(&ready.reason));
        // Without the admission policies, while it waits for its Tenants, or where Kubernetes refuses its finalizer, it is not ready
        // and can be called all the same.
        let callable = [Reason::PoliciesNotEnforced, Reason::Terminating, Reason::KubernetesRefused];
        Self { name, reason: reason.filter(|reason| !callable.contains(reason)) }
    }
}

/// The reason of a Platform on which a call failed like this; `None` where no call was made for a reason of its own.
pub fn reason(error: &ApiError) -> Option<Reason> {
    Some(match error {
        ApiError::Unauthenticated(_) | ApiError::Forbidden => Reason::AuthenticationFailed,
        ApiError::Unreachable(_) => Reason::Unreachable,
        ApiError::Throttled { .. } => Reason::Throttled,
        ApiError::Refused(_) | ApiError::Unexpected(_) => Reason::UnexpectedAnswer,
        ApiError::NotCalled(NotCalled::Outage(error)) => return reason(error),
        ApiError::NotCalled(NotCalled::OtherPlatform(_)) => Reason::PlatformChanged,
        ApiError::NotCalled(NotCalled::NoClient(_) | NotCalled::NotLeader) => return None,
    })
}

/// The message of Ready while an edit waits for the platform.
pub(super) fn message(platform: PlatformHealth<'_>, error: &ApiError) -> String {
    let PlatformHealth { name, reason: reported } = platform;
    match error {
        ApiError::Forbidden => {
            format!("The credentials of Platform {name} may not access this tenant; the edit is applied when they may")
        }
        ApiError::Throttled { .. } => {
            format!("Platform {name} is throttling requests; the edit is applied when it accepts them again")
        }
        ApiError::Refused(problem) => {
            format!(
                "Platform {name} refused the request: {}; the edit is applied when it accepts it",
                problem.problem_type
            )
        }
        ApiError::Unreachable(_) | ApiError::Unauthenticated(_) | ApiError::Unexpected(_) | ApiError::NotCalled(_) => {
            let state = match reported.or_else(|| reason(error)) {
                Some(Reason::Unreachable) => "is Unreachable".to_owned(),
                Some(reason) => format!("is not ready ({})", reason.as_str()),
                None => "cannot be called".to_owned(),
            };
            format!("Platform {name} {state}; the edit is applied when it answers")
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::admin_api::{Defect, Endpoint, Problem, TransportFailure, UnexpectedResponse, Unreachable};

    fn unreachable() -> ApiError {
        ApiError::Unreachable(Unreachable {
            endpoint: Endpoint::api("https://nimbus"),
            failure: TransportFailure::TimedOut,
        })
    }

    fn not_json() -> ApiError {
        let endpoint = Endpoint::api("https://nimbus");
        ApiError::Unexpected(UnexpectedResponse { endpoint, status: 200, defect: Defect::NotJson })
    }

    #[test]
    fn the_message_names_the_platform_and_why_it_cannot_be_called() {
        let message = |reason, error: &ApiError| message(PlatformHealth { name: "euwe-01", reason }, error);
        let unreachable_text = "Platform euwe-01 is Unreachable; the edit is applied when it answers";
        assert_eq!(message(None, &unreachable()), unreachable_text);
        let outage = ApiError::NotCalled(NotCalled::Outage(Box::new(unreachable())));
        assert_eq!(message(None, &outage), unreachable_text, "the same if the call is not made");
        let reported = message(Some(Reason::Unreachable), &not_json());
        assert_eq!(reported, unreachable_text, "the Platform decides what an outage is called");
        assert_eq!(
            message(None, &not_json()),
            "Platform euwe-01 is not ready (UnexpectedAnswer); the edit is applied when it answers"
        );
        let no_client = ApiError::NotCalled(NotCalled::NoClient("Secret a/b not found".into()));
        assert_eq!(message(None, &no_client), "Platform euwe-01 cannot be called; the edit is applied when it answers");
        assert_eq!(
            message(Some(Reason::CredentialsNotFound), &no_client),
            "Platform euwe-01 is not ready (CredentialsNotFound); the edit is applied when it answers"
        );
    }

    #[test]
    fn a_refusal_of_the_call_is_not_an_outage() {
        let message = |error: &ApiError| message(PlatformHealth { name: "euwe-01", reason: None }, error);
        let throttled = ApiError::Throttled { after: std::time::Duration::from_secs(3) };
        assert!(message(&throttled).starts_with("Platform euwe-01 is throttling requests; "));
        assert!(
            message(&ApiError::Forbidden).starts_with("The credentials of Platform euwe-01 may not access this tenant")
        );
        let refused = ApiError::Refused(Problem::default());
        assert!(message(&refused).starts_with("Platform euwe-01 refused the request: "));
    }

    #[test]
    fn the_reason_is_that_of_a_platform_that_cannot_be_called() {
        let reason = |status: &str, reason: &str| {
            let ready = json!({
                "type": "Ready", "status": status, "reason": reason, "message": "",
                "lastTransitionTime": "2026-01-01T00:00:00Z"
            });
            let platform: Platform = serde_json::from_value(json!({
                "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Platform", "metadata": { "name": "euwe-01" },
                "spec": {
                    "endpoint": "https://nimbus",
                    "authentication": {
                        "tokenUrl": "https://login", "clientId": "operator", "credentialsSecretRef": { "name": "c" }
                    }
                },
                "status": { "conditions": [ready] }
            }))
            .unwrap();
            PlatformHealth::of("euwe-01", Some(&platform)).reason
        };
        assert_eq!(reason("False", "Unreachable"), Some(Reason::Unreachable));
        assert_eq!(reason("True", "Connected"), None);
        assert_eq!(reason("False", "PoliciesNotEnforced"), None, "it answers");
        assert_eq!(reason("False", "KubernetesRefused"), None, "so it does");
        assert_eq!(PlatformHealth::of("euwe-01", None).reason, None);
    }
}
