//! Laws of the queue, over random histories, and the shares that it guarantees.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::lane::Lane;
use super::lanes::{Job, Lanes, Wish};
use crate::admin_api::CallOutcome;

const QUICK: Duration = Duration::from_millis(10);

/// A queue of numbered objects, and its time.
struct Trial {
    lanes: Lanes<u32>,
    now: Instant,
    /// The Platform of each object whose pass runs.
    running: BTreeMap<u32, &'static str>,
    /// The Platform of each object.
    platforms: BTreeMap<u32, &'static str>,
}

impl Trial {
    fn of(most: usize) -> Self {
        let (running, platforms) = (BTreeMap::new(), BTreeMap::new());
        Self { lanes: Lanes::new(most), now: Instant::now(), running, platforms }
    }

    fn enqueue(&mut self, key: u32, lane: Lane, platform: &'static str) {
        self.enqueue_in(key, lane, platform, Duration::ZERO);
    }

    fn enqueue_in(&mut self, key: u32, lane: Lane, platform: &'static str, wait: Duration) {
        self.platforms.insert(key, platform);
        self.lanes.enqueue(key, Wish { lane, platform: Arc::from(platform), due: self.now + wait });
    }

    fn next(&mut self) -> Option<Job<u32>> {
        let job = self.lanes.next(self.now)?;
        let before = self.running.insert(job.key, self.platforms[&job.key]);
        assert_eq!(None, before, "never twice at once");
        Some(job)
    }

    /// Begins as many passes as may run.
    fn fill(&mut self) -> Vec<u32> {
        std::iter::from_fn(|| self.next()).map(|job| job.key).collect()
    }

    fn done(&mut self, key: u32, next: Option<(Lane, Duration)>) {
        self.running.remove(&key).unwrap();
        let platform = Arc::from(self.platforms[&key]);
        self.lanes.done(&key, next.map(|(lane, wait)| Wish { lane, platform, due: self.now + wait }));
    }

    fn running_of(&self, platform: &str) -> usize {
        self.running.values().filter(|of| **of == platform).count()
    }

    fn learn(&mut self, platform: &str, outcome: CallOutcome) {
        self.now += QUICK;
        self.lanes.learn(platform, outcome, Duration::from_millis(1), self.now);
    }

    fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    /// Makes passes one after the other, and returns the objects in the order of their passes.
    fn order(&mut self, passes: usize) -> Vec<u32> {
        let mut order = vec![];
        for _ in 0..passes {
            let Some(Job { key, .. }) = self.next() else { break };
            self.done(key, None);
            order.push(key);
        }
        order
    }
}

#[test]
fn the_most_urgent_lane_is_first_and_each_lane_is_in_order() {
    let mut trial = Trial::of(1);
    for (key, lane) in [(1, Lane::Resync), (2, Lane::Drift), (3, Lane::Create), (4, Lane::Deletion), (5, Lane::Edit)] {
        trial.enqueue(key, lane, "a");
        trial.enqueue(key + 10, lane, "a");
    }
    assert_eq!([5, 15, 4, 14, 3, 13, 2, 12, 1, 11], *trial.order(20));
}

#[test]
fn a_more_urgent_reason_takes_over_and_a_less_urgent_one_does_not() {
    let mut trial = Trial::of(1);
    trial.enqueue(1, Lane::Drift, "a");
    trial.enqueue(2, Lane::Resync, "a");
    trial.enqueue(2, Lane::Edit, "a");
    trial.enqueue(2, Lane::Resync, "a");
    trial.enqueue_in(3, Lane::Resync, "a", Duration::from_secs(3600));
    trial.enqueue(3, Lane::Deletion, "a");
    assert_eq!([2, 3, 1], *trial.order(20), "one pass each, the resync in an hour is that of the deletion");
}

