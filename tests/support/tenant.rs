//! One of several Tenants of a fixture; the methods of the fixture itself are about the one that most tests need.

use kube::ResourceExt;
use kube::api::DeleteParams;
use nimbus_operator::resources::Tenant;
use serde_json::{Value, json};

use super::fixture::{FixtureOn, condition, describe};
use super::wait::{PATIENCE, until};

/// A Tenant by name, and the ID of its tenant.
pub struct TenantHandle<'s> {
    fixture: &'s FixtureOn<'s>,
    pub name: String,
    pub id: String,
}

impl<'s> TenantHandle<'s> {
    /// A Tenant that may not exist yet, with a new tenant ID.
    pub fn new(fixture: &'s FixtureOn<'s>, name: &str) -> Self {
        Self { fixture, name: name.to_owned(), id: uuid::Uuid::new_v4().to_string() }
    }

    /// A Tenant that may not exist yet, for the tenant of the fixture.
    pub fn of_fixture(fixture: &'s FixtureOn<'s>, name: &str) -> Self {
        Self::of_tenant(fixture, name, &fixture.id)
    }

    /// The same for the tenant of an ID.
    pub fn of_tenant(fixture: &'s FixtureOn<'s>, name: &str, id: &str) -> Self {
        Self { id: id.to_owned(), ..Self::new(fixture, name) }
    }

    /// The smallest manifest, with `more` merged into its spec.
    pub fn manifest(&self, more: Value) -> Value {
        let mut manifest = self.fixture.manifest(more);
        manifest["metadata"]["name"] = json!(self.name);
        manifest["spec"]["general"]["tenantId"] = json!(self.id);
        manifest
    }

    /// Creates it.
    pub async fn create(&self, more: Value) -> Tenant {
        self.fixture.try_create(self.manifest(more)).await.expect("the Tenant is accepted")
    }

    /// Edits it with a merge patch.
    pub async fn patch(&self, patch: Value) -> Tenant {
        self.fixture.try_patch_of(&self.name, patch).await.expect("the change is accepted")
    }

    /// Deletes it, without waiting.
    pub async fn delete(&self) {
        self.fixture.tenants().delete(&self.name, &DeleteParams::default()).await.expect("the deletion is accepted");
    }

    pub async fn get(&self) -> Tenant {
        self.fixture.tenants().get(&self.name).await.expect("the Tenant is there")
    }

    /// Waits until it satisfies `fits`, and returns it.
    pub async fn until(&self, what: &str, fits: impl Fn(&Tenant) -> bool) -> Tenant {
        until(&format!("{}: {what}", self.name), PATIENCE, async || {
            let tenant = self.fixture.tenants().get(&self.name).await.map_err(|error| error.to_string())?;
            if fits(&tenant) { Ok(tenant) } else { Err(describe(&tenant)) }
        })
        .await
    }

    /// Waits until a condition of the current generation has a status and a reason.
    pub async fn condition(&self, kind: &str, status: &str, reason: &str) -> Tenant {
        let fits = |tenant: &Tenant| {
            let current = tenant.status.as_ref().map(|s| s.observed_generation) == tenant.metadata.generation;
            let found = condition(tenant, kind);
            current && found.is_some_and(|(found, why, _)| found == status && why == reason)
        };
        self.until(&format!("{kind} is {status} {reason}"), fits).await
    }

    /// Waits until the current generation is Ready.
    pub async fn ready(&self) -> Tenant {
        self.condition("Ready", "True", "Succeeded").await
    }

    /// Requests a pass and waits until it has run.
    pub async fn pass(&self) -> Tenant {
        let token = uuid::Uuid::new_v4().to_string();
        self.patch(json!({ "metadata": { "annotations": { "nimbus.luware.com/reconcile-requested-at": token } } }))
            .await;
        let handled = |tenant: &Tenant| {
            tenant.status.as_ref().and_then(|status| status.last_handled_reconcile_at.as_deref()) == Some(&token)
        };
        self.until("the requested pass was made", handled).await
    }

    /// Waits until it is gone.
    pub async fn gone(&self) {
        until(&format!("{} is gone", self.name), PATIENCE, async || {
            match self.fixture.tenants().get_opt(&self.name).await {
                Ok(None) => Ok(()),
                Ok(Some(tenant)) => Err(describe(&tenant)),
                Err(error) => Err(error.to_string()),
            }
        })
        .await;
    }

    /// Whether it has our finalizer.
    pub async fn is_held(&self) -> bool {
        self.get().await.finalizers().iter().any(|name| name == nimbus_operator::resources::FINALIZER)
    }
}
