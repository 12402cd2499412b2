//! Counts the instructions of one case.

use std::process::Command;

use anyhow::{Context, Result, ensure};

/// The repetitions of both runs.
const FEW: u64 = 10;
const MANY: u64 = 110;

/// Instructions of one repetition.
pub fn instructions(case: &str) -> Result<u64> {
    let (few, many) = (collected(case, FEW)?, collected(case, MANY)?);
    Ok(many.saturating_sub(few) / (MANY - FEW))
}

/// Instructions of a whole run.
fn collected(case: &str, count: u64) -> Result<u64> {
    let own = std::env::current_exe()?;
    let mut command = Command::new("valgrind");
    // The result is on standard error; the profile itself is not needed.
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(own).args([case, &count.to_string()]);
    let output = command.output().context("running valgrind; on Debian, apt-get install valgrind")?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{case}: {text}");
    let line = text.lines().find_map(|line| line.split_once("Collected :"));
    let (_, number) = line.with_context(|| format!("no count in: {text}"))?;
    number.trim().parse().with_context(|| format!("not a count: {number}"))
}
