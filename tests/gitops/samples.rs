//! For each rule of the CRDs, by its message: values that it accepts and values that it rejects.

use serde_json::{Value, json};

/// The end of a message if the empty text clears the value.
pub const CLEARS: &str = ", or '' to clear it";

/// Values for a rule of one path.
pub struct Sample {
    /// The message of the rule, without [`CLEARS`].
    pub message: &'static str,
    pub accepted: Vec<Value>,
    pub refused: Vec<Value>,
}

/// Values before and after an edit, for a transition rule of one path.
pub struct Transition {
    pub message: &'static str,
    pub before: Value,
    pub accepted: Value,
    pub refused: Value,
}

const GUID: &str = "must be a GUID such as '6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c', 8-4-4-4-12 hexadecimal digits, not all of them zero";

pub fn samples() -> Vec<Sample> {
    [identities(), addresses(), texts_on_one_line(), names(), confirmations(), adoptions(), unions()]
        .into_iter()
        .flatten()
        .collect()
}

fn texts(message: &'static str, accepted: &[&str], refused: &[&str]) -> Sample {
    let all = |texts: &[&str]| texts.iter().map(|text| json!(text)).collect();
    Sample { message, accepted: all(accepted), refused: all(refused) }
}

fn identities() -> Vec<Sample> {
    vec![
        texts(
            GUID,
            &["6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c", "6F1B2A9C-0D3E-4F5A-8B7C-9D0E1F2A3B4C"],
            &[
                "contoso",
                "6f1b2a9c0d3e4f5a8b7c9d0e1f2a3b4c",
                "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4g",
                "00000000-0000-0000-0000-000000000000",
            ],
        ),
        texts(
            "must be a DNS name with at least one dot, such as 'contoso.onmicrosoft.com'; letters, digits and hyphens, at most 63 characters between dots; an international name in punycode, such as 'xn--bcher-kva.example'",
            &["contoso.onmicrosoft.com", "Contoso.CH", "xn--bcher-kva.example"],
            &["", "contoso", "contoso.", "-a.example", "a_b.example", "https://contoso.com", "bücher.example"],
        ),
    ]
}

fn addresses() -> Vec<Sample> {
    vec![
        texts(
            "must be a phone number in E.164 format, such as '+41445551234': a plus sign and 2 to 15 digits, without spaces, dashes or extension",
            &["+41445551234", "+12"],
            &["0445551234", "+41 44 555", "+41-44", "+0445551234", "+1", "+41445551234x"],
        ),
        texts(
            "must be one e-mail address, such as 'ops@contoso.com'; an international domain in punycode ('xn--…')",
            &["ops@contoso.com", "o.p+s@sub.contoso.com"],
            &[
                "ops",
                "ops@",
                "@contoso.com",
                "a@b.com, c@d.com",
                "Ops <ops@contoso.com>",
                "a b@contoso.com",
                "a\u{a0}b@contoso.com",
                "a@bücher.example",
            ],
        ),
        texts(
            "must be a SIP address, such as 'sip:ops@contoso.com' or 'sip:+41445551234@contoso.com;user=phone'; an international domain in punycode ('xn--…')",
            &[
                "sip:ops@contoso.com",
                "SIP:ops@contoso.com",
                "ops@contoso.com",
                "sip:+41445551234@contoso.com;user=phone",
            ],
            &["sip:", "ops", "sips:ops@contoso.com", "sip:ops@contoso.com;transport=tls"],
        ),
        texts(
            "must be a country code of ISO 3166-1 alpha-2 in capitals, such as 'CH'",
            &["CH", "AX", "ZW"],
            &["ch", "XX", "C", "UK"],
        ),
    ]
}

