//! The one place that is asked before each write, to Kubernetes or to a platform.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::watch;

use super::boot_instant::{BootInstant, sleep_until};

/// Whether this replica may write. Clones are about the same replica.
#[derive(Clone, Debug, Default)]
pub struct Leadership(Option<Arc<watch::Sender<Standing>>>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Standby,
    Leading {
        until: BootInstant,
    },
    /// It was lost or released. There is no way back: what this process decided may be wrong by now.
    Over,
}

/// Why a write was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotLeader {
    /// It did not begin.
    NotBegun,
    /// It was under way when the leadership ended. Whether it was carried out is unknown.
    CutShort,
}

impl Leadership {
    /// A replica that stands by until [`Self::renew`]. Without an election, the default, a replica always leads.
    pub(crate) fn standby() -> Self {
        Self(Some(Arc::new(watch::Sender::new(Standing::Standby))))
    }

    /// Whether this replica leads now.
    pub fn leads(&self) -> bool {
        self.standing().is_none_or(|standing| may_write(standing, BootInstant::now()))
    }

    /// Whether this replica led, and does not any more.
    pub(crate) fn is_over(&self) -> bool {
        match self.standing() {
            None | Some(Standing::Standby) => false,
            Some(leading @ Standing::Leading { .. }) => !may_write(leading, BootInstant::now()),
            Some(Standing::Over) => true,
        }
    }

    /// Waits until this replica leads.
    pub async fn begun(&self) {
        let Some(standing) = &self.0 else { return };
        // The sender is `self`, so the wait ends with the leadership only.
        drop(standing.subscribe().wait_for(|standing| *standing != Standing::Standby).await);
    }

    /// Leads until `until`, unless the leadership has ended.
    pub(crate) fn renew(&self, until: BootInstant) {
        let Some(standing) = &self.0 else { return };
        let now = BootInstant::now();
        standing.send_if_modified(|standing| {
            let ended = *standing != Standing::Standby && !may_write(*standing, now);
            *standing = if ended { Standing::Over } else { Standing::Leading { until } };
            true
        });
    }

    /// Ends the leadership. From here on nothing is written.
    pub(crate) fn end(&self) {
        if let Some(standing) = &self.0 {
            standing.send_replace(Standing::Over);
        }
    }

    /// Makes a write, as long as this replica leads. Nothing is sent after the leadership has ended, also where this process stood
    /// still in between, and a write that is under way then is cut short.
    ///
    /// *Errors*: this replica does not lead.
    pub(crate) async fn write<T>(&self, write: impl Future<Output = T>) -> Result<T, NotLeader> {
        let Some(standing) = &self.0 else { return Ok(write.await) };
        if !self.leads() {
            return Err(NotLeader::NotBegun);
        }
        let (mut write, mut end) = (pin!(write), pin!(ended(standing)));
        poll_fn(|context| {
            // By the clock, and before the write goes on: the timer may be late.
            if !self.leads() || end.as_mut().poll(context).is_ready() {
                return Poll::Ready(Err(NotLeader::CutShort));
            }
            write.as_mut().poll(context).map(Ok)
        })
        .await
    }

    fn standing(&self) -> Option<Standing> {
        self.0.as_ref().map(|standing| *standing.borrow())
    }
}

fn may_write(standing: Standing, now: BootInstant) -> bool {
    matches!(standing, Standing::Leading { until } if now < until)
}

/// Waits until a leadership ends, which each renewal puts off.
async fn ended(standing: &watch::Sender<Standing>) {
    let mut changes = standing.subscribe();
    loop {
        let Standing::Leading { until } = *changes.borrow_and_update() else { return };
        tokio::select! {
            () = sleep_until(until) => if *changes.borrow() == (Standing::Leading { until }) { return },
            // The sender is borrowed, so this is a change.
            _ = changes.changed() => {}
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use std::future::{pending, ready};
    use std::time::Duration;

    use futures::FutureExt;

    use super::*;

    const LONG: Duration = Duration::from_secs(3600);
    const SHORT: Duration = Duration::from_millis(30);

    #[tokio::test]
    async fn only_a_leader_writes() {
        let alone = Leadership::default();
        assert_eq!((true, Ok(7)), (alone.leads(), alone.write(ready(7)).await));
        let leadership = Leadership::standby();
        assert_eq!(
            (false, false, Err(NotLeader::NotBegun)),
            (leadership.leads(), leadership.is_over(), leadership.write(ready(7)).await)
        );
        leadership.renew(BootInstant::now() + LONG);
        assert_eq!((true, Ok(7)), (leadership.leads(), leadership.write(ready(7)).await));
        leadership.end();
        assert_eq!((true, Err(NotLeader::NotBegun)), (leadership.is_over(), leadership.write(ready(7)).await));
    }

    #[tokio::test]
    async fn what_has_ended_is_not_renewed() {
        for end in [Leadership::end as fn(&Leadership), |leadership| leadership.renew(BootInstant::now())] {
            let leadership = Leadership::standby();
            leadership.renew(BootInstant::now() + LONG);
            end(&leadership);
            leadership.renew(BootInstant::now() + LONG);
            assert_eq!((false, true), (leadership.leads(), leadership.is_over()));
        }
    }

    #[tokio::test]
    async fn a_write_under_way_is_cut_short_when_the_leadership_ends() {
        let leadership = Leadership::standby();
        leadership.renew(BootInstant::now() + SHORT);
        assert_eq!(Err(NotLeader::CutShort), leadership.write(pending::<()>()).await);

        let leadership = Leadership::standby();
        leadership.renew(BootInstant::now() + LONG);
        let mut write = pin!(leadership.write(pending::<()>()));
        assert_eq!(None, write.as_mut().now_or_never());
        leadership.end();
        assert_eq!(Some(Err(NotLeader::CutShort)), write.now_or_never());
    }

    #[tokio::test]
    async fn a_write_under_way_goes_on_while_the_lease_is_renewed() {
        let leadership = Leadership::standby();
        leadership.renew(BootInstant::now() + SHORT);
        let write = leadership.write(tokio::time::sleep(SHORT * 2));
        leadership.renew(BootInstant::now() + LONG);
        assert_eq!(Ok(()), write.await);
    }

    /// As after a pause of the process: the clock has moved, and nothing ran in between.
    #[tokio::test]
    async fn nothing_is_sent_by_a_process_that_stood_still() {
        let leadership = Leadership::standby();
        leadership.renew(BootInstant::now() + SHORT);
        let mut sent = false;
        let outcome = {
            let mut connected = false;
            let mut write = pin!(leadership.write(poll_fn(|_| {
                sent = connected;
                connected = true;
                Poll::<()>::Pending
            })));
            assert_eq!(None, write.as_mut().now_or_never());
            std::thread::sleep(SHORT);
            write.now_or_never()
        };
        assert_eq!((Some(Err(NotLeader::CutShort)), false), (outcome, sent));
    }

    #[tokio::test]
    async fn a_leadership_is_waited_for() {
        let leadership = Leadership::standby();
        let mut begun = pin!(leadership.begun());
        assert_eq!(None, begun.as_mut().now_or_never());
        leadership.renew(BootInstant::now() + LONG);
        assert_eq!(Some(()), begun.now_or_never());
    }
}
