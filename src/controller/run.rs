//! The watches, and the loops that they feed.

use std::sync::Arc;

use anyhow::Context as _;
use futures::{FutureExt, Stream, StreamExt, stream};
use kube::runtime::reflector::{ObjectRef, Store};
use kube::runtime::{Controller, controller};
use kube::{Api, Client, Resource};
use tracing::{debug, info, warn};

use super::context::Context;
use super::options::Options;
use super::platform_changes::{Concerns, PlatformChange};
use super::tenant::Guarded;
use super::{partner, platform, tenant};
use crate::cluster::watch;
use crate::resources::condition;
use crate::resources::{ConditionStatus, ConditionType, Tenant};

/// Reconciles until `shutdown` completes; passes under way are finished first.
///
/// *Errors*: the CRDs are not installed, or the operator may not read them.
pub async fn run(
    client: Client,
    options: Options,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let namespaces = options.namespaces.clone();
    let concurrency = options.concurrency;
    let shutdown = shutdown.shared();
    let platforms = watch(Api::<platform::Guarded>::all(client.clone()));
    let context =
        Arc::new(Context::new(client.clone(), options, platforms.store.clone()).context("starting the checks")?);
    context.check_access().await?;
    info!(
        instance = context.options.instance,
        cluster_id = context.options.cluster_id,
        ?namespaces,
        "operator started"
    );

    let alarm = stream::unfold(context.clone(), |context| async {
        context.platforms.alarm.notified().await;
        context.platform_memory.mark_all_due();
        Some(((), context))
    });
    let of_changes = context.clone();
    let changes = platforms.changes.inspect(move |platform| announce(&of_changes, platform));
    let serve_platforms = Controller::for_shared_stream(changes, platforms.store)
        .with_config(controller::Config::default().concurrency(4))
        .reconcile_all_on(alarm)
        .graceful_shutdown_on(shutdown.clone())
        .run(platform::reconcile, platform::retry, context.clone())
        .for_each(|_| async {});

    let partners = watch(Api::<partner::Guarded>::all(client.clone()));
    let serve_partners = Controller::for_shared_stream(partners.changes, partners.store)
        .with_config(controller::Config::default().concurrency(4))
        .graceful_shutdown_on(shutdown.clone())
        .run(partner::reconcile, partner::retry, context.clone())
        .for_each(|_| async {});

    let apis: Vec<(Api<Guarded>, Option<String>)> = if namespaces.is_empty() {
        vec![(Api::all(client.clone()), None)]
    } else {
        let one = |namespace: &String| (Api::namespaced(client.clone(), namespace), Some(namespace.clone()));
        namespaces.iter().map(one).collect()
    };
    let serve_tenants = stream::select_all(apis.into_iter().map(|(api, namespace)| {
        let tenants = watch(api);
        Controller::for_shared_stream(tenants.changes, tenants.store.clone())
            .with_config(controller::Config::default().concurrency(concurrency))
            .reconcile_on(of_changed_platforms(&context, tenants.store))
            .reconcile_on(checked(&context, namespace))
            .graceful_shutdown_on(shutdown.clone())
            .run(tenant::reconcile, tenant::retry, context.clone())
            .boxed()
    }))
    .for_each(|result| {
        match result {
            Ok((tenant, _)) => debug!(%tenant, "pass done"),
            // An object that is gone before its turn came is no error.
            Err(controller::Error::ObjectNotFound(gone)) => {
                context.checks.cancel(&format!("{}/{}", gone.namespace.unwrap_or_default(), gone.name));
            }
            Err(error) => warn!(error = %error_kind(&error), "pass failed"),
        }
        futures::future::ready(())
    });
    futures::future::join3(serve_platforms, serve_partners, serve_tenants).await;
    context.checks.stop().await;
    info!("operator stopped");
    Ok(())
}

/// The Tenants of a namespace, or all, of whose checks there is news.
fn checked(
    context: &Arc<Context>,
    namespace: Option<String>,
) -> impl Stream<Item = ObjectRef<Guarded>> + Send + 'static {
    let news = context.checks.subscribe(namespace);
    let context = context.clone();
    stream::unfold(news, |mut news| async { news.recv().await.map(|wake| (wake, news)) }).map(move |wake| {
        context.memory.mark_due(&wake.uid);
        wake.tenant
    })
}

/// Error texts of the API machinery may quote an object, so only their kind is told.
fn error_kind<E: std::error::Error + 'static, Q: std::error::Error + 'static>(
    error: &controller::Error<E, Q>,
) -> &'static str {
    match error {
        controller::Error::ObjectNotFound(_) => "object not found",
        controller::Error::ReconcilerFailed(..) => "the status could not be written",
        controller::Error::QueueError(_) => "a watch failed",
        controller::Error::RunnerError(_) => "the runner failed",
    }
}

/// Tells of a Platform of this instance that changed.
fn announce(context: &Context, platform: &platform::Guarded) {
    // One that cannot be read changes nothing for its Tenants: they stay as they were.
    let Ok(platform) = &platform.0 else { return };
    if platform.spec.instance() == context.options.instance {
        context.platforms.changes.announce(platform);
    }
}

/// The Tenants whose Platform changed.
fn of_changed_platforms(
    context: &Arc<Context>,
    tenants: Store<Guarded>,
) -> impl Stream<Item = ObjectRef<Guarded>> + Send + 'static {
    let changes = context.platforms.changes.subscribe();
    let context = context.clone();
    stream::unfold(changes, |mut changes| async { changes.recv().await.map(|change| (change, changes)) })
        .flat_map(move |change| stream::iter(wake_tenants(&context, &tenants, &change)))
}

/// The Tenants that a change of a Platform concerns; from here on they are due.
fn wake_tenants(context: &Context, tenants: &Store<Guarded>, change: &PlatformChange) -> Vec<ObjectRef<Guarded>> {
    let is_concerned = |tenant: &Guarded| match &tenant.0 {
        Ok(tenant) => {
            tenant.spec.platform_ref.name == change.platform
                && (change.concerns == Concerns::All
                    || !is_ready(tenant)
                    || context.memory.get(&tenant.metadata).attempts > 0)
        }
        Err(_) => false,
    };
    let concerned = tenants.state_filter(is_concerned);
    concerned
        .iter()
        .map(|tenant| {
            context.memory.mark_due(tenant.meta().uid.as_deref().unwrap_or_default());
            ObjectRef::from_obj(&**tenant)
        })
        .collect()
}

fn is_ready(tenant: &Tenant) -> bool {
    let conditions = tenant.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    condition::status(conditions, ConditionType::Ready) == Some(ConditionStatus::True)
}
