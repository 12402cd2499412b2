//! What people type. One file per command; the structs here and there are the `--help`.

pub mod crd;
pub mod policies;
pub mod run;
pub mod sandbox;

use clap::{Parser, Subcommand};

use crate::telemetry::log::{self, Format};

/// Reconciles Tenants of Nimbus, a contact centre for Microsoft Teams, from Kubernetes to the platform's admin API.
#[derive(Debug, Parser)]
#[command(name = "nimbus-operator", version, max_term_width = 110)]
pub struct Operator {
    /// What is logged, as tracing filters have it, e.g. 'info' or 'warn,nimbus_operator=debug'.
    #[arg(long, global = true, env = "NIMBUS_LOG", default_value = "info", value_name = "FILTER")]
    pub log: String,

    /// How log lines look.
    #[arg(long, global = true, env = "NIMBUS_LOG_FORMAT", default_value = "text", value_enum)]
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
    /// Serve a reference platform with an embedded database, for trying out and for tests. Not for production.
    Sandbox(sandbox::Sandbox),
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
        log::start(&self.log, self.log_format)?;
        match self.command {
            Command::Run(run) => run.execute().await,
            Command::Sandbox(sandbox) => sandbox.execute().await,
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
