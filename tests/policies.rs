//! Admission policies on a real API server: who may change which field. Tests of a numbered rule are named after it; the
//! numbers are those of the catalogue of conventions that this project follows.

#![allow(clippy::print_stdout, reason = "figures, which --nocapture shows")]

mod authority;
mod bypass;
mod cluster_objects;
mod rules;
mod technical;
mod undecodable;

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use kube::Client;
use kube::api::{Api, Patch, PatchParams, PostParams};
use nimbus_operator::resources::Tenant;
use serde_json::{Value, json};

use crate::support::env::TestEnv;
use crate::support::{apply, users};

const NAME: &str = "contoso";
const S_LEAF: &str = "spec.general.partnerAdministrationGroupId";

fn params() -> PatchParams {
    PatchParams { field_manager: Some("test".into()), ..PatchParams::default() }
}

fn post() -> PostParams {
    PostParams { field_manager: Some("test".into()), ..PostParams::default() }
}

/// A user without permissions from other tests.
fn new_user() -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(100);
    users::user(NUMBER.fetch_add(1, Ordering::Relaxed))
}

fn group(digit: u8) -> String {
    format!("{}-0d3e-4f5a-8b7c-9d0e1f2a3b4c", digit.to_string().repeat(8))
}

struct PolicyFixture {
    env: TestEnv<'static>,
    id: String,
    /// One client per user: each has a connection of its own.
    clients: Mutex<HashMap<String, Client>>,
}

impl PolicyFixture {
    async fn new(name: &str) -> Self {
        Self::within(TestEnv::new(name).await)
    }

    fn within(env: TestEnv<'static>) -> Self {
        Self { env, id: uuid::Uuid::new_v4().to_string(), clients: Mutex::default() }
    }

    fn api(&self, user: &str) -> Api<Tenant> {
        Api::namespaced(self.client(user), &self.env.namespace)
    }

    fn client(&self, user: &str) -> Client {
        let mut clients = self.clients.lock().unwrap();
        clients.entry(user.to_owned()).or_insert_with(|| self.env.client(user)).clone()
    }

    fn manifest(&self, name: &str, spec: Value) -> Value {
        let mut manifest = json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant", "metadata": { "name": name },
            "spec": {
                "platformRef": { "name": self.env.platform },
                "general": { "name": "Contoso", "o365Domain": "contoso.onmicrosoft.com", "tenantId": self.id },
                // That of the example, which the partner administrator administers.
                "partner": { "partnerRef": { "name": "northwind" } }
            }
        });
        json_patch::merge(&mut manifest["spec"], &spec);
        manifest
    }

    async fn create(&self, user: &str, manifest: Value, dry_run: bool) -> kube::Result<Tenant> {
        let tenant: Tenant = serde_json::from_value(manifest).unwrap();
        let params = PostParams { dry_run, field_manager: Some("test".into()) };
        self.api(user).create(&params, &tenant).await
    }

    async fn patch(&self, user: &str, patch: Value) -> kube::Result<Tenant> {
        self.api(user).patch(NAME, &params(), &Patch::Merge(patch)).await
    }

    /// Requests as dry run and with server-side apply, with a separate field manager and force.
    async fn apply(&self, user: &str, manifest: Value, dry_run: bool) -> kube::Result<Tenant> {
        let params = PatchParams { dry_run, ..PatchParams::apply("apply").force() };
        self.api(user).patch(NAME, &params, &Patch::Apply(manifest)).await
    }

    /// Grants a user permissions for this test only.
    async fn grant(&self, user: &str, name: &str, rules: Value) {
        let name = format!("{}-{name}", self.env.namespace);
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": { "name": name }, "rules": rules
        });
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding", "metadata": { "name": name },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name },
            "subjects": [{ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user }]
        });
        self.set_up([role, binding]).await;
    }

    /// Grants everything in the Tenants' namespace, and nothing elsewhere.
    async fn grant_all_here(&self, subject: Value) {
        let role = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role",
            "metadata": { "name": "everything", "namespace": self.env.namespace },
            "rules": [{ "apiGroups": ["*"], "resources": ["*"], "verbs": ["*"] }]
        });
        let binding = json!({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
            "metadata": { "name": "everything", "namespace": self.env.namespace },
            "roleRef": { "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "everything" },
            "subjects": [subject]
        });
        self.set_up([role, binding]).await;
    }

    async fn set_up<const N: usize>(&self, objects: [Value; N]) {
        for object in objects {
            apply::apply(&self.client(users::ADMIN), &serde_json::from_value(object).unwrap()).await.unwrap();
        }
    }

    async fn exists(self, spec: Value) -> Self {
        self.create(users::PLATFORM_ADMIN, self.manifest(NAME, spec), false).await.unwrap();
        self
    }
}
