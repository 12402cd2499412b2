//! The pass over one Tenant, and nothing else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::FutureExt;
use jiff::Timestamp;
use kube::core::ObjectMeta;
use kube::runtime::controller::Action;
use kube::{Api, ResourceExt};
use thiserror::Error;
use tracing::{Instrument, debug, info_span};

use super::Guarded;
use super::execute::execute;
use super::observe::observe;
use super::publish::publish;
use super::resolve::resolve;
use crate::admin_api::{ApiError, Client};
use crate::controller::checks::Subject;
use crate::controller::context::{Context, Refusal};
use crate::controller::options::Step;
use crate::controller::queue::memory::Entry;
use crate::plan::checks::check_plan;
use crate::plan::{CheckPlan, Conclusion, Delay, Done, Facts, Outcome, Rewrites, Stop, conclude, plan, validate};
use crate::resources::tenant::DEFAULT_SYNC_INTERVAL_SECONDS;
use crate::resources::{FINALIZER, Platform, SpecHash, Stamp, Tenant};

const PANICKED: &str = "a pass panicked; the operator's log has the place";

/// The outcome of a pass could not be written to Kubernetes.
#[derive(Debug, Error)]
#[error("writing the outcome of a pass: {0}")]
pub(crate) struct NotPublished(pub(crate) &'static str);

/// What a pass knows of its Tenant.
pub(crate) struct Pass {
    /// As it was last read or written.
    pub(crate) tenant: Tenant,
    /// Our stamp on the platform.
    pub(crate) stamp: Stamp,
    /// Its Platform, if there is one.
    pub(crate) platform: Option<Arc<Platform>>,
    /// The Partner that it names, if there is one.
    pub(crate) partner: Option<ObjectMeta>,
    /// Its namespace and name.
    pub(crate) key: String,
    /// The hash of its spec and Secrets.
    pub(crate) hash: Option<SpecHash>,
    /// What it wants to know of Microsoft; nothing unless it is live.
    pub(crate) check_plan: Option<CheckPlan>,
    rewrites: Rewrites,
}

/// Looks at one Tenant. A panic that gets this far says nothing in a status, but it ends neither the watch nor other passes.
pub(crate) async fn reconcile(guarded: Arc<Guarded>, context: Arc<Context>) -> Result<Action, NotPublished> {
    AssertUnwindSafe(reconcile_one(guarded, context)).catch_unwind().await.unwrap_or(Err(NotPublished(PANICKED)))
}

async fn reconcile_one(guarded: Arc<Guarded>, context: Arc<Context>) -> Result<Action, NotPublished> {
    let tenant = match &guarded.0 {
        Ok(tenant) => tenant,
        Err(invalid) => return super::undecodable::reconcile(&context, invalid).await,
    };
    if let Some(wait) = context.memory.wait(&tenant.metadata, Instant::now()) {
        return Ok(Action::requeue(wait));
    }
    let span = info_span!("pass", tenant = tenant_key(tenant), generation = tenant.metadata.generation);
    run_pass(tenant, &context).instrument(span).await
}

/// Tries again where the outcome could not be written.
pub(crate) fn retry(guarded: Arc<Guarded>, _: &NotPublished, context: Arc<Context>) -> Action {
    let meta = match &guarded.0 {
        Ok(tenant) => &tenant.metadata,
        Err(invalid) => &invalid.metadata,
    };
    context.memory.mark_due(meta.uid.as_deref().unwrap_or_default());
    Action::requeue(context.options.timing.backoff_first)
}

/// One turn of a Tenant: the steps, then always their conclusion.
async fn run_pass(seen: &Tenant, context: &Context) -> Result<Action, NotPublished> {
    let started = Instant::now();
    let Some((tenant, platform)) = ours(seen, context).await? else { return Ok(Action::await_change()) };
    let mut entry = context.memory.get(&tenant.metadata);
    let (namespace, name) = (tenant.namespace().unwrap_or_default(), tenant.name_any());
    let stamp = context.stamp(&namespace, &name);
    entry.replaced = [seen, &tenant].into_iter().filter_map(ResourceExt::resource_version).collect();
    let mut pass = Pass {
        stamp,
        platform,
        partner: None,
        key: tenant_key(&tenant),
        hash: None,
        check_plan: None,
        rewrites: Rewrites::default(),
        tenant,
    };

    let steps = tokio::time::timeout(context.options.timing.pass, pass.steps(context, &entry));
    let outcome = match AssertUnwindSafe(steps).catch_unwind().await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(Stop::Kubernetes("the pass took too long")),
        // The text of a panic may quote anything.
        Err(_) => Err(Stop::Bug(PANICKED)),
    };
    pass.count_rewrites(&outcome, &mut entry);
    let refresh_licenses = entry.licenses.is_none_or(|at| at.elapsed() >= context.options.timing.licenses);
    if refresh_licenses && outcome.is_ok() {
        entry.licenses = Some(started);
    }
    let plan = pass.check_plan.take();
    let subject = Subject {
        tenant: &pass.tenant,
        platform: pass.platform.as_deref(),
        hash: pass.hash.as_ref(),
        phase: phase_of(&pass.tenant),
    };
    let checked = context.checks.follow(subject, plan, &outcome);
    let facts = Facts {
        tenant: &pass.tenant,
        hash: pass.hash.as_ref(),
        now: Timestamp::now(),
        refresh_licenses,
        rewrites: entry.rewrites.as_ref().map_or(0, |(_, rewrites)| rewrites.count),
        support: pass.platform.as_deref().and_then(|platform| platform.spec.support.as_ref()),
        checked: checked.as_ref(),
    };
    let conclusion = concluded(context, &pass, facts, outcome);
    debug!(delay = ?conclusion.delay, changed = conclusion.status.is_some(), "concluded");
    let wait = wait(context, &pass.tenant, conclusion.delay, &mut entry);
    pass.replaces(conclusion.status.is_some(), &mut entry);
    pass.step(context, Step::Publish);
    publish(context, &pass.tenant, conclusion).await?;
    context.memory.store(&pass.tenant.metadata, entry, Instant::now(), wait);
    Ok(Action::requeue(wait))
}

