//! What a path says about a request.

/// True if the log holds requests to this path.
pub(crate) fn is_logged(path: &str) -> bool {
    path.starts_with("/v1/") || path.starts_with("/oauth2/") || is_microsoft(path)
}

/// True if the path is one of Microsoft's.
pub(crate) fn is_microsoft(path: &str) -> bool {
    ["/login/", "/graph/", "/acs/"].iter().any(|place| path.starts_with(place))
}
