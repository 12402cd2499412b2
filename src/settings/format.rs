//! The formats of text: one definition each, which the CRD's rule, the check in the operator and the canonical spelling share.
//!
//! A format is a pattern (RE2 syntax, which both CEL and the `regex` crate read), a length, a sentence that says what is
//! allowed, and the one spelling under which two values are the same. Bounds and formats: `domain.md` §2.4.
//!
//! White space, control and invisible characters are defined once, by [`unprintable`] as a pattern and by
//! [`is_printable`](crate::text::is_printable) as code; a test compares them. `\s` is not used: RE2 and Rust mean different
//! characters by it, so that a text would pass admission and block the save later.

/// A format of text.
pub trait Format: 'static {
    /// The whole text must match it. RE2 syntax without back references or look-around, anchored at both ends.
    const PATTERN: &'static str;
    /// Longest text, in characters.
    const MAX: u32;
    /// What is allowed, to follow "must be ".
    const ALLOWED: &'static str;
    /// All legal values where they are few; the schema then lists them.
    const VALUES: &'static [&'static str] = &[];

    /// Texts that match the pattern and are refused all the same, since RE2 has no look-ahead.
    const REFUSED: &'static [&'static str] = &[];

    /// Whether it is free text, which a template may have left a placeholder in.
    const FREE: bool = false;

    /// The length that the schema allows: so far above the true bound that a value of another kind, such as the name of a country
    /// in place of its code, is answered by the sentence and not by a number.
    const LONGEST: u32 = if Self::MAX < 512 { 1024 } else { Self::MAX * 2 };

    /// The one spelling of a text that matches the pattern.
    fn spell(text: &str) -> String {
        text.to_owned()
    }

    /// The compiled pattern.
    fn regex() -> &'static regex::Regex;
}

/// The canonical spelling of `text`, or `None` when the format does not allow it.
pub fn canonicalize<F: Format>(text: &str) -> Option<String> {
    let fits = text.chars().count() <= F::MAX as usize && F::regex().is_match(text) && !F::REFUSED.contains(&text);
    let left_over = F::FREE && PLACEHOLDERS.iter().any(|begin| text.contains(begin));
    (fits && !left_over).then(|| F::spell(text))
}

/// How a placeholder of Flux or Kustomize begins, and one of Helm or Jinja.
const PLACEHOLDERS: [&str; 2] = ["${", "{{"];
/// The same as a pattern, which does not contain what it looks for: a CRD goes through such templates itself.
const PLACEHOLDER_PATTERN: &str = "[$][{]|[{][{]";

/// The format as one CEL expression over `self`.
pub fn rule<F: Format>() -> String {
    let pattern = F::PATTERN.replace('\\', "\\\\").replace('\'', "\\'");
    let mut rules = vec![format!("self.size() <= {}", F::MAX), format!("self.matches('{pattern}')")];
    if !F::REFUSED.is_empty() {
        let refused: Vec<String> = F::REFUSED.iter().map(|text| format!("'{text}'")).collect();
        rules.push(format!("!(self in [{}])", refused.join(", ")));
    }
    if F::FREE {
        rules.push(format!("!self.matches('{PLACEHOLDER_PATTERN}')"));
    }
    rules.join(" && ")
}

/// The characters that no text may hold, as the inside of a class: controls, what is invisible or turns the direction of the
/// text, and every white space but the plain space.
macro_rules! unprintable {
    () => {
        concat!(
            r"\x00-\x1f\x7f-\xa0\xad\x{61c}\x{115f}\x{1160}\x{1680}\x{180e}\x{2000}-\x{200f}\x{2028}-\x{202f}",
            r"\x{205f}-\x{206f}\x{2800}\x{3000}\x{3164}\x{feff}\x{ffa0}\x{fff9}-\x{fffb}\x{e0000}-\x{e007f}"
        )
    };
}
pub(crate) use unprintable;

/// One line of printable text that neither begins nor ends with a space.
macro_rules! line {
    () => {
        concat!("^[^ ", unprintable!(), "]([^", unprintable!(), "]*[^ ", unprintable!(), "])?$")
    };
}
pub(crate) use line;

