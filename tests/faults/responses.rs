//! F8: responses that do not come from the admin API. None of them causes a creation, a deletion or the removal of a
//! finalizer.

use std::time::Duration;

use serde_json::{Value, json};

use super::{calls, is_write, platform_says};
use crate::support::audit::Mark;
use crate::support::confirmation::deletion;
use crate::support::fixture::{Fixture, condition};
use crate::support::tenant::TenantHandle;
use crate::support::wait::{PATIENCE, until};

/// Responses to `GET /v1/tenants/{id}` for one tenant, by name.
fn answers(id: &str) -> Vec<(&'static str, Value)> {
    let other = uuid::Uuid::new_v4().to_string();
    let document = json!({ "id": other, "settingsVersion": "s1", "settings": {}, "runtime": {}, "owner": null });
    let answer = |status: u16, kind: &str, body: Value| json!({ "kind": "status", "status": status, "contentType": kind, "body": body });
    let (json, problem, html) = ("application/json", "application/problem+json", "text/html");
    let absent = json!({ "type": "urn:nimbus:problem:tenant-not-found", "status": 404 });
    vec![
        ("json-404", answer(404, json, json!({ "error": "not found" }))),
        ("html-404", answer(404, html, json!("<html><h1>Not Found</h1></html>"))),
        ("empty-404", json!({ "kind": "empty", "status": 404 })),
        ("foreign-problem-404", answer(404, problem, json!({ "type": "about:blank", "status": 404 }))),
        ("route-404", json!({ "kind": "problem", "slug": "route-not-found" })),
        ("absent-as-json", answer(404, json, absent.clone())),
        ("absent-as-500", answer(500, problem, absent)),
        ("tombstone-without-id", answer(404, problem, json!({ "type": "urn:nimbus:problem:tenant-deleted" }))),
        ("html-200", json!({ "kind": "html", "status": 200 })),
        ("empty-200", json!({ "kind": "empty", "status": 200 })),
        ("empty-204", json!({ "kind": "empty", "status": 204 })),
        ("list-200", answer(200, json, json!([]))),
        // Of the right tenant, and valid except for one list.
        ("tenant-as-list", answer(200, json, as_list(id))),
        ("runtime-as-list", answer(200, json, with(id, "runtime", json!([])))),
        ("deletion-as-list", answer(200, json, with(id, "runtime", json!({ "deletion": ["d", 0, false] })))),
        ("tab-as-list", answer(200, json, with(id, "settings", json!({ "general": ["Contoso"] })))),
        ("object-200", answer(200, json, json!({}))),
        ("other-tenant-200", answer(200, json, document)),
        ("not-permitted", json!({ "kind": "problem", "slug": "not-permitted" })),
        ("forbidden-page", answer(403, html, json!("<html>Forbidden</html>"))),
        ("redirect", json!({ "kind": "status", "status": 302, "headers": { "location": "/v1/tenants" } })),
        ("gone", json!({ "kind": "status", "status": 410 })),
    ]
}

/// A tenant as an array of its members, which a careless parser accepts.
fn as_list(id: &str) -> Value {
    json!([id, "s1", null, null, { "general": { "tenantId": id } }, {}, []])
}

/// A tenant with one member of a wrong type.
fn with(id: &str, member: &str, value: Value) -> Value {
    let settings = json!({ "general": { "tenantId": id } });
    let mut document = json!({ "id": id, "settingsVersion": "s1", "settings": settings, "runtime": {}, "owner": null });
    document[member] = value;
    document
}

