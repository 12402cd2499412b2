//! The pass over one Platform: whether it answers and accepts the credentials. An outage is reported here, once.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use kube::ResourceExt;
use serde_json::json;
use tracing::warn;

use super::deletion_rate::Breaker;
use super::notes::PlatformNotes;
use super::orphans::{self, Report};
use super::{unconnected, undecodable};
use crate::admin_api::{ApiError, Capabilities, Client};
use crate::cluster::{Guarded, NotWritten, Refusal};
use crate::controller::attempt::{self, Used};
use crate::controller::context::Context;
use crate::controller::in_use::Hold;
use crate::controller::passed::{PassResult, Passed};
use crate::controller::queue::Next;
use crate::controller::readiness::log_ready;
use crate::controller::refusals::Refused;
use crate::plan::status::references::{ReferenceFacts, with_refusal};
use crate::plan::{Environment, environment, outage};
use crate::resources::condition::ConditionUpdate;
use crate::resources::platform::PlatformStatus;
use crate::resources::{CachedTenant, ConditionStatus, ConditionType, FINALIZER, Platform, Reason, bounds};
use crate::text::shown;

/// How many of its Tenants a Platform names that waits for them.
const NAMED: usize = 10;

/// Reconciles one Platform.
pub(crate) async fn reconcile(guarded: Arc<Guarded<Platform>>, context: Arc<Context>) -> Result<Passed, NotWritten> {
    match &guarded.0 {
        Ok(platform) => run_pass(platform, &context).await,
        Err(invalid) => undecodable::reconcile(&context, invalid).await,
    }
}

async fn run_pass(platform: &Platform, context: &Context) -> Result<Passed, NotWritten> {
    if platform.spec.instance() != context.options.instance {
        return Ok(Passed::done(PassResult::Skipped));
    }
    let timing = &context.options.timing;
    let tenants = context.fleet.of_platform(&platform.name_any());
    let put_back = context.in_use.keep::<Platform>(&context.cluster, &platform.metadata, tenants.as_deref());
    let kept = attempt::keep(context, platform, put_back).await?;
    let platform = kept.written.as_ref().unwrap_or(platform);
    let due = context.platform_memory.wait(&platform.metadata, Instant::now()).filter(|_| !kept.is_news);
    if let Some(wait) = due {
        return Ok(Passed::again(PassResult::Skipped, sooner(wait, kept.refused.as_ref())));
    }
    let used = match release(context, platform).await? {
        Some(used) => used,
        // Changed meanwhile: the change brings another pass.
        None => return Ok(Passed::again(PassResult::Raced, timing.backoff_first)),
    };
    let deleting = platform.metadata.deletion_timestamp.is_some();
    if deleting && !used.in_use {
        context.checks.forget(platform);
        context.versions.forget_platform(&platform.uid().unwrap_or_default());
        return Ok(Passed::done(PassResult::Released));
    }
    let refused = used.refused.or(kept.refused);
    let has_app = context.checks.read_app(&context.cluster, &context.options.operator_namespace, platform).await;
    let probed = probe(context, platform).await;
    // Read after the probe: an alarm during the probe has been answered by it, and the probe may have taken longer than the pause.
    let mut entry = context.platform_memory.get(&platform.metadata);
    let mut state = state(context, platform, probed, &mut entry.notes).await?;
    if deleting {
        // It stays usable for the Tenants that it waits for.
        state.ready = terminating(&tenants.unwrap_or_default(), &state.ready.message);
        state.wait = timing.platform_retry;
    }
    if let Some(refused) = &refused {
        state.ready = with_refusal(state.ready, &refused.describe());
        state.wait = sooner(state.wait, Some(refused));
    }
    // Credentials that are not there yet are looked for as often as a platform that does not answer.
    let wait = if has_app { state.wait } else { state.wait.min(timing.platform_retry) };
    let is_ready = state.ready.status == ConditionStatus::True;
    publish(context, platform, state).await?;
    let now = Instant::now();
    context.platform_memory.store(&platform.metadata, entry, Next { due: now + wait, attempts: 0 }, now);
    Ok(Passed::again(if is_ready { PassResult::Succeeded } else { PassResult::Stopped }, wait))
}

/// The shorter of two waits, where Kubernetes refuses something.
fn sooner(wait: Duration, refused: Option<&Refused>) -> Duration {
    refused.map_or(wait, |refused| wait.min(refused.wait))
}

