//! Each server is trusted by the certificates that its own setting has, or by the public ones.

use serde_json::{Value, json};

use super::{edit_platform, says};
use crate::support::env::TestEnv;
use crate::support::fixture::Fixture;
use crate::support::tls::{Authority, Flaw, TlsServer};
use crate::support::wait::PATIENCE;

#[tokio::test(flavor = "multi_thread")]
async fn a_ca_bundle_governs_one_server_only() {
    let fixture = Fixture::new("ca-bundles").await;
    let _operator = fixture.start();
    let plain = fixture.platform.url();
    let (of_endpoint, of_login) = (Authority::new(), Authority::new());
    let endpoint = TlsServer::start(&of_endpoint, Flaw::None, &plain).await;
    let login = TlsServer::start(&of_login, Flaw::None, &plain).await;
    let token_url = format!("{}/oauth2/v2.0/token", login.url);
    let spec = |bundle: Value, login_bundle: Value| {
        json!({
            "endpoint": endpoint.url, "caBundle": bundle,
            "authentication": { "tokenUrl": token_url, "caBundle": login_bundle }
        })
    };
    let (good, good_login) = (json!(of_endpoint.pem), json!(of_login.pem));

    edit_platform(&fixture, spec(good.clone(), good_login.clone())).await;
    says(&fixture, "Connected").await;

    for (what, bundle, login_bundle, names) in [
        ("only the endpoint has a bundle", good.clone(), Value::Null, "spec.authentication.caBundle"),
        ("the log-in has that of the endpoint", good.clone(), good.clone(), "spec.authentication.caBundle"),
        ("only the log-in has a bundle", Value::Null, good_login.clone(), "spec.caBundle"),
        ("the endpoint has that of the log-in", good_login.clone(), good_login.clone(), "spec.caBundle"),
    ] {
        edit_platform(&fixture, spec(bundle, login_bundle)).await;
        let message = says(&fixture, "Unreachable").await;
        assert!(message.contains(&format!("(tls-unknown-issuer); check {names}.")), "{what}: {message}");
    }
    // Each of them in the same list is trusted as well.
    let both = json!(format!("{}{}", of_endpoint.pem, of_login.pem));
    edit_platform(&fixture, spec(both.clone(), both)).await;
    says(&fixture, "Connected").await;

    for (bundles, names) in [
        (spec(json!("no certificate"), good_login), "spec.caBundle"),
        (spec(good, json!("no certificate")), "spec.authentication.caBundle"),
    ] {
        edit_platform(&fixture, bundles).await;
        let message = says(&fixture, "InvalidPlatform").await;
        assert!(message.starts_with(&format!("{names} is not a list of PEM certificates")), "{message}");
    }
}

/// A ConfigMap with an empty file, for example. No Platform's bundle is to blame.
#[tokio::test(flavor = "multi_thread")]
async fn system_without_certificates_ends_the_start() {
    let env = TestEnv::new("no-certificates").await;
    let file = env.control_plane.folder().join("no-certificates.pem");
    std::fs::write(&file, "").unwrap();
    let arguments = ["run", "--namespace", &env.namespace, "--cluster-id", "test", "--instance", &env.instance];
    let arguments = [&arguments[..], &["--operator-namespace", &env.operator_namespace]].concat();
    let operator = env.start_operator(None, &arguments, &[("SSL_CERT_FILE", file.to_str().unwrap())]).unwrap();
    assert_eq!(Some(1), operator.end(PATIENCE).await.unwrap().code());
    let expected =
        "the operator cannot start\n  - the system has no CA certificates that can be used; check the files that";
    assert!(operator.log().contains(expected), "{}", operator.log());
}

/// The image has the public certificates in a file, where the system's are; `SSL_CERT_FILE` names another.
#[tokio::test(flavor = "multi_thread")]
async fn public_certificates_are_those_of_the_system() {
    let fixture = Fixture::new("system-certificates").await;
    let public = Authority::new();
    let endpoint = TlsServer::start(&public, Flaw::None, &fixture.platform.url()).await;
    let file = fixture.env.control_plane.folder().join("public-certificates.pem");
    std::fs::write(&file, &public.pem).unwrap();
    let token_url = format!("{}/oauth2/v2.0/token", endpoint.url);
    edit_platform(&fixture, json!({ "endpoint": endpoint.url, "authentication": { "tokenUrl": token_url } })).await;
    let env = &fixture.env;
    let arguments = ["run", "--namespace", &env.namespace, "--cluster-id", "test", "--instance", &env.instance];
    let arguments = [&arguments[..], &["--operator-namespace", &env.operator_namespace]].concat();

    let operator = env.start_operator(None, &arguments, &[]).unwrap();
    says(&fixture, "Unreachable").await;
    operator.stop().await.unwrap();
    let trusted = [("SSL_CERT_FILE", file.to_str().unwrap())];
    let _operator = env.start_operator(None, &arguments, &trusted).unwrap();
    says(&fixture, "Connected").await;
}
