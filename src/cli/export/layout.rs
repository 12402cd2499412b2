//! Where the objects of an export go.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

use super::Layout;
use super::objects::Exported;
use crate::cli::files::emit;

/// What happens to a folder that holds files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// It is refused.
    Refused,
    /// Files of the same path are replaced, and others stay.
    Replaced,
}

/// The files of an export, by their path in its folder.
pub fn files(exported: &Exported, layout: Layout) -> BTreeMap<PathBuf, String> {
    let Exported { tenants, partners, todo } = exported;
    let mut files = BTreeMap::new();
    for (folder, objects) in [("partners", partners), ("tenants", tenants)] {
        for (name, object) in objects {
            files.insert(Path::new(folder).join(format!("{name}.yaml")), emit::document(object));
        }
    }
    match layout {
        Layout::Flat => {}
        Layout::Kustomize => {
            let resources: String = files.keys().map(|path| format!("  - {}\n", path.display())).collect();
            let text =
                format!("apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n{resources}");
            files.insert("kustomization.yaml".into(), text);
        }
    }
    let items: String = todo.iter().map(|item| format!("- [ ] {item}\n")).collect();
    files.insert("TODO.md".into(), format!("# To do after the export\n\n{items}"));
    files
}

/// Writes the files, each whole or not at all. The folder is only looked at first, so that a refusal leaves nothing behind.
///
/// *Errors*: the folder holds files and nothing may be replaced, or one cannot be written.
pub fn write(folder: &Path, files: &BTreeMap<PathBuf, String>, existing: Existing) -> anyhow::Result<()> {
    let is_free = match fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == ErrorKind::NotFound,
    };
    ensure!(
        existing == Existing::Replaced || is_free,
        "{} is not empty: name another --output-dir, or add --overwrite",
        folder.display()
    );
    for (path, text) in files {
        let path = folder.join(path);
        write_one(&path, text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}

fn write_one(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    // Beside it, so that an interruption leaves no half of a file under its name.
    let unfinished = path.with_extension("unfinished");
    fs::write(&unfinished, text)?;
    fs::rename(&unfinished, path)
}
