//! An operator that was started with another `--cluster-id`: what its Tenants and its Platform ask.

use std::time::Duration;

use kube::Api;
use nimbus_operator::controller::Options;
use nimbus_operator::resources::Platform;
use serde_json::json;

use crate::support::fixture::{Fixture, Operator, condition};
use crate::support::tenant::TenantHandle;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

fn start(fixture: &Fixture, cluster: &str) -> Operator {
    fixture.start_with(Options { cluster_id: cluster.into(), ..fixture.options() })
}

async fn platform_asks(fixture: &Fixture, expected: bool) {
    let platforms: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    until("the Platform asks, or does not", PATIENCE, async || {
        let platform = platforms.get(&fixture.env.platform).await.map_err(|error| error.to_string())?;
        let ready = platform.status.unwrap_or_default().conditions.into_iter().find(|found| found.type_ == "Ready");
        let message = ready.map(|ready| ready.message).unwrap_or_default();
        if message.contains("Several Tenants") == expected { Ok(()) } else { Err(message) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_cluster_id_is_asked_about() {
    let mut fixture = Fixture::new("former").await;
    fixture.timing.platform_check = Duration::from_millis(100);
    let operator = start(&fixture, "old");
    let tenants = ["first", "second"].map(|name| TenantHandle::new(&fixture, name));
    for tenant in &tenants {
        tenant.create(json!({})).await;
        tenant.ready().await;
    }
    operator.stop().await;

    let operator = start(&fixture, "new");
    for tenant in &tenants {
        let asks = tenant.condition("Ready", "False", "OwnedByOther").await;
        let message = condition(&asks, "Ready").unwrap().2;
        let expected =
            "nothing was written. Was 'old' this cluster's former --cluster-id? Then start the operator with it again.";
        assert!(message.contains(expected), "{message}");
        assert!(!message.contains("What to do"), "one advice, not two: {message}");
    }
    platform_asks(&fixture, true).await;
    operator.stop().await;

    let _operator = start(&fixture, "old");
    for tenant in &tenants {
        tenant.ready().await;
    }
    platform_asks(&fixture, false).await;
}