fn texts_on_one_line() -> Vec<Sample> {
    let bad_lines = [
        "two\nlines",
        "a\ttab",
        "\u{7f}",
        " ",
        " a",
        "a ",
        "a\u{85}b",
        "a\u{a0}b",
        "a\u{200b}b",
        "a\u{2028}b",
        "a\u{202e}b",
        "${NAME}",
        "{{name}}",
    ];
    let line = |message| texts(message, &["Contoso AG", "ø 漢字"], &bad_lines);
    vec![
        line(
            "must be 1 to 32 characters on one line, without a space at either end, other white space, control or invisible characters, or an unresolved placeholder of a template",
        ),
        line(
            "must be 1 to 64 characters on one line, without a space at either end, other white space, control or invisible characters, or an unresolved placeholder of a template",
        ),
        line(
            "must be 1 to 256 characters on one line, without a space at either end, other white space, control or invisible characters, or an unresolved placeholder of a template",
        ),
        texts(
            "must be 'root' or the GUID of an organization unit, such as '44444444-0d3e-4f5a-8b7c-9d0e1f2a3b4c'",
            &["root", "44444444-0D3E-4f5a-8b7c-9d0e1f2a3b4c"],
            &["", "Root", "root/child", "00000000-0000-0000-0000-000000000000"],
        ),
        texts(
            "must be a filter expression of Microsoft Graph: at most 4096 characters on one line, without a space at either end, other white space, control or invisible characters, or an unresolved placeholder of a template",
            &["endsWith(userPrincipalName,'onmicrosoft.com') and preferredLanguage eq 'en-GB'"],
            &["a\nb", "\u{7f}"],
        ),
        texts(
            "must be a user principal name, such as 'ada@contoso.com'; an international domain in punycode ('xn--…')",
            &["ada@contoso.com", "ada_contoso.com#EXT#@fabrikam.com"],
            &["ada", "ada@", "a b@contoso.com", "a\u{a0}b@contoso.com"],
        ),
        texts(
            "must be the id of a partner on the platform: 1 to 64 letters, digits, '-', '.' and '_'",
            &["northwind", "N_1.2-3"],
            &["", "north wind", "a/b"],
        ),
    ]
}

fn names() -> Vec<Sample> {
    vec![
        texts(
            "must be the name of an object: lower-case letters, digits, '-' and '.', such as 'acs'",
            &["acs", "a.b-c", "0"],
            &["", "Acs", "-acs", "acs-", "a..b", "a_b", "a/b"],
        ),
        texts(
            "must be 1 to 64 printable ASCII characters without leading or trailing spaces, such as '2026-11-25'",
            &["2026-11-25", "~", "a, b!"],
            &["", " a", "a ", "a\nb", "\u{e9}"],
        ),
        texts(
            "must be the name of a namespace: 1 to 63 lower-case letters, digits and '-', such as 'contoso'",
            &["contoso", "a-1"],
            &["", "Contoso", "-a", "a-", "a.b", "a_b"],
        ),
        texts(
            "must be a key of a Secret: letters, digits, '-', '_' and '.'",
            &["connection-string", "A_b.c"],
            &["", "a b", "a/b"],
        ),
        texts(
            "must be an https URL without user, query and fragment, and not of a link-local address; http is for loopback only",
            &[
                "https://admin.example.com/base",
                "http://127.0.0.1:8080",
                "http://localhost",
                "http://[::1]:1",
                "https://203.0.113.7:8443/a@b",
            ],
            &[
                "",
                "admin.example.com",
                "http://admin.example.com",
                "http://localhost.example.com",
                "ftp://127.0.0.1",
                "https://user@admin.example.com",
                "https://user:word@admin.example.com",
                "https://admin.example.com/?a=1",
                "https://admin.example.com/#a",
                "https://169.254.169.254/latest",
                "https://[fe80::1]/",
                "https://[::ffff:169.254.169.254]/",
            ],
        ),
    ]
}

