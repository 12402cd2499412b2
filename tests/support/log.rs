//! What all operators of a run logged that ran in its own process, at their loudest.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom};
use std::sync::{Arc, OnceLock};

use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;

use super::assets;

static LOG: OnceLock<Arc<File>> = OnceLock::new();

/// Listens from now on; only the first call counts. Of other crates the process's own log is looked at, where they are as loud.
pub fn listen() {
    LOG.get_or_init(|| {
        let file = Arc::new(open().expect("a file for the log"));
        let filter = EnvFilter::new("nimbus_operator=trace");
        let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
        subscriber.with_writer(file.clone()).try_init().expect("nobody else listens");
        file
    });
}

/// The log so far.
pub fn so_far() -> Result<String> {
    let mut file = LOG.get().context("nobody listened")?.try_clone()?;
    // Writers append, wherever a reader is.
    file.seek(SeekFrom::Start(0))?;
    let mut bytes = vec![];
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A file without a name, which is gone with the process.
fn open() -> Result<File> {
    let folder = assets::scratch()?;
    std::fs::create_dir_all(&folder)?;
    let path = folder.join(format!("operators-{}.log", std::process::id()));
    let file = OpenOptions::new().create_new(true).read(true).append(true).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}
