//! The platform asks to be left alone for a while, for whichever tenant: Retain has 60 s, and waits for as long.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{event, events, told};
use crate::support::fixture::Fixture;
use crate::support::tenant::TenantHandle;
use crate::support::wait::{PATIENCE, until};

const TENANTS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn retained_tenants_wait_for_a_gate_that_another_tenant_closed() {
    let fixture = Fixture::new("gate").await;
    let _operator = fixture.connect().await;
    let tenants: Vec<_> =
        (1..=TENANTS).map(|number| TenantHandle::new(&fixture, &format!("tenant-{number}"))).collect();
    fixture.create(json!({})).await;
    for tenant in &tenants {
        tenant.create(json!({})).await;
    }
    fixture.ready().await;
    for tenant in &tenants {
        tenant.ready().await;
    }
    let mark = fixture.platform.mark().await.unwrap();
    let action = json!({ "kind": "status", "status": 429, "headers": { "retry-after": "5" } });
    let fault = json!([{ "route": "GET /v1/tenants/{id}", "tenant": fixture.id, "nth": 1, "action": action }]);
    fixture.platform.add_faults(fault).await.unwrap();
    fixture.annotate("nimbus.luware.com/reconcile-requested-at", "now").await;
    until("the platform throttles", PATIENCE, async || {
        let log = fixture.platform.log_after(mark).await.map_err(|error| error.to_string())?;
        if log.iter().any(|seen| seen.status == Some(429)) { Ok(()) } else { Err(format!("{} calls", log.len())) }
    })
    .await;
    for tenant in &tenants {
        tenant.delete().await;
    }
    for tenant in &tenants {
        until("it is gone", PATIENCE, async || {
            match fixture.tenants().get_opt(&tenant.name).await.map_err(|error| error.to_string())? {
                None => Ok(()),
                Some(_) => Err(tenant.name.clone()),
            }
        })
        .await;
        let (_, document) = fixture.platform.tenant(&tenant.id).await.unwrap();
        assert!(document["owner"].is_null(), "{}: {}", tenant.name, document["owner"]);
    }
    let released = vec![event("Normal", "Released"); TENANTS];
    let said = events(&fixture).await;
    assert_eq!(released, said, "and each says so");
}

/// Nothing is gained by a wait that is longer than the attempt may take.
#[tokio::test(flavor = "multi_thread")]
async fn gate_that_stays_closed_for_longer_is_not_waited_for() {
    let fixture = Fixture::new("gate-long").await;
    let _operator = fixture.connect().await;
    fixture.create(json!({})).await;
    fixture.ready().await;
    let action = json!({ "kind": "status", "status": 429, "headers": { "retry-after": "3000" } });
    fixture.platform.add_faults(json!([{ "route": "DELETE /v1/tenants/{id}/owner", "action": action }])).await.unwrap();
    let started = Instant::now();
    fixture.delete().await;
    fixture.gone().await;
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    told(&fixture, [event("Warning", "ReleaseFailed")], "").await;
}
