//! The sections of the docs, by the anchors that a Markdown viewer gives their headings.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::assets;

/// `file.md#anchor` of each heading in `docs/`.
pub fn of_docs() -> BTreeSet<String> {
    let entries = std::fs::read_dir(assets::checkout().join("docs")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let documents = paths.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    documents
        .flat_map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            anchors(&text).into_iter().map(move |anchor| format!("{name}#{anchor}")).collect::<Vec<_>>()
        })
        .collect()
}

/// The anchors of a document, in its order. Equal headings are numbered.
pub fn anchors(text: &str) -> Vec<String> {
    let mut seen = BTreeMap::<String, usize>::new();
    headings(text)
        .map(|heading| {
            let slug = slug(heading);
            let times = seen.entry(slug.clone()).or_default();
            *times += 1;
            if *times == 1 { slug } else { format!("{slug}-{}", *times - 1) }
        })
        .collect()
}

/// The headings, ignoring lines in code blocks.
fn headings(text: &str) -> impl Iterator<Item = &str> {
    let mut code = false;
    text.lines().filter_map(move |line| {
        code ^= line.trim_start().starts_with("```");
        let title = line.trim_start_matches('#');
        let level = line.len() - title.len();
        (!code && (1..=6).contains(&level)).then(|| title.strip_prefix(' ')).flatten()
    })
}

/// Lower case, spaces as hyphens, and only letters, digits, hyphens and underscores.
fn slug(heading: &str) -> String {
    let lower = heading.trim().to_lowercase();
    let kept = lower.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn headings_get_their_markdown_anchors() {
    let text = "# Who may change what\n## `spec.a.bC`\n```sh\n# no heading\n```\n### 4. \"Check\" of it\n## Who may change what\n#no";
    assert_eq!(["who-may-change-what", "specabc", "4-check-of-it", "who-may-change-what-1"], *anchors(text));
}
