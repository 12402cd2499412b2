//! Texts that follow from others: what is stored of a token, and ids that are the same each time.
use sha2::{Digest, Sha256};

/// Returns what is stored of a token.
pub(crate) fn hash(token: &str) -> String {
    Sha256::digest(token).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns a GUID that follows from these texts and is another one for other texts.
pub(crate) fn derived_guid(parts: &[&str]) -> String {
    let digest = Sha256::digest(parts.join("\u{1f}"));
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid().to_string()
}
