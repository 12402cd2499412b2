//! Errors for tests: one of each that says that the platform is out of reach.

use super::error::{
    ApiError, Defect, Endpoint, NotCalled, OtherPlatform, Rejected, TransportFailure, Unauthenticated,
    UnexpectedResponse, Unreachable,
};

fn endpoint() -> Endpoint {
    Endpoint::api("https://nimbus.example")
}

pub(crate) fn unreachable() -> ApiError {
    ApiError::Unreachable(Unreachable { endpoint: endpoint(), failure: TransportFailure::Refused })
}

pub(crate) fn unauthenticated() -> ApiError {
    let (endpoint, rejected) = (endpoint(), Rejected::AccessToken);
    ApiError::Unauthenticated(Unauthenticated { endpoint, status: 401, rejected })
}

pub(crate) fn unexpected(status: u16) -> ApiError {
    UnexpectedResponse { endpoint: endpoint(), status, defect: Defect::Undocumented }.into()
}

pub(crate) fn not_called() -> ApiError {
    ApiError::NotCalled(NotCalled::Outage(Box::new(unreachable())))
}

pub(crate) fn other_platform() -> ApiError {
    ApiError::NotCalled(NotCalled::OtherPlatform(OtherPlatform { expected: "a".into(), found: Some("b".into()) }))
}
