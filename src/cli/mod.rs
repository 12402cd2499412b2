//! What people type. One file per command; the structs here and there are the `--help`.

pub mod crd;
pub mod policies;
pub mod run;

use std::io::{ErrorKind, Write};

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::telemetry::log::{self, Format};

/// Where `--help` lists what every command takes.
const LOGGING: &str = "Logging";

/// Reconciles Tenants of Nimbus, a contact centre for Microsoft Teams, from Kubernetes to the platform's admin API.
#[derive(Debug, Parser)]
#[command(name = "nimbus-operator", version, max_term_width = 110)]
pub struct Operator {
    /// What is logged, as tracing filters have it, e.g. 'info' or 'warn,nimbus_operator=debug'.
    #[arg(long, global = true, env = "NIMBUS_LOG", default_value = "info", value_name = "FILTER", help_heading = LOGGING)]
    pub log: String,

    /// How log lines look.
    #[arg(long, global = true, env = "NIMBUS_LOG_FORMAT", default_value = "text", value_enum, value_name = "FORMAT", help_heading = LOGGING)]
    pub log_format: Format,

    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands of `nimbus-operator`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Reconcile Tenants until stopped by SIGTERM or Ctrl-C.
    Run(run::Run),
    /// Print the CRDs, ready for kubectl apply.
    Crd(crd::Crd),
    /// Print the admission policies that hold who may change what, ready for kubectl apply.
    Policies(policies::Policies),
}

impl Operator {
    /// Runs the command to its end.
    ///
    /// *Errors*: what the command met, for people.
    pub async fn execute(self) -> anyhow::Result<()> {
        log::start(&self.log, self.log_format).with_context(|| format!("--log {}", self.log))?;
        match self.command {
            Command::Run(run) => run.execute().await,
            Command::Crd(crd) => crd.execute(),
            Command::Policies(policies) => policies.execute(),
        }
    }
}

/// Completes when the process is asked to stop, by Ctrl-C or SIGTERM.
///
/// *Errors*: the process may not listen to signals.
pub fn stop_signal() -> anyhow::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Prints what a command is for. A reader who has seen enough, as `head` has, is no failure.
///
/// *Errors*: standard output cannot be written.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("writing to standard output"),
    }
}

/// What to say about an error, with its causes: those that an error tells itself are not told twice.
pub fn tell(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |text, cause| match text.as_str() {
        "" => cause,
        told if told.contains(&cause) => text,
        told => format!("{told}: {cause}"),
    })
}

#[cfg(test)]
mod tests {
    use super::tell;

    #[test]
    fn a_cause_is_told_once() {
        let cause = std::io::Error::other("no such file");
        let error = anyhow::Error::new(cause).context("config: no such file").context("finding Kubernetes");
        assert_eq!("finding Kubernetes: config: no such file", tell(&error));
        let error = anyhow::anyhow!("the address is taken").context("starting the sandbox");
        assert_eq!("starting the sandbox: the address is taken", tell(&error));
    }
}
