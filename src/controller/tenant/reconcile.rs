//! The pass over one Tenant, and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use jiff::Timestamp;
use kube::core::ObjectMeta;
use kube::core::error_boundary::InvalidObject;
use kube::{Resource, ResourceExt};
use tracing::{debug, warn};

use super::apply::apply;
use super::connection::connect;
use super::delete::Deleter;
use super::finalizer::{CHANGED, ensure_finalizer, has_finalizer};
use super::look;
use super::notes::Notes;
use super::observe::observe_target;
use super::pass::{Pass, step};
use super::publish::{Unpublished, publish};
use super::resolve::resolve;
use super::undecodable;
use crate::admin_api::{ApiError, Client};
use crate::cluster::{Guarded, NotWritten, Refusal, went_back};
use crate::controller::context::Context;
use crate::controller::options::Step;
use crate::controller::passed::{PassResult, Passed};
use crate::controller::queue::{Entry, Pace, next};
use crate::plan::checks::check_plan;
use crate::plan::deletion::{DeletionIntent, ReleaseOutcome};
use crate::plan::outage::PlatformHealth;
use crate::plan::secret_in_use::SecretInUse;
use crate::plan::{
    Blocked, Conclusion, Delay, Done, Facts, Intent, Live, Observation, Outcome, Rewrites, Seen, Stop, Stopped, apply,
    conclude, deletion, validate,
};
use crate::resources::{CachedTenant, Platform, Tenant};
use crate::settings::TenantId;

const PANICKED: &str = "reconciliation panicked";

/// Reconciles one Tenant. A panic that gets this far is not reported in a status, but it ends neither the watch nor other passes.
pub(crate) async fn reconcile(seen: Arc<CachedTenant>, context: Arc<Context>) -> Result<Passed, NotWritten> {
    AssertUnwindSafe(reconcile_one(seen, context)).catch_unwind().await.unwrap_or(Err(NotWritten(PANICKED)))
}

async fn reconcile_one(seen: Arc<CachedTenant>, context: Arc<Context>) -> Result<Passed, NotWritten> {
    let started = Instant::now();
    if let Some(wait) = context.memory.wait(seen.meta(), started) {
        return Ok(Passed::again(PassResult::Skipped, wait));
    }
    match ours(&seen, &context).await? {
        Ours::Decoded(tenant, platform) => run_pass(tenant, platform, &context, started).await,
        Ours::Undecodable(invalid) => undecodable::reconcile(&context, &invalid).await,
        Ours::Nothing => Ok(Passed::done(PassResult::Skipped)),
    }
}

/// One pass over a Tenant: the steps, then always their conclusion.
async fn run_pass(
    tenant: Arc<Tenant>,
    platform: Option<Arc<Platform>>,
    context: &Context,
    started: Instant,
) -> Result<Passed, NotWritten> {
    let timing = &context.options.timing;
    let mut entry = context.memory.get(&tenant.metadata);
    entry.notes.recall(&tenant, started);
    let mut pass = Pass::new(tenant, platform);
    let outcome = ended(&mut pass, context, &entry.notes).await;
    let contended = entry.notes.are_contended(&outcome, started, timing.race);
    pass.note(&outcome, &mut entry.notes);
    note_former_cluster(context, &pass, &outcome);
    let result = record(context, &pass, &outcome);
    let refresh_licenses = entry.notes.refresh_licenses((&outcome, &pass.seen), timing.licenses, started);
    let plan = pass.check_plan.take();
    let checked = context.checks.follow(pass.subject(), plan, &outcome);
    let facts = Facts {
        tenant: &pass.tenant,
        hash: pass.hash.as_ref(),
        seen: &pass.seen,
        now: Timestamp::now(),
        reference_grace: timing.reference_grace,
        refresh_licenses,
        contended,
        rewrites: entry.notes.rewrites.as_ref().map_or(&Rewrites::NONE, |(_, rewrites)| rewrites),
        platform: PlatformHealth::of(&pass.tenant.spec.platform_ref.name, pass.platform.as_deref()),
        environment: pass.environment.as_deref(),
        support: pass.platform.as_deref().and_then(|platform| platform.spec.support.as_ref()),
        checked: checked.as_ref(),
        context: pass.context.as_deref(),
        fired: &pass.fired,
    };
    let conclusion = concluded(context, &pass, facts, outcome);
    let compared = entry.notes.compared_after(&pass.tenant, &conclusion);
    let published = match published(context, &pass, conclusion).await {
        Err(Unpublished::Refused(stop)) => {
            published(context, &pass, concluded(context, &pass, facts, Err(stop.into()))).await
        }
        published => published,
    };
    let delay = published.map_err(Unpublished::into_not_written)?;
    entry.notes.compared = compared;
    Ok(Passed::again(result, scheduled(context, &pass.tenant, entry, delay, started)))
}

