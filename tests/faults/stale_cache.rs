//! F2: changes that the watch has not delivered yet. A pass that follows another one at once may get the Tenant from before
//! the writes of the first one, and must not act on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kube::Api;
use kube::api::{Patch, PatchParams};
use nimbus_operator::controller::Step;
use nimbus_operator::resources::Platform;
use serde_json::json;
use tokio::runtime::Handle as Runtime;
use tokio::task::block_in_place;

use super::{is_write, platform_says};
use crate::support::fixture::Fixture;
use crate::support::tenant::TenantHandle;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

/// The Platform is edited in the middle of each first pass, which triggers a second one. Without its status the second one
/// would not know that the connection string was sent, and would send and report everything again.
#[tokio::test(flavor = "multi_thread")]
async fn pass_ignores_stale_cache() {
    let mut fixture = Fixture::new("stale").await;
    let (edits, name) = (Arc::new(AtomicUsize::new(0)), fixture.env.platform.clone());
    let passes = Arc::new(AtomicUsize::new(0));
    let platforms: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    let (counter, seen) = (edits.clone(), passes.clone());
    fixture.observer = Arc::new(move |step, tenant: &str| {
        seen.fetch_add(usize::from(step == Step::Resolve), Ordering::SeqCst);
        let number: usize = tenant.rsplit('-').next().and_then(|number| number.parse().ok()).unwrap_or(0);
        let first =
            number > 0 && counter.compare_exchange(number - 1, number, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        if first {
            // A setting that does not appear in status.
            let limit = json!({ "spec": { "limits": { "confirmedDeletionsPerHour": 100 + number } } });
            let edit = async || {
                let edited = platforms.patch(&name, &PatchParams::default(), &Patch::Merge(limit)).await.unwrap();
                until("the operator saw the edit", PATIENCE, async || {
                    let status = platforms.get(&name).await.unwrap().status.unwrap_or_default();
                    let current = Some(status.observed_generation) == edited.metadata.generation;
                    if current { Ok(()) } else { Err(status.observed_generation) }
                })
                .await;
            };
            block_in_place(|| Runtime::current().block_on(edit()));
        }
    });
    let _operator = fixture.start();
    platform_says(&fixture, "True", "Connected").await;
    let reference = json!({ "name": "acs", "key": "connection-string" });
    for number in 1..=10 {
        let tenant = TenantHandle::new(&fixture, &format!("tenant-{number}"));
        let (mark, before) = (fixture.audit().mark().await.unwrap(), passes.load(Ordering::SeqCst));
        tenant
            .create(json!({ "extensions": { "interact": { "enabled": true, "acsConnectionStringRef": reference } } }))
            .await;
        tenant.ready().await;
        assert_eq!(number, edits.load(Ordering::SeqCst), "the Platform was edited during the pass");
        until("the second pass was made", PATIENCE, async || {
            let calls = fixture.platform.calls(&tenant.id, 0).await.map_err(|error| error.to_string())?;
            if calls.len() >= 3 { Ok(()) } else { Err(format!("{} calls", calls.len())) }
        })
        .await;
        tenant.pass().await;
        assert!(passes.load(Ordering::SeqCst) >= before + 3);
        let calls = fixture.platform.calls(&tenant.id, 0).await.unwrap();
        assert_eq!(1, calls.iter().filter(|seen| is_write(seen)).count(), "{number}: {calls:?}");
        // The finalizer, the status, and the echo of the requested pass.
        let writes = fixture.tenant_writes(mark).await.unwrap();
        assert_eq!(3, writes.iter().filter(|write| write.name == tenant.name).count(), "{number}");
    }
}
