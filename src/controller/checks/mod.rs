//! The checks with Microsoft. They run apart from the passes: a pass says what is to be checked, reads what is known by then, and
//! never waits for a check; a Tenant is woken when there is more to report.
//!
//! ```text
//! passes ──── Follow, Cancel, App ────▶ router ──▶ worker ──▶ queries ──▶ Microsoft
//!    ▲ ▲                                 │  ▲        │ │
//!    │ └────────── wakes ────────────────┘  └────────┘ │
//!    └─────────────────── snapshot ────────────────────┘
//! ```
//! A worker is the task of one Platform and owns the states of its checks: nothing is shared under a lock, and one Platform never
//! waits for another's Microsoft. What it decides stands in `platform_checks`, `tenant_checks` and `check_state`, which are pure.
//!
//! Nothing is asked for a Tenant whose tenant is not ours, so never for one that is suspended, is being deleted or belongs to another.

mod check_state;
mod credentials;
mod filter_pauses;
mod grant_links;
mod platform_checks;
mod queries;
mod query;
mod rate_limits;
mod router;
mod subject;
mod tenant_checks;
mod worker;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Instant;

use kube::ResourceExt;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::check_state::{CheckState, carry_over, not_contradicted, status};
use self::grant_links::grant_links;
use self::router::{Directory, Message, Router};
pub(super) use self::subject::Subject;
pub(super) use self::tenant_checks::Wake;
use self::tenant_checks::{PlannedCheck, Shown, Wanted};
use super::options::{CheckTiming, Options};
use crate::cluster::Cluster;
use crate::lease::Leadership;
use crate::microsoft::{Acs, NoTrust, verdict};
use crate::plan::{Check, CheckPlan, CheckReport, Outcome, Query, Stopped};
use crate::resources::status::{CheckStatus, GrantLink};
use crate::resources::{CheckResult, Platform};

/// The checks of all Tenants, as passes see them.
pub(super) struct Checks {
    messages: UnboundedSender<Message>,
    directory: watch::Receiver<Directory>,
    timing: CheckTiming,
    given: credentials::Given,
    /// Holds the router. With this handle it ends, and with it every task: nothing is asked for an operator that is gone.
    _router: JoinSet<()>,
}

impl Checks {
    /// *Errors*: the system has no certificate to trust.
    pub(super) fn new(options: &Options, leadership: &Leadership) -> Result<Self, NoTrust> {
        let (timing, call) = (options.timing.checks, options.timing.call);
        let acs = Acs::new(call, options.trusted_acs.clone(), options.telemetry.metrics.clone())?;
        let acs = Arc::new(acs.led_by(leadership.clone()));
        let (messages, inbox) = unbounded_channel();
        let (wakes, woken) = unbounded_channel();
        let (known, directory) = watch::channel(Directory::default());
        let router = Router::new(worker::Setup { acs, timing, call, wakes }, known);
        let mut tasks = JoinSet::new();
        tasks.spawn(router.run(inbox, woken));
        Ok(Self { messages, directory, timing, given: credentials::Given::of(options), _router: tasks })
    }

    /// Receives each Tenant, of one namespace or of all, that has more to report.
    pub(super) fn subscribe(&self, namespace: Option<String>) -> UnboundedReceiver<Wake> {
        let (wakes, receiver) = unbounded_channel();
        self.send(Message::Subscribe { namespace, wakes });
        receiver
    }

    /// Reads as which app the Platform asks. False if its Secret is named and has no value.
    pub(super) async fn read_app(&self, cluster: &Cluster, operator_namespace: &str, platform: &Platform) -> bool {
        let Some(microsoft) = &platform.spec.microsoft else { return true };
        let reading = credentials::read(cluster, operator_namespace, microsoft, &self.given).await;
        let is_waited_for = self.given.configured(microsoft).is_some() && !reading.is_found();
        let uid = platform.uid().unwrap_or_default();
        self.send(Message::Platform { uid, message: worker::Message::App(reading) });
        !is_waited_for
    }

