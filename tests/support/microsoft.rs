//! Microsoft in a test: the Platform that configures it, its state, and the requests to it.

use anyhow::{Context, Result};
use kube::Api;
use kube::api::{Patch, PatchParams};
use nimbus_operator::resources::status::CheckStatus;
use nimbus_operator::resources::{Partner, Platform, Tenant};
use reqwest::Method;
use serde_json::{Value, json};

use super::fixture::{FixtureOn, NAME, describe};
use super::sandbox::Sandbox;
use super::users;
use super::wait::{PATIENCE, until};

/// The apps that the sandbox knows initially.
pub const NIMBUS_APP: &str = "0b2d7a51-6a3e-4a0e-9c5e-1f5c8b6d7e01";
pub const CHAT_APP: &str = "0b2d7a51-6a3e-4a0e-9c5e-1f5c8b6d7e03";
/// The resource that `acs` creates.
pub const RESOURCE: &str = "2f6a1f0e-7c1b-4b0e-9a55-0d6c1a3b5e77";
/// Its access key.
pub const ACCESS_KEY: &str = "c2VjcmV0LW9mLXRoZS1yZXNvdXJjZS0wMTIzNDU2Nzg5";
/// What each run of the provisioning script grants to the Nimbus app.
pub const GRANTS: [&str; 4] = ["User.Read.All", "Group.Read.All", "Application.Read.All", "Presence.Read.All"];

/// The n-th object ID.
pub fn object(number: usize) -> String {
    format!("{number:08}-0000-4000-8000-00000000abcd")
}

/// A member of a group.
pub fn member(number: usize) -> Value {
    json!({ "type": "user", "id": object(number) })
}

impl FixtureOn<'_> {
    /// Lets the Platform check against the sandbox as the Nimbus app, and allows connection strings to it.
    pub async fn microsoft(&mut self) {
        let url = self.platform.url();
        self.trusted_acs = vec![url.parse().unwrap()];
        self.secret(&self.env.operator_namespace, "nimbus-app", json!({ "client-secret": "nimbus-app-secret" })).await;
        self.ask_at(&url, &url).await;
    }

    /// The same with other base URLs for the login and for Graph.
    pub async fn ask_at(&self, login: &str, graph: &str) {
        let app = json!({ "clientId": NIMBUS_APP, "credentialsSecretRef": { "name": "nimbus-app" } });
        let microsoft = json!({
            "loginBaseUrl": format!("{login}/login"), "graphBaseUrl": format!("{graph}/graph"),
            "nimbusApp": app, "chatAppClientId": CHAT_APP
        });
        self.patch_platform(json!({ "spec": { "microsoft": microsoft } })).await;
    }

    /// Changes the Platform by a merge patch.
    pub async fn patch_platform(&self, patch: Value) {
        self.try_patch_platform(patch).await.expect("the change of the Platform is accepted");
    }

    /// The same; returns the error if it is rejected.
    pub async fn try_patch_platform(&self, patch: Value) -> kube::Result<Platform> {
        let api: Api<Platform> = Api::all(self.client(users::PLATFORM_ADMIN));
        let params = PatchParams { field_manager: Some("test".into()), ..PatchParams::default() };
        api.patch(&self.env.platform, &params, &Patch::Merge(patch)).await
    }

    /// Writes the Partner of this test, named like the namespace, with `more` merged into its spec.
    pub async fn partner(&self, more: Value) -> String {
        let name = self.env.namespace.clone();
        let mut partner = json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": name },
            "spec": { "displayName": "Northwind", "platformPartnerId": "northwind" }
        });
        json_patch::merge(&mut partner["spec"], &more);
        let api: Api<Partner> = Api::all(self.client(users::PLATFORM_ADMIN));
        let params = PatchParams::apply("test").force();
        api.patch(&name, &params, &Patch::Apply(partner)).await.expect("the Partner is accepted");
        name
    }

    /// A connection string of a resource in the sandbox.
    pub fn connection_string(&self, resource: &str, key: &str) -> String {
        format!("endpoint={}/acs/{resource};accesskey={key}", self.platform.url())
    }

    /// Waits until a check of the Tenant has a result and a reason, and returns its message.
    pub async fn check(&self, name: &str, result: &str, reason: &str) -> String {
        let tenant = self
            .until(&format!("{name} is {result} {reason}"), |tenant| {
                check(tenant, name)
                    .is_some_and(|found| (found.result.as_str(), found.reason.as_deref()) == (result, Some(reason)))
            })
            .await;
        check(&tenant, name).and_then(|check| check.message.clone()).unwrap_or_default()
    }

    /// Waits until the Tenant satisfies `fits`, and returns it.
    pub async fn until(&self, what: &str, fits: impl Fn(&Tenant) -> bool) -> Tenant {
        until(what, PATIENCE, async || {
            let tenant = self.tenants().get(NAME).await.map_err(|error| error.to_string())?;
            if fits(&tenant) { Ok(tenant) } else { Err(seen(&tenant)) }
        })
        .await
    }
}

