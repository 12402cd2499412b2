//! The actions of users, and the state that must result.

use kube::ResourceExt;
use nimbus_operator::resources::Tenant;
use reqwest::Method;
use serde_json::{Value, json};

use super::fixture::CrashFixture;
use crate::support::confirmation::deletion;
use crate::support::tenant::TenantHandle;
use crate::support::trigger::{interact, messaging, rotating, sending, settings};

/// An action of users.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Create a Tenant with a sealed setting.
    Create,
    /// Change one setting.
    Edit,
    /// Adopt a tenant that differs.
    Adopt,
    /// Delete the Tenant and keep the tenant.
    Retain,
    /// Delete both, confirmed.
    Delete,
    /// Create a Tenant with every trigger and a published key.
    CreateTriggers,
    /// Rotate the published key.
    Rotate,
    /// Send a test message.
    Message,
    /// Adopt a tenant whose key is in use.
    AdoptTriggers,
}

/// The resulting state, independent of the Tenant.
#[derive(Clone, Debug, PartialEq)]
pub struct FinalState {
    /// What the platform accepted, in order.
    pub effects: Vec<Value>,
    /// The tenant on the platform: HTTP status, owners, settings.
    pub platform: Value,
    /// The Tenant; null when it is gone.
    pub tenant: Value,
    /// Whether the published key equals that of the platform; null if none is published.
    pub published: Value,
    /// The test messages that arrived.
    pub messages: Value,
}

impl Scenario {
    /// The state before the action.
    pub async fn prepare(self, fixture: &CrashFixture, tenant: &TenantHandle<'_>) {
        match self {
            Self::Create => {}
            Self::CreateTriggers => {}
            Self::Rotate | Self::Message => {
                tenant.create(triggers(&tenant.name, None, None)).await;
                tenant.ready().await;
                accept(fixture, tenant).await;
                // The status shows the invitation, which would be a write of its own later.
                tenant.pass().await;
            }
            Self::AdoptTriggers => {
                fixture.base.platform.create(&tenant.id, settings()).await.unwrap();
                accept(fixture, tenant).await;
            }
            Self::Adopt => {
                let settings = json!({
                    "general": { "name": "Contoso Ltd", "o365Domain": "contoso.onmicrosoft.com", "division": "Sales" },
                    "modalities": { "email": { "maxConcurrentTasksPerService": 7 } }
                });
                fixture.base.platform.create(&tenant.id, settings).await.unwrap();
            }
            Self::Edit | Self::Retain => {
                tenant.create(sealed()).await;
                tenant.ready().await;
            }
            Self::Delete => {
                let mut manifest = tenant.manifest(json!({ "deletionPolicy": "Delete" }));
                manifest["spec"]["confirmations"] = deletion(&tenant.id);
                fixture.base.try_create(manifest).await.expect("the Tenant is accepted");
                tenant.ready().await;
            }
        }
    }

    /// An action of users.
    pub async fn act(self, tenant: &TenantHandle<'_>) {
        match self {
            Self::Create => drop(tenant.create(sealed()).await),
            Self::Edit => drop(tenant.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await),
            Self::Adopt => {
                let mut spec = sealed();
                spec["adoptionPolicy"] = json!("Always");
                tenant.create(spec).await;
            }
            Self::Retain | Self::Delete => tenant.delete().await,
            Self::CreateTriggers => drop(tenant.create(triggers(&tenant.name, Some("a"), Some("m"))).await),
            Self::Rotate => drop(tenant.patch(rotating("b")).await),
            Self::Message => drop(tenant.patch(sending("m")).await),
            Self::AdoptTriggers => {
                let mut spec = triggers(&tenant.name, Some("a"), Some("m"));
                spec["adoptionPolicy"] = json!("Always");
                tenant.create(spec).await;
            }
        }
    }

    fn deletes_tenant(self) -> bool {
        matches!(self, Self::Retain | Self::Delete)
    }

    /// Waits until the action is complete.
    pub async fn settled(self, tenant: &TenantHandle<'_>) {
        if self.deletes_tenant() {
            tenant.gone().await;
        } else {
            tenant.ready().await;
        }
    }

