//! What is asked of a platform next, and what follows from an answer. Pure: the time is an argument.

use std::time::{Duration, Instant};

use crate::admin_api::{ApiError, Changes, NotCalled, ProblemType};
use crate::controller::options::VersionTiming;

/// A longer cursor is not sent back.
const LONGEST_CURSOR: usize = 4096;

/// What is asked next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// From where on the feed tells changes.
    Beginning,
    /// The list of all tenants.
    List,
    /// What changed since this cursor.
    Changes(String),
}

/// When what is asked.
pub(super) struct Requests {
    timing: VersionTiming,
    cursor: Option<String>,
    /// When the feed began to tell.
    begun: Instant,
    /// When the feed is asked again, and the list.
    feed_at: Instant,
    list_at: Instant,
    /// Whether a list was tried since there is a platform to ask.
    tried: bool,
}

/// What an answer of the feed comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It begins to tell.
    Begins,
    /// These changed.
    Changed(Vec<String>),
    /// It tells nothing that can be relied on, at least not since the last answer.
    Nothing,
    /// It did not answer this time.
    Silence,
}

impl Requests {
    pub(super) fn new(timing: VersionTiming, now: Instant) -> Self {
        Self { timing, cursor: None, begun: now, feed_at: now, list_at: now, tried: false }
    }

    /// What is to be asked by now. The feed begins before the list is read, so that nothing falls between them.
    pub(super) fn next(&self, now: Instant) -> Option<Request> {
        match &self.cursor {
            None if self.feed_at <= now => Some(Request::Beginning),
            _ if self.list_at <= now => Some(Request::List),
            Some(cursor) if self.feed_at <= now => Some(Request::Changes(cursor.clone())),
            Some(_) | None => None,
        }
    }

    /// When there is something to ask again.
    pub(super) fn wakes(&self) -> Instant {
        self.feed_at.min(self.list_at)
    }

    /// Whether passes need not wait for the first list any more.
    pub(super) fn is_tried(&self) -> bool {
        self.tried
    }

    /// What came of a request to the feed that was sent `began`.
    pub(super) fn told(&mut self, answer: Result<Changes, ApiError>, began: Instant, now: Instant) -> Told {
        match answer {
            Ok(Changes { cursor, ids }) => {
                let before = self.cursor.clone();
                let stands_still = before.as_ref() == Some(&cursor) && !ids.is_empty();
                if stands_still || cursor.is_empty() || cursor.len() > LONGEST_CURSOR {
                    return self.end_feed(now + self.timing.absent, now);
                }
                self.cursor = Some(cursor);
                self.feed_at = now.max(began + self.timing.gap);
                match before {
                    Some(_) => Told::Changed(ids),
                    None => {
                        (self.begun, self.feed_at) = (now, now);
                        Told::Begins
                    }
                }
            }
            // One that expires at once, again and again, must not bring list after list.
            // One that says so of a beginning, which names no cursor, is none.
            Err(error) if self.cursor.is_some() && error.is(&ProblemType::CursorExpired) => {
                self.end_feed(now.max(self.begun + self.timing.list), now)
            }
            Err(error) if is_absent(&error) => self.end_feed(now + self.timing.absent, now),
            Err(error) => {
                self.feed_at = now + wait(&error, &self.timing);
                Told::Silence
            }
        }
    }

    /// What came of the list: whether it is whole, or why it is not there.
    pub(super) fn listed(&mut self, answer: Result<(), Option<&ApiError>>, now: Instant) {
        self.tried = true;
        self.list_at = now
            + match answer {
                Ok(()) if self.cursor.is_some() => self.timing.list_beside_feed,
                Ok(()) | Err(None) => self.timing.list,
                Err(Some(error)) if is_absent(error) => self.timing.absent,
                Err(Some(error)) => wait(error, &self.timing),
            };
    }

    /// A pass wrote something. What the feed tells of it may hide another writer, so the list does not wait for long.
    pub(super) fn wrote(&mut self, now: Instant) {
        self.list_at = self.list_at.min(now + self.timing.list);
    }

    /// What the feed told so far is all that is known: the list says the rest.
    fn end_feed(&mut self, again: Instant, now: Instant) -> Told {
        let has_begun = self.cursor.take().is_some();
        self.feed_at = again;
        if has_begun {
            self.list_at = self.list_at.min(now.max(self.begun + self.timing.list));
        }
        Told::Nothing
    }
}

/// Whether a platform has no such route, or not for us.
fn is_absent(error: &ApiError) -> bool {
    match error {
        ApiError::Refused(problem) => !matches!(problem.problem_type, ProblemType::Internal | ProblemType::Unavailable),
        ApiError::Forbidden => true,
        ApiError::Unexpected(unexpected) => matches!(unexpected.status, 200 | 404 | 405 | 501),
        ApiError::Unreachable(_)
        | ApiError::Unauthenticated(_)
        | ApiError::Throttled { .. }
        | ApiError::NotCalled(_) => false,
    }
}

fn wait(error: &ApiError, timing: &VersionTiming) -> Duration {
    match error {
        ApiError::Throttled { after } => *after,
        // Nothing was sent.
        ApiError::NotCalled(
            NotCalled::Outage(_) | NotCalled::NoClient(_) | NotCalled::OtherPlatform(_) | NotCalled::NotLeader,
        )
        | ApiError::Unreachable(_)
        | ApiError::Unauthenticated(_)
        | ApiError::Forbidden
        | ApiError::Refused(_)
        | ApiError::Unexpected(_) => timing.retry,
    }
}