/// What a line may be, after its length.
macro_rules! line_allowed {
    () => {
        "on one line, without a space at either end, other white space, control or invisible characters, or an unresolved placeholder of a template"
    };
}
pub(crate) use line_allowed;

macro_rules! formats {
    ($(#[$doc:meta])* $name:ident { pattern: $pattern:expr, max: $max:expr, allowed: $allowed:expr $(, values: $values:expr)? $(, refused: $refused:expr)? $(, free: $free:expr)? $(, spell: $spell:expr)? $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name;

        impl Format for $name {
            const PATTERN: &'static str = $pattern;
            const MAX: u32 = $max;
            const ALLOWED: &'static str = $allowed;
            $(const VALUES: &'static [&'static str] = $values;)?
            $(const REFUSED: &'static [&'static str] = $refused;)?
            $(const FREE: bool = $free;)?
            $(fn spell(text: &str) -> String { let spell: fn(&str) -> String = $spell; spell(text) })?

            fn regex() -> &'static ::regex::Regex {
                #[allow(clippy::expect_used, reason = "a test compiles every pattern")]
                static REGEX: ::std::sync::LazyLock<::regex::Regex> = ::std::sync::LazyLock::new(|| ::regex::Regex::new($name::PATTERN).expect("pattern compiles"));
                &REGEX
            }
        }
    };
}
pub(crate) use formats;

formats! {
    /// A GUID of Microsoft Entra; the all-zero GUID names nothing.
    Guid {
        pattern: "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$",
        max: 36,
        allowed: "a GUID such as '6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c', 8-4-4-4-12 hexadecimal digits, not all of them zero",
        refused: &["00000000-0000-0000-0000-000000000000"],
        spell: |text| text.to_ascii_lowercase(),
    }
}

formats! {
    /// A DNS name with at least one dot: vanity, sub-domain or `*.onmicrosoft.com`; IDN as punycode.
    Domain {
        pattern: "^([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?[.])+[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$",
        max: 253,
        allowed: "a DNS name with at least one dot, such as 'contoso.onmicrosoft.com'; letters, digits and hyphens, at most 63 characters between dots; an international name in punycode, such as 'xn--bcher-kva.example'",
        spell: |text| text.to_ascii_lowercase(),
    }
}

formats! {
    /// A telephone number in E.164.
    Phone {
        pattern: "^[+][1-9][0-9]{1,14}$",
        max: 16,
        allowed: "a phone number in E.164 format, such as '+41445551234': a plus sign and 2 to 15 digits, without spaces, dashes or extension",
    }
}

/// `local@domain` as RE2 reads it, without the quoted forms, which are not in use.
macro_rules! address {
    () => {
        concat!(
            "[^@ \"<>(),:;\\[\\]\\\\",
            unprintable!(),
            "]{1,64}",
            "@([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?[.])+[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?"
        )
    };
}
pub(crate) use address;

formats! {
    /// One e-mail address.
    Email {
        pattern: concat!("^", address!(), "$"),
        max: 254,
        allowed: "one e-mail address, such as 'ops@contoso.com'; an international domain in punycode ('xn--…')",
    }
}

formats! {
    /// A SIP address, with or without its scheme. `;user=phone` says that it is a phone number; no other parameter is in use.
    Sip {
        pattern: concat!("^([sS][iI][pP]:)?", address!(), "(;[uU][sS][eE][rR]=[pP][hH][oO][nN][eE])?$"),
        max: 256,
        allowed: "a SIP address, such as 'sip:ops@contoso.com' or 'sip:+41445551234@contoso.com;user=phone'; an international domain in punycode ('xn--…')",
        spell: |text| {
            let bare = if text.get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("sip:")) { &text[4..] } else { text };
            let (address, parameter) = bare.split_once(';').map_or((bare, ""), |(address, _)| (address, ";user=phone"));
            ["sip:", address, parameter].concat()
        },
    }
}

