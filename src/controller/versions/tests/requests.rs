use super::super::requests::{Request, Requests, Told};
use super::*;
use crate::admin_api::samples::{unexpected, unreachable};
use crate::admin_api::{ApiError, Changes, Problem, ProblemType};

fn refused(problem_type: ProblemType) -> ApiError {
    ApiError::Refused(Problem { problem_type, ..Problem::default() })
}

fn answer(cursor: &str, ids: &[&str]) -> Result<Changes, ApiError> {
    Ok(Changes { cursor: cursor.to_owned(), ids: ids.iter().map(|id| (*id).to_owned()).collect() })
}

/// Requests to a platform, and their clock.
struct Scene {
    requests: Requests,
    start: Instant,
}

impl Scene {
    fn new() -> Self {
        let start = Instant::now();
        Self { requests: Requests::new(TIMING, start), start }
    }

    /// With a feed that has begun, and a list.
    fn observing() -> Self {
        let mut scene = Self::new();
        assert_eq!(Told::Begins, scene.told(answer("c1", &[]), 0));
        assert_eq!(Some(Request::List), scene.next(0));
        scene.listed(Ok(()), 0);
        scene
    }

    fn next(&self, second: u64) -> Option<Request> {
        self.requests.next(after(self.start, second))
    }

    /// When something is asked next, from this second on.
    fn next_from(&self, second: u64) -> (u64, Request) {
        (second..10_000).find_map(|second| Some((second, self.next(second)?))).unwrap()
    }

    fn told(&mut self, answer: Result<Changes, ApiError>, second: u64) -> Told {
        let at = after(self.start, second);
        self.requests.told(answer, at, at)
    }

    fn listed(&mut self, answer: Result<(), Option<&ApiError>>, second: u64) {
        self.requests.listed(answer, after(self.start, second));
    }
}

fn changes(cursor: &str) -> Request {
    Request::Changes(cursor.to_owned())
}

#[test]
fn the_feed_begins_before_the_list_is_read() {
    let mut scene = Scene::new();
    assert_eq!(Some(Request::Beginning), scene.next(0));
    assert!(!scene.requests.is_tried());
    assert_eq!(Told::Begins, scene.told(answer("c1", &[]), 0));
    assert_eq!(Some(Request::List), scene.next(0));
    scene.listed(Ok(()), 1);
    assert!(scene.requests.is_tried());
    assert_eq!(Some(changes("c1")), scene.next(1));
}

#[test]
fn the_feed_is_asked_without_a_rush_and_the_list_from_time_to_time() {
    let mut scene = Scene::observing();
    assert_eq!(Told::Changed(vec!["x".to_owned()]), scene.told(answer("c2", &["x"]), 1));
    assert_eq!((6, changes("c2")), scene.next_from(1), "an answer at once waits for the next turn");
    for second in (6..1800).step_by(6) {
        assert_eq!(Told::Changed(vec![]), scene.told(answer("c2", &[]), second));
    }
    assert_eq!(Some(Request::List), scene.next(1800), "a feed may be silent for another reason");
}

#[test]
fn after_a_write_the_list_does_not_wait_for_long() {
    let mut scene = Scene::observing();
    scene.requests.wrote(after(scene.start, 100));
    scene.requests.wrote(after(scene.start, 200));
    scene.told(answer("c2", &[]), 399);
    assert_eq!((400, Request::List), scene.next_from(399));
    scene.listed(Ok(()), 400);
    scene.requests.wrote(after(scene.start, 2000));
    scene.told(answer("c2", &[]), 2199);
    assert_eq!((2200, Request::List), scene.next_from(2199), "never later than it would come anyway");
}

#[test]
fn a_platform_without_a_feed_has_the_list() {
    for error in [
        refused(ProblemType::RouteNotFound),
        refused(ProblemType::NotPermitted),
        ApiError::Forbidden,
        unexpected(404),
        unexpected(501),
    ] {
        let mut scene = Scene::new();
        assert_eq!(Told::Nothing, scene.told(Err(error), 0));
        for list in [0, 300, 600] {
            assert_eq!((list, Request::List), scene.next_from(list.max(1) - 1));
            scene.listed(Ok(()), list);
        }
        scene.listed(Ok(()), 3500);
        assert_eq!((3600, Request::Beginning), scene.next_from(3501), "it may have one by now");
    }
}

#[test]
fn a_platform_with_neither_is_left_alone() {
    let mut scene = Scene::new();
    scene.told(Err(unexpected(404)), 0);
    scene.listed(Err(Some(&unexpected(404))), 0);
    assert!(scene.requests.is_tried(), "no pass waits for it");
    assert_eq!(3600, scene.next_from(0).0);
}

#[test]
fn a_failure_is_tried_again_after_a_while_and_keeps_the_cursor() {
    let mut scene = Scene::observing();
    assert_eq!(Told::Silence, scene.told(Err(unreachable()), 20));
    assert_eq!((30, changes("c1")), scene.next_from(20));
    let after = Duration::from_secs(77);
    assert_eq!(Told::Silence, scene.told(Err(ApiError::Throttled { after }), 30));
    assert_eq!((107, changes("c1")), scene.next_from(30));
    scene.listed(Err(Some(&ApiError::Throttled { after })), 1800);
    assert_eq!(
        (1877, Request::List),
        (1801..2000).find_map(|at| Some((at, scene.next(at)?)).filter(|(_, next)| *next == Request::List)).unwrap()
    );
}

#[test]
fn an_expired_cursor_brings_a_list_and_one_that_expires_at_once_does_not_bring_many() {
    let expired = || Err(refused(ProblemType::CursorExpired));
    let mut scene = Scene::observing();
    assert_eq!(Told::Nothing, scene.told(expired(), 1000));
    assert_eq!(Some(Request::Beginning), scene.next(1000));
    assert_eq!(Told::Begins, scene.told(answer("c9", &[]), 1000));
    assert_eq!(Some(Request::List), scene.next(1000));
    scene.listed(Ok(()), 1001);
    let (mut lists, mut second) = (0, 1001);
    while second < 3000 {
        let (at, request) = scene.next_from(second);
        second = at;
        match request {
            Request::Beginning => drop(scene.told(answer("c", &[]), at)),
            Request::Changes(_) => assert_eq!(Told::Nothing, scene.told(expired(), at)),
            Request::List => {
                lists += 1;
                scene.listed(Ok(()), at);
            }
        }
    }
    assert!((6..=8).contains(&lists), "{lists} lists in 2000 seconds");
}

/// A beginning names no cursor that could expire. Asked again at once, it would leave the list no turn.
#[test]
fn a_beginning_that_is_answered_as_expired_is_no_feed() {
    let mut scene = Scene::observing();
    scene.told(Err(refused(ProblemType::CursorExpired)), 400);
    scene.listed(Ok(()), 400);
    assert_eq!(Some(Request::Beginning), scene.next(4000));
    assert_eq!(Told::Nothing, scene.told(Err(refused(ProblemType::CursorExpired)), 4000));
    assert_eq!(Some(Request::List), scene.next(4001));
}

#[test]
fn a_feed_that_stands_still_is_no_feed() {
    for lie in [answer("c1", &["x"]), answer("", &[]), answer(&"c".repeat(5000), &[])] {
        let mut scene = Scene::observing();
        assert_eq!(Told::Nothing, scene.told(lie, 400));
        assert_eq!((400, Request::List), scene.next_from(400));
        scene.listed(Ok(()), 400);
        assert_eq!((700, Request::List), scene.next_from(400));
    }
}
