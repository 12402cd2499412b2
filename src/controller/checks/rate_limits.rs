//! Who asked for fewer requests, and until when. Pure: the time is an argument.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use secrecy::ExposeSecret;

use crate::plan::Query;
use crate::settings::connection_string;

/// The `Retry-After` of Microsoft, by [`rate_limit_key`].
#[derive(Default)]
pub(super) struct RateLimits(HashMap<String, Instant>);

impl RateLimits {
    pub(super) fn add(&mut self, key: String, retry_after: Duration, now: Instant) {
        self.0.retain(|_, until| *until > now);
        self.0.insert(key, now + retry_after);
    }

    /// How long nothing is to be asked.
    pub(super) fn remaining(&self, key: &str, now: Instant) -> Option<Duration> {
        self.0.get(key).map(|until| until.saturating_duration_since(now)).filter(|rest| !rest.is_zero())
    }
}

/// What a request to slow down applies to: one Entra tenant, or one resource of Azure Communication Services. The budget of
/// one customer is not that of another.
pub(super) fn rate_limit_key(query: &Query) -> Option<String> {
    match query {
        Query::Group { entra_tenant, .. }
        | Query::PresenceGrant { entra_tenant }
        | Query::ChatGrant { entra_tenant, .. }
        | Query::Presence { entra_tenant, .. }
        | Query::Filter { entra_tenant, .. } => Some(entra_tenant.to_string()),
        Query::ConnectionString { value, .. } => {
            let parts = connection_string::parse(value.expose_secret()).ok()?;
            Some(parts.endpoint.host_str()?.to_owned())
        }
        Query::Unanswerable { .. } => None,
    }
}
