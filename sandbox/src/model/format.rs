//! The formats of texts: a text is checked and converted to its canonical spelling.
use url::{Host, Url};

use super::leaf::Format;

/// Officially assigned ISO 3166-1 alpha-2 codes.
const COUNTRIES: &str = "\
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY \
    BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK \
    FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR \
    IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK \
    ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM \
    PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF \
    TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// Returns the canonical spelling of `text`, or `None` if it is not in this format.
pub(crate) fn canonical(format: Format, text: &str) -> Option<String> {
    match format {
        Format::Guid => guid(text),
        Format::Domain => domain(text),
        Format::Email => email(text),
        Format::Phone => is_e164(text).then(|| text.to_owned()),
        Format::Sip => sip(text),
        Format::Country => COUNTRIES.split(' ').any(|code| code == text).then(|| text.to_owned()),
        Format::OrganizationUnit if text == "root" => Some(text.to_owned()),
        Format::OrganizationUnit => guid(text),
        Format::Partner => is_partner(text).then(|| text.to_owned()),
    }
}

/// Returns the format as a JSON Schema pattern, for the OpenAPI document.
pub(crate) fn pattern(format: Format) -> String {
    const DOMAIN: &str = "([a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?\\.)+[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
    const GUID: &str = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";
    let local = format!("[^ @\"(),:;<>\\[\\]\\\\{UNPRINTABLE}]{{1,64}}");
    match format {
        Format::Guid => format!("^{GUID}$"),
        Format::Domain => format!("^{DOMAIN}$"),
        Format::Email => format!("^{local}@{DOMAIN}$"),
        Format::Phone => "^\\+[1-9][0-9]{1,14}$".to_owned(),
        Format::Sip => format!("^([sS][iI][pP]:)?{local}@{DOMAIN}(;[uU][sS][eE][rR]=[pP][hH][oO][nN][eE])?$"),
        Format::Country => format!("^({})$", COUNTRIES.split(' ').collect::<Vec<_>>().join("|")),
        Format::OrganizationUnit => format!("^(root|{GUID})$"),
        Format::Partner => "^[a-zA-Z0-9._-]{1,64}$".to_owned(),
    }
}

/// A line of text as a JSON Schema pattern. The invisible tags of plane 14 are refused as well, and have no notation that every
/// reader of patterns knows.
pub(crate) fn line_pattern() -> String {
    format!("^[^ {UNPRINTABLE}]([^{UNPRINTABLE}]*[^ {UNPRINTABLE}])?$")
}

/// Characters of the basic plane that no text has, as the inside of a class.
const UNPRINTABLE: &str = "\\u0000-\\u001f\\u007f-\\u00a0\\u00ad\\u061c\\u115f\\u1160\\u1680\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u2800\\u3000\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb";

/// True if a text is one line of visible characters and plain spaces, with none at its ends.
pub(crate) fn is_line(text: &str) -> bool {
    !text.starts_with(' ') && !text.ends_with(' ') && text.chars().all(is_visible)
}

/// True for what leaves a mark, and for the plain space.
fn is_visible(char: char) -> bool {
    match char {
        ' ' => true,
        // Hangul fillers and the blank of Braille are drawn as nothing.
        '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}' | '\u{2800}' => false,
        // Format characters: joiners, marks of direction, annotations and tags.
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' => false,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' => false,
        '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' => false,
        _ => !char.is_control() && !char.is_whitespace(),
    }
}

/// A connection string as Azure shows it. The other order and other capitals are accepted too.
pub(crate) const CONNECTION_STRING: &str = "^endpoint=https://[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+/;accesskey=([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})$";

/// Returns a GUID in lower case; `None` for the nil GUID.
pub(crate) fn guid(text: &str) -> Option<String> {
    let hyphens = [8, 13, 18, 23];
    let well_formed = text.len() == 36
        && text.bytes().enumerate().all(
            |(index, byte)| {
                if hyphens.contains(&index) { byte == b'-' } else { byte.is_ascii_hexdigit() }
            },
        );
    let nil = text.bytes().all(|byte| matches!(byte, b'0' | b'-'));
    (well_formed && !nil).then(|| text.to_ascii_lowercase())
}