/// `conclude`, which is always reached and must always come to something: a bug in it concludes that there is a bug.
fn concluded(context: &Context, pass: &Pass, facts: Facts<'_>, outcome: Result<Outcome, Stop>) -> Conclusion {
    let conclusion = || {
        pass.step(context, Step::Conclude);
        conclude(facts, outcome)
    };
    catch_unwind(AssertUnwindSafe(conclusion)).unwrap_or_else(|_| conclude(facts, Err(Stop::Bug(PANICKED))))
}

impl Pass {
    /// The steps that may fail. Where somebody else was faster, the platform is asked once more in the same pass.
    async fn steps(&mut self, context: &Context, entry: &Entry) -> Result<Outcome, Stop> {
        let platform = self.platform.clone();
        let platform = platform.as_deref();
        let seen = self.tenant.metadata.clone();
        self.step(context, Step::Resolve);
        let (resolved, partner) = resolve(context, &self.tenant, platform).await?;
        self.partner = partner;
        self.step(context, Step::Validate);
        let intent = validate(&self.tenant, &resolved).inspect_err(|stop| self.hash = stop.hash().cloned())?;
        self.hash = intent.hash().cloned();
        self.rewrites = entry.rewrites_of(self.hash.as_ref(), context.options.timing.rewrites);
        let connection = connection(context, platform).await;
        let client = || connection.as_deref().map_err(Clone::clone);
        for last in [false, true] {
            self.step(context, Step::Observe);
            let observation = observe(context, client(), &intent, &self.stamp).await?;
            self.step(context, Step::Plan);
            let plan = plan(&self.tenant, &intent, &resolved, &observation, &self.rewrites)?;
            self.step(context, Step::Execute);
            match execute(context, self, client(), &resolved, &intent, observation, plan).await {
                // An edit of the Tenant itself is another intent, which this pass does not know.
                Err(Stop::Raced) if !last && self.is_of(&seen) => {}
                outcome => {
                    let live = outcome.as_ref().ok();
                    self.check_plan = live.and_then(|live| check_plan(&self.tenant, &intent, &resolved, live));
                    return outcome;
                }
            }
        }
        Err(Stop::Raced)
    }

    /// Whether the Tenant is of the generation that was seen, and still to be kept if it was.
    fn is_of(&self, seen: &ObjectMeta) -> bool {
        let meta = &self.tenant.metadata;
        meta.generation == seen.generation && meta.deletion_timestamp.is_some() == seen.deletion_timestamp.is_some()
    }

    /// Notes which versions of the Tenant are no more once the status is written, if it is.
    fn replaces(&self, writes_status: bool, entry: &mut Entry) {
        let present = self.tenant.resource_version();
        if writes_status {
            entry.replaced.extend(present);
        } else {
            entry.replaced.retain(|version| Some(version) != present.as_ref());
        }
    }

    fn step(&self, context: &Context, step: Step) {
        (context.options.observer)(step, &self.key);
    }

