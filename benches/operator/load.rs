//! The load: Tenants that are created, edited and deleted, half of them with nearly every setting, and changes on the platform.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt, stream};
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use nimbus_operator::resources::Tenant;
use reqwest::Method;
use serde_json::{Value, json};

use crate::environment::{NAME, Sandbox};
use crate::support::assets;

/// Requests of the load at the same time.
const CONCURRENCY: usize = 16;

/// What a spec of the load leaves out: what needs further objects, and what is checked with Microsoft.
const LEFT_OUT: [&str; 9] = [
    "/partner",
    "/extensions/interact/acsConnectionStringRef",
    "/extensions/interact/widgetKey",
    "/extensions/assistant/acsConnectionStringRef",
    "/extensions/presenceTracking",
    "/modalities/instantMessaging/acsConnectionStringRef",
    "/modalities/instantMessaging/testMessage",
    "/general/partnerAdministrationGroupId",
    "/general/tenantAdministrationGroupId",
];

/// What needs one of these is off.
const OFF: [&str; 4] = [
    "/extensions/interact/enabled",
    "/extensions/assistant/useOwnAcsInstance",
    "/modalities/instantMessaging/enabled",
    "/modalities/instantMessaging/useOwnAcsInstance",
];

/// The specs of the load.
pub struct Specs {
    full: Value,
}

impl Specs {
    /// Reads the example that sets everything.
    pub fn read() -> Result<Self> {
        let path = assets::checkout().join("examples/settings/full.yaml");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let mut full: Value = serde_yaml::from_str(&text)?;
        let mut full = full["spec"].take();
        for path in LEFT_OUT {
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
            if let Some(Value::Object(members)) = full.pointer_mut(parent) {
                members.remove(name);
            }
        }
        for path in OFF {
            *full.pointer_mut(path).with_context(|| format!("the example has no {path}"))? = json!(false);
        }
        Ok(Self { full })
    }

    /// The Tenant with a number: even ones set nearly everything, odd ones as little as possible.
    pub fn tenant(&self, number: usize, platform: &str) -> Value {
        let domain = format!("t{number}.onmicrosoft.com");
        let least = json!({ "name": name(number), "o365Domain": domain, "tenantId": id(number) });
        let mut spec = if number.is_multiple_of(2) { self.full.clone() } else { json!({ "general": least }) };
        spec["platformRef"] = json!({ "name": platform });
        spec["general"]["tenantId"] = json!(id(number));
        spec["general"]["o365Domain"] = json!(domain);
        json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant",
            "metadata": { "name": name(number), "namespace": NAME }, "spec": spec
        })
    }
}

/// The name of a Tenant.
pub fn name(number: usize) -> String {
    format!("t-{number:06}")
}

/// The ID of its tenant on the platform.
pub fn id(number: usize) -> String {
    format!("6f1b2a9c-0d3e-4f5a-8b7c-{number:012x}")
}

/// A request, and what it is waited for.
pub struct Sent {
    pub name: String,
    pub generation: i64,
    pub at: Instant,
}

/// Creates Tenants.
pub async fn create(client: &Client, numbers: std::ops::Range<usize>, platform: &str) -> Result<Vec<Sent>> {
    let (specs, api) = (Specs::read()?, Api::<Tenant>::default_namespaced(client.clone()));
    let (specs, api) = (&specs, &api);
    let sent = stream::iter(numbers).map(async |number| {
        let tenant = serde_json::from_value(specs.tenant(number, platform))?;
        let at = Instant::now();
        api.create(&PostParams::default(), &tenant).await.with_context(|| name(number))?;
        Ok::<_, anyhow::Error>(Sent { name: name(number), generation: 1, at })
    });
    sent.buffer_unordered(CONCURRENCY).try_collect().await
}

/// Edits one field of Tenants at a rate, one after the other in a circle, until `stop` says so.
pub async fn edit_at(client: &Client, rate: u32, among: usize, stop: impl Fn(usize) -> bool) -> Result<Vec<Sent>> {
    let mut timer = tokio::time::interval(Duration::from_secs(1) / rate);
    let mut sent = vec![];
    // Far from each other, so that none is edited again before it is done.
    let mut numbers = (0..among).cycle().step_by(97);
    while !stop(sent.len()) {
        timer.tick().await;
        sent.push(edit(client, numbers.next().unwrap_or_default(), "division").await?);
    }
    Ok(sent)
}

/// Edits one field of one Tenant.
pub async fn edit(client: &Client, number: usize, field: &str) -> Result<Sent> {
    let value = uuid::Uuid::new_v4().to_string();
    patch(client, number, json!({ "spec": { "general": { field: value } } })).await
}

/// Changes the spec of all Tenants.
pub async fn patch_all(client: &Client, count: usize, patch: &Value) -> Result<()> {
    let all = stream::iter(0..count).map(async |number| self::patch(client, number, patch.clone()).await.map(drop));
    all.buffer_unordered(CONCURRENCY).try_collect().await
}

async fn patch(client: &Client, number: usize, patch: Value) -> Result<Sent> {
    let api = Api::<Tenant>::default_namespaced(client.clone());
    let (name, at) = (name(number), Instant::now());
    let tenant = api.patch(&name, &PatchParams::default(), &Patch::Merge(patch)).await?;
    Ok(Sent { generation: tenant.metadata.generation.unwrap_or_default(), name: tenant.name_any(), at })
}

/// Deletes all Tenants, which leaves the tenants on the platform.
pub async fn delete_all(client: &Client, count: usize) -> Result<()> {
    let api = &Api::<Tenant>::default_namespaced(client.clone());
    let all = stream::iter(0..count).map(async |number| {
        api.delete(&name(number), &DeleteParams::default()).await?;
        Ok::<_, anyhow::Error>(())
    });
    all.buffer_unordered(CONCURRENCY).try_collect().await
}

/// Changes one setting of tenants on the platform, as its users do.
pub async fn drift(sandbox: &Sandbox, numbers: impl Iterator<Item = usize>) -> Result<()> {
    let edits = stream::iter(numbers).map(async |number| {
        let path = format!("/sandbox/tenants/{}/settings?as=system", id(number));
        let body = json!({ "settings": { "general": { "name": "Changed on the platform" } } });
        sandbox.ask(Method::PATCH, &path, &body).await
    });
    edits.buffer_unordered(CONCURRENCY).try_collect().await
}
