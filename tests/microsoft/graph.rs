//! Groups, presence and the search filter: what is requested, and how each documented response is interpreted.

use std::time::Duration;

use http::HeaderMap;
use nimbus_operator::microsoft::graph::{Grant, Presence, PresenceReading};
use nimbus_operator::microsoft::group::{Group, GroupKind, Members};
use nimbus_operator::microsoft::{
    CallError, CheckReason, Credential, Defect, Filter, TransportFailure, Unreachable, verdict,
};
use serde_json::{Value, json};
use url::form_urlencoded;
use uuid::{Uuid, uuid};

use super::stub::{
    CLIENT, GRAPH, OTHER_TENANT, Received, Reply, SECRET, Stub, TENANT, called, token_call, unexpected, upn,
};

const GROUP: Uuid = uuid!("02bd9fd6-8f93-4758-87c3-1fb73740a315");
const USER: Uuid = uuid!("fa8bf3dc-eca7-46b7-bad1-db199b62afc3");
const GRAPH_PRINCIPAL: Uuid = uuid!("93312a74-bbd9-4a5e-8c1b-d5b1b2c3d4e5");
const OUR_PRINCIPAL: Uuid = uuid!("1d4e5f60-1111-4aaa-9bbb-0123456789ab");
const GRAPH_APP: Uuid = uuid!("00000003-0000-0000-c000-000000000000");
const PRESENCE_READ_ALL: Uuid = uuid!("a70e0c2d-e793-494c-94c4-118fa0a67f42");
const DELEGATED: Uuid = uuid!("9c7a330d-35b3-4aa1-963d-cb2b9f927841");