    /// What a pass reports of the checks of its Tenant. What is not known yet is asked from now on; where the tenant is not ours,
    /// nothing is asked any more.
    pub(super) fn follow(
        &self,
        subject: Subject<'_>,
        plan: Option<CheckPlan>,
        outcome: &Result<Outcome, Stopped>,
    ) -> Option<CheckReport> {
        if let Some((platform, plan)) = subject.platform.zip(plan) {
            return Some(self.report(&subject, platform, plan));
        }
        // Where nothing is known to have changed, what is asked goes on.
        if !outcome.as_ref().is_err_and(|stopped| stopped.stop.class().knows_nothing()) {
            self.cancel(&subject.key());
        }
        None
    }

    /// Asks nothing more for the Tenant with this namespace and name, `namespace/name`.
    pub(super) fn cancel(&self, key: &str) {
        self.send(Message::Cancel { key: key.to_owned() });
    }

    /// Ends the checks of a Platform that is deleted.
    pub(super) fn forget(&self, platform: &Platform) {
        self.send(Message::Forget { uid: platform.uid().unwrap_or_default() });
    }

    /// Ends everything, after a bounded wait for what is being asked.
    pub(super) async fn stop(&self) {
        self.send(Message::Stop);
        // The router is the last task to end, and with it its end of the channel.
        self.messages.closed().await;
    }

    fn report(&self, subject: &Subject<'_>, platform: &Platform, plan: CheckPlan) -> CheckReport {
        let now = Instant::now();
        let (key, uid) = (subject.key(), platform.uid().unwrap_or_default());
        let known = self.known(&uid, &key, subject.uid());
        let requested = subject.requested();
        let links = self.links(platform, &plan);
        let (mut checks, mut planned) = (vec![], vec![]);
        for check in plan.checks {
            if let Some(status) = self.without_asking(platform, &check) {
                checks.push(status);
                continue;
            }
            let begun = CheckState::new(check.name, check.input(), now);
            let begun = begun.restored(subject.reported_before(check.name), subject.share(), &self.timing);
            let states = known.as_ref().map(|known| known.states.as_slice());
            checks.push(carry_over(states, begun.clone(), now).reported);
            planned.push(PlannedCheck { check, begun });
        }
        not_contradicted(&mut checks);
        let repeated = requested.clone().filter(|token| {
            planned.is_empty() || known.as_ref().is_some_and(|known| known.repeated.as_ref() == Some(token))
        });
        if planned.is_empty() {
            self.cancel(&key);
        } else {
            let wake = Wake { uid: subject.uid().to_owned(), tenant: subject.reference() };
            let wanted = Wanted { planned, repeat: requested };
            self.send(Message::Platform { uid, message: worker::Message::Follow { key, wake, wanted } });
        }
        CheckReport { checks, links, repeated }
    }

    /// What is known of the checks of a Tenant at the moment.
    fn known(&self, platform: &str, key: &str, tenant_uid: &str) -> Option<Shown> {
        let directory = self.directory.borrow();
        let snapshot = directory.get(platform)?.borrow();
        snapshot.get(key).filter(|known| known.uid == tenant_uid).map(|known| known.shown.clone())
    }

    /// None leads to an address that is not trusted: an administrator logs in there.
    fn links(&self, platform: &Platform, plan: &CheckPlan) -> Vec<GrantLink> {
        let Some(microsoft) = &platform.spec.microsoft else { return vec![] };
        let addresses = self.given.addresses(microsoft);
        addresses.map(|addresses| grant_links(microsoft, &addresses, plan)).unwrap_or_default()
    }

    /// What is reported of a check that nothing is asked for.
    fn without_asking(&self, platform: &Platform, check: &Check) -> Option<CheckStatus> {
        if let Query::Unanswerable { reason, message } = &check.query {
            return Some(status(check.name, CheckResult::Unknown, reason.as_str(), message));
        }
        let may_ask = platform
            .spec
            .microsoft
            .as_ref()
            .is_some_and(|microsoft| !check.needs_app() || self.given.configured(microsoft).is_some());
        let verdict = verdict::not_configured();
        (!may_ask).then(|| status(check.name, CheckResult::Unknown, verdict.reason.as_str(), &verdict.message))
    }

    fn send(&self, message: Message) {
        // After `stop` there is nothing to ask any more.
        drop(self.messages.send(message));
    }
}
