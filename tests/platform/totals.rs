//! What a Platform and a Partner say of their Tenants: true, and written seldom.

use std::time::{Duration, Instant};

use kube::Api;
use nimbus_operator::controller;
use nimbus_operator::resources::{Partner, Platform};
use serde_json::{Value, json};

use crate::support::controlplane::{ControlPlane, Options};
use crate::support::fixture::{Fixture, FixtureOn};
use crate::support::tenant::TenantHandle;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

const OFTEN: Duration = Duration::from_millis(100);

async fn platform_says(fixture: &FixtureOn<'_>, expected: Value) {
    let platforms: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    until(&format!("the Platform says {expected}"), PATIENCE, async || {
        let platform = platforms.get(&fixture.env.platform).await.map_err(|error| error.to_string())?;
        let said = json!(platform.status.unwrap_or_default().tenants);
        if said == expected { Ok(()) } else { Err(said.to_string()) }
    })
    .await;
}

async fn partner_says(fixture: &FixtureOn<'_>, name: &str, expected: Value) {
    let partners: Api<Partner> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    until(&format!("the Partner says {expected}"), PATIENCE, async || {
        let partner = partners.get(name).await.map_err(|error| error.to_string())?;
        let said = json!(partner.status.unwrap_or_default().tenants);
        if said == expected { Ok(()) } else { Err(said.to_string()) }
    })
    .await;
}

fn totals(total: i64, not_ready: i64) -> Value {
    json!({ "total": total, "notReady": not_ready, "scriptPending": 0, "overused": 0, "outOfService": 0 })
}

#[tokio::test(flavor = "multi_thread")]
async fn many_new_tenants_are_one_write_in_an_interval() {
    let mut fixture = Fixture::new("totals").await;
    let every = Duration::from_secs(3);
    (fixture.timing.platform_check, fixture.timing.totals) = (OFTEN, every);
    let operator = fixture.connect().await;
    platform_says(&fixture, totals(0, 0)).await;
    let (mark, start) = (fixture.audit().mark().await.unwrap(), Instant::now());
    for number in 1..=50 {
        let organization = json!({ "general": { "companyName": format!("Contoso {number}") } });
        TenantHandle::new(&fixture, &format!("tenant-{number}")).create(organization).await;
    }
    platform_says(&fixture, totals(50, 0)).await;
    operator.stop().await;
    let intervals = usize::try_from(start.elapsed().as_millis() / every.as_millis()).unwrap();
    let writes = fixture.audit().object_writes(&fixture.env.operator_user, mark).await.unwrap();
    let of_platform = writes.iter().filter(|write| write.resource == "platforms" && write.subresource == "status");
    let count = of_platform.count();
    assert!((1..=intervals + 1).contains(&count), "{count} writes in {intervals} intervals");
}

/// An operator that watches all namespaces counts for a Partner; one that does not leaves it as it is.
#[tokio::test(flavor = "multi_thread")]
async fn partner_is_counted_by_who_sees_all_namespaces() {
    static PLANE: tokio::sync::OnceCell<ControlPlane> = tokio::sync::OnceCell::const_new();
    let options = Options { policies: false, ..Options::default() };
    let plane = PLANE.get_or_init(|| async { ControlPlane::start(options).await.unwrap() }).await;
    let mut fixture = Fixture::on(plane, "totals-partner").await;
    (fixture.timing.platform_check, fixture.timing.totals) = (OFTEN, OFTEN);
    let partner = fixture.partner(json!({})).await;
    let all = controller::Options { namespaces: vec![], ..fixture.options() };
    let operator = fixture.start_with(all);
    partner_says(&fixture, &partner, totals(0, 0)).await;
    let named = |platform: &str| json!({ "platformRef": { "name": platform }, "partner": { "partnerRef": { "name": partner } } });
    let (served, lost) = (TenantHandle::new(&fixture, "served"), TenantHandle::new(&fixture, "lost"));
    served.create(named(&fixture.env.platform)).await;
    served.ready().await;
    lost.create(named("elsewhere")).await;
    partner_says(&fixture, &partner, totals(2, 1)).await;
    platform_says(&fixture, totals(1, 0)).await;
    operator.stop().await;

    let _partial = fixture.connect().await;
    TenantHandle::new(&fixture, "third").create(named(&fixture.env.platform)).await;
    platform_says(&fixture, totals(2, 0)).await;
    partner_says(&fixture, &partner, totals(2, 1)).await;
}
