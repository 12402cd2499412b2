//! The `nimbus-operator` binary: arguments, one command, exit code. 0 is success, 1 a failure, 2 invalid arguments.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use nimbus_operator::cli::{Operator, describe};

#[tokio::main]
async fn main() -> ExitCode {
    let operator = Operator::parse();
    // Two rustls providers are compiled in, so the default must be chosen; reqwest is built without one.
    drop(rustls::crypto::ring::default_provider().install_default());
    match operator.execute().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed standard error leaves no way to report the failure.
            drop(writeln!(std::io::stderr(), "error: {}", describe(&error)));
            ExitCode::FAILURE
        }
    }
}
