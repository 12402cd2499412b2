//! `nimbus-operator preflight`: the start-up checks alone.

use clap::Args;

use super::run::Run;
use crate::controller;
use crate::telemetry::Telemetry;

/// Check what 'run' needs with the same arguments, and exit: 0 if the operator could work, 1 with everything that is missing.
///
/// Checks CRDs, permissions, namespaces and CA certificates as 'run' does before it starts, and that the admission policies are in
/// force. Changes nothing, serves nothing, and elects no leader.
#[derive(Debug, Args)]
pub struct Preflight {
    /// The arguments of 'run'.
    #[command(flatten)]
    pub run: Run,
}

impl Preflight {
    /// Runs the checks.
    ///
    /// *Errors*: Kubernetes is not reachable, or what the checks found.
    pub async fn execute(self) -> anyhow::Result<()> {
        let (cluster, options) = self.run.connect(Telemetry::default()).await?;
        controller::check(&cluster, &options).await?;
        super::print("passed: CRDs, permissions, namespaces and admission policies are as the operator needs them\n")
    }
}
