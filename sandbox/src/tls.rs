//! The certificate that the platform shows, from PEM files.
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Reads a certificate, with its chain, and its key.
///
/// *Errors*: a file cannot be read, or the two do not fit.
pub fn server_config(certificate: &Path, key: &Path) -> anyhow::Result<Arc<ServerConfig>> {
    let named = |path: &Path| path.display().to_string();
    let chain = CertificateDer::pem_file_iter(certificate).with_context(|| named(certificate))?;
    let chain = chain.collect::<Result<Vec<_>, _>>().with_context(|| named(certificate))?;
    let key = PrivateKeyDer::from_pem_file(key).with_context(|| named(key))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let config = config.with_no_client_auth().with_single_cert(chain, key).with_context(|| named(certificate))?;
    Ok(Arc::new(config))
}
