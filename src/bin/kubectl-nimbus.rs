//! The `kubectl-nimbus` binary: arguments, one command, exit code. 1 is a failure, also of the arguments: 2 says that a plan has
//! changes.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use nimbus_operator::cli::{Nimbus, describe};
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let nimbus = match Nimbus::try_parse() {
        Ok(nimbus) => nimbus,
        Err(error) => {
            // Help and version are no failures. A closed output leaves no way to show them.
            drop(error.print());
            return if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    // Two rustls providers are compiled in, so the default must be chosen; reqwest is built without one.
    drop(rustls::crypto::ring::default_provider().install_default());
    match execute(nimbus) {
        Ok(code) => code,
        Err(error) => {
            drop(writeln!(std::io::stderr(), "error: {}", describe(&error)));
            ExitCode::FAILURE
        }
    }
}

fn execute(nimbus: Nimbus) -> anyhow::Result<ExitCode> {
    let runtime = Runtime::new()?;
    let outcome = runtime.block_on(nimbus.execute());
    // A host name that is being looked up cannot be cancelled, and must not delay the end.
    runtime.shutdown_background();
    outcome
}
