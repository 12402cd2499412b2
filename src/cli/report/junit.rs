//! JUnit XML: a suite for each file and a case for each object, so that a test report shows what is valid, too.

use super::{FileReport, Report};
use crate::cli::finding::{Finding, Severity};
use crate::text::is_printable;

pub(super) fn render(report: &Report) -> String {
    let counts = report.counts();
    let suites: String =
        report.files.iter().filter(|file| !file.objects.is_empty() || !file.findings.is_empty()).map(suite).collect();
    let tests = cases(report.files.iter());
    let head =
        format!("<testsuites name=\"kubectl nimbus validate\" tests=\"{tests}\" failures=\"{}\">", counts.errors);
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{head}\n{suites}</testsuites>\n")
}

/// A file whose text is wrong is a case of its own.
fn cases<'f>(files: impl Iterator<Item = &'f FileReport>) -> usize {
    files.map(|file| file.objects.len() + usize::from(!file.findings.is_empty())).sum()
}

fn suite(file: &FileReport) -> String {
    let own = (!file.findings.is_empty()).then(|| case(file, "file", &file.findings));
    let cases: String = own
        .into_iter()
        .chain(file.objects.iter().map(|object| case(file, &object.title(), &object.findings)))
        .collect();
    let all = file.findings.iter().chain(file.objects.iter().flat_map(|object| &object.findings));
    let failures = all.filter(|finding| finding.rule.severity() == Severity::Error).count();
    let tests = self::cases(std::iter::once(file));
    format!(
        "  <testsuite name=\"{}\" tests=\"{tests}\" failures=\"{failures}\">\n{cases}  </testsuite>\n",
        escaped(&file.name)
    )
}

fn case(file: &FileReport, name: &str, findings: &[Finding]) -> String {
    let head = format!("<testcase name=\"{}\" classname=\"{}\"", escaped(name), escaped(&file.name));
    if findings.is_empty() {
        return format!("    {head}/>\n");
    }
    let results: String = findings.iter().map(|finding| result(file, finding)).collect();
    format!("    {head}>\n{results}    </testcase>\n")
}

fn result(file: &FileReport, finding: &Finding) -> String {
    let place = format!("{}:{}:{}", file.name, finding.at.line, finding.at.column);
    let (place, sentence) = (escaped(&place), escaped(&finding.sentence()));
    match finding.rule.severity() {
        Severity::Error => format!(
            "      <failure type=\"{}\" message=\"{sentence}\">{place}: {sentence}</failure>\n",
            finding.rule.id()
        ),
        Severity::Warning => format!("      <system-out>{place}: warning: {sentence}</system-out>\n"),
    }
}

/// XML has no way to write a control character.
fn escaped(text: &str) -> String {
    let escape = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&quot;".to_owned(),
        c if is_printable(c) => c.to_string(),
        c => c.escape_unicode().to_string(),
    };
    text.chars().map(escape).collect()
}
