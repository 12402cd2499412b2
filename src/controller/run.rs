//! The watches, and the loops that they feed.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use futures::{FutureExt, Stream, StreamExt, stream};
use kube::Resource;
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{Controller, controller};
use tokio::sync::mpsc::UnboundedReceiver;
use tracing::{debug, info, warn};

use super::context::Context;
use super::options::Options;
use super::platform_changes::{Concerns, PlatformChange};
use super::{partner, platform, tenant};
use crate::cluster::{Cluster, Guarded, Objects};
use crate::resources::{ConditionStatus, ConditionType, Partner, Platform, Tenant, condition};

/// Platforms, and Partners, that are reconciled at the same time.
const FEW: u16 = 4;

/// Reconciles until `shutdown` completes; passes under way are finished first.
///
/// *Errors*: the CRDs are not installed, or the operator may not read them.
pub async fn run(
    cluster: Cluster,
    options: Options,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    check_access(&cluster, &options.namespaces).await?;
    let platforms = cluster.cluster_scoped::<Guarded<Platform>>().watch();
    let context = Context::new(cluster, options, platforms.store.clone()).context("starting the checks")?;
    let context = Arc::new(context);
    let Options { instance, cluster_id, namespaces, .. } = &context.options;
    info!(instance, cluster_id, ?namespaces, "operator started");

    let shutdown = shutdown.shared();
    let of_changes = context.clone();
    let changes = platforms.changes.inspect(move |platform| announce(&of_changes, platform));
    let serve_platforms = Controller::for_shared_stream(changes, platforms.store)
        .with_config(controller::Config::default().concurrency(FEW))
        .reconcile_all_on(alarms(context.clone()))
        .graceful_shutdown_on(shutdown.clone())
        .run(platform::reconcile, platform::retry, context.clone())
        .for_each(|_| async {});

    let partners = context.cluster.cluster_scoped::<Guarded<Partner>>().watch();
    let serve_partners = Controller::for_shared_stream(partners.changes, partners.store)
        .with_config(controller::Config::default().concurrency(FEW))
        .graceful_shutdown_on(shutdown.clone())
        .run(partner::reconcile, partner::retry, context.clone())
        .for_each(|_| async {});

    let serve_tenants = serve_tenants(&context, shutdown);
    futures::future::join3(serve_platforms, serve_partners, serve_tenants).await;
    context.checks.stop().await;
    info!("operator stopped");
    Ok(())
}

async fn serve_tenants(context: &Arc<Context>, shutdown: impl Future<Output = ()> + Clone + Send + Sync + 'static) {
    let passes = stream::select_all(scopes(context).into_iter().map(|(tenants, namespace)| {
        let tenants = tenants.watch();
        Controller::for_shared_stream(tenants.changes, tenants.store.clone())
            .with_config(controller::Config::default().concurrency(context.options.concurrency))
            .reconcile_on(of_changed_platforms(context, tenants.store))
            .reconcile_on(checked(context, namespace))
            .graceful_shutdown_on(shutdown.clone())
            .run(tenant::reconcile, tenant::retry, context.clone())
            .boxed()
    }));
    let logged = passes.for_each(|result| {
        match result {
            Ok((tenant, _)) => debug!(%tenant, "pass done"),
            // An object that is gone before its turn came is no error.
            Err(controller::Error::ObjectNotFound(gone)) => {
                context.checks.cancel(&format!("{}/{}", gone.namespace.unwrap_or_default(), gone.name));
            }
            Err(error) => warn!(error = error_class(&error), "pass failed"),
        }
        futures::future::ready(())
    });
    logged.await;
}

/// Fails early, with one clear sentence, where every watch would fail again and again.
async fn check_access(cluster: &Cluster, namespaces: &[String]) -> anyhow::Result<()> {
    let hint = "are the CRDs installed (nimbus-operator crd | kubectl apply -f -), and may this account list them?";
    let platforms = cluster.cluster_scoped::<Platform>().check_access().await;
    platforms.with_context(|| format!("listing Platforms: {hint}"))?;
    let partners = cluster.cluster_scoped::<Partner>().check_access().await;
    partners.with_context(|| format!("listing Partners: {hint}"))?;
    for namespace in namespaces {
        let tenants = cluster.namespaced::<Tenant>(namespace).check_access().await;
        tenants.with_context(|| format!("listing Tenants in namespace '{namespace}': {hint}"))?;
    }
    Ok(())
}

