//! One way of failing after the other, at the endpoint and at the token endpoint.

use std::time::Duration;

use serde_json::json;
use tokio::net::TcpListener;

use super::{edit_platform, says};
use crate::support::fixture::Fixture;
use crate::support::tls::{Authority, Flaw, TlsServer};

/// An address where nothing listens.
async fn closed_port() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

/// A server that accepts and says nothing, or hangs up.
async fn mute(hangs_up: bool) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut held = vec![];
        while let Ok((connection, _)) = listener.accept().await {
            if !hangs_up {
                held.push(connection);
            }
        }
    });
    url
}

/// The part of a message before the advice.
fn happened(message: &str) -> &str {
    message.split(". What to do: ").next().unwrap_or_default()
}

async fn fixture(name: &str) -> Fixture {
    let mut fixture = Fixture::new(name).await;
    fixture.timing.call = Duration::from_secs(2);
    fixture
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_of_a_connection_names_host_and_setting() {
    let fixture = fixture("connections").await;
    let _operator = fixture.start();
    says(&fixture, "Connected").await;
    let plain = fixture.platform.url();
    let tls_to_plain = plain.replace("http://", "https://");
    for (url, failure, look) in [
        ("https://nothing.invalid".to_owned(), "the name of the host cannot be resolved (dns)", "spec.endpoint"),
        (closed_port().await, "the connection was refused (refused)", "spec.endpoint"),
        (mute(false).await, "no response in time (timeout)", "spec.endpoint"),
        (mute(true).await, "lost the connection (closed)", "spec.endpoint"),
        (tls_to_plain, "the server does not speak TLS (tls-not-spoken)", "scheme and port of spec.endpoint"),
    ] {
        edit_platform(&fixture, json!({ "endpoint": url })).await;
        let message = says(&fixture, "Unreachable").await;
        assert_eq!(format!("Cannot reach {url}: {failure}; check {look}"), happened(&message));
    }
    edit_platform(&fixture, json!({ "endpoint": plain })).await;
    says(&fixture, "Connected").await;
    // The same of the log-in: a token is asked for again by a client for another address.
    let url = format!("{}/token", closed_port().await);
    edit_platform(&fixture, json!({ "authentication": { "tokenUrl": url } })).await;
    let expected =
        format!("Cannot reach {url}: the connection was refused (refused); check spec.authentication.tokenUrl");
    assert_eq!(expected, happened(&says(&fixture, "Unreachable").await));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_of_tls_names_host_and_setting() {
    let fixture = fixture("tls").await;
    let _operator = fixture.start();
    let (plain, authority) = (fixture.platform.url(), Authority::new());
    for (flaw, failure, look) in [
        (
            Flaw::SelfSigned,
            "the certificate was issued by a CA that is not trusted (tls-unknown-issuer)",
            "spec.caBundle",
        ),
        (
            Flaw::SelfSignedCa,
            "the certificate is not one of a server (tls-not-for-servers)",
            "the certificate of the server that spec.endpoint names",
        ),
        (
            Flaw::Expired,
            "the certificate has expired (tls-expired)",
            "the certificate of the server that spec.endpoint names",
        ),
        (
            Flaw::NotYetValid,
            "the certificate is not valid yet, or a clock is wrong (tls-not-yet-valid)",
            "the certificate of the server that spec.endpoint names",
        ),
        (
            Flaw::WrongName,
            "the certificate is not valid for the name of the host (tls-wrong-name)",
            "the host of spec.endpoint against the names in its certificate",
        ),
    ] {
        let server = TlsServer::start(&authority, flaw, &plain).await;
        edit_platform(&fixture, json!({ "endpoint": server.url, "caBundle": authority.pem })).await;
        let message = says(&fixture, "Unreachable").await;
        assert_eq!(format!("Cannot reach {}: {failure}; check {look}", server.url), happened(&message), "{flaw:?}");
    }
}

/// The token endpoint answers, and not as one does.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_cannot_be_read_blames_the_token_url() {
    let fixture = fixture("tokens").await;
    let _operator = fixture.start();
    says(&fixture, "Connected").await;
    // The admin API itself, which knows no such token endpoint.
    let url = format!("{}/v1/capabilities", fixture.platform.url());
    edit_platform(&fixture, json!({ "authentication": { "tokenUrl": url } })).await;
    let message = says(&fixture, "UnexpectedAnswer").await;
    assert!(happened(&message).ends_with("; check spec.authentication.tokenUrl"), "{message}");
    assert!(happened(&message).contains(&url), "{message}");
}
