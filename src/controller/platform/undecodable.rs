//! A Platform that cannot be decoded. It is named in its own status and stops no other; its Tenants stay as they were.

use kube::core::error_boundary::InvalidObject;
use serde_json::Value;
use tracing::warn;

use crate::cluster::{NotWritten, Refusal};
use crate::controller::attempt;
use crate::controller::context::Context;
use crate::controller::in_use::Hold;
use crate::controller::passed::{PassResult, Passed};
use crate::controller::undecodable::{status_with, undecodable};
use crate::plan::status::references::with_refusal;
use crate::resources::Platform;
use crate::resources::platform::DEFAULT_INSTANCE;

/// Reconciles one Platform that cannot be decoded.
pub(crate) async fn reconcile(context: &Context, invalid: &InvalidObject) -> Result<Passed, NotWritten> {
    let unread = |_| NotWritten("a Platform that cannot be decoded could not be read");
    let name = invalid.metadata.name.as_deref().unwrap_or_default();
    let platforms = context.cluster.untyped::<Platform>(None);
    let object = match platforms.get(name).await {
        Err(Refusal::NotFound) => return Ok(Passed::done(PassResult::Skipped)),
        outcome => outcome.map_err(unread)?,
    };
    let instance = object.data.pointer("/spec/instance").and_then(Value::as_str).unwrap_or(DEFAULT_INSTANCE);
    if instance != context.options.instance {
        return Ok(Passed::done(PassResult::Skipped));
    }
    warn!("cannot decode Platform");
    let hold = Hold::of(&object.metadata, context.options.timing.pass);
    let release = context.in_use.release_platform_if_unused(&context.cluster, &object.metadata, hold);
    let used = attempt::release::<Platform>(context, &object.metadata, release).await.map_err(unread)?;
    if object.metadata.deletion_timestamp.is_some() && !used.in_use {
        return Ok(Passed::done(PassResult::Released));
    }
    let refused = |update| match &used.refused {
        Some(refused) => with_refusal(update, &refused.describe()),
        None => update,
    };
    if let Some(status) = status_with(&object, undecodable().map(refused).to_vec()) {
        attempt::write_status::<Platform>(context, &object.metadata, status).await?;
    }
    let most = context.options.timing.backoff_most;
    Ok(Passed::again(PassResult::Stopped, used.refused.map_or(most, |refused| refused.wait.min(most))))
}
