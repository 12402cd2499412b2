//! Without a watch: the metadata of each Secret in use is looked at, once for all Tenants that use it.

use std::time::{Duration, Instant};

use kube::api::DeleteParams;
use serde_json::json;

use super::{applied, fresh, interact, rotate, secrets};
use crate::support::audit::Mark;
use crate::support::fixture::Fixture;
use crate::support::running::{NEVER, never_retry};
use crate::support::tenant::TenantHandle;
use crate::support::trigger::{SECRET, published};
use crate::support::wait::{PATIENCE, until};

/// Between two looks at a Secret that is usable.
const LOOK: Duration = Duration::from_secs(1);

/// A fixture in which nothing but a look brings a pass.
async fn fixture(name: &str) -> Fixture {
    let mut fixture = Fixture::new(name).await;
    let timing = &mut fixture.timing;
    timing.secrets = LOOK;
    timing.sync = Some(NEVER);
    never_retry(timing);
    fixture
}

/// How often the operator read a Secret.
async fn reads(fixture: &Fixture, mark: Mark, secret: &str) -> usize {
    let requests = fixture.audit().requests(&fixture.env.operator_user, mark).await.unwrap();
    requests.iter().filter(|request| request.resource == "secrets" && request.name == secret).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn secret_of_many_tenants_is_looked_at_once() {
    let fixture = fixture("looks-shared").await;
    let operator = fixture.connect().await;
    let tenants: Vec<_> = (1..=8).map(|number| TenantHandle::new(&fixture, &format!("tenant-{number}"))).collect();
    for tenant in &tenants {
        tenant.create(interact("acs")).await;
    }
    for tenant in &tenants {
        tenant.ready().await;
        // The echo of its last write is behind it.
        tenant.pass().await;
    }
    let (mark, log, since) =
        (fixture.audit().mark().await.unwrap(), fixture.platform.mark().await.unwrap(), Instant::now());
    until("four looks", PATIENCE, async || match reads(&fixture, mark, "acs").await {
        seen if seen >= 4 => Ok(()),
        seen => Err(seen),
    })
    .await;
    operator.stop().await;
    let most = since.elapsed().as_secs_f64() / LOOK.as_secs_f64() + 1.0;
    let seen = reads(&fixture, mark, "acs").await;
    assert!(seen as f64 <= most, "{seen} reads where {most} looks were due for 8 Tenants");
    let calls = fixture.platform.log_after(log).await.unwrap();
    assert!(calls.iter().all(|seen| !seen.call.contains("/v1/tenants")), "the platform is not asked: {calls:?}");
    assert_eq!(0, fixture.tenant_writes(mark).await.unwrap().len(), "and nothing is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn rotated_secret_is_applied_to_the_tenants_that_use_it() {
    let fixture = fixture("looks-rotated").await;
    rotate(&fixture, "other").await;
    let operator = fixture.connect().await;
    let [first, second, other] = ["first", "second", "other"].map(|name| TenantHandle::new(&fixture, name));
    for (tenant, secret) in [(&first, "acs"), (&second, "acs"), (&other, "other")] {
        tenant.create(interact(secret)).await;
        tenant.ready().await;
        tenant.pass().await;
    }
    let (mark, log) = (fixture.audit().mark().await.unwrap(), fixture.platform.mark().await.unwrap());
    rotate(&fixture, "acs").await;
    for tenant in [&first, &second] {
        applied(&fixture, tenant, "acs").await;
    }
    operator.stop().await;
    for tenant in [&first, &second] {
        let calls: Vec<_> =
            fixture.platform.calls(&tenant.id, log).await.unwrap().into_iter().map(|seen| seen.call).collect();
        assert_eq!(["GET /v1/tenants/{id}", "PATCH /v1/tenants/{id}"], *calls);
        let writes = fixture.tenant_writes(mark).await.unwrap();
        assert_eq!(1, writes.iter().filter(|write| write.name == tenant.name).count(), "{writes:?}");
    }
    assert!(fixture.platform.calls(&other.id, log).await.unwrap().is_empty(), "no Tenant of another Secret");
}

/// What a Secret lacks at first, and the reason that the Tenant gives.
#[tokio::test(flavor = "multi_thread")]
async fn corrected_and_late_secrets_heal_by_a_look() {
    let fixture = fixture("looks-corrected").await;
    let _operator = fixture.connect().await;
    for (name, secret, reason) in [
        ("late", None, "SecretNotFound"),
        ("keyless", Some(json!({ "another-key": "x" })), "SecretKeyNotFound"),
        ("malformed", Some(json!({ "connection-string": "endpoint" })), "SecretInvalid"),
    ] {
        if let Some(data) = secret {
            fixture.secret(&fixture.env.namespace, name, data).await;
        }
        let tenant = TenantHandle::new(&fixture, name);
        tenant.create(interact(name)).await;
        tenant.condition("Ready", "False", reason).await;
        fixture.secret(&fixture.env.namespace, name, fresh()).await;
        applied(&fixture, &tenant, name).await;
        // And it is noticed where it is lost again.
        secrets(&fixture).delete(name, &DeleteParams::default()).await.unwrap();
        tenant.condition("Ready", "False", "SecretNotFound").await;
        rotate(&fixture, name).await;
        applied(&fixture, &tenant, name).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn deleted_secret_of_the_widget_key_is_made_again_by_a_look() {
    let fixture = fixture("looks-published").await;
    let _operator = fixture.connect().await;
    fixture.create(published(None)).await;
    fixture.ready().await;
    let key = fixture.published_key().await;
    assert!(key.is_some());
    fixture.secrets().delete(SECRET, &DeleteParams::default()).await.unwrap();
    until("the Secret is there again", PATIENCE, async || match fixture.published_key().await {
        found if found == key => Ok(()),
        _ => Err("not yet"),
    })
    .await;
}
