//! What holds for the whole run. Tests start in the order of their names, so this one is among the last, and sees what the
//! others did until then.

#![allow(clippy::print_stdout, reason = "figures, which --nocapture shows")]

use kube::ResourceExt;
use kube::api::{Api, ListParams};
use nimbus_operator::resources::Tenant;
use serde_json::json;

use crate::support::stage::Stage;
use crate::support::users::ADMIN;

/// An administrator of the cluster passes every admission policy, and would prove nothing.
#[tokio::test(flavor = "multi_thread")]
async fn no_tenant_was_written_by_system_masters() {
    let stage = Stage::new("verdict").await;
    let written = stage.audit().tenant_writes_by_masters().await.unwrap();
    assert!(written.is_empty(), "{written:?}");
}

/// Server-side apply tells managers apart by name.
#[tokio::test(flavor = "multi_thread")]
async fn no_tenant_was_written_by_nobody() {
    let stage = Stage::new("verdict").await;
    let _operator = stage.start();
    stage.create(json!({})).await;
    stage.ready().await;
    let tenants: Api<Tenant> = Api::all(stage.client(ADMIN));
    let tenants = tenants.list(&ListParams::default()).await.unwrap().items;
    println!("{} Tenants", tenants.len());
    assert!(tenants.iter().any(|tenant| tenant.namespace().as_deref() == Some(&stage.env.namespace)));
    for tenant in &tenants {
        let managers = tenant.managed_fields().iter().map(|entry| entry.manager.as_deref().unwrap_or_default());
        let managers: Vec<_> = managers.collect();
        assert!(!managers.is_empty(), "{:?}", tenant.metadata);
        assert!(
            !managers.iter().any(|name| ["", "unknown"].contains(name)),
            "{managers:?} of {:?}",
            tenant.namespace()
        );
    }
}
