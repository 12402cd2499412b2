//! The HTTP client of the harness: loopback only, no proxy, no redirects, only the given root certificates.

use anyhow::{Context, Result};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};

/// Returns a client that trusts only the certificates in `ca` (PEM).
pub fn client(ca: Option<&str>) -> Result<Client> {
    install_tls_provider();
    let roots = match ca {
        Some(pem) => Certificate::from_pem_bundle(pem.as_bytes()).context("reading the CA")?,
        None => Vec::new(),
    };
    Client::builder()
        .no_proxy()
        .redirect(Policy::none())
        .tls_certs_only(roots)
        .build()
        .context("building an HTTP client")
}

/// reqwest is built without a TLS provider and panics if none is installed.
pub fn install_tls_provider() {
    // An error means that another test has installed one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
