//! What a proxy does with some requests instead of passing them on at once: it pauses one, or answers all itself.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::http::{Method, StatusCode, header, request};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::wait::PATIENCE;

/// The detours of a proxy.
#[derive(Default)]
pub struct Detours(Mutex<Vec<Detour>>);

struct Detour {
    method: Method,
    /// How the path ends.
    ending: String,
    turn: Turn,
}

enum Turn {
    /// The next one waits, and is passed on then.
    Pause(oneshot::Sender<()>, oneshot::Receiver<()>),
    /// Each one is answered with this status.
    Answer(StatusCode),
    /// Each one is answered with this status and body.
    Say(StatusCode, Value),
    /// Each one is left without an answer.
    Hang,
    /// So many lose their connection.
    Reset(usize),
    /// Each one is passed on only after this long.
    Slow(Duration),
}

/// A request that waits in a proxy; dropping this passes it on.
pub struct PausedRequest {
    reached: Option<oneshot::Receiver<()>>,
    _go_on: oneshot::Sender<()>,
}

impl PausedRequest {
    /// Waits until the request is paused.
    pub async fn reached(&mut self) {
        let reached = self.reached.take().expect("waited for once");
        tokio::time::timeout(PATIENCE, reached).await.expect("the request is made").expect("by the proxy");
    }
}

impl Detours {
    /// Pauses the next request of a method whose path ends like this.
    pub fn pause(&self, method: Method, ending: &str) -> PausedRequest {
        let ((reached, is_reached), (_go_on, go_on)) = (oneshot::channel(), oneshot::channel());
        self.add(method, ending, Turn::Pause(reached, go_on));
        PausedRequest { reached: Some(is_reached), _go_on }
    }

    /// Answers all requests of a method whose path ends like this with a status.
    pub fn answer(&self, method: Method, ending: &str, status: StatusCode) {
        self.add(method, ending, Turn::Answer(status));
    }

    /// Answers all requests of a method whose path ends like this with a status and a body.
    pub fn say(&self, method: Method, ending: &str, status: StatusCode, body: Value) {
        self.add(method, ending, Turn::Say(status, body));
    }

    /// Leaves all requests of a method whose path ends like this without an answer.
    pub fn hang(&self, method: Method, ending: &str) {
        self.add(method, ending, Turn::Hang);
    }

    /// Passes on all requests of a method whose path ends like this only after a while.
    pub fn slow(&self, method: Method, ending: &str, by: Duration) {
        self.add(method, ending, Turn::Slow(by));
    }

    /// Resets the connections of so many requests whose path ends like this.
    pub fn reset(&self, method: Method, ending: &str, times: usize) {
        self.add(method, ending, Turn::Reset(times));
    }

    /// How many resets are to come.
    pub fn resets(&self) -> usize {
        let left = |detour: &Detour| if let Turn::Reset(left) = detour.turn { left } else { 0 };
        self.all().iter().map(left).sum()
    }

    /// Ends all detours that are not under way.
    pub fn clear(&self) {
        self.all().clear();
    }

    fn add(&self, method: Method, ending: &str, turn: Turn) {
        self.all().push(Detour { method, ending: ending.to_owned(), turn });
    }

    fn all(&self) -> std::sync::MutexGuard<'_, Vec<Detour>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a request on its detour, if it has one. Returns the response where it is not passed on.
    pub(super) async fn send(&self, head: &request::Parts) -> Option<Response> {
        let turn = self.take(head)?;
        match turn {
            Turn::Pause(reached, go_on) => {
                // An error means that the test is no longer listening.
                let _ = reached.send(());
                // An error means that the other end was dropped, which is the signal to continue.
                let _ = go_on.await;
                None
            }
            Turn::Answer(status) => {
                let reason = if status == StatusCode::CONFLICT { "Conflict" } else { "InternalError" };
                let body = json!({
                    "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason,
                    "code": status.as_u16(), "message": "answered by the proxy"
                });
                Some((status, Json(body)).into_response())
            }
            Turn::Say(status, body) => {
                let kind = if status.is_success() { "application/json" } else { "application/problem+json" };
                Some((status, [(header::CONTENT_TYPE, kind)], body.to_string()).into_response())
            }
            Turn::Hang => std::future::pending().await,
            Turn::Slow(by) => {
                tokio::time::sleep(by).await;
                None
            }
            // A handler cannot close its connection, but it can panic its task. `resume_unwind` prints no panic message.
            Turn::Reset(_) => std::panic::resume_unwind(Box::new("the connection is reset")),
        }
    }

    fn take(&self, head: &request::Parts) -> Option<Turn> {
        let mut all = self.all();
        let fits = |detour: &Detour| detour.method == head.method && head.uri.path().ends_with(&detour.ending);
        let index = all.iter().position(fits)?;
        match &mut all[index].turn {
            Turn::Answer(status) => Some(Turn::Answer(*status)),
            Turn::Say(status, body) => Some(Turn::Say(*status, body.clone())),
            Turn::Hang => Some(Turn::Hang),
            Turn::Slow(by) => Some(Turn::Slow(*by)),
            Turn::Reset(left) => {
                *left -= 1;
                let spent = *left == 0;
                if spent { Some(all.remove(index).turn) } else { Some(Turn::Reset(0)) }
            }
            Turn::Pause(..) => Some(all.remove(index).turn),
        }
    }
}
