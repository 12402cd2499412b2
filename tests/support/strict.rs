//! Writes of Tenants with strict field validation, like kubectl: unknown and duplicate fields are rejected, while a client
//! library drops them by default. Otherwise a test that misspells a setting would test nothing.

use kube::{Client, Resource};
use nimbus_operator::resources::Tenant;
use serde_json::Value;

/// Creates a Tenant.
pub async fn create(client: &Client, namespace: &str, manifest: &Value) -> kube::Result<Tenant> {
    send(client, namespace, "POST", "", "application/json", manifest).await
}

/// Edits a Tenant with a merge patch.
pub async fn patch(client: &Client, namespace: &str, name: &str, patch: &Value) -> kube::Result<Tenant> {
    send(client, namespace, "PATCH", &format!("/{name}"), "application/merge-patch+json", patch).await
}

async fn send(
    client: &Client,
    namespace: &str,
    method: &str,
    name: &str,
    kind: &str,
    body: &Value,
) -> kube::Result<Tenant> {
    let tenants = Tenant::url_path(&(), Some(namespace));
    let request = http::Request::builder()
        .method(method)
        .uri(format!("{tenants}{name}?fieldManager=test&fieldValidation=Strict"))
        .header(http::header::CONTENT_TYPE, kind)
        .body(body.to_string().into_bytes())
        .expect("a request");
    client.request(request).await
}
