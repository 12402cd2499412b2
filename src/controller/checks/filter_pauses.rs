//! How often a search filter is tried. Each trial answers one question about the people of an Entra tenant, so what an author learns
//! is bounded by time and not by edits, requests or new Tenants. Pure: the time is an argument.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::microsoft::Filter;
use crate::plan::Query;

/// Until when no filter is tried, by Entra tenant.
#[derive(Default)]
pub(super) struct FilterPauses(HashMap<Uuid, Instant>);

impl FilterPauses {
    pub(super) fn add(&mut self, entra_tenant: Uuid, pause: Duration, now: Instant) {
        self.0.retain(|_, until| *until > now);
        self.0.insert(entra_tenant, now + pause);
    }

    /// From when on a query may be asked; at once where nothing is said.
    pub(super) fn until(&self, query: &Query) -> Option<Instant> {
        self.0.get(&searched(query)?).copied()
    }
}

/// The Entra tenant that a query searches with a filter. One that cannot be a filter is judged without a call.
pub(super) fn searched(query: &Query) -> Option<Uuid> {
    match query {
        Query::Filter { entra_tenant, filter } => Filter::parse(filter).is_ok().then_some(*entra_tenant),
        Query::Group { .. }
        | Query::PresenceGrant { .. }
        | Query::ChatGrant { .. }
        | Query::Presence { .. }
        | Query::ConnectionString { .. }
        | Query::Unanswerable { .. } => None,
    }
}
