//! F31: a failing Tenant affects no other. While the platform fails for one tenant, edits of others are applied at once,
//! and they never report that the platform is unavailable.

use std::time::Duration;

use serde_json::{Value, json};

use super::{calls, live, platform_says, platform_writes};
use crate::support::fixture::Fixture;
use crate::support::tenant::TenantHandle;

/// Permanent faults of one tenant.
fn faults() -> [(&'static str, Value); 8] {
    [
        ("error", json!({ "kind": "status", "status": 500 })),
        ("page", json!({ "kind": "html", "status": 200 })),
        ("gateway", json!({ "kind": "status", "status": 504 })),
        ("closing", json!({ "kind": "close-before" })),
        ("cut", json!({ "kind": "cut" })),
        ("hanging", json!({ "kind": "delay", "seconds": 4 })),
        ("out-of-reach", json!({ "kind": "problem", "slug": "not-permitted" })),
        ("nonsense", json!({ "kind": "status", "status": 200, "body": [1, 2, 3] })),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_tenant_does_not_delay_others() {
    let mut fixture = Fixture::new("neighbours").await;
    // Ten times what the slow probe below takes: on a loaded machine it must not look like an outage.
    fixture.timing.call = Duration::from_secs(3);
    fixture.timing.backoff_most = Duration::from_millis(200);
    let _operator = fixture.start();
    let good = &live(&fixture, 1).await[0];
    // A probe is slow, so that anything that waits for it would be noticed.
    let slow = json!([{ "route": "GET /v1/capabilities", "action": { "kind": "delay", "seconds": 0.3 } }]);
    for (name, action) in faults() {
        let bad = TenantHandle::new(&fixture, name);
        let fault = json!([{ "route": "* /v1/tenants/{id}", "tenant": bad.id, "action": action }]);
        fixture.platform.add_faults(fault).await.unwrap();
        fixture.platform.add_faults(slow.clone()).await.unwrap();
        let audit = fixture.audit().mark().await.unwrap();
        bad.create(json!({})).await;
        bad.condition("Ready", "False", "PlatformUnavailable").await;
        // A call of the hanging tenant takes its whole deadline.
        let edits = if name == "hanging" { 2 } else { 8 };
        for number in 1..=edits {
            // In step with the failures of the other Tenant.
            let mark = fixture.platform.mark().await.unwrap();
            calls(&fixture, mark, "a failure", 1, |seen| seen.entry["tenant"] == json!(bad.id)).await;
            let company = format!("{name} {number}");
            good.patch(json!({ "spec": { "general": { "companyName": company } } })).await;
            good.ready().await;
        }
        let writes = fixture.tenant_writes(audit).await.unwrap();
        let writes = writes.iter().filter(|write| write.name == good.name).count();
        assert_eq!(edits, writes, "{name}: the good Tenant said something else than Ready in between");
        platform_says(&fixture, "True", "Connected").await;
        assert_eq!(0, platform_writes(&fixture, audit).await, "{name}");
        fixture.platform.clear_faults().await.unwrap();
        bad.ready().await;
    }
}
