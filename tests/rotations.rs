//! Secrets that are rotated, corrected or come late: how soon the operator notices, and what looking for it costs.

mod looks;
mod production;
mod watches;

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use nimbus_operator::resources::Tenant;
use serde_json::{Value, json};

use crate::support::fixture::FixtureOn;
use crate::support::tenant::TenantHandle;
use crate::support::users::ADMIN;

const KEY: &str = "connection-string";

/// A spec with Interact on, whose connection string is in this Secret.
fn interact(secret: &str) -> Value {
    let reference = json!({ "name": secret, "key": KEY });
    json!({ "extensions": { "interact": { "enabled": true, "acsConnectionStringRef": reference } } })
}

/// A connection string that was never used.
fn fresh() -> Value {
    let key = uuid::Uuid::new_v4().simple().to_string();
    json!({ KEY: format!("endpoint=https://contoso.communication.azure.com/;accesskey={key}") })
}

/// Gives a Secret of the Tenants a new value.
async fn rotate(fixture: &FixtureOn<'_>, secret: &str) {
    fixture.secret(&fixture.env.namespace, secret, fresh()).await;
}

fn secrets(fixture: &FixtureOn<'_>) -> Api<Secret> {
    Api::namespaced(fixture.client(ADMIN), &fixture.env.namespace)
}

/// What a status says of a Secret whose present version was applied.
async fn present(fixture: &FixtureOn<'_>, secret: &str) -> String {
    let metadata = secrets(fixture).get(secret).await.unwrap().metadata;
    format!("{}/{}/{KEY}", metadata.uid.unwrap(), metadata.resource_version.unwrap())
}

fn is_applied(tenant: &Tenant, version: &str) -> bool {
    let sealed = tenant.status.iter().flat_map(|status| &status.sealed);
    sealed.map(|sealed| sealed.secret_version.as_str()).eq([version])
}

/// Waits until the present version of a Secret is applied and the Tenant Ready.
async fn applied(fixture: &FixtureOn<'_>, tenant: &TenantHandle<'_>, secret: &str) {
    let version = present(fixture, secret).await;
    tenant.until("the new value is applied", |tenant| is_applied(tenant, &version)).await;
    tenant.ready().await;
}
