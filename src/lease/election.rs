//! What one replica asks of the Lease, and whether it leads. Pure: time comes in as a value of the clock that counts from the start of
//! the machine. So clocks of other machines, and wall clocks that jump or stand still, do not matter.
//!
//! Each leader replaced a version of the Lease that it saw unchanged for as long as another could write. So that this holds also
//! where people edit or delete the Lease, one that is absent is first created without a holder, and taken no sooner than any other.
//! Only a Lease that its leader released is taken at once: without a holder, and with the duration that a release writes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::boot_instant::BootInstant;
use super::timing::{LONGEST, LeaseTiming, RELEASED};

/// A version of the Lease. Each write makes another one, and none comes back after a deletion.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Version(pub(crate) Arc<str>);

/// What is written to the Lease.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Content {
    pub(crate) holder: Option<Arc<str>>,
    pub(crate) duration: Duration,
}

/// The Lease as it was read or written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Record {
    pub(crate) version: Version,
    pub(crate) content: Content,
}

/// What is asked of the Lease. All of it is guarded: what exists is not created, and only the version that was seen is replaced.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Request {
    Read,
    Create(Content),
    Replace(Version, Content),
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    /// It was read.
    Found(Record),
    /// There is none.
    Absent,
    /// It was written.
    Written(Record),
    /// Another write came first.
    Conflict,
    /// There was no answer, or one that leaves open what happened.
    Unknown,
}

/// What an answer changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Learned {
    /// How long to wait before the next request.
    Next(Duration),
    /// This replica leads no more, and must not lead again.
    Lost(Loss),
}

/// Why a leader leads no more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Loss {
    /// The Lease names another holder.
    Taken(Arc<str>),
    /// It was not renewed in time.
    NotRenewed,
    /// The loop that does the work does not run.
    Stuck,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Taken(holder) => write!(f, "it is held by '{holder}'"),
            Self::NotRenewed => f.write_str("it was not renewed before the renew deadline"),
            Self::Stuck => f.write_str("it was not renewed because the operator is stuck"),
        }
    }
}

/// One replica in the election.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Election {
    identity: Arc<str>,
    timing: LeaseTiming,
    known: Known,
    /// The version that was seen last, and since when it is seen unchanged.
    unchanged: Option<(Version, BootInstant)>,
    /// The version in which this replica wrote itself as the holder last.
    own: Option<Version>,
    /// Until when this replica may write.
    term: Option<BootInstant>,
}

/// What the next request can rely on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Known {
    /// It has to be read.
    Nothing,
    Absent,
    Record(Record),
}

impl Election {
    /// `identity` must be of this process alone.
    pub(crate) fn new(identity: Arc<str>, timing: LeaseTiming) -> Self {
        Self { identity, timing, known: Known::Nothing, unchanged: None, own: None, term: None }
    }

    /// Until when this replica may write; `None` while it does not lead.
    pub(crate) fn term(&self) -> Option<BootInstant> {
        self.term
    }

    /// The next request.
    pub(crate) fn next(&self, now: BootInstant) -> Request {
        match &self.known {
            Known::Nothing => Request::Read,
            // A leader writes at present, so no other can have taken it.
            Known::Absent if self.term.is_some() => Request::Create(self.held()),
            Known::Absent => Request::Create(Content { holder: None, ..self.held() }),
            Known::Record(record) if self.may_take(record, now) => {
                Request::Replace(record.version.clone(), self.held())
            }
            Known::Record(_) => Request::Read,
        }
    }

    /// The request that releases the Lease; nothing where this replica does not hold it. Nothing may be written any more.
    pub(crate) fn release(&self) -> Option<Request> {
        let Known::Record(record) = &self.known else { return None };
        let released = Content { holder: None, duration: RELEASED };
        self.term.map(|_| Request::Replace(record.version.clone(), released))
    }

    /// Takes in the answer to a request that was sent at `sent` and answered by `now`.
    pub(crate) fn learn(&mut self, answer: Answer, sent: BootInstant, now: BootInstant) -> Learned {
        // What comes late counts no more: others may rely on the deadline.
        if self.term.is_some_and(|term| now >= term) {
            return Learned::Lost(Loss::NotRenewed);
        }
        let retry = self.timing.retry_period.saturating_sub(now.duration_since(sent));
        match answer {
            Answer::Unknown => {
                self.known = Known::Nothing;
                Learned::Next(retry)
            }
            Answer::Conflict => {
                self.known = Known::Nothing;
                // A leader has to know at once who it was.
                Learned::Next(if self.term.is_some() { Duration::ZERO } else { retry })
            }
            Answer::Absent => {
                (self.known, self.unchanged) = (Known::Absent, None);
                Learned::Next(Duration::ZERO)
            }
            Answer::Found(record) => self.found(record, now),
            Answer::Written(record) => self.written(record, sent, now, retry),
        }
    }

