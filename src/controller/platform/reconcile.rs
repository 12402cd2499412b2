//! The pass over one Platform: is it reachable, are the credentials good. An outage is said here, once.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::api::{Patch, PatchParams};
use kube::core::{DeserializeGuard, ObjectMeta, PartialObjectMeta};
use kube::runtime::controller::Action;
use kube::{Api, ResourceExt};
use serde_json::{Value, json};
use thiserror::Error;
use tracing::{info, warn};

use super::orphans::{self, Report};
use super::{policies, undecodable};
use crate::admin_api::{ApiError, Capabilities, Client};
use crate::controller::context::{Context, Refusal};
use crate::controller::in_use::Target;
use crate::controller::queue::memory::Entry;
use crate::controller::{FIELD_MANAGER, in_use};
use crate::resources::condition::{ConditionUpdate, merge};
use crate::resources::platform::PlatformStatus;
use crate::resources::{ConditionType, Platform, Reason, bounds};
use crate::settings::text::cut;

/// The status of a Platform or a Partner could not be written.
#[derive(Debug, Error)]
#[error("writing a status: {0}")]
pub(crate) struct NotWritten(pub(crate) &'static str);

/// One that cannot be read stops no other.
pub(crate) type Guarded = DeserializeGuard<Platform>;

/// Looks at one Platform.
pub(crate) async fn reconcile(guarded: Arc<Guarded>, context: Arc<Context>) -> Result<Action, NotWritten> {
    match &guarded.0 {
        Ok(platform) => look_at(platform, &context).await,
        Err(invalid) => undecodable::reconcile(&context, invalid).await,
    }
}

async fn look_at(platform: &Platform, context: &Context) -> Result<Action, NotWritten> {
    if platform.spec.instance() != context.options.instance {
        return Ok(Action::await_change());
    }
    if let Some(wait) = context.platform_memory.wait(&platform.metadata, Instant::now()) {
        return Ok(Action::requeue(wait));
    }
    let timing = &context.options.timing;
    let in_use = match in_use::release_platform(context, &platform.metadata).await {
        Ok(in_use) => in_use,
        // Changed meanwhile: the change brings another look.
        Err(Refusal::Conflict | Refusal::NotFound) => return Ok(Action::requeue(timing.backoff_first)),
        Err(_) => return Err(NotWritten("whether Tenants refer to it could not be read")),
    };
    let deleting = platform.metadata.deletion_timestamp.is_some();
    if deleting && !in_use {
        context.checks.forget(platform);
        return Ok(Action::await_change());
    }
    context.checks.read_app(context, platform).await;
    let seen = inspect(context, platform).await;
    // From here on: whoever rang while the probe was waiting for its answer has been answered by it, and it may have waited
    // for longer than the pause is.
    let mut entry = context.platform_memory.get(&platform.metadata);
    let mut report = None;
    let (update, role, wait) = match seen {
        Ok((client, capabilities)) => {
            report = orphans(context, platform, &client, &mut entry).await;
            let role = Some(cut(&capabilities.role, bounds::WORD));
            let (update, wait) = installed(context).await.map_err(|_| NotWritten("policies could not be read"))?;
            (update, role, wait)
        }
        Err((update, wait)) => (update, platform.status.as_ref().and_then(|status| status.role.clone()), wait),
    };
    let (update, wait) = match deleting {
        // The platform stays usable for the Tenants that it waits for.
        true => (
            ConditionUpdate {
                message: format!("is being deleted and waits for its Tenants; {}", update.message),
                ..update
            },
            timing.platform_retry,
        ),
        false => (update, wait),
    };
    publish(context, platform, update, role, report).await?;
    context.platform_memory.store(&platform.metadata, entry, Instant::now(), wait);
    Ok(Action::requeue(wait))
}

/// Tries again where the status could not be written.
pub(crate) fn retry(_: Arc<Guarded>, _: &NotWritten, context: Arc<Context>) -> Action {
    Action::requeue(context.options.timing.backoff_first)
}

/// With a good connection: are the policies there, without which authority is not held?
async fn installed(context: &Context) -> Result<(ConditionUpdate, Duration), Refusal> {
    let missing = policies::missing(context).await?;
    let timing = &context.options.timing;
    Ok(if missing.is_empty() {
        let message = "the platform answers and accepts the credentials; the admission policies are installed";
        (ConditionUpdate::new(ConditionType::Ready, true, Reason::Connected, message), timing.platform_check)
    } else {
        let message = format!(
            "authority over fields is not held, since these are missing or may not be read: {}",
            missing.join(", ")
        );
        (ConditionUpdate::new(ConditionType::Ready, false, Reason::PoliciesMissing, message), timing.platform_retry)
    })
}

/// Looks for orphans when it is time. A round that could not be made is tried again sooner.
async fn orphans(context: &Context, platform: &Platform, client: &Client, entry: &mut Entry) -> Option<Report> {
    let interval = context.options.timing.orphans;
    let soon = Instant::now() + interval / 10;
    if *entry.orphans.get_or_insert(soon) > Instant::now() {
        return None;
    }
    let report = orphans::find_orphans(context, platform, client).await;
    entry.orphans = Some(if report.is_some() { Instant::now() + interval } else { soon });
    report
}

async fn inspect(
    context: &Context,
    platform: &Platform,
) -> Result<(Arc<Client>, Capabilities), (ConditionUpdate, Duration)> {
    let retry = context.options.timing.platform_retry;
    let client =
        context.platforms.connect(context, platform).await.map_err(|problem| {
            (ConditionUpdate::new(ConditionType::Ready, false, problem.reason, problem.what), retry)
        })?;
    let probed = client.probe().await.map_err(|error| {
        let (reason, wait) = match &error {
            ApiError::Unauthenticated { .. } | ApiError::Forbidden => (Reason::AuthenticationFailed, retry),
            ApiError::Unreachable { .. } | ApiError::NotCalled { .. } => (Reason::Unreachable, retry),
            ApiError::Throttled { after } => (Reason::Throttled, *after),
            ApiError::Refused(_) | ApiError::Unexpected { .. } => (Reason::UnexpectedAnswer, retry),
        };
        (ConditionUpdate::new(ConditionType::Ready, false, reason, error.lasting()), wait)
    });
    probed.map(|capabilities| (client, capabilities))
}

async fn publish(
    context: &Context,
    platform: &Platform,
    update: ConditionUpdate,
    role: Option<String>,
    report: Option<Report>,
) -> Result<(), NotWritten> {
    let previous = platform.status.clone().unwrap_or_default();
    let said = Report { orphans: previous.orphans.clone(), message: previous.orphans_message.clone() };
    let Report { orphans, message: orphans_message } = report.unwrap_or(said);
    let generation = platform.metadata.generation.unwrap_or_default();
    let support = platform.spec.support.as_ref();
    let conditions = merge(&previous.conditions, vec![update.into()], generation, Timestamp::now(), support);
    let status = PlatformStatus {
        observed_generation: generation,
        role,
        conditions,
        orphans,
        orphans_message,
        confirmed_deletions: previous.confirmed_deletions,
    };
    if platform.status.as_ref() == Some(&status) {
        return Ok(());
    }
    if let Some(message) = status.orphans_message.as_ref().filter(|_| previous.orphans != status.orphans) {
        warn!(platform = platform.name_any(), message, "tenants without a Tenant");
    }
    for condition in &status.conditions {
        let (name, reason) = (platform.name_any(), condition.reason.as_str());
        match condition.status.as_str() {
            "True" => info!(platform = name, reason, "platform is ready"),
            _ => warn!(platform = name, reason, message = condition.message, "platform is not ready"),
        }
    }
    write_status::<Platform>(context, &platform.metadata, json!(status)).await
}

/// Replaces the status of an object that is still as it was looked at: what another pass, or another operator, said meanwhile
/// must not be written over.
pub(crate) async fn write_status<K: Target>(
    context: &Context,
    meta: &ObjectMeta,
    status: Value,
) -> Result<(), NotWritten> {
    let patch: json_patch::Patch = serde_json::from_value(json!([
        { "op": "test", "path": "/metadata/resourceVersion", "value": meta.resource_version },
        { "op": "add", "path": "/status", "value": status },
    ]))
    .map_err(|_| NotWritten("not a patch"))?;
    let api = Api::<PartialObjectMeta<K>>::all(context.client.clone());
    let params = PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
    let name = meta.name.as_deref().unwrap_or_default();
    match context.kubernetes(api.patch_status(name, &params, &Patch::Json::<()>(patch))).await {
        // Gone: there is nobody to tell.
        Ok(_) | Err(Refusal::NotFound) => Ok(()),
        Err(Refusal::Conflict) => Err(NotWritten("it changed meanwhile")),
        Err(Refusal::Forbidden) => Err(NotWritten("the operator's account may not do this")),
        Err(Refusal::Unknown(what)) => Err(NotWritten(what)),
    }
}