/// Lets a Platform go that no Tenant refers to; nothing where it changed meanwhile.
async fn release(context: &Context, platform: &Platform) -> Result<Option<Used>, NotWritten> {
    let hold = Hold::of(&platform.metadata, context.options.timing.pass);
    let release = context.in_use.release_platform_if_unused(&context.cluster, &platform.metadata, hold);
    match attempt::release::<Platform>(context, &platform.metadata, release).await {
        Ok(used) => Ok(Some(used)),
        Err(Refusal::Conflict | Refusal::NotFound) => Ok(None),
        Err(Refusal::Forbidden(_) | Refusal::Invalid(_) | Refusal::Unanswered(_) | Refusal::NotLeader) => {
            Err(NotWritten("cannot read whether Tenants refer to it"))
        }
    }
}

/// What a Platform says that is being deleted, and how it is reached meanwhile.
fn terminating(tenants: &[Arc<CachedTenant>], reached: &str) -> ConditionUpdate {
    let served = tenants.iter().filter(|tenant| tenant.finalizers().iter().any(|name| name == FINALIZER));
    let mut names: Vec<String> =
        served.map(|tenant| format!("{}/{}", tenant.namespace().unwrap_or_default(), tenant.name_any())).collect();
    names.sort_unstable();
    let more = names.len().saturating_sub(NAMED);
    let others = if more > 0 { format!(" (+{more} more)") } else { String::new() };
    let waits = match names.len() {
        0 => "waiting for its Tenants".to_owned(),
        1 => format!("waiting for its Tenant {}", names[0]),
        count => format!("waiting for its {count} Tenants: {}{others}", names[..names.len() - more].join(", ")),
    };
    let message = format!("Being deleted; {waits}. It takes no new Tenant. {reached}");
    ConditionUpdate::new(ConditionType::Ready, false, Reason::Terminating, message)
}

/// What a pass found out about a Platform.
struct State {
    ready: ConditionUpdate,
    /// The environment that the Tenants are in.
    platform_id: Option<String>,
    /// Of our credentials, as the platform says it.
    role: Option<String>,
    /// `None` where this pass did not look for orphans.
    orphans: Option<Report>,
    /// Until the next pass.
    wait: Duration,
}

async fn state(
    context: &Context,
    platform: &Platform,
    probed: Result<Connected, Unconnected>,
    notes: &mut PlatformNotes,
) -> Result<State, NotWritten> {
    let Connected { client, capabilities } = match probed {
        Ok(connected) => connected,
        Err(Unconnected { ready, wait }) => {
            let known = platform.status.clone().unwrap_or_default();
            return Ok(State { ready, platform_id: known.platform_id, role: known.role, orphans: None, wait });
        }
    };
    let platform_id = match environment(context, platform, &capabilities) {
        Ok(platform_id) => platform_id,
        Err(elsewhere) => return Ok(elsewhere),
    };
    let orphans = orphans(context, platform, &client, notes).await;
    let role = Some(shown(&capabilities.role, bounds::WORD));
    let lacking = context.enforcement.lacking(&context.cluster).await;
    let lacking = lacking.map_err(|_| NotWritten("policies could not be read"))?;
    let timing = &context.options.timing;
    // Without the policies the authority over fields is not enforced, so the Platform is not ready.
    let (ready, wait) = if lacking.is_empty() {
        let policies = if context.options.without_policies { "are not required" } else { "are in force" };
        let message = format!("The platform answers and accepts the credentials; the admission policies {policies}");
        (ConditionUpdate::new(ConditionType::Ready, true, Reason::Connected, message), timing.platform_check)
    } else {
        let message =
            format!("The admission policies are not in force, so no tenant is written: {}", lacking.join("; "));
        (ConditionUpdate::new(ConditionType::Ready, false, Reason::PoliciesNotEnforced, message), timing.platform_retry)
    };
    // What the Tenants remember is not known yet: look again soon.
    let wait = if platform_id.is_none() && capabilities.platform_id.is_some() { timing.platform_retry } else { wait };
    Ok(State { ready, platform_id, role, orphans, wait })
}