/// How the steps ended, of which the observer of the platform is told.
async fn ended(pass: &mut Pass, context: &Context, notes: &Notes) -> Result<Outcome, Stopped> {
    pass.noted = notes.compared_with(&pass.tenant);
    let steps = tokio::time::timeout(context.options.timing.pass, steps(pass, context, notes));
    let outcome = match AssertUnwindSafe(steps).catch_unwind().await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Stop::Kubernetes("reconciliation timed out").into()),
        // The text of a panic may quote anything.
        Err(_) => Err(Stop::Bug(PANICKED).into()),
    };
    look::end(context, pass, &outcome);
    outcome
}

/// Stores what the next pass has to know. Returns how long until then.
fn scheduled(context: &Context, tenant: &Tenant, entry: Entry<Notes>, delay: Delay, started: Instant) -> Duration {
    let now = Instant::now();
    let next = next(&Pace::of(tenant, &context.options.timing), entry.attempts, delay, now);
    let secrets = entry.notes.secrets.clone();
    context.memory.store(&tenant.metadata, entry, next, now);
    // Only after it was stored: a watch notes what it saw before it asks which Tenants use the Secret.
    if context.secret_sights.changed(&tenant.namespace().unwrap_or_default(), &secrets, started) {
        context.memory.mark_due(&tenant.uid().unwrap_or_default(), now);
        return Duration::ZERO;
    }
    next.due - now
}

/// Notes whether the tenant has the stamp of a cluster that this one may have been.
fn note_former_cluster(context: &Context, pass: &Pass, outcome: &Result<Outcome, Stopped>) {
    // What is not known now stays asked.
    if outcome.as_ref().is_err_and(|stopped| stopped.stop.class().knows_nothing()) {
        return;
    }
    let former = outcome.as_ref().err().and_then(|stopped| stopped.stop.former_cluster());
    context.former_clusters.note(&pass.tenant.spec.platform_ref.name, &pass.key, former.cloned());
}

/// Records what the pass came to, for metrics.
fn record(context: &Context, pass: &Pass, outcome: &Result<Outcome, Stopped>) -> PassResult {
    if matches!(outcome, Ok(Outcome::Live(_) | Outcome::Unchanged)) {
        context.syncs.synced(&pass.tenant.metadata, Timestamp::now());
        if let Some(took) = context.syncs.live(&pass.tenant.metadata, Instant::now()) {
            context.options.telemetry.metrics.changed(took);
        }
    }
    if let Ok(Outcome::Live(Live { done: Done::Corrected(_), .. })) = outcome {
        context.options.telemetry.metrics.drift_corrected(&pass.tenant.spec.platform_ref.name);
    }
    let result = PassResult::of(outcome);
    if result == PassResult::Stopped {
        context.syncs.stopped(&pass.tenant.metadata);
    }
    result
}

