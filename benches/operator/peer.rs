//! The peer: an operator as the documentation of kube-rs suggests it. Controller, finalizer(), Recorder, a GET of the tenant and a
//! status patch in every pass, a requeue for the drift check. It does the main part of the work and none of the careful parts.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use futures::StreamExt;
use jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams};
use kube::runtime::Config;
use kube::runtime::controller::{Action, Controller};
use kube::runtime::events::{Event, EventType, Recorder, Reporter};
use kube::runtime::finalizer::{self, finalizer};
use kube::runtime::watcher;
use kube::{Client, Resource, ResourceExt};
use nimbus_operator::resources::Tenant;
use serde_json::{Value, json};

use crate::arguments::WorkArguments;
use crate::platform::PlatformClient;

const FINALIZER: &str = "bench.nimbus.luware.com/peer";

struct Context {
    client: Client,
    platform: PlatformClient,
    recorder: Recorder,
}

#[derive(Debug)]
enum Error {
    Finalizer(Box<finalizer::Error<Self>>),
    Kubernetes(kube::Error),
    Platform(anyhow::Error),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Finalizer(error) => write!(f, "finalizer: {error}"),
            Self::Kubernetes(error) => write!(f, "Kubernetes: {error}"),
            Self::Platform(error) => write!(f, "platform: {error:#}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<kube::Error> for Error {
    fn from(error: kube::Error) -> Self {
        Self::Kubernetes(error)
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Self::Platform(error)
    }
}

/// Runs until it is killed.
pub async fn run(arguments: WorkArguments) -> Result<()> {
    let client = Client::try_default().await.context("connecting to Kubernetes")?;
    let platform = PlatformClient::log_in(&arguments.platform).await?;
    let recorder = Recorder::new(client.clone(), Reporter::from("bench-peer"));
    let tenants: Api<Tenant> = Api::namespaced(client.clone(), &arguments.namespace);
    let context = Arc::new(Context { client, platform, recorder });
    Controller::new(tenants, watcher::Config::default())
        .with_config(Config::default().concurrency(arguments.concurrency))
        .shutdown_on_signal()
        .run(reconcile, on_error, context)
        .for_each(async |_| {})
        .await;
    Ok(())
}

fn on_error(_: Arc<Tenant>, error: &Error, _: Arc<Context>) -> Action {
    eprintln!("{error}");
    Action::requeue(Duration::from_secs(5))
}

async fn reconcile(tenant: Arc<Tenant>, context: Arc<Context>) -> Result<Action, Error> {
    let api: Api<Tenant> = Api::namespaced(context.client.clone(), &tenant.namespace().unwrap_or_default());
    let outcome = finalizer(&api, FINALIZER, tenant, async |event| match event {
        finalizer::Event::Apply(tenant) => apply(&tenant, &api, &context).await,
        finalizer::Event::Cleanup(tenant) => clean_up(&tenant, &context).await,
    });
    outcome.await.map_err(|error| Error::Finalizer(Box::new(error)))
}

async fn apply(tenant: &Tenant, api: &Api<Tenant>, context: &Context) -> Result<Action, Error> {
    let (name, id) = (tenant.name_any(), tenant.spec.settings.general.tenant_id.as_str());
    let settings = tenant.spec.settings.to_wire().settings;
    let change = match context.platform.get(id).await? {
        None => {
            context.platform.create(&name, id, &settings).await?;
            Some("Created")
        }
        Some(document) if !holds(&document["settings"], &settings) => {
            let version = document["settingsVersion"].as_str().unwrap_or_default();
            context.platform.patch(&name, id, version, &settings).await?;
            Some("Applied")
        }
        Some(_) => None,
    };
    if let Some(reason) = change {
        let event = Event {
            type_: EventType::Normal,
            reason: reason.to_owned(),
            note: Some("The settings are on the platform".to_owned()),
            action: "Reconcile".to_owned(),
            secondary: None,
        };
        context.recorder.publish(&event, &tenant.object_ref(&())).await?;
    }
    // Another time in each pass would be another status, and another pass.
    let ready = tenant.status.iter().flat_map(|status| &status.conditions).find(|condition| condition.type_ == "Ready");
    let since = ready.map_or_else(Timestamp::now, |ready| ready.last_transition_time.0);
    let since = since.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let status = json!({ "status": {
        "observedGeneration": tenant.metadata.generation,
        "conditions": [{
            "type": "Ready", "status": "True", "reason": "Succeeded", "message": "The settings are on the platform",
            "lastTransitionTime": since, "observedGeneration": tenant.metadata.generation
        }]
    }});
    api.patch_status(&name, &PatchParams::default(), &Patch::Merge(status)).await?;
    let interval = tenant.spec.sync_interval_seconds.unwrap_or(3600).unsigned_abs();
    Ok(Action::requeue(Duration::from_secs(interval.into())))
}

async fn clean_up(tenant: &Tenant, context: &Context) -> Result<Action, Error> {
    context.platform.release(&tenant.name_any(), tenant.spec.settings.general.tenant_id.as_str()).await?;
    Ok(Action::await_change())
}

/// Whether the platform has what is wanted; null is the same as absent.
fn holds(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (found, Value::Object(members)) => members.iter().all(|(name, wanted)| holds(&found[name], wanted)),
        (Value::Null, Value::String(text)) => text.is_empty(),
        (found, wanted) => found == wanted,
    }
}
