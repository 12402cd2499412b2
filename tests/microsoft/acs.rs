//! The check of a connection string: the signed request is the one that is sent, and nothing is left behind.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use nimbus_operator::microsoft::acs::ConnectionStringCheck;
use nimbus_operator::microsoft::{AcsProblem, CallError, CheckReason, Defect, Judgment, verdict};
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use uuid::{Uuid, uuid};

use super::stub::{ACS, DEADLINE, Received, Reply, Stub, unexpected};
use crate::support::wait::{PATIENCE, until};

const RESOURCE: Uuid = uuid!("2f6a1f0e-7c1b-4b0e-9a55-0d6c1a3b5e77");
const IDENTITY: &str = "8:acs:2f6a1f0e-7c1b-4b0e-9a55-0d6c1a3b5e77_00000017-3d5e-4a1f-8b2c-a1b2c3d4e5f6";
const KEY: &str = "c2VjcmV0LW9mLXRoZS1mYWtlLXJlc291cmNlLTAxMjM0NTY3ODk=";
const CREATE: &str = "POST /identities";
const DELETE: &str =
    "DELETE /identities/8%3Aacs%3A2f6a1f0e-7c1b-4b0e-9a55-0d6c1a3b5e77_00000017-3d5e-4a1f-8b2c-a1b2c3d4e5f6";

fn connection_string(stub: &Stub) -> SecretString {
    format!("endpoint={};accesskey={KEY}", stub.url).into()
}

fn created(access_token: Value) -> Reply {
    Reply::json(201, json!({ "identity": { "id": IDENTITY }, "accessToken": access_token }))
}

fn a_token() -> Value {
    json!({ "token": "eyJhbGciOiJSUzI1NiJ9.e30.c2ln", "expiresOn": "2026-11-24T21:30:00.0000000+00:00" })
}

/// A resource that works.
async fn stub() -> Stub {
    let stub = Stub::start().await;
    stub.on(CREATE, [created(a_token())]);
    stub.on(DELETE, [Reply::text(204, "text/plain", "")]);
    stub
}

/// Verifies a signature as the service does: from the received request.
fn is_signed(seen: &Received) -> bool {
    let header = |name: &str| seen.headers[name].to_str().unwrap();
    let content_hash = STANDARD.encode(Sha256::digest(&seen.body));
    let (method, path) = seen.call.split_once(' ').unwrap();
    let text = format!("{method}\n{path}?{}\n{};{};{content_hash}", seen.query, header("x-ms-date"), header("host"));
    let mut mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(KEY).unwrap()).unwrap();
    mac.update(text.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    let expected = format!("HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}");
    header("x-ms-content-sha256") == content_hash && header("authorization") == expected
}

#[tokio::test]
async fn identity_is_created_and_deleted() {
    let stub = stub().await;
    let checked = stub.acs().check(&connection_string(&stub)).await;
    assert_eq!(Ok(ConnectionStringCheck { token: true, resource: Some(RESOURCE), left_behind: false }), checked);
    assert_eq!([CREATE, DELETE], *stub.calls());
    let seen = stub.seen();
    assert!(seen.iter().all(|seen| seen.query == "api-version=2023-10-01"), "{seen:?}");
    let body: Value = serde_json::from_str(&seen[0].body).unwrap();
    assert_eq!(json!({ "createTokenWithScopes": ["chat"], "expiresInMinutes": 60 }), body);
    assert_eq!("application/json", seen[0].headers["content-type"]);
    assert_eq!("", seen[1].body);
}

#[tokio::test]
async fn signed_request_equals_sent_request() {
    let stub = stub().await;
    stub.acs().check(&connection_string(&stub)).await.unwrap();
    let seen = stub.seen();
    assert_eq!(2, seen.len());
    for seen in seen {
        assert!(is_signed(&seen), "{seen:?}");
        let date = seen.headers["x-ms-date"].to_str().unwrap();
        assert!(date.ends_with(" GMT") && date.len() == 29, "{date}");
        assert!(!format!("{seen:?}").contains(KEY), "the key is never sent");
    }
}

#[tokio::test]
async fn every_connection_string_spelling_is_parsed() {
    let stub = stub().await;
    let bare = stub.url.as_str().trim_end_matches('/');
    for text in [
        format!("endpoint={bare};accesskey={KEY}"),
        format!("endpoint={bare}/;accesskey={KEY};"),
        format!("AccessKey={KEY};Endpoint={bare}/"),
    ] {
        assert!(stub.acs().check(&text.clone().into()).await.is_ok(), "{text}");
    }
    assert!(stub.seen().iter().all(is_signed));
}

#[tokio::test]
async fn identity_without_token_is_deleted() {
    for access_token in
        [Value::Null, json!({}), json!("x"), json!({ "token": "" }), json!({ "token": 7, "expiresOn": 7 })]
    {
        let stub = stub().await;
        stub.on(CREATE, [created(access_token.clone())]);
        let checked = stub.acs().check(&connection_string(&stub)).await;
        assert_eq!(
            Ok(ConnectionStringCheck { token: false, resource: Some(RESOURCE), left_behind: false }),
            checked,
            "{access_token}"
        );
        assert_eq!([CREATE, DELETE], *stub.calls());
        assert_eq!(CheckReason::InsufficientPermissions, verdict::connection_string(&checked, None).reason);
    }
}