#[test]
fn what_comes_during_a_pass_makes_one_more_and_an_echo_makes_none() {
    let mut trial = Trial::of(4);
    trial.enqueue(1, Lane::Edit, "a");
    assert_eq!([1], *trial.fill());
    for _ in 0..100 {
        trial.enqueue(1, Lane::Edit, "a");
    }
    assert!(trial.fill().is_empty());
    trial.done(1, Some((Lane::Resync, Duration::from_secs(3600))));
    assert_eq!(Some((1, Lane::Edit)), trial.next().map(|job| (job.key, job.lane)), "sooner than the pass asked for");
    trial.enqueue(1, Lane::Edit, "a");
    trial.lanes.settle(&1_u32);
    trial.done(1, Some((Lane::Resync, Duration::from_secs(60))));
    assert!(trial.fill().is_empty());
    assert_eq!(Some(trial.now + Duration::from_secs(60)), trial.lanes.wakes(trial.now));
    trial.pass(60);
    assert_eq!([1], *trial.fill());
}

#[test]
fn the_length_of_each_lane_counts_what_is_due() {
    let mut trial = Trial::of(1);
    let depth = |trial: &Trial, lane| {
        let depth = trial.lanes.depth(lane, trial.now);
        (depth.waiting, depth.oldest.as_secs())
    };
    trial.enqueue(1, Lane::Resync, "a");
    trial.enqueue(2, Lane::Resync, "b");
    trial.enqueue_in(3, Lane::Edit, "a", Duration::from_secs(10));
    trial.pass(5);
    assert_eq!(((2, 5), (0, 0)), (depth(&trial, Lane::Resync), depth(&trial, Lane::Edit)));
    trial.pass(6);
    assert_eq!((1, 1), depth(&trial, Lane::Edit));
    assert_eq!(Some((3, Duration::from_secs(1))), trial.next().map(|job| (job.key, job.waited)));
    assert_eq!(((2, 11), (0, 0)), (depth(&trial, Lane::Resync), depth(&trial, Lane::Edit)));
    let now = trial.now;
    trial.lanes.begin(now);
    assert_eq!((2, 0), depth(&trial, Lane::Resync), "this replica leads since then");
}

/// However many edits come, each lane gets its share.
#[test]
fn no_lane_starves() {
    let mut trial = Trial::of(1);
    for (lane, first) in [(Lane::Deletion, 1000), (Lane::Create, 2000), (Lane::Drift, 3000), (Lane::Resync, 4000)] {
        for key in first..first + 20 {
            trial.enqueue(key, lane, "a");
        }
    }
    let mut passes: BTreeMap<u32, u32> = BTreeMap::new();
    for edit in 0..200 {
        trial.enqueue(edit, Lane::Edit, "a");
        let key = trial.order(1)[0];
        *passes.entry(key / 1000).or_default() += 1;
    }
    let share = |lane| passes.get(&lane).copied().unwrap_or_default();
    assert!(share(0) > 110, "edits come first: {passes:?}");
    for (lane, least) in [(1, 20), (2, 15), (3, 8), (4, 8)] {
        assert!(share(lane) >= least, "{passes:?}");
    }
}

#[test]
fn a_backlog_leaves_room_for_an_edit() {
    let mut trial = Trial::of(32);
    (0..1000).for_each(|key| trial.enqueue(key, Lane::Resync, "a"));
    assert_eq!(28, trial.fill().len());
    trial.enqueue(2000, Lane::Edit, "a");
    assert_eq!([2000], *trial.fill(), "without waiting for a pass that runs");
}

#[test]
fn a_platform_that_hangs_leaves_room_for_others() {
    for most in [2, 4, 8, 32, 64] {
        let mut trial = Trial::of(most);
        trial.enqueue(9999, Lane::Resync, "b");
        assert_eq!([9999], *trial.fill());
        trial.done(9999, Some((Lane::Resync, Duration::from_secs(3600))));
        (0..1000).for_each(|key| trial.enqueue(key, Lane::Edit, "a"));
        // None of them ends.
        let hanging = trial.fill().len();
        assert!(hanging < most && hanging >= most / 2, "{hanging} of {most}");
        for round in 0..100 {
            trial.enqueue(5000 + round, Lane::Resync, "b");
            assert_eq!([5000 + round], *trial.fill(), "{most}");
            trial.done(5000 + round, None);
        }
    }
}

