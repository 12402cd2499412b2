//! A backup of etcd, and a cluster that goes back to it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::{ControlPlane, boot};

/// What etcd held at a moment.
pub struct Backup(PathBuf);

impl ControlPlane {
    /// Copies the data of etcd, which stands still meanwhile.
    pub fn back_up(&self) -> Result<Backup> {
        let copy = self.folder().join(format!("backup-{}", uuid::Uuid::new_v4().simple()));
        let programs = self.programs();
        let etcd = programs.iter().find(|program| program.process.name() == "etcd").context("no etcd")?;
        etcd.process.signal(libc::SIGSTOP)?;
        let copied = copy_folder(&boot::etcd_data(&self.folder), &copy);
        etcd.process.signal(libc::SIGCONT)?;
        copied.map(|()| Backup(copy))
    }

    /// Brings the backup back, as the documentation of Kubernetes says it: every program is stopped before, and started after it.
    pub async fn restore(&self, backup: &Backup) -> Result<()> {
        {
            let mut programs = self.programs();
            programs.iter().rev().for_each(|program| program.process.kill());
            let data = boot::etcd_data(&self.folder);
            fs::remove_dir_all(&data).context("removing the data of etcd")?;
            copy_folder(&backup.0, &data)?;
            for program in programs.iter_mut() {
                *program = boot::start_program(&self.folder, program.process.name(), program.flags.clone())?;
            }
        }
        boot::ready(self).await.map(drop)
    }
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from).with_context(|| format!("reading {}", from.display()))? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
