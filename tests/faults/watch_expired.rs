//! F4, K4: the resource version of a watch has expired, and the response has status 410 instead of an error event.

use serde_json::json;

use crate::support::fixture::Fixture;
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::tenant::TenantHandle;
use crate::support::wait::{PATIENCE, until};

/// Waits until this many watches were rejected.
async fn refused(proxy: &Proxy, least: usize) {
    until("a watch was refused", PATIENCE, async || match proxy.refused() {
        count if count >= least => Ok(()),
        count => Err(format!("{count} of {least}")),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expired_watch_relists_without_restart() {
    let fixture = Fixture::new("gone").await;
    let recorder = Recorder::new(|_, _| false);
    let proxy = Proxy::start(Upstream::kubernetes(fixture.env.control_plane), &recorder).await.unwrap();
    let _operator = fixture.start_through(&proxy);
    fixture.connected().await;
    let before = TenantHandle::new(&fixture, "before");
    before.create(json!({})).await;
    before.ready().await;

    proxy.expire("tenants");
    refused(&proxy, 1).await;
    let after = TenantHandle::new(&fixture, "after");
    after.create(json!({})).await;
    after.ready().await;
    before.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    before.ready().await;
    before.delete().await;
    before.gone().await;

    for plural in ["platforms", "partners"] {
        let seen = proxy.refused();
        proxy.expire(plural);
        refused(&proxy, seen + 1).await;
        until(&format!("{plural} are listed again"), PATIENCE, async || {
            if proxy.is_expired(plural) { Err("not yet") } else { Ok(()) }
        })
        .await;
    }
    after.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    after.ready().await;
}
