//! The operator as its users run it: the built binary, as a process of its own.

use std::path::Path;
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};

use super::process::Process;
use super::{assets, wait};

/// Longer than a running pass may take.
const STOP_DEADLINE: Duration = Duration::from_secs(60);

/// A running operator. Dropping it kills it; if the test fails, the end of its log is printed.
pub struct OperatorProcess {
    process: Process,
}

impl OperatorProcess {
    /// Runs the binary with these arguments. Its log is a file next to the kubeconfig.
    ///
    /// It inherits no environment variables but those passed here.
    pub fn start(kubeconfig: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Result<Self> {
        Self::start_program(&assets::operator()?, kubeconfig, arguments, environment)
    }

    /// The same with another program, such as one of an earlier build.
    pub fn start_program(
        program: &Path,
        kubeconfig: &Path,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .env("KUBECONFIG", kubeconfig)
            .env("RUST_BACKTRACE", "1")
            .env("NO_COLOR", "1")
            .envs(environment.iter().copied());
        let log = kubeconfig.with_extension(format!("operator-{number}.log"));
        let process = Process::start("nimbus-operator", command, &log)?;
        Ok(Self { process })
    }

    /// Kills it like a crash (SIGKILL) and returns once it is gone.
    pub fn kill(&self) {
        self.process.kill();
    }

    /// Terminates it (SIGTERM) and returns its exit status.
    pub async fn stop(&self) -> Result<ExitStatus> {
        self.process.terminate()?;
        self.end(STOP_DEADLINE).await
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: i32) -> Result<()> {
        self.process.signal(signal)
    }

    /// Waits until it has ended and returns its exit status.
    pub async fn end(&self, deadline: Duration) -> Result<ExitStatus> {
        wait::try_until("the operator to stop", deadline, || async { self.process.ended().context("it still runs") })
            .await
    }

    /// Returns its exit status, or nothing while it runs.
    pub fn ended(&self) -> Option<ExitStatus> {
        self.process.ended()
    }

    /// Fails if it has ended, with the end of its log.
    pub fn check(&self) -> Result<()> {
        self.process.check()
    }

    /// Returns its output.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Returns the end of its output.
    pub fn last_lines(&self, count: usize) -> String {
        self.process.last_lines(count)
    }

    /// Returns the address that it serves probes and metrics on, once it says it.
    pub async fn served(&self) -> String {
        wait::until("it serves probes and metrics", wait::PATIENCE, async || {
            let log = self.log();
            let line = log.lines().find(|line| line.contains("serving probes and metrics")).ok_or(log.clone())?;
            let (_, address) = line.split_once("address=").ok_or(log.clone())?;
            Ok::<_, String>(address.split_whitespace().next().unwrap_or_default().to_owned())
        })
        .await
    }

    /// Asks it for a path; returns status and body.
    pub async fn ask(&self, path: &str) -> (u16, String) {
        let url = format!("http://{}{path}", self.served().await);
        let answer = super::http::client(None).expect("a client").get(url).send().await.expect("an answer");
        (answer.status().as_u16(), answer.text().await.expect("a text"))
    }

    /// Returns its process id.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }
}

impl Drop for OperatorProcess {
    #[allow(clippy::print_stderr, reason = "the test runner shows it with the failure")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let last = self.process.last_lines(50);
            eprintln!("the last lines of operator {}:\n{last}", self.pid());
            super::log::keep("operator", &self.log());
        }
    }
}