    fn found(&mut self, record: Record, now: BootInstant) -> Learned {
        if let (Some(_), Some(holder)) = (self.term, self.other(&record)) {
            return Learned::Lost(Loss::Taken(holder));
        }
        self.see(&record, now);
        if self.may_take(&record, now) {
            self.known = Known::Record(record);
            return Learned::Next(Duration::ZERO);
        }
        let left = self.free_at(&record).map_or(Duration::ZERO, |at| at.duration_since(now));
        self.known = Known::Nothing;
        Learned::Next(left.min(self.timing.retry_period))
    }

    fn written(&mut self, record: Record, sent: BootInstant, now: BootInstant, retry: Duration) -> Learned {
        self.see(&record, now);
        let term = sent + self.timing.renew_deadline;
        if record.content.holder.as_ref() != Some(&self.identity) {
            self.known = Known::Nothing;
            return Learned::Next(retry);
        }
        self.own = Some(record.version.clone());
        self.known = Known::Record(record);
        // One that was taken so slowly is renewed first.
        if now >= term {
            return Learned::Next(Duration::ZERO);
        }
        self.term = Some(term);
        Learned::Next(retry)
    }

    fn see(&mut self, record: &Record, now: BootInstant) {
        if self.unchanged.as_ref().is_none_or(|(version, _)| *version != record.version) {
            self.unchanged = Some((record.version.clone(), now));
        }
    }

    /// Whether no other can write while a record is as it was seen. That it names this replica proves nothing: a person may have
    /// written that while another leads.
    fn may_take(&self, record: &Record, now: BootInstant) -> bool {
        let is_own = self.own.as_ref() == Some(&record.version);
        let leads = self.term.is_some() && self.other(record).is_none();
        is_own || leads || self.free_at(record).is_some_and(|at| now >= at)
    }

    /// When a record may be taken that stays as it is. The duration that is written may be a mistake of a person, so it only makes
    /// the wait longer.
    fn free_at(&self, record: &Record) -> Option<BootInstant> {
        let (_, since) = self.unchanged.as_ref().filter(|(version, _)| *version == record.version)?;
        // A person who empties a Lease leaves no duration behind, or another.
        let is_released = record.content.holder.is_none() && record.content.duration == RELEASED;
        let wait =
            if is_released { Duration::ZERO } else { record.content.duration.clamp(self.timing.duration, LONGEST) };
        Some(*since + wait)
    }

    fn other(&self, record: &Record) -> Option<Arc<str>> {
        record.content.holder.clone().filter(|holder| *holder != self.identity)
    }

