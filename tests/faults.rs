//! Faults around the operator, and what must hold while each lasts and after it ends.
//!
//! During a fault: a failing platform never causes a creation, a deletion or the removal of a finalizer, and one bad object
//! stops no other. Afterwards: everything recovers without a restart.

mod canary;
mod contended;
mod credentials;
mod hanging_login;
mod isolation;
mod lost_response;
mod newer_crd;
mod observation;
mod organisation;
mod outage;
mod own_writes;
mod panics;
mod races;
mod references;
mod rejections;
mod responses;
mod rewrites;
mod second_thoughts;
mod secrets;
mod stale_cache;
mod undecodable;
mod watch_expired;
mod write_answers;

use kube::Api;
use nimbus_operator::resources::Platform;
use serde_json::json;

use crate::support::audit::Mark;
use crate::support::fixture::FixtureOn;
use crate::support::sandbox::LoggedCall;
use crate::support::tenant::TenantHandle;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

/// Waits until the Platform's Ready condition has this status and reason, and returns its message.
pub async fn platform_says(fixture: &FixtureOn<'_>, status: &str, reason: &str) -> String {
    let api: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    until(&format!("the Platform is {status} {reason}"), PATIENCE, async || {
        let platform = api.get(&fixture.env.platform).await.map_err(|error| error.to_string())?;
        let conditions = platform.status.map(|status| status.conditions).unwrap_or_default();
        match conditions.iter().find(|condition| condition.type_ == "Ready") {
            Some(ready) if ready.status == status && ready.reason == reason => Ok(ready.message.clone()),
            found => Err(format!("{found:?}")),
        }
    })
    .await
}

/// How often the operator wrote the status of its Platform since a mark.
async fn platform_writes(fixture: &FixtureOn<'_>, mark: Mark) -> usize {
    let writes = fixture.audit().object_writes(&fixture.env.operator_user, mark).await.unwrap();
    // A deletion that reserves its slot and a probe may conflict. One of the two is then rejected by its version and
    // repeated; a rejected request wrote nothing.
    let refused = [409, 422];
    writes.iter().filter(|write| write.resource == "platforms" && !refused.contains(&write.code)).count()
}

/// Creates Tenants and waits until all are Ready.
async fn live<'s>(fixture: &'s FixtureOn<'s>, count: usize) -> Vec<TenantHandle<'s>> {
    let tenants: Vec<_> = (1..=count).map(|number| TenantHandle::new(fixture, &format!("tenant-{number}"))).collect();
    for tenant in &tenants {
        tenant.create(json!({})).await;
    }
    for tenant in &tenants {
        tenant.ready().await;
    }
    tenants
}

/// Waits until the operator made this many calls that `counts` accepts, and returns them.
async fn calls(
    fixture: &FixtureOn<'_>,
    mark: u64,
    what: &str,
    least: usize,
    counts: impl Fn(&LoggedCall) -> bool,
) -> Vec<LoggedCall> {
    until(&format!("{least} × {what}"), PATIENCE, async || {
        let log = fixture.platform.log_after(mark).await.map_err(|error| error.to_string())?;
        let seen: Vec<_> = log.into_iter().filter(|seen| of_operator(seen) && counts(seen)).collect();
        if seen.len() >= least { Ok(seen) } else { Err(format!("{} of them", seen.len())) }
    })
    .await
}

fn of_operator(seen: &LoggedCall) -> bool {
    seen.entry["userAgent"].as_str().is_some_and(|agent| agent.starts_with("nimbus-operator/"))
}

/// Whether a call requested a change of a tenant.
fn is_write(seen: &LoggedCall) -> bool {
    seen.call.contains(" /v1/tenants/") && !seen.call.starts_with("GET ")
}