fn confirmations() -> Vec<Sample> {
    vec![
        texts(
            "must be the tenant ID and the last day on which the confirmation is valid, such as '6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c until 2026-12-01'",
            &[
                "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c until 2026-12-01",
                "6F1B2A9C-0D3E-4F5A-8B7C-9D0E1F2A3B4C until 2020-01-31",
            ],
            &[
                "",
                "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c",
                "2026-12-01",
                "contoso until 2026-12-01",
                "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c until 2026-12-32",
                "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c until 2026-13-01",
                "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c until 2026-12-1",
                "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c  until  2026-12-01",
                "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c until 2026-12-01 ",
            ],
        ),
        texts(
            "must be the old number of months or 'none', the new one, and the last day on which the confirmation is valid, such as '24->12 until 2026-12-01'",
            &["24->12 until 2026-12-01", "none->1200 until 2026-12-31"],
            &[
                "",
                "24->12",
                "24 -> 12 until 2026-12-01",
                "24->none until 2026-12-01",
                "024->12 until 2026-12-01",
                "24->12 until 2026-00-10",
            ],
        ),
        texts(
            "must be the token that the status names, such as 'lost-7', without spaces",
            &["lost-7", "0f4b9c52-5b0e-4d0e-9a51-7a3d0c3a6f10"],
            &["", "lost 7", "lost-7 ", "lost-\u{e9}", "a\nb"],
        ),
    ]
}

fn adoptions() -> Vec<Sample> {
    vec![texts(
        "must be the tenant ID, then the word from and the owner stamp where another cluster has the tenant, and the last day on which the confirmation is valid, such as '6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c until 2026-12-01'",
        &[
            "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c until 2026-12-01",
            "6F1B2A9C-0D3E-4F5A-8B7C-9D0E1F2A3B4C from west/contoso/main until 2020-01-31",
        ],
        &[
            "",
            "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c",
            "contoso until 2026-12-01",
            "from west/contoso/main until 2026-12-01",
            "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c from until 2026-12-01",
            "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c from a b until 2026-12-01",
            "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c until 2026-12-32",
        ],
    )]
}

fn unions() -> Vec<Sample> {
    vec![
        Sample {
            message: "must be at most 64 names of 1 to 63 letters, digits, '-' and '_', a letter first, each with a whole number from 0 to 1000000",
            accepted: vec![json!({ "interact": 3 }), json!({})],
            refused: vec![json!({ "1st": 3 }), json!({ "": 1 })],
        },
        Sample {
            message: "must have exactly one of partnerRef and unassigned: true",
            accepted: vec![json!({ "unassigned": true }), json!({ "partnerRef": { "name": "northwind" } })],
            refused: vec![
                json!({}),
                json!({ "unassigned": false }),
                json!({ "unassigned": true, "partnerRef": { "name": "northwind" } }),
            ],
        },
        Sample {
            message: "must have exactly one of 'names' and 'all'",
            accepted: vec![json!({ "names": ["contoso"] }), json!({ "all": true })],
            refused: vec![json!({}), json!({ "names": ["contoso"], "all": true })],
        },
        Sample {
            message: "'all' must be true; omit allowedNamespaces to allow none",
            accepted: vec![json!({ "all": true })],
            refused: vec![json!({ "all": false })],
        },
    ]
}

pub fn transitions() -> Vec<Transition> {
    let id = "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c";
    vec![
        Transition {
            message: "cannot be changed once set: a move to another platform is a migration",
            before: json!({ "name": "one" }),
            accepted: json!({ "name": "one" }),
            refused: json!({ "name": "two" }),
        },
        Transition {
            message: "cannot be changed once set: it identifies the tenant; create another Tenant instead",
            before: json!(id),
            accepted: json!(id.to_uppercase()),
            refused: json!(id.replace('6', "7")),
        },
        Transition {
            message: "cannot be changed once set",
            before: json!("one"),
            accepted: json!("one"),
            refused: json!("two"),
        },
    ]
}

/// The sample of a message, with or without its end.
pub fn of(message: &str) -> Option<Sample> {
    let bare = message.strip_suffix(CLEARS).unwrap_or(message);
    samples().into_iter().find(|sample| sample.message == bare)
}

/// A value that the rule of this message accepts.
pub fn accepted(message: &str) -> Option<Value> {
    of(message).map(|sample| sample.accepted[0].clone())
}
