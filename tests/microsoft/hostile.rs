//! Responses of anything else in place of Microsoft: none is accepted, and none of its text is kept.

use nimbus_operator::microsoft::group::Members;
use nimbus_operator::microsoft::{AcsProblem, CallError, Defect, Filter};
use serde_json::json;
use uuid::{Uuid, uuid};

use super::stub::{CLIENT, GRAPH, Reply, Stub, TENANT, unexpected, upn};

const ID: Uuid = uuid!("02bd9fd6-8f93-4758-87c3-1fb73740a315");
const SAID: &str = "SECRET";

/// Invalid bodies, each with a text that must not be kept.
fn bodies() -> Vec<(&'static str, Reply)> {
    let html = format!("<html><body>{SAID} please log in</body></html>");
    let mebibyte = SAID.repeat((1 << 20) / SAID.len());
    let beyond_the_cap = format!("{{\"{SAID}\":\"{}\"}}", "x".repeat(5 << 20));
    let deep = "[".repeat(100_000);
    vec![
        ("HTML", Reply::text(200, "text/html", html.clone())),
        ("HTML that says JSON", Reply::text(200, "application/json", html)),
        ("nothing", Reply::text(200, "application/json", "")),
        ("truncated JSON", Reply::text(200, "application/json", format!("{{\"id\":\"{ID}\",\"{SAID}\":["))),
        ("a broken connection", Reply::text(200, "application/json", format!("{{\"{SAID}\":")).broken()),
        ("a mebibyte of junk", Reply::text(200, "application/json", mebibyte)),
        ("more than is read", Reply::text(200, "application/json", beyond_the_cap)),
        ("a deep nest", Reply::text(200, "application/json", deep)),
        ("no UTF-8", Reply::text(200, "application/json", vec![0xFF, 0xFE, b'{', b'}'])),
        ("a list", Reply::json(200, json!([SAID]))),
        ("null", Reply::json(200, json!(null))),
        (
            "wrong types",
            Reply::json(
                200,
                json!({
                    "id": { SAID: 1 }, "groupTypes": SAID, "mailEnabled": SAID, "securityEnabled": 1,
                    "availability": 7, "activity": [SAID], "value": SAID, "@odata.count": SAID,
                }),
            ),
        ),
        ("another success", Reply::json(206, json!({ "id": ID, "value": [], "@odata.count": 1 }))),
        ("a redirect", Reply::json(302, json!({})).header("location", format!("https://{SAID}.example/"))),
        ("a 404 of a proxy", Reply::text(404, "text/html", format!("<html>{SAID} not found</html>"))),
        ("a 404 of another API", Reply::json(404, json!({ "title": SAID, "status": 404 }))),
        ("a 403 of a proxy", Reply::text(403, "text/html", format!("<html>{SAID}</html>"))),
        ("a 400 of a proxy", Reply::text(400, "text/plain", SAID)),
        ("a gateway's 502", Reply::text(502, "text/html", format!("<html>{SAID}</html>"))),
    ]
}

fn no_answer(call: &str, body: &str, error: &CallError) {
    let odd = matches!(error, CallError::Unexpected(_) | CallError::Unreachable(_));
    assert!(odd, "{call} took {body} for {error:?}");
    assert!(!format!("{error:?} {error}").contains(SAID), "{call} kept text of {body}: {error:?}");
}

#[tokio::test]
async fn invalid_graph_response_is_rejected() {
    let stub = Stub::start().await;
    let graph = stub.graph();
    let filter = Filter::parse("city eq 'Bern'").unwrap();
    for (name, reply) in bodies() {
        for call in [
            format!("GET /v1.0/groups/{ID}"),
            format!("GET /v1.0/servicePrincipals(appId='{CLIENT}')"),
            "GET /v1.0/users/ext_fabrikam.com%23EXT%23%40contoso.onmicrosoft.com".to_owned(),
            "GET /v1.0/users".to_owned(),
        ] {
            stub.on(&call, [reply.clone()]);
        }
        no_answer("group", name, &graph.group(TENANT, ID).await.unwrap_err());
        no_answer("presence grant", name, &graph.presence_grant(TENANT).await.unwrap_err());
        no_answer("presence", name, &graph.presence(TENANT, &upn()).await.unwrap_err());
        no_answer("filter", name, &graph.hits(TENANT, &filter).await.unwrap_err());
    }
}

#[tokio::test]
async fn invalid_list_or_presence_is_rejected() {
    let stub = Stub::start().await;
    let graph = stub.graph();
    let group = json!({ "id": ID, "groupTypes": [], "mailEnabled": false, "securityEnabled": true });
    stub.on(&format!("GET /v1.0/groups/{ID}"), [Reply::json(200, group)]);
    let user = "GET /v1.0/users/ext_fabrikam.com%23EXT%23%40contoso.onmicrosoft.com";
    stub.on(user, [Reply::json(200, json!({ "id": ID }))]);
    for (name, reply) in bodies() {
        stub.on(&format!("GET /v1.0/groups/{ID}/members"), [reply.clone()]);
        stub.on(&format!("GET /v1.0/users/{ID}/presence"), [reply]);
        let Members::NotCounted(error) = graph.group(TENANT, ID).await.unwrap().members else { panic!("{name}") };
        no_answer("members", name, &error);
        no_answer("presence", name, &graph.presence(TENANT, &upn()).await.unwrap_err());
    }
}

#[tokio::test]
async fn invalid_token_response_is_rejected() {
    let stub = Stub::start().await;
    for (name, reply) in bodies() {
        stub.on(&super::stub::token_call(TENANT), [reply]);
        no_answer("log-in", name, &stub.graph().group(TENANT, ID).await.unwrap_err());
    }
    assert_eq!(Vec::<String>::new(), stub.calls());
}

#[tokio::test]
async fn invalid_identity_response_is_rejected() {
    let stub = Stub::start().await;
    let text = format!("endpoint={};accesskey=QUJD", stub.url).into();
    for (name, reply) in bodies() {
        stub.on("POST /identities", [reply]);
        match stub.acs().check(&text).await {
            Err(AcsProblem::Call(error)) => no_answer("connection string", name, &error),
            other => panic!("took {name} for {other:?}"),
        }
    }
}

#[tokio::test]
async fn oversized_response_is_not_read() {
    let stub = Stub::start().await;
    let group = |padding: usize| {
        let padding = "x".repeat(padding);
        let body = json!({ "id": ID, "groupTypes": [], "mailEnabled": true, "padding": padding });
        stub.on(&format!("GET /v1.0/groups/{ID}"), [Reply::json(200, body)]);
        stub.graph()
    };
    assert!(group(1 << 20).group(TENANT, ID).await.is_ok());
    let expected = unexpected(GRAPH, 200, Defect::TooLarge);
    assert_eq!(Err(expected), group(5 << 20).group(TENANT, ID).await);
}

#[tokio::test]
async fn invalid_presence_values_are_dropped() {
    let stub = Stub::start().await;
    let user = "GET /v1.0/users/ext_fabrikam.com%23EXT%23%40contoso.onmicrosoft.com";
    stub.on(user, [Reply::json(200, json!({ "id": ID }))]);
    let long = "x".repeat(65);
    for word in ["", "Anna Muster", "<script>", "Busy\n", long.as_str()] {
        let body = json!({ "availability": word, "activity": "Available" });
        stub.on(&format!("GET /v1.0/users/{ID}/presence"), [Reply::json(200, body)]);
        let presence = stub.graph().presence(TENANT, &upn()).await;
        assert_eq!(Err(unexpected(GRAPH, 200, Defect::Malformed)), presence, "{word:?}");
    }
}
