//! Compares the counts with those that are kept.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::callgrind;
use crate::cases::CASES;

/// In percent: more is a change that has to be meant.
const ALLOWED: f64 = 2.0;

/// The counts that are kept, and what they depend on beside the code.
#[derive(Serialize, Deserialize)]
struct Baseline {
    compiler: String,
    instructions: BTreeMap<String, u64>,
}

/// Prints every count beside that of the baseline. Fails if one differs too much.
pub fn compare() -> Result<ExitCode> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("baseline.json");
    let counts = CASES.iter().map(|case| Ok((case.name.to_owned(), callgrind::instructions(case.name)?)));
    let now = Baseline { compiler: compiler()?, instructions: counts.collect::<Result<_>>()? };
    if std::env::var_os("UPDATE").is_some_and(|update| update == "1") {
        std::fs::write(&path, serde_json::to_string_pretty(&now)? + "\n")?;
    }
    let kept = read(&path)?;
    println!("| case | instructions | baseline | change |\n|---|---|---|---|");
    let mut differs = false;
    for case in CASES {
        let count = now.instructions[case.name];
        let kept = kept.as_ref().and_then(|kept| kept.instructions.get(case.name).copied());
        let change = kept.map(|kept| 100.0 * (count as f64 - kept as f64) / kept as f64);
        differs |= change.is_none_or(|change| change.abs() > ALLOWED);
        let (kept, change) = (kept.map_or("none".into(), |kept| kept.to_string()), change.unwrap_or_default());
        println!("| {} | {count} | {kept} | {change:+.2} % |", case.title);
    }
    let Some(kept) = kept else {
        println!("There is no baseline: UPDATE=1 keeps these counts.");
        return Ok(ExitCode::SUCCESS);
    };
    if kept.compiler != now.compiler {
        println!("The baseline is of {}, and this is {}: UPDATE=1 writes another one.", kept.compiler, now.compiler);
        return Ok(ExitCode::SUCCESS);
    }
    if differs {
        println!("A count changed by more than {ALLOWED} %. If that is meant, UPDATE=1 keeps the new counts.");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

/// The counts that are kept; `None` before the first.
fn read(path: &Path) -> Result<Option<Baseline>> {
    if !path.is_file() {
        return Ok(None);
    }
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Ok(Some(serde_json::from_str(&text)?))
}

/// The compiler and the machine that it compiles for.
fn compiler() -> Result<String> {
    let output = Command::new(std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned())).arg("-vV").output()?;
    let text = String::from_utf8(output.stdout)?;
    let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim().to_owned();
    Ok(format!("rustc {} {}", line("release:"), line("host:")))
}
