//! The formats of text: one definition each, which the CRD's rule, the check in the operator and the canonical spelling share.
//!
//! A format is a pattern (RE2 syntax, which both CEL and the `regex` crate read), a length, a sentence that says what is
//! allowed, and the one spelling under which two values are the same. Bounds and formats: `domain.md` §2.4.

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
    fits.then(|| F::spell(text))
}

/// The format as one CEL expression over `self`.
pub fn rule<F: Format>() -> String {
    let pattern = F::PATTERN.replace('\\', "\\\\").replace('\'', "\\'");
    let refused: Vec<String> = F::REFUSED.iter().map(|text| format!("'{text}'")).collect();
    if refused.is_empty() {
        format!("self.matches('{pattern}')")
    } else {
        format!("self.matches('{pattern}') && !(self in [{}])", refused.join(", "))
    }
}

macro_rules! formats {
    ($(#[$doc:meta])* $name:ident { pattern: $pattern:expr, max: $max:expr, allowed: $allowed:expr $(, values: $values:expr)? $(, refused: $refused:expr)? $(, spell: $spell:expr)? $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $name;

        impl Format for $name {
            const PATTERN: &'static str = $pattern;
            const MAX: u32 = $max;
            const ALLOWED: &'static str = $allowed;
            $(const VALUES: &'static [&'static str] = $values;)?
            $(const REFUSED: &'static [&'static str] = $refused;)?
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
        allowed: "a DNS name with at least one dot, such as 'contoso.onmicrosoft.com'; letters, digits and hyphens, at most 63 characters between dots",
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
            "[^@\\s\\x00-\\x1f\\x7f\"<>(),:;\\[\\]\\\\]{1,64}",
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
        allowed: "one e-mail address, such as 'ops@contoso.com'",
    }
}

formats! {
    /// A SIP address, with or without its scheme. `;user=phone` says that it is a phone number; no other parameter is in use.
    Sip {
        pattern: concat!("^([sS][iI][pP]:)?", address!(), "(;[uU][sS][eE][rR]=[pP][hH][oO][nN][eE])?$"),
        max: 256,
        allowed: "a SIP address, such as 'sip:ops@contoso.com' or 'sip:+41445551234@contoso.com;user=phone'",
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
        pattern: "^[^\\x00-\\x1f\\x7f]+$",
        max: 256,
        allowed: "1 to 256 characters without line breaks or control characters",
    }
}

formats! {
    /// A line of text.
    Line {
        pattern: "^[^\\x00-\\x1f\\x7f]+$",
        max: 256,
        allowed: "1 to 256 characters without line breaks or control characters",
    }
}

formats! {
    /// A short code of another system.
    Code {
        pattern: "^[^\\x00-\\x1f\\x7f]+$",
        max: 64,
        allowed: "1 to 64 characters without line breaks or control characters",
    }
}

formats! {
    /// A postal code: free text, since codes have letters and leading zeros.
    PostalCode {
        pattern: "^[^\\x00-\\x1f\\x7f]+$",
        max: 32,
        allowed: "1 to 32 characters without line breaks or control characters",
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
    /// The token of a trigger.
    Token {
        pattern: "^[!-~]([ -~]{0,62}[!-~])?$",
        max: 64,
        allowed: "1 to 64 printable ASCII characters without leading or trailing spaces, such as '2026-11-25'",
    }
}

#[cfg(test)]
#[allow(clippy::panic, reason = "a test says what went wrong by panicking")]
mod tests {
    use super::*;

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
            &["contoso", ".a", "a.", "a..b", "-a.b", "a_b.c", "a b.c"],
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
        check::<Name>(&[("Contoso", "Contoso")], &["", "a\nb", &"x".repeat(257)]);
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
    fn country_pattern_knows_all_249_codes() {
        let letters = || 'A'..='Z';
        let known = letters()
            .flat_map(|a| letters().map(move |b| format!("{a}{b}")))
            .filter(|code| Country::regex().is_match(code))
            .count();
        assert_eq!(known, 249);
    }
}