fn domain(text: &str) -> Option<String> {
    let labels: Vec<&str> = text.split('.').collect();
    let label = |label: &&str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    (text.len() <= 253 && labels.len() >= 2 && labels.iter().all(label)).then(|| text.to_ascii_lowercase())
}

fn email(text: &str) -> Option<String> {
    let (local, host) = text.split_once('@')?;
    let plain = |char: char| is_visible(char) && !" \"(),:;<>[]\\".contains(char);
    ((1..=64).contains(&local.chars().count()) && local.chars().all(plain)).then_some(())?;
    domain(host).map(|_| text.to_owned())
}

fn is_e164(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (2..=15).contains(&digits.len()) && !digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn sip(text: &str) -> Option<String> {
    let address = match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("sip:") => &text[4..],
        _ => text,
    };
    // A phone number in the form of an address; the parameter says so, and is the only one in use.
    let (address, parameter) = match address.split_once(';') {
        Some((address, parameter)) if parameter.eq_ignore_ascii_case("user=phone") => (address, ";user=phone"),
        _ => (address, ""),
    };
    email(address).map(|address| format!("sip:{address}{parameter}"))
}

fn is_partner(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
}

/// True if `text` is an ACS connection string: an endpoint and an access key, in either order.
///
/// Plain http is accepted for a loopback endpoint, so that the reference platform can stand in for ACS.
pub(crate) fn is_connection_string(text: &str) -> bool {
    let (mut endpoint, mut key) = (None, None);
    for pair in text.split(';').filter(|pair| !pair.is_empty()) {
        // At the first '=' only: base64 ends with the same sign.
        let Some((name, value)) = pair.split_once('=') else {
            return false;
        };
        let slot = match name.to_ascii_lowercase().as_str() {
            "endpoint" => &mut endpoint,
            "accesskey" => &mut key,
            _ => return false,
        };
        if slot.replace(value).is_some() {
            return false;
        }
    }
    endpoint.is_some_and(is_acs_endpoint) && key.is_some_and(is_base64)
}

