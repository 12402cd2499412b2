//! Checks run separately from reconciliation: a hanging Graph delays no save, no Ready, no other check and no deletion, and
//! Tenants that are not live are not checked.

use serde_json::json;

use super::{GROUP, INTERACT, all, fixture, group, interact};
use crate::support::fixture::{Fixture, condition};
use crate::support::microsoft::{ACCESS_KEY, GRANTS, check, object};
use crate::support::wait::{PATIENCE, until};

/// Longer than any test waits.
const FOR_EVER: u64 = 600;

async fn hang(fixture: &Fixture, route: &str) {
    let action = json!({ "kind": "delay", "seconds": FOR_EVER });
    fixture.platform.add_faults(json!([{ "route": route, "action": action }])).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_graph_delays_no_reconcile() {
    let mut fixture = fixture("checks-hang").await;
    fixture.timing.call = std::time::Duration::from_secs(3600);
    hang(&fixture, "GET /graph/v1.0/groups/{group}").await;
    let _operator = fixture.start();
    fixture.create(group(10)).await;
    let tenant = fixture.ready().await;
    assert_eq!(Some("Pending"), check(&tenant, GROUP).unwrap().reason.as_deref());
    assert_eq!("Unknown", condition(&tenant, "ChecksPassed").unwrap().0);
    fixture.patch(json!({ "spec": { "general": { "companyName": "Contoso Group" } } })).await;
    fixture.ready().await;
    fixture.settings("the edit is live", |settings| settings["general"]["companyName"] == "Contoso Group").await;
    fixture.delete().await;
    fixture.gone().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hanging_check_does_not_delay_other_results() {
    let fixture = fixture("checks-partial").await;
    hang(&fixture, "GET /graph/v1.0/users/{user}").await;
    let _operator = fixture.start();
    fixture.create(all()).await;
    fixture.check(GROUP, "Passed", "SecurityGroup").await;
    fixture.check(INTERACT, "Passed", "TokenIssued").await;
    let tenant = fixture.ready().await;
    assert_eq!(Some("Pending"), check(&tenant, "PresenceTest").unwrap().reason.as_deref());
}

#[tokio::test(flavor = "multi_thread")]
async fn result_of_a_removed_check_is_dropped() {
    let fixture = fixture("checks-late").await;
    // The check of the first group hangs, that of the second completes.
    let action = json!({ "kind": "delay", "seconds": 2 });
    fixture
        .platform
        .add_faults(json!([{ "route": "GET /graph/v1.0/groups/{group}", "nth": 1, "action": action }]))
        .await
        .unwrap();
    let _operator = fixture.start();
    let mark = fixture.platform.microsoft_mark().await;
    fixture.create(group(99)).await;
    fixture.ready().await;
    until("the first group is asked about", PATIENCE, async || {
        let faults = fixture.platform.ask(reqwest::Method::GET, "/sandbox/faults", None).await.unwrap();
        if faults["faults"][0]["faulted"] == 1 { Ok(()) } else { Err(faults) }
    })
    .await;
    fixture.patch(json!({ "spec": group(10) })).await;
    fixture.check(GROUP, "Passed", "SecurityGroup").await;
    until("the first answer came", PATIENCE, async || match fixture.platform.asked(mark).await {
        asked if asked.len() >= 3 => Ok(()),
        asked => Err(format!("{asked:?}")),
    })
    .await;
    let tenant = fixture.pass().await;
    assert_eq!("Passed", check(&tenant, GROUP).unwrap().result.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn suspended_and_deleting_tenants_are_not_checked() {
    let mut fixture = fixture("checks-suspended").await;
    fixture.timing.checks.every = std::time::Duration::from_millis(200);
    let _operator = fixture.start();
    fixture.create(group(10)).await;
    fixture.check(GROUP, "Passed", "SecurityGroup").await;
    fixture.patch(json!({ "spec": { "suspend": true } })).await;
    let tenant = fixture.condition("Synced", "Unknown", "ReconciliationSuspended").await;
    assert_eq!("Passed", check(&tenant, GROUP).unwrap().result.as_str(), "what was found stays said");
    let mark = fixture.platform.microsoft_mark().await;
    fixture.patch(json!({ "spec": group(11) })).await;
    fixture.pass().await;
    fixture.pass().await;
    assert_eq!(Vec::<String>::new(), fixture.platform.asked(mark).await);
    fixture.delete().await;
    fixture.gone().await;
    assert_eq!(Vec::<String>::new(), fixture.platform.asked(mark).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_tenant_is_not_checked() {
    let fixture = fixture("checks-foreign").await;
    let settings = json!({ "general": { "name": "Contoso", "o365Domain": "contoso.com", "tenantId": fixture.id } });
    fixture.platform.create(&fixture.id, settings).await.unwrap();
    fixture.platform.stamp(&fixture.id, Some("elsewhere/contoso/contoso"), None).await.unwrap();
    let _operator = fixture.start();
    let mark = fixture.platform.microsoft_mark().await;
    fixture.create(all()).await;
    let tenant = fixture.condition("Ready", "False", "OwnedByOther").await;
    assert_eq!(0, tenant.status.unwrap().checks.len());
    fixture.pass().await;
    assert_eq!(Vec::<String>::new(), fixture.platform.all_asked(mark).await);
}

/// An identity created for a check is always deleted, even if the Tenant is deleted, the response is an error or the
/// operator stops.
#[tokio::test(flavor = "multi_thread")]
async fn identity_is_deleted_after_tenant_and_operator_end() {
    let fixture = fixture("checks-identity").await;
    let action = json!({ "kind": "delay", "seconds": 1, "after": true });
    let slow = json!([{ "route": "POST /acs/{resource}/identities", "nth": 1, "action": action }]);
    fixture.platform.add_faults(slow).await.unwrap();
    let operator = fixture.start();
    fixture.create(interact()).await;
    until("the identity is made", PATIENCE, async || match fixture.platform.identities("contoso").await {
        [1, ..] => Ok(()),
        counts => Err(format!("{counts:?}")),
    })
    .await;
    operator.stop().await;
    assert_eq!([1, 1, 1], fixture.platform.identities("contoso").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_is_deleted_after_check_failures() {
    let fixture = fixture("checks-no-token").await;
    let _operator = fixture.start();
    fixture.create(interact()).await;
    fixture.check(INTERACT, "Passed", "TokenIssued").await;
    let fails = json!([{
        "route": "DELETE /acs/{resource}/identities/{identity}", "nth": 1, "action": { "kind": "status", "status": 503 }
    }]);
    fixture.platform.add_faults(fails).await.unwrap();
    let value = format!("{};", fixture.connection_string("contoso", ACCESS_KEY));
    fixture.secret(&fixture.env.namespace, "acs", json!({ super::KEY: value })).await;
    fixture.pass().await;
    until("the second identity is deleted too", PATIENCE, async || {
        match fixture.platform.identities("contoso").await {
            [2, 2, 2] => Ok(()),
            counts => Err(format!("{counts:?}")),
        }
    })
    .await;
}

/// Rate limits are per customer.
#[tokio::test(flavor = "multi_thread")]
async fn retry_after_applies_to_one_entra_tenant() {
    let mut fixture = fixture("checks-throttle").await;
    fixture.timing.checks.retry_first = std::time::Duration::from_millis(100);
    fixture.timing.checks.retry_most = std::time::Duration::from_millis(100);
    let headers = json!({ "retry-after": "120" });
    let action = json!({ "kind": "status", "status": 429, "headers": headers });
    let throttled =
        json!([{ "route": "POST /login/{tenant}/oauth2/v2.0/token", "tenant": fixture.id, "action": action }]);
    fixture.platform.add_faults(throttled).await.unwrap();
    let mark = fixture.platform.microsoft_mark().await;
    let _operator = fixture.start();
    let mut spec = all();
    spec["extensions"].as_object_mut().unwrap().remove("interact");
    fixture.create(spec).await;
    fixture.check(GROUP, "Unknown", "Throttled").await;
    fixture.check("PresenceTest", "Unknown", "Throttled").await;
    let other = crate::support::tenant::TenantHandle::new(&fixture, "other");
    fixture.platform.grant(&other.id, &GRANTS).await;
    fixture.platform.group(&other.id, &object(10), json!({ "displayName": "Admins" })).await;
    other.create(group(10)).await;
    other
        .until("it passes", |tenant| check(tenant, GROUP).is_some_and(|check| check.result.as_str() == "Passed"))
        .await;
    fixture.pass().await;
    let asked = fixture.platform.all_asked(mark).await;
    let log_ins = asked.iter().filter(|call| call.contains("/oauth2/")).count();
    assert_eq!(2, log_ins, "one each, regardless of other checks: {asked:?}");
}
