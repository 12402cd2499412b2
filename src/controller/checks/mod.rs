//! The checks of Microsoft's side, beside the passes: a pass says what a Tenant wants to know and takes over what is known by
//! then; it never waits. A task for each Tenant asks, one question after the other, and wakes the Tenant when there is news.
//!
//! Nothing is asked for a Tenant that is not live, so never for one that is suspended, is being deleted or belongs to another.

mod ask;
mod errand;
mod known;
mod lane;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kube::ResourceExt;
use kube::runtime::reflector::ObjectRef;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;
use tracing::{Instrument, info_span};
use uuid::Uuid;

use self::errand::Errand;
use self::known::{Known, status};
use self::lane::{Lane, Way};
use super::Guarded;
use super::connect::{Unread, secret_text};
use super::context::{CheckTiming, Context, Options};
use super::reconcile::{Pass, phase_of};
use crate::microsoft::{Acs, Credential, GrantLink, verdict};
use crate::plan::checks::{PENDING, result};
use crate::plan::{Check, CheckPlan, CheckReport, Outcome, Query, Stop};
use crate::resources::platform::Microsoft;
use crate::resources::status::{self, CheckStatus};
use crate::resources::{Platform, reason};

/// The checks of all Tenants.
pub(super) struct Checks {
    desk: Arc<Desk>,
    lanes: Mutex<HashMap<String, Arc<Lane>>>,
    tended: Mutex<HashMap<String, Tended>>,
    call: Duration,
    federated_token_file: Option<PathBuf>,
}

/// What every task needs.
struct Desk {
    acs: Acs,
    timing: CheckTiming,
    /// Who is told that a Tenant has news, by namespace.
    wakes: Mutex<Vec<(Option<String>, UnboundedSender<Wake>)>>,
}

/// A Tenant that has news.
#[derive(Clone)]
pub(super) struct Wake {
    pub(super) uid: String,
    pub(super) tenant: ObjectRef<Guarded>,
}

/// A Tenant whose questions are asked.
struct Tended {
    uid: String,
    lane: Arc<Lane>,
    known: Arc<Mutex<Vec<Known>>>,
    heard: Arc<Mutex<Option<u64>>>,
    /// Held while a question is being asked.
    asking: Arc<tokio::sync::Mutex<()>>,
    task: JoinHandle<()>,
}

impl Checks {
    /// *Errors*: there is no TLS.
    pub(super) fn new(options: &Options) -> Result<Self, reqwest::Error> {
        let timing = options.timing.checks;
        let acs = Acs::new(options.timing.call, options.trusted_acs.clone())?;
        Ok(Self {
            desk: Arc::new(Desk { acs, timing, wakes: Mutex::default() }),
            lanes: Mutex::default(),
            tended: Mutex::default(),
            call: options.timing.call,
            federated_token_file: options.federated_token_file.clone(),
        })
    }

    /// Tells of each Tenant that has news, of one namespace or of all.
    pub(super) fn subscribe(&self, namespace: Option<String>) -> UnboundedReceiver<Wake> {
        let (sender, receiver) = unbounded_channel();
        lock(&self.desk.wakes).push((namespace, sender));
        receiver
    }

    /// Reads as which app the Platform asks.
    pub(super) async fn connect(&self, context: &Context, platform: &Platform) {
        let Some(microsoft) = &platform.spec.microsoft else { return };
        let lane = self.lane(platform);
        let Some(app) = microsoft.nimbus_app.as_ref().filter(|_| self.is_configured(microsoft)) else {
            return lane.take(Way::NoApp(verdict::not_configured()));
        };
        let Ok(client_id) = Uuid::try_parse(app.client_id.as_str()) else {
            return lane.take(Way::NoApp(verdict::not_configured()));
        };
        let (credentials, credential) = match (&app.credentials_secret_ref, &self.federated_token_file) {
            (Some(reference), _) => match secret_text(context, &reference.name).await {
                Ok((version, value)) => (version, Credential::Secret(value)),
                // What could be read a minute ago stands while Kubernetes does not answer.
                Err(Unread::Unanswered) if lane.version().is_some() => return,
                Err(unread) => return lane.take(Way::NoApp(verdict::no_credentials(why(unread)))),
            },
            (None, Some(file)) => ("federated".to_owned(), Credential::FederatedTokenFile(file.clone())),
            (None, None) => return lane.take(Way::NoApp(verdict::not_configured())),
        };
        let version = lane::version(microsoft, &credentials);
        if lane.version().as_ref() != Some(&version) {
            lane.take(lane::way(microsoft, client_id, credential, version, self.call));
        }
    }

