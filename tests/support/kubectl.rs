//! The real kubectl, as users run it.

use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result};

use super::{assets, process};

/// kubectl with one kubeconfig.
pub struct Kubectl {
    kubeconfig: PathBuf,
}

/// The result of a run of kubectl.
#[derive(Debug)]
pub struct Output {
    /// Its exit status.
    pub status: ExitStatus,
    /// Standard output.
    pub stdout: String,
    /// Standard error: warnings and errors.
    pub stderr: String,
}

impl Kubectl {
    /// Uses this kubeconfig and nothing from the environment of the tests.
    pub fn new(kubeconfig: PathBuf) -> Self {
        Self { kubeconfig }
    }

    /// Runs kubectl to completion. A failure of kubectl is an `Output`, not an error.
    pub async fn run(&self, arguments: &[&str]) -> Result<Output> {
        let home = self.kubeconfig.parent().context("a kubeconfig at the root")?;
        let mut command = Command::new(assets::program("kubectl")?);
        command
            .args(arguments)
            .env_clear()
            .env("KUBECONFIG", &self.kubeconfig)
            .env("HOME", home)
            .env("KUBERC", "off")
            // `kubectl diff` runs diff.
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let line = format!("kubectl {}", arguments.join(" "));
        let child = process::spawn(command).with_context(|| format!("starting {line}"))?;
        let output = tokio::task::spawn_blocking(|| child.wait_with_output()).await?;
        let output = output.with_context(|| format!("running {line}"))?;
        Ok(Output {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }
}
