//! Texts of bounded length: a status, an event or an error must stay small, regardless of what a server or a person wrote.
//! A length counts characters, as the schema of a CRD does, unless the name says bytes.

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

/// The first bytes of a text, without half a character at the end: as the Kubernetes API measures the note of an event.
pub fn cut_bytes(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or_default()
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

    #[test]
    fn a_length_in_bytes_halves_no_character() {
        let text = "a\u{e4}\u{1f600}";
        let cut = [0, 1, 2, 3, 6, 7, 8].map(|max| cut_bytes(text, max));
        assert_eq!(cut, ["", "a", "a", "a\u{e4}", "a\u{e4}", text, text]);
    }
}
