//! What is measured, as a process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::ValueEnum;
use serde::Deserialize;

use crate::arguments::{Kind, RunArguments, Scenario};
use crate::environment::{Environment, NAME, OPERATOR_NAMESPACE};
use crate::process::{self, Usage};
use crate::support::process::Process;
use crate::support::users;

/// How a subject is started.
pub struct Subject {
    pub kind: Kind,
    operator: PathBuf,
    concurrency: u16,
    without_policies: bool,
}

/// What an oracle prints at its end.
#[derive(Deserialize)]
pub struct Answer {
    /// utime and stime, in seconds.
    pub cpu: f64,
    /// The most memory that it had, in megabytes.
    pub peak: f64,
    /// Milliseconds from a change to its end, where the scenario has changes.
    pub latencies: Vec<f64>,
}

impl Subject {
    pub fn new(kind: Kind, operator: &Path, arguments: &RunArguments) -> Self {
        let (concurrency, without_policies) = (arguments.concurrency, arguments.without_policies);
        Self { kind, operator: operator.to_owned(), concurrency, without_policies }
    }

    /// Starts one that runs until it is stopped.
    pub fn start(&self, environment: &Environment) -> Result<Running> {
        let process = match self.kind {
            Kind::Operator => self.start_operator(environment)?,
            Kind::Peer => self.start_own(environment, "peer", &[])?,
            Kind::Oracle => bail!("the oracle runs once for each scenario"),
        };
        Ok(Running { process })
    }

    /// Runs the oracle of a scenario to its end.
    pub async fn foretell(&self, environment: &Environment, scenario: Scenario) -> Result<Answer> {
        let value = scenario.to_possible_value().context("a scenario without a name")?;
        let process = self.start_own(environment, "oracle", &["--scenario", value.get_name()])?;
        while process.ended().is_none() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let log = process.log();
        let line = log.lines().rev().find(|line| line.starts_with("{\"cpu\""));
        let line = line.with_context(|| format!("the oracle failed: {log}"))?;
        Ok(serde_json::from_str(line)?)
    }

    fn start_operator(&self, environment: &Environment) -> Result<Process> {
        let mut command = Command::new(&self.operator);
        let concurrency = self.concurrency.to_string();
        let instance = format!("--instance={NAME}");
        let namespaces = [format!("--operator-namespace={OPERATOR_NAMESPACE}"), format!("--namespace={NAME}")];
        command.args(["run", "--cluster-id=bench", &instance, "--concurrency", &concurrency]).args(namespaces);
        if self.without_policies {
            command.arg("--without-policies");
        }
        start(environment, "operator", command)
    }

    fn start_own(&self, environment: &Environment, name: &str, more: &[&str]) -> Result<Process> {
        let mut command = Command::new(std::env::current_exe()?);
        let concurrency = self.concurrency.to_string();
        command.args([name, "--namespace", NAME, "--platform", &environment.sandbox.url]);
        command.args(["--concurrency", &concurrency]).args(more);
        start(environment, name, command)
    }
}

/// It inherits no environment variable.
fn start(environment: &Environment, name: &str, mut command: Command) -> Result<Process> {
    let folder = environment.control_plane.folder();
    let kubeconfig = environment.control_plane.kubeconfig(&users::operator(1));
    command.env_clear().env("KUBECONFIG", kubeconfig).env("NO_COLOR", "1");
    let run = uuid::Uuid::new_v4().simple().to_string();
    Process::start(name, command, &folder.join(format!("{name}-{run}.log")))
}

/// A running subject. Dropping it kills it.
pub struct Running {
    process: Process,
}

impl Running {
    /// What it used since its start.
    pub fn usage(&self) -> Result<Usage> {
        self.process.check()?;
        process::usage(self.process.pid())
    }

    /// Stops it in order.
    pub async fn stop(self) -> Result<()> {
        self.process.check()?;
        self.process.terminate()?;
        let started = Instant::now();
        while self.process.ended().is_none() {
            ensure!(started.elapsed() < Duration::from_secs(60), "it does not stop");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }
}
