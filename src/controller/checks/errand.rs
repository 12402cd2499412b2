//! The questions of one Tenant, one after the other, each when it is due.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::time::sleep_until;
use tracing::debug;

use super::known::{Answer, Known};
use super::lane::{Lane, Way};
use super::{Desk, Wake, lock};
use crate::plan::Check;

/// The questions of one Tenant, asked for as long as it wants to know.
pub(super) struct Errand {
    pub(super) desk: Arc<Desk>,
    pub(super) lane: Arc<Lane>,
    pub(super) wake: Wake,
    pub(super) queries: Vec<Check>,
    pub(super) known: Arc<Mutex<Vec<Known>>>,
    /// The last change of the way that the answers take into account. An edit replaces the task, which must not lose a ring that
    /// the one before had not heard yet.
    pub(super) heard: Arc<Mutex<Option<u64>>>,
    pub(super) asking: Arc<tokio::sync::Mutex<()>>,
}

impl Errand {
    pub(super) async fn run(self) {
        let mut ways = self.lane.follow();
        if self.queries.iter().any(Check::needs_app) && ways.wait_for(Way::is_read).await.is_err() {
            return;
        }
        self.hear();
        // News that nobody was told yet, since when.
        let mut news: Option<Instant> = None;
        while let Some((place, due)) = self.next() {
            if due > Instant::now() {
                self.tell(&mut news);
                tokio::select! {
                    () = sleep_until(due.into()) => {}
                    Ok(()) = ways.changed() => self.hear(),
                }
                continue;
            }
            let Some(wanted) = self.queries.get(place) else { return };
            let asking = self.asking.lock().await;
            let answer = self.ask(wanted, &mut news).await;
            let (name, reason, outcome) = (wanted.name, answer.verdict.reason, answer.verdict.outcome);
            let is_news = lock(&self.known)
                .get_mut(place)
                .is_some_and(|known| known.learn(answer, Instant::now(), &self.desk.timing));
            debug!(check = name, ?outcome, reason, is_news, "checked");
            if is_news {
                news.get_or_insert_with(Instant::now);
            }
            drop(asking);
        }
    }

    /// Asks one question. What was found out before is not held back for one that does not end.
    async fn ask(&self, wanted: &Check, news: &mut Option<Instant>) -> Answer {
        let mut answer = std::pin::pin!(self.lane.ask(wanted, &self.desk.acs, &self.desk.timing));
        if let Some(since) = *news {
            let patience = sleep_until((since + self.desk.timing.gather).into());
            tokio::select! {
                answer = &mut answer => return answer,
                () = patience => self.tell(news),
            }
        }
        answer.await
    }

    fn next(&self) -> Option<(usize, Instant)> {
        lock(&self.known).iter().map(|known| known.due).enumerate().min_by_key(|(_, due)| *due)
    }

    /// Asks again what is asked as the app, where that is another one by now.
    fn hear(&self) {
        let (now, change) = (Instant::now(), self.lane.change());
        if lock(&self.heard).replace(change).is_none_or(|heard| heard == change) {
            return;
        }
        let mut known = lock(&self.known);
        let asked = known.iter_mut().zip(&self.queries).filter(|(_, wanted)| wanted.needs_app());
        asked.for_each(|(known, _)| known.due = now);
    }

    fn tell(&self, news: &mut Option<Instant>) {
        if news.take().is_none() {
            return;
        }
        let namespace = self.wake.tenant.namespace.as_deref();
        lock(&self.desk.wakes)
            .iter()
            .filter(|(of, _)| of.is_none() || of.as_deref() == namespace)
            // A receiver that is gone was of a watch that ended.
            .for_each(|(_, sender)| drop(sender.send(self.wake.clone())));
    }
}