formats! {
    /// A short line of text: a name.
    Name {
        pattern: line!(),
        max: 256,
        allowed: concat!("1 to 256 characters ", line_allowed!()),
        free: true,
    }
}

formats! {
    /// A line of text.
    Line {
        pattern: line!(),
        max: 256,
        allowed: concat!("1 to 256 characters ", line_allowed!()),
        free: true,
    }
}

formats! {
    /// A short code of another system.
    Code {
        pattern: line!(),
        max: 64,
        allowed: concat!("1 to 64 characters ", line_allowed!()),
        free: true,
    }
}

formats! {
    /// A postal code: free text, since codes have letters and leading zeros.
    PostalCode {
        pattern: line!(),
        max: 32,
        allowed: concat!("1 to 32 characters ", line_allowed!()),
        free: true,
    }
}

formats! {
    /// A country by ISO 3166-1 alpha-2.
    Country {
        pattern: concat!(
            "^(A[DEFGILMOQRSTUWXZ]|B[ABDEFGHIJLMNOQRSTVWYZ]|C[ACDFGHIKLMNORUVWXYZ]|D[EJKMOZ]|E[CEGHRST]|F[IJKMOR]|",
            "G[ABDEFGHILMNPQRSTUWY]|H[KMNRTU]|I[DELMNOQRST]|J[EMOP]|K[EGHIMNPRWYZ]|L[ABCIKRSTUVY]|M[ACDEFGHKLMNOPQRSTUVWXYZ]|",
            "N[ACEFGILOPRUZ]|OM|P[AEFGHKLMNRSTWY]|QA|R[EOSUW]|S[ABCDEGHIJKLMNORSTVXYZ]|T[CDFGHJKLMNORTVWZ]|U[AGMSYZ]|",
            "V[ACEGINU]|W[FS]|Y[ET]|Z[AMW])$"
        ),
        max: 2,
        allowed: "a country code of ISO 3166-1 alpha-2 in capitals, such as 'CH'",
    }
}

formats! {
    /// The name of a Kubernetes object: a DNS subdomain.
    ObjectName {
        pattern: "^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        max: 253,
        allowed: "the name of an object: lower-case letters, digits, '-' and '.', such as 'acs'",
    }
}

formats! {
    /// The name of a namespace: a DNS label.
    NamespaceName {
        pattern: "^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$",
        max: 63,
        allowed: "the name of a namespace: 1 to 63 lower-case letters, digits and '-', such as 'contoso'",
    }
}

formats! {
    /// A key in the data of a Secret.
    SecretKey {
        pattern: "^[-._a-zA-Z0-9]+$",
        max: 253,
        allowed: "a key of a Secret: letters, digits, '-', '_' and '.'",
    }
}

formats! {
    /// The token of a trigger.
    Token {
        pattern: "^[!-~]([ -~]{0,62}[!-~])?$",
        max: 64,
        allowed: "1 to 64 printable ASCII characters without leading or trailing spaces, such as '2026-11-25'",
    }
}

