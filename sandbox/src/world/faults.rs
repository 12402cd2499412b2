//! Planted faults: failures of the network and of the platform, by route and count.
//!
//! Faults are kept in memory and end with the process.
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::http::call::Call;
use crate::http::members::Members;
use crate::http::paths::is_microsoft;
use crate::http::reply::Reply;
use crate::model::format::guid;
use crate::model::problem::{Code, Failure, Problem, Slug};

/// The kinds of [`Action`].
pub(crate) const KINDS: [&str; 9] =
    ["status", "problem", "html", "empty", "delay", "close-before", "close-after", "truncate", "cut"];

/// What a fault does to a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Action {
    /// A planned answer, instead of the request or after it was carried out.
    Answer { canned: Canned, after: bool },
    /// Waits in real time, before the request is carried out or after.
    Delay { wait: Duration, after: bool },
    /// The connection is closed before the request is carried out.
    CloseBefore,
    /// The request is carried out and the connection is closed without an answer.
    CloseAfter,
    /// Only the first half of the body is sent, as if it were complete.
    Truncate,
    /// Only the first half of the body is sent, then the connection is closed.
    Cut,
}

/// An answer that replaces the answer of the platform.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Canned {
    pub status: u16,
    pub content_type: Option<String>,
    pub headers: Vec<(String, String)>,
    pub body: String,
    /// Set for a refusal, which has its own body.
    pub problem: Option<Slug>,
}

#[derive(Clone, Debug)]
struct Fault {
    route: String,
    tenant: Option<String>,
    nth: Option<u64>,
    times: Option<u64>,
    kind: String,
    action: Action,
    /// The fault as it was planted.
    stated: Value,
    seen: u64,
    faulted: u64,
}

/// A fault that applies to a request.
#[derive(Clone, Debug)]
pub(crate) struct Faulted {
    pub kind: String,
    pub action: Action,
}

#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    fn lock(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request and returns the first fault that applies to it.
    pub(crate) fn apply_to(&self, call: &Call) -> Option<Faulted> {
        let mut first = None;
        for fault in self.lock().iter_mut().filter(|fault| fault.matches(call)) {
            fault.seen += 1;
            if first.is_none() && fault.is_due() {
                fault.faulted += 1;
                first = Some(Faulted { kind: fault.kind.clone(), action: fault.action.clone() });
            }
        }
        first
    }

    /// `POST /sandbox/faults`; `known` are the methods and templates of the routes that a fault can apply to.
    pub(crate) fn plant(&self, call: &Call, known: &[(&str, &str)]) -> Result<Reply, Failure> {
        let body = call.members(&["faults"])?;
        let Some(Value::Array(items)) = body.get("faults") else {
            return Err(Problem::member("/faults", Code::WrongType).into());
        };
        let planted: Vec<Fault> = items.iter().map(|stated| fault(stated, known)).collect::<Result<_, _>>()?;
        self.lock().extend(planted);
        Ok(Reply::new(201, Some(self.to_json())))
    }

    /// `GET /sandbox/faults`.
    pub(crate) fn read(&self) -> Reply {
        Reply::ok(self.to_json())
    }

    /// `DELETE /sandbox/faults`.
    pub(crate) fn clear(&self) -> Reply {
        self.lock().clear();
        Reply::new(204, None)
    }

    fn to_json(&self) -> Value {
        let faults = self.lock();
        let faults = faults.iter().map(|fault| {
            let mut shown = fault.stated.clone();
            shown["seen"] = json!(fault.seen);
            shown["faulted"] = json!(fault.faulted);
            shown
        });
        json!({"faults": faults.collect::<Vec<_>>()})
    }
}

impl Fault {
    fn matches(&self, call: &Call) -> bool {
        let template = call.template.unwrap_or(&call.path);
        let tenant = call.tenant().ok().or_else(|| guid(call.parameter("tenant")));
        let of_tenant = self.tenant.is_none() || self.tenant == tenant;
        of_tenant && (fits(&self.route, &call.method, template) || fits(&self.route, &call.method, &call.path))
    }

    fn is_due(&self) -> bool {
        let first = self.nth.unwrap_or(1);
        // Without `times`, a fault at the nth call applies once, and one at every call applies always.
        let times = self.times.or(self.nth.map(|_| 1));
        self.seen >= first && times.is_none_or(|times| self.faulted < times)
    }
}

/// True if a pattern such as `GET /v1/tenants/{id}` or `*` matches this request.
fn fits(pattern: &str, method: &str, path: &str) -> bool {
    match pattern.split_once(' ') {
        None => pattern == "*",
        Some((verb, place)) => (verb == "*" || verb == method) && (place == "*" || place == path),
    }
}

