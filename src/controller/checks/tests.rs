//! What the checks of a Platform decide, at times that the tests name. They ask nothing and read no clock.

mod credentials;
mod queries;
mod repeated;
mod router;
mod scheduling;
mod states;

use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::runtime::reflector::ObjectRef;
use tokio::sync::watch;
use uuid::Uuid;

use super::check_state::{Answer, CheckState};
use super::credentials::AppCredentials;
use super::platform_checks::{Ask, PlatformChecks, Snapshot};
use super::tenant_checks::{PlannedCheck, QueryId, Wake, Wanted};
use crate::controller::options::CheckTiming;
use crate::microsoft::acs::ConnectionStringCheck;
use crate::microsoft::{App, CallError, Credential, Graph, GraphConfig, verdict};
use crate::plan::{Check, Query};
use crate::resources::CheckName;
use crate::telemetry::metrics::Metrics;

const TIMING: CheckTiming = CheckTiming {
    every: Duration::from_secs(6 * 3600),
    retry_first: Duration::from_secs(30),
    retry_most: Duration::from_secs(1800),
    retry_grant_most: Duration::from_secs(300),
    lag: Duration::from_secs(300),
    kept: Duration::from_secs(24 * 3600),
    filter_pause: Duration::from_secs(600),
    gather: Duration::from_secs(2),
    pace: Duration::ZERO,
    deadline: Duration::from_secs(60),
};

/// The checks of one Platform, and what was asked and woken.
struct Bench {
    checks: PlatformChecks,
    known: watch::Receiver<Snapshot>,
    now: Instant,
    asked: Vec<Ask>,
}

impl Bench {
    /// The app was not read yet.
    fn unread(timing: CheckTiming) -> Self {
        let (snapshot, known) = watch::channel(Snapshot::default());
        Self { checks: PlatformChecks::new(timing, snapshot), known, now: Instant::now(), asked: vec![] }
    }

    /// With an app.
    fn new(timing: CheckTiming) -> Self {
        let mut bench = Self::unread(timing);
        assert_eq!(Vec::<QueryId>::new(), bench.checks.change_app(app("1"), bench.now));
        bench
    }

    fn wait(&mut self, time: Duration) {
        self.now += time;
    }

    fn follow(&mut self, tenant: &str, checks: Vec<Check>) -> Option<QueryId> {
        self.repeat(tenant, checks, None)
    }

    /// The same with the token of a request to repeat all.
    fn repeat(&mut self, tenant: &str, checks: Vec<Check>, token: Option<&str>) -> Option<QueryId> {
        let now = self.now;
        let planned = checks.into_iter().map(|check| {
            let begun = CheckState::new(check.name, check.input(), now);
            PlannedCheck { check, begun }
        });
        let wanted = Wanted { planned: planned.collect(), repeat: token.map(ToOwned::to_owned) };
        self.checks.follow(tenant.to_owned(), wake(tenant), wanted, now)
    }

    /// Does what is to be done: `tenant/check` of the queries that begin, the Tenants that are woken, and how long there is
    /// nothing more to do.
    fn work(&mut self) -> (Vec<String>, Vec<String>, Option<Duration>) {
        let work = self.checks.work(self.now);
        let begun = work.ask.iter().map(|ask| format!("{}/{}", ask.tenant, ask.check.name.as_str())).collect();
        self.asked.extend(work.ask);
        let woken = work.wake.into_iter().map(|wake| wake.tenant.name).collect();
        (begun, woken, work.next.map(|next| next.saturating_duration_since(self.now)))
    }

    fn begun(&mut self) -> Vec<String> {
        self.work().0
    }

    fn woken(&mut self) -> Vec<String> {
        self.work().1
    }

    /// Answers the oldest query.
    fn answer(&mut self, answer: Answer) {
        let asked = self.asked.remove(0);
        self.checks.answered(asked.id, answer, self.now);
    }

    /// The token of the last request to repeat all that a pass would report as done.
    fn repeated(&self, tenant: &str) -> Option<String> {
        self.known.borrow().get(tenant)?.shown.repeated.clone()
    }

    /// What a pass over a Tenant would report, `check reason`.
    fn reported(&self, tenant: &str) -> Vec<String> {
        let known = self.known.borrow();
        let states = known.get(tenant).map(|known| known.shown.states.as_slice()).unwrap_or_default();
        let reason = |state: &CheckState| state.reported.reason.clone().unwrap_or_default();
        states.iter().map(|state| format!("{} {}", state.name.as_str(), reason(state))).collect()
    }
}

/// The presence of a user, in the Entra tenant of this number.
fn presence(entra_tenant: u128) -> Check {
    let query = Query::Presence { entra_tenant: Uuid::from_u128(entra_tenant), upn: "ada@contoso.com".to_owned() };
    Check { name: CheckName::PresenceTest, query }
}

fn wake(tenant: &str) -> Wake {
    Wake { uid: format!("uid-of-{tenant}"), tenant: ObjectRef::new(tenant).within("test") }
}

/// A client that is never called.
fn app(version: &str) -> AppCredentials {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let app = App { client_id: Uuid::nil(), credential: Credential::Secret("secret".into()) };
    let (login, graph) = ("https://login.example".parse().unwrap(), "https://graph.example".parse().unwrap());
    let options = GraphConfig {
        login,
        graph,
        app,
        ca_bundle: None,
        deadline: Duration::from_secs(1),
        metrics: Metrics::default(),
    };
    AppCredentials::App { version: version.to_owned(), graph: Arc::new(Graph::new(options).unwrap()) }
}

/// Asked as the app, in the Entra tenant of this number.
fn group(entra_tenant: u128) -> Check {
    let query = Query::Group { entra_tenant: Uuid::from_u128(entra_tenant), id: Uuid::from_u128(1) };
    Check { name: CheckName::TenantAdministrationGroup, query }
}

/// Asked as the app, in the Entra tenant of this number.
fn grant(entra_tenant: u128) -> Check {
    let query = Query::PresenceGrant { entra_tenant: Uuid::from_u128(entra_tenant) };
    Check { name: CheckName::PresenceGrant, query }
}

/// Needs no app.
fn string(version: &str) -> Check {
    let value = "endpoint=https://contoso.communication.azure.com/;accesskey=c2VjcmV0".into();
    Check {
        name: CheckName::InteractConnectionString,
        query: Query::ConnectionString { version: version.to_owned(), value, resource: None },
    }
}

fn passed() -> Answer {
    let checked = ConnectionStringCheck { token: true, resource: None, left_behind: false };
    Answer { verdict: verdict::connection_string(&Ok(checked), None), retry_after: None }
}

fn absent() -> Answer {
    Answer { verdict: verdict::group(&Err(CallError::NotFound)), retry_after: None }
}

fn refused() -> Answer {
    Answer { verdict: verdict::group(&Err(CallError::Forbidden)), retry_after: None }
}

fn outage() -> Answer {
    Answer { verdict: verdict::out_of_time(), retry_after: None }
}

fn throttled(after: Duration) -> Answer {
    Answer { verdict: verdict::throttled(after), retry_after: Some(after) }
}