#[cfg(test)]
#[allow(clippy::panic, clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use super::*;
    use crate::text::is_printable;

    fn check<F: Format>(good: &[(&str, &str)], bad: &[&str]) {
        for (given, expected) in good {
            let spelled = canonicalize::<F>(given).unwrap_or_else(|| panic!("{given} must be allowed"));
            assert_eq!(spelled, *expected);
            assert_eq!(canonicalize::<F>(&spelled).as_deref(), Some(*expected), "spelling twice changes nothing");
        }
        for given in bad {
            assert_eq!(canonicalize::<F>(given), None, "{given} must be refused");
        }
    }

    #[test]
    fn canonical_spelling_is_idempotent_and_judges_samples() {
        check::<Guid>(
            &[("6F1B2A9C-0d3e-4f5a-8b7c-9d0e1f2a3b4c", "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c")],
            &[
                "",
                "6f1b2a9c0d3e4f5a8b7c9d0e1f2a3b4c",
                "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4g",
                "{6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c}",
                Guid::REFUSED[0],
            ],
        );
        check::<Domain>(
            &[("Contoso.onmicrosoft.COM", "contoso.onmicrosoft.com"), ("a.b", "a.b")],
            &["contoso", ".a", "a.", "a..b", "-a.b", "a_b.c", "a b.c", "bücher.example"],
        );
        check::<Phone>(
            &[("+41445551234", "+41445551234")],
            &["0041445551234", "+4", "+0445551234", "+41 44 555", "+4144555123412345"],
        );
        check::<Email>(
            &[("Ops@contoso.com", "Ops@contoso.com")],
            &[
                "ops",
                "ops@",
                "@contoso.com",
                "a b@c.d",
                "a@b@c.d",
                "a@b",
                "a\"b@c.d",
                "[a]@c.d",
                "a\\b@c.d",
                "a@b.c-",
                "a@b..c",
            ],
        );
        check::<Country>(&[("CH", "CH")], &["ch", "XX", "CHE", "UK"]);
        check::<ObjectName>(&[("a.b-c", "a.b-c")], &["", "A", "a_b", "-a", "a-", "a..b", &"x".repeat(254)]);
        let longest = "x".repeat(64);
        check::<Token>(
            &[("1", "1"), ("25 Nov, 2nd", "25 Nov, 2nd"), (&longest, &longest)],
            &["", " 1", "1 ", "a\tb", "\u{e9}", &"x".repeat(65)],
        );
    }

    #[test]
    fn a_sip_address_has_one_spelling_and_may_be_a_phone_number() {
        check::<Sip>(
            &[
                ("ops@contoso.com", "sip:ops@contoso.com"),
                ("SIP:ops@contoso.com", "sip:ops@contoso.com"),
                ("sip:+41445551234@contoso.com;user=phone", "sip:+41445551234@contoso.com;user=phone"),
                ("+41445551234@contoso.com;USER=phone", "sip:+41445551234@contoso.com;user=phone"),
            ],
            &["a@b.c;user=ip", "a@b.c;user=phone;", "ops", "sip:", "sips:a@b.c", "sip:a@b.c;transport=tls", "sip:a@b"],
        );
    }

    #[test]
    fn a_line_is_printable_and_trimmed_and_no_placeholder() {
        check::<Name>(
            &[("Contoso", "Contoso"), ("Ö 漢字 & 1 🦀", "Ö 漢字 & 1 🦀"), ("$5 {a} }}", "$5 {a} }}")],
            &[
                "",
                " ",
                "   ",
                " Contoso",
                "Contoso ",
                "a\nb",
                "a\u{85}b",
                "a\u{a0}b",
                "a\u{2028}b",
                "a\u{202e}b",
                "a\u{200b}b",
                "\u{feff}a",
                "${TENANT_NAME}",
                "Contoso {{ .Values.name }}",
                &"x".repeat(257),
            ],
        );
    }

    /// The definitions are one: the class of the pattern, the predicate, and what Unicode calls white space or a control.
    #[test]
    fn white_space_and_control_characters_are_the_same_for_pattern_and_code() {
        let class = regex::Regex::new(concat!("^[", unprintable!(), "]$")).unwrap();
        for c in '\0'..=char::MAX {
            assert_eq!(class.is_match(&c.to_string()), !is_printable(c), "U+{:04X}", u32::from(c));
            let blank_or_control = c.is_control() || c.is_whitespace();
            assert!(!blank_or_control || c == ' ' || !is_printable(c), "U+{:04X}", u32::from(c));
        }
    }

    /// A rule that contained one would be broken by the template that a CRD goes through.
    #[test]
    fn no_rule_and_no_sentence_contains_a_placeholder() {
        for text in [rule::<Name>(), Name::ALLOWED.to_owned(), rule::<Code>()] {
            assert!(PLACEHOLDERS.iter().all(|begin| !text.contains(begin)), "{text}");
        }
    }

    #[test]
    fn country_pattern_knows_all_249_codes() {
        let letters = || 'A'..='Z';
        let known = letters()
            .flat_map(|a| letters().map(move |b| format!("{a}{b}")))
            .filter(|code| Country::regex().is_match(code))
            .count();
        assert_eq!(known, 249);
    }
}