    fn held(&self) -> Content {
        Content { holder: Some(self.identity.clone()), duration: self.timing.duration }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    struct Trial {
        election: Election,
        begin: BootInstant,
    }

    fn content(holder: &str, seconds: u64) -> Content {
        Content {
            holder: (!holder.is_empty()).then(|| holder.into()),
            duration: SECOND * u32::try_from(seconds).unwrap(),
        }
    }

    fn record(version: &str, holder: &str, seconds: u64) -> Record {
        Record { version: Version(version.into()), content: content(holder, seconds) }
    }

    fn replace(version: &str, holder: &str, seconds: u64) -> Request {
        Request::Replace(Version(version.into()), content(holder, seconds))
    }

    impl Trial {
        fn new() -> Self {
            Self { election: Election::new("me".into(), LeaseTiming::default()), begin: BootInstant::now() }
        }

        fn at(&self, seconds: u64) -> BootInstant {
            self.begin + Duration::from_secs(seconds)
        }

        /// An answer that came at once.
        fn learn(&mut self, answer: Answer, seconds: u64) -> Learned {
            let at = self.at(seconds);
            self.election.learn(answer, at, at)
        }

        fn next(&self, seconds: u64) -> Request {
            self.election.next(self.at(seconds))
        }

        fn leading() -> Self {
            let mut trial = Self::new();
            trial.learn(Answer::Found(record("1", "", 1)), 0);
            assert_eq!(replace("1", "me", 15), trial.next(0), "a released lease is taken at once");
            assert_eq!(Learned::Next(SECOND * 2), trial.learn(Answer::Written(record("2", "me", 15)), 0));
            assert_eq!(Some(trial.at(10)), trial.election.term());
            trial
        }
    }

    #[test]
    fn a_lease_that_is_absent_is_first_created_without_a_holder() {
        let mut trial = Trial::new();
        assert_eq!(Request::Read, trial.next(0));
        assert_eq!(Learned::Next(Duration::ZERO), trial.learn(Answer::Absent, 0));
        assert_eq!(Request::Create(content("", 15)), trial.next(0));
        trial.learn(Answer::Written(record("1", "", 15)), 0);
        assert_eq!((None, Request::Read), (trial.election.term(), trial.next(14)));
        trial.learn(Answer::Found(record("1", "", 15)), 14);
        assert_eq!(Request::Read, trial.next(14));
        trial.learn(Answer::Found(record("1", "", 15)), 15);
        assert_eq!(replace("1", "me", 15), trial.next(15));
    }

    #[test]
    fn a_holder_is_waited_for_since_its_record_was_seen_to_change() {
        let mut trial = Trial::new();
        assert_eq!(Learned::Next(SECOND * 2), trial.learn(Answer::Found(record("1", "other", 15)), 0));
        trial.learn(Answer::Found(record("2", "other", 15)), 14);
        assert_eq!(Learned::Next(SECOND * 2), trial.learn(Answer::Found(record("2", "other", 15)), 16));
        assert_eq!(
            Learned::Next(SECOND),
            trial.learn(Answer::Found(record("2", "other", 15)), 28),
            "not a moment late"
        );
        trial.learn(Answer::Found(record("2", "other", 15)), 29);
        assert_eq!(replace("2", "me", 15), trial.next(29));
    }

    #[test]
    fn a_duration_that_a_person_wrote_only_makes_the_wait_longer_and_not_endless() {
        for (written, expected) in [(0, 15), (1, 15), (15, 15), (60, 60), (1_000_000, 600)] {
            let mut trial = Trial::new();
            let found = || Answer::Found(record("1", "other", written));
            trial.learn(found(), 0);
            trial.learn(found(), expected - 1);
            assert_eq!(Request::Read, trial.next(expected - 1), "{written}");
            trial.learn(found(), expected);
            assert_eq!(replace("1", "me", 15), trial.next(expected), "{written}");
        }
        for written in [0, 2, 15] {
            let mut trial = Trial::new();
            trial.learn(Answer::Found(record("1", "", written)), 0);
            assert_eq!(Request::Read, trial.next(14), "{written}: a holder that a person removed may still write");
            trial.learn(Answer::Found(record("1", "", written)), 15);
            assert_eq!(replace("1", "me", 15), trial.next(15), "{written}");
        }
    }

    #[test]
    fn a_term_counts_from_before_the_renewal_was_sent() {
        let mut trial = Trial::leading();
        let (sent, answered) = (trial.at(2), trial.at(5));
        let learned = trial.election.learn(Answer::Written(record("3", "me", 15)), sent, answered);
        assert_eq!(Learned::Next(Duration::ZERO), learned);
        assert_eq!(Some(trial.at(12)), trial.election.term());
    }

    #[test]
    fn a_renewal_that_is_answered_late_renews_nothing() {
        let mut trial = Trial::leading();
        assert_eq!(Learned::Lost(Loss::NotRenewed), trial.learn(Answer::Written(record("3", "me", 15)), 10));
        let mut trial = Trial::new();
        trial.learn(Answer::Found(record("1", "", 1)), 0);
        let (sent, answered) = (trial.at(0), trial.at(10));
        trial.election.learn(Answer::Written(record("2", "me", 15)), sent, answered);
        assert_eq!((None, replace("2", "me", 15)), (trial.election.term(), trial.next(10)), "it is renewed first");
    }

    #[test]
    fn a_lost_answer_to_a_renewal_is_read() {
        let mut trial = Trial::leading();
        assert_eq!(Learned::Next(SECOND * 2), trial.learn(Answer::Unknown, 2));
        assert_eq!(Request::Read, trial.next(4));
        assert_eq!(Learned::Next(Duration::ZERO), trial.learn(Answer::Found(record("3", "me", 15)), 4));
        assert_eq!(replace("3", "me", 15), trial.next(4));
        assert_eq!(Some(trial.at(10)), trial.election.term(), "reading renews nothing");
    }

    #[test]
    fn a_leader_puts_back_what_a_person_took_away() {
        let mut trial = Trial::leading();
        assert_eq!(Learned::Next(Duration::ZERO), trial.learn(Answer::Conflict, 2));
        trial.learn(Answer::Absent, 2);
        assert_eq!(Request::Create(content("me", 15)), trial.next(2));
        assert_eq!(Learned::Next(Duration::ZERO), trial.learn(Answer::Conflict, 2));
        trial.learn(Answer::Found(record("9", "", 15)), 2);
        assert_eq!(replace("9", "me", 15), trial.next(2));
        trial.learn(Answer::Written(record("10", "me", 15)), 2);
        assert_eq!(Some(trial.at(12)), trial.election.term());
    }

    #[test]
    fn a_candidate_that_a_person_wrote_into_the_lease_waits_like_any_other() {
        let mut trial = Trial::new();
        trial.learn(Answer::Found(record("9", "me", 15)), 0);
        assert_eq!(Request::Read, trial.next(0), "another may still write");
        trial.learn(Answer::Found(record("9", "me", 15)), 15);
        assert_eq!(replace("9", "me", 15), trial.next(15));
    }

    #[test]
    fn a_leader_ends_where_another_holder_is_named() {
        let mut trial = Trial::leading();
        trial.learn(Answer::Conflict, 2);
        let lost = trial.learn(Answer::Found(record("9", "nonsense", 15)), 2);
        assert_eq!(Learned::Lost(Loss::Taken("nonsense".into())), lost);
    }

    #[test]
    fn only_a_leader_releases() {
        assert_eq!(None, Trial::new().election.release());
        assert_eq!(Some(replace("2", "", 1)), Trial::leading().election.release());
        let mut unknown = Trial::leading();
        unknown.learn(Answer::Unknown, 2);
        assert_eq!(None, unknown.election.release(), "what is not known is left to expire");
    }
}
