//! Which Tenants a change of a Secret concerns. The metadata of each Secret in use is looked at from time to time, once for all Tenants that
//! use it; where `--watch-secrets` allows it, a watch tells at once. Neither reads what is in a Secret: the pass that follows does.
//!
//! A Platform reads its Secrets in each of its passes, once a minute; only a watch tells it sooner.

use std::collections::BTreeMap;
use std::future::ready;
use std::sync::Arc;
use std::time::Instant;

use futures::stream::{self, BoxStream, Stream, StreamExt};
use k8s_openapi::api::core::v1::Secret;
use kube::Resource;
use kube::core::{ObjectMeta, PartialObjectMeta};
use kube::runtime::reflector::ObjectRef;
use tokio::time::sleep;

use super::context::Context;
use crate::cluster::{Cluster, Guarded, Refusal, Sight, Store};
use crate::plan::SecretState;
use crate::plan::secret_in_use::SecretInUse;
use crate::resources::{CachedTenant, Platform, SecretVersion};

/// Secrets that are looked at at the same time.
const LOOKS: usize = 8;

type Tenants = Store<CachedTenant>;
type TenantRef = ObjectRef<CachedTenant>;

/// A Secret by namespace and name.
type SecretName = (String, String);

/// A Tenant that uses a Secret.
struct User {
    uid: String,
    tenant: TenantRef,
    /// The Secret, as its last pass saw it.
    seen: SecretInUse,
}

/// Which Secrets are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    /// Those without a usable value for one of their Tenants.
    WaitedFor,
    /// All that are in use.
    All,
}

impl Round {
    fn next(self) -> Self {
        match self {
            Self::WaitedFor => Self::All,
            Self::All => Self::WaitedFor,
        }
    }

    fn concerns(self, users: &[User]) -> bool {
        match self {
            Self::All => true,
            Self::WaitedFor => users.iter().any(|user| !user.seen.usable),
        }
    }
}

/// The Tenants, of a namespace or of all, that use a Secret which is not as their last pass saw it. From here on they are due.
pub(super) fn of_changed_secrets(
    context: &Arc<Context>,
    tenants: Tenants,
    namespace: Option<&str>,
) -> impl Stream<Item = TenantRef> + Send + 'static {
    let watched = watched(context, namespace);
    let (looking, told) = ((context.clone(), tenants.clone()), (context.clone(), tenants));
    let half = context.options.timing.secrets / 2;
    let rounds = stream::unfold(Round::WaitedFor, move |round| async move {
        sleep(half).await;
        Some((round, round.next()))
    });
    let by_looks = rounds.then(move |round| {
        let (context, tenants) = looking.clone();
        async move { look(&context, &tenants, round).await }
    });
    let by_watches = watched.map(move |sight| sighted(&told.0, &told.1, &sight));
    stream::select(by_looks, by_watches).flat_map(stream::iter)
}

/// The Platforms whose credentials changed, as a watch of their namespace tells. From here on they are due.
pub(super) fn of_changed_credentials(
    context: &Arc<Context>,
    platforms: Store<Guarded<Platform>>,
) -> impl Stream<Item = ObjectRef<Guarded<Platform>>> + Send + 'static {
    let watched = watched(context, Some(&context.options.operator_namespace));
    let context = context.clone();
    let woken = watched.map(move |sight| {
        let name = metadata(&sight).name.clone().unwrap_or_default();
        let named = platforms.state_filter(|platform| platform.0.as_ref().is_ok_and(|spec| uses(spec, &name)));
        let now = Instant::now();
        let wake = |platform: &Arc<Guarded<Platform>>| {
            context.platform_memory.mark_due(uid(&**platform), now);
            ObjectRef::from_obj(&**platform)
        };
        named.iter().map(wake).collect::<Vec<_>>()
    });
    woken.flat_map(stream::iter)
}

/// What the watches see of Secrets in the namespaces whose Secrets are watched, of one namespace or of all.
fn watched(context: &Context, namespace: Option<&str>) -> BoxStream<'static, Sight> {
    let wanted = context.options.watch_secrets.iter().filter(|name| namespace.is_none_or(|only| *name == only));
    let watch = |name: &String| context.cluster.namespaced::<PartialObjectMeta<Secret>>(name).watch_metadata();
    stream::select_all(wanted.map(watch)).boxed()
}

