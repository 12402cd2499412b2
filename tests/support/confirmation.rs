//! Confirmations as people write them, by the real clock.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use super::fixture::FixtureOn;

/// The day so many days from today, in UTC.
pub fn day(days: i32) -> Date {
    Timestamp::now().to_zoned(TimeZone::UTC).date().saturating_add(days.days())
}

/// A confirmation whose last day is so many days from today.
pub fn until(value: &str, days: i32) -> String {
    format!("{value} until {}", day(days))
}

/// A confirmation that is valid, and stays so if the day ends during the test.
pub fn confirmed(value: &str) -> String {
    until(value, 3)
}

/// The confirmations of a spec whose deletion is confirmed.
pub fn deletion(id: &str) -> Value {
    json!({ "deletion": confirmed(id) })
}

/// A spec, and the confirmation of its deletion.
pub fn confirming(mut spec: Value, id: &str) -> Value {
    spec["confirmations"] = deletion(id);
    spec
}

/// An edit that withdraws the confirmation of the deletion.
pub fn withdrawal() -> Value {
    json!({ "spec": { "confirmations": { "deletion": null } } })
}

impl FixtureOn<'_> {
    /// Confirms a deletion or a retention time.
    pub async fn confirm(&self, what: &str, value: &str) {
        self.patch(json!({ "spec": { "confirmations": { what: confirmed(value) } } })).await;
    }

    /// Confirms that a lost tenant is created again.
    pub async fn recreate(&self, token: &str) {
        self.patch(json!({ "spec": { "confirmations": { "recreate": token } } })).await;
    }
}
