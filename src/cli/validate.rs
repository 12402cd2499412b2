//! `kubectl nimbus validate`: files before they meet a cluster.

use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use clap::Args;

use super::check::fleet;
use super::check::object::{Document, judge};
use super::files::find::{Depth, Source, find};
use super::files::yaml;
use super::finding::{Finding, Position, Rule};
use super::report::{FileReport, Form, Report};

/// Check files offline: everything that the API server refuses by schema or rule, and what YAML gets wrong before.
///
/// Reads Tenants, Platforms and Partners; objects of other kinds are counted and not judged. Needs no cluster. Fields that may not
/// change, and who may change which field, only a cluster knows: see 'kubectl nimbus plan'. Exit codes: 0 for valid, with or without
/// warnings, 1 for everything else.
#[derive(Debug, Args)]
pub struct Validate {
    /// File or folder to check, '-' for standard input; repeat or separate with commas. In a folder, files that end in .yaml, .yml or
    /// .json are read.
    #[arg(short = 'f', long = "filename", value_name = "FILE", required = true, value_delimiter = ',')]
    pub files: Vec<PathBuf>,

    /// Read folders in folders, too.
    #[arg(short = 'R', long)]
    pub recursive: bool,

    /// The form of the report.
    #[arg(short = 'o', long, value_enum, default_value_t = Form::Text, value_name = "FORM")]
    pub output: Form,

    /// Exit with 1 for warnings, too.
    #[arg(long)]
    pub strict: bool,

    /// Accept input without any Tenant, Platform or Partner.
    #[arg(long)]
    pub allow_empty: bool,
}

impl Validate {
    /// Checks the files.
    ///
    /// *Errors*: standard output cannot be written.
    pub fn execute(self) -> anyhow::Result<ExitCode> {
        let depth = if self.recursive { Depth::Tree } else { Depth::Folder };
        let mut report = check(&self.files, depth)?;
        if report.counts().objects == 0 && report.counts().errors == 0 && !self.allow_empty {
            let names: Vec<String> = self.files.iter().map(|file| file.display().to_string()).collect();
            let message = "has no Tenant, Platform or Partner";
            let mut finding = Finding::new(Rule::FileEmpty, Position::START, "", message);
            if !self.recursive && self.files.iter().any(|file| file.is_dir()) {
                finding = finding.cured_by("add -R to read folders in folders");
            }
            report.files.push(FileReport { name: names.join(","), findings: vec![finding], ..FileReport::default() });
        }
        super::print(&report.render(self.output)?)?;
        let counts = report.counts();
        let is_valid = counts.errors == 0 && !(self.strict && counts.warnings > 0);
        Ok(if is_valid { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

/// Reads and judges files, on all processors, since a fleet has thousands.
///
/// *Errors*: never in practice; a test reads the schemas of this version.
pub fn check(files: &[PathBuf], depth: Depth) -> anyhow::Result<Report> {
    let found = find(files, depth);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let share = found.sources.len().div_ceil(threads).max(1);
    let judged: Vec<anyhow::Result<Vec<FileReport>>> = thread::scope(|scope| {
        let workers: Vec<_> = found
            .sources
            .chunks(share)
            .map(|sources| scope.spawn(move || sources.iter().map(file).collect::<anyhow::Result<Vec<_>>>()))
            .collect();
        let ended = || anyhow::anyhow!("a thread that judges files ended");
        workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| Err(ended()))).collect()
    });
    let mut report = Report::default();
    for (name, finding) in found.findings {
        report.files.push(FileReport { name, findings: vec![finding], ..FileReport::default() });
    }
    for files in judged {
        report.files.extend(files?);
    }
    let objects = report.files.iter_mut().flat_map(|file| {
        let name = file.name.as_str();
        file.objects.iter_mut().map(move |object| (name, object))
    });
    fleet::check(objects);
    Ok(report)
}

fn file(source: &Source) -> anyhow::Result<FileReport> {
    let name = source.name();
    let text = match source.read() {
        Ok(text) => text,
        Err(finding) => return Ok(FileReport { name, findings: vec![finding], ..FileReport::default() }),
    };
    let (documents, findings) = yaml::parse(&text);
    let mut report = FileReport { name, findings, ..FileReport::default() };
    for document in &documents {
        for judged in judge(document)? {
            match judged {
                Document::Ours(object) => report.objects.push(object),
                Document::Other => report.others += 1,
            }
        }
    }
    Ok(report)
}