    /// What is known of the checks at the end of a pass; what is not known yet is asked from now on.
    pub(super) fn follow(&self, pass: &Pass, outcome: &Result<Outcome, Stop>) -> Option<CheckReport> {
        match (outcome, &pass.platform, &pass.check_plan) {
            (Ok(Outcome::Live { .. }), Some(platform), Some(check_plan)) => {
                let checks = self.tend(pass, platform, check_plan);
                Some(CheckReport { checks, links: links(platform, check_plan) })
            }
            // Nothing is known, so nothing is known to have changed.
            (Err(Stop::Unavailable { .. } | Stop::Raced | Stop::Kubernetes(_) | Stop::Bug(_)), ..) => None,
            _ => {
                self.cancel(&pass.key);
                None
            }
        }
    }

    /// Asks nothing more for a Tenant, by namespace and name.
    pub(super) fn cancel(&self, key: &str) {
        if let Some(tended) = lock(&self.tended).remove(key) {
            tended.task.abort();
        }
    }

    /// Ends everything. What is being asked now is waited for, for a while: what it made has to be taken away again.
    pub(super) async fn stop(&self) {
        let all: Vec<Tended> = lock(&self.tended).drain().map(|(_, tended)| tended).collect();
        let last = tokio::time::Instant::now() + self.desk.timing.deadline.min(Duration::from_secs(10));
        for tended in all {
            // A question that does not end in time is left to its own deadline.
            let _ended = tokio::time::timeout_at(last, tended.asking.lock()).await;
            tended.task.abort();
        }
    }

    fn tend(&self, pass: &Pass, platform: &Platform, check_plan: &CheckPlan) -> Vec<CheckStatus> {
        let now = Instant::now();
        let asked = |wanted: &&Check| self.without_asking(platform, wanted).is_none();
        let queries: Vec<&Check> = check_plan.checks.iter().filter(asked).collect();
        let lane = self.lane(platform);
        let mut all = lock(&self.tended);
        let before = all.remove(&pass.key).filter(|before| {
            let same = before.uid == pass.uid() && Arc::ptr_eq(&before.lane, &lane);
            if !same {
                before.task.abort();
            }
            same
        });
        let known: Vec<Known> = match &before {
            Some(before) => {
                let known = lock(&before.known);
                let of = |wanted: &&Check| {
                    let input = wanted.input();
                    let same = known.iter().find(|known| known.name == wanted.name && known.input == input);
                    same.cloned().unwrap_or_else(|| Known::new(wanted.name, input, now))
                };
                queries.iter().map(of).collect()
            }
            None => queries.iter().map(|wanted| self.begin(pass, wanted, now)).collect(),
        };
        let say = |wanted: &Check| {
            let fixed = self.without_asking(platform, wanted);
            fixed.or_else(|| known.iter().find(|known| known.name == wanted.name).map(|known| known.said.clone()))
        };
        let said = check_plan.checks.iter().filter_map(say).collect();
        let same = before.as_ref().is_some_and(|before| {
            let inputs = |known: &[Known]| known.iter().map(|known| known.input.clone()).collect::<Vec<_>>();
            inputs(&lock(&before.known)) == inputs(&known)
        });
        match before {
            Some(before) if same => drop(all.insert(pass.key.clone(), before)),
            before => {
                if let Some(before) = &before {
                    before.task.abort();
                }
                if !known.is_empty() {
                    let heard = before.map(|before| before.heard).unwrap_or_default();
                    all.insert(pass.key.clone(), self.start(pass, lane, check_plan, known, heard));
                }
            }
        }
        said
    }

    /// What is first known of a question. After a restart of the operator the status still says what was found, if the spec is
    /// as it was; it stands until its turn comes, so that a restart asks nothing at once.
    fn begin(&self, pass: &Pass, wanted: &Check, now: Instant) -> Known {
        let said = pass.tenant.status.as_ref().filter(|status| {
            let applied = status.applied.as_ref().map(|applied| applied.hash.as_str());
            Some(status.observed_generation) == pass.tenant.metadata.generation && applied == pass.hash.as_deref()
        });
        let said = said.and_then(|status| status.checks.iter().find(|check| check.name == wanted.name));
        let share = f64::from(phase_of(&pass.tenant)) / 255.0;
        let timing = &self.desk.timing;
        match said {
            Some(said) if said.result == result::PASSED => {
                let due = now + timing.every.mul_f64(share);
                Known::remembered(wanted.name, wanted.input(), said.clone(), now, due)
            }
            Some(said) if !never_asked(said) => {
                let due = now + timing.retry_most.mul_f64(share);
                Known::remembered(wanted.name, wanted.input(), said.clone(), now, due)
            }
            _ => Known::new(wanted.name, wanted.input(), now),
        }
    }

