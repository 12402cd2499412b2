//! `nimbus-operator crd`: the CRDs of this version.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use crate::manifests::crd;

/// Print the CRDs, ready for 'kubectl apply'.
#[derive(Debug, Args)]
pub struct Crd {
    /// Write one file per CRD to this directory instead of printing them.
    #[arg(long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,
}

impl Crd {
    /// Prints or writes the CRDs.
    ///
    /// *Errors*: the directory or standard output cannot be written.
    pub fn execute(self) -> anyhow::Result<()> {
        for (name, document) in crd::all() {
            let text = crd::to_yaml(&document)?;
            match &self.output_dir {
                Some(folder) => {
                    let path = folder.join(name);
                    std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
                }
                None => super::print(&format!("---\n{text}"))?,
            }
        }
        Ok(())
    }
}
