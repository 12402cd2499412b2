//! A race that goes on is no race: it is reported with what was answered, and is over with the next success.

use axum::http::StatusCode;
use reqwest::Method;
use serde_json::json;

use super::calls;
use crate::support::fixture::{Fixture, NAME, condition};
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::wait::{PATIENCE, until};

async fn kubernetes(fixture: &Fixture) -> Proxy {
    Proxy::start(Upstream::kubernetes(fixture.env.control_plane), &Recorder::new(|_, _| false)).await.unwrap()
}

/// Waits until Ready is Unknown because of a race, and returns its message.
async fn contended(fixture: &Fixture) -> String {
    let tenant = fixture.condition("Ready", "Unknown", "Contended").await;
    let reconciling = condition(&tenant, "Reconciling").map(|(status, reason, _)| (status, reason));
    assert_eq!(Some(("True".to_owned(), "Contended".to_owned())), reconciling);
    condition(&tenant, "Ready").unwrap().2
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_that_change_each_time_are_reported() {
    let fixture = Fixture::new("changed-always").await;
    let _operator = fixture.connect().await;
    fixture.create(json!({})).await;
    fixture.ready().await;
    let (mark, audit) = (fixture.platform.mark().await.unwrap(), fixture.audit().mark().await.unwrap());
    let changed = json!({ "kind": "problem", "slug": "settings-changed" });
    fixture.platform.add_faults(json!([{ "route": "PATCH /v1/tenants/{id}", "action": changed }])).await.unwrap();
    fixture.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    let message = contended(&fixture).await;
    assert!(message.contains("settings-changed"), "{message}");
    let writes = calls(&fixture, mark, "a write", 10, |seen| seen.call == "PATCH /v1/tenants/{id}").await;
    println!("PATCH calls until it was reported: {}", writes.len());
    calls(&fixture, mark, "another write", writes.len() + 4, |seen| seen.call == "PATCH /v1/tenants/{id}").await;
    assert_eq!(1, fixture.tenant_writes(audit).await.unwrap().len(), "reported once");

    fixture.platform.clear_faults().await.unwrap();
    let ready = fixture.ready().await;
    assert_eq!(None, condition(&ready, "Reconciling"));
    let (_, document) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!(json!("Contoso AG"), document["settings"]["general"]["companyName"]);
}

/// The platform has no such tenant when it is read, and has one when it is created.
#[tokio::test(flavor = "multi_thread")]
async fn tenant_that_exists_only_for_its_creation_is_reported() {
    let fixture = Fixture::new("exists-always").await;
    let _operator = fixture.connect().await;
    let exists = json!({ "kind": "problem", "slug": "tenant-exists" });
    fixture.platform.add_faults(json!([{ "route": "PUT /v1/tenants/{id}", "action": exists }])).await.unwrap();
    fixture.create(json!({})).await;
    let message = contended(&fixture).await;
    assert!(message.contains("tenant-exists"), "{message}");
    fixture.platform.clear_faults().await.unwrap();
    fixture.ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finalizer_that_always_conflicts_is_reported() {
    let fixture = Fixture::new("conflicts").await;
    let kubernetes = kubernetes(&fixture).await;
    let _operator = fixture.start_through(&kubernetes);
    fixture.connected().await;
    kubernetes.detours.answer(Method::PATCH, &format!("/tenants/{NAME}"), StatusCode::CONFLICT);
    fixture.create(json!({})).await;
    let message = contended(&fixture).await;
    assert!(message.contains("adding the finalizer"), "{message}");
    assert_eq!([""; 0], *fixture.platform.effects(0).await.unwrap());
    kubernetes.detours.clear();
    fixture.ready().await;
}

/// Kubernetes answers, and not this question: the pass comes to nothing each time.
#[tokio::test(flavor = "multi_thread")]
async fn read_that_always_fails_is_reported() {
    let fixture = Fixture::new("unread").await;
    let kubernetes = kubernetes(&fixture).await;
    let _operator = fixture.start_through(&kubernetes);
    fixture.connected().await;
    kubernetes.detours.answer(Method::GET, "/secrets/acs", StatusCode::INTERNAL_SERVER_ERROR);
    let reference = json!({ "name": "acs", "key": "connection-string" });
    fixture
        .create(json!({ "extensions": { "interact": { "enabled": true, "acsConnectionStringRef": reference } } }))
        .await;
    let tenant = fixture.condition("Ready", "Unknown", "Progressing").await;
    let (_, _, message) = condition(&tenant, "Ready").unwrap();
    assert!(message.contains("The Kubernetes API call failed"), "{message}");
    kubernetes.detours.clear();
    fixture.ready().await;
}

/// Where the status itself cannot be written, an event says so.
#[tokio::test(flavor = "multi_thread")]
async fn status_that_always_conflicts_is_an_event() {
    let fixture = Fixture::new("unwritable").await;
    let kubernetes = kubernetes(&fixture).await;
    let _operator = fixture.start_through(&kubernetes);
    fixture.connected().await;
    kubernetes.detours.answer(Method::PATCH, &format!("/tenants/{NAME}/status"), StatusCode::CONFLICT);
    fixture.create(json!({})).await;
    until("an event says it", PATIENCE, async || match fixture.events().await.map_err(|error| error.to_string())? {
        events if events.contains(&("Warning".to_owned(), "KubernetesRefused".to_owned())) => Ok(()),
        events => Err(format!("{events:?}")),
    })
    .await;
    assert_eq!(["tenant-created"], *fixture.platform.effects(0).await.unwrap());
    kubernetes.detours.clear();
    fixture.ready().await;
    let said = fixture.events().await.unwrap();
    assert_eq!(1, said.iter().filter(|(_, reason)| reason == "KubernetesRefused").count(), "{said:?}");
}
