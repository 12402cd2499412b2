//! The command line of `kubectl-nimbus`, which people use as `kubectl nimbus`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::explain::Explain;
use super::export::Export;
use super::plan::Plan;
use super::request::{Check, Sync};
use super::status::Status;
use super::validate::Validate;

/// Checks and plans Tenants of Nimbus, before and after they are in a cluster.
#[derive(Debug, Parser)]
#[command(name = "kubectl-nimbus", bin_name = "kubectl nimbus", version = env!("NIMBUS_VERSION"), max_term_width = 110)]
pub struct Nimbus {
    /// The command.
    #[command(subcommand)]
    pub command: NimbusCommand,
}

/// The commands of `kubectl-nimbus`.
#[derive(Debug, Subcommand)]
pub enum NimbusCommand {
    /// Check files offline: everything that the API server refuses by schema or rule, and what YAML gets wrong before.
    Validate(Validate),
    /// Show what a merge would do on the platform.
    Plan(Box<Plan>),
    /// Write the tenants of a platform as files for git.
    Export(Box<Export>),
    /// Show how Tenants are and whose turn it is.
    Status(Box<Status>),
    /// Reconcile a Tenant now, and wait for the outcome.
    Sync(Box<Sync>),
    /// Repeat all checks of a Tenant now, and wait for the results.
    Check(Box<Check>),
    /// Explain a reason of a condition or a setting.
    Explain(Explain),
}

impl Nimbus {
    /// Runs the command to completion.
    ///
    /// *Errors*: the reason why the command stopped, worded for the user.
    pub async fn execute(self) -> anyhow::Result<ExitCode> {
        match self.command {
            NimbusCommand::Validate(validate) => validate.execute(),
            NimbusCommand::Plan(plan) => plan.execute().await,
            NimbusCommand::Export(export) => export.execute().await,
            NimbusCommand::Status(status) => status.execute().await,
            NimbusCommand::Sync(sync) => sync.execute().await,
            NimbusCommand::Check(check) => check.execute().await,
            NimbusCommand::Explain(explain) => explain.execute(),
        }
    }
}
