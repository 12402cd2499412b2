//! The reference platform: the admin API of Nimbus tenants on SQLite, and the world around it under `/sandbox`.
//!
//! For demos, tests and benchmarks. It validates JSON by a table of its own (`model/rows.rs`) and shares nothing with the
//! client of the admin API, so that a mistake on either side is found. [`openapi()`] is the contract of both.
//!
//! ```text
//! server     from a request on HTTP to its operation, and back: faults, transaction, log
//! contract   routes, schemas, and the OpenAPI document that is made from them
//! api        the admin API: tokens, tenants, owner stamps, lists, triggers
//! world      people, services, tasks, the script, the clock, planted faults: all that acts on the platform
//! microsoft  Entra, Graph and ACS Identity in their wire formats
//! http       one request and its answer
//! tls        the certificate of the server
//! model      tenants: the table of settings, the rules for writes, the derived runtime, the database
//! ```
//!
//! Allowed dependencies: `http → model`; `microsoft → http, model`; `world → microsoft, http, model`; `api → world` and what that
//! uses; `contract → api` and what that uses; `server` uses everything, and nothing uses it. `tls` uses nothing.
//!
//! Three OAuth clients exist from the start: `system` with secret `system-secret`, `partner` with `partner-secret`
//! (partner `northwind`) and `tenant` with `tenant-secret`, which has access to no tenant until
//! `PUT /sandbox/clients` grants some. Tokens expire after an hour of the virtual clock. `/sandbox` needs no token. It answers
//! only this machine, under a loopback name, and takes only JSON.
use std::future::IntoFuture;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::ServiceExt;
use axum::extract::Request;
use rustls::ServerConfig;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::Layer;
use tower::util::MapRequestLayer;

mod api;
mod contract;
mod http;
mod microsoft;
mod model;
mod server;
pub mod tls;
mod world;

use http::connection::{CuttableListener, Peer};
pub use model::store::Database;
use model::store::Store;
use server::platform::Platform;

/// How to start the platform.
#[derive(Clone, Debug)]
pub struct Options {
    /// The address to listen on; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where the platform keeps its state.
    pub database: Database,
}

/// Why the platform did not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database cannot be opened.
    #[error("opening the sandbox database")]
    Database(#[source] sqlx::Error),
    /// The address cannot be listened on.
    #[error("listening on {address}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// The error of the system.
        source: std::io::Error,
    },
}

/// A running platform; dropping it stops it without waiting.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    scheme: &'static str,
    stopping: CancellationToken,
    server: Option<JoinHandle<()>>,
}

impl Running {
    /// Returns the base URL, without a slash at its end.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Returns the address that the platform listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers the current requests, stops the platform and closes the database.
    pub async fn stop(mut self) {
        self.stopping.cancel();
        if let Some(server) = self.server.take() {
            // An error says that the task panicked; it has ended in any case.
            server.await.ok();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stopping.cancel();
    }
}

/// Returns the admin API as an OpenAPI 3.1 document.
pub fn openapi() -> serde_json::Value {
    contract::document::document()
}

/// Starts the platform on the current runtime.
///
/// *Errors*: the database cannot be opened, or the address is not available. *Guarantees*: the platform answers when this returns.
pub async fn start(options: Options) -> Result<Running, Error> {
    serve(options, None).await
}

/// The same in TLS, for clients on other machines: plain http is for loopback addresses only.
///
/// *Errors*: as [`start`].
pub async fn start_tls(options: Options, config: Arc<ServerConfig>) -> Result<Running, Error> {
    serve(options, Some(config)).await
}

async fn serve(options: Options, tls: Option<Arc<ServerConfig>>) -> Result<Running, Error> {
    let store = Store::open(&options.database, &[model::schema::SCHEMA, microsoft::schema::SCHEMA])
        .await
        .map_err(Error::Database)?;
    let listen_error = |source| Error::Listen { address: options.listen, source };
    let listener = TcpListener::bind(options.listen).await.map_err(listen_error)?;
    let address = listener.local_addr().map_err(listen_error)?;
    if !address.ip().to_canonical().is_loopback() {
        tracing::warn!(%address, "the sandbox listens beyond this machine: its secrets are published, so anybody who reaches it is an administrator");
    }
    let stopping = CancellationToken::new();
    let platform = Arc::new(Platform::new(store, stopping.clone()));
    let service = MapRequestLayer::new(microsoft::hosts::receive).layer(server::router::router(&platform));
    let service = ServiceExt::<Request>::into_make_service_with_connect_info::<Peer>(service);
    let scheme = if tls.is_some() { "https" } else { "http" };
    let listener = CuttableListener { listener, acceptor: tls.map(TlsAcceptor::from) };
    let server = axum::serve(listener, service).with_graceful_shutdown(stopping.clone().cancelled_owned());
    let server = tokio::spawn(async move {
        // Serving ends only by the shutdown above.
        server.into_future().await.ok();
        platform.running.close();
        platform.running.wait().await;
        platform.store.close().await;
    });
    Ok(Running { address, scheme, stopping, server: Some(server) })
}
