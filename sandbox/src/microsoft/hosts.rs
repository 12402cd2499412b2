//! Microsoft's host names: a request to one of them is routed to `/login`, `/graph` or `/acs`.
use axum::extract::Request;
use axum::http::Uri;
use axum::http::uri::PathAndQuery;

use crate::http::call::Call;

/// The path and query as they were sent, which the signature covers.
#[derive(Clone, Debug)]
pub(crate) struct Sent(pub String);

const LOGIN: &str = "login.microsoftonline.com";
const GRAPH: &str = "graph.microsoft.com";
const ACS: &str = ".communication.azure.com";

/// Returns the path on this platform for the root of a host.
fn place(host: &str) -> Option<String> {
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host).to_ascii_lowercase();
    match host.as_str() {
        LOGIN => Some("/login".to_owned()),
        GRAPH => Some("/graph".to_owned()),
        // The name can be followed by a geography.
        host => host.strip_suffix(ACS).map(|name| format!("/acs/{}", name.split('.').next().unwrap_or_default())),
    }
}

/// Stores the target of a request as it was sent, and rewrites the path of a request to one of Microsoft's hosts.
pub(crate) fn receive(mut request: Request) -> Request {
    let sent = request.uri().path_and_query().map_or("/", PathAndQuery::as_str).to_owned();
    let host = request.headers().get("host").and_then(|host| host.to_str().ok());
    let uri = host.and_then(place).and_then(|place| format!("{place}{sent}").parse::<Uri>().ok());
    if let Some(uri) = uri {
        *request.uri_mut() = uri;
    }
    request.extensions_mut().insert(Sent(sent));
    request
}

/// Returns the base URL of `place` as the caller knows it.
pub(super) fn base(call: &Call, place: &str) -> String {
    let host = call.header("host").unwrap_or("localhost");
    // A client that used a path of this platform gets links to such paths.
    match ["/login/", "/graph/", "/acs/"].iter().any(|ours| call.sent.starts_with(ours)) {
        true => format!("http://{host}{place}"),
        false => format!("https://{host}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_microsoft_have_a_place() {
        let rows = [
            ("graph.microsoft.com", Some("/graph")),
            ("login.microsoftonline.com:443", Some("/login")),
            ("contoso.communication.azure.com", Some("/acs/contoso")),
            ("Contoso.Switzerland.communication.azure.com", Some("/acs/contoso")),
            ("127.0.0.1:8080", None),
            ("communication.azure.com.example", None),
        ];
        for (host, expected) in rows {
            assert_eq!(expected, place(host).as_deref(), "{host}");
        }
    }
}
