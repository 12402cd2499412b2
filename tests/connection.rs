//! How a connection fails, over real sockets: each failure is named by a word of a closed list, with the server and the setting
//! to look at. And what each CA bundle governs.

mod failures;
mod trust;

use kube::Api;
use kube::api::{Patch, PatchParams};
use nimbus_operator::resources::Platform;
use serde_json::{Value, json};

use crate::support::fixture::Fixture;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

async fn edit_platform(fixture: &Fixture, spec: Value) {
    let api: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    let params = PatchParams { field_manager: Some("test".into()), ..PatchParams::default() };
    api.patch(&fixture.env.platform, &params, &Patch::Merge(json!({ "spec": spec }))).await.unwrap();
}

/// Waits until the Platform's present spec has this reason, and returns its message.
async fn says(fixture: &Fixture, reason: &str) -> String {
    let api: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    until(&format!("the Platform says {reason}"), PATIENCE, async || {
        let platform = api.get(&fixture.env.platform).await.map_err(|error| error.to_string())?;
        let status = platform.status.clone().unwrap_or_default();
        let ready = status.conditions.into_iter().find(|condition| condition.type_ == "Ready");
        match ready {
            Some(ready) if ready.reason == reason && ready.observed_generation == platform.metadata.generation => {
                Ok(ready.message)
            }
            other => Err(format!("{other:?}")),
        }
    })
    .await
}
