//! What the log says about a request, collected while the request runs.

/// What is known about a request when it ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    pub client: Option<String>,
    /// The code of a refusal in Microsoft's format.
    pub code: Option<String>,
    pub tenant: Option<String>,
    pub settings_version_before: Option<String>,
    pub settings_version_after: Option<String>,
    pub changed_pointers: Vec<String>,
    /// What the request changed, one of [`EFFECTS`]; `None` if nothing.
    pub effect: Option<&'static str>,
}

/// What a request can change.
pub(crate) const EFFECTS: [&str; 8] = [
    "tenant-created",
    "settings-changed",
    "owner-claimed",
    "owner-released",
    "widget-key-rotated",
    "test-message-sent",
    "token-recorded",
    "deletion-begun",
];