/// The environment that answers, if it is the one that is meant; nothing where that is not known yet. Where the Platform does not
/// remember one, since it was created again or lost its status, its Tenants do.
///
/// *Errors*: it is another one, whose answers mean nothing here.
fn environment(context: &Context, platform: &Platform, answer: &Capabilities) -> Result<Option<String>, State> {
    let known = platform.status.clone().unwrap_or_default();
    let recorded = match platform.spec.platform_id.as_ref().or(known.platform_id.as_ref()) {
        Some(_) => Some(BTreeSet::new()),
        None => context.fleet.environments(&platform.name_any()),
    };
    let meant = Environment::of(platform, recorded.iter().flatten().map(String::as_str));
    let answers = environment::named_by(answer);
    match meant.check(answers.as_deref()) {
        Ok(()) => Ok(answers.filter(|_| recorded.is_some()).or(known.platform_id)),
        Err(other) => {
            let message = format!("The endpoint {}", environment::describe(&other));
            Err(State {
                ready: ConditionUpdate::new(ConditionType::Ready, false, Reason::PlatformChanged, message),
                platform_id: known.platform_id.or(Some(other.expected)),
                role: known.role,
                orphans: None,
                wait: context.options.timing.platform_retry,
            })
        }
    }
}

/// Looks for orphans when it is time. A round that could not be made is tried again sooner.
async fn orphans(context: &Context, platform: &Platform, client: &Client, notes: &mut PlatformNotes) -> Option<Report> {
    let interval = context.options.timing.orphans;
    let soon = Instant::now() + interval / 10;
    if *notes.orphans.get_or_insert(soon) > Instant::now() {
        return None;
    }
    let (cluster, cluster_id) = (&context.cluster, context.options.cluster_id.as_str());
    let round = orphans::find_orphans(cluster, cluster_id, platform, client);
    let report = tokio::time::timeout(context.options.timing.pass, round).await.ok().flatten();
    if let Some(report) = &report {
        notes.found = Some(report.count);
    }
    notes.orphans = Some(if report.is_some() { Instant::now() + interval } else { soon });
    report
}

/// A platform that answers and accepts the credentials.
struct Connected {
    client: Arc<Client>,
    capabilities: Arc<Capabilities>,
}

/// A platform that does not.
struct Unconnected {
    ready: ConditionUpdate,
    wait: Duration,
}

async fn probe(context: &Context, platform: &Platform) -> Result<Connected, Unconnected> {
    let retry = context.options.timing.platform_retry;
    let unconnected = |reason, message: String, wait| Unconnected {
        ready: ConditionUpdate::new(ConditionType::Ready, false, reason, message),
        wait,
    };
    let client = context.platforms.connect(platform).await;
    let client = client.map_err(|problem| unconnected(problem.reason, problem.what, retry))?;
    let probed = client.probe().await.map_err(|error| {
        let wait = match &error {
            ApiError::Throttled { after } => *after,
            ApiError::Unauthenticated(_)
            | ApiError::Forbidden
            | ApiError::Unreachable(_)
            | ApiError::NotCalled(_)
            | ApiError::Refused(_)
            | ApiError::Unexpected(_) => retry,
        };
        let reason = outage::reason(&error).unwrap_or(Reason::Unreachable);
        unconnected(reason, unconnected::explain(&error), wait)
    });
    Ok(Connected { capabilities: probed?, client })
}

async fn publish(context: &Context, platform: &Platform, state: State) -> Result<(), NotWritten> {
    let previous = platform.status.clone().unwrap_or_default();
    let before = (previous.orphans.clone(), previous.orphans_message.clone());
    let found = state.orphans.map(|Report { orphans, message, .. }| (orphans, message));
    let (orphans, orphans_message) = found.unwrap_or(before);
    let generation = platform.metadata.generation.unwrap_or_default();
    let facts = ReferenceFacts {
        conditions: &previous.conditions,
        generation,
        now: Timestamp::now(),
        grace: context.options.timing.reference_grace,
        support: platform.spec.support.as_ref(),
    };
    let ready = context.former_clusters.asked(&context.fleet, &platform.name_any(), state.ready);
    let conditions = facts.conditions(ready);
    let status = PlatformStatus {
        observed_generation: generation,
        platform_id: state.platform_id,
        role: state.role,
        conditions,
        orphans,
        orphans_message,
        confirmed_deletions: Breaker::of(context).listed(platform),
        tenants: context.totals.of_platform(context.sight(), platform),
    };
    if platform.status.as_ref() == Some(&status) {
        return Ok(());
    }
    attempt::write_status::<Platform>(context, &platform.metadata, json!(status)).await?;
    log_ready(&previous.conditions, &status.conditions);
    if let Some(report) = status.orphans_message.as_ref().filter(|_| previous.orphans != status.orphans) {
        warn!(report, "tenants on the platform without a Tenant object");
    }
    Ok(())
}
