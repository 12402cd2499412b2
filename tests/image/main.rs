//! `make image`: packs the built binaries as OCI images, each with a software bill of materials beside it.
#![allow(clippy::print_stdout, clippy::expect_used, reason = "a tool for the command line")]

mod oci;
mod roots;
mod sbom;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Parser;
use jiff::Timestamp;
use serde_json::json;

use oci::{File, Image, archive, digest};
use sbom::Crates;

/// The goal of the operator's image.
const MOST: usize = 20 * 1024 * 1024;

/// Pack the binaries of a target as OCI images.
#[derive(Debug, Parser)]
struct Pack {
    /// Target triple that they were built for.
    #[arg(long)]
    target: String,
    /// Folder with the binaries.
    #[arg(long)]
    binaries: PathBuf,
    /// Folder to write to.
    #[arg(long)]
    output: PathBuf,
    /// Registry that the images are meant for, as in the value `image.registry` of the charts.
    #[arg(long, default_value = "")]
    registry: String,
    /// Time of the image, in seconds since 1970.
    #[arg(long, env = "SOURCE_DATE_EPOCH", default_value_t = 0)]
    epoch: i64,
    /// Commit that they were built from.
    #[arg(long, default_value = "")]
    revision: String,
}

fn main() -> Result<()> {
    let pack = Pack::parse();
    let crates = Crates::read(Path::new(env!("CARGO_MANIFEST_DIR")), &pack.target)?;
    std::fs::create_dir_all(&pack.output)?;
    for (program, title) in [
        ("nimbus-operator", "Reconciles Tenants of Nimbus with the admin API of the platform"),
        ("nimbus-sandbox", "The reference platform of nimbus-operator, to try it. Not for production"),
    ] {
        pack.image(&crates, program, title).with_context(|| program.to_owned())?;
    }
    Ok(())
}

impl Pack {
    fn image(&self, crates: &Crates, program: &str, title: &str) -> Result<()> {
        let architecture = architecture(&self.target)?;
        let path = self.binaries.join(program);
        let binary = std::fs::read(&path).with_context(|| path.display().to_string())?;
        ensure!(is_static(&binary), "{} needs a loader; build it with -C target-feature=+crt-static", path.display());
        let mut files = vec![File { path: program.to_owned(), mode: 0o755, content: binary }];
        if program == "nimbus-operator" {
            files.push(File { path: roots::PATH.to_owned(), mode: 0o644, content: roots::bundle().into_bytes() });
        }
        let version = env!("CARGO_PKG_VERSION");
        let name = oci::name(&self.registry, program, version);
        let created = Timestamp::from_second(self.epoch)?.to_string();
        let mut labels = json!({
            "org.opencontainers.image.title": program, "org.opencontainers.image.description": title,
            "org.opencontainers.image.version": version, "org.opencontainers.image.licenses": env!("CARGO_PKG_LICENSE"),
            "org.opencontainers.image.vendor": "nimbus-operator", "org.opencontainers.image.created": created,
        });
        if !self.revision.is_empty() {
            labels["org.opencontainers.image.revision"] = json!(self.revision);
        }
        let image = Image {
            name: &name,
            architecture,
            entrypoint: &format!("/{program}"),
            created: &created,
            labels: &labels,
            files: &files,
        };
        let bytes = archive(&image);
        ensure!(bytes.len() <= MOST, "{} bytes are more than {MOST}", bytes.len());
        let archive = self.output.join(format!("{program}-{version}-{architecture}.tar"));
        std::fs::write(&archive, &bytes)?;
        let bill = self.output.join(format!("{program}-{version}-{architecture}.cdx.json"));
        std::fs::write(&bill, serde_json::to_string_pretty(&crates.document(program)?)? + "\n")?;
        println!("{name}: {} ({} bytes, {})", archive.display(), bytes.len(), digest(&bytes));
        Ok(())
    }
}

fn architecture(target: &str) -> Result<&'static str> {
    match target.split('-').next() {
        Some("x86_64") => Ok("amd64"),
        Some("aarch64") => Ok("arm64"),
        _ => anyhow::bail!("no image is made for {target}"),
    }
}

/// Whether a program needs no loader: a 64-bit ELF file without an interpreter.
fn is_static(binary: &[u8]) -> bool {
    let number = |at: usize, length: usize| {
        let bytes = binary.get(at..at + length).unwrap_or_default();
        bytes.iter().rev().fold(0_usize, |number, byte| number << 8 | usize::from(*byte))
    };
    const INTERPRETER: usize = 3;
    let (first, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    binary.starts_with(b"\x7fELF\x02") && (0..count).all(|index| number(first + index * size, 4) != INTERPRETER)
}
