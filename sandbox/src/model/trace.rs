//! What the log will say about a request, gathered while it is carried out.

/// What a request turned out to be about.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace {
    pub client: Option<String>,
    /// The code of a refusal that is not ours.
    pub code: Option<String>,
    pub tenant: Option<String>,
    pub settings_version_before: Option<String>,
    pub settings_version_after: Option<String>,
    pub changed_pointers: Vec<String>,
    /// What the request did, one of [`EFFECTS`]; nothing if it found everything as it was.
    pub effect: Option<&'static str>,
}

/// What a request can do to the platform.
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