    /// Remembers writes whose value the platform did not keep.
    fn count_rewrites(&self, outcome: &Result<Outcome, Stop>, entry: &mut Entry) {
        if let Ok(Outcome::Live { done, difference, .. }) = outcome {
            if *done != Done::Nothing {
                entry.rewritten = Some(Instant::now());
            }
            entry.rewrites = self.hash.clone().map(|hash| (hash, self.rewrites.after(*done, difference)));
        }
    }
}

/// The Tenant to work on and its Platform; nothing when another instance serves it or it is gone. A deletion is decided on a
/// fresh read: a cache may hold the predecessor of the same name. So is a pass that comes before the watch brought what the
/// last one wrote.
async fn ours(seen: &Tenant, context: &Context) -> Result<Option<(Tenant, Option<Arc<Platform>>)>, NotPublished> {
    let unknown = |refusal| match refusal {
        Refusal::Unknown(what) => NotPublished(what),
        Refusal::NotFound | Refusal::Forbidden | Refusal::Conflict => {
            NotPublished("the operator may not read Tenants or Platforms")
        }
    };
    let platform = context.platforms.find(context, &seen.spec.platform_ref.name).await.map_err(unknown)?;
    if platform.as_ref().is_some_and(|platform| platform.spec.instance() != context.options.instance) {
        return Ok(None);
    }
    let outdated = context.memory.get(&seen.metadata).is_outdated(&seen.metadata);
    if seen.metadata.deletion_timestamp.is_none() && !outdated {
        return Ok(Some((seen.clone(), platform)));
    }
    if departed(seen) {
        return Ok(None);
    }
    let tenants = Api::<Tenant>::namespaced(context.client.clone(), &seen.namespace().unwrap_or_default());
    match context.kubernetes(tenants.get(&seen.name_any())).await {
        Ok(fresh) if fresh.uid() == seen.uid() && !departed(&fresh) => Ok(Some((fresh, platform))),
        Ok(_) | Err(Refusal::NotFound) => Ok(None),
        Err(refusal) => Err(unknown(refusal)),
    }
}

/// Without our finalizer a Tenant that is being deleted is done with, or never reached the platform. It may stand there for
/// long while others hold it, and nothing may be done for it twice.
fn departed(tenant: &Tenant) -> bool {
    tenant.metadata.deletion_timestamp.is_some() && !tenant.finalizers().iter().any(|name| name == FINALIZER)
}

async fn connection(context: &Context, platform: Option<&Platform>) -> Result<Arc<Client>, ApiError> {
    match platform {
        None => Err(ApiError::NotCalled { because: "the Platform is missing" }),
        Some(platform) => context
            .platforms
            .client(context, platform)
            .await
            .map_err(|problem| ApiError::NotCalled { because: problem.what }),
    }
}

/// From the class of a delay to a time. A Tenant's own phase keeps Tenants from moving in step.
fn wait(context: &Context, tenant: &Tenant, delay: Delay, entry: &mut Entry) -> Duration {
    let timing = &context.options.timing;
    if matches!(delay, Delay::Backoff | Delay::Reference | Delay::AtOnce) {
        entry.attempts = entry.attempts.saturating_add(1);
    } else {
        entry.attempts = 0;
    }
    let double = |first: Duration| first.saturating_mul(1 << entry.attempts.saturating_sub(1).min(16));
    let doubled = double(timing.backoff_first);
    let phase = |wait: Duration| wait.mul_f64(0.9 + 0.1 * f64::from(phase_of(tenant)) / 255.0);
    let seconds = tenant.spec.sync_interval_seconds.unwrap_or(DEFAULT_SYNC_INTERVAL_SECONDS).max(60);
    let sync = timing.sync.unwrap_or_else(|| phase(Duration::from_secs(u64::from(seconds.unsigned_abs()))));
    match delay {
        Delay::Sync => sync,
        Delay::Script => sync.min(timing.script_poll),
        Delay::Backoff => phase(doubled.min(timing.backoff_most)),
        Delay::Reference => phase(doubled.min(timing.reference_most)),
        Delay::RetryAfter(wait) => wait,
        Delay::Deletion => timing.deletion_poll,
        // A race that comes again and again is no race.
        Delay::AtOnce => double(Duration::from_millis(50)).min(timing.backoff_most),
        Delay::Never => timing.backoff_most,
    }
}

/// From 0 to 255, the same for a Tenant for ever.
fn phase_of(tenant: &Tenant) -> u8 {
    tenant.uid().unwrap_or_default().bytes().fold(0, |sum: u8, byte| sum.wrapping_mul(31).wrapping_add(byte))
}

fn tenant_key(tenant: &Tenant) -> String {
    format!("{}/{}", tenant.namespace().unwrap_or_default(), tenant.name_any())
}