#[tokio::test]
async fn identity_is_deleted_after_cancellation() {
    let stub = stub().await;
    let answer = Arc::new(Notify::new());
    stub.on(CREATE, [created(a_token()).held(&answer)]);
    let (acs, text) = (stub.acs(), connection_string(&stub));
    let waiting = tokio::spawn(async move { acs.check(&text).await });
    let calls = |expected: &'static [&'static str]| {
        let calls = stub.calls();
        async move { if calls == expected { Ok(()) } else { Err(format!("{calls:?}")) } }
    };
    until("the identity to be asked for", PATIENCE, || calls(&[CREATE])).await;
    waiting.abort();
    assert!(waiting.await.unwrap_err().is_cancelled());
    answer.notify_one();
    until("the identity to be deleted", PATIENCE, || calls(&[CREATE, DELETE])).await;
}

#[tokio::test]
async fn failed_identity_deletion_is_retried_once() {
    let stub = stub().await;
    let fault = Reply::error(500, "InternalServerError");
    stub.on(DELETE, [fault.clone(), Reply::text(204, "text/plain", "")]);
    let checked = stub.acs().check(&connection_string(&stub)).await.unwrap();
    assert!(!checked.left_behind);
    assert_eq!([CREATE, DELETE, DELETE], *stub.calls());
    stub.on(DELETE, [fault]);
    let checked = stub.acs().check(&connection_string(&stub)).await;
    assert_eq!(Ok(ConnectionStringCheck { token: true, resource: Some(RESOURCE), left_behind: true }), checked);
    assert_eq!([CREATE, DELETE, DELETE], stub.calls()[3..]);
    assert_eq!(CheckReason::IdentityLeftBehind, verdict::connection_string(&checked, None).reason);
}

#[tokio::test]
async fn resource_id_must_match_the_connection_string() {
    let stub = stub().await;
    let checked = stub.acs().check(&connection_string(&stub)).await;
    let reason = |expected| verdict::connection_string(&checked, expected).reason;
    assert_eq!(CheckReason::TokenIssued, reason(Some(RESOURCE)));
    assert_eq!(CheckReason::ResourceIdMismatch, reason(Some(Uuid::from_u128(7))));
}

#[tokio::test]
async fn documented_acs_errors_are_mapped() {
    let stub = Stub::start().await;
    let wait = |seconds| AcsProblem::Call(CallError::Throttled { after: Duration::from_secs(seconds) });
    let odd = |status| AcsProblem::Call(unexpected(ACS, status, Defect::Undocumented));
    let early = "Sun, 06 Nov 1994 08:49:37 GMT";
    for (reply, expected, judgment) in [
        (Reply::error(401, "Denied"), AcsProblem::Refused, Judgment::Failed),
        (Reply::json(401, json!({ "error": { "code": "7509" } })), AcsProblem::Refused, Judgment::Failed),
        (Reply::text(401, "text/plain", ""), AcsProblem::Refused, Judgment::Failed),
        (Reply::error(401, "Denied").header("date", early), AcsProblem::ClockSkew, Judgment::Unknown),
        (Reply::text(401, "text/html", "<html>log in</html>"), odd(401), Judgment::Unknown),
        (Reply::error(403, "Forbidden"), AcsProblem::Call(CallError::Forbidden), Judgment::Unknown),
        (Reply::error(400, "UnsupportedApiVersion"), AcsProblem::Call(CallError::Rejected), Judgment::Unknown),
        (Reply::error(404, "NotFound"), odd(404), Judgment::Unknown),
        (Reply::error(429, "TooManyRequests").header("retry-after", "9"), wait(9), Judgment::Unknown),
        (Reply::error(429, "TooManyRequests"), wait(10), Judgment::Unknown),
        (Reply::error(503, "ServiceUnavailable"), odd(503), Judgment::Unknown),
        (Reply::json(307, json!({})).header("location", "https://elsewhere.example/"), odd(307), Judgment::Unknown),
        (Reply::json(200, json!({ "identity": { "id": IDENTITY } })), odd(200), Judgment::Unknown),
    ] {
        stub.on(CREATE, [reply]);
        let checked = stub.acs().check(&connection_string(&stub)).await;
        assert_eq!(Err(expected), checked);
        assert_eq!(judgment, verdict::connection_string(&checked, None).reason.judgment(), "{checked:?}");
    }
    assert_eq!([CREATE; 13], *stub.calls(), "nothing is retried here");
}

#[tokio::test]
async fn invalid_identity_is_not_used_in_a_path() {
    let stub = Stub::start().await;
    for id in [json!("../../evil"), json!(""), json!("8:acs:x?y=z"), json!(7), Value::Null, json!(["8:acs:x"])] {
        stub.on(CREATE, [Reply::json(201, json!({ "identity": { "id": id }, "accessToken": a_token() }))]);
        let checked = stub.acs().check(&connection_string(&stub)).await;
        assert_eq!(Err(AcsProblem::Call(unexpected(ACS, 201, Defect::Malformed))), checked, "{id}");
    }
    assert_eq!([CREATE; 6], *stub.calls());
}

#[tokio::test]
async fn invalid_connection_string_is_never_called() {
    let stub = Stub::start().await;
    let acs = nimbus_operator::microsoft::Acs::new(DEADLINE, vec![], Default::default()).unwrap();
    for text in
        [connection_string(&stub), "".into(), "endpoint=https://con_toso.communication.azure.com;accesskey=QUJD".into()]
    {
        let checked = acs.check(&text).await;
        assert!(matches!(checked, Err(AcsProblem::Malformed(_))), "{checked:?}");
        assert_eq!(CheckReason::ConnectionStringInvalid, verdict::connection_string(&checked, None).reason);
    }
    assert_eq!(0, stub.seen().len());
}
