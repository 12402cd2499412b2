//! Deletion of a Tenant: the table in `docs/security.md` row by row, outages during a deletion, and confirmations.

mod confirmation;
mod confirmed;
mod finalizers;
mod garbage_collection;
mod last_look;
mod lost;
mod not_owned;
mod orders;
mod outage;
mod put_back;
mod recreated;
mod retained;
mod scope_terminating;
mod suspended;
mod throttled;

use nimbus_operator::resources::Tenant;
use serde_json::{Value, json};

use crate::support::confirmation::confirming;
use crate::support::fixture::{Fixture, NAME, condition, describe};
pub use crate::support::since::DELETE;
use crate::support::wait::{PATIENCE, until};

pub const ABANDON: &str = "nimbus.luware.com/abandon";
pub const RECREATE: &str = "spec.confirmations.recreate";
pub const FINALIZER: &str = "nimbus.luware.com/tenant";

/// The only write when a Tenant is deleted at once.
pub const FINALIZER_OFF: [&str; 1] = ["patch tenants 200"];

/// A Tenant with annotations.
pub fn annotated(fixture: &Fixture, spec: Value, annotations: Value) -> Value {
    let mut manifest = fixture.manifest(spec);
    manifest["metadata"]["annotations"] = annotations;
    manifest
}

/// A Tenant whose deletion is confirmed from the start.
pub fn confirmed_manifest(fixture: &Fixture) -> Value {
    fixture.manifest(confirming(json!({ "deletionPolicy": "Delete" }), &fixture.id))
}

/// Creates a Tenant and waits until it is Ready.
pub async fn live(fixture: &Fixture, manifest: Value) -> Tenant {
    fixture.try_create(manifest).await.expect("the Tenant is accepted");
    fixture.ready().await
}

/// Waits until Ready is False with this reason and a message that contains `words`.
pub async fn waiting_for(fixture: &Fixture, reason: &str, words: &str) -> Tenant {
    until(&format!("the Tenant waits: {reason} '{words}'"), PATIENCE, async || {
        let tenant = fixture.tenants().get(NAME).await.map_err(|error| error.to_string())?;
        let current = tenant.status.as_ref().map(|status| status.observed_generation) == tenant.metadata.generation;
        match condition(&tenant, "Ready") {
            Some((status, found, message))
                if current && status == "False" && found == reason && message.contains(words) =>
            {
                Ok(tenant)
            }
            _ => Err(describe(&tenant)),
        }
    })
    .await
}

/// The stamps of the tenant: owner and last owner.
pub async fn stamps(fixture: &Fixture) -> (Option<String>, Option<String>) {
    let (status, tenant) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!(200, status, "{tenant}");
    let text = |name: &str| tenant[name].as_str().map(ToOwned::to_owned);
    (text("owner"), text("lastOwner"))
}

/// The stamp of the fixture's Tenant.
pub fn stamp(fixture: &Fixture) -> String {
    format!("test/{}/{NAME}", fixture.env.namespace)
}

/// The problem type with which the platform reports that the tenant does not exist.
pub async fn absence_problem(fixture: &Fixture) -> String {
    let (status, problem) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!(404, status, "{problem}");
    problem["type"].as_str().unwrap_or_default().trim_start_matches("urn:nimbus:problem:").to_owned()
}

/// The events in the Tenant's namespace, by type and reason.
pub async fn events(fixture: &Fixture) -> Vec<(String, String)> {
    let mut events = fixture.events().await.unwrap();
    events.sort();
    events
}

/// Waits until exactly these events are there. An event follows its effect, so a test that saw the effect may be earlier.
pub async fn told(fixture: &Fixture, expected: impl Into<Vec<(String, String)>>, case: &str) {
    let mut expected = expected.into();
    expected.sort();
    until(&format!("events {expected:?} {case}"), PATIENCE, async || {
        let found = events(fixture).await;
        if found == expected { Ok(()) } else { Err(format!("{found:?}")) }
    })
    .await;
}

pub const NO_EVENTS: [(String, String); 0] = [];

pub fn event(kind: &str, reason: &str) -> (String, String) {
    (kind.to_owned(), reason.to_owned())
}
