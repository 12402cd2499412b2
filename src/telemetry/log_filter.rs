//! The log filter that a file holds, so that it can be changed while the process runs: in a pod, the file is a key of a ConfigMap
//! that is mounted as a directory. No request and no signal changes it, so who may change it is decided by who may write the file.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tracing::{info, warn};
use tracing_subscriber::reload;
use tracing_subscriber::{EnvFilter, Registry};

/// Between two looks at the file.
const LOOK: Duration = Duration::from_secs(5);
/// A longer text is no filter.
const LONGEST: u64 = 4096;

/// The filter of the log of this process.
pub struct Filter {
    /// What it is where the file says nothing.
    pub(super) given: String,
    /// `None` where another log of this process was there first.
    pub(super) handle: Option<reload::Handle<EnvFilter, Registry>>,
}

/// What a look at the file came to.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    /// Nothing new.
    Same,
    /// This filter counts from now on.
    Changed(String),
    /// What it says is no filter; the one before stays.
    Unusable(String),
}

impl Filter {
    /// Follows a file for as long as it is polled. It never ends by itself.
    pub async fn follow(self, file: PathBuf) {
        let mut last = self.given.clone();
        loop {
            match look(&file, &self.given, &last) {
                Found::Same => {}
                Found::Changed(filter) => {
                    self.set(&filter);
                    last = filter;
                }
                Found::Unusable(filter) => {
                    warn!(file = %file.display(), "the log filter of the file cannot be read; the one before stays");
                    last = filter;
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn set(&self, filter: &str) {
        let Some((handle, parsed)) = self.handle.as_ref().zip(EnvFilter::try_new(filter).ok()) else { return };
        // Said under both filters, as far as they let it pass.
        info!(filter, "the log filter changes");
        if handle.reload(parsed).is_ok() {
            info!(filter, "the log filter changed");
        }
    }
}

/// Compares the file with what it said last. One that is missing or empty means the filter that was given.
fn look(file: &Path, given: &str, last: &str) -> Found {
    let text = match read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        // It may be readable again the next time.
        Err(_) => return Found::Same,
    };
    let filter = if text.trim().is_empty() { given } else { text.trim() };
    if filter == last {
        Found::Same
    } else if EnvFilter::try_new(filter).is_err() {
        Found::Unusable(filter.to_owned())
    } else {
        Found::Changed(filter.to_owned())
    }
}

fn read(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    std::fs::File::open(file)?.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use super::*;

    #[test]
    fn a_file_replaces_the_filter_until_it_is_empty_or_gone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("filter");
        let look = |last: &str| look(&file, "info", last);
        let write = |text: &str| std::fs::write(&file, text).unwrap();
        assert_eq!(Found::Same, look("info"), "there is none");
        write("nimbus_operator=debug\n");
        assert_eq!(Found::Changed("nimbus_operator=debug".to_owned()), look("info"));
        assert_eq!(Found::Same, look("nimbus_operator=debug"));
        write("nimbus_operator=loud");
        assert_eq!(Found::Unusable("nimbus_operator=loud".to_owned()), look("nimbus_operator=debug"));
        assert_eq!(Found::Same, look("nimbus_operator=loud"), "it is said once");
        write(" \n");
        assert_eq!(Found::Changed("info".to_owned()), look("nimbus_operator=debug"));
        std::fs::remove_file(&file).unwrap();
        assert_eq!(Found::Changed("info".to_owned()), look("nimbus_operator=debug"));
        std::fs::create_dir(&file).unwrap();
        assert_eq!(Found::Same, look("nimbus_operator=debug"), "what cannot be read says nothing");
    }
}
