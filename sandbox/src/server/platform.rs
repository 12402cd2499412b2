//! The running platform, and a request that was received.
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::contract::route::Route;
use crate::http::call::Call;
use crate::microsoft::throttle::Throttle;
use crate::model::problem::Slug;
use crate::model::store::Store;
use crate::world::faults::Faults;

/// What all requests share.
#[derive(Debug)]
pub(crate) struct Platform {
    pub store: Store,
    pub faults: Faults,
    pub throttle: Throttle,
    /// Wakes requests that wait for a change.
    pub committed: watch::Sender<()>,
    pub stopping: CancellationToken,
    pub running: TaskTracker,
}

/// A request, and its route or why it has none.
pub(super) struct Arrival {
    pub call: Call,
    pub route: Result<&'static Route, Slug>,
}

impl Platform {
    /// Returns a platform without faults; `stopping` ends all waits.
    pub(crate) fn new(store: Store, stopping: CancellationToken) -> Self {
        Self {
            store,
            faults: Faults::default(),
            throttle: Throttle::default(),
            committed: watch::Sender::new(()),
            stopping,
            running: TaskTracker::new(),
        }
    }
}

impl Arrival {
    /// Removes the suffix of the template from the last path parameter; without the suffix there is no such route.
    pub(super) fn new(mut call: Call, route: Result<&'static Route, Slug>) -> Self {
        let mut route = route;
        if let Some((name, suffix)) = route.ok().and_then(Route::suffix) {
            match call.parameter(name).strip_suffix(suffix).map(str::to_owned) {
                Some(value) => drop(call.parameters.insert(name.to_owned(), value)),
                None => route = Err(Slug::RouteNotFound),
            }
        }
        call.template = route.ok().map(|route| route.template);
        Self { call, route }
    }
}
