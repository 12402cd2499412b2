//! What people do, and what has to be true when it is done.

use kube::ResourceExt;
use nimbus_operator::resources::Tenant;
use serde_json::{Value, json};

use super::world::World;
use crate::support::tenant::Handle;

/// What people do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// Create a Tenant with a sealed setting.
    Create,
    /// Change one setting.
    Edit,
    /// Take over a tenant that differs.
    Adopt,
    /// Delete the Tenant and keep the tenant.
    Retain,
    /// Delete both, confirmed.
    Delete,
}

/// How the world ends, in words that do not depend on which Tenant it was about.
#[derive(Clone, Debug, PartialEq)]
pub struct End {
    /// What the platform accepted, in order.
    pub effects: Vec<Value>,
    /// The tenant on the platform: status of the answer, owners, settings.
    pub platform: Value,
    /// The Tenant; null when it is gone.
    pub tenant: Value,
}

impl Scenario {
    /// What stands before people act.
    pub async fn prepare(self, world: &World, tenant: &Handle<'_>) {
        match self {
            Self::Create => {}
            Self::Adopt => {
                let settings = json!({
                    "general": { "name": "Contoso Ltd", "o365Domain": "contoso.onmicrosoft.com", "division": "Sales" },
                    "modalities": { "email": { "maxConcurrentTasksPerService": 7 } }
                });
                world.stage.platform.create(&tenant.id, settings).await.unwrap();
            }
            Self::Edit | Self::Retain => {
                tenant.create(sealed()).await;
                tenant.ready().await;
            }
            Self::Delete => {
                let mut manifest = tenant.manifest(json!({ "deletionPolicy": "Delete" }));
                manifest["metadata"]["annotations"] = json!({ "nimbus.luware.com/confirm-deletion": tenant.id });
                world.stage.try_create(manifest).await.expect("the Tenant is accepted");
                tenant.ready().await;
            }
        }
    }

    /// What people do.
    pub async fn act(self, tenant: &Handle<'_>) {
        match self {
            Self::Create => drop(tenant.create(sealed()).await),
            Self::Edit => drop(tenant.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await),
            Self::Adopt => {
                let mut spec = sealed();
                spec["adoptionPolicy"] = json!("Always");
                tenant.create(spec).await;
            }
            Self::Retain | Self::Delete => tenant.delete().await,
        }
    }

    fn ends_gone(self) -> bool {
        matches!(self, Self::Retain | Self::Delete)
    }

    /// Waits until what they did is done.
    pub async fn settled(self, tenant: &Handle<'_>) {
        if self.ends_gone() {
            tenant.gone().await;
        } else {
            tenant.ready().await;
        }
    }

    /// Looks at the world, after one more pass where there is still a Tenant: a status that was written before a crash says
    /// nothing of what the restarted operator does.
    pub async fn end(self, world: &World, tenant: &Handle<'_>, mark: u64) -> End {
        let object = if self.ends_gone() {
            Value::Null
        } else {
            tenant.pass().await;
            without_accidents(&tenant.ready().await)
        };
        let (status, document) = world.stage.platform.tenant(&tenant.id).await.unwrap();
        let platform = json!({
            "answer": status,
            "type": document["type"],
            "owner": document["owner"],
            "lastOwner": document["lastOwner"],
            "settings": document["settings"],
        });
        let log = world.stage.platform.log_after(mark).await.unwrap();
        let effects = log.into_iter().filter(|seen| seen.effect.is_some()).map(|seen| {
            json!({
                "effect": seen.effect,
                "tenant": seen.entry["tenant"],
                "owner": seen.entry["owner"],
                "changed": seen.entry["changedPointers"],
            })
        });
        let version = document["settingsVersion"].as_str().unwrap_or("no version").to_owned();
        let anonymous = |value: Value| anonymous(value, tenant, &version);
        End { effects: effects.map(anonymous).collect(), platform: anonymous(platform), tenant: anonymous(object) }
    }
}

/// A spec with a sealed leaf, whose version a crash may lose.
fn sealed() -> Value {
    json!({
        "general": { "division": "Support" },
        "extensions": { "interact": {
            "enabled": true, "acsConnectionStringRef": { "name": "acs", "key": "connection-string" }
        } }
    })
}

/// Everything about a Tenant that must be the same in every run.
fn without_accidents(tenant: &Tenant) -> Value {
    let mut status = serde_json::to_value(&tenant.status).unwrap();
    status["lastHandledReconcileAt"].take();
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

/// Replaces names, ids, and what only proves to be the same by hashing them. The version of the settings must be the
/// platform's present one, and is replaced as such.
fn anonymous(value: Value, tenant: &Handle<'_>, version: &str) -> Value {
    let mut value = value;
    if let Some(hash) = value.pointer_mut("/status/applied/hash") {
        assert!(hash.as_str().is_some_and(|hash| hash.len() == 32), "{hash}");
        *hash = json!("<hash>");
    }
    let text = value.to_string();
    let text = text.replace(&tenant.id, "<id>").replace(&format!("/{}\"", tenant.name), "/<name>\"");
    serde_json::from_str(&text.replace(&format!("\"{version}\""), "\"<version>\"")).unwrap()
}
