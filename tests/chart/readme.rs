//! The table of values in the README of a chart, made from the comments of its `values.yaml`.
//!
//! `# @section Title` begins a table. `# -- Text`, with the comment lines that follow, describes the next key.

use serde_json::Value;

const BEGIN: &str = "<!-- begin values: generated from values.yaml -->\n";
const END: &str = "<!-- end values -->";

/// One described value.
pub struct Described {
    /// The title of its section.
    pub section: String,
    /// Its path, e.g. `image.tag`.
    pub path: String,
    /// What it says.
    pub text: String,
    /// Its default.
    pub default: Value,
}

/// The README with its table of values renewed.
pub fn with_values(readme: &str, values: &str) -> String {
    let (head, rest) = readme.split_once(BEGIN).expect("the README has a place for the values");
    let (_, tail) = rest.split_once(END).expect("the place ends");
    format!("{head}{BEGIN}{}\n{END}{tail}", tables(&described(values)))
}

fn tables(values: &[Described]) -> String {
    let mut text = String::new();
    let mut section = "";
    for value in values {
        if value.section != section {
            section = &value.section;
            text += &format!("\n### {section}\n\n| value | description | default |\n|---|---|---|\n");
        }
        let default = serde_json::to_string(&value.default).unwrap().replace('|', "\\|");
        text += &format!("| `{}` | {} | `{default}` |\n", value.path, value.text.replace('|', "\\|"));
    }
    text
}

/// All described values of a `values.yaml`, in its order.
pub fn described(yaml: &str) -> Vec<Described> {
    let values: Value = serde_yaml::from_str(yaml).unwrap();
    let (mut all, mut section, mut text) = (vec![], String::new(), None::<String>);
    let mut above: Vec<(usize, String)> = vec![];
    for line in yaml.lines() {
        let words = line.trim_start();
        if let Some(title) = words.strip_prefix("# @section ") {
            title.clone_into(&mut section);
        } else if let Some(first) = words.strip_prefix("# -- ") {
            text = Some(first.to_owned());
        } else if let Some(more) = words.strip_prefix("# ") {
            text = text.map(|text| format!("{text} {more}"));
        } else if let Some(key) = key_of(words) {
            let indent = line.len() - words.len();
            above.retain(|(outer, _)| *outer < indent);
            above.push((indent, key.to_owned()));
            if let Some(text) = text.take() {
                let keys: Vec<&str> = above.iter().map(|(_, key)| key.as_str()).collect();
                let default = values.pointer(&format!("/{}", keys.join("/"))).unwrap().clone();
                all.push(Described { section: section.clone(), path: keys.join("."), text, default });
            }
        } else {
            text = None;
        }
    }
    all
}

fn key_of(words: &str) -> Option<&str> {
    let (key, _) = words.split_once(':')?;
    key.chars().all(|letter| letter.is_ascii_alphanumeric()).then_some(key).filter(|key| !key.is_empty())
}
