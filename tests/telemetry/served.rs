//! The server as users run it.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use nimbus_operator::telemetry::Telemetry;
use nimbus_operator::telemetry::server::Server;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::env::TestEnv;
use crate::support::fixture::Fixture;
use crate::support::openmetrics::Scrape;
use crate::support::operator::OperatorProcess;
use crate::support::wait::{PATIENCE, until};

const LISTEN: [&str; 2] = ["--listen", "127.0.0.1:0"];

/// The arguments of an operator of this test.
fn arguments<'e>(env: &'e TestEnv<'_>) -> Vec<&'e str> {
    let namespaces = ["--namespace", &env.namespace, "--operator-namespace", &env.operator_namespace];
    [&["run", "--cluster-id", "test", "--instance", &env.instance][..], &namespaces].concat()
}

/// Sends a request as it stands and returns the whole answer.
async fn raw(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = vec![];
    // An error means that the server closed the connection, which is an answer, too.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

/// The probes of a start that waits say so; then it is ready, and its metrics are OpenMetrics.
#[tokio::test(flavor = "multi_thread")]
async fn probes_tell_a_start_that_waits_from_one_that_is_done() {
    let env = TestEnv::new("probed-start").await;
    let path = env.control_plane.folder().join(format!("{}-waits.kubeconfig", env.instance));
    let closed = format!("https://{}", TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap());
    env.control_plane.write_kubeconfig(&[&env.operator_user], &closed, &path).unwrap();
    let all = [&arguments(&env)[..], &LISTEN].concat();
    let waiting = OperatorProcess::start(&path, &all, &[]).unwrap();
    assert_eq!((200, "ok".to_owned()), waiting.ask("/livez").await, "a new process would not help");
    let (status, said) = waiting.ask("/readyz").await;
    assert!(status == 503 && said.contains("[-]preflight failed: the start-up checks"), "{said}");
    drop(waiting);

    let operator = env.start_operator(None, &all, &[]).unwrap();
    until("it is ready", PATIENCE, async || match operator.ask("/readyz").await {
        (200, said) if said == "ok" => Ok(()),
        (status, said) => Err(format!("{status} {said}")),
    })
    .await;
    let (_, said) = operator.ask("/readyz?verbose").await;
    for check in ["preflight", "watch-Platform", "watch-Partner", &format!("watch-Tenant-{}", env.namespace)] {
        assert!(said.contains(&format!("[+]{check} ok\n")), "{check} in {said}");
    }
    let (status, said) = operator.ask("/livez?verbose").await;
    assert!(status == 200 && said.contains("[+]loop ok\n") && said.contains("[+]watch-Platform ok\n"), "{said}");
    let answer = reqwest::get(format!("http://{}/metrics", operator.served().await)).await.unwrap();
    let media = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert_eq!("application/openmetrics-text; version=1.0.0; charset=utf-8", media);
    Scrape::read(&answer.text().await.unwrap()).unwrap();
    assert!(operator.stop().await.unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn port_in_use_ends_the_start_before_anything_is_asked() {
    let env = TestEnv::new("port-in-use").await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mark = env.audit().mark().await.unwrap();
    let all = [&arguments(&env)[..], &["--listen", &address]].concat();
    let operator = env.start_operator(None, &all, &[]).unwrap();
    assert_eq!(Some(1), operator.end(PATIENCE).await.unwrap().code());
    let expected = format!("error: --listen {address}: cannot listen on this address: Address already in use");
    assert!(operator.log().contains(&expected), "{}", operator.log());
    let asked = env.audit().requests(&env.operator_user, mark).await.unwrap();
    assert!(asked.is_empty(), "{asked:?}");
}

/// What one client can take is bounded, and only what is documented is served.
#[tokio::test(flavor = "multi_thread")]
async fn server_refuses_what_is_not_a_probe_or_a_scrape() {
    let server = Server::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = server.address();
    let serving = server.start(Telemetry::default()).unwrap();
    let head = "Host: x\r\nConnection: close\r\n";
    for (request, expected) in [
        (format!("GET /livez HTTP/1.1\r\n{head}\r\n"), "HTTP/1.1 200 OK"),
        (format!("GET /readyz HTTP/1.1\r\n{head}\r\n"), "HTTP/1.1 503 Service Unavailable"),
        (format!("GET / HTTP/1.1\r\n{head}\r\n"), "HTTP/1.1 404 Not Found"),
        (format!("DELETE /metrics HTTP/1.1\r\n{head}\r\n"), "HTTP/1.1 405 Method Not Allowed"),
        (format!("GET /livez HTTP/1.1\r\n{head}Content-Length: 9\r\n\r\n"), "HTTP/1.1 413 Payload Too Large"),
        (format!("GET /livez HTTP/1.1\r\n{head}Transfer-Encoding: chunked\r\n\r\n"), "HTTP/1.1 413 Payload Too Large"),
        (format!("GET /livez HTTP/1.1\r\n{head}X: {}\r\n\r\n", "x".repeat(64 * 1024)), "HTTP/1.1 431"),
        (format!("GET /livez HTTP/1.1\r\n{head}{}\r\n", "X: x\r\n".repeat(200)), "HTTP/1.1 431"),
        (format!("GET /{} HTTP/1.1\r\n{head}\r\n", "x".repeat(64 * 1024)), "HTTP/1.1 4"),
        ("not HTTP at all\r\n\r\n".to_owned(), "HTTP/1.1 400 Bad Request"),
    ] {
        let answer = raw(address, &request).await;
        let start: String = request.chars().take(60).collect();
        assert!(answer.starts_with(expected), "{start:?}: {answer}");
    }
    let answer = raw(address, &format!("HEAD /livez HTTP/1.1\r\n{head}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK") && answer.ends_with("\r\n\r\n"), "{answer}");
    let answer = raw(address, &format!("POST /metrics HTTP/1.1\r\n{head}Content-Length: 0\r\n\r\n")).await;
    assert!(answer.contains("allow: GET, HEAD\r\n"), "{answer}");
    drop(serving);
    until("it ended", PATIENCE, async || match TcpStream::connect(address).await {
        Err(_) => Ok(()),
        Ok(_) => Err("it still listens"),
    })
    .await;
}

/// As many as a client in the network of pods can open, with nothing sent or a part of a request.
#[tokio::test(flavor = "multi_thread")]
async fn slow_connections_keep_no_probe_out() {
    let server = Server::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = server.address();
    let _serving = server.start(Telemetry::default()).unwrap();
    let mut slow = vec![];
    for part in ["", "GET /livez HTTP/1.1\r\nHost: x\r\n"].iter().cycle().take(200) {
        let mut stream = TcpStream::connect(address).await.unwrap();
        // An error means that it was closed already.
        let _ = stream.write_all(part.as_bytes()).await;
        slow.push(stream);
    }
    for path in ["/livez", "/readyz", "/metrics"] {
        let probe = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        // As long as the chart's probes wait.
        let answer = tokio::time::timeout(Duration::from_secs(5), raw(address, &probe)).await.expect(path);
        assert!(answer.starts_with("HTTP/1.1 "), "{path}: {answer}");
    }
    drop(slow);
}

/// The runtime of the operator is stuck: the server has one of its own, and says so.
#[test]
fn stuck_operator_still_answers_its_probes() {
    let telemetry = Telemetry::default();
    let server = Server::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = server.address();
    let stuck = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Started in the runtime that is never polled again.
    let _serving = stuck.block_on(async { server.start(telemetry.clone()).unwrap() });
    let other = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answer = other.block_on(raw(address, "GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn log_filter_follows_a_file_while_it_runs() {
    let fixture = Fixture::new("log-filter").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("filter");
    let all =
        [&["--log", "warn"][..], &arguments(&fixture.env), &["--log-filter-file", file.to_str().unwrap()]].concat();
    let operator = fixture.env.start_operator(None, &all, &[]).unwrap();
    fixture.connected().await;
    assert!(!operator.log().contains("operator started"), "{}", operator.log());
    std::fs::write(&file, "nimbus_operator=info").unwrap();
    let said = async |words: &str| {
        until(words, PATIENCE, async || if operator.log().contains(words) { Ok(()) } else { Err(operator.log()) })
            .await;
    };
    said("the log filter changed").await;
    fixture.patch_platform(serde_json::json!({ "spec": { "support": { "website": "https://example.com" } } })).await;
    said("status written").await;
    std::fs::write(&file, "nimbus_operator=loud").unwrap();
    said("the log filter of the file cannot be read").await;
    assert!(operator.stop().await.unwrap().success());
}