fn metadata(sight: &Sight) -> &ObjectMeta {
    match sight {
        Sight::There(metadata) | Sight::Gone(metadata) => metadata,
    }
}

/// Whether the credentials of a Platform are in the Secret of this name.
fn uses(platform: &Platform, name: &str) -> bool {
    let app = platform.spec.microsoft.as_ref().and_then(|microsoft| microsoft.nimbus_app.as_ref());
    let of_app = app.and_then(|app| app.credentials_secret_ref.as_ref());
    platform.spec.authentication.credentials_secret_ref.name == name
        || of_app.is_some_and(|reference| reference.name == name)
}

/// One look at each Secret, however many Tenants use it.
async fn look(context: &Context, tenants: &Tenants, round: Round) -> Vec<TenantRef> {
    let mut due = in_use(context, tenants, None);
    due.retain(|_, users| round.concerns(users));
    let looks = stream::iter(due).map(|(secret, users)| async move { (state(&context.cluster, &secret).await, users) });
    let seen = looks.buffer_unordered(LOOKS).filter_map(|(state, users)| ready(state.map(|state| (state, users))));
    seen.map(|(state, users)| woken(context, users, &state)).concat().await
}

/// The Tenants that a sight of a Secret concerns.
fn sighted(context: &Context, tenants: &Tenants, sight: &Sight) -> Vec<TenantRef> {
    let metadata = metadata(sight);
    let (namespace, name) = (metadata.namespace.as_deref().unwrap_or_default(), metadata.name.clone());
    let state = match sight {
        Sight::There(metadata) => SecretState::There(SecretVersion::of(metadata)),
        Sight::Gone(_) => SecretState::Missing,
    };
    let secret = (namespace.to_owned(), name.unwrap_or_default());
    context.secret_sights.note(secret.clone(), state.clone(), Instant::now());
    let users = in_use(context, tenants, Some(namespace)).remove(&secret);
    woken(context, users.unwrap_or_default(), &state)
}

/// The Secrets in use, of a namespace or of all, and their Tenants. A Tenant without a pass so far has none: its pass reads them, and
/// asks at its end what the watches saw meanwhile.
fn in_use(context: &Context, tenants: &Tenants, namespace: Option<&str>) -> BTreeMap<SecretName, Vec<User>> {
    let mut all: BTreeMap<SecretName, Vec<User>> = BTreeMap::new();
    let is_wanted =
        |tenant: &CachedTenant| namespace.is_none_or(|only| tenant.meta().namespace.as_deref() == Some(only));
    for tenant in tenants.state_filter(is_wanted) {
        for seen in context.memory.get(tenant.meta()).notes.secrets {
            let secret = (tenant.meta().namespace.clone().unwrap_or_default(), seen.name.clone());
            let user = User { uid: uid(&*tenant).to_owned(), tenant: ObjectRef::from_obj(&*tenant), seen };
            all.entry(secret).or_default().push(user);
        }
    }
    all
}

/// Makes the Tenants due whose last pass saw something else.
fn woken(context: &Context, users: Vec<User>, now: &SecretState) -> Vec<TenantRef> {
    let changed = users.into_iter().filter(|user| user.seen.differs_from(now));
    let wake = |user: User| {
        context.memory.mark_due(&user.uid, Instant::now());
        user.tenant
    };
    changed.map(wake).collect()
}

/// What is there under the name of a Secret; `None` where that is not known, which is no change.
async fn state(cluster: &Cluster, (namespace, name): &SecretName) -> Option<SecretState> {
    match cluster.namespaced::<Secret>(namespace).metadata(name).await {
        Ok(metadata) => Some(SecretState::There(SecretVersion::of(&metadata))),
        Err(Refusal::NotFound) => Some(SecretState::Missing),
        Err(Refusal::Forbidden(_)) => Some(SecretState::Forbidden),
        Err(Refusal::Conflict | Refusal::Invalid(_) | Refusal::Unanswered(_) | Refusal::NotLeader) => None,
    }
}

fn uid<K: Resource>(object: &K) -> &str {
    object.meta().uid.as_deref().unwrap_or_default()
}
