//! What checks cost: exact numbers of calls and writes.

use std::time::Duration;

use serde_json::json;

use super::{GROUP, PASSED, all, fixture, group, of_microsoft};
use crate::support::fixture::Fixture;
use crate::support::microsoft::{check, object};
use crate::support::wait::{PATIENCE, until};

/// The requests of all checks, without the login.
pub(super) const ONE_LOOK: [&str; 10] = [
    "DELETE /acs/{resource}/identities/{identity}",
    "GET /graph/v1.0/groups/{group}",
    "GET /graph/v1.0/groups/{group}/members",
    "GET /graph/v1.0/servicePrincipals(appId='{appId}')",
    "GET /graph/v1.0/servicePrincipals(appId='{appId}')",
    "GET /graph/v1.0/servicePrincipals/{principal}/appRoleAssignments",
    "GET /graph/v1.0/users",
    "GET /graph/v1.0/users/{user}",
    "GET /graph/v1.0/users/{user}/presence",
    "POST /acs/{resource}/identities",
];

async fn passed(fixture: &Fixture) {
    fixture.until("every check passed", |tenant| of_microsoft(tenant) == PASSED).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_checks_use_one_login_and_one_status_write() {
    let mut fixture = fixture("checks-once").await;
    // Results are gathered for so long only. On a loaded machine the last may come later than usual, and that is another rule.
    fixture.timing.checks.gather = PATIENCE;
    let operator = fixture.connect().await;
    let (mark, writes) = (fixture.platform.microsoft_mark().await, fixture.audit().mark().await.unwrap());
    fixture.create(all()).await;
    passed(&fixture).await;
    fixture.ready().await;
    operator.stop().await;
    let mut asked = fixture.platform.asked(mark).await;
    asked.sort();
    assert_eq!(ONE_LOOK, *asked);
    assert_eq!(ONE_LOOK.len() + 1, fixture.platform.all_asked(mark).await.len(), "one token serves all");
    let writes = fixture.tenant_writes(writes).await.unwrap();
    let writes: Vec<_> = writes.iter().map(|write| write.subresource.as_str()).collect();
    assert_eq!(["", "status", "status"], *writes, "finalizer, Ready, and all results together");
    assert_eq!(Vec::<(String, String)>::new(), fixture.events().await.unwrap(), "a success is no event");
}

/// A pass that comes for another reason while Microsoft is being asked must not write one answer of several.
#[tokio::test(flavor = "multi_thread")]
async fn pass_between_two_answers_costs_no_write() {
    let mut fixture = fixture("checks-between").await;
    fixture.timing.checks.gather = PATIENCE;
    let operator = fixture.connect().await;
    let delay = json!({ "kind": "delay", "seconds": 2.0 });
    let last = "GET /graph/v1.0/users/{user}/presence";
    fixture.platform.add_faults(json!([{ "route": last, "action": delay, "times": 1 }])).await.unwrap();
    let (mark, writes) = (fixture.platform.microsoft_mark().await, fixture.audit().mark().await.unwrap());
    fixture.create(all()).await;
    until("most are answered", PATIENCE, async || match fixture.platform.asked(mark).await.len() {
        calls if calls >= ONE_LOOK.len() - 2 => Ok(()),
        calls => Err(calls),
    })
    .await;
    let tenant = fixture.pass().await;
    let pending = of_microsoft(&tenant).iter().filter(|check| check.ends_with(" Pending")).count();
    passed(&fixture).await;
    operator.stop().await;
    assert_eq!(PASSED.len(), pending, "none of them is written alone");
    let writes = fixture.tenant_writes(writes).await.unwrap();
    let writes: Vec<_> = writes.iter().map(|write| write.subresource.as_str()).collect();
    assert_eq!(["", "status", "status", "status"], *writes, "the third is the token of the requested pass");
}

#[tokio::test(flavor = "multi_thread")]
async fn unchanged_resync_sends_no_check_requests() {
    let mut fixture = fixture("checks-resync").await;
    fixture.timing.sync = Some(Duration::from_millis(50));
    let passes = fixture.count_passes();
    let operator = fixture.start();
    fixture.create(all()).await;
    passed(&fixture).await;
    let (mark, writes) = (fixture.platform.microsoft_mark().await, fixture.audit().mark().await.unwrap());
    passes.more(10).await;
    operator.stop().await;
    assert_eq!(Vec::<String>::new(), fixture.platform.all_asked(mark).await);
    assert_eq!(0, fixture.tenant_writes(writes).await.unwrap().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn edit_of_one_group_checks_only_that_group() {
    let fixture = fixture("checks-edit").await;
    let operator = fixture.start();
    fixture.create(all()).await;
    passed(&fixture).await;
    let (mark, writes) = (fixture.platform.microsoft_mark().await, fixture.audit().mark().await.unwrap());
    fixture.patch(json!({ "spec": group(11) })).await;
    fixture.ready().await;
    passed(&fixture).await;
    operator.stop().await;
    let expected = ["GET /graph/v1.0/groups/{group}", "GET /graph/v1.0/groups/{group}/members"];
    assert_eq!(expected, *fixture.platform.all_asked(mark).await, "with the token that there is");
    assert_eq!(2, fixture.tenant_writes(writes).await.unwrap().len(), "the edit and its result");
}

#[tokio::test(flavor = "multi_thread")]
async fn unrelated_edit_checks_nothing() {
    let fixture = fixture("checks-other-edit").await;
    let operator = fixture.start();
    fixture.create(all()).await;
    passed(&fixture).await;
    let mark = fixture.platform.microsoft_mark().await;
    fixture.patch(json!({ "spec": { "general": { "companyName": "Contoso Group" } } })).await;
    let tenant = fixture.ready().await;
    assert_eq!(PASSED, *of_microsoft(&tenant), "what is known stays said");
    operator.stop().await;
    assert_eq!(Vec::<String>::new(), fixture.platform.all_asked(mark).await);
}

/// A restart with many Tenants is no storm: the results in status are kept until their next check.
#[tokio::test(flavor = "multi_thread")]
async fn restart_checks_nothing_and_keeps_results() {
    let fixture = fixture("checks-restart").await;
    let operator = fixture.start();
    fixture.create(all()).await;
    passed(&fixture).await;
    operator.stop().await;
    let (mark, writes) = (fixture.platform.microsoft_mark().await, fixture.audit().mark().await.unwrap());
    let operator = fixture.connect().await;
    let tenant = fixture.pass().await;
    assert_eq!(PASSED, *of_microsoft(&tenant));
    operator.stop().await;
    assert_eq!(Vec::<String>::new(), fixture.platform.all_asked(mark).await);
    assert_eq!(1, fixture.tenant_writes(writes).await.unwrap().len(), "the token of the requested pass");
}

#[tokio::test(flavor = "multi_thread")]
async fn passed_check_repeats_and_writes_only_changes() {
    let mut fixture = fixture("checks-interval").await;
    fixture.timing.checks.every = Duration::from_millis(300);
    let operator = fixture.start();
    fixture.create(group(10)).await;
    fixture.check(GROUP, "Passed", "SecurityGroup").await;
    let (mark, writes) = (fixture.platform.microsoft_mark().await, fixture.audit().mark().await.unwrap());
    until("three more looks", PATIENCE, async || match fixture.platform.asked(mark).await.len() {
        calls if calls >= 6 => Ok(()),
        calls => Err(calls),
    })
    .await;
    assert_eq!(0, fixture.tenant_writes(writes).await.unwrap().len());
    let unified = json!({ "displayName": "Admins", "groupTypes": ["Unified"] });
    fixture.platform.group(&fixture.id, &object(10), unified).await;
    fixture.check(GROUP, "Failed", "NotASecurityGroup").await;
    operator.stop().await;
    assert_eq!(1, fixture.tenant_writes(writes).await.unwrap().len());
}

/// Many Tenants at once are checked one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn checks_of_a_platform_are_paced() {
    let mut fixture = fixture("checks-pace").await;
    fixture.timing.checks.pace = Duration::from_millis(250);
    let began = std::time::Instant::now();
    let _operator = fixture.start();
    let tenants: Vec<_> =
        (1..=6).map(|n| crate::support::tenant::TenantHandle::new(&fixture, &format!("paced-{n}"))).collect();
    for tenant in &tenants {
        fixture.platform.grant(&tenant.id, &["Group.Read.All"]).await;
        tenant.create(group(10)).await;
    }
    for tenant in &tenants {
        let known = |tenant: &_| check(tenant, GROUP).is_some_and(|check| check.result.as_str() == "Failed");
        tenant.until("its group was looked for", known).await;
    }
    assert!(began.elapsed() >= Duration::from_millis(5 * 250), "{:?}", began.elapsed());
}
