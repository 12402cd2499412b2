//! `kubectl nimbus explain`: what a reason or a setting means, from the tables that the docs are made of.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;

use crate::manifests::crd;
use crate::resources::Reason;
use crate::settings::{Leaf, leaves};

/// Explain a reason of a condition or a setting.
#[derive(Debug, Args)]
pub struct Explain {
    /// A reason, e.g. 'NotAdopted', or the path of a setting, e.g. 'general.crmId'; a part of the path lists the settings below it.
    #[arg(value_name = "REASON|FIELD")]
    pub what: String,
}

impl Explain {
    /// Prints what is known.
    ///
    /// *Errors*: it is neither a reason nor a setting.
    pub fn execute(self) -> anyhow::Result<ExitCode> {
        let text = match Reason::parse(&self.what) {
            Some(reason) => {
                format!("{}\n  {}\n  docs/runbook.md has a section for it.\n", reason.as_str(), reason.hint())
            }
            None => settings(&self.what),
        };
        if text.is_empty() {
            bail!("'{}' is neither a reason nor a setting; docs/runbook.md and docs/settings.md list them", self.what);
        }
        super::print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// The settings at a path or below it.
fn settings(path: &str) -> String {
    let path = path.strip_prefix("spec.").unwrap_or(path).trim_end_matches('.');
    let is_meant =
        |leaf: &&Leaf| leaf.path == path || leaf.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
    let schema = crd::tenant_spec();
    leaves()
        .filter(is_meant)
        .map(|leaf| {
            let text =
                crd::member(&schema, leaf.path).and_then(|member| member["description"].as_str()).unwrap_or_default();
            format!("{leaf}\n  {text}\n")
        })
        .collect()
}
