//! Hashes of tokens, and ids that are derived from texts.
use sha2::{Digest, Sha256};

/// Returns the hash that is stored instead of a token.
pub(crate) fn hash(token: &str) -> String {
    Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns a GUID that is derived from these texts: equal texts give an equal GUID.
pub(crate) fn derived_guid(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\u{1f}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}