#[test]
fn a_flood_leaves_another_platform_its_share() {
    let mut trial = Trial::of(16);
    (0..1000).for_each(|key| trial.enqueue(key, Lane::Resync, "a"));
    trial.fill();
    (1000..1100).for_each(|key| trial.enqueue(key, Lane::Resync, "b"));
    let mut passes_of_b = 0;
    for _ in 0..200 {
        trial.fill();
        passes_of_b += usize::from(trial.running_of("b") > 0);
        let first = *trial.running.keys().next().unwrap();
        let last = *trial.running.keys().last().unwrap();
        trial.done(first, None);
        if last != first {
            trial.done(last, None);
        }
    }
    assert!(passes_of_b > 90, "{passes_of_b}");
}

#[test]
fn fewer_calls_after_a_request_for_fewer_and_nothing_that_can_wait() {
    let mut trial = Trial::of(16);
    (0..1000).for_each(|key| trial.enqueue(key, Lane::Create, "a"));
    assert_eq!(16, trial.fill().len());
    trial.learn("a", CallOutcome::Throttled { after: Duration::from_secs(30) });
    let end = |trial: &mut Trial| {
        trial.running.keys().copied().collect::<Vec<_>>().into_iter().for_each(|key| trial.done(key, None))
    };
    end(&mut trial);
    assert_eq!(8, trial.fill().len());
    trial.enqueue(2000, Lane::Edit, "a");
    assert_eq!([2000], *trial.fill(), "an edit may use one more");
    end(&mut trial);
    trial.enqueue(3000, Lane::Resync, "c");
    trial.learn("c", CallOutcome::Throttled { after: Duration::from_secs(30) });
    assert!(!trial.fill().contains(&3000), "a resync waits as long as the platform said");
    (0..400).for_each(|_| trial.learn("a", CallOutcome::Answered));
    end(&mut trial);
    assert_eq!(12, trial.fill().len(), "and as many as before once it answers, but for what others are left");
    end(&mut trial);
    trial.pass(31);
    assert!(trial.fill().contains(&3000));
}

#[derive(Clone, Debug)]
enum Step {
    Enqueue { key: u32, lane: usize, platform: usize, wait: u64 },
    Begin,
    Done { which: usize, next: Option<(usize, u64)> },
    Learn { platform: usize, outcome: CallOutcome },
    Pass(u64),
}

const PLATFORMS: [&str; 3] = ["a", "b", "c"];

fn step() -> impl Strategy<Value = Step> {
    let outcomes = prop_oneof![
        4 => Just(CallOutcome::Answered),
        1 => (1..30_u64).prop_map(|after| CallOutcome::Throttled { after: Duration::from_secs(after) }),
        2 => Just(CallOutcome::Failed),
    ];
    prop_oneof![
        6 => (0..12_u32, 0..5_usize, 0..3_usize, prop_oneof![Just(0), 1..100_u64])
            .prop_map(|(key, lane, platform, wait)| Step::Enqueue { key, lane, platform, wait }),
        6 => Just(Step::Begin),
        5 => (0..64_usize, proptest::option::of((0..5_usize, 0..100_u64)))
            .prop_map(|(which, next)| Step::Done { which, next }),
        2 => (0..3_usize, outcomes).prop_map(|(platform, outcome)| Step::Learn { platform, outcome }),
        2 => (0..20_u64).prop_map(Step::Pass),
    ]
}

/// When each object is to have its next pass at the latest, as far as the queue was asked.
type Asked = BTreeMap<u32, Instant>;

