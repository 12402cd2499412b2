//! For people: a line for each finding, in the form that editors and terminals make a link of.

use super::{Counts, Report};

pub(super) fn render(report: &Report) -> String {
    let mut text = String::new();
    for entry in report.entries() {
        let finding = entry.finding;
        let (line, column) = (finding.at.line, finding.at.column);
        let path = if finding.path.is_empty() { String::new() } else { format!("{}: ", finding.path) };
        let severity = finding.rule.severity().name();
        text += &format!("{}:{line}:{column}: {severity}: {path}{}\n", entry.file, finding.message);
        text += &finding.cure.as_ref().map(|cure| format!("    {cure}\n")).unwrap_or_default();
    }
    text + &summary(report.counts())
}

fn summary(counts: Counts) -> String {
    let Counts { files, objects, others, errors, warnings } = counts;
    let many = |count: usize, one: &str| if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") };
    let verdict = match (errors, warnings) {
        (0, 0) => "valid".to_owned(),
        (0, _) => format!("valid, {}", many(warnings, "warning")),
        (_, 0) => format!("invalid: {}", many(errors, "error")),
        (_, _) => format!("invalid: {}, {}", many(errors, "error"), many(warnings, "warning")),
    };
    let skipped =
        if others == 0 { String::new() } else { format!(", {} of other kinds not judged", many(others, "object")) };
    format!("{verdict}; {} in {}{skipped}\n", many(objects, "object"), many(files, "file"))
}
