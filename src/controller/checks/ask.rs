//! From a question to its answer: the one place that calls Microsoft.

use std::time::Duration;

use uuid::Uuid;

use super::known::Answer;
use crate::microsoft::{Acs, AcsProblem, CallError, Filter, Graph, Upn, verdict};
use crate::plan::Query;
use crate::settings::connection_string;

/// Asks. `graph` is there for every question that needs the Nimbus app.
pub(super) async fn ask(query: &Query, graph: Option<&Graph>, acs: &Acs) -> Answer {
    match (query, graph) {
        (Query::ConnectionString { value, resource, .. }, _) => {
            let outcome = acs.check(value).await;
            let after = match &outcome {
                Err(AcsProblem::Call(error)) => wait(Some(error)),
                _ => None,
            };
            Answer { verdict: verdict::connection_string(&outcome, *resource), after }
        }
        (Query::Group { entra_tenant, id }, Some(graph)) => {
            let outcome = graph.group(*entra_tenant, *id).await;
            let uncounted = outcome.as_ref().ok().and_then(|group| group.members.as_ref()?.as_ref().err());
            Answer { after: wait(outcome.as_ref().err().or(uncounted)), verdict: verdict::group(&outcome) }
        }
        (Query::PresenceGrant { entra_tenant }, Some(graph)) => {
            let outcome = graph.presence_grant(*entra_tenant).await;
            Answer { after: wait(outcome.as_ref().err()), verdict: verdict::presence_grant(&outcome) }
        }
        (Query::Presence { entra_tenant, upn }, Some(graph)) => presence(graph, *entra_tenant, upn).await,
        (Query::Filter { entra_tenant, filter }, Some(graph)) => hits(graph, *entra_tenant, filter).await,
        (Query::Unanswerable { reason, message }, _) => {
            let verdict = verdict::Verdict { outcome: verdict::Outcome::Unknown, reason, message: (*message).into() };
            Answer { verdict, after: None }
        }
        (_, None) => Answer { verdict: verdict::not_configured(), after: None },
    }
}

async fn presence(graph: &Graph, entra_tenant: Uuid, upn: &str) -> Answer {
    match Upn::parse(upn) {
        Err(allowed) => Answer { verdict: verdict::not_a_upn(allowed), after: None },
        Ok(upn) => {
            let outcome = graph.presence(entra_tenant, &upn).await;
            Answer { after: wait(outcome.as_ref().err()), verdict: verdict::presence(&outcome) }
        }
    }
}

async fn hits(graph: &Graph, entra_tenant: Uuid, filter: &str) -> Answer {
    match Filter::parse(filter) {
        Err(update) => Answer { verdict: verdict::finding(update), after: None },
        Ok(filter) => {
            let outcome = graph.hits(entra_tenant, &filter).await;
            Answer { after: wait(outcome.as_ref().err()), verdict: verdict::hits(&outcome) }
        }
    }
}

fn wait(error: Option<&CallError>) -> Option<Duration> {
    match error {
        Some(CallError::Throttled { after }) => Some(*after),
        _ => None,
    }
}

/// Who is asked, as far as a request to slow down reaches: one Entra tenant, or one resource of Azure Communication Services.
/// One customer's budget is nobody else's.
pub(super) fn rate_limit_key(query: &Query) -> Option<String> {
    match query {
        Query::Group { entra_tenant, .. }
        | Query::PresenceGrant { entra_tenant }
        | Query::Presence { entra_tenant, .. }
        | Query::Filter { entra_tenant, .. } => Some(entra_tenant.to_string()),
        Query::ConnectionString { value, .. } => {
            let parts = connection_string::parse(secrecy::ExposeSecret::expose_secret(value)).ok()?;
            Some(parts.endpoint.host_str()?.to_owned())
        }
        Query::Unanswerable { .. } => None,
    }
}