fn fault(stated: &Value, known: &[(&str, &str)]) -> Result<Fault, Failure> {
    let members = members(stated, "/faults", &["route", "tenant", "nth", "times", "action"])?;
    let route = members.text("route")?;
    if !is_known(&route, known) {
        return Err(Problem::member("/route", Code::NotAllowed).into());
    }
    let tenant = members.nullable_text("tenant")?;
    let tenant = tenant.map(|id| guid(&id).ok_or(Problem::member("/tenant", Code::BadFormat)));
    let count = |name| members.number(name, 1, i64::MAX);
    let (kind, action) = action(members.get("action").unwrap_or(&Value::Null))?;
    Ok(Fault {
        route,
        tenant: tenant.transpose()?,
        nth: count("nth")?.map(i64::unsigned_abs),
        times: count("times")?.map(i64::unsigned_abs),
        kind,
        action,
        stated: stated.clone(),
        seen: 0,
        faulted: 0,
    })
}

fn members(value: &Value, pointer: &str, known: &[&str]) -> Result<Members, Failure> {
    match value {
        Value::Object(members) => Members::new(members.clone(), known),
        _ => Err(Problem::member(pointer, Code::WrongType).into()),
    }
}

/// A misspelled route would never apply, so it is refused.
fn is_known(pattern: &str, known: &[(&str, &str)]) -> bool {
    pattern == "*"
        || known.iter().any(|(method, template)| fits(pattern, method, template))
        || pattern.split_once(' ').is_some_and(|(_, path)| path.starts_with("/v1/tenants/") || is_microsoft(path))
}

fn action(stated: &Value) -> Result<(String, Action), Failure> {
    let known = ["kind", "status", "contentType", "headers", "body", "slug", "seconds", "after"];
    let members = members(stated, "/action", &known)?;
    let kind = members.choice("kind", &KINDS)?;
    let after = || Ok::<_, Failure>(members.has("after") && members.flag("after")?);
    let action = match kind.as_str() {
        "delay" => {
            let seconds = members.get("seconds").and_then(Value::as_f64);
            let wait = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
            let wait = wait.ok_or(Problem::member("/seconds", Code::Required))?;
            Action::Delay { wait, after: after()? }
        }
        "close-before" => Action::CloseBefore,
        "close-after" => Action::CloseAfter,
        "truncate" => Action::Truncate,
        "cut" => Action::Cut,
        kind => Action::Answer { canned: canned(kind, &members)?, after: after()? },
    };
    Ok((kind, action))
}

fn canned(kind: &str, members: &Members) -> Result<Canned, Failure> {
    let status = members.number("status", 200, 599)?.and_then(|status| u16::try_from(status).ok());
    let mut canned = Canned {
        status: status.unwrap_or(200),
        content_type: members.nullable_text("contentType")?,
        headers: headers(members.get("headers"))?,
        body: members.get("body").map_or_else(String::new, as_body),
        problem: None,
    };
    match kind {
        "status" if status.is_none() => {
            return Err(Problem::member("/status", Code::Required).into());
        }
        "html" => {
            canned.content_type.get_or_insert("text/html; charset=utf-8".to_owned());
            if canned.body.is_empty() {
                "<!doctype html><title>Sign in</title><p>Sign in to continue".clone_into(&mut canned.body);
            }
        }
        "problem" => {
            let slug = members.choice("slug", &Slug::all().map(Slug::name).collect::<Vec<_>>())?;
            canned.problem = Slug::parse(&slug);
            canned.status = status.or(canned.problem.map(Slug::status)).unwrap_or(500);
        }
        _ => {}
    }
    Ok(canned)
}

/// A text is sent as it is, anything else as JSON.
fn as_body(body: &Value) -> String {
    body.as_str().map_or_else(|| body.to_string(), str::to_owned)
}

fn headers(stated: Option<&Value>) -> Result<Vec<(String, String)>, Failure> {
    let empty = Map::new();
    let headers = match stated {
        None => &empty,
        Some(Value::Object(headers)) => headers,
        Some(_) => return Err(Problem::member("/headers", Code::WrongType).into()),
    };
    let header = |(name, value): (&String, &Value)| {
        let is_header = name.parse::<axum::http::HeaderName>().is_ok();
        match value.as_str() {
            Some(value) if is_header => Ok((name.clone(), value.to_owned())),
            _ => Err(Problem::member("/headers", Code::BadFormat).into()),
        }
    };
    headers.iter().map(header).collect()
}
