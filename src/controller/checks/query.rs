//! From a query to its answer: the one place of the room that calls Microsoft.

use std::time::Duration;

use uuid::Uuid;

use super::check_state::Answer;
use crate::microsoft::group::{Group, Members};
use crate::microsoft::{Acs, AcsProblem, CallError, Filter, Graph, Upn, verdict};
use crate::plan::Query;

/// Asks. `graph` is given with every query that needs the Nimbus app.
pub(super) async fn ask(query: &Query, graph: Option<&Graph>, acs: &Acs) -> Answer {
    match (query, graph) {
        (Query::ConnectionString { value, resource, .. }, _) => {
            let outcome = acs.check(value).await;
            let retry_after = match &outcome {
                Err(AcsProblem::Call(error)) => retry_after(Some(error)),
                Err(AcsProblem::Malformed(_) | AcsProblem::Refused | AcsProblem::ClockSkew) | Ok(_) => None,
            };
            Answer { verdict: verdict::connection_string(&outcome, *resource), retry_after }
        }
        (Query::Group { entra_tenant, id }, Some(graph)) => {
            let outcome = graph.group(*entra_tenant, *id).await;
            let error = match &outcome {
                Ok(Group { members: Members::NotCounted(error), .. }) | Err(error) => Some(error),
                Ok(Group { members: Members::Counted(_) | Members::NotAsked, .. }) => None,
            };
            Answer { retry_after: retry_after(error), verdict: verdict::group(&outcome) }
        }
        (Query::PresenceGrant { entra_tenant }, Some(graph)) => {
            let outcome = graph.presence_grant(*entra_tenant).await;
            Answer { retry_after: retry_after(outcome.as_ref().err()), verdict: verdict::presence_grant(&outcome) }
        }
        (Query::ChatGrant { entra_tenant, app }, Some(graph)) => {
            let outcome = graph.consent(*entra_tenant, *app).await;
            Answer { retry_after: retry_after(outcome.as_ref().err()), verdict: verdict::chat_grant(&outcome) }
        }
        (Query::Presence { entra_tenant, upn }, Some(graph)) => presence(graph, *entra_tenant, upn).await,
        (Query::Filter { entra_tenant, filter }, Some(graph)) => hits(graph, *entra_tenant, filter).await,
        // Neither is ever sent.
        (Query::Unanswerable { .. }, _)
        | (
            Query::Group { .. }
            | Query::PresenceGrant { .. }
            | Query::ChatGrant { .. }
            | Query::Presence { .. }
            | Query::Filter { .. },
            None,
        ) => Answer { verdict: verdict::not_configured(), retry_after: None },
    }
}

async fn presence(graph: &Graph, entra_tenant: Uuid, upn: &str) -> Answer {
    match Upn::parse(upn) {
        Err(allowed) => Answer { verdict: verdict::not_a_upn(allowed), retry_after: None },
        Ok(upn) => {
            let outcome = graph.presence(entra_tenant, &upn).await;
            Answer { retry_after: retry_after(outcome.as_ref().err()), verdict: verdict::presence(&outcome) }
        }
    }
}

async fn hits(graph: &Graph, entra_tenant: Uuid, filter: &str) -> Answer {
    match Filter::parse(filter) {
        Err(problem) => Answer { verdict: verdict::not_a_filter(problem), retry_after: None },
        Ok(filter) => {
            let outcome = graph.hits(entra_tenant, &filter).await;
            Answer { retry_after: retry_after(outcome.as_ref().err()), verdict: verdict::hits(&outcome) }
        }
    }
}

fn retry_after(error: Option<&CallError>) -> Option<Duration> {
    match error {
        Some(CallError::Throttled { after }) => Some(*after),
        _ => None,
    }
}