/// Writes what the pass came to. Returns when to look again.
async fn published(context: &Context, pass: &Pass, conclusion: Conclusion) -> Result<Delay, Unpublished> {
    debug!(delay = ?conclusion.delay, changed = conclusion.status.is_some(), "concluded");
    let delay = conclusion.delay;
    step(context, pass, Step::Publish);
    let released = conclusion.release_outcome.is_some_and(|outcome| outcome != ReleaseOutcome::NeverOurs);
    publish(&context.cluster, &context.options.instance, &pass.tenant, conclusion).await?;
    let id = TenantId::parse(pass.tenant.spec.settings.general.tenant_id.as_str());
    if let Some(id) = id.filter(|_| released) {
        context.releases.announce(&id);
        let platform = pass.platform.as_ref().and_then(|platform| platform.uid());
        context.versions.forget(&platform.unwrap_or_default(), id);
    }
    Ok(delay)
}

/// `conclude`, which is always reached and must always come to something: a bug in it concludes that there is a bug.
fn concluded(context: &Context, pass: &Pass, facts: Facts<'_>, outcome: Result<Outcome, Stopped>) -> Conclusion {
    let conclusion = || {
        step(context, pass, Step::Conclude);
        conclude(facts, outcome)
    };
    catch_unwind(AssertUnwindSafe(conclusion)).unwrap_or_else(|_| conclude(facts, Err(Stop::Bug(PANICKED).into())))
}

/// The steps that may fail. Where another writer was faster, the platform is asked once more in the same pass.
async fn steps(pass: &mut Pass, context: &Context, notes: &Notes) -> Result<Outcome, Stopped> {
    // Before anything can stop the pass: without it a Tenant could vanish whose tenant lives on.
    if is_held(&pass.tenant) {
        let held = ensure_finalizer(&context.cluster, &pass.tenant).await?;
        // Its metadata are those of the spec by now, which this pass did not read.
        if !pass.is_of(&held) {
            return Err(Stop::Raced(CHANGED.to_owned()).into());
        }
        pass.tenant = held;
    }
    let seen = pass.tenant.clone();
    step(context, pass, Step::Resolve);
    let (resolved, references) = resolve(context, &seen, pass.platform.clone()).await?;
    pass.secrets = Some(SecretInUse::all(&resolved));
    step(context, pass, Step::Validate);
    let intent = validate(&seen, resolved, context.today(pass.platform.as_deref()));
    pass.hash = intent.hash().cloned();
    pass.rewrites = notes.rewrites_of(pass.hash.as_ref(), context.options.timing.rewrites);
    let connection = connect(&context.platforms, pass.platform.as_deref(), &seen, &intent).await;
    pass.environment.clone_from(&connection.answers);
    let mut last = false;
    loop {
        let outcome = match &intent {
            Intent::Apply(desired) => apply(pass, context, desired, &connection, &references).await,
            Intent::Blocked(blocked) => inspect(pass, context, blocked, connection.client()).await,
            Intent::Delete(intent) => delete(pass, context, intent, connection.client()).await,
        };
        // An edit of the Tenant itself is another intent, which this pass does not know.
        let raced = matches!(&outcome, Err(Stopped { stop: Stop::Raced(_), .. }));
        if last || !raced || !pass.is_of(&seen) {
            pass.seen = Seen::after(&pass.tenant, &intent, pass.observation.as_ref(), &outcome);
            pass.check_plan = check_plan(&pass.tenant, &intent, &outcome, &pass.seen, pass.chat_app());
            return outcome;
        }
        last = true;
    }
}

/// observe → plan for a Tenant that nothing may be written for: what is known of it, and everything that is in the way.
async fn inspect(
    pass: &mut Pass,
    context: &Context,
    blocked: &Blocked,
    client: Result<&Client, ApiError>,
) -> Result<Outcome, Stopped> {
    let Some(desired) = &blocked.to_observe else { return Err(blocked.stopped.clone()) };
    step(context, pass, Step::Observe);
    let observation = observe_target(&context.cluster, client, &desired.target).await?;
    pass.observation = Some(observation.clone());
    step(context, pass, Step::Plan);
    Err(apply::blocked(&pass.tenant, blocked, observation, &pass.rewrites))
}