    /// Reads the resulting state, after one more pass if the Tenant still exists: a status from before the crash says
    /// nothing about the restarted operator.
    pub async fn end(self, fixture: &CrashFixture, tenant: &TenantHandle<'_>, mark: u64) -> FinalState {
        let object = if self.deletes_tenant() {
            Value::Null
        } else {
            tenant.pass().await;
            normalized(&tenant.ready().await)
        };
        let (status, document) = fixture.base.platform.tenant(&tenant.id).await.unwrap();
        let platform = json!({
            "answer": status,
            "type": document["type"],
            "owner": document["owner"],
            "lastOwner": document["lastOwner"],
            "settings": document["settings"],
        });
        let log = fixture.base.platform.log_after(mark).await.unwrap();
        let effects = log.into_iter().filter(|seen| seen.effect.is_some()).map(|seen| {
            json!({
                "effect": seen.effect,
                "tenant": seen.entry["tenant"],
                "owner": seen.entry["owner"],
                "changed": seen.entry["changedPointers"],
            })
        });
        let versions = [
            ("<version>", "/settingsVersion"),
            ("<string>", "/settings/extensions/interact/acsConnectionString/version"),
            ("<key>", "/runtime/widgetKey/version"),
        ];
        let present = |(name, pointer)| Some((name, document.pointer(pointer)?.as_str()?.to_owned()));
        let versions: Vec<(&str, String)> = versions.into_iter().filter_map(present).collect();
        let anonymous = |value: Value| anonymous(value, tenant, &versions);
        let (published, messages) = trigger_results(fixture, tenant).await;
        FinalState {
            effects: effects.map(anonymous).collect(),
            platform: anonymous(platform),
            tenant: anonymous(object),
            published,
            messages,
        }
    }
}

/// A spec with both triggers, whose key goes to a Secret of this name.
fn triggers(secret: &str, rotation: Option<&str>, message: Option<&str>) -> Value {
    let mut spec = interact(json!({ "secretRef": { "name": secret }, "rotation": rotation }));
    json_patch::merge(&mut spec, &messaging(message));
    spec
}

async fn accept(fixture: &CrashFixture, tenant: &TenantHandle<'_>) {
    let path = format!("/sandbox/tenants/{}/invitations", tenant.id);
    fixture.base.platform.ask(Method::PUT, &path, Some(json!({ "primary": "accepted" }))).await.unwrap();
}

/// The result of triggers: whether the published key works, and who received messages.
async fn trigger_results(fixture: &CrashFixture, tenant: &TenantHandle<'_>) -> (Value, Value) {
    let secret = fixture.base.secrets().get_opt(&tenant.name).await.unwrap();
    let key = secret.and_then(|secret| secret.data).and_then(|mut data| data.remove("widget-key"));
    let mut published = Value::Null;
    if let Some(key) = key {
        let body = json!({ "widgetKey": String::from_utf8(key.0).unwrap(), "conversation": "direct" });
        let path = format!("/sandbox/tenants/{}/interact/sessions", tenant.id);
        published = fixture.base.platform.ask(Method::POST, &path, Some(body)).await.unwrap()["outcome"].clone();
    }
    let path = format!("/sandbox/tenants/{}/messages", tenant.id);
    let messages = fixture.base.platform.ask(Method::GET, &path, None).await.map(|list| list["items"].clone());
    (published, messages.unwrap_or_default())
}

/// A spec with a sealed setting, whose recorded version a crash may lose.
fn sealed() -> Value {
    json!({
        "general": { "division": "Support" },
        "extensions": { "interact": {
            "enabled": true, "acsConnectionStringRef": { "name": "acs", "key": "connection-string" }
        } }
    })
}

/// Everything about a Tenant that must be the same in every run.
fn normalized(tenant: &Tenant) -> Value {
    let mut status = serde_json::to_value(&tenant.status).unwrap();
    status["lastHandledReconcileAt"].take();
    if let Some(version) = status.pointer_mut("/widgetKey/secretVersion") {
        assert!(version.as_str().is_some_and(|version| version.len() > 37), "{version}");
        version.take();
    }
    // Each version of a tenant is used once, and the context names the Platform of the run.
    for what in ["versions", "context"] {
        if let Some(text) = status.pointer_mut(&format!("/compared/{what}")) {
            assert!(text.is_string(), "{text}");
            text.take();
        }
    }
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        condition["lastTransitionTime"].take();
    }
    json!({
        "generation": tenant.metadata.generation,
        "finalizers": tenant.finalizers(),
        "spec": tenant.spec,
        "status": status,
    })
}

/// Replaces names, IDs and hashes of them. A version must be the current one of the platform and is replaced as well.
fn anonymous(value: Value, tenant: &TenantHandle<'_>, versions: &[(&str, String)]) -> Value {
    let mut value = value;
    if let Some(hash) = value.pointer_mut("/status/applied/hash") {
        assert!(hash.as_str().is_some_and(|hash| [32, 49].contains(&hash.len())), "{hash}");
        *hash = json!("<hash>");
    }
    let text = value.to_string();
    let text = text.replace(&tenant.id, "<id>").replace(&format!("/{}\"", tenant.name), "/<name>\"");
    let text = text.replace(&format!("\"{}\"", tenant.name), "\"<name>\"");
    let text = versions
        .iter()
        .fold(text, |text, (name, version)| text.replace(&format!("\"{version}\""), &format!("\"{name}\"")));
    serde_json::from_str(&text).unwrap()
}
