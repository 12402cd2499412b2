//! `Retry-After`: seconds or a date, as RFC 9110 10.2.3 has it, and other forms that servers send.

use std::time::Duration;

use http::{HeaderMap, header::RETRY_AFTER};
use jiff::{Timestamp, fmt::rfc2822};

const LEAST: Duration = Duration::from_secs(1);
const MOST: Duration = Duration::from_secs(300);
/// Where the server names no time, or none that can be read.
const UNNAMED: Duration = Duration::from_secs(10);

/// How long to wait, from 1 s to 300 s, bounded on both sides of what the server says.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Duration {
    let text = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()).map(str::trim);
    text.and_then(|text| seconds(text).or_else(|| until(text, now))).unwrap_or(UNNAMED).clamp(LEAST, MOST)
}

fn seconds(text: &str) -> Option<Duration> {
    // A fraction is not allowed and is sent all the same.
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // More digits than fit are still a number of seconds: a very large one.
    (digits(whole) && digits(fraction))
        .then(|| text.parse().ok().and_then(|s| Duration::try_from_secs_f64(s).ok()).unwrap_or(MOST))
}

fn until(text: &str, now: Timestamp) -> Option<Duration> {
    let date = http_date(text).or_else(|| text.parse().ok())?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// A date of a header, in the form of today or in an older one.
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok().or_else(|| obsolete(text))
}

/// The two older forms of a date, which a recipient has to read as well (RFC 9110 5.6.7).
fn obsolete(text: &str) -> Option<Timestamp> {
    const RFC_850: &str = "%A, %d-%b-%y %H:%M:%S GMT";
    const ASCTIME: &str = "%a %b %e %H:%M:%S %Y";
    let read = |form| jiff::civil::DateTime::strptime(form, text).ok();
    read(RFC_850).or_else(|| read(ASCTIME))?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|date| date.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> u64 {
        let now = rfc2822::DateTimeParser::new().parse_timestamp("Sun, 06 Nov 1994 08:49:37 GMT").unwrap_or_default();
        let mut headers = HeaderMap::new();
        if let Ok(value) = text.parse() {
            headers.insert(RETRY_AFTER, value);
        }
        retry_after(&headers, now).as_secs()
    }

    #[test]
    fn every_spelling_ends_between_one_and_300_seconds() {
        for (text, expected) in [
            ("7", 7),
            ("0", 1),
            ("9999", 300),
            ("99999999999999999999999", 300),
            ("30.0", 30),
            ("1.5.2", 10),
            ("inf", 10),
            ("-5", 10),
            ("soon", 10),
            ("", 10),
            ("Sun, 06 Nov 1994 08:50:07 GMT", 30),
            ("Sun, 06 Nov 1994 08:49:07 GMT", 1),
            ("Mon, 07 Nov 1994 08:49:07 GMT", 300),
            ("Sunday, 06-Nov-94 08:50:07 GMT", 30),
            ("Sun Nov  6 08:50:07 1994", 30),
            ("1994-11-06T08:50:07Z", 30),
        ] {
            assert_eq!(parse(text), expected, "{text:?}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), Timestamp::UNIX_EPOCH), UNNAMED);
    }
}
