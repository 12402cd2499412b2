use super::super::ledger::{Bounds, Expected, Ledger, Look, Saw, Woken};
use super::super::marks::{Listing, mark};
use super::*;

const BOUNDS: Bounds = Bounds {
    feed: Duration::from_secs(100),
    list: Duration::from_secs(400),
    pause: Duration::from_secs(200),
    echo: Duration::from_secs(30),
};
const HOUR: Duration = Duration::from_secs(3600);

/// A ledger of one tenant, and its clock.
struct Scene {
    ledger: Ledger,
    start: Instant,
}

impl Scene {
    fn new() -> Self {
        Self { ledger: Ledger::default(), start: Instant::now() }
    }

    fn at(&self, second: u64) -> Instant {
        after(self.start, second)
    }

    /// A pass that sees these versions. Returns whether the Tenant is due again.
    fn pass(&mut self, (from, to): (u64, u64), saw: Option<&str>, wrote: bool) -> bool {
        self.ledger.begin(id('a'));
        self.ends((from, to), saw.map_or(Saw::Nothing, |settings| Saw::Versions(versions(settings))), wrote)
    }

    fn ends(&mut self, (from, to): (u64, u64), saw: Saw, wrote: bool) -> bool {
        let tenant = Some(Woken { uid: "u".into(), namespace: "n".into(), name: "t".into() });
        let look = Look { began: self.at(from), saw, wrote, tenant };
        self.ledger.end(id('a'), look, &BOUNDS, self.at(to)).is_some()
    }

    fn feed_begins(&mut self, second: u64) {
        self.ledger.feed_begins(self.at(second));
    }

    /// The feed names the tenant, or nothing. Returns whether the Tenant is woken.
    fn told(&mut self, named: bool, second: u64) -> bool {
        let ids = named.then(|| id('a')).into_iter();
        !self.ledger.changed(ids, &BOUNDS, self.at(second)).is_empty()
    }

    /// A list with the tenant in these versions, or without it.
    fn listed(&mut self, settings: Option<&str>, second: u64) -> bool {
        let listing: Listing = settings.map(|settings| (id('a'), mark(&versions(settings)))).into_iter().collect();
        !self.ledger.listed(listing, self.at(second)).is_empty()
    }

    fn is_unchanged(&self, settings: &str, second: u64) -> bool {
        self.is_unchanged_within(settings, HOUR, second)
    }

    fn is_unchanged_within(&self, settings: &str, within: Duration, second: u64) -> bool {
        let expected = Expected { id: id('a'), mark: mark(&versions(settings)), within };
        self.ledger.is_unchanged(expected, &BOUNDS, self.at(second))
    }
}

#[test]
fn what_was_never_seen_is_not_known_to_be_the_same() {
    let mut scene = Scene::new();
    assert!(!scene.is_unchanged("v1", 0));
    scene.feed_begins(0);
    assert!(!scene.is_unchanged("v1", 0), "silence of the feed says nothing of what was not seen");
    scene.listed(None, 1);
    assert!(!scene.is_unchanged("v1", 1), "and a list that leaves it out neither");
}

#[test]
fn a_list_alone_counts_for_a_while_and_within_the_interval_of_the_tenant() {
    let mut scene = Scene::new();
    scene.listed(Some("v1"), 0);
    assert!(scene.is_unchanged("v1", 400));
    assert!(!scene.is_unchanged("v2", 1), "another version is another state");
    assert!(!scene.is_unchanged("v1", 401));
    assert!(scene.is_unchanged_within("v1", Duration::from_secs(60), 60));
    assert!(!scene.is_unchanged_within("v1", Duration::from_secs(60), 61));
}

#[test]
fn what_was_seen_counts_for_as_long_as_the_feed_answers() {
    let mut scene = Scene::new();
    scene.feed_begins(0);
    scene.listed(Some("v1"), 1);
    for second in (50..2000).step_by(50) {
        assert!(!scene.told(false, second));
    }
    assert!(scene.is_unchanged("v1", 2050), "1950 and 100 more");
    assert!(!scene.is_unchanged("v1", 2051), "the feed hangs");
    scene.told(false, 2060);
    assert!(scene.is_unchanged("v1", 2060));
    scene.ledger.feed_ends();
    assert!(!scene.is_unchanged("v1", 2060), "its cursor expired");
    scene.feed_begins(2070);
    assert!(!scene.is_unchanged("v1", 2070), "what changed between the two feeds was told by neither");
    scene.listed(Some("v1"), 2071);
    assert!(scene.is_unchanged("v1", 2072));
}

#[test]
fn a_change_wakes_the_tenant_until_a_pass_looked() {
    let mut scene = Scene::new();
    scene.feed_begins(0);
    scene.pass((1, 2), Some("v1"), false);
    assert!(scene.is_unchanged("v1", 3));
    assert!(scene.told(true, 10));
    assert!(!scene.is_unchanged("v1", 11));
    scene.ends((11, 12), Saw::Nothing, false);
    assert!(!scene.is_unchanged("v1", 13), "a pass that had no answer settles nothing");
    scene.pass((14, 15), Some("v2"), false);
    assert!(scene.is_unchanged("v2", 16) && !scene.is_unchanged("v1", 16));
}

