//! The alerts and dashboards of the chart: they use metrics that exist, fire when they should, and lead to a page that helps.

mod alerts;
mod commands;
mod dashboards;
mod promql;
mod rendered;
mod vocabulary;

use std::path::{Path, PathBuf};

use crate::support::assets;

/// A folder of the chart's files.
fn folder(name: &str) -> PathBuf {
    assets::checkout().join("charts/nimbus-operator/files").join(name)
}

/// The files of a folder with an extension, in order.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = entries.filter(|path| path.extension().is_some_and(|found| found == extension)).collect();
    files.sort();
    assert!(!files.is_empty(), "{}", folder.display());
    files
}

/// The page of the alerts.
fn page() -> String {
    std::fs::read_to_string(assets::checkout().join("docs/alerts.md")).unwrap()
}