fn is_acs_endpoint(text: &str) -> bool {
    let Ok(url) = Url::parse(text) else {
        return false;
    };
    match url.host() {
        Some(Host::Domain(name)) => {
            // The resource name is the first label, and Azure refuses an underscore in it.
            !name.contains('_') && (url.scheme() == "https" || name == "localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// True if `text` is base64 with its padding.
pub(crate) fn is_base64(text: &str) -> bool {
    let digits = text.trim_end_matches('=');
    !digits.is_empty()
        && text.len().is_multiple_of(4)
        && text.len() - digits.len() <= 2
        && digits.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_out_in_their_canonical_spelling() {
        let guid = "6F1B2C3D-0000-4000-8000-ABCDEF012345";
        let rows = [
            (Format::Guid, guid, Some("6f1b2c3d-0000-4000-8000-abcdef012345")),
            (Format::Guid, "00000000-0000-0000-0000-000000000000", None),
            (Format::Guid, "6F1B2C3D000040008000ABCDEF012345", None),
            (Format::Domain, "Contoso.onMicrosoft.com", Some("contoso.onmicrosoft.com")),
            (Format::Domain, "contoso", None),
            (Format::Domain, "-a.com", None),
            (Format::Domain, "a..com", None),
            (Format::Domain, "bücher.de", None),
            (Format::Email, "im_ext#EXT#@contoso.com", Some("im_ext#EXT#@contoso.com")),
            (Format::Email, "a@b@contoso.com", None),
            (Format::Email, "a b@contoso.com", None),
            (Format::Email, "a\u{a0}b@contoso.com", None),
            (Format::Email, "a\u{200b}b@contoso.com", None),
            (Format::Phone, "+41791234567", Some("+41791234567")),
            (Format::Phone, "+4", None),
            (Format::Phone, "+0123", None),
            (Format::Phone, "tel:+41", None),
            (Format::Sip, "a@contoso.com", Some("sip:a@contoso.com")),
            (Format::Sip, "SIP:a@contoso.com", Some("sip:a@contoso.com")),
            (Format::Sip, "sip:contoso.com", None),
            (Format::Sip, "sip:+41445551234@contoso.com;User=Phone", Some("sip:+41445551234@contoso.com;user=phone")),
            (Format::Sip, "sip:a@contoso.com;transport=tls", None),
            (Format::Sip, "sip:a@contoso.com;user=phone;user=phone", None),
            (Format::Country, "CH", Some("CH")),
            (Format::Country, "XX", None),
            (Format::Country, "ch", None),
            (Format::OrganizationUnit, "root", Some("root")),
            (Format::OrganizationUnit, "Sales", None),
            (Format::Partner, "northwind", Some("northwind")),
            (Format::Partner, "north wind", None),
        ];
        for (format, text, expected) in rows {
            assert_eq!(expected, canonical(format, text).as_deref(), "{format:?} {text}");
            // The pattern of the document agrees, except for the nil GUID, which the document refuses by another keyword.
            let pattern = regex::Regex::new(&pattern(format)).unwrap();
            let is_nil = text.chars().all(|char| matches!(char, '0' | '-'));
            assert_eq!(expected.is_some(), pattern.is_match(text) && !is_nil, "{format:?} {text}");
        }
    }

    #[test]
    fn a_line_is_visible_and_has_no_space_at_its_ends() {
        let pattern = regex::Regex::new(&line_pattern()).unwrap();
        for (text, expected) in [
            ("Contoso AG", true),
            ("\u{5408}\u{8cc7} & \u{1f980}", true),
            (" Contoso", false),
            ("Contoso ", false),
            ("   ", false),
            ("a\tb", false),
            ("a\nb", false),
            ("a\u{85}b", false),
            ("a\u{a0}b", false),
            ("a\u{200b}b", false),
            ("a\u{2028}b", false),
            ("a\u{202e}b", false),
            ("a\u{3000}b", false),
            ("\u{feff}a", false),
        ] {
            assert_eq!(expected, is_line(text), "{text:?}");
            assert_eq!(expected, pattern.is_match(text), "{text:?}");
        }
    }

    #[test]
    fn an_address_is_counted_in_characters() {
        let address = |length: usize| format!("{}@contoso.com", "é".repeat(length));
        assert!(canonical(Format::Email, &address(64)).is_some());
        assert!(canonical(Format::Email, &address(65)).is_none());
    }

    #[test]
    fn connection_strings_have_an_endpoint_and_a_key() {
        let rows = [
            ("endpoint=https://a.communication.azure.com/;accesskey=QUJD", true),
            ("AccessKey=QUI=;Endpoint=https://a.communication.azure.com;", true),
            ("endpoint=http://127.0.0.1:1/;accesskey=QUJD", true),
            ("endpoint=http://a.communication.azure.com/;accesskey=QUJD", false),
            ("endpoint=https://a_b.communication.azure.com/;accesskey=QUJD", false),
            ("endpoint=https://a.communication.azure.com/", false),
            ("endpoint=https://a.communication.azure.com/;accesskey=", false),
            ("endpoint=https://a.communication.azure.com/;accesskey=no secret", false),
            ("accesskey=QUJD;accesskey=QUJD", false),
            ("hello", false),
        ];
        let documented = regex::Regex::new(CONNECTION_STRING).unwrap();
        for (text, expected) in rows {
            assert_eq!(expected, is_connection_string(text), "{text}");
            assert!(expected || !documented.is_match(text), "{text}");
        }
    }
}
