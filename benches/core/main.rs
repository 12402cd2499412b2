//! `make bench-instructions`: how many instructions the pure core takes for one Tenant, counted by callgrind. It has no clock, no I/O
//! and one thread, so the counts are the same on every machine with the same compiler, and a change of 2 % is a change of the code.
//!
//! Without arguments, this program runs itself in callgrind for each case with two numbers of repetitions: what is between them is the
//! repetitions, without the start of the program. It compares the counts with `benches/baseline.json`; `UPDATE=1` writes them.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints its result")]

mod baseline;
mod callgrind;
mod cases;

use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use cases::{CASES, Fixture};

fn main() -> ExitCode {
    // The first one is what cargo passes to every benchmark.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let outcome = match arguments.as_slice() {
        [] => baseline::compare(),
        [name, count] => repeat(name, count).map(|()| ExitCode::SUCCESS),
        _ => Err(anyhow::anyhow!("takes nothing, or a case and a number")),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("bench-instructions: {error:#}");
        ExitCode::FAILURE
    })
}

/// Runs one case so many times.
fn repeat(name: &str, count: &str) -> Result<()> {
    let (Some(case), count) = (CASES.iter().find(|case| case.name == name), count.parse::<u32>()?) else {
        bail!("no case {name}");
    };
    let fixture = Fixture::new().context("preparing the case")?;
    for _ in 0..count {
        (case.run)(&fixture)?;
    }
    Ok(())
}