fn take(trial: &mut Trial, asked: &mut Asked, step: Step) {
    let sooner = |asked: &mut Asked, key, due: Instant| {
        let before = asked.get(&key).copied();
        asked.insert(key, before.map_or(due, |before| before.min(due)));
    };
    match step {
        Step::Enqueue { key, lane, platform, wait } => {
            let (wait, of) = (Duration::from_secs(wait), PLATFORMS[platform]);
            trial.enqueue_in(key, Lane::ALL[lane], of, wait);
            sooner(asked, key, trial.now + wait);
        }
        Step::Begin => {
            if let Some(job) = trial.next() {
                let due = asked.remove(&job.key).expect("no pass that nothing asked for");
                assert!(due <= trial.now, "not before it is due");
            }
        }
        Step::Done { which, next } => {
            let Some(key) = trial.running.keys().nth(which).copied() else { return };
            let next = next.map(|(lane, wait)| (Lane::ALL[lane], Duration::from_secs(wait)));
            trial.done(key, next);
            if let Some((_, wait)) = next {
                sooner(asked, key, trial.now + wait);
            }
        }
        Step::Learn { platform, outcome } => trial.learn(PLATFORMS[platform], outcome),
        Step::Pass(seconds) => trial.pass(seconds),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever happens: never two passes of an object, never more than may run, none too early or for nothing, and none is lost: once
    /// passes end, each object that is due has its pass.
    #[test]
    fn no_object_is_lost_or_run_twice_and_limits_hold(
        most in 1..6_usize, steps in proptest::collection::vec(step(), 0..120)
    ) {
        let (mut trial, mut asked) = (Trial::of(most), Asked::new());
        for step in steps {
            take(&mut trial, &mut asked, step);
            prop_assert!(trial.running.len() <= most);
        }
        // All passes end, and time goes on by what `wakes` says.
        for _ in 0..200 {
            while let Some(key) = trial.running.keys().next().copied() {
                trial.done(key, None);
            }
            while trial.running.len() < most && asked.values().any(|due| *due <= trial.now) {
                let before = asked.len();
                take(&mut trial, &mut asked, Step::Begin);
                if asked.len() == before {
                    break;
                }
            }
            if trial.running.is_empty() {
                match trial.lanes.wakes(trial.now) {
                    Some(at) => trial.now = trial.now.max(at),
                    None => break,
                }
            }
        }
        prop_assert_eq!(Vec::<u32>::new(), asked.keys().copied().collect::<Vec<_>>());
        prop_assert_eq!(None, trial.lanes.wakes(trial.now));
    }

    /// While passes end, nothing that is due waits for more than a bounded number of others, whatever keeps coming in its Platform.
    #[test]
    fn waiting_is_bounded(
        most in 1..9_usize,
        lane in 0..5_usize,
        before in 0..20_u32,
        flood in proptest::collection::vec((0..5_usize, 0..3_usize), 400),
    ) {
        let mut trial = Trial::of(most);
        (0..before).for_each(|key| trial.enqueue(key, Lane::ALL[lane], "a"));
        trial.enqueue(1000, Lane::ALL[lane], "a");
        // A lane gets one of so many passes of its Platform, and three Platforms take turns.
        let bound = (usize::try_from(before).unwrap() + 1) * 40 * 3 + most;
        let mut began = 0;
        let mut reached = false;
        for (number, (lane, platform)) in flood.iter().cycle().take(bound * 2).enumerate() {
            trial.enqueue(2000 + u32::try_from(number).unwrap(), Lane::ALL[*lane], PLATFORMS[*platform]);
            let begun = trial.fill();
            began += begun.len();
            if begun.contains(&1000) {
                reached = true;
                break;
            }
            let oldest = *trial.running.keys().next().unwrap();
            trial.done(oldest, None);
        }
        prop_assert!(reached && began <= bound, "{began} of {bound}");
    }

    /// A Platform with something to do has at least one pass, and none more than its limit allows.
    #[test]
    fn each_platform_has_a_pass(
        most in 3..20_usize, work in proptest::collection::vec((0..5_usize, 0..3_usize), 1..200)
    ) {
        let mut trial = Trial::of(most);
        for (key, (lane, platform)) in work.iter().enumerate() {
            trial.enqueue(u32::try_from(key).unwrap(), Lane::ALL[*lane], PLATFORMS[*platform]);
        }
        trial.fill();
        let busy: BTreeSet<_> = work.iter().map(|(_, platform)| PLATFORMS[*platform]).collect();
        for platform in busy {
            prop_assert!(trial.running_of(platform) > 0);
        }
    }
}
