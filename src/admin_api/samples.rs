//! Errors for tests: one of each that says that the platform is out of reach.

use super::error::{
    ApiError, Defect, NotCalled, Rejected, TransportFailure, Unauthenticated, UnexpectedResponse, Unreachable,
};

const ENDPOINT: &str = "https://nimbus.example";

pub(crate) fn unreachable() -> ApiError {
    ApiError::Unreachable(Unreachable { endpoint: ENDPOINT.into(), failure: TransportFailure::NotConnected })
}

pub(crate) fn unauthenticated() -> ApiError {
    let (endpoint, rejected) = (ENDPOINT.into(), Rejected::AccessToken);
    ApiError::Unauthenticated(Unauthenticated { endpoint, status: 401, rejected })
}

pub(crate) fn unexpected(status: u16) -> ApiError {
    UnexpectedResponse { endpoint: ENDPOINT.into(), status, defect: Defect::Undocumented }.into()
}

pub(crate) fn not_called() -> ApiError {
    ApiError::NotCalled(NotCalled::Outage(Box::new(unreachable())))
}