#[test]
fn a_tenant_that_changes_all_the_time_is_woken_from_time_to_time() {
    let mut scene = Scene::new();
    scene.feed_begins(0);
    scene.pass((1, 2), Some("v1"), false);
    let mut woken = vec![];
    for second in 10..600 {
        if scene.told(true, second) || !scene.ledger.due(scene.at(second)).is_empty() {
            woken.push(second);
            scene.pass((second, second), Some("v1"), false);
        }
    }
    assert_eq!(vec![10, 210, 410], woken);
    assert!(!scene.is_unchanged("v1", 600), "its passes look all the same");
    assert!(scene.ledger.next_due().is_some());
}

#[test]
fn what_a_pass_writes_wakes_it_not_again() {
    let mut scene = Scene::new();
    scene.feed_begins(0);
    scene.pass((1, 2), Some("v1"), true);
    assert!(!scene.told(true, 3), "told after the pass");
    assert!(scene.is_unchanged("v1", 4));
    assert!(scene.told(true, 5), "once");
    scene.ledger.begin(id('a'));
    assert!(!scene.told(true, 11), "told during the pass");
    assert!(!scene.ends((10, 12), Saw::Versions(versions("v2")), true));
    assert!(scene.is_unchanged("v2", 12));
    assert!(scene.told(true, 13), "that one is of another writer");
}

#[test]
fn another_writer_that_hides_behind_ours_is_found_by_the_list() {
    let mut scene = Scene::new();
    scene.feed_begins(0);
    scene.pass((1, 2), Some("v1"), true);
    assert!(!scene.told(true, 3));
    assert!(scene.listed(Some("v2"), 4));
    assert!(!scene.is_unchanged("v1", 5));
}

#[test]
fn an_echo_that_never_comes_hides_nothing_for_long() {
    let mut scene = Scene::new();
    scene.feed_begins(0);
    scene.pass((1, 2), Some("v1"), true);
    assert!(scene.told(true, 32));
}

#[test]
fn a_change_during_a_pass_that_wrote_nothing_brings_another() {
    let mut scene = Scene::new();
    scene.feed_begins(0);
    scene.ledger.begin(id('a'));
    assert!(!scene.told(true, 6));
    assert!(scene.ends((5, 7), Saw::Versions(versions("v1")), false));
    assert!(!scene.is_unchanged("v1", 8));
    scene.pass((8, 9), Some("v1"), false);
    assert!(scene.is_unchanged("v1", 9));
    assert!(scene.told(true, 300));
    scene.pass((300, 301), Some("v1"), false);
    assert!(!scene.told(true, 302));
    assert!(scene.ends((301, 303), Saw::Same, false), "also where it did without a look");
}

#[test]
fn a_pass_without_a_look_proves_nothing_new() {
    let mut scene = Scene::new();
    scene.listed(Some("v1"), 0);
    for second in (50..=400).step_by(50) {
        assert!(scene.is_unchanged("v1", second));
        scene.ends((second, second), Saw::Same, false);
    }
    assert!(!scene.is_unchanged("v1", 401));
}

#[test]
fn a_list_finds_what_the_feed_does_not_tell() {
    let mut scene = Scene::new();
    scene.feed_begins(0);
    scene.pass((1, 2), Some("v1"), false);
    scene.told(false, 50);
    assert!(!scene.listed(Some("v1"), 60));
    assert!(scene.is_unchanged("v1", 61));
    assert!(scene.listed(Some("v0"), 70), "also where the platform went back to older versions");
    assert!(!scene.is_unchanged("v1", 71) && !scene.is_unchanged("v0", 71), "only a look says what is there");
    scene.pass((72, 73), Some("v0"), false);
    assert!(scene.is_unchanged("v0", 74));
}

#[test]
fn a_list_that_is_older_than_a_look_says_nothing() {
    let mut scene = Scene::new();
    scene.pass((10, 11), Some("v2"), true);
    assert!(!scene.listed(Some("v1"), 9));
    assert!(scene.is_unchanged("v2", 12));
}

#[test]
fn a_tenant_that_a_list_leaves_out_is_looked_at_once() {
    let mut scene = Scene::new();
    scene.feed_begins(0);
    scene.pass((1, 2), Some("v1"), false);
    assert!(scene.listed(None, 10));
    assert!(!scene.is_unchanged("v1", 11));
    scene.pass((12, 13), Some("v1"), false);
    assert!(!scene.listed(None, 20), "the look found it: the list is not to be believed");
    assert!(scene.is_unchanged("v1", 21), "the feed is");
    assert!(!scene.listed(Some("v1"), 30));
    assert!(scene.listed(None, 40), "it was there again meanwhile");
}

#[test]
fn where_the_endpoint_led_elsewhere_nothing_is_known() {
    let mut scene = Scene::new();
    scene.feed_begins(0);
    scene.pass((1, 2), Some("v1"), false);
    scene.ledger.distrust(scene.at(3));
    assert!(!scene.is_unchanged("v1", 3));
    scene.listed(Some("v1"), 2);
    assert!(!scene.is_unchanged("v1", 4), "a list from before neither");
    scene.listed(Some("v1"), 5);
    assert!(scene.is_unchanged("v1", 6));
}

#[test]
fn a_tenant_without_a_tenant_object_is_no_ones_affair() {
    let mut scene = Scene::new();
    scene.feed_begins(0);
    assert!(!scene.told(true, 1));
    scene.listed(Some("v1"), 2);
    assert!(!scene.told(true, 3), "no pass named it yet");
    assert!(!scene.is_unchanged("v1", 4));
    scene.pass((5, 6), Some("v2"), false);
    scene.ledger.forget(id('a'));
    assert!(!scene.told(true, 300) && !scene.is_unchanged("v2", 300));
}