fn query(seen: &Received) -> Vec<(String, String)> {
    form_urlencoded::parse(seen.query.as_bytes()).into_owned().collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Scripts the responses for a group and its members.
fn script_group(stub: &Stub, types: Value, mail: bool, security: bool) {
    let body = json!({
        "@odata.context": "https://graph.microsoft.com/v1.0/$metadata#groups/$entity",
        "id": GROUP, "groupTypes": types, "mailEnabled": mail, "securityEnabled": security,
    });
    stub.on(&format!("GET /v1.0/groups/{GROUP}"), [Reply::json(200, body)]);
    let members: Vec<_> = ["user", "group", "servicePrincipal"]
        .iter()
        .map(|kind| json!({ "@odata.type": format!("#microsoft.graph.{kind}"), "id": Uuid::new_v4() }))
        .collect();
    stub.on(&format!("GET /v1.0/groups/{GROUP}/members"), [Reply::json(200, json!({ "value": members }))]);
}

/// Scripts the responses for the service principals and our role assignments.
fn script_assignments(stub: &Stub, assignments: Value) {
    for (app, principal) in [(CLIENT, OUR_PRINCIPAL), (GRAPH_APP, GRAPH_PRINCIPAL)] {
        let reply = Reply::json(200, json!({ "id": principal }));
        stub.on(&format!("GET /v1.0/servicePrincipals(appId='{app}')"), [reply]);
    }
    let call = format!("GET /v1.0/servicePrincipals/{OUR_PRINCIPAL}/appRoleAssignments");
    stub.on(&call, [Reply::json(200, json!({ "value": assignments }))]);
}

fn assignment(resource: Uuid, role: Uuid) -> Value {
    json!({
        "id": "dKY…", "principalId": OUR_PRINCIPAL, "principalType": "ServicePrincipal",
        "principalDisplayName": "Nimbus", "resourceDisplayName": "Microsoft Graph",
        "resourceId": resource, "appRoleId": role,
    })
}

#[tokio::test]
async fn only_security_group_members_are_counted() {
    for (types, mail, security, kind, members) in [
        (json!([]), false, true, GroupKind::Security, Members::Counted(3)),
        (json!(["DynamicMembership"]), false, true, GroupKind::Security, Members::Counted(3)),
        (json!([]), true, true, GroupKind::MailEnabledSecurity, Members::Counted(3)),
        (json!(["Unified"]), true, true, GroupKind::Microsoft365, Members::NotAsked),
        (json!(["Unified"]), true, false, GroupKind::Microsoft365, Members::NotAsked),
        (json!([]), true, false, GroupKind::NotSecurity, Members::NotAsked),
    ] {
        let stub = Stub::start().await;
        script_group(&stub, types, mail, security);
        let group = stub.graph().group(TENANT, GROUP).await;
        let asked = if members == Members::NotAsked { 1 } else { 2 };
        assert_eq!(Ok(Group { kind, members }), group);
        assert_eq!(asked, stub.calls().len(), "{:?}", stub.calls());
    }
}

#[tokio::test]
async fn owners_and_names_are_never_requested() {
    let stub = Stub::start().await;
    script_group(&stub, json!([]), false, true);
    stub.graph().group(TENANT, GROUP).await.unwrap();
    let seen = stub.seen();
    assert_eq!([format!("GET /v1.0/groups/{GROUP}"), format!("GET /v1.0/groups/{GROUP}/members")], *stub.calls());
    assert_eq!(pairs(&[("$select", "id,groupTypes,mailEnabled,securityEnabled")]), query(&seen[1]));
    assert_eq!(pairs(&[("$select", "id"), ("$top", "999")]), query(&seen[2]));
    assert!(seen.iter().all(|seen| seen.headers["user-agent"].to_str().unwrap().starts_with("nimbus-operator/")));
}

#[tokio::test]
async fn group_is_looked_up_in_the_given_tenant() {
    let stub = Stub::start().await;
    script_group(&stub, json!([]), false, true);
    stub.graph().group(OTHER_TENANT, GROUP).await.unwrap();
    assert_eq!(token_call(OTHER_TENANT), stub.seen()[0].call);
}

#[tokio::test]
async fn forbidden_member_count_keeps_the_group_valid() {
    let stub = Stub::start().await;
    script_group(&stub, json!([]), false, true);
    let refused = Reply::error(403, "Authorization_RequestDenied");
    stub.on(&format!("GET /v1.0/groups/{GROUP}/members"), [refused]);
    let group = stub.graph().group(TENANT, GROUP).await;
    assert_eq!(Ok(Group { kind: GroupKind::Security, members: Members::NotCounted(CallError::Forbidden) }), group);
    assert_eq!(CheckReason::SecurityGroup, verdict::group(&group).reason);
}

#[tokio::test]
async fn different_group_in_the_response_is_ignored() {
    let stub = Stub::start().await;
    let other = json!({ "id": USER, "groupTypes": [], "mailEnabled": false, "securityEnabled": true });
    stub.on(&format!("GET /v1.0/groups/{GROUP}"), [Reply::json(200, other)]);
    assert_eq!(Err(unexpected(GRAPH, 200, Defect::WrongObject)), stub.graph().group(TENANT, GROUP).await);
}

#[tokio::test]
async fn documented_graph_errors_are_mapped() {
    let stub = Stub::start().await;
    let wait = |seconds| CallError::Throttled { after: Duration::from_secs(seconds) };
    let odd = |status| unexpected(GRAPH, status, Defect::Undocumented);
    for (reply, expected) in [
        (Reply::error(400, "Request_BadRequest"), CallError::Rejected),
        (Reply::error(403, "Authorization_RequestDenied"), CallError::Forbidden),
        (Reply::error(403, "Forbidden").header("www-authenticate", "insufficient_claims"), CallError::Forbidden),
        (Reply::error(404, "Request_ResourceNotFound"), CallError::NotFound),
        (Reply::error(429, "activityLimitReached").header("retry-after", "42"), wait(42)),
        (Reply::error(429, "TooManyRequests").header("retry-after", "99999"), wait(300)),
        (Reply::error(429, "TooManyRequests"), wait(10)),
        (Reply::error(503, "serviceNotAvailable").header("retry-after", "5"), wait(5)),
        (Reply::error(503, "serviceNotAvailable"), odd(503)),
        (Reply::error(504, "gatewayTimeout"), odd(504)),
        (Reply::json(301, json!({})).header("location", "https://elsewhere.example/"), odd(301)),
    ] {
        stub.on(&format!("GET /v1.0/groups/{GROUP}"), [reply]);
        assert_eq!(Err(expected), stub.graph().group(TENANT, GROUP).await);
    }
    assert!(stub.calls().iter().all(|call| call.ends_with(&GROUP.to_string())), "{:?}", stub.calls());
    assert_eq!(11, stub.calls().len(), "nothing is retried here");
}

#[tokio::test]
async fn timeout_and_refused_connection_are_unreachable() {
    let stub = Stub::start().await;
    let never = std::sync::Arc::new(tokio::sync::Notify::new());
    stub.on(&format!("GET /v1.0/groups/{GROUP}"), [Reply::json(200, json!({})).held(&never)]);
    let graph = stub.graph_by(Credential::Secret(SECRET.into()), Duration::from_millis(300));
    let late = Unreachable { endpoint: called(GRAPH), failure: TransportFailure::TimedOut };
    assert_eq!(Err(CallError::Unreachable(late)), graph.group(TENANT, GROUP).await);
    let graph = stub.graph();
    drop(stub);
    let gone = graph.group(OTHER_TENANT, GROUP).await;
    assert!(matches!(gone, Err(CallError::Unreachable(_))), "{gone:?}");
}

#[tokio::test]
async fn only_the_graph_application_role_is_a_grant() {
    let (other_resource, other_role) = (USER, GROUP);
    for (assignments, expected) in [
        (json!([assignment(GRAPH_PRINCIPAL, PRESENCE_READ_ALL)]), Grant::Granted),
        (
            json!([assignment(GRAPH_PRINCIPAL, other_role), assignment(GRAPH_PRINCIPAL, PRESENCE_READ_ALL)]),
            Grant::Granted,
        ),
        (json!([]), Grant::NotGranted),
        (json!([assignment(GRAPH_PRINCIPAL, DELEGATED)]), Grant::NotGranted),
        (json!([assignment(GRAPH_APP, PRESENCE_READ_ALL)]), Grant::NotGranted),
        (
            json!([assignment(other_resource, PRESENCE_READ_ALL), assignment(GRAPH_PRINCIPAL, other_role)]),
            Grant::NotGranted,
        ),
    ] {
        let stub = Stub::start().await;
        script_assignments(&stub, assignments.clone());
        assert_eq!(Ok(expected), stub.graph().presence_grant(TENANT).await, "{assignments}");
    }
}

#[tokio::test]
async fn missing_consent_is_a_result_and_403_is_not() {
    let stub = Stub::start().await;
    script_assignments(&stub, json!([]));
    let ours = format!("GET /v1.0/servicePrincipals(appId='{CLIENT}')");
    stub.on(&ours, [Reply::error(404, "Request_ResourceNotFound")]);
    assert_eq!(Ok(Grant::AppUnknown), stub.graph().presence_grant(TENANT).await);
    stub.on(&ours, [Reply::error(403, "Authorization_RequestDenied")]);
    assert_eq!(Err(CallError::Forbidden), stub.graph().presence_grant(TENANT).await);
}

#[tokio::test]
async fn missing_graph_principal_is_not_a_missing_grant() {
    let stub = Stub::start().await;
    script_assignments(&stub, json!([]));
    stub.on(
        &format!("GET /v1.0/servicePrincipals(appId='{GRAPH_APP}')"),
        [Reply::error(404, "Request_ResourceNotFound")],
    );
    let expected = unexpected(GRAPH, 200, Defect::Malformed);
    assert_eq!(Err(expected), stub.graph().presence_grant(TENANT).await);
}

#[tokio::test]
async fn guest_presence_is_read_by_object_id() {
    let stub = Stub::start().await;
    let user = "GET /v1.0/users/ext_fabrikam.com%23EXT%23%40contoso.onmicrosoft.com";
    stub.on(user, [Reply::json(200, json!({ "id": USER }))]);
    let body =
        json!({ "id": USER, "availability": "BusyIdle", "activity": "JugglingFlamingos", "statusMessage": null });
    stub.on(&format!("GET /v1.0/users/{USER}/presence"), [Reply::json(200, body)]);
    let presence = stub.graph().presence(TENANT, &upn()).await;
    let expected = Presence { availability: "BusyIdle".into(), activity: "JugglingFlamingos".into() };
    assert_eq!(Ok(PresenceReading::Read(expected)), presence);
    assert_eq!([user.to_owned(), format!("GET /v1.0/users/{USER}/presence")], *stub.calls());
}

#[tokio::test]
async fn unknown_user_differs_from_missing_permission() {
    let stub = Stub::start().await;
    let user = "GET /v1.0/users/ext_fabrikam.com%23EXT%23%40contoso.onmicrosoft.com";
    stub.on(user, [Reply::error(404, "Request_ResourceNotFound")]);
    assert_eq!(Err(CallError::NotFound), stub.graph().presence(TENANT, &upn()).await);
    stub.on(user, [Reply::json(200, json!({ "id": USER }))]);
    stub.on(&format!("GET /v1.0/users/{USER}/presence"), [Reply::error(403, "Forbidden")]);
    let forbidden = stub.graph().presence(TENANT, &upn()).await;
    assert_eq!(Ok(PresenceReading::Refused), forbidden);
    assert_eq!(CheckReason::PresenceRefused, verdict::presence(&forbidden).reason);
    stub.on(user, [Reply::error(403, "Authorization_RequestDenied")]);
    let forbidden = stub.graph().presence(TENANT, &upn()).await;
    assert_eq!(Err(CallError::Forbidden), forbidden, "users may not be looked up, which is another permission");
    let verdict = verdict::presence(&forbidden);
    assert_eq!(CheckReason::PermissionMissing, verdict.reason);
    assert!(verdict.message.contains("User.Read.All (Application)"), "{}", verdict.message);
}

#[tokio::test]
async fn filter_is_sent_as_one_advanced_query() {
    let expression =
        "endsWith(userPrincipalName,'onmicrosoft.com') and preferredLanguage eq 'en-GB' or city eq 'a&b=c#d+e'";
    let stub = Stub::start().await;
    stub.on("GET /v1.0/users", [Reply::json(200, json!({ "@odata.count": 12, "value": [{ "id": USER }] }))]);
    assert_eq!(Ok(12), stub.graph().hits(TENANT, &Filter::parse(expression).unwrap()).await);
    let seen = &stub.seen()[1];
    let expected = [("$filter", expression), ("$count", "true"), ("$top", "1"), ("$select", "id")];
    assert_eq!(pairs(&expected), query(seen));
    assert_eq!("eventual", seen.headers["consistencylevel"]);
}

#[tokio::test]
async fn only_filter_checks_use_eventual_consistency() {
    let stub = Stub::start().await;
    script_group(&stub, json!([]), false, true);
    script_assignments(&stub, json!([]));
    stub.graph().group(TENANT, GROUP).await.unwrap();
    stub.graph().presence_grant(TENANT).await.unwrap();
    let has = |headers: &HeaderMap| headers.contains_key("consistencylevel");
    assert!(!stub.seen().iter().any(|seen| has(&seen.headers)));
}

#[tokio::test]
async fn empty_result_differs_from_invalid_filter() {
    let stub = Stub::start().await;
    let filter = Filter::parse("city eq 'Nowhere'").unwrap();
    for (reply, expected, reason) in [
        (Reply::json(200, json!({ "@odata.count": 0, "value": [] })), Ok(0), "FilterMatchesNobody"),
        (Reply::error(400, "Request_UnsupportedQuery"), Err(CallError::Rejected), "FilterInvalid"),
        (Reply::error(400, "BadRequest"), Err(CallError::Rejected), "FilterInvalid"),
        (Reply::error(403, "Authorization_RequestDenied"), Err(CallError::Forbidden), "PermissionMissing"),
    ] {
        stub.on("GET /v1.0/users", [reply]);
        let hits = stub.graph().hits(TENANT, &filter).await;
        assert_eq!((&expected, reason), (&hits, verdict::hits(&hits).reason.as_str()));
    }
}