fn seen(tenant: &Tenant) -> String {
    let observed = tenant.status.as_ref().map(|status| status.observed_generation);
    format!("{}, observed {observed:?}, {:?}", describe(tenant), checks(tenant))
}

/// A check of a Tenant, if its status lists it.
pub fn check<'t>(tenant: &'t Tenant, name: &str) -> Option<&'t CheckStatus> {
    tenant.status.as_ref()?.checks.iter().find(|check| check.name.as_str() == name)
}

/// Every check of a Tenant: name, result and reason.
pub fn checks(tenant: &Tenant) -> Vec<String> {
    let all = tenant.status.iter().flat_map(|status| &status.checks);
    all.map(|check| {
        format!("{} {} {}", check.name.as_str(), check.result.as_str(), check.reason.as_deref().unwrap_or("-"))
    })
    .collect()
}

impl Sandbox {
    async fn plant_below(&self, tenant: &str, rest: &str, body: Value) {
        let path = format!("/sandbox/microsoft/tenants/{tenant}{rest}");
        self.ask(Method::PUT, &path, Some(body)).await.expect("it is planted");
    }

    /// Sets replication lag and rate limits of an Entra tenant.
    pub async fn entra(&self, tenant: &str, body: Value) {
        self.plant_below(tenant, "", body).await;
    }

    /// Grants the Nimbus app exactly these permissions.
    pub async fn grant(&self, tenant: &str, permissions: &[&str]) {
        self.plant_below(tenant, "/grants", json!({ "clientId": NIMBUS_APP, "permissions": permissions })).await;
    }

    pub async fn group(&self, tenant: &str, id: &str, body: Value) {
        self.plant_below(tenant, &format!("/groups/{id}"), body).await;
    }

    pub async fn user(&self, tenant: &str, id: &str, body: Value) {
        self.plant_below(tenant, &format!("/users/{id}"), body).await;
    }

    /// Creates a resource with the usual key.
    pub async fn acs(&self, resource: &str, permitted: bool) {
        let body = json!({ "resourceId": RESOURCE, "accessKeys": [ACCESS_KEY], "permitted": permitted });
        self.ask(Method::PUT, &format!("/sandbox/microsoft/acs/{resource}"), Some(body)).await.expect("it is planted");
    }

    /// The numbers of created identities, deleted identities and issued tokens.
    pub async fn identities(&self, resource: &str) -> [u64; 3] {
        let path = format!("/sandbox/microsoft/acs/{resource}");
        let counts = self.ask(Method::GET, &path, None).await.expect("it is there");
        ["identitiesCreated", "identitiesDeleted", "tokensIssued"].map(|name| counts[name].as_u64().unwrap())
    }

    /// Advances the virtual clock.
    pub async fn advance(&self, seconds: u64) {
        let body = json!({ "advanceSeconds": seconds });
        self.ask(Method::POST, "/sandbox/clock", Some(body)).await.expect("the clock moves");
    }

    /// A mark at the end of Microsoft's log.
    pub async fn microsoft_mark(&self) -> u64 {
        let log = self.microsoft_log(0).await.expect("there is a log");
        log.last().and_then(|entry| entry["seq"].as_u64()).unwrap_or_default()
    }

    async fn microsoft_log(&self, mark: u64) -> Result<Vec<Value>> {
        let log = self.ask(Method::GET, &format!("/sandbox/microsoft/log?after={mark}"), None).await?;
        log["items"].as_array().cloned().context("the log is no list")
    }

    /// The operator's requests to Microsoft after a mark, without logins: method and route.
    pub async fn asked(&self, mark: u64) -> Vec<String> {
        let mut calls = self.all_asked(mark).await;
        calls.retain(|call| !call.contains("/oauth2/"));
        calls
    }

    /// The same with logins.
    pub async fn all_asked(&self, mark: u64) -> Vec<String> {
        let log = self.microsoft_log(mark).await.expect("there is a log");
        let ours =
            |entry: &&Value| entry["userAgent"].as_str().is_some_and(|agent| agent.starts_with("nimbus-operator/"));
        let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or("?").to_owned();
        log.iter().filter(ours).map(|entry| format!("{} {}", text(entry, "method"), text(entry, "route"))).collect()
    }
}
