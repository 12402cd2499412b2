//! The binary: its help, its ready line and its exit codes.
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use super::contract::DOCUMENT;

fn sandbox(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nimbus-sandbox"));
    command.args(arguments).env_remove("NIMBUS_LOG").env_remove("NIMBUS_LOG_FORMAT");
    command
}

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = sandbox(arguments).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A running process; dropping it kills it.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        // An error means that it has ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Started {
    /// Starts one and returns it with its first line.
    fn new(arguments: &[&str]) -> (Self, Value) {
        let mut child = sandbox(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (Self(child), serde_json::from_str(&line).unwrap())
    }
}

#[test]
fn help_and_version_explain_every_argument() {
    let (code, help, _) = run(&["--help"]);
    assert_eq!(Some(0), code);
    for argument in ["--listen <ADDR>", "--database <FILE|memory>", "--log <FILTER>", "--log-format <FORMAT>"] {
        let (_, rest) = help.split_once(argument).unwrap_or_else(|| panic!("no {argument}: {help}"));
        assert!(rest.lines().nth(1).is_some_and(|line| line.trim().len() > 10), "{argument} is not explained: {help}");
    }
    assert_eq!(format!("nimbus-sandbox {}\n", env!("NIMBUS_VERSION")), run(&["--version"]).1);
}

#[test]
fn exit_code_is_2_for_arguments_and_1_for_failures() {
    let (code, _, text) = run(&["--listen", "nowhere"]);
    assert!(code == Some(2) && text.contains("--listen <ADDR>"), "{code:?} {text}");
    let (code, _, text) = run(&["--log", "a=b="]);
    assert!(code == Some(1) && text.starts_with("error: --log a=b=: "), "{code:?} {text}");
    assert_eq!(1, text.matches("error parsing level filter").count(), "{text}");
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, _, text) = run(&["--listen", &address]);
    let told = format!("error: starting the sandbox on {address}: listening on {address}: ");
    assert!(code == Some(1) && text.starts_with(&told), "{code:?} {text}");
}

#[test]
fn a_listener_beyond_this_machine_is_warned_of() {
    for (listen, warns) in [("127.0.0.1:0", false), ("[::1]:0", false), ("0.0.0.0:0", true)] {
        let mut child = sandbox(&["--listen", listen]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let started = Started(child);
        BufReader::new(stdout).read_line(&mut String::new()).unwrap();
        drop(started);
        let mut log = String::new();
        stderr.read_to_string(&mut log).unwrap();
        assert_eq!(warns, log.contains("WARN") && log.contains("listens beyond this machine"), "{listen}: {log}");
    }
}

#[tokio::test]
async fn the_ready_line_has_working_addresses() {
    let (mut started, ready) = Started::new(&["--listen", "127.0.0.1:0"]);
    let url = ready["url"].as_str().unwrap();
    assert_eq!(json!(format!("{url}/oauth2/v2.0/token")), ready["tokenUrl"]);
    rustls::crypto::ring::default_provider().install_default().ok();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    assert_eq!(200, client.get(format!("{url}/healthz")).send().await.unwrap().status());
    let document = client.get(ready["openapi"].as_str().unwrap()).send().await.unwrap();
    assert_eq!(200, document.status(), "{}", document.url());
    assert_eq!(*DOCUMENT, document.json::<Value>().await.unwrap());

    let pid = started.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    assert_eq!(Some(0), started.0.wait().unwrap().code());
}

#[tokio::test]
async fn with_a_certificate_it_serves_https_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("tls.crt"), folder.path().join("tls.key"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let files = ["--tls-certificate", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let (_started, ready) = Started::new(&[&["--listen", "127.0.0.1:0"][..], &files].concat());
    let url = ready["url"].as_str().unwrap().replace("127.0.0.1", "localhost");
    assert!(url.starts_with("https://localhost:"), "{ready}");

    rustls::crypto::ring::default_provider().install_default().ok();
    let trusted = reqwest::Certificate::from_pem(made.cert.pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder().no_proxy().tls_certs_only([trusted]).build().unwrap();
    // A client that says nothing holds up no other.
    let _silent =
        std::net::TcpStream::connect(("127.0.0.1", url.rsplit(':').next().unwrap().parse().unwrap())).unwrap();
    for _ in 0..2 {
        assert_eq!(200, client.get(format!("{url}/healthz")).send().await.unwrap().status());
    }
    client.get(format!("{}/healthz", url.replace("https", "http"))).send().await.unwrap_err();

    let (code, _, text) = run(&["--tls-key", key.to_str().unwrap()]);
    assert!(code == Some(2) && text.contains("--tls-certificate"), "{text}");
    let swapped = ["--tls-certificate", key.to_str().unwrap(), "--tls-key", certificate.to_str().unwrap()];
    let (code, _, text) = run(&swapped);
    assert!(code == Some(1) && text.contains("reading the certificate"), "{text}");
}