/// observe → plan → execute for a Tenant that is being deleted.
async fn delete(
    pass: &mut Pass,
    context: &Context,
    intent: &DeletionIntent,
    client: Result<&Client, ApiError>,
) -> Result<Outcome, Stopped> {
    step(context, pass, Step::Observe);
    let observation = match (intent.to_observe(), &client) {
        (Some(target), _) => Some(observe_target(&context.cluster, client.clone(), target).await?),
        // Whose answers mean nothing here is known without a question.
        (None, Err(error)) if error.other_platform().is_some() => Some(Observation::Unknown(error.clone())),
        (None, Ok(_) | Err(_)) => None,
    };
    pass.observation.clone_from(&observation);
    step(context, pass, Step::Plan);
    let plan = deletion::plan(intent, observation.as_ref());
    step(context, pass, Step::Execute);
    Ok(Deleter { context, client, tenant: &pass.tenant, intent }.execute(plan).await?)
}

/// What a pass works on.
enum Ours {
    /// The Tenant, and its Platform if there is one.
    Decoded(Arc<Tenant>, Option<Arc<Platform>>),
    Undecodable(Arc<InvalidObject>),
    /// Another instance serves it, or it is gone.
    Nothing,
}

/// What a pass works on. It decides on a fresh read: the watch holds but a part of the Tenant, and that may be of the predecessor of
/// the same name, from before the last write or a restore, or without what a newer CRD adds, since the API server ends the watches of
/// the older CRD a moment later.
async fn ours(seen: &CachedTenant, context: &Context) -> Result<Ours, NotWritten> {
    let platform = match &seen.platform {
        Some(name) => context.platforms.find(name).await.map_err(unread)?,
        None => None,
    };
    let is_of_other = platform.as_ref().is_some_and(|platform| platform.spec.instance() != context.options.instance);
    if is_of_other || is_released(seen.meta()) {
        return Ok(Ours::Nothing);
    }
    Ok(match fresh(seen, context).await? {
        Some(Guarded(Ok(tenant))) if !is_released(tenant.meta()) => Ours::Decoded(tenant, platform),
        Some(Guarded(Err(invalid))) => Ours::Undecodable(invalid),
        Some(Guarded(Ok(_))) | None => Ours::Nothing,
    })
}

/// The Tenant as the API server holds it; nothing where it is gone, or another of the same name is there.
async fn fresh(seen: &CachedTenant, context: &Context) -> Result<Option<Guarded<Tenant>>, NotWritten> {
    let tenants = context.cluster.namespaced::<Guarded<Tenant>>(&seen.namespace().unwrap_or_default());
    let guarded = match tenants.get(&seen.name_any()).await {
        Ok(guarded) => guarded,
        Err(Refusal::NotFound) => return Ok(None),
        Err(refusal) => return Err(unread(refusal)),
    };
    if went_back(seen.meta(), guarded.meta()) {
        warn!("the API server answers with an older state than before; all objects are listed again");
        context.cluster.epoch().relist(Instant::now());
    }
    Ok(Some(guarded).filter(|guarded| guarded.meta().uid == seen.meta().uid))
}

/// Whether a Tenant was ever applied and stays, so that our finalizer belongs on it.
fn is_held(tenant: &Tenant) -> bool {
    let applied = tenant.status.as_ref().is_some_and(|status| status.applied.is_some());
    applied && tenant.metadata.deletion_timestamp.is_none()
}

fn unread(refusal: Refusal) -> NotWritten {
    match refusal {
        Refusal::Unanswered(what) => NotWritten(what),
        // A read needs no leadership.
        Refusal::NotFound | Refusal::Forbidden(_) | Refusal::Conflict | Refusal::Invalid(_) | Refusal::NotLeader => {
            NotWritten("the operator may not read Tenants or Platforms")
        }
    }
}

/// Without our finalizer a Tenant that is being deleted is done with, or never reached the platform. The finalizers of others
/// may keep it for long, and nothing may be done for it twice.
fn is_released(tenant: &ObjectMeta) -> bool {
    tenant.deletion_timestamp.is_some() && !has_finalizer(tenant)
}
