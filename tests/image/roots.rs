//! The CA certificates of the image: those of Mozilla, from a crate, so that `Cargo.lock` pins them.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// Where programs look for them.
pub const PATH: &str = "etc/ssl/certs/ca-certificates.crt";

/// All certificates as PEM.
pub fn bundle() -> String {
    webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(|certificate| pem(certificate)).collect()
}

fn pem(certificate: &[u8]) -> String {
    let encoded = BASE64_STANDARD.encode(certificate);
    let lines: Vec<&str> = encoded.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}
