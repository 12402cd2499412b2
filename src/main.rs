//! The `nimbus-operator` binary: arguments, one command, exit code. 0 is success, 1 a failure, 2 a mistake in the arguments.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use nimbus_operator::cli::{Operator, tell};

#[tokio::main]
async fn main() -> ExitCode {
    let operator = Operator::parse();
    // rustls refuses to guess where two providers are compiled in, and reqwest brings none.
    drop(rustls::crypto::ring::default_provider().install_default());
    match operator.execute().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nobody left to tell when standard error is closed.
            drop(writeln!(std::io::stderr(), "error: {}", tell(&error)));
            ExitCode::FAILURE
        }
    }
}
