//! The log of all operators that run in this process, at trace level, and the logs that a failed test leaves behind.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;

use super::assets;

static LOG: OnceLock<Arc<File>> = OnceLock::new();

/// Starts logging; only the first call has an effect. Other crates log to the output of the test, as always.
pub fn listen() {
    LOG.get_or_init(|| {
        let file = Arc::new(open().expect("a file for the log"));
        let filter = EnvFilter::new("nimbus_operator=trace");
        let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
        subscriber.with_writer(file.clone()).try_init().expect("no other subscriber");
        file
    });
}

/// Returns the log so far.
pub fn so_far() -> Result<String> {
    let mut file = LOG.get().context("listen was not called")?.try_clone()?;
    // Writers append, so moving the position of the reader does not affect them.
    file.seek(SeekFrom::Start(0))?;
    let mut bytes = vec![];
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// An unlinked file, which is gone with the process.
fn open() -> Result<File> {
    let folder = assets::scratch()?;
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("operators-{}.log", std::process::id()));
    let file = OpenOptions::new().create_new(true).read(true).append(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// Keeps the logs of a test that fails. The control plane removes its own at the end of the run.
pub struct KeptOnFailure {
    /// What the lines of this test contain: names of namespaces and users.
    pub names: Vec<String>,
    /// The audit log of the control plane.
    pub audit: PathBuf,
}

impl Drop for KeptOnFailure {
    fn drop(&mut self) {
        if std::thread::panicking() {
            keep("operator", &self.own_lines(&so_far().unwrap_or_default()));
            keep("audit", &self.own_lines(&std::fs::read_to_string(&self.audit).unwrap_or_default()));
        }
    }
}

impl KeptOnFailure {
    fn own_lines(&self, text: &str) -> String {
        let own = |line: &&str| self.names.iter().any(|name| mentions(line, name));
        text.lines().filter(own).flat_map(|line| [line, "\n"]).collect()
    }
}

/// Whether a line contains a name that ends in a number, and not only one with further digits.
fn mentions(line: &str, name: &str) -> bool {
    let mut ends = line.match_indices(name).map(|(start, _)| &line[start + name.len()..]);
    ends.any(|rest| !rest.starts_with(|next: char| next.is_ascii_digit()))
}

/// Appends to a log of the running test, which `tests/summary.sh` lists if the test fails.
#[allow(clippy::print_stderr, reason = "the test runner prints it with the failure")]
pub fn keep(kind: &str, text: &str) {
    let write = || -> Result<()> {
        // The test runner names the thread after the test.
        let test = std::thread::current().name().unwrap_or("unnamed").replace("::", ".");
        let folder = assets::failure_logs()?;
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{test}.{kind}.log"));
        Ok(OpenOptions::new().create(true).append(true).open(path)?.write_all(text.as_bytes())?)
    };
    if let Err(error) = write().with_context(|| format!("keeping the {kind} log")) {
        eprintln!("{error:#}");
    }
}
