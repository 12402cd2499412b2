//! Servers that speak TLS, with certificates that are made while a test runs.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use url::Url;

use super::http::install_tls_provider;

/// A certification authority of a test.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// Its certificate, as a `caBundle` has it.
    pub pem: String,
}

/// What is wrong with a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    None,
    Expired,
    NotYetValid,
    /// It is valid for another host.
    WrongName,
    /// It is signed by its own key.
    SelfSigned,
    /// The same, and it calls itself a CA, as `openssl req -x509` makes it.
    SelfSignedCa,
}

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // All have this name: a CA that was renewed has it as well, and another key.
        params.distinguished_name.push(DnType::CommonName, "authority of a test");
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    fn issue(&self, flaw: Flaw) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let name = if flaw == Flaw::WrongName { "elsewhere.example" } else { "127.0.0.1" };
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        match flaw {
            Flaw::Expired => {
                (params.not_before, params.not_after) = (date_time_ymd(2001, 1, 1), date_time_ymd(2002, 1, 1))
            }
            Flaw::NotYetValid => params.not_before = date_time_ymd(3000, 1, 1),
            Flaw::SelfSignedCa => params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained),
            Flaw::None | Flaw::WrongName | Flaw::SelfSigned => {}
        }
        let key = KeyPair::generate().unwrap();
        let certificate = match flaw {
            Flaw::SelfSigned | Flaw::SelfSignedCa => params.self_signed(&key).unwrap(),
            Flaw::None | Flaw::Expired | Flaw::NotYetValid | Flaw::WrongName => {
                params.signed_by(&key, &self.issuer).unwrap()
            }
        };
        (certificate.der().clone(), PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())))
    }
}

/// A server of TLS before one of plain HTTP; it stops with the test.
pub struct TlsServer {
    pub url: String,
    server: JoinHandle<()>,
}

impl TlsServer {
    /// A server with a certificate of this authority, before `upstream`.
    pub async fn start(authority: &Authority, flaw: Flaw, upstream: &str) -> Self {
        install_tls_provider();
        let (certificate, key) = authority.issue(flaw);
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let upstream: Url = upstream.parse().unwrap();
        let upstream = (upstream.host_str().unwrap().to_owned(), upstream.port().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (acceptor, upstream) = (acceptor.clone(), upstream.clone());
                tokio::spawn(async move {
                    // A client that does not trust the certificate hangs up.
                    let Ok(mut client) = acceptor.accept(client).await else { return };
                    let Ok(mut upstream) = TcpStream::connect(&upstream).await else { return };
                    let _ = copy_bidirectional(&mut client, &mut upstream).await;
                });
            }
        });
        Self { url, server }
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.server.abort();
    }
}
