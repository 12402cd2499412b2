//! Writes of Tenants as kubectl makes them: an unknown or doubled field is refused, where a client library's write drops it. A
//! test that misspells a setting would else test nothing.

use kube::{Client, Resource};
use nimbus_operator::resources::Tenant;
use serde_json::Value;

/// Creates a Tenant.
pub async fn create(client: &Client, namespace: &str, manifest: &Value) -> kube::Result<Tenant> {
    send(client, namespace, "POST", "", "application/json", manifest).await
}

/// Changes a Tenant by a merge patch.
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
