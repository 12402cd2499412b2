//! The watches, and the loops that they feed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures::future::{join3, ready};
use futures::{FutureExt, Stream, StreamExt, stream};
use kube::runtime::reflector::ObjectRef;
use kube::{Resource, ResourceExt};
use tokio::time::timeout;
use tracing::{info, warn};

use super::arrivals::{changed, sighted, woken};
use super::context::Context;
use super::leader::Candidacy;
use super::options::Options;
use super::partner_changes::Presence;
use super::platform_changes::{Concerns, PlatformChange};
use super::preflight::preflight;
use super::runner;
use super::secret_changes::{of_changed_credentials, of_changed_secrets};
use super::unwatched::watch_for_unwatched;
use super::versions::Woken;
use super::woken::{of_changed_partners, of_released_tenants, received};
use crate::cluster::{Cluster, Guarded, Objects, Store, Watch};
use crate::lease::Leadership;
use crate::resources::{CachedTenant, Partner, Platform};
use crate::telemetry::metrics::Source;

/// How long a replica that leads no more has for what is no write.
const LAST: Duration = Duration::from_secs(1);

/// Reconciles until `shutdown` completes. Then no pass begins any more, and those under way have a while to finish.
///
/// *Errors*: what the start-up checks found, or that another replica may lead.
pub async fn run(
    cluster: Cluster,
    options: Options,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let metrics = options.telemetry.metrics.clone();
    metrics.leads(false);
    let outcome = serve(cluster, options, shutdown.shared()).await;
    metrics.leads(false);
    outcome
}

async fn serve(
    cluster: Cluster,
    options: Options,
    shutdown: impl Future<Output = ()> + Clone + Send + 'static,
) -> anyhow::Result<()> {
    let health = options.telemetry.health.clone();
    tokio::select! {
        biased;
        () = shutdown.clone() => {
            info!("operator stopped before it started");
            return Ok(());
        }
        passed = preflight(&cluster, &options) => passed?,
    }
    let leadership = if options.leader_election.is_some() { Leadership::standby() } else { Leadership::default() };
    let cluster = cluster.led_by(leadership.clone());
    let mut candidacy = Candidacy::stand(&cluster, &options, leadership.clone());
    // Platforms, Partners, and Tenants in each namespace or in all.
    health.started(2 + options.namespaces.len().max(1));
    let platforms = cluster.cluster_scoped::<Guarded<Platform>>().watch();
    let context = Context::new(cluster, options, platforms.store.clone(), leadership).context("starting the checks")?;
    let context = Arc::new(context);
    let source: Arc<dyn Source> = context.clone();
    context.options.telemetry.metrics.collect_from(&source);
    let Options { instance, cluster_id, namespaces, .. } = &context.options;
    info!(version = env!("NIMBUS_VERSION"), instance, cluster_id, ?namespaces, "operator started");
    let serving = join3(serve_platforms(&context, platforms), serve_partners(&context), serve_tenants(&context));
    let drained = tokio::select! {
        // First: from then on nothing may go on.
        biased;
        lost = candidacy.lost() => {
            // Checks under way take back what they made at Microsoft.
            drop(timeout(LAST, context.checks.stop()).await);
            return Err(lost);
        }
        _ = serving => {
            warn!("all watches ended");
            false
        }
        () = watch_for_unwatched(&context) => false,
        // In the task of the watches and queues: where these are stuck, it is, too.
        () = health.beat("loop", context.options.timing.stuck) => false,
        () = note_lead(&context) => false,
        drained = drain(&context, shutdown) => drained,
    };
    // What is still under way may be carried out later, so the Lease is left to end by itself then.
    if drained {
        candidacy.release().await;
    }
    info!("operator stopped");
    Ok(())
}

/// Notes from when on this replica leads. It never ends by itself.
async fn note_lead(context: &Context) {
    context.leadership.begun().await;
    context.queues.begin(Instant::now());
    context.options.telemetry.metrics.leads(true);
    std::future::pending().await
}

/// Waits for the shutdown, and then a while for what is under way. What is not done by then is done again after the next start.
/// Returns whether all was done.
async fn drain(context: &Context, shutdown: impl Future<Output = ()>) -> bool {
    shutdown.await;
    context.options.telemetry.health.stopping();
    let done = async {
        context.passes.finish().await;
        context.checks.stop().await;
    };
    let drained = timeout(context.options.timing.drain, done).await.is_ok();
    if !drained {
        warn!("some passes did not finish in time; they are made again after the next start");
    }
    drained
}

async fn serve_platforms(context: &Arc<Context>, platforms: Watch<Guarded<Platform>>) {
    let Watch { store, changes } = platforms;
    let of_changes = context.clone();
    let changes = changes.inspect(move |platform| announce(&of_changes, platform));
    let arrivals = vec![
        changed(changes),
        woken(alarms(context.clone(), store.clone())),
        woken(of_changed_credentials(context, store.clone())),
    ];
    runner::run(context, arrivals, |platform| store.get(platform)).await;
}

