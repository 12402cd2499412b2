//! The election of the replica that writes: sends what the election asks of the Lease, and says in the log who leads.
//!
//! A replica that loses the Lease ends its process, as operators on controller-runtime do: what it remembers of decisions under way
//! must not outlive the term in which they were made. Kubernetes starts it again, and it stands by.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::anyhow;
use futures::FutureExt;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::{info, warn};

use super::options::{LeaderElection, Options};
use crate::cluster::{Cluster, LeaseObject, Refusal};
use crate::lease::{Answer, BootInstant, Content, Election, Leadership, Learned, Loss, Request, sleep_until};
use crate::telemetry::health::Health;

/// The name of the Lease. Each instance has its own leader.
pub(super) fn lease_name(instance: &str) -> String {
    format!("nimbus-operator-{instance}")
}

/// The candidacy of this replica. It ends with this value.
pub(super) struct Candidacy {
    leadership: Leadership,
    election: Option<Running>,
}

struct Running {
    /// A task of its own: a pass that takes long puts off no renewal.
    task: JoinSet<anyhow::Error>,
    release: oneshot::Sender<()>,
    options: LeaderElection,
}

impl Candidacy {
    /// Stands for election, where there is one.
    pub(super) fn stand(cluster: &Cluster, options: &Options, leadership: Leadership) -> Self {
        let election = options.leader_election.clone().map(|election| {
            let (release, released) = oneshot::channel();
            let (namespace, name) = (&options.operator_namespace, lease_name(&options.instance));
            let candidate = Candidate {
                lease: cluster.lease(namespace, &name, election.timing.attempt()),
                place: format!("{namespace}/{name}"),
                election: Election::new(Arc::from(election.identity.as_str()), election.timing),
                identity: election.identity.clone(),
                leadership: leadership.clone(),
                health: options.telemetry.health.clone(),
                retry_period: election.timing.retry_period,
                leader: None,
                failure: None,
            };
            let mut task = JoinSet::new();
            task.spawn(candidate.run(released));
            Running { task, release, options: election }
        });
        Self { leadership, election }
    }

    /// Waits until this replica leads no more. Returns why.
    pub(super) async fn lost(&mut self) -> anyhow::Error {
        let Some(running) = &mut self.election else { return std::future::pending().await };
        match running.task.join_next().await {
            Some(Ok(lost)) => lost,
            Some(Err(_)) | None => anyhow!("the leader election has ended"),
        }
    }

    /// Releases the Lease, so that another replica leads at once. All writes must have ended.
    pub(super) async fn release(self) {
        self.leadership.end();
        let Some(Running { mut task, release, options }) = self.election else { return };
        // An error means that the election has ended.
        _ = release.send(());
        if timeout(options.timing.attempt(), task.join_next()).await.is_err() {
            warn!("the Lease could not be released; another replica takes over when it ends");
        }
    }
}

struct Candidate {
    lease: LeaseObject,
    /// Its namespace and name.
    place: String,
    election: Election,
    identity: String,
    leadership: Leadership,
    health: Health,
    retry_period: Duration,
    /// Who was said to lead.
    leader: Option<String>,
    /// Why the last request failed.
    failure: Option<Refusal>,
}

impl Candidate {
    /// Runs until this replica leads no more; returns why.
    async fn run(mut self, released: oneshot::Receiver<()>) -> anyhow::Error {
        let mut released = released.fuse();
        loop {
            // A replica that holds the Lease and does nothing would keep the others from the work.
            if self.health.is_stuck(Instant::now()) {
                if self.election.term().is_some() {
                    return self.lost(Loss::Stuck);
                }
                sleep(self.retry_period).await;
                continue;
            }
            let sent = BootInstant::now();
            // The machine may have been suspended.
            if self.election.term().is_some_and(|term| sent >= term) {
                return self.lost(Loss::NotRenewed);
            }
            let request = self.election.next(sent);
            let deadline = self.deadline();
            let answer = tokio::select! {
                answer = self.ask(request) => answer,
                () = deadline => return self.lost(Loss::NotRenewed),
            };
            self.say(&answer);
            let wait = match self.election.learn(answer, sent, BootInstant::now()) {
                Learned::Next(wait) => wait,
                Learned::Lost(loss) => return self.lost(loss),
            };
            self.lead();
            let deadline = self.deadline();
            tokio::select! {
                () = sleep(wait) => {}
                () = deadline => return self.lost(Loss::NotRenewed),
                Ok(()) = &mut released => return self.release().await,
            }
        }
    }

    async fn ask(&mut self, request: Request) -> Answer {
        match self.lease.ask(request).await {
            Ok(answer) => {
                self.failure = None;
                answer
            }
            Err(refusal) => {
                if self.failure.as_ref() != Some(&refusal) {
                    warn!(lease = self.place, cause = %refusal.clone().not_written(), "the Lease cannot be read or written");
                }
                self.failure = Some(refusal);
                Answer::Unknown
            }
        }
    }

    /// Takes over what the election says.
    fn lead(&mut self) {
        let Some(term) = self.election.term() else { return };
        let begins = !self.leadership.leads();
        self.leadership.renew(term);
        if begins && self.leadership.leads() {
            info!(lease = self.place, identity = self.identity, "this replica leads");
        }
    }

    /// Logs who leads, where that is another than before.
    fn say(&mut self, answer: &Answer) {
        let Answer::Found(record) = answer else { return };
        let Content { holder, .. } = &record.content;
        let holder = holder.as_deref().unwrap_or_default();
        if self.election.term().is_none() && self.leader.as_deref() != Some(holder) {
            info!(lease = self.place, leader = holder, "standing by");
            self.leader = Some(holder.to_owned());
        }
    }

    /// Waits for the end of the term, where there is one.
    fn deadline(&self) -> impl Future<Output = ()> + use<> {
        let term = self.election.term();
        async move {
            match term {
                Some(term) => sleep_until(term).await,
                None => std::future::pending().await,
            }
        }
    }

    fn lost(&self, loss: Loss) -> anyhow::Error {
        self.leadership.end();
        let cause = self.failure.clone().map(|refusal| format!(" ({})", refusal.not_written().0)).unwrap_or_default();
        warn!(lease = self.place, cause = %loss, "this replica leads no more");
        anyhow!(
            "lost the Lease {}: {loss}{cause}; nothing was sent since, and another start begins as a standby",
            self.place
        )
    }

    async fn release(mut self) -> anyhow::Error {
        if let Some(request) = self.election.release() {
            let answer = self.ask(request).await;
            info!(lease = self.place, released = matches!(answer, Answer::Written(_)), "leadership released");
        }
        anyhow!("the Lease {} was released", self.place)
    }
}
