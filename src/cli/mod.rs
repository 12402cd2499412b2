//! The command lines of both binaries. One file per command; the doc comments of the argument structs are the `--help` text.

pub mod check;
pub mod crd;
pub mod explain;
pub mod export;
pub mod files;
pub mod finding;
pub mod kubernetes;
pub mod leader_election;
pub mod nimbus;
pub mod plan;
pub mod platform;
pub mod policies;
pub mod preflight;
pub mod reference;
pub mod report;
pub mod request;
pub mod run;
mod signals;
pub mod status;
pub mod validate;

use std::io::{ErrorKind, Write};

pub use nimbus::Nimbus;
pub use signals::stop_signal;

use anyhow::Context;
use clap::{Parser, Subcommand};

use crate::telemetry::log::{self, Format};

/// The `--help` heading of the global options.
const LOGGING: &str = "Logging";

/// Reconciles Tenants of Nimbus, a contact centre for Microsoft Teams, with the admin API of the platform.
#[derive(Debug, Parser)]
#[command(name = "nimbus-operator", version = env!("NIMBUS_VERSION"), max_term_width = 110)]
pub struct Operator {
    /// Log filter in tracing syntax, e.g. 'info' or 'warn,nimbus_operator=debug'.
    #[arg(long, global = true, env = "NIMBUS_LOG", default_value = "info", value_name = "FILTER", help_heading = LOGGING)]
    pub log: String,

    /// Log format.
    #[arg(long, global = true, env = "NIMBUS_LOG_FORMAT", default_value = "text", value_enum, value_name = "FORMAT", help_heading = LOGGING)]
    pub log_format: Format,

    /// The command.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands of `nimbus-operator`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Reconcile Tenants until stopped by SIGTERM, SIGHUP or Ctrl-C.
    Run(Box<run::Run>),
    /// Check what 'run' needs with the same arguments, and exit.
    Preflight(Box<preflight::Preflight>),
    /// Print the CRDs, ready for 'kubectl apply'.
    Crd(crd::Crd),
    /// Print the admission policies that enforce who may change which field, ready for 'kubectl apply'.
    Policies(policies::Policies),
}

impl Operator {
    /// Runs the command to completion.
    ///
    /// *Errors*: the reason why the command stopped, worded for the user.
    pub async fn execute(self) -> anyhow::Result<()> {
        let filter = log::start(&self.log, self.log_format).with_context(|| format!("--log {}", self.log))?;
        match self.command {
            Command::Run(run) => run.execute(filter).await,
            Command::Preflight(preflight) => preflight.execute().await,
            Command::Crd(crd) => crd.execute(),
            Command::Policies(policies) => policies.execute(),
        }
    }
}

/// Prints the output of a command. A closed pipe, as in `| head`, is not an error.
///
/// *Errors*: standard output cannot be written.
fn print(text: &str) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        written => written.context("writing to standard output"),
    }
}

/// Formats an error with its causes. A cause that the text already contains is left out.
pub fn describe(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |text, cause| match text.as_str() {
        "" => cause,
        known if known.contains(&cause) => text,
        known => format!("{known}: {cause}"),
    })
}

#[cfg(test)]
mod tests {
    use super::describe;

    #[test]
    fn each_cause_is_printed_once() {
        let cause = std::io::Error::other("no such file");
        let error =
            anyhow::Error::new(cause).context("config: no such file").context("loading the Kubernetes configuration");
        assert_eq!("loading the Kubernetes configuration: config: no such file", describe(&error));
        let error = anyhow::anyhow!("the address is taken").context("starting the sandbox");
        assert_eq!("starting the sandbox: the address is taken", describe(&error));
    }
}
