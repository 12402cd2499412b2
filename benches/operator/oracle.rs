//! The oracle: exactly the requests that a scenario cannot do without, at the same concurrency, by raw clients. It decides nothing
//! and waits for nothing, so nothing that does the same work on this machine at this hour is faster.

use std::time::Instant;

use anyhow::{Context, Result};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use kube::api::{Api, ListParams, Patch, PatchParams};
use kube::{Client, ResourceExt};
use nimbus_operator::resources::{FINALIZER, Tenant};
use serde_json::{Value, json};

use crate::arguments::{OracleArguments, Scenario};
use crate::platform::PlatformClient;
use crate::{load, process};

/// What the oracle works with.
struct Oracle {
    tenants: Api<Tenant>,
    platform: PlatformClient,
    concurrency: usize,
}

/// Makes the requests of one scenario, then prints CPU, memory and latencies.
pub async fn run(arguments: OracleArguments) -> Result<()> {
    let client = Client::try_default().await.context("connecting to Kubernetes")?;
    let platform = PlatformClient::log_in(&arguments.work.platform).await?;
    let tenants = Api::namespaced(client, &arguments.work.namespace);
    let oracle = Oracle { tenants, platform, concurrency: usize::from(arguments.work.concurrency) };
    let latencies = match arguments.scenario {
        Scenario::S2a | Scenario::S2b | Scenario::S7 | Scenario::S7h => oracle.create().await?,
        Scenario::S1 | Scenario::S3 => oracle.compare().await?,
        Scenario::S4 | Scenario::S4s | Scenario::S8 | Scenario::S9 => oracle.edits(100).await?,
        Scenario::S5 => oracle.correct(100).await?,
        Scenario::S5all => oracle.correct(1).await?,
        Scenario::S6 => oracle.release().await?,
    };
    let used = process::usage(std::process::id())?;
    println!("{}", json!({ "cpu": used.cpu, "peak": used.peak, "latencies": latencies }));
    Ok(())
}

impl Oracle {
    /// Every Tenant, in pages of 500.
    async fn list(&self) -> Result<Vec<Tenant>> {
        let mut all = vec![];
        let mut page = ListParams::default().limit(500);
        loop {
            let found = self.tenants.list(&page).await?;
            let next = found.metadata.continue_.clone();
            all.extend(found.items);
            match next.filter(|token| !token.is_empty()) {
                Some(token) => page = page.continue_token(&token),
                None => return Ok(all),
            }
        }
    }

    /// Finalizer, tenant, status: of those without a finalizer.
    async fn create(&self) -> Result<Vec<f64>> {
        let new = self.list().await?.into_iter().filter(|tenant| tenant.finalizers().is_empty());
        let all = stream::iter(new).map(async |tenant: Tenant| {
            let (name, id) = (tenant.name_any(), tenant.spec.settings.general.tenant_id.as_str().to_owned());
            let metadata = &tenant.metadata;
            let finalizer =
                json!({ "metadata": { "finalizers": [FINALIZER], "resourceVersion": metadata.resource_version } });
            self.tenants.patch_metadata(&name, &PatchParams::default(), &Patch::Merge(finalizer)).await?;
            let settings = tenant.spec.settings.to_wire().settings;
            let document = self.platform.create(&name, &id, &settings).await?;
            self.write_status(&name, metadata.generation, &document).await
        });
        all.buffer_unordered(self.concurrency).try_collect::<Vec<()>>().await?;
        Ok(vec![])
    }

    /// Reads both lists, and writes nothing.
    async fn compare(&self) -> Result<Vec<f64>> {
        self.list().await?;
        self.platform.versions().await?;
        Ok(vec![])
    }

    /// One call of the platform and one status for each change, one after the other.
    async fn edits(&self, count: usize) -> Result<Vec<f64>> {
        let versions = self.platform.versions().await?;
        let mut latencies = vec![];
        for (id, version) in versions.iter().take(count) {
            let name = load::name(usize::from_str_radix(id.rsplit('-').next().unwrap_or_default(), 16)?);
            let at = Instant::now();
            let settings = json!({ "general": { "division": uuid::Uuid::new_v4().to_string() } });
            let document = self.platform.patch(&name, id, version, &settings).await?;
            self.write_status(&name, Some(1), &document).await?;
            latencies.push(at.elapsed().as_secs_f64() * 1000.0);
        }
        Ok(latencies)
    }

    /// Reads the list, and corrects each tenant whose number is a multiple.
    async fn correct(&self, step: usize) -> Result<Vec<f64>> {
        let versions = self.platform.versions().await?;
        let number = |id: &str| usize::from_str_radix(id.rsplit('-').next().unwrap_or_default(), 16).unwrap_or(1);
        let drifted = versions.into_iter().filter(|(id, _)| number(id).is_multiple_of(step));
        let all = stream::iter(drifted).map(async |(id, version)| {
            let name = load::name(number(&id));
            self.platform.patch(&name, &id, &version, &json!({ "general": { "name": name } })).await.map(drop)
        });
        all.buffer_unordered(self.concurrency).try_collect::<Vec<()>>().await?;
        Ok(vec![])
    }

    /// Releases every tenant whose Tenant is being deleted, and takes off the finalizer.
    async fn release(&self) -> Result<Vec<f64>> {
        let gone = self.list().await?.into_iter().filter(|tenant| tenant.metadata.deletion_timestamp.is_some());
        let all = stream::iter(gone).map(async |tenant: Tenant| {
            let (name, id) = (tenant.name_any(), tenant.spec.settings.general.tenant_id.as_str().to_owned());
            self.platform.release(&name, &id).await?;
            let none = json!({ "metadata": { "finalizers": null } });
            self.tenants.patch_metadata(&name, &PatchParams::default(), &Patch::Merge(none)).await?;
            Ok::<_, anyhow::Error>(())
        });
        all.buffer_unordered(self.concurrency).try_collect::<Vec<()>>().await?;
        Ok(vec![])
    }

    async fn write_status(&self, name: &str, generation: Option<i64>, document: &Value) -> Result<()> {
        let status = json!({ "status": status(generation, document) });
        self.tenants.patch_status(name, &PatchParams::default(), &Patch::Merge(status)).await?;
        Ok(())
    }
}

/// A status of the size that the operator writes.
pub fn status(generation: Option<i64>, document: &Value) -> Value {
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let condition = |name: &str, reason: &str, message: &str| {
        json!({
            "type": name, "status": "True", "reason": reason, "message": message,
            "lastTransitionTime": now, "observedGeneration": generation
        })
    };
    json!({
        "observedGeneration": generation,
        "applied": {
            "generation": generation,
            "hash": "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0",
            "settingsVersion": document["settingsVersion"]
        },
        "platformTenant": { "id": document["id"], "displayName": document["settings"]["general"]["name"] },
        "conditions": [
            condition("Ready", "Succeeded", "The platform has the settings of this spec"),
            condition("Accepted", "Accepted", "The spec is valid and its references resolve"),
            condition("Synced", "InSync", "The settings of the spec are on the platform")
        ]
    })
}
