//! The `nimbus-operator` binary: arguments, one command, exit code. 0 is success, 1 a failure, 2 invalid arguments.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use nimbus_operator::cli::{Operator, describe};
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    let operator = Operator::parse();
    // Two rustls providers are compiled in, so the default must be chosen; reqwest is built without one.
    drop(rustls::crypto::ring::default_provider().install_default());
    match execute(operator) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed standard error leaves no way to report the failure.
            drop(writeln!(std::io::stderr(), "error: {}", describe(&error)));
            ExitCode::FAILURE
        }
    }
}

fn execute(operator: Operator) -> anyhow::Result<()> {
    let runtime = Runtime::new()?;
    let outcome = runtime.block_on(operator.execute());
    // A host name that is being looked up cannot be cancelled, and must not delay the end.
    runtime.shutdown_background();
    outcome
}
