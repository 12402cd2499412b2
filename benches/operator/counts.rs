//! Requests: to the API server from its audit log, to the platform from the platform's own log. Never from the metrics of what is
//! measured.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::Value;

/// How many requests of each kind, e.g. `patch tenants/status` or `PUT /v1/tenants/{id}`.
pub type Counts = BTreeMap<String, u64>;

/// The requests of one user and the calls of the platform, as far as they were read.
pub struct Counter {
    audit: PathBuf,
    user: String,
    offset: u64,
    platform: String,
    http: reqwest::Client,
    seen: u64,
    pub requests: Counts,
    pub calls: Counts,
    /// When the last one was seen.
    pub active: Instant,
}

impl Counter {
    /// Counts from now on.
    pub async fn new(audit: PathBuf, user: &str, platform: &str) -> Result<Self> {
        let mut counter = Self {
            audit,
            user: user.to_owned(),
            offset: 0,
            platform: platform.to_owned(),
            http: crate::support::http::client(None)?,
            seen: 0,
            requests: Counts::new(),
            calls: Counts::new(),
            active: Instant::now(),
        };
        counter.reset().await?;
        Ok(counter)
    }

    /// Forgets what was counted.
    pub async fn reset(&mut self) -> Result<()> {
        self.poll().await?;
        (self.requests, self.calls, self.active) = (Counts::new(), Counts::new(), Instant::now());
        Ok(())
    }

    /// Reads what is new.
    pub async fn poll(&mut self) -> Result<()> {
        let requests = self.read_audit()?;
        let calls = self.read_platform().await?;
        if requests + calls > 0 {
            self.active = Instant::now();
        }
        Ok(())
    }

    /// Waits until nothing was requested for a while. Returns when the last request was seen.
    pub async fn quiet(&mut self, pause: Duration, deadline: Duration) -> Result<Instant> {
        let started = Instant::now();
        self.poll().await?;
        while self.active.elapsed() < pause && started.elapsed() < deadline {
            tokio::time::sleep(Duration::from_millis(100)).await;
            self.poll().await?;
        }
        Ok(self.active)
    }

    fn read_audit(&mut self) -> Result<usize> {
        let mut file = File::open(&self.audit).context("opening the audit log")?;
        file.seek(SeekFrom::Start(self.offset))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        // The server may be writing a line.
        bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1));
        self.offset += bytes.len() as u64;
        let needle = format!("\"username\":\"{}\"", self.user);
        let text = String::from_utf8_lossy(&bytes);
        let mut found = 0;
        for line in text.lines().filter(|line| line.contains(&needle)) {
            let entry: Entry = serde_json::from_str(line).context("reading the audit log")?;
            if entry.stage == "ResponseComplete" {
                *self.requests.entry(entry.kind()).or_default() += 1;
                found += usize::from(!entry.verb.starts_with("watch"));
            }
        }
        Ok(found)
    }

    async fn read_platform(&mut self) -> Result<usize> {
        let url = format!("{}/sandbox/log?after={}", self.platform, self.seen);
        let log: Value = self.http.get(url).send().await?.error_for_status()?.json().await?;
        let items = log["items"].as_array().context("the log of the platform is no list")?;
        for item in items {
            self.seen = item["seq"].as_u64().unwrap_or(self.seen);
            let text = |name: &str| item[name].as_str().unwrap_or("?");
            *self.calls.entry(format!("{} {}", text("method"), text("route"))).or_default() += 1;
        }
        Ok(items.len())
    }
}

/// Writes of Tenants, status included.
pub fn writes(requests: &Counts) -> u64 {
    of(requests, |verb, resource| is_write(verb) && resource.starts_with("tenants"))
}

/// Everything else that is written: events, Platforms, leases.
pub fn other_writes(requests: &Counts) -> u64 {
    of(requests, |verb, resource| is_write(verb) && !resource.starts_with("tenants"))
}

/// Reads of any kind.
pub fn reads(requests: &Counts) -> u64 {
    of(requests, |verb, _| !is_write(verb))
}

/// Calls of the platform, without tokens.
pub fn calls(calls: &Counts) -> u64 {
    calls.iter().filter(|(call, _)| !call.contains("/token")).map(|(_, count)| count).sum()
}

fn of(requests: &Counts, wanted: impl Fn(&str, &str) -> bool) -> u64 {
    let split = requests.iter().map(|(request, count)| (request.split_once(' ').unwrap_or((request, "")), count));
    split.filter(|((verb, resource), _)| wanted(verb, resource)).map(|(_, count)| count).sum()
}

fn is_write(verb: &str) -> bool {
    matches!(verb, "create" | "update" | "patch" | "delete" | "deletecollection")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    stage: String,
    verb: String,
    #[serde(rename = "requestURI", default)]
    request_uri: String,
    #[serde(default)]
    object_ref: ObjectRef,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ObjectRef {
    resource: String,
    subresource: String,
}

impl Entry {
    fn kind(&self) -> String {
        let ObjectRef { resource, subresource } = &self.object_ref;
        // A dry run writes nothing.
        let verb = if self.request_uri.contains("dryRun=") { "dry-run" } else { &self.verb };
        if subresource.is_empty() { format!("{verb} {resource}") } else { format!("{verb} {resource}/{subresource}") }
    }
}
