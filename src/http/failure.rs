//! How an exchange fails: a closed list, read from the types of the errors below the library's own. Their texts are never read:
//! they differ by system, and may hold what a server says.

use std::error::Error;
use std::{fmt, io};

use rustls::CertificateError;

use super::resolver::NotResolved;

/// How an exchange failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportFailure {
    /// The name of the host has no address.
    Dns,
    /// Nothing listens at the port.
    Refused,
    /// The network does not lead there.
    NoRoute,
    /// There was no response within the deadline.
    TimedOut,
    /// The connection ended before the response did.
    Closed,
    /// The certificate was issued by a CA that is not trusted, or by itself.
    TlsUnknownIssuer,
    /// The certificate has expired.
    TlsExpired,
    /// The certificate is not valid yet, or a clock is wrong.
    TlsNotYetValid,
    /// The certificate is of another host.
    TlsWrongName,
    /// The certificate is that of a CA, or for another purpose.
    TlsNotForServers,
    /// What answers does not speak TLS.
    TlsNotSpoken,
    /// TLS failed in another way.
    TlsOther,
    /// No connection was made, for a reason that has no type.
    Other,
}

impl TransportFailure {
    /// The failure in one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Refused => "refused",
            Self::NoRoute => "no-route",
            Self::TimedOut => "timeout",
            Self::Closed => "closed",
            Self::TlsUnknownIssuer => "tls-unknown-issuer",
            Self::TlsExpired => "tls-expired",
            Self::TlsNotYetValid => "tls-not-yet-valid",
            Self::TlsWrongName => "tls-wrong-name",
            Self::TlsNotForServers => "tls-not-for-servers",
            Self::TlsNotSpoken => "tls-not-spoken",
            Self::TlsOther => "tls-other",
            Self::Other => "other",
        }
    }

    /// What failed, from the library's error.
    pub(super) fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::TimedOut;
        }
        let found = causes(error).find_map(tls_or_name).or_else(|| causes(error).find_map(connection));
        found.unwrap_or(if error.is_connect() { Self::Other } else { Self::Closed })
    }
}

impl fmt::Display for TransportFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dns => "the name of the host cannot be resolved",
            Self::Refused => "the connection was refused",
            Self::NoRoute => "there is no route to the host",
            Self::TimedOut => "no response in time",
            Self::Closed => "lost the connection",
            Self::TlsUnknownIssuer => "the certificate was issued by a CA that is not trusted",
            Self::TlsExpired => "the certificate has expired",
            Self::TlsNotYetValid => "the certificate is not valid yet, or a clock is wrong",
            Self::TlsWrongName => "the certificate is not valid for the name of the host",
            Self::TlsNotForServers => "the certificate is not one of a server",
            Self::TlsNotSpoken => "the server does not speak TLS",
            Self::TlsOther => "TLS cannot be negotiated",
            Self::Other => "no connection was made",
        })
    }
}

/// An error and what is below it.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| below(*error))
}

/// An `io::Error` skips the error that it holds when it is asked for its source.
fn below<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|inner| inner as &(dyn Error + 'static)),
        None => error.source(),
    }
}

fn tls_or_name(error: &(dyn Error + 'static)) -> Option<TransportFailure> {
    if error.is::<NotResolved>() {
        return Some(TransportFailure::Dns);
    }
    error.downcast_ref::<rustls::Error>().map(tls)
}

/// Both enums of rustls may grow, so they need a last arm.
fn tls(error: &rustls::Error) -> TransportFailure {
    match error {
        rustls::Error::InvalidCertificate(problem) => certificate(problem),
        // The first bytes are no record of TLS.
        rustls::Error::InvalidMessage(_) => TransportFailure::TlsNotSpoken,
        _ => TransportFailure::TlsOther,
    }
}

fn certificate(problem: &CertificateError) -> TransportFailure {
    match problem {
        // The signature of a CA that has the name of a trusted one and another key, as after a CA was renewed.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => TransportFailure::TlsUnknownIssuer,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TransportFailure::TlsExpired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => TransportFailure::TlsNotYetValid,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TransportFailure::TlsWrongName
        }
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            TransportFailure::TlsNotForServers
        }
        CertificateError::Other(other) if matches!(other.0.downcast_ref(), Some(webpki::Error::CaUsedAsEndEntity)) => {
            TransportFailure::TlsNotForServers
        }
        _ => TransportFailure::TlsOther,
    }
}

fn connection(error: &(dyn Error + 'static)) -> Option<TransportFailure> {
    match error.downcast_ref::<io::Error>()?.kind() {
        io::ErrorKind::ConnectionRefused => Some(TransportFailure::Refused),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::AddrNotAvailable => {
            Some(TransportFailure::NoRoute)
        }
        io::ErrorKind::TimedOut => Some(TransportFailure::TimedOut),
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => Some(TransportFailure::Closed),
        _ => None,
    }
}
