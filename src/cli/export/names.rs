//! Names for objects that the platform knows by an ID and a display name.

use std::collections::BTreeSet;

/// The longest name: it is also a label in many programs.
const LONGEST: usize = 63;

/// Names that were given, each once.
#[derive(Debug, Default)]
pub struct Names(BTreeSet<String>);

impl Names {
    /// A name of letters, digits and hyphens that is like a text, and that no other object has. `id` tells objects of one name apart.
    pub fn of(&mut self, text: &str, id: &str) -> String {
        let bare = plain(text);
        let id = plain(id);
        let named = if bare.is_empty() { format!("tenant-{id}") } else { bare };
        let name = cut(&named);
        let name = if self.0.contains(&name) {
            cut(&format!("{}-{id}", named.chars().take(26).collect::<String>()))
        } else {
            name
        };
        self.0.insert(name.clone());
        name
    }
}

fn plain(text: &str) -> String {
    let letters = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let text: String = letters.collect();
    text.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

fn cut(name: &str) -> String {
    name.chars().take(LONGEST).collect::<String>().trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::format::{ObjectName, canonicalize};

    #[test]
    fn every_name_is_one_of_kubernetes_and_no_two_are_the_same() {
        let mut names = Names::default();
        let id = "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c";
        let other = "7f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c";
        assert_eq!("contoso-ag", names.of("Contoso AG", id));
        assert_eq!(format!("contoso-ag-{other}"), names.of("Contoso, A.G.".replace("A.G", "AG").as_str(), other));
        assert_eq!(format!("tenant-{id}"), names.of("漢字", id));
        let long = names.of(&"x".repeat(200), id);
        let longer = names.of(&"x".repeat(201), other);
        assert_ne!(long, longer);
        for name in &names.0 {
            assert!(name.len() <= LONGEST && canonicalize::<ObjectName>(name).is_some(), "{name}");
        }
        assert_eq!(5, names.0.len());
    }
}