#[tokio::test(flavor = "multi_thread")]
async fn only_documented_responses_are_acted_on() {
    let mut fixture = Fixture::new("answers").await;
    fixture.timing.backoff_most = Duration::from_millis(300);
    fixture.platform.auto_run(true).await.unwrap();
    let _operator = fixture.start();
    let known = TenantHandle::new(&fixture, "known");
    known.create(json!({})).await;
    known.ready().await;
    for (number, (name, _)) in answers("").into_iter().enumerate() {
        let leaving = TenantHandle::new(&fixture, &format!("{name}-leaving"));
        let mut manifest = leaving.manifest(json!({ "deletionPolicy": "Delete" }));
        manifest["spec"]["confirmations"] = deletion(&leaving.id);
        fixture.try_create(manifest).await.unwrap();
        leaving.ready().await;
        let unborn = TenantHandle::new(&fixture, &format!("{name}-unborn"));
        let (mark, audit) = (fixture.platform.mark().await.unwrap(), fixture.audit().mark().await.unwrap());

        for TenantHandle { id, .. } in [&unborn, &leaving, &known] {
            let action = &answers(id)[number].1;
            let fault = json!({ "route": "GET /v1/tenants/{id}", "tenant": id, "action": action });
            fixture.platform.add_faults(json!([fault])).await.unwrap();
        }
        unborn.create(json!({})).await;
        leaving.delete().await;
        known.patch(json!({ "spec": { "syncIntervalSeconds": 60 + number } })).await;
        for tenant in [&unborn, &leaving, &known] {
            calls(&fixture, mark, "a GET", 2, |seen| seen.entry["tenant"] == json!(tenant.id)).await;
        }

        let waits = unborn.condition("Ready", "False", "PlatformUnavailable").await;
        assert_eq!(Some("True"), condition(&waits, "Reconciling").map(|(status, _, _)| status).as_deref(), "{name}");
        assert!(leaving.is_held().await, "{name}");
        let seen = fixture.platform.log_after(mark).await.unwrap();
        assert_eq!(None, seen.iter().find(|seen| is_write(seen)).map(|seen| &seen.entry), "{name}");
        stays_ready(&fixture, &known, audit, name).await;

        fixture.platform.clear_faults().await.unwrap();
        unborn.ready().await;
        leaving.gone().await;
        assert_eq!(
            ["deletion-begun", "tenant-created"],
            sorted(fixture.platform.effects(mark).await.unwrap()).as_slice()
        );
    }
}

fn sorted(mut effects: Vec<String>) -> Vec<String> {
    effects.sort();
    effects
}

/// The only write is for the new generation of an edit that changes nothing on the platform.
async fn stays_ready(fixture: &Fixture, known: &TenantHandle<'_>, audit: Mark, name: &str) {
    known.ready().await;
    let writes = fixture.tenant_writes(audit).await.unwrap();
    let writes: Vec<_> = writes.iter().filter(|write| write.name == known.name).collect();
    assert!(writes.len() <= 1, "{name}: {writes:?}");
}

/// The endpoint has the right host and a wrong path: every response is a 404 of the platform itself.
#[tokio::test(flavor = "multi_thread")]
async fn wrong_route_is_not_absence() {
    let fixture = Fixture::new("wrong-route").await;
    let _operator = fixture.start();
    let known = TenantHandle::new(&fixture, "known");
    known.create(json!({})).await;
    known.ready().await;
    let url = fixture.platform.url();
    let mark = fixture.platform.mark().await.unwrap();
    wrong_path(&fixture, &format!("{url}/v2")).await;
    platform_says(&fixture, "False", "UnexpectedAnswer").await;
    let unborn = TenantHandle::new(&fixture, "unborn");
    unborn.create(json!({})).await;
    unborn.condition("Ready", "False", "PlatformUnavailable").await;
    known.ready().await;
    let effects = fixture.platform.effects(mark).await.unwrap();
    assert_eq!(Vec::<String>::new(), effects);

    fixture.platform_object(&url).await;
    unborn.ready().await;
    assert_eq!(["tenant-created"], fixture.platform.effects(mark).await.unwrap().as_slice());
}

async fn wrong_path(fixture: &Fixture, endpoint: &str) {
    let api: kube::Api<nimbus_operator::resources::Platform> =
        kube::Api::all(fixture.client(crate::support::users::PLATFORM_ADMIN));
    let patch = kube::api::Patch::Merge(json!({ "spec": { "endpoint": endpoint } }));
    api.patch(&fixture.env.platform, &kube::api::PatchParams::default(), &patch).await.unwrap();
}

/// A known tenant that is gone is reported as lost, and nothing is created in its place.
#[tokio::test(flavor = "multi_thread")]
async fn lost_tenant_is_not_recreated_silently() {
    let fixture = Fixture::new("lost-tenant").await;
    let _operator = fixture.start();
    fixture.create(json!({})).await;
    fixture.ready().await;
    let mark = fixture.platform.mark().await.unwrap();
    let path = format!("/sandbox/tenants/{}", fixture.id);
    fixture.platform.ask(reqwest::Method::DELETE, &path, None).await.unwrap();
    fixture.pass().await;
    fixture.condition("Ready", "False", "TenantLost").await;
    fixture.pass().await;
    assert_eq!(Vec::<String>::new(), fixture.platform.effects(mark).await.unwrap());

    // Its deletion does not need to wait.
    fixture.delete().await;
    fixture.gone().await;
    until("the platform to be as it was", PATIENCE, async || {
        let (status, _) = fixture.platform.tenant(&fixture.id).await.map_err(|error| error.to_string())?;
        if status == 404 { Ok(()) } else { Err(status.to_string()) }
    })
    .await;
}
