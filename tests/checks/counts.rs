//! What checks cost: exact numbers of calls and writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nimbus_operator::controller::Step;
use serde_json::json;

use super::{GROUP, PASSED, all, group, of_microsoft, stage};
use crate::support::microsoft::{check, object};
use crate::support::stage::Stage;
use crate::support::wait::{PATIENCE, until};

/// The requests of all checks, without the login.
const ONE_LOOK: [&str; 10] = [
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

async fn passed(stage: &Stage) {
    stage.until("every check passed", |tenant| of_microsoft(tenant) == PASSED).await;
}

/// Counts the passes from here on.
fn counting(stage: &mut Stage) -> Arc<AtomicUsize> {
    let passes = Arc::new(AtomicUsize::new(0));
    let counter = passes.clone();
    stage.observer = Arc::new(move |step, _| {
        if step == Step::Publish {
            counter.fetch_add(1, Ordering::SeqCst);
        }
    });
    passes
}

#[tokio::test(flavor = "multi_thread")]
async fn all_checks_use_one_login_and_one_status_write() {
    let stage = stage("checks-once").await;
    let operator = stage.connect().await;
    let (mark, writes) = (stage.platform.microsoft_mark().await, stage.audit().mark().await.unwrap());
    stage.create(all()).await;
    passed(&stage).await;
    stage.ready().await;
    operator.stop().await;
    let mut asked = stage.platform.asked(mark).await;
    asked.sort();
    assert_eq!(ONE_LOOK, *asked);
    assert_eq!(ONE_LOOK.len() + 1, stage.platform.all_asked(mark).await.len(), "one token serves all");
    let writes = stage.tenant_writes(writes).await.unwrap();
    let writes: Vec<_> = writes.iter().map(|write| write.subresource.as_str()).collect();
    assert_eq!(["", "status", "status"], *writes, "finalizer, Ready, and all results together");
    assert_eq!(Vec::<(String, String)>::new(), stage.events().await.unwrap(), "a success is no event");
}

#[tokio::test(flavor = "multi_thread")]
async fn unchanged_resync_sends_no_check_requests() {
    let mut stage = stage("checks-resync").await;
    stage.timing.sync = Some(Duration::from_millis(50));
    let passes = counting(&mut stage);
    let operator = stage.start();
    stage.create(all()).await;
    passed(&stage).await;
    let (mark, writes) = (stage.platform.microsoft_mark().await, stage.audit().mark().await.unwrap());
    let before = passes.load(Ordering::SeqCst);
    until("ten more passes", PATIENCE, async || match passes.load(Ordering::SeqCst) - before {
        made if made >= 10 => Ok(()),
        made => Err(made),
    })
    .await;
    operator.stop().await;
    assert_eq!(Vec::<String>::new(), stage.platform.all_asked(mark).await);
    assert_eq!(0, stage.tenant_writes(writes).await.unwrap().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn edit_of_one_group_checks_only_that_group() {
    let stage = stage("checks-edit").await;
    let operator = stage.start();
    stage.create(all()).await;
    passed(&stage).await;
    let (mark, writes) = (stage.platform.microsoft_mark().await, stage.audit().mark().await.unwrap());
    stage.patch(json!({ "spec": group(11) })).await;
    stage.ready().await;
    passed(&stage).await;
    operator.stop().await;
    let expected = ["GET /graph/v1.0/groups/{group}", "GET /graph/v1.0/groups/{group}/members"];
    assert_eq!(expected, *stage.platform.all_asked(mark).await, "with the token that there is");
    assert_eq!(2, stage.tenant_writes(writes).await.unwrap().len(), "the edit and its result");
}

#[tokio::test(flavor = "multi_thread")]
async fn unrelated_edit_checks_nothing() {
    let stage = stage("checks-other-edit").await;
    let operator = stage.start();
    stage.create(all()).await;
    passed(&stage).await;
    let mark = stage.platform.microsoft_mark().await;
    stage.patch(json!({ "spec": { "general": { "companyName": "Contoso Group" } } })).await;
    let tenant = stage.ready().await;
    assert_eq!(PASSED, *of_microsoft(&tenant), "what is known stays said");
    operator.stop().await;
    assert_eq!(Vec::<String>::new(), stage.platform.all_asked(mark).await);
}

/// A restart with many Tenants is no storm: the results in status are kept until their next check.
#[tokio::test(flavor = "multi_thread")]
async fn restart_checks_nothing_and_keeps_results() {
    let stage = stage("checks-restart").await;
    let operator = stage.start();
    stage.create(all()).await;
    passed(&stage).await;
    operator.stop().await;
    let (mark, writes) = (stage.platform.microsoft_mark().await, stage.audit().mark().await.unwrap());
    let operator = stage.connect().await;
    let tenant = stage.pass().await;
    assert_eq!(PASSED, *of_microsoft(&tenant));
    operator.stop().await;
    assert_eq!(Vec::<String>::new(), stage.platform.all_asked(mark).await);
    assert_eq!(1, stage.tenant_writes(writes).await.unwrap().len(), "the token of the requested pass");
}

#[tokio::test(flavor = "multi_thread")]
async fn passed_check_repeats_and_writes_only_changes() {
    let mut stage = stage("checks-interval").await;
    stage.timing.checks.every = Duration::from_millis(300);
    let operator = stage.start();
    stage.create(group(10)).await;
    stage.check(GROUP, "Passed", "SecurityGroup").await;
    let (mark, writes) = (stage.platform.microsoft_mark().await, stage.audit().mark().await.unwrap());
    until("three more looks", PATIENCE, async || match stage.platform.asked(mark).await.len() {
        calls if calls >= 6 => Ok(()),
        calls => Err(calls),
    })
    .await;
    assert_eq!(0, stage.tenant_writes(writes).await.unwrap().len());
    let unified = json!({ "displayName": "Admins", "groupTypes": ["Unified"] });
    stage.platform.group(&stage.id, &object(10), unified).await;
    stage.check(GROUP, "Failed", "NotASecurityGroup").await;
    operator.stop().await;
    assert_eq!(1, stage.tenant_writes(writes).await.unwrap().len());
}

/// Many Tenants at once are checked one after the other.
#[tokio::test(flavor = "multi_thread")]
async fn checks_of_a_platform_are_paced() {
    let mut stage = stage("checks-pace").await;
    stage.timing.checks.pace = Duration::from_millis(250);
    let began = std::time::Instant::now();
    let _operator = stage.start();
    let tenants: Vec<_> = (1..=6).map(|n| crate::support::tenant::Handle::new(&stage, &format!("paced-{n}"))).collect();
    for tenant in &tenants {
        stage.platform.grant(&tenant.id, &["Group.Read.All"]).await;
        tenant.create(group(10)).await;
    }
    for tenant in &tenants {
        let known = |tenant: &_| check(tenant, GROUP).is_some_and(|check| check.result.as_str() == "Failed");
        tenant.until("its group was looked for", known).await;
    }
    assert!(began.elapsed() >= Duration::from_millis(5 * 250), "{:?}", began.elapsed());
}
