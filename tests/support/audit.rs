//! The audit log: requests to the API server, with user and result.
//!
//! The audit log is complete, unlike the operator's own metrics. Every reader first waits until the log has caught up: it
//! sends a request of its own and waits for its line. The log is written before a response ends, so earlier responses are
//! above that line.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::Deserialize;
use uuid::Uuid;

use super::controlplane::ControlPlane;
use super::{http, users, wait};

const MASTERS: &str = "system:masters";

const WRITES: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];

/// Bookkeeping of the operator, which budgets count separately.
const BOOKKEEPING: [&str; 5] = ["leases", "events", "secrets", "tokenreviews", "selfsubjectaccessreviews"];

/// A moment in the log. A request is written when its answer is complete, and its effect can be seen before that, so the position alone
/// does not tell what came after a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mark {
    place: u64,
    received: Timestamp,
}

impl Mark {
    /// The start of the control plane.
    pub const START: Self = Self { place: 0, received: Timestamp::MIN };
}

/// One answered request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// When the server received it.
    pub received: Timestamp,
    /// `get`, `list`, `create`, `patch`, …
    pub verb: String,
    /// The API group; empty for the core.
    pub group: String,
    /// The plural of the kind; empty for a non-resource request.
    pub resource: String,
    /// A subresource such as `status`, or empty.
    pub subresource: String,
    /// Empty for a cluster-scoped object.
    pub namespace: String,
    /// Empty if the server chooses it.
    pub name: String,
    /// The HTTP status of the answer.
    pub code: u16,
    /// The user.
    pub user: String,
    /// The user agent.
    pub user_agent: String,
    /// The field manager of a write; by default the server derives it from the user agent.
    pub field_manager: Option<String>,
    /// Whether it changes nothing, since it is a dry run.
    pub is_dry_run: bool,
    /// Whether the user is in `system:masters`, which passes every check.
    pub is_master: bool,
}

impl Request {
    /// Whether this requested a change, including dry runs.
    pub fn is_write(&self) -> bool {
        WRITES.contains(&self.verb.as_str())
    }

    /// Whether this was about leases, events, Secrets, tokens or permissions.
    pub fn is_bookkeeping(&self) -> bool {
        BOOKKEEPING.contains(&self.resource.as_str())
    }
}

/// The audit log of one control plane.
pub struct AuditLog<'a> {
    control_plane: &'a ControlPlane,
}

impl<'a> AuditLog<'a> {
    /// Reads the log of this control plane.
    pub fn new(control_plane: &'a ControlPlane) -> Self {
        Self { control_plane }
    }

    /// Returns a mark behind every request that was answered before this call.
    pub async fn mark(&self) -> Result<Mark> {
        Ok(self.catch_up().await?.1)
    }

    /// Returns every request of `user` since the mark. A watch is included once it has ended.
    pub async fn requests(&self, user: &str, since: Mark) -> Result<Vec<Request>> {
        self.select(since, user, |request| request.user == user).await
    }

    /// Returns the writes of `user` since the mark, including rejected ones.
    pub async fn writes(&self, user: &str, since: Mark) -> Result<Vec<Request>> {
        let wanted = |request: &Request| request.user == user && request.is_write();
        self.select(since, user, wanted).await
    }

    /// Returns the writes of `user` except dry runs, leases, events, Secrets and reviews.
    pub async fn object_writes(&self, user: &str, since: Mark) -> Result<Vec<Request>> {
        let mut writes = self.writes(user, since).await?;
        writes.retain(|request| !request.is_bookkeeping() && !request.is_dry_run);
        Ok(writes)
    }

    /// Returns the writes of Tenants by `system:masters`, which pass every policy.
    pub async fn tenant_writes_by_masters(&self) -> Result<Vec<Request>> {
        let wanted = |request: &Request| request.is_master && request.is_write() && request.resource == "tenants";
        self.select(Mark::START, MASTERS, wanted).await
    }

    /// Only lines with `needle` are parsed: a long run writes a hundred thousand lines.
    async fn select(&self, since: Mark, needle: &str, wanted: impl Fn(&Request) -> bool) -> Result<Vec<Request>> {
        let (log, end) = self.catch_up().await?;
        let text = String::from_utf8(log.read(since.place, Some(end.place))?)?;
        // A watch is written when it ends.
        let is_since = |request: &Request| request.received >= since.received || request.verb == "watch";
        let lines = text.lines().filter(|line| line.contains(needle));
        lines
            .map(parse)
            .filter_map(Result::transpose)
            .filter(|request| request.as_ref().map_or(true, |request| is_since(request) && wanted(request)))
            .collect()
    }

