//! The Lease that the replicas of an operator share. Its writes are the only ones that a replica makes before it leads; they are
//! guarded by the version that was seen.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, Unit};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::Api;
use kube::api::PostParams;
use kube::core::ObjectMeta;
use tokio::time::timeout;

use super::client::{Cluster, FIELD_MANAGER};
use super::refusal::Refusal;
use crate::lease::{Answer, Content, Record, Request, Version};

/// One Lease.
pub(crate) struct LeaseObject {
    api: Api<Lease>,
    name: String,
    /// How long one request may take.
    deadline: Duration,
    /// As it was read or written last.
    last: Option<Lease>,
}

impl Cluster {
    /// The Lease of a name.
    pub(crate) fn lease(&self, namespace: &str, name: &str, deadline: Duration) -> LeaseObject {
        let deadline = deadline.min(self.deadline());
        LeaseObject { api: Api::namespaced(self.client(), namespace), name: name.to_owned(), deadline, last: None }
    }
}

impl LeaseObject {
    /// Sends a request.
    ///
    /// *Errors*: it is not known what became of it.
    pub(crate) async fn ask(&mut self, request: Request) -> Result<Answer, Refusal> {
        let params = PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
        let deadline = self.deadline;
        let sent = async {
            match request {
                Request::Read => (self.api.get(&self.name).await, Done::Read),
                Request::Create(content) => {
                    let metadata = ObjectMeta { name: Some(self.name.clone()), ..ObjectMeta::default() };
                    let spec = Some(spec(&LeaseSpec::default(), &content, Timestamp::now()));
                    (self.api.create(&params, &Lease { metadata, spec }).await, Done::Write)
                }
                Request::Replace(version, content) => {
                    // What others wrote beside the spec stays.
                    let Lease { mut metadata, spec: before } = self.last.clone().unwrap_or_default();
                    metadata.resource_version = Some(version.0.to_string());
                    let spec = Some(spec(&before.unwrap_or_default(), &content, Timestamp::now()));
                    (self.api.replace(&self.name, &params, &Lease { metadata, spec }).await, Done::Write)
                }
            }
        };
        let Ok((answer, done)) = timeout(deadline, sent).await else {
            return Err(Refusal::Unanswered("no answer in time"));
        };
        match (answer.map_err(|error| Refusal::of(&error)), done) {
            (Ok(lease), done) => {
                let record = record(&lease);
                self.last = Some(lease);
                Ok(done.answer(record))
            }
            (Err(Refusal::NotFound), Done::Read) => Ok(Answer::Absent),
            // Also where it was deleted, or deleted and created again.
            (Err(Refusal::Conflict | Refusal::NotFound), Done::Write) => Ok(Answer::Conflict),
            (Err(refusal), _) => Err(refusal),
        }
    }
}

/// What was done.
enum Done {
    Read,
    Write,
}

impl Done {
    fn answer(self, record: Record) -> Answer {
        match self {
            Self::Read => Answer::Found(record),
            Self::Write => Answer::Written(record),
        }
    }
}

/// What a Lease says. Its times are for people: no clock but our own is relied on.
fn record(lease: &Lease) -> Record {
    let spec = lease.spec.clone().unwrap_or_default();
    let seconds = spec.lease_duration_seconds.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or_default();
    let holder = spec.holder_identity.filter(|holder| !holder.is_empty()).map(Into::into);
    Record {
        version: Version(lease.metadata.resource_version.clone().unwrap_or_default().into()),
        content: Content { holder, duration: Duration::from_secs(seconds) },
    }
}

/// What is written over a spec.
fn spec(before: &LeaseSpec, content: &Content, now: Timestamp) -> LeaseSpec {
    let holder = content.holder.as_deref().unwrap_or_default();
    let now = now.round(Unit::Microsecond).unwrap_or(now);
    // A write that changes nothing makes no version, and a clock may stand still: each renewal has to be seen.
    let same = before.renew_time.as_ref().is_some_and(|renewed| renewed.0 == now);
    let renewed = if same { now.checked_add(SignedDuration::from_micros(1)).unwrap_or(now) } else { now };
    let is_other = before.holder_identity.as_deref().unwrap_or_default() != holder;
    let begins = is_other && content.holder.is_some();
    let transitions = before.lease_transitions.unwrap_or_default();
    LeaseSpec {
        holder_identity: Some(holder.to_owned()),
        lease_duration_seconds: Some(whole_seconds(content.duration)),
        acquire_time: if is_other { Some(MicroTime(renewed)) } else { before.acquire_time.clone() },
        renew_time: Some(MicroTime(renewed)),
        lease_transitions: Some(transitions.saturating_add(i32::from(begins))),
        ..before.clone()
    }
}

/// A part of a second counts as a whole one: others wait for what is written.
fn whole_seconds(duration: Duration) -> i32 {
    i32::try_from(duration.as_secs() + u64::from(duration.subsec_nanos() > 0)).unwrap_or(i32::MAX)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use super::*;

    fn content(holder: &str, millis: u64) -> Content {
        Content { holder: (!holder.is_empty()).then(|| holder.into()), duration: Duration::from_millis(millis) }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn each_renewal_changes_the_lease_although_the_clock_stands_still() {
        let first = spec(&LeaseSpec::default(), &content("a", 15_000), at(100));
        let second = spec(&first, &content("a", 15_000), at(100));
        let third = spec(&second, &content("a", 15_000), at(100));
        assert!(first != second && second != third);
        assert_eq!(first.acquire_time, third.acquire_time);
        assert_eq!([Some(1), Some(1), Some(1)], [&first, &second, &third].map(|spec| spec.lease_transitions));
    }

    #[test]
    fn another_holder_is_a_transition_and_a_release_is_none() {
        let first = spec(&LeaseSpec::default(), &content("a", 15_000), at(100));
        let released = spec(&first, &content("", 1000), at(101));
        assert_eq!(
            (Some(String::new()), Some(1), Some(1)),
            (released.holder_identity.clone(), released.lease_transitions, released.lease_duration_seconds)
        );
        let second = spec(&released, &content("b", 15_000), at(102));
        assert_eq!((Some(2), Some(MicroTime(at(102)))), (second.lease_transitions, second.acquire_time));
    }

    #[test]
    fn nonsense_is_read_as_a_lease_without_a_holder_or_a_duration() {
        let read = |spec: LeaseSpec| record(&Lease { spec: Some(spec), ..Lease::default() }).content;
        assert_eq!(content("", 0), read(LeaseSpec::default()));
        let negative =
            LeaseSpec { lease_duration_seconds: Some(-7), holder_identity: Some("x".into()), ..LeaseSpec::default() };
        assert_eq!(content("x", 0), read(negative));
        assert_eq!(content("", 0), record(&Lease::default()).content);
    }

    #[test]
    fn a_part_of_a_second_counts_as_a_whole_one() {
        assert_eq!([1, 3, 4], [1000, 3000, 3001].map(|millis| whole_seconds(Duration::from_millis(millis))));
    }
}
