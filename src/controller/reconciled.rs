//! What is reconciled: how a pass is framed, and how the log names its object.
//!
//! Where the outcome of a pass could not be written, the waits between attempts grow, the log names the cause, and nothing is asked of
//! a platform before its answer can be written.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::{Resource, ResourceExt};
use tracing::{Instrument, Span, info_span, warn};
use uuid::Uuid;

use super::context::Context;
use super::passed::{PassResult, Passed};
use super::unwritten;
use crate::cluster::{Event, Guarded, NotWritten, Refusal, Scope};
use crate::resources::{CachedTenant, Partner, Platform, Reason, Tenant};

/// An event says it after so many passes that could not be written.
const SAID_AFTER: u32 = 5;

/// A kind that is reconciled, as it is watched.
pub(super) trait Reconciled: Resource<DynamicType = ()> + ResourceExt {
    /// The kind behind it.
    type Kind: Resource<DynamicType = ()>;
    /// The name of its controller in the log.
    const CONTROLLER: &'static str;

    /// The Platform that it refers to.
    fn platform(&self) -> Option<&str>;
}

impl Reconciled for CachedTenant {
    type Kind = Tenant;
    const CONTROLLER: &'static str = "tenant";

    fn platform(&self) -> Option<&str> {
        self.platform.as_deref()
    }
}

impl Reconciled for Guarded<Platform> {
    type Kind = Platform;
    const CONTROLLER: &'static str = "platform";

    fn platform(&self) -> Option<&str> {
        None
    }
}

impl Reconciled for Guarded<Partner> {
    type Kind = Partner;
    const CONTROLLER: &'static str = "partner";

    fn platform(&self) -> Option<&str> {
        None
    }
}

/// Runs one pass, unless the operator is stopping. After a pass that could not be written, it first tries whether this one could.
///
/// What a pass comes to that outlived the leadership is neither a success nor a failure.
pub(super) async fn pass<K, Pass>(
    reconcile: impl FnOnce(Arc<K>, Arc<Context>) -> Pass,
    object: Arc<K>,
    context: Arc<Context>,
) -> Passed
where
    K: Reconciled,
    Pass: Future<Output = Result<Passed, NotWritten>>,
{
    let Some(_under_way) = context.passes.begin() else { return Passed::done(PassResult::Skipped) };
    let (started, metrics) = (Instant::now(), &context.options.telemetry.metrics);
    let uid = object.uid().unwrap_or_default();
    let before = context.unwritten.attempts(&uid);
    let outcome = match try_status(&context, &*object, before).await {
        Ok(()) => reconcile(object.clone(), context.clone()).instrument(span(&*object)).await,
        Err(error) => Err(error),
    };
    if context.leadership.is_over() {
        return Passed::done(PassResult::Skipped);
    }
    match &outcome {
        Ok(_) => context.unwritten.forget(&uid),
        Err(cause) if before + 1 == SAID_AFTER => say(&context, &*object, cause).await,
        Err(_) => {}
    }
    let result = outcome.as_ref().map_or(PassResult::Unwritten, |passed| passed.result);
    metrics.reconciled(K::CONTROLLER, result.as_str());
    // One that did nothing would only make the others look fast.
    if result != PassResult::Skipped {
        metrics.took(K::CONTROLLER, result.as_str(), started.elapsed());
    }
    outcome.unwrap_or_else(|error| Passed::again(result, retry(&*object, &error, &context)))
}

/// Records an event where a status should say it and cannot.
async fn say<K: Reconciled>(context: &Context, object: &K, cause: &NotWritten) {
    let message = format!(
        "The outcome of a pass is {cause}, {SAID_AFTER} times in a row; the operator tries again more and more rarely"
    );
    let event = Event {
        regarding: object.object_ref(&()),
        warning: true,
        reason: Reason::KubernetesRefused.as_str(),
        message: &message,
        instance: &context.options.instance,
    };
    let scope = if object.namespace().is_some() { Scope::Namespaced } else { Scope::Cluster };
    context.cluster.record(event, scope).await;
}

fn span<K: Reconciled>(object: &K) -> Span {
    info_span!(
        "pass",
        controller = K::CONTROLLER,
        namespace = object.namespace(),
        name = object.name_any(),
        generation = object.meta().generation,
        reconcileID = %Uuid::new_v4(),
        platform = object.platform(),
    )
}

/// Whether the status of an object can be written at present, where it could not the last time: by a dry run, which changes nothing.
async fn try_status<K: Reconciled>(context: &Context, object: &K, attempts: u32) -> Result<(), NotWritten> {
    if attempts == 0 {
        return Ok(());
    }
    let objects = context.cluster.untyped::<K::Kind>(object.namespace().as_deref());
    objects.dry_run_status(object.meta()).await.map_err(|refusal| {
        if let Refusal::Forbidden(by) | Refusal::Invalid(by) = &refusal {
            warn!(controller = K::CONTROLLER, name = object.name_any(), %by, "Kubernetes refuses writing the status");
        }
        refusal.not_written()
    })
}

/// Logs why a pass could not be written, and decides how long until the next one.
pub(super) fn retry<K: Reconciled>(object: &K, error: &NotWritten, context: &Context) -> Duration {
    let attempts = context.unwritten.count(&object.uid().unwrap_or_default());
    let wait = unwritten::wait(&context.options.timing, attempts);
    warn!(
        controller = K::CONTROLLER,
        namespace = object.namespace(),
        name = object.name_any(),
        platform = object.platform(),
        attempts,
        cause = %error,
        retry_in_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
        "the outcome of a pass could not be written"
    );
    wait
}
