//! What a Platform says of a call that failed: what happened, at which server, and which of its settings to look at.

use crate::admin_api::{ApiError, Endpoint, NotCalled, Rejected, Server, TransportFailure, Unreachable};

/// What happened and where to look, where one of the Platform's settings can be the cause.
pub(super) fn explain(error: &ApiError) -> String {
    let error_text = error.to_string();
    let mut letters = error_text.chars();
    let sentence: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    match settings(error) {
        Some(settings) => format!("{sentence}; check {settings}"),
        None => sentence,
    }
}

fn settings(error: &ApiError) -> Option<String> {
    match error {
        ApiError::Unreachable(unreachable) => Some(of_unreachable(unreachable)),
        ApiError::Unauthenticated(unauthenticated) => match unauthenticated.rejected {
            // The hint of the reason names them.
            Rejected::ClientCredentials => None,
            Rejected::AccessToken => Some("spec.authentication.tokenUrl and spec.authentication.scope".to_owned()),
            Rejected::Role => None,
        },
        ApiError::Unexpected(unexpected) => Some(address(&unexpected.endpoint).to_owned()),
        ApiError::NotCalled(NotCalled::Outage(error)) => settings(error),
        ApiError::NotCalled(NotCalled::NoClient(_) | NotCalled::OtherPlatform(_) | NotCalled::NotLeader)
        | ApiError::Forbidden
        | ApiError::Throttled { .. }
        | ApiError::Refused(_) => None,
    }
}

fn address(endpoint: &Endpoint) -> &'static str {
    match endpoint.server {
        Server::Api => "spec.endpoint",
        Server::Login => "spec.authentication.tokenUrl",
    }
}

fn of_unreachable(Unreachable { endpoint, failure }: &Unreachable) -> String {
    let (address, ca_bundle) = match endpoint.server {
        Server::Api => (address(endpoint), "spec.caBundle"),
        Server::Login => (address(endpoint), "spec.authentication.caBundle"),
    };
    match failure {
        TransportFailure::TlsUnknownIssuer => ca_bundle.to_owned(),
        TransportFailure::TlsExpired | TransportFailure::TlsNotYetValid | TransportFailure::TlsNotForServers => {
            format!("the certificate of the server that {address} names")
        }
        TransportFailure::TlsWrongName => format!("the host of {address} against the names in its certificate"),
        TransportFailure::TlsNotSpoken => format!("scheme and port of {address}"),
        TransportFailure::Dns
        | TransportFailure::Refused
        | TransportFailure::NoRoute
        | TransportFailure::TimedOut
        | TransportFailure::Closed
        | TransportFailure::TlsOther
        | TransportFailure::Other => address.to_owned(),
    }
}
