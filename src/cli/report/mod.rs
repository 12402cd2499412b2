//! What `validate` found, in the forms that people and programs read.

mod github;
mod json;
mod junit;
mod sarif;
mod text;

use clap::ValueEnum;

use super::check::object::Judged;
use super::finding::{Finding, Severity};

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Form {
    /// One line for each finding, with what to do below it, for people.
    Text,
    /// One object, for programs.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for test reports: a case for each object.
    Junit,
    /// Workflow commands of GitHub Actions, which annotate the lines of a pull request.
    Github,
}

/// What was found in one file.
#[derive(Clone, Debug, Default)]
pub struct FileReport {
    /// Its name.
    pub name: String,
    /// What is wrong with the file as a whole.
    pub findings: Vec<Finding>,
    /// The objects of this operator in it.
    pub objects: Vec<Judged>,
    /// How many objects of other programs it holds, which are not judged.
    pub others: usize,
}

/// What was found in all files.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The files, in the order in which they were read.
    pub files: Vec<FileReport>,
}

/// One finding and where it belongs.
#[derive(Clone, Copy, Debug)]
struct Entry<'r> {
    file: &'r str,
    object: Option<&'r Judged>,
    finding: &'r Finding,
}

/// The figures of a report.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files that were read.
    pub files: usize,
    /// Objects that were judged.
    pub objects: usize,
    /// Objects of other programs.
    pub others: usize,
    /// Findings that are errors.
    pub errors: usize,
    /// Findings that are warnings.
    pub warnings: usize,
}

impl Judged {
    /// Kind, namespace and name, as far as they are known.
    pub fn title(&self) -> String {
        let Self { kind, namespace, name, .. } = self;
        let kind = if kind.is_empty() { "object" } else { kind };
        match (namespace.is_empty(), name.is_empty()) {
            (_, true) => format!("{kind} without a name"),
            (true, false) => format!("{kind} {name}"),
            (false, false) => format!("{kind} {namespace}/{name}"),
        }
    }
}

impl Report {
    /// The figures.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { files: self.files.len(), ..Counts::default() };
        for file in &self.files {
            counts.objects += file.objects.len();
            counts.others += file.others;
        }
        for entry in self.entries() {
            match entry.finding.rule.severity() {
                Severity::Error => counts.errors += 1,
                Severity::Warning => counts.warnings += 1,
            }
        }
        counts
    }

    /// The whole text in a form.
    ///
    /// *Errors*: never in practice; texts and numbers always have a JSON form.
    pub fn render(&self, form: Form) -> anyhow::Result<String> {
        match form {
            Form::Text => Ok(text::render(self)),
            Form::Json => json::render(self),
            Form::Sarif => sarif::render(self),
            Form::Junit => Ok(junit::render(self)),
            Form::Github => Ok(github::render(self)),
        }
    }

    /// All findings, in the order of files and places.
    fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        self.files.iter().flat_map(|file| {
            let of_file = file.findings.iter().map(|finding| Entry { file: &file.name, object: None, finding });
            let of_objects = file.objects.iter().flat_map(|object| {
                object.findings.iter().map(|finding| Entry { file: &file.name, object: Some(object), finding })
            });
            let mut entries: Vec<_> = of_file.chain(of_objects).collect();
            entries.sort_by_key(|entry| entry.finding.at);
            entries
        })
    }
}

#[cfg(test)]
mod tests;
