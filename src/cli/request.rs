//! `kubectl nimbus sync` and `check`: ask the operator for a pass or for new checks, and wait until it has done it.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::kubernetes::KubeArgs;
use crate::resources::annotation;

/// How often the Tenant is looked at.
const INTERVAL: Duration = Duration::from_millis(500);

/// Reconcile a Tenant now, and wait for the outcome.
///
/// Exit codes: 0 if the Tenant is ready afterwards, 1 if not, or if the time is over before.
#[derive(Debug, Args)]
pub struct Sync {
    /// What to wait for.
    #[command(flatten)]
    pub request: Request,
}

/// Repeat all checks of a Tenant now, and wait for the results.
///
/// Exit codes: 0 if all checks pass, 1 if not, or if the time is over before.
#[derive(Debug, Args)]
pub struct Check {
    /// What to wait for.
    #[command(flatten)]
    pub request: Request,
}

/// A Tenant, and for how long to wait.
#[derive(Debug, Args)]
pub struct Request {
    /// Name of the Tenant.
    pub name: String,

    /// How long to wait, in seconds.
    #[arg(long, default_value_t = 120, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    pub timeout: u64,

    /// The cluster.
    #[command(flatten)]
    pub kube: KubeArgs,
}

/// One kind of request: how it is made, echoed, and judged.
struct Kind {
    annotation: &'static str,
    echo: &'static str,
    condition: &'static str,
}

impl Sync {
    /// Asks and waits.
    ///
    /// *Errors*: the Tenant cannot be read or annotated, or the time is over.
    pub async fn execute(self) -> anyhow::Result<ExitCode> {
        let kind = Kind { annotation: annotation::RECONCILE, echo: "lastHandledReconcileAt", condition: "Ready" };
        self.request.execute(&kind).await
    }
}

impl Check {
    /// Asks and waits.
    ///
    /// *Errors*: the Tenant cannot be read or annotated, or the time is over.
    pub async fn execute(self) -> anyhow::Result<ExitCode> {
        let kind = Kind { annotation: annotation::CHECK, echo: "lastHandledCheckAt", condition: "ChecksPassed" };
        self.request.execute(&kind).await
    }
}

impl Request {
    async fn execute(self, kind: &Kind) -> anyhow::Result<ExitCode> {
        let tenants = self.kube.connect().await?;
        let token = Uuid::new_v4().to_string();
        tenants.annotate(&self.name, kind.annotation, &token).await?;
        let end = Instant::now() + Duration::from_secs(self.timeout);
        let mut shown = String::new();
        loop {
            let tenant = tenants.get(&self.name).await?;
            let (line, is_true) = said(&tenant, kind.condition);
            if tenant["status"][kind.echo] == *token {
                super::print(&format!("{line}\n"))?;
                return Ok(if is_true { ExitCode::SUCCESS } else { ExitCode::FAILURE });
            }
            progress(&mut shown, &line);
            if Instant::now() >= end {
                anyhow::bail!("not done after {} s: {line}", self.timeout);
            }
            sleep(INTERVAL).await;
        }
    }
}

/// What a condition says, and whether it is true.
fn said(tenant: &Value, kind: &str) -> (String, bool) {
    let conditions = tenant["status"]["conditions"].as_array();
    let Some(found) = conditions.into_iter().flatten().find(|condition| condition["type"] == kind) else {
        return ("no operator has seen it yet".to_owned(), false);
    };
    let of = |member: &str| found[member].as_str().unwrap_or_default();
    (format!("{kind} {} {}: {}", of("status"), of("reason"), of("message")), of("status") == "True")
}

/// Says what changed while someone looks on.
fn progress(shown: &mut String, line: &str) {
    let mut stderr = std::io::stderr();
    if shown != line && stderr.is_terminal() {
        drop(writeln!(stderr, "waiting; {line}"));
        line.clone_into(shown);
    }
}
