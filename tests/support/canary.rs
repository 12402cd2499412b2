//! Secrets that must not leak, and every encoding in which they could.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// A value that must not leak.
pub struct Canary {
    /// Its description.
    pub name: &'static str,
    /// Its bytes.
    pub value: Vec<u8>,
}

impl Canary {
    /// A random one.
    pub fn new(name: &'static str) -> Self {
        Self { name, value: format!("canary-{}", uuid::Uuid::new_v4().simple()).into_bytes() }
    }

    /// A given value.
    pub fn of(name: &'static str, value: &str) -> Self {
        Self { name, value: value.as_bytes().to_vec() }
    }

    /// As in a connection string.
    pub fn base64(&self) -> String {
        base64(&self.value)
    }

    /// Every encoding that is searched for, by name.
    fn spellings(&self) -> Vec<(&'static str, String)> {
        let as_key = self.base64();
        let mut all = vec![];
        for text in [self.value.as_slice(), as_key.as_bytes()] {
            all.push(("plain", String::from_utf8(text.to_vec()).unwrap()));
            all.push(("URL", url(text)));
            all.push(("hex", text.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))));
            all.push(("numbers", numbers(text, ", ")));
            all.push(("JSON numbers", numbers(text, ",")));
            // Inside a longer text, the same bytes have three Base64 encodings.
            for shift in 0..3 {
                let shifted = base64(&[&vec![b'x'; shift], text].concat());
                let (from, to) = ([0, 2, 3][shift], shifted.len() - 4);
                all.push(("base64", shifted[from..to].to_owned()));
            }
        }
        all
    }

    /// Each text that leaks it, with its encoding. Any slice of twelve characters is a leak.
    pub fn needles(&self) -> Vec<(&'static str, String)> {
        let slice = |(how, text): (&'static str, String)| match how {
            how if how.contains("numbers") => (how, text),
            how => (how, text[text.len() / 2 - 6..text.len() / 2 + 6].to_owned()),
        };
        self.spellings().into_iter().map(slice).collect()
    }

    /// The encodings of it in a text.
    pub fn seen_in(&self, text: &str) -> Vec<String> {
        let lower = text.to_ascii_lowercase();
        let is_in = |how: &str, needle: &str| text.contains(needle) || how == "hex" && lower.contains(needle);
        let hits = self.needles().into_iter().filter(|(how, needle)| is_in(how, needle));
        hits.map(|(how, needle)| format!("{} as {how}: {needle}", self.name)).collect()
    }
}

/// In the encoding of the name.
pub fn numbers(bytes: &[u8], between: &str) -> String {
    bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(between)
}

/// In the encoding of the name.
pub fn url(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let plain = byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
        if plain {
            text.push(char::from(*byte))
        } else {
            write!(text, "%{byte:02X}").unwrap()
        }
        text
    })
}

/// In the encoding of the name.
pub fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    text
}

/// Which of many secrets are in a text, in one pass.
pub fn seen_in(canaries: &[Canary], text: &str) -> Vec<String> {
    let mut needles = BTreeMap::new();
    for canary in canaries {
        for (how, needle) in canary.needles() {
            if how == "hex" {
                needles.insert(needle.to_ascii_uppercase(), (canary.name, how));
            }
            needles.insert(needle, (canary.name, how));
        }
    }
    let any = needles.keys().map(|needle| regex::escape(needle)).collect::<Vec<_>>().join("|");
    let found: BTreeSet<&str> = regex::Regex::new(&any).unwrap().find_iter(text).map(|found| found.as_str()).collect();
    let told = |needle: &str| needles.get(needle).map(|(name, how)| format!("{name} as {how}: {needle}"));
    found.into_iter().filter_map(told).collect()
}
