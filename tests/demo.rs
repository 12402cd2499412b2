//! `make demo`: a cluster, a platform and the operator on this machine, to try out.
//!
//! The control plane and the binary are real, with production durations and ordinary users; the platform is the sandbox.
//! Everything stops with this program. `--oneshot` runs the proposed steps, checks each result, and exits.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "shares the harness of the tests and prints for the user"
)]

#[path = "demo/environment.rs"]
mod environment;
#[path = "demo/scenes.rs"]
mod scenes;
mod support;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Parser;
use nimbus_operator::cli::stop_signal;

use environment::Environment;
use support::{assets, users};

/// Starts a cluster, a platform and the operator on this machine.
#[derive(Parser)]
#[command(name = "demo")]
struct Arguments {
    /// Run the proposed steps, check each result, and exit.
    #[arg(long)]
    oneshot: bool,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Always cleans up; a signal ends the demo successfully.
async fn run(arguments: &Arguments) -> Result<()> {
    let mut stop = std::pin::pin!(stop_signal()?);
    let environment = tokio::select! {
        environment = Environment::start() => environment?,
        () = &mut stop => return Ok(()),
    };
    let outcome = tokio::select! {
        outcome = show(&environment, arguments.oneshot) => outcome,
        () = &mut stop => Ok(()),
    };
    if outcome.is_err() {
        eprintln!("the end of the operator's log:\n{}", environment.operator_lines());
    }
    say("stopping");
    environment.stop().await?;
    outcome
}

async fn show(environment: &Environment, oneshot: bool) -> Result<()> {
    environment.apply_examples().await?;
    say("waiting until every Tenant is Ready");
    environment.until_all_ready().await?;
    print_table(environment).await?;
    if oneshot {
        scenes::perform_all(environment).await
    } else {
        print_invitation(environment)?;
        watch_over(environment).await
    }
}

async fn print_table(environment: &Environment) -> Result<()> {
    let arguments = ["get", "tenants.nimbus.luware.com", "-A", "-o", "wide"];
    println!("\n$ kubectl {}\n{}", arguments.join(" "), environment.kubectl(&arguments).await?);
    Ok(())
}

fn print_invitation(environment: &Environment) -> Result<()> {
    let kubectl = assets::program("kubectl")?;
    let folder = kubectl.parent().unwrap_or(&kubectl).display();
    println!("In another terminal:\n");
    println!("  export KUBECONFIG={}", environment.kubeconfig().display());
    println!("  export PATH={folder}:$PATH\n");
    for (index, scene) in scenes::ALL.iter().enumerate() {
        println!("{}. {}", index + 1, scene.title());
        for step in scene.steps().into_iter().chain(scene.afterwards()) {
            println!("  {}", step.as_shell(environment));
        }
        println!();
    }
    println!("The current user is {}; `--context` switches to {}.", users::PLATFORM_ADMIN, users::TENANT_EDITOR);
    println!("The logs are in {}. Ctrl-C stops everything.", environment.logs().display());
    Ok(())
}

/// Returns only when a program has died, with the end of its log.
async fn watch_over(environment: &Environment) -> Result<()> {
    let mut look = tokio::time::interval(Duration::from_secs(1));
    loop {
        look.tick().await;
        environment.check()?;
    }
}

/// Prints a line of progress with the time since the start.
fn say(what: &str) {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let since = START.get_or_init(Instant::now).elapsed();
    println!("[{:5.1} s] {what}", since.as_secs_f32());
}