async fn serve_partners(context: &Arc<Context>) {
    let Watch { store, changes } = context.cluster.cluster_scoped::<Guarded<Partner>>().watch();
    let (of_changes, there) = (context.clone(), store.clone());
    let changes = changes.inspect(move |partner| {
        let is_there = there.get(&ObjectRef::from_obj(&**partner)).is_some();
        let presence = if is_there { Presence::There } else { Presence::Gone };
        of_changes.partner_changes.announce(partner.meta(), presence);
    });
    runner::run(context, vec![changed(changes)], |partner| store.get(partner)).await;
}

async fn serve_tenants(context: &Arc<Context>) {
    let (mut arrivals, mut stores) = (vec![], vec![]);
    for (tenants, namespace) in scopes(context) {
        let Watch { store, changes } = tenants.watch();
        context.fleet.add(store.clone());
        let (of_changes, there) = (context.clone(), store.clone());
        let changes = changes.inspect(move |tenant| sighted(&of_changes, &there, tenant));
        arrivals.extend([
            changed(changes),
            woken(of_changed_secrets(context, store.clone(), namespace.as_deref())),
            woken(of_changed_platforms(context, store.clone())),
            woken(of_changed_partners(context, store.clone())),
            woken(of_released_tenants(context, store.clone())),
            woken(moved(context, namespace.clone())),
            woken(checked(context, namespace)),
        ]);
        stores.push(store);
    }
    runner::run(context, arrivals, |tenant| stores.iter().find_map(|store| store.get(tenant))).await;
}

/// The Tenants that are watched: in each namespace that was named, or in all.
fn scopes(context: &Context) -> Vec<(Objects<CachedTenant>, Option<String>)> {
    let cluster = &context.cluster;
    if context.options.namespaces.is_empty() {
        return vec![(cluster.all_namespaces(), None)];
    }
    let one = |namespace: &String| (cluster.namespaced(namespace), Some(namespace.clone()));
    context.options.namespaces.iter().map(one).collect()
}

/// All Platforms, when one is found to be out of reach; from here on they are due.
fn alarms(
    context: Arc<Context>,
    platforms: Store<Guarded<Platform>>,
) -> impl Stream<Item = ObjectRef<Guarded<Platform>>> + Send + 'static {
    let rung = stream::unfold(context, |context| async {
        context.platforms.alarm.notified().await;
        context.platform_memory.mark_all_due(Instant::now());
        Some(((), context))
    });
    rung.flat_map(move |()| {
        let all: Vec<_> = platforms.state().iter().map(|platform| ObjectRef::from_obj(&**platform)).collect();
        stream::iter(all)
    })
}

/// The Tenants, of a namespace or of all, whose checks have more to report.
fn checked(
    context: &Arc<Context>,
    namespace: Option<String>,
) -> impl Stream<Item = ObjectRef<CachedTenant>> + Send + 'static {
    let woken = received(context.checks.subscribe(namespace));
    let context = context.clone();
    woken.map(move |wake| {
        context.memory.mark_due(&wake.uid, Instant::now());
        wake.tenant
    })
}

/// The Tenants, of a namespace or of all, whose tenants changed on the platform.
fn moved(
    context: &Arc<Context>,
    namespace: Option<String>,
) -> impl Stream<Item = ObjectRef<CachedTenant>> + Send + 'static {
    let woken = received(context.versions.subscribe());
    let context = context.clone();
    woken.filter_map(move |Woken { uid, namespace: of, name }| {
        let is_here = namespace.as_ref().is_none_or(|namespace| *namespace == of);
        if is_here {
            context.memory.mark_due(&uid, Instant::now());
        }
        ready(is_here.then(|| ObjectRef::new(&name).within(&of)))
    })
}

/// Announces a Platform of this instance that changed.
fn announce(context: &Context, platform: &Guarded<Platform>) {
    // One that cannot be decoded changes nothing for its Tenants: they stay as they were.
    let Ok(platform) = &platform.0 else { return };
    if platform.spec.instance() != context.options.instance {
        return;
    }
    if context.platforms.holds(&platform.name_any()) {
        context.platforms.changes.announce(platform);
    } else {
        context.platforms.changes.announce_removed(platform);
    }
}

/// The Tenants whose Platform changed.
fn of_changed_platforms(
    context: &Arc<Context>,
    tenants: Store<CachedTenant>,
) -> impl Stream<Item = ObjectRef<CachedTenant>> + Send + 'static {
    let changes = received(context.platforms.changes.subscribe());
    let context = context.clone();
    changes.flat_map(move |change| stream::iter(wake_tenants(&context, &tenants, &change)))
}

/// The Tenants that a change of a Platform concerns; from here on they are due.
fn wake_tenants(
    context: &Context,
    tenants: &Store<CachedTenant>,
    change: &PlatformChange,
) -> Vec<ObjectRef<CachedTenant>> {
    let is_concerned = |tenant: &CachedTenant| {
        change.concerns == Concerns::All || !tenant.is_ready() || context.memory.get(tenant.meta()).attempts > 0
    };
    let concerned = tenants
        .state_filter(|tenant| tenant.platform.as_deref() == Some(change.platform.as_str()) && is_concerned(tenant));
    let now = Instant::now();
    let wake = |tenant: &Arc<CachedTenant>| {
        context.memory.mark_due(tenant.meta().uid.as_deref().unwrap_or_default(), now);
        ObjectRef::from_obj(&**tenant)
    };
    concerned.iter().map(wake).collect()
}