    fn start(
        &self,
        pass: &Pass,
        lane: Arc<Lane>,
        check_plan: &CheckPlan,
        known: Vec<Known>,
        heard: Arc<Mutex<Option<u64>>>,
    ) -> Tended {
        let namespace = pass.tenant.namespace().unwrap_or_default();
        let tenant = ObjectRef::new(&pass.tenant.name_any()).within(&namespace);
        let queries =
            known.iter().filter_map(|known| check_plan.checks.iter().find(|wanted| wanted.name == known.name));
        let known_of = Arc::new(Mutex::new(known.clone()));
        let asking = Arc::default();
        let errand = Errand {
            desk: self.desk.clone(),
            lane: lane.clone(),
            wake: Wake { uid: pass.uid().to_owned(), tenant },
            queries: queries.cloned().collect(),
            known: known_of.clone(),
            heard: Arc::clone(&heard),
            asking: Arc::clone(&asking),
        };
        let task = tokio::spawn(errand.run().instrument(info_span!("checks", tenant = pass.key)));
        Tended { uid: pass.uid().to_owned(), lane, known: known_of, heard, asking, task }
    }

    /// What can be said without asking anybody.
    fn without_asking(&self, platform: &Platform, wanted: &Check) -> Option<CheckStatus> {
        if let Query::Unanswerable { reason, message } = &wanted.query {
            return Some(status(wanted.name, result::UNKNOWN, reason, message));
        }
        let microsoft = platform.spec.microsoft.as_ref();
        let configured = microsoft.is_some_and(|microsoft| !wanted.needs_app() || self.is_configured(microsoft));
        let verdict = verdict::not_configured();
        (!configured).then(|| status(wanted.name, result::UNKNOWN, verdict.reason, &verdict.message))
    }

    fn is_configured(&self, microsoft: &Microsoft) -> bool {
        let app = microsoft.nimbus_app.as_ref();
        app.is_some_and(|app| app.credentials_secret_ref.is_some() || self.federated_token_file.is_some())
    }

    fn lane(&self, platform: &Platform) -> Arc<Lane> {
        let uid = platform.uid().unwrap_or_default();
        lock(&self.lanes).entry(uid).or_insert_with(|| Arc::new(Lane::new())).clone()
    }
}

/// Nothing is asked on behalf of an operator that is gone.
impl Drop for Checks {
    fn drop(&mut self) {
        lock(&self.tended).values().for_each(|tended| tended.task.abort());
    }
}

/// Where an administrator grants the apps their permissions.
fn links(platform: &Platform, check_plan: &CheckPlan) -> Vec<status::GrantLink> {
    let Some(microsoft) = &platform.spec.microsoft else { return vec![] };
    let (Some(login), Some(graph)) = (lane::url(microsoft.login()), lane::url(microsoft.graph())) else {
        return vec![];
    };
    let nimbus = microsoft.nimbus_app.as_ref().map(|app| ("NimbusApp", &app.client_id));
    let chat = microsoft.chat_app_client_id.as_ref().filter(|_| check_plan.chat).map(|id| ("ChatApp", id));
    let link = |(name, client_id): (&str, &crate::settings::value::Text<_>)| {
        let client_id = Uuid::try_parse(client_id.as_str()).ok()?;
        let link =
            GrantLink { login: &login, graph: &graph, tenant: check_plan.entra_tenant, client_id, redirect: None };
        Some(status::GrantLink { name: name.to_owned(), url: link.url().into() })
    };
    [nimbus, chat].into_iter().flatten().filter_map(link).collect()
}

/// Whether nobody was asked for what is said.
fn never_asked(said: &CheckStatus) -> bool {
    [PENDING, reason::NOT_CONFIGURED, reason::PARTNER_TENANT_UNKNOWN]
        .contains(&said.reason.as_deref().unwrap_or_default())
}

fn why(unread: Unread) -> &'static str {
    match unread {
        Unread::NotFound => "the Secret of the Platform's spec.microsoft.nimbusApp is not in the operator's namespace",
        Unread::Forbidden => "the operator may not read the Secret of the Platform's spec.microsoft.nimbusApp",
        Unread::Unanswered => "the Secret of the Platform's spec.microsoft.nimbusApp could not be read",
        Unread::NoText => {
            "the Secret of the Platform's spec.microsoft.nimbusApp has no text under the key client-secret"
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic elsewhere leaves whole entries behind.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
