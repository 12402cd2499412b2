//! Tokens: what is requested, how long one is used, and how a rejection is interpreted.

use std::time::Duration;

use futures::future::join_all;
use nimbus_operator::microsoft::{CallError, Credential, Defect, LoginProblem};
use serde_json::json;
use url::form_urlencoded;
use uuid::Uuid;

use super::stub::{CLIENT, ENTRA, OTHER_TENANT, Reply, SECRET, Stub, TENANT, token, token_call, unexpected};

const CALL: &str = "GET /v1.0/users";

/// A stub with one call that needs a token.
async fn stub() -> Stub {
    let stub = Stub::start().await;
    stub.on(CALL, [Reply::json(200, json!({ "@odata.count": 3, "value": [] }))]);
    stub
}

fn form(body: &str) -> Vec<(String, String)> {
    let mut form: Vec<_> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    form.sort();
    form
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

async fn call(stub: &Stub, graph: &nimbus_operator::microsoft::Graph, tenant: Uuid) -> Result<u64, CallError> {
    let before = stub.calls().len();
    let outcome = graph.hits(tenant, &nimbus_operator::microsoft::Filter::default()).await;
    assert!(outcome.is_err() || stub.calls().len() > before);
    outcome
}

#[tokio::test]
async fn secret_is_sent_as_a_form() {
    let stub = stub().await;
    assert_eq!(Ok(3), call(&stub, &stub.graph(), TENANT).await);
    let seen = &stub.seen()[0];
    assert_eq!(token_call(TENANT), seen.call);
    assert_eq!("application/x-www-form-urlencoded", seen.headers["content-type"]);
    let scope = format!("{}.default", stub.url);
    let client = CLIENT.to_string();
    let expected = [
        ("client_id", client.as_str()),
        ("client_secret", SECRET),
        ("grant_type", "client_credentials"),
        ("scope", &scope),
    ];
    assert_eq!(pairs(&expected), form(&seen.body));
    assert_eq!("Bearer T1", stub.seen()[1].headers["authorization"]);
}

#[tokio::test]
async fn federated_token_is_read_at_each_login() {
    let stub = stub().await;
    stub.on(&token_call(TENANT), [token("T1", 0)]);
    let file = tempfile::NamedTempFile::new().unwrap();
    let graph = stub.graph_by(Credential::FederatedTokenFile(file.path().into()), super::stub::DEADLINE);
    for assertion in ["first.jwt", "second.jwt"] {
        std::fs::write(file.path(), assertion).unwrap();
        assert_eq!(Ok(3), call(&stub, &graph, TENANT).await);
    }
    let log_ins: Vec<_> = stub.seen().into_iter().filter(|seen| seen.call == token_call(TENANT)).collect();
    assert_eq!(2, log_ins.len());
    for (seen, assertion) in log_ins.iter().zip(["first.jwt", "second.jwt"]) {
        let form = form(&seen.body);
        assert!(form.contains(&("client_assertion".to_owned(), assertion.to_owned())), "{form:?}");
        let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer".to_owned();
        assert!(form.contains(&("client_assertion_type".to_owned(), kind)), "{form:?}");
        assert!(!form.iter().any(|(name, _)| name == "client_secret"), "{form:?}");
    }
}

#[tokio::test]
async fn token_is_cached_per_tenant() {
    let stub = stub().await;
    stub.on(&token_call(OTHER_TENANT), [token("T2", 3599)]);
    let graph = stub.graph();
    for tenant in [TENANT, OTHER_TENANT, TENANT, OTHER_TENANT] {
        assert_eq!(Ok(3), call(&stub, &graph, tenant).await);
    }
    assert_eq!(2, stub.log_ins());
    let used: Vec<_> = stub.seen().into_iter().filter(|seen| seen.call == CALL).collect();
    let used: Vec<_> = used.iter().map(|seen| seen.headers["authorization"].to_str().unwrap()).collect();
    assert_eq!(["Bearer T1", "Bearer T2", "Bearer T1", "Bearer T2"], *used);
}

#[tokio::test]
async fn concurrent_checks_share_one_login() {
    let stub = stub().await;
    let graph = stub.graph();
    let outcomes = join_all((0..20).map(|_| call(&stub, &graph, TENANT))).await;
    assert!(outcomes.iter().all(|outcome| outcome == &Ok(3)), "{outcomes:?}");
    assert_eq!(1, stub.log_ins());
}

#[tokio::test]
async fn rejected_token_is_replaced_once() {
    let stub = stub().await;
    let refused = Reply::error(401, "InvalidAuthenticationToken");
    stub.on(&token_call(TENANT), [token("T1", 3599), token("T2", 3599)]);
    stub.on(CALL, [refused.clone(), Reply::json(200, json!({ "@odata.count": 3, "value": [] }))]);
    let graph = stub.graph();
    assert_eq!(Ok(3), call(&stub, &graph, TENANT).await);
    assert_eq!((2, 2), (stub.log_ins(), stub.calls().len()));
    stub.on(CALL, [refused]);
    let expected = Err(CallError::Unauthenticated(LoginProblem::AccessToken));
    assert_eq!(expected, call(&stub, &graph, TENANT).await);
    assert_eq!((3, 4), (stub.log_ins(), stub.calls().len()), "and then it is believed");
}

#[tokio::test]
async fn login_errors_are_distinguished() {
    let stub = stub().await;
    let credentials = CallError::Unauthenticated(LoginProblem::Credential);
    let request = CallError::Unauthenticated(LoginProblem::Request);
    let odd = |status| unexpected(ENTRA, status, Defect::Undocumented);
    let refusal = |status, error| {
        let body = json!({ "error": error, "error_description": "AADSTS90002: SECRET prose", "error_codes": [90002] });
        Reply::json(status, body)
    };
    for (reply, expected) in [
        (refusal(401, "invalid_client"), credentials),
        (Reply::json(401, json!({ "error": "invalid_client", "error_codes": [7_000_229] })), CallError::NotConsented),
        (refusal(400, "unauthorized_client"), CallError::NotConsented),
        (refusal(400, "invalid_request"), request),
        (refusal(400, "something_new"), odd(400)),
        (Reply::text(403, "text/html", "<html>proxy</html>"), odd(403)),
        (Reply::json(404, json!({})), odd(404)),
        (Reply::json(302, json!({})).header("location", "https://elsewhere.example/"), odd(302)),
        (Reply::json(200, json!({ "token": "T1" })), unexpected(ENTRA, 200, Defect::Malformed)),
        (
            Reply::json(429, json!({})).header("retry-after", "17"),
            CallError::Throttled { after: Duration::from_secs(17) },
        ),
        (Reply::json(503, json!({})), odd(503)),
    ] {
        stub.on(&token_call(TENANT), [reply]);
        assert_eq!(Err(expected), call(&stub, &stub.graph(), TENANT).await);
    }
    assert_eq!(Vec::<String>::new(), stub.calls(), "nothing is asked without a token");
}
