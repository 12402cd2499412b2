//! The HTTP server of the process: `/livez`, `/readyz` and `/metrics`.
//!
//! It has a thread and a runtime of its own, so that it answers while the runtime of the operator is stuck, and so that no scrape
//! takes time from a pass. What one client can take is bounded: connections, headers, time; bodies are refused. A new connection is
//! always taken, so that slow clients keep no probe out.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::{Duration, Instant};

use ::http::header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue};
use ::http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Body, Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::Telemetry;
use super::connections::Connections;
use super::health::Check;
use super::metrics::CONTENT_TYPE as OPEN_METRICS;

/// For the head of a request, and between two requests of a connection.
const HEAD: Duration = Duration::from_secs(10);
/// After this a connection ends with the answer under way, and at twice this in any case.
const CONNECTION_LIFE: Duration = Duration::from_secs(60);
/// Bytes of a head.
const HEAD_BYTES: usize = 16 * 1024;
const HEADERS: usize = 64;
/// After the system refused a connection, e.g. for want of file descriptors.
const REFUSED: Duration = Duration::from_millis(100);

/// A server that is not started yet: its address is taken.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

/// A server that runs until this is dropped.
pub struct Serving {
    _stop: oneshot::Sender<()>,
}

impl Server {
    /// Takes an address.
    ///
    /// *Errors*: it cannot be had.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self { address: listener.local_addr()?, listener })
    }

    /// The address, also where the system chose the port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves in a thread.
    ///
    /// *Errors*: there is no thread to be had.
    pub fn start(self, telemetry: Telemetry) -> io::Result<Serving> {
        // One scrape is rendered at a time, apart from the thread that answers probes.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(1).build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let listener = {
            let _inside = runtime.enter();
            tokio::net::TcpListener::from_std(self.listener)?
        };
        std::thread::Builder::new().name("telemetry".to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    () = accept(&listener, &telemetry) => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Serving { _stop: stop })
    }
}

async fn accept(listener: &tokio::net::TcpListener, telemetry: &Telemetry) {
    let mut connections = Connections::default();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                connections.make_room();
                connections.add(peer.ip(), tokio::spawn(serve(stream, telemetry.clone())).abort_handle());
            }
            Err(_) => tokio::time::sleep(REFUSED).await,
        }
    }
}

async fn serve(stream: TcpStream, telemetry: Telemetry) {
    let service = service_fn(move |request: Request<Incoming>| {
        let telemetry = telemetry.clone();
        async move { Ok::<_, Infallible>(respond(&request, &telemetry).await) }
    });
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES).max_headers(HEADERS);
    let connection = server.serve_connection(TokioIo::new(stream), service);
    tokio::pin!(connection);
    let orderly = tokio::time::timeout(CONNECTION_LIFE, connection.as_mut()).await;
    if orderly.is_err() {
        connection.as_mut().graceful_shutdown();
        drop(tokio::time::timeout(CONNECTION_LIFE, connection).await);
    }
}

async fn respond<B: Body>(request: &Request<B>, telemetry: &Telemetry) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    if !["/livez", "/readyz", "/metrics"].contains(&path) {
        return text(StatusCode::NOT_FOUND, "not found\n");
    }
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        let mut refused = text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
        refused.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return close(refused);
    }
    if !request.body().is_end_stream() {
        return close(text(StatusCode::PAYLOAD_TOO_LARGE, "a body is not read\n"));
    }
    let verbose = request.uri().query().into_iter().flat_map(|query| query.split('&')).any(|part| part == "verbose");
    match path {
        "/livez" => probe("livez", &telemetry.health.live(Instant::now()), verbose),
        "/readyz" => probe("readyz", &telemetry.health.ready(), verbose),
        _ => scrape(telemetry).await,
    }
}

async fn scrape(telemetry: &Telemetry) -> Response<Full<Bytes>> {
    let metrics = telemetry.metrics.clone();
    match spawn_blocking(move || metrics.render()).await {
        Ok(rendered) => answer(StatusCode::OK, OPEN_METRICS, rendered),
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be rendered\n"),
    }
}

/// The answer to a probe, in the words of Kubernetes' own; what failed is always named.
fn probe(name: &str, checks: &[Check], verbose: bool) -> Response<Full<Bytes>> {
    let passed = checks.iter().all(|check| check.failure.is_none());
    if passed && !verbose {
        return text(StatusCode::OK, "ok");
    }
    let mut body = String::new();
    for Check { name, failure } in checks {
        body += &match failure {
            None => format!("[+]{name} ok\n"),
            Some(failure) => format!("[-]{name} failed: {failure}\n"),
        };
    }
    body += &format!("{name} check {}\n", if passed { "passed" } else { "failed" });
    text(if passed { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, body)
}

fn close(mut response: Response<Full<Bytes>>) -> Response<Full<Bytes>> {
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn text(status: StatusCode, body: impl Into<String>) -> Response<Full<Bytes>> {
    answer(status, "text/plain; charset=utf-8", body.into())
}

fn answer(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn asked(telemetry: &Telemetry, method: &str, uri: &str, body: &'static str) -> (u16, String) {
        let request = Request::builder().method(method).uri(uri).body(Full::<Bytes>::from(body)).unwrap();
        let response = respond(&request, telemetry).await;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn a_probe_names_what_failed_and_lists_all_when_asked() {
        let telemetry = Telemetry::default();
        let ask = async |uri: &str| asked(&telemetry, "GET", uri, "").await;
        assert_eq!((200, "ok".to_owned()), ask("/livez").await);
        let waits =
            "[-]preflight failed: the start-up checks have not passed yet\n[+]watches ok\nreadyz check failed\n";
        assert_eq!((503, waits.to_owned()), ask("/readyz").await);
        telemetry.health.started(0);
        assert_eq!((200, "ok".to_owned()), ask("/readyz").await);
        let all = "[+]preflight ok\n[+]watches ok\nreadyz check passed\n";
        assert_eq!((200, all.to_owned()), ask("/readyz?verbose").await);
        assert_eq!((200, all.to_owned()), ask("/readyz?timeout=1s&verbose").await);
    }

    #[tokio::test]
    async fn what_is_not_served_is_refused() {
        let telemetry = Telemetry::default();
        for (method, uri, body, expected) in [
            ("GET", "/", "", 404),
            ("GET", "/healthz", "", 404),
            ("GET", "/metrics/", "", 404),
            ("GET", "/debug/pprof", "", 404),
            ("POST", "/livez", "", 405),
            ("PUT", "/metrics", "", 405),
            ("TRACE", "/metrics", "", 405),
            ("GET", "/metrics", "body", 413),
            ("HEAD", "/livez", "", 200),
        ] {
            assert_eq!(expected, asked(&telemetry, method, uri, body).await.0, "{method} {uri}");
        }
    }
}
