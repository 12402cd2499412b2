//! Writes of Tenants with strict field validation, like kubectl: unknown and duplicate fields are rejected, while a client
//! library drops them by default. Otherwise a test that misspells a setting would test nothing.

use http::Request;
use http::header::CONTENT_TYPE;
use http::request::Builder;
use kube::{Client, Resource};
use nimbus_operator::resources::Tenant;
use serde_json::Value;

/// Creates a Tenant.
pub async fn create(client: &Client, namespace: &str, manifest: &Value) -> kube::Result<Tenant> {
    let request = Request::post(strict(&Tenant::url_path(&(), Some(namespace))));
    send(client, request.header(CONTENT_TYPE, "application/json"), manifest).await
}

/// Edits a Tenant with a merge patch.
pub async fn patch(client: &Client, namespace: &str, name: &str, patch: &Value) -> kube::Result<Tenant> {
    let request = Request::patch(strict(&format!("{}/{name}", Tenant::url_path(&(), Some(namespace)))));
    send(client, request.header(CONTENT_TYPE, "application/merge-patch+json"), patch).await
}

fn strict(path: &str) -> String {
    format!("{path}?fieldManager=test&fieldValidation=Strict")
}

async fn send(client: &Client, request: Builder, body: &Value) -> kube::Result<Tenant> {
    client.request(request.body(body.to_string().into_bytes()).expect("a request")).await
}