/// The Tenants that are watched: in each namespace that was named, or in all.
fn scopes(context: &Context) -> Vec<(Objects<Guarded<Tenant>>, Option<String>)> {
    let cluster = &context.cluster;
    if context.options.namespaces.is_empty() {
        return vec![(cluster.all_namespaces(), None)];
    }
    let one = |namespace: &String| (cluster.namespaced(namespace), Some(namespace.clone()));
    context.options.namespaces.iter().map(one).collect()
}

/// When all Platforms are due, since one is found to be out of reach.
fn alarms(context: Arc<Context>) -> impl Stream<Item = ()> + Send + 'static {
    stream::unfold(context, |context| async {
        context.platforms.alarm.notified().await;
        context.platform_memory.mark_all_due(Instant::now());
        Some(((), context))
    })
}

/// The Tenants, of a namespace or of all, whose checks have more to report.
fn checked(
    context: &Arc<Context>,
    namespace: Option<String>,
) -> impl Stream<Item = ObjectRef<Guarded<Tenant>>> + Send + 'static {
    let woken = received(context.checks.subscribe(namespace));
    let context = context.clone();
    woken.map(move |wake| {
        context.memory.mark_due(&wake.uid, Instant::now());
        wake.tenant
    })
}

fn received<T: Send + 'static>(receiver: UnboundedReceiver<T>) -> impl Stream<Item = T> + Send + 'static {
    stream::unfold(receiver, |mut receiver| async { receiver.recv().await.map(|item| (item, receiver)) })
}

/// The text of an error may quote an object, so only its class is logged.
fn error_class<E: std::error::Error + 'static, Q: std::error::Error + 'static>(
    error: &controller::Error<E, Q>,
) -> &'static str {
    match error {
        controller::Error::ObjectNotFound(_) => "object not found",
        controller::Error::ReconcilerFailed(..) => "the outcome could not be written",
        controller::Error::QueueError(_) => "a watch failed",
        controller::Error::RunnerError(_) => "the runner failed",
    }
}

/// Announces a Platform of this instance that changed.
fn announce(context: &Context, platform: &Guarded<Platform>) {
    // One that cannot be decoded changes nothing for its Tenants: they stay as they were.
    let Ok(platform) = &platform.0 else { return };
    if platform.spec.instance() == context.options.instance {
        context.platforms.changes.announce(platform);
    }
}

/// The Tenants whose Platform changed.
fn of_changed_platforms(
    context: &Arc<Context>,
    tenants: Store<Guarded<Tenant>>,
) -> impl Stream<Item = ObjectRef<Guarded<Tenant>>> + Send + 'static {
    let changes = received(context.platforms.changes.subscribe());
    let context = context.clone();
    changes.flat_map(move |change| stream::iter(wake_tenants(&context, &tenants, &change)))
}

/// The Tenants that a change of a Platform concerns; from here on they are due.
fn wake_tenants(
    context: &Context,
    tenants: &Store<Guarded<Tenant>>,
    change: &PlatformChange,
) -> Vec<ObjectRef<Guarded<Tenant>>> {
    let is_concerned = |tenant: &Tenant| {
        change.concerns == Concerns::All || !is_ready(tenant) || context.memory.get(&tenant.metadata).attempts > 0
    };
    let concerned = tenants.state_filter(|tenant| match &tenant.0 {
        Ok(tenant) => tenant.spec.platform_ref.name == change.platform && is_concerned(tenant),
        Err(_) => false,
    });
    let now = Instant::now();
    let wake = |tenant: &Arc<Guarded<Tenant>>| {
        context.memory.mark_due(tenant.meta().uid.as_deref().unwrap_or_default(), now);
        ObjectRef::from_obj(&**tenant)
    };
    concerned.iter().map(wake).collect()
}

fn is_ready(tenant: &Tenant) -> bool {
    let conditions = tenant.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    condition::status(conditions, ConditionType::Ready) == Some(ConditionStatus::True)
}
