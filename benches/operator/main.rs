//! `make bench`: the built operator against a real control plane and the reference platform, beside two others that do the same:
//!
//! ```text
//! operator   the built binary, release by default
//! oracle     exactly the requests that cannot be avoided, at the same concurrency: the speed limit of this machine at this hour
//! peer       a stock kube-rs operator: Controller, finalizer(), Recorder, a status patch in every pass
//! ```
//!
//! Each runs as a process of its own on a fresh control plane. Requests are counted from the audit log and the log of the platform,
//! CPU is utime and stime of each process. `course` has the scenarios, `cost` what a create costs the API server by part.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "a benchmark prints, and shares the harness of the tests"
)]

mod arguments;
mod cost;
mod counts;
mod course;
mod environment;
mod load;
mod oracle;
mod peer;
mod platform;
mod process;
mod report;
mod scenarios;
mod subject;
mod support;
mod watched;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use arguments::{Arguments, Command};

#[tokio::main]
async fn main() -> ExitCode {
    support::http::install_tls_provider();
    match run(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<()> {
    match command {
        Command::Run(arguments) => course::run(&arguments).await,
        Command::Cost(arguments) => cost::run(&arguments).await,
        Command::Peer(arguments) => peer::run(arguments).await,
        Command::Oracle(arguments) => oracle::run(arguments).await,
    }
}
