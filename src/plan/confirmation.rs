//! Whether a confirmation counts: it names what is about to happen, and a last day that is not past and not far ahead. One that is
//! left in git must not stay armed for the next time.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

/// How far ahead the last day of a confirmation may be.
const MOST_DAYS_AHEAD: i32 = 7;

/// Between the value and the last day.
const UNTIL: &str = " until ";

/// Why what is given is no confirmation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing is given.
    Missing,
    /// It does not say a value and a day.
    Malformed,
    /// It confirms something else.
    OtherValue,
    /// Its last day is over.
    Expired,
    /// Its last day is further ahead than a confirmation lasts.
    TooFarAhead,
}

/// To follow the name of the field.
impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is not set"),
            Self::Malformed => f.write_str("does not have the form '<value> until <yyyy-mm-dd>'"),
            Self::OtherValue => f.write_str("confirms something else"),
            Self::Expired => f.write_str("is past its last day"),
            Self::TooFarAhead => write!(f, "has a last day more than {MOST_DAYS_AHEAD} days ahead"),
        }
    }
}

/// The day on which confirmations are judged: the same wherever operator and author are. Of the local clock and that of the platform
/// the later one counts, so that a clock that is wrong revives no confirmation that has ended.
pub fn day(local: Timestamp, platform: Option<Timestamp>) -> Date {
    platform.map_or(local, |platform| platform.max(local)).to_zoned(TimeZone::UTC).date()
}

/// Judges a confirmation: `confirms` says whether its value is what is about to happen.
pub(super) fn judge(given: Option<&str>, today: Date, confirms: impl FnOnce(&str) -> bool) -> Result<(), Flaw> {
    let given = given.ok_or(Flaw::Missing)?;
    let (value, last_day) = given.split_once(UNTIL).ok_or(Flaw::Malformed)?;
    let last_day = parse(last_day).ok_or(Flaw::Malformed)?;
    if !confirms(value) {
        Err(Flaw::OtherValue)
    } else if last_day < today {
        Err(Flaw::Expired)
    } else if last_day > latest(today) {
        Err(Flaw::TooFarAhead)
    } else {
        Ok(())
    }
}

/// What to write today, and why that day.
pub(super) fn advice(value: &str, today: Date) -> String {
    format!(
        "\"{value}{UNTIL}{}\" (today is {today} in UTC; the last day is at most {MOST_DAYS_AHEAD} days ahead)",
        latest(today)
    )
}

/// The latest last day that a confirmation may name.
fn latest(today: Date) -> Date {
    today.saturating_add(MOST_DAYS_AHEAD.days())
}

/// A day in the one spelling that is allowed.
fn parse(text: &str) -> Option<Date> {
    text.parse().ok().filter(|day: &Date| day.to_string() == text)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 11, 29);

    fn judged(given: &str) -> Result<(), Flaw> {
        judge(Some(given), TODAY, |value| value == "24->12")
    }

    #[test]
    fn the_later_clock_tells_the_day() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let (yesterday, now) = (time("2026-11-28T23:59:59Z"), time("2026-11-29T00:00:00Z"));
        assert_eq!(TODAY, day(now, None));
        assert_eq!([TODAY; 2], [day(yesterday, Some(now)), day(now, Some(yesterday))]);
    }

    #[test]
    fn a_confirmation_counts_from_a_week_before_its_last_day_to_the_end_of_it() {
        for (last_day, outcome) in [
            ("2025-11-29", Err(Flaw::Expired)),
            ("2026-11-28", Err(Flaw::Expired)),
            ("2026-11-29", Ok(())),
            ("2026-11-30", Ok(())),
            ("2026-12-06", Ok(())),
            ("2026-12-07", Err(Flaw::TooFarAhead)),
            ("2027-11-29", Err(Flaw::TooFarAhead)),
            ("9999-12-31", Err(Flaw::TooFarAhead)),
        ] {
            assert_eq!(judged(&format!("24->12 until {last_day}")), outcome, "{last_day}");
        }
    }

    #[test]
    fn what_is_not_a_value_and_a_day_confirms_nothing() {
        for given in [
            "",
            "24->12",
            "24->12 until",
            "24->12 until ",
            "24->12 until tomorrow",
            "24->12 until 2026-11-31",
            "24->12 until 2026-02-30",
            "24->12 until 2026-1-1",
            "24->12 until 20261130",
            "24->12 until 2026-11-30T00:00:00",
            "24->12 until 2026-11-30 ",
            "24->12 until 2026-11-30 until 2026-12-01",
            "24->12 UNTIL 2026-11-30",
            "24->12  until  2026-11-30",
            "24->12\tuntil\t2026-11-30",
        ] {
            assert_eq!(judged(given), Err(Flaw::Malformed), "{given}");
        }
        assert_eq!(judge(None, TODAY, |_| true), Err(Flaw::Missing));
    }

    #[test]
    fn another_value_confirms_nothing_on_any_day() {
        for given in ["24->6", "24->12 ", " 24->12", "", "*"] {
            for last_day in ["2026-11-28", "2026-11-30", "2026-12-31"] {
                assert_eq!(judged(&format!("{given} until {last_day}")), Err(Flaw::OtherValue), "{given}");
            }
        }
    }

    #[test]
    fn the_day_is_that_of_utc() {
        let day = |instant: &str| day(instant.parse().unwrap(), None).to_string();
        assert_eq!(day("2026-11-29T23:59:59.999Z"), "2026-11-29");
        assert_eq!(day("2026-11-30T00:00:00Z"), "2026-11-30");
        assert_eq!(day("2026-11-30T01:00:00+02:00"), "2026-11-29");
    }

    #[test]
    fn what_is_advised_counts() {
        let advice = advice("24->12", TODAY);
        let (_, quoted) = advice.split_once('"').unwrap();
        assert_eq!(judged(quoted.split_once('"').unwrap().0), Ok(()), "{advice}");
        assert!(advice.contains("2026-11-29"), "{advice}");
    }

    #[test]
    fn the_end_of_time_is_no_panic() {
        assert_eq!(judge(Some("x until 9999-12-31"), Date::MAX, |_| true), Ok(()));
    }
}
