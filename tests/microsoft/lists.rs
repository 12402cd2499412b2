//! Lists: every page is read, and no page of another host.

use nimbus_operator::microsoft::graph::Grant;
use nimbus_operator::microsoft::group::{Group, GroupKind, Members};
use nimbus_operator::microsoft::{CallError, Defect, Graph};
use serde_json::{Value, json};
use uuid::{Uuid, uuid};

use super::stub::{CLIENT, GRAPH, Reply, Stub, TENANT, unexpected};

const GROUP: Uuid = uuid!("02bd9fd6-8f93-4758-87c3-1fb73740a315");
const PRINCIPAL: Uuid = uuid!("93312a74-bbd9-4a5e-8c1b-d5b1b2c3d4e5");
const GRAPH_APP: &str = "00000003-0000-0000-c000-000000000000";
const PRESENCE_READ_ALL: &str = "a70e0c2d-e793-494c-94c4-118fa0a67f42";

fn members() -> String {
    format!("GET /v1.0/groups/{GROUP}/members")
}

fn page(items: usize, next: Value) -> Reply {
    let items: Vec<_> = (0..items).map(|_| json!({ "id": Uuid::new_v4() })).collect();
    Reply::json(200, json!({ "value": items, "@odata.nextLink": next }))
}

async fn stub() -> Stub {
    let stub = Stub::start().await;
    let body = json!({ "id": GROUP, "groupTypes": [], "mailEnabled": false, "securityEnabled": true });
    stub.on(&format!("GET /v1.0/groups/{GROUP}"), [Reply::json(200, body)]);
    stub
}

async fn counted(graph: &Graph) -> Result<u64, CallError> {
    match graph.group(TENANT, GROUP).await.unwrap() {
        Group { kind: GroupKind::Security, members: Members::Counted(members) } => Ok(members),
        Group { kind: GroupKind::Security, members: Members::NotCounted(error) } => Err(error),
        group => panic!("the stub plays a security group: {group:?}"),
    }
}

#[tokio::test]
async fn members_are_counted_on_all_pages() {
    let stub = stub().await;
    let next = |token: &str| format!("{}v1.0/groups/{GROUP}/members?$select=id&$top=999&$skiptoken={token}", stub.url);
    stub.on(&members(), [page(999, json!(next("a%2Fb"))), page(0, json!(next("c"))), page(7, Value::Null)]);
    assert_eq!(Ok(1006), counted(&stub.graph()).await);
    let queries: Vec<_> =
        stub.seen().into_iter().filter(|seen| seen.call == members()).map(|seen| seen.query).collect();
    let again = ["$select=id&$top=999&$skiptoken=a%2Fb", "$select=id&$top=999&$skiptoken=c"];
    assert_eq!(again, queries[1..], "the link is followed as it is");
    let asked: Vec<_> = stub.seen().into_iter().filter(|seen| seen.call == members()).collect();
    assert!(asked.iter().all(|seen| seen.headers["authorization"] == "Bearer T1"));
}

#[tokio::test]
async fn token_is_not_sent_to_another_host() {
    let (stub, other) = (stub().await, Stub::start().await);
    other.on(&members(), [page(5, Value::Null)]);
    let port = stub.url.port().unwrap();
    for next in [
        json!(format!("{}v1.0/groups/{GROUP}/members", other.url)),
        json!(format!("http://localhost:{port}/v1.0/groups/{GROUP}/members")),
        json!(format!("https://127.0.0.1:{port}/v1.0/groups/{GROUP}/members")),
        json!(format!("http://127.0.0.1:{port}@127.0.0.1:{}/v1.0/x", other.url.port().unwrap())),
        json!(format!("{}beta/groups/{GROUP}/members", stub.url)),
        json!("/v1.0/groups"),
        json!(""),
        json!(7),
        json!({ "href": "x" }),
    ] {
        stub.on(&members(), [page(5, next.clone())]);
        assert_eq!(Err(unexpected(GRAPH, 200, Defect::ForeignPage)), counted(&stub.graph()).await, "{next}");
    }
    assert_eq!(0, other.seen().len(), "{:?}", other.seen());
}

#[tokio::test]
async fn endless_list_is_aborted() {
    let stub = stub().await;
    let next = json!(format!("{}v1.0/groups/{GROUP}/members?$skiptoken=x", stub.url));
    stub.on(&members(), [page(1, next)]);
    assert_eq!(Err(unexpected(GRAPH, 200, Defect::EndlessList)), counted(&stub.graph()).await);
    assert_eq!(200, stub.calls().iter().filter(|call| **call == members()).count());
}

#[tokio::test]
async fn failed_page_fails_the_list() {
    let stub = stub().await;
    let next = json!(format!("{}v1.0/groups/{GROUP}/members?$skiptoken=x", stub.url));
    stub.on(&members(), [page(5, next), Reply::error(403, "Authorization_RequestDenied")]);
    assert_eq!(Err(CallError::Forbidden), counted(&stub.graph()).await);
}

#[tokio::test]
async fn grant_on_the_last_page_counts() {
    let stub = Stub::start().await;
    for app in [CLIENT.to_string().as_str(), GRAPH_APP] {
        let reply = Reply::json(200, json!({ "id": PRINCIPAL }));
        stub.on(&format!("GET /v1.0/servicePrincipals(appId='{app}')"), [reply]);
    }
    let path = format!("/v1.0/servicePrincipals/{PRINCIPAL}/appRoleAssignments");
    let next = json!(format!("{}{}?$skiptoken=x", stub.url, &path[1..]));
    let last = json!({ "value": [{ "resourceId": PRINCIPAL, "appRoleId": PRESENCE_READ_ALL }] });
    stub.on(&format!("GET {path}"), [page(100, next), Reply::json(200, last)]);
    assert_eq!(Ok(Grant::Granted), stub.graph().presence_grant(TENANT).await);
}
