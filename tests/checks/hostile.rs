//! Anything that answers in place of Microsoft results in Unknown, is not stored, and does not block saves.

use serde_json::{Value, json};

use super::{GROUP, INTERACT, fixture, group, interact};
use crate::support::fixture::{Fixture, condition};
use crate::support::microsoft::{GRANTS, check};
use crate::support::tenant::TenantHandle;

/// A text that must not appear anywhere.
const SAID: &str = "HostileWords";

fn bodies() -> Vec<(&'static str, Value)> {
    let status = |status: u16, kind: &str, body: Value| json!({ "kind": "status", "status": status, "contentType": kind, "body": body });
    let html = format!("<html><body>{SAID} please log in</body></html>");
    let redirect =
        json!({ "kind": "status", "status": 302, "headers": { "location": format!("https://{SAID}.example/") } });
    vec![
        ("HTML", status(200, "text/html", json!(html))),
        ("HTML that says JSON", status(200, "application/json", json!(html))),
        ("nothing", status(200, "application/json", json!(""))),
        ("a list", status(200, "application/json", json!([SAID]))),
        ("a deep nest", status(200, "application/json", json!("[".repeat(50_000)))),
        (
            "wrong types",
            status(
                200,
                "application/json",
                json!({ "id": [SAID], "groupTypes": SAID, "access_token": { SAID: 1 }, "identity": SAID, "value": SAID }),
            ),
        ),
        ("a redirect", redirect),
        ("a 404 of a proxy", status(404, "text/html", json!(html))),
        ("a 403 of a proxy", status(403, "text/html", json!(html))),
        ("a 400 of a proxy", status(400, "text/plain", json!(SAID))),
        ("a gateway", status(502, "text/html", json!(html))),
        ("a closed connection", json!({ "kind": "close-before" })),
        ("half a body", json!({ "kind": "truncate" })),
        ("a broken body", json!({ "kind": "cut" })),
    ]
}

/// A new Tenant, so that no token or result is cached, while these routes return one kind of response.
async fn results_for(fixture: &Fixture, number: usize, routes: &[&str], action: &Value) -> Vec<(String, String)> {
    let faults: Vec<Value> = routes.iter().map(|route| json!({ "route": route, "action": action })).collect();
    fixture.platform.add_faults(json!(faults)).await.unwrap();
    let tenant = TenantHandle::new(fixture, &format!("{}-{number}", routes.len()));
    fixture.platform.grant(&tenant.id, &GRANTS).await;
    let mut spec = interact();
    json_patch::merge(&mut spec, &group(10));
    tenant.create(spec).await;
    let known = |name: &str| {
        let name = name.to_owned();
        move |tenant: &_| check(tenant, &name).is_some_and(|check| check.reason.as_deref() != Some("Pending"))
    };
    tenant.until("the group was looked for", known(GROUP)).await;
    let seen = tenant.until("the string was tried", known(INTERACT)).await;
    fixture.platform.clear_faults().await.unwrap();
    assert_eq!("True", condition(&seen, "Ready").unwrap().0, "the save is not blocked");
    assert!(!serde_json::to_string(&seen).unwrap().contains(SAID), "{seen:?}");
    let said = |name: &str| {
        let check = check(&seen, name).unwrap();
        (check.result.as_str().to_owned(), check.reason.clone().unwrap_or_default())
    };
    vec![said(GROUP), said(INTERACT)]
}

fn assert_unknown(what: &str, (result, reason): &(String, String)) {
    let expected = ["UnexpectedAnswer", "Unreachable"].contains(&reason.as_str());
    assert!(result == "Unknown" && expected, "{what}: {result} {reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_login_and_azure_responses_are_unknown() {
    let fixture = fixture("checks-strangers").await;
    let _operator = fixture.start();
    let routes = ["POST /login/{tenant}/oauth2/v2.0/token", "POST /acs/{resource}/identities"];
    for (number, (what, action)) in bodies().into_iter().enumerate() {
        let found = results_for(&fixture, number, &routes, &action).await;
        found.iter().for_each(|found| assert_unknown(what, found));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_graph_responses_are_unknown() {
    let fixture = fixture("checks-graph").await;
    let _operator = fixture.start();
    for (number, (what, action)) in bodies().into_iter().enumerate() {
        // The group does not exist: without the fault the result is NotFound.
        let found = results_for(&fixture, number, &["GET /graph/v1.0/groups/{group}"], &action).await;
        if ["half a body", "a broken body"].contains(&what) {
            // Half of a short 404 is still an undocumented response.
            assert_eq!("Unknown", found[0].0, "{what}");
            continue;
        }
        assert_unknown(what, &found[0]);
        assert_eq!("Passed", found[1].0, "{what}: what is not faulted is checked");
    }
}
