//! Workflow commands of GitHub Actions: each finding becomes an annotation on its line.

use super::Report;

pub(super) fn render(report: &Report) -> String {
    let commands = report.entries().map(|entry| {
        let finding = entry.finding;
        let (line, column) = (finding.at.line, finding.at.column);
        let title = entry.object.map_or_else(|| finding.rule.id().to_owned(), |object| object.title());
        let severity = finding.rule.severity().name();
        let file = property(entry.file);
        format!(
            "::{severity} file={file},line={line},col={column},title={}::{}\n",
            property(&title),
            data(&finding.sentence())
        )
    });
    commands.collect()
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
