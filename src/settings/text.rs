//! Texts of bounded length: a status, an event or an error must stay small, regardless of what a server or a person wrote.
//! A length counts characters, as the schema of a CRD does.

/// The first characters of a text.
pub fn cut(text: &str, max: usize) -> String {
    text.chars().take(max).collect()
}

/// The text, or its beginning and an ellipsis.
pub fn shorten(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    text.chars().take(max.saturating_sub(1)).chain(['…']).collect()
}

/// The first characters of a foreign text, without control characters.
pub fn cut_printable(text: &str, max: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(max).collect()
}

/// The first characters of a foreign identifier: printable ASCII without spaces.
pub fn cut_identifier(text: &str, max: usize) -> String {
    text.chars().filter(char::is_ascii_graphic).take(max).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_count_characters() {
        let text = "a\u{7}b \u{e4}\u{1f600}c";
        assert_eq!(cut(text, 3), "a\u{7}b");
        assert_eq!(cut(text, 6), "a\u{7}b \u{e4}\u{1f600}");
        assert_eq!(shorten(text, 6), "a\u{7}b \u{e4}…");
        assert_eq!(cut_printable(text, 5), "ab \u{e4}\u{1f600}");
        assert_eq!(cut_identifier(text, 3), "abc");
        for cut in [cut, shorten, cut_printable] {
            assert_eq!(cut("\u{e4}b", 2), "\u{e4}b", "what fits stays as it is");
            assert_eq!(cut("", 2), "");
        }
    }
}