    /// Returns the log and the position of a request that was sent just now.
    async fn catch_up(&self) -> Result<(LogFile, Mark)> {
        self.control_plane.check()?;
        let log = LogFile(self.control_plane.folder().join("audit.log"));
        let before = log.length()?;
        let marker = format!("marker={}", Uuid::new_v4().simple());
        let url = format!("{}/version?{marker}", self.control_plane.url());
        http::client(Some(self.control_plane.ca()))?
            .get(url)
            .bearer_auth(self.control_plane.token(users::ADMIN)?)
            .send()
            .await
            .context("asking the API server for a line in its audit log")?;
        let place = wait::try_until("the audit log", Duration::from_secs(30), || async {
            let lines = log.read(before, None)?;
            let line = line_with(&lines, marker.as_bytes()).context("no marker yet")?;
            let request = parse(std::str::from_utf8(&lines[line.clone()])?)?.context("a line of another stage")?;
            anyhow::Ok(Mark { place: before + u64::try_from(line.end)?, received: request.received })
        });
        let mark = place.await?;
        Ok((log, mark))
    }
}

fn line_with(lines: &[u8], marker: &[u8]) -> Option<Range<usize>> {
    let mut end = 0;
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let start = end;
        end += line.len();
        if line.windows(marker.len()).any(|window| window == marker) {
            return Some(start..end);
        }
    }
    None
}

struct LogFile(PathBuf);

impl LogFile {
    fn length(&self) -> Result<u64> {
        match std::fs::metadata(&self.0) {
            Ok(metadata) => Ok(metadata.len()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error).context("looking at the audit log"),
        }
    }

    /// Returns the complete lines between two positions, by default up to the end.
    fn read(&self, from: u64, to: Option<u64>) -> Result<Vec<u8>> {
        let mut file = File::open(&self.0).context("opening the audit log")?;
        file.seek(SeekFrom::Start(from))?;
        let length = to.map_or(u64::MAX, |to| to.saturating_sub(from));
        let mut bytes = Vec::new();
        file.take(length).read_to_end(&mut bytes)?;
        // The server may be writing a line.
        let newline = bytes.iter().rposition(|byte| *byte == b'\n');
        bytes.truncate(newline.map_or(0, |newline| newline + 1));
        Ok(bytes)
    }
}

/// Returns the request of a line, or nothing if the line is not about its last stage.
fn parse(line: &str) -> Result<Option<Request>> {
    let event: Event =
        serde_json::from_str(line).with_context(|| format!("reading a line of the audit log: {line}"))?;
    if event.stage != "ResponseComplete" {
        return Ok(None);
    }
    let object = event.object_ref.unwrap_or_default();
    Ok(Some(Request {
        received: event.request_received_timestamp,
        verb: event.verb,
        group: object.api_group,
        resource: object.resource,
        subresource: object.subresource,
        namespace: object.namespace,
        name: object.name,
        code: event.response_status.unwrap_or_default().code,
        is_master: event.user.groups.iter().any(|group| group == MASTERS),
        user: event.user.username,
        user_agent: event.user_agent,
        is_dry_run: query(&event.request_uri, "dryRun").is_some(),
        field_manager: query(&event.request_uri, "fieldManager"),
    }))
}

fn query(uri: &str, name: &str) -> Option<String> {
    let (_, query) = uri.split_once('?')?;
    let mut pairs = url::form_urlencoded::parse(query.as_bytes());
    pairs.find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    stage: String,
    request_received_timestamp: Timestamp,
    verb: String,
    #[serde(rename = "requestURI")]
    request_uri: String,
    user: User,
    #[serde(default)]
    user_agent: String,
    object_ref: Option<ObjectRef>,
    response_status: Option<ResponseStatus>,
}

#[derive(Deserialize)]
struct User {
    #[serde(default)]
    username: String,
    #[serde(default)]
    groups: Vec<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct ObjectRef {
    api_group: String,
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ResponseStatus {
    code: u16,
}
