//! Every course that a few replicas and one Lease can take, within bounds: requests and answers that are slow or lost, processes that
//! end, and people who edit or delete the Lease. Never does a replica begin to write while another may have a write under way.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::boot_instant::BootInstant;
use super::election::{Answer, Content, Election, Learned, Record, Request, Version};
use super::timing::{LeaseTiming, RELEASED};

const SECOND: Duration = Duration::from_secs(1);
/// With the shortest time between the deadline and the end of the lease that is accepted.
const TIMING: LeaseTiming =
    LeaseTiming { duration: Duration::from_secs(3), renew_deadline: Duration::from_secs(2), retry_period: SECOND };

/// What may go wrong, and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Faults {
    /// Requests that take a while on their way there, or back.
    slow: u8,
    /// Requests without an answer. They may be carried out later.
    lost: u8,
    /// Processes that end and are started again.
    crashes: u8,
    /// Edits and deletions by hand.
    edits: u8,
}

/// A request under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Flight {
    request: Request,
    sent: BootInstant,
    /// Once it was carried out.
    answer: Option<Answer>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Replica {
    identity: Arc<str>,
    election: Election,
    /// Not before this is the next request sent.
    due: BootInstant,
    flight: Option<Flight>,
    /// It lost or released the Lease.
    over: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct World {
    begin: BootInstant,
    now: BootInstant,
    lease: Option<Record>,
    versions: u16,
    replicas: Vec<Replica>,
    /// Until when a write of each process may be under way, also of those that ended.
    writing: Vec<(usize, BootInstant)>,
    started: usize,
    /// Requests without an answer that may still be carried out.
    stray: Vec<Request>,
    left: Faults,
    /// A rule that was broken.
    broken: Option<String>,
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Tick,
    /// A request that is answered at once.
    Ask(usize),
    /// One that is under way for a while.
    Send(usize),
    CarryOut(usize),
    Deliver(usize),
    Lose(usize),
    CarryOutStray,
    DropStray,
    Crash(usize),
    Release(usize),
    Delete,
    /// What a person writes.
    Edit(Edit),
}

#[derive(Clone, Copy, Debug)]
enum Edit {
    NoHolder,
    /// Nothing is left of what was written.
    Blank,
    Nonsense,
    /// The identity of a replica, with a duration that is too short.
    Replica(usize),
    /// The holder stays, and the duration is nothing.
    Short,
}

impl World {
    fn new(replicas: usize, left: Faults, timing: LeaseTiming) -> Self {
        let begin = BootInstant::now();
        let mut world = Self {
            begin,
            now: begin,
            lease: None,
            versions: 0,
            replicas: vec![],
            writing: vec![],
            started: 0,
            stray: vec![],
            left,
            broken: None,
        };
        for _ in 0..replicas {
            let replica = world.start(timing);
            world.replicas.push(replica);
        }
        world
    }

    /// The first replica leads since just now, and the others have seen it.
    fn led(replicas: usize, left: Faults, timing: LeaseTiming) -> Self {
        let mut world = Self::new(replicas, left, timing);
        world.write(Content { holder: None, duration: RELEASED });
        for index in [0, 0].into_iter().chain(1..replicas) {
            world.act(Action::Ask(index), timing);
        }
        world
    }

    fn start(&mut self, timing: LeaseTiming) -> Replica {
        self.started += 1;
        let identity: Arc<str> = self.started.to_string().into();
        let election = Election::new(identity.clone(), timing);
        Replica { identity, election, due: self.now, flight: None, over: false }
    }

    fn actions(&self, end: Duration) -> Vec<Action> {
        let mut all = vec![];
        if self.now < self.begin + end {
            all.push(Action::Tick);
        }
        for (index, replica) in self.replicas.iter().enumerate() {
            match &replica.flight {
                None if !replica.over && self.now >= replica.due => {
                    all.push(Action::Ask(index));
                    all.extend((self.left.slow > 0).then_some(Action::Send(index)));
                }
                None => {}
                Some(Flight { answer: None, .. }) => all.push(Action::CarryOut(index)),
                Some(Flight { answer: Some(_), .. }) => all.push(Action::Deliver(index)),
            }
            if replica.flight.is_some() && self.left.lost > 0 {
                all.push(Action::Lose(index));
            }
            if self.left.crashes > 0 {
                all.push(Action::Crash(index));
            }
            if replica.flight.is_none() && !replica.over && self.may_write(replica) {
                all.push(Action::Release(index));
            }
        }
        if !self.stray.is_empty() {
            all.extend([Action::CarryOutStray, Action::DropStray]);
        }
        if self.left.edits > 0 && self.lease.is_some() {
            all.extend([Action::Delete, Action::Edit(Edit::NoHolder), Action::Edit(Edit::Nonsense)]);
            all.extend([Action::Edit(Edit::Short), Action::Edit(Edit::Blank)]);
            all.extend((0..self.replicas.len()).map(|index| Action::Edit(Edit::Replica(index))));
        }
        all
    }

    fn may_write(&self, replica: &Replica) -> bool {
        replica.election.term().is_some_and(|term| self.now < term)
    }

    fn act(&mut self, action: Action, timing: LeaseTiming) {
        match action {
            Action::Tick => self.now += SECOND,
            Action::Ask(index) => {
                let request = self.replicas[index].election.next(self.now);
                let answer = self.carry_out(request);
                self.learn(index, answer, self.now);
            }
            Action::Send(index) => {
                self.left.slow -= 1;
                let request = self.replicas[index].election.next(self.now);
                self.replicas[index].flight = Some(Flight { request, sent: self.now, answer: None });
            }
            Action::CarryOut(index) => {
                let Some(flight) = self.replicas[index].flight.clone() else { return };
                let answer = self.carry_out(flight.request);
                self.replicas[index].flight.as_mut().unwrap().answer = Some(answer);
            }
            Action::Deliver(index) => {
                let flight = self.replicas[index].flight.take().unwrap();
                self.learn(index, flight.answer.unwrap(), flight.sent);
            }
            Action::Lose(index) => {
                self.left.lost -= 1;
                let flight = self.replicas[index].flight.take().unwrap();
                self.stray.extend(flight.answer.is_none().then_some(flight.request));
                self.learn(index, Answer::Unknown, flight.sent);
            }
            Action::CarryOutStray => {
                let request = self.stray.remove(0);
                self.carry_out(request);
            }
            Action::DropStray => drop(self.stray.remove(0)),
            Action::Crash(index) => self.crash(index, timing),
            Action::Release(index) => {
                let request = self.replicas[index].election.release();
                self.replicas[index].over = true;
                // It waited for all its writes before.
                self.writing.retain(|(of, _)| *of != index);
                self.stray.extend(request);
            }
            Action::Delete => {
                self.left.edits -= 1;
                self.lease = None;
            }
            Action::Edit(edit) => self.edit(edit),
        }
        self.writing.retain(|(_, until)| *until > self.now);
    }

    fn crash(&mut self, index: usize, timing: LeaseTiming) {
        self.left.crashes -= 1;
        let flight = self.replicas[index].flight.take();
        self.stray.extend(flight.filter(|flight| flight.answer.is_none()).map(|flight| flight.request));
        // A write of the process that ended may be under way.
        self.writing.iter_mut().filter(|(of, _)| *of == index).for_each(|(of, _)| *of = usize::MAX);
        self.replicas[index] = self.start(timing);
    }

    fn edit(&mut self, edit: Edit) {
        self.left.edits -= 1;
        let before = self.lease.as_ref().map(|record| record.content.clone()).unwrap();
        let content = match edit {
            Edit::NoHolder => Content { holder: None, ..before },
            Edit::Blank => Content { holder: None, duration: Duration::ZERO },
            Edit::Nonsense => Content { holder: Some("nonsense".into()), ..before },
            Edit::Replica(index) => {
                Content { holder: Some(self.replicas[index].identity.clone()), duration: Duration::ZERO }
            }
            Edit::Short => Content { duration: SECOND * u32::from(before.holder.is_none()) * 3, ..before },
        };
        self.write(content);
    }

    fn write(&mut self, content: Content) -> Record {
        self.versions += 1;
        let record = Record { version: Version(Arc::from(self.versions.to_string())), content };
        self.lease = Some(record.clone());
        record
    }

    fn carry_out(&mut self, request: Request) -> Answer {
        match (request, self.lease.clone()) {
            (Request::Read, None) => Answer::Absent,
            (Request::Read, Some(record)) => Answer::Found(record),
            (Request::Create(content), None) => Answer::Written(self.write(content)),
            (Request::Replace(version, content), Some(record)) if record.version == version => {
                Answer::Written(self.write(content))
            }
            (Request::Create(_), Some(_)) | (Request::Replace(..), _) => Answer::Conflict,
        }
    }

    fn learn(&mut self, index: usize, answer: Answer, sent: BootInstant) {
        if self.replicas[index].over {
            return;
        }
        let before = self.replicas[index].election.term();
        match self.replicas[index].election.learn(answer, sent, self.now) {
            Learned::Next(wait) => self.replicas[index].due = self.now + wait,
            Learned::Lost(_) => self.replicas[index].over = true,
        }
        let after = self.replicas[index].election.term();
        if after == before || self.replicas[index].over {
            return;
        }
        if before.is_none() {
            let others = self.writing.iter().filter(|(of, until)| *of != index && *until > self.now);
            if let Some((other, until)) = others.max() {
                let until = until.duration_since(self.begin);
                self.broken = Some(format!("replica {index} begins while {other} may have writes until {until:?}"));
            }
        }
        self.writing.retain(|(of, _)| *of != index);
        // A write that begins before the deadline may be under way until a lease ends.
        self.writing.push((index, sent + TIMING.duration));
    }
}

/// Goes through all courses. Returns how many situations there are, and a broken rule.
fn explore(replicas: usize, left: Faults, end: Duration, timing: LeaseTiming) -> (usize, Option<String>) {
    let hashes = RandomState::new();
    let (mut seen, mut open) = (HashSet::new(), vec![World::led(replicas, left, timing)]);
    while let Some(world) = open.pop() {
        for action in world.actions(end) {
            let mut next = world.clone();
            next.act(action, timing);
            if next.broken.is_some() {
                return (seen.len(), next.broken);
            }
            if seen.insert(hashes.hash_one(&next)) {
                open.push(next);
            }
        }
    }
    (seen.len(), None)
}

#[test]
fn two_replicas_never_write_at_the_same_time() {
    for (left, end) in [
        (Faults { slow: 1, lost: 1, crashes: 0, edits: 0 }, 5),
        (Faults { slow: 1, lost: 0, crashes: 1, edits: 0 }, 5),
        (Faults { slow: 0, lost: 0, crashes: 1, edits: 1 }, 4),
        (Faults { slow: 1, lost: 0, crashes: 0, edits: 1 }, 5),
    ] {
        let (count, broken) = explore(2, left, SECOND * end, TIMING);
        println!("{left:?}, {end} s: {count} situations");
        assert_eq!((true, None), (count > 1000, broken), "{left:?}");
    }
}

/// The model itself: it finds what goes wrong where a leader writes for longer than a candidate waits.
#[test]
fn a_deadline_beyond_the_lease_is_found() {
    let wrong = LeaseTiming { duration: TIMING.duration - SECOND, renew_deadline: SECOND * 4, ..TIMING };
    let (_, broken) = explore(2, Faults { slow: 0, lost: 0, crashes: 0, edits: 0 }, SECOND * 7, wrong);
    assert!(broken.is_some());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Longer courses of three replicas, with many faults.
    #[test]
    fn three_replicas_never_write_at_the_same_time(choices in prop::collection::vec(any::<u16>(), 300)) {
        let mut world = World::new(3, Faults { slow: 20, lost: 6, crashes: 3, edits: 6 }, TIMING);
        for choice in choices {
            let actions = world.actions(SECOND * 3600);
            // Faults are rare, so that there are leaders.
            let usual = |action: &&Action| {
                matches!(action, Action::Tick | Action::Ask(_) | Action::Send(_) | Action::CarryOut(_) | Action::Deliver(_))
            };
            let pool: Vec<_> = if choice % 8 == 0 { actions } else { actions.iter().filter(usual).copied().collect() };
            world.act(pool[usize::from(choice / 8) % pool.len()], TIMING);
            prop_assert_eq!(&None, &world.broken);
        }
    }
}
