//! Texts of bounded length: a status, an event or an error must stay small, regardless of what a server or a person wrote.
//! A length counts characters, as the schema of a CRD does, unless the name says bytes.

use std::ops::RangeInclusive;

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

/// Whether a character may stand in a text: no control, nothing invisible or that turns the direction of the text, and no white
/// space but the plain space.
pub fn is_printable(c: char) -> bool {
    let blank = c.is_control() || (c.is_whitespace() && c != ' ');
    !blank && !INVISIBLE.iter().any(|range| range.contains(&c))
}

/// What has no width, turns the direction of a text, or looks like a space and is none to Unicode.
const INVISIBLE: [RangeInclusive<char>; 13] = [
    '\u{ad}'..='\u{ad}',
    '\u{61c}'..='\u{61c}',
    '\u{115f}'..='\u{1160}',
    '\u{180e}'..='\u{180e}',
    '\u{200b}'..='\u{200f}',
    '\u{202a}'..='\u{202e}',
    '\u{2060}'..='\u{206f}',
    '\u{2800}'..='\u{2800}',
    '\u{3164}'..='\u{3164}',
    '\u{feff}'..='\u{feff}',
    '\u{ffa0}'..='\u{ffa0}',
    '\u{fff9}'..='\u{fffb}',
    '\u{e0000}'..='\u{e007f}',
];

/// The one filter for what a platform or any other server says, before it gets into a status, an event or a log: on one line,
/// printable, cut. A character that is not printable is shown by its number, so that two values that differ look different.
pub fn shown(text: &str, max: usize) -> String {
    fit(text.chars().map(|c| if is_printable(c) { c.to_string() } else { c.escape_unicode().to_string() }), max)
}

/// The same in quotes, for within a sentence: no text can end them and go on as an instruction.
pub fn quoted(text: &str, max: usize) -> String {
    let escaped = text.chars().map(|c| match c {
        '\'' | '\\' => format!("\\{c}"),
        c if is_printable(c) => c.to_string(),
        c => c.escape_unicode().to_string(),
    });
    format!("'{}'", fit(escaped, max))
}

/// A foreign word for within a sentence: as it is where it is an identifier, else in quotes.
pub fn named(text: &str, max: usize) -> String {
    identifier(text, max).unwrap_or_else(|| quoted(text, max))
}

/// As many pieces as fit, whole, and an ellipsis in place of the others.
fn fit(pieces: impl Iterator<Item = String>, max: usize) -> String {
    let pieces: Vec<String> = pieces.take(max + 1).collect();
    let length = |pieces: &[String]| pieces.iter().map(|piece| piece.chars().count()).sum::<usize>();
    if length(&pieces) <= max {
        return pieces.concat();
    }
    let mut room = max.saturating_sub(1);
    let fits = pieces.iter().take_while(|piece| {
        let needed = piece.chars().count();
        let fits = needed <= room;
        room = room.saturating_sub(needed);
        fits
    });
    fits.cloned().collect::<String>() + "…"
}

/// A foreign identifier of at most so many characters, where it is one: letters, digits and `._:~/+=-`, of which nothing can be
/// taken for an instruction. It is never cut, since half of an identifier names something else.
pub fn identifier(text: &str, max: usize) -> Option<String> {
    let fits = (1..=max).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:~/+=-".contains(&byte));
    fits.then(|| text.to_owned())
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
        for cut in [cut, shorten, shown] {
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

    #[test]
    fn what_a_server_says_is_shown_on_one_line_and_as_what_it_is() {
        for (text, expected) in [
            ("Contoso AG", "Contoso AG"),
            ("a\u{1b}[31mb", "a\\u{1b}[31mb"),
            ("a\nb", "a\\u{a}b"),
            ("a\u{202e}b", "a\\u{202e}b"),
            ("a\u{200b}b", "a\\u{200b}b"),
            ("a\u{a0}b", "a\\u{a0}b"),
            ("12345678901234567890", "12345678901234567890"),
            ("123456789012345678901", "1234567890123456789…"),
            ("1234567890123456\u{7}890", "1234567890123456…"),
        ] {
            assert_eq!(shown(text, 20), expected, "{text:?}");
        }
    }

    #[test]
    fn no_text_ends_its_quotes() {
        assert_eq!(quoted("it's", 20), r"'it\'s'");
        assert_eq!(quoted(r"a\' run this", 20), r"'a\\\' run this'");
        assert_eq!(quoted(&"'".repeat(5), 5), r"'\'\'…'", "an escape is never cut in two");
    }

    #[test]
    fn an_identifier_is_whole_or_none() {
        assert_eq!(identifier("d-1.2:3", 7).as_deref(), Some("d-1.2:3"));
        for text in ["", "d-1.2:34", "a b", "a'b", "$(a)", "a\nb", "\u{e4}"] {
            assert_eq!(identifier(text, 7), None, "{text:?}");
        }
    }
}
