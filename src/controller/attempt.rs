//! Writes of a Platform or a Partner that Kubernetes may refuse for good, as a policy of an organisation does. That is one event
//! and each time a line in the log, and ends no pass.

use std::time::Instant;

use k8s_openapi::api::core::v1::ObjectReference;
use kube::api::ApiResource;
use kube::core::ObjectMeta;
use serde_json::Value;
use tracing::{info, warn};

use super::context::Context;
use super::in_use::Target;
use super::refusals::Refused;
use crate::cluster::{Event, NotWritten, Patch, Refusal, Scope};
use crate::resources::Reason;

const STATUS: &str = "writing the status";
const PUT_BACK: &str = "putting back the finalizer that keeps it in use";
const REMOVE: &str = "removing the finalizer that kept it in use";

/// What became of an attempt.
enum Tried<T> {
    Done {
        value: T,
        /// Whether it was refused before.
        healed: bool,
    },
    Refused(Refused),
}

/// What became of the finalizer at the beginning of a pass.
pub(super) struct Kept<K> {
    /// The object after it was written, if it was.
    pub(super) written: Option<K>,
    /// Whether its status has to say something else now.
    pub(super) is_news: bool,
    pub(super) refused: Option<Refused>,
}

/// Puts the finalizer back that a write of the whole object took off. The pass goes on with what was written, or where that is
/// refused.
pub(super) async fn keep<K: Target>(
    context: &Context,
    seen: &K,
    put_back: impl Future<Output = Result<bool, Refusal>>,
) -> Result<Kept<K>, NotWritten> {
    let tried = attempt(context, &reference::<K>(seen.meta()), PUT_BACK, put_back).await;
    Ok(match tried.map_err(Refusal::not_written)? {
        Tried::Refused(refused) => Kept { written: None, is_news: refused.is_new, refused: Some(refused) },
        Tried::Done { value: false, healed } => Kept { written: None, is_news: healed, refused: None },
        Tried::Done { value: true, healed } => {
            warn!("the finalizer that keeps it in use was taken off, and is put back");
            let name = seen.meta().name.as_deref().unwrap_or_default();
            let written = context.cluster.cluster_scoped::<K>().get(name).await.map_err(Refusal::not_written)?;
            Kept { written: Some(written), is_news: healed, refused: None }
        }
    })
}

/// Whether an object is still in use; where its finalizer may not be removed, it stays.
pub(super) struct Used {
    pub(super) in_use: bool,
    pub(super) refused: Option<Refused>,
}

/// Removes the finalizer from what is not in use any more.
pub(super) async fn release<K: Target>(
    context: &Context,
    seen: &ObjectMeta,
    release: impl Future<Output = Result<bool, Refusal>>,
) -> Result<Used, Refusal> {
    Ok(match attempt(context, &reference::<K>(seen), REMOVE, release).await? {
        Tried::Done { value: in_use, .. } => Used { in_use, refused: None },
        Tried::Refused(refused) => Used { in_use: true, refused: Some(refused) },
    })
}

/// Writes the status, only to the version that was seen: what another pass, or another operator, wrote meanwhile must not be lost.
pub(super) async fn write_status<K: Target>(
    context: &Context,
    seen: &ObjectMeta,
    status: Value,
) -> Result<(), NotWritten> {
    let uid = seen.uid.clone().unwrap_or_default();
    // When it is tried again is decided by how often the pass could not be written.
    match context.cluster.cluster_scoped::<K>().patch_status(Patch::of_version(seen).status(status)).await {
        Ok(_) | Err(Refusal::NotFound) => {
            context.refusals.forget(&uid, STATUS);
            Ok(())
        }
        Err(refusal) => {
            if let Refusal::Forbidden(by) | Refusal::Invalid(by) = &refusal {
                let (timing, now) = (&context.options.timing, Instant::now());
                let refused = context.refusals.count(&uid, (STATUS, by.clone()), timing, now);
                tell(context, &reference::<K>(seen), &refused).await;
            }
            Err(refusal.not_written())
        }
    }
}

/// Tries what Kubernetes may refuse, unless it was refused just now.
async fn attempt<T>(
    context: &Context,
    about: &ObjectReference,
    what: &'static str,
    call: impl Future<Output = Result<T, Refusal>>,
) -> Result<Tried<T>, Refusal> {
    let uid = about.uid.clone().unwrap_or_default();
    if let Some(refused) = context.refusals.waiting(&uid, what, Instant::now()) {
        return Ok(Tried::Refused(refused));
    }
    match call.await {
        Ok(value) => Ok(Tried::Done { value, healed: context.refusals.forget(&uid, what) }),
        Err(Refusal::Forbidden(by) | Refusal::Invalid(by)) => {
            let refused = context.refusals.count(&uid, (what, by), &context.options.timing, Instant::now());
            tell(context, about, &refused).await;
            Ok(Tried::Refused(refused))
        }
        Err(refusal) => Err(refusal),
    }
}

async fn tell(context: &Context, about: &ObjectReference, refused: &Refused) {
    let cause = refused.describe();
    warn!(cause, retry_in_ms = u64::try_from(refused.wait.as_millis()).unwrap_or(u64::MAX), "refused by Kubernetes");
    if !refused.is_new {
        return;
    }
    let (reason, instance) = (Reason::KubernetesRefused.as_str(), context.options.instance.as_str());
    info!(reason, note = cause, "event");
    let event = Event { regarding: about.clone(), warning: true, reason, message: &cause, instance };
    context.cluster.record(event, Scope::Cluster).await;
}

/// How an event names an object, which may be one that cannot be decoded.
fn reference<K: Target>(meta: &ObjectMeta) -> ObjectReference {
    let kind = ApiResource::erase::<K>(&());
    ObjectReference {
        api_version: Some(kind.api_version),
        kind: Some(kind.kind),
        name: meta.name.clone(),
        uid: meta.uid.clone(),
        ..ObjectReference::default()
    }
}
