//! Rules 7, 24, 25, 27 and 28: what tools that wait for a Tenant observe.

use kube::ResourceExt;
use nimbus_operator::resources::ConditionType;
use nimbus_operator::resources::Tenant;
use serde_json::json;

use super::history::{History, is_true};
use super::kubectl;
use crate::support::fixture::{CONNECTION_STRING, Fixture, NAME, condition};
use crate::support::users::TENANT_EDITOR;
use crate::support::wait::{PATIENCE, until};

/// `kubectl wait` until the Tenant is Ready; whether it is.
async fn wait_for_ready(fixture: &Fixture, timeout: &str) -> bool {
    let timeout = format!("--timeout={timeout}");
    let words = ["wait", "--for=condition=Ready", "tenants.nimbus.luware.com", NAME, &timeout];
    let output = kubectl(fixture, TENANT_EDITOR, &words).await;
    assert!(output.status.success() || output.stderr.contains("timed out waiting"), "{output:?}");
    output.status.success()
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_07_unobserved_object_is_not_current() {
    let fixture = Fixture::new("unseen").await;
    let created = fixture.create(json!({})).await;
    assert_eq!(
        Some(-1),
        created.status.as_ref().map(|status| status.observed_generation),
        "in the answer of the create"
    );
    let path = "jsonpath={.status.observedGeneration}/{.metadata.generation}";
    let shown = fixture.kubectl(TENANT_EDITOR, &["get", "nten", NAME, "-o", path]).await.unwrap();
    assert_eq!("-1/1", shown, "kstatus takes two different numbers for work in progress, and no number for none");
    assert!(!wait_for_ready(&fixture, "1s").await, "no operator has seen it");

    let _operator = fixture.start();
    assert!(wait_for_ready(&fixture, "60s").await);
    let shown = fixture.kubectl(TENANT_EDITOR, &["get", "nten", NAME, "-o", path]).await.unwrap();
    assert_eq!("1/1", shown);
}

fn generations(tenant: &Tenant) -> Vec<(&str, Option<i64>)> {
    let status = tenant.status.as_ref().unwrap();
    let conditions = status.conditions.iter().map(|c| (c.type_.as_str(), c.observed_generation));
    [("status", Some(status.observed_generation))].into_iter().chain(conditions).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_24_status_and_conditions_have_generations() {
    let fixture = Fixture::new("generations").await;
    let _operator = fixture.start();
    fixture.create(json!({})).await;
    let types = ["status", "Ready", "Accepted", "Synced", "ScriptExecutionPending", "LicenseOveruse", "TenantActive"];
    let expected = |generation| types.map(|name| (name, Some(generation))).to_vec();
    assert_eq!(expected(1), generations(&fixture.ready().await));

    // An edit of a setting, and an edit that changes nothing on the platform.
    fixture.patch(json!({ "spec": { "general": { "division": "Care" } } })).await;
    assert_eq!(expected(2), generations(&fixture.ready().await));
    fixture.patch(json!({ "spec": { "syncIntervalSeconds": 600 } })).await;
    assert_eq!(expected(3), generations(&fixture.ready().await));

    // Also while it is not ready.
    fixture.patch(json!({ "spec": { "extensions": { "interact": { "enabled": true } } } })).await;
    let stalled = fixture.condition("Ready", "False", "InvalidSettings").await;
    assert!(generations(&stalled).iter().all(|(_, generation)| *generation == Some(4)), "{:?}", generations(&stalled));
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_25_wait_ignores_outdated_conditions() {
    let fixture = Fixture::new("fooled").await;
    let operator = fixture.start();
    fixture.create(json!({})).await;
    fixture.ready().await;

    // Without an operator the old Ready stays, and it is of another generation.
    operator.stop().await;
    let edited = fixture.patch(json!({ "spec": { "general": { "name": "Second" } } })).await;
    assert_eq!(Some("True".to_owned()), condition(&edited, ConditionType::Ready.as_str()).map(|(status, ..)| status));
    assert!(!wait_for_ready(&fixture, "1s").await, "the condition is of the generation before");

    let _operator = fixture.start();
    assert!(wait_for_ready(&fixture, "60s").await);
    let (_, tenant) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!("Second", tenant["settings"]["general"]["name"]);

    // While it runs: whenever the wait returns, the platform has the new value.
    for name in ["Third", "Fourth", "Fifth"] {
        fixture.patch(json!({ "spec": { "general": { "name": name } } })).await;
        assert!(wait_for_ready(&fixture, "60s").await);
        let (_, tenant) = fixture.platform.tenant(&fixture.id).await.unwrap();
        assert_eq!(name, tenant["settings"]["general"]["name"]);
    }
}

/// A confirmation is an edit of the spec: a tool that waits does not take the failure before it for the outcome.
#[tokio::test(flavor = "multi_thread")]
async fn rule_25_confirmation_is_another_generation() {
    let fixture = Fixture::new("confirmed-wait").await;
    let operator = fixture.start();
    fixture.create(json!({ "dataPrivacy": { "dataRetentionMonths": 24 } })).await;
    fixture.ready().await;
    fixture.patch(json!({ "spec": { "dataPrivacy": { "dataRetentionMonths": 12 } } })).await;
    fixture.condition("Ready", "False", "ConfirmationRequired").await;

    let observed = |tenant: &Tenant| tenant.status.as_ref().map(|status| status.observed_generation);
    operator.stop().await;
    fixture.confirm("retention", "24->12").await;
    let confirmed = fixture.get().await;
    assert!(
        observed(&confirmed) < confirmed.metadata.generation,
        "in progress for kstatus, regardless of the conditions"
    );

    let _operator = fixture.start();
    assert!(wait_for_ready(&fixture, "60s").await);
    let ready = fixture.get().await;
    assert_eq!(observed(&ready), ready.metadata.generation);
    assert_eq!(Some(12), ready.status.unwrap().applied.unwrap().data_retention_months);
}

/// Waits until the current second differs from that of every condition of a Tenant.
async fn another_second(tenant: &Tenant) {
    let conditions = &tenant.status.as_ref().unwrap().conditions;
    let latest = conditions.iter().map(|condition| condition.last_transition_time.0.as_second()).max().unwrap();
    until("another second", PATIENCE, async || {
        let now = jiff::Timestamp::now().as_second();
        if now > latest { Ok(()) } else { Err(now) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_27_transition_time_follows_status() {
    let fixture = Fixture::new("transition").await;
    let _operator = fixture.start();
    fixture.create(json!({})).await;
    let ready = fixture.ready().await;
    let history = History::of(&fixture).await;
    another_second(&ready).await;
    // Written again with the same status, for another generation.
    fixture.patch(json!({ "spec": { "general": { "division": "Care" } } })).await;
    another_second(&fixture.ready().await).await;
    // To False, another reason of False, and back to True.
    fixture.patch(json!({ "spec": { "extensions": { "interact": { "enabled": true } } } })).await;
    another_second(&fixture.condition("Ready", "False", "InvalidSettings").await).await;
    let missing = json!({ "name": "late", "key": "connection-string" });
    fixture.patch(json!({ "spec": { "extensions": { "interact": { "acsConnectionStringRef": missing } } } })).await;
    another_second(&fixture.condition("Ready", "False", "SecretNotFound").await).await;
    fixture.patch(json!({ "spec": { "extensions": { "interact": { "enabled": false } } } })).await;
    history.reaches(&fixture.ready().await).await;

    let (mut flips, mut stays) = (0, 0);
    for pair in history.versions().windows(2) {
        let conditions = |tenant: &Tenant| tenant.status.clone().unwrap().conditions;
        let (before, after) = (conditions(&pair[0]), conditions(&pair[1]));
        let rewritten = pair[0].status != pair[1].status;
        for now in after.iter().filter(|_| rewritten) {
            let Some(then) = before.iter().find(|then| then.type_ == now.type_) else { continue };
            let moved = then.last_transition_time != now.last_transition_time;
            assert_eq!(then.status != now.status, moved, "{then:?} became {now:?}");
            *(if moved { &mut flips } else { &mut stays }) += 1;
        }
    }
    println!("{flips} flips, {stays} conditions that were written again");
    assert!(flips >= 4 && stays >= 10, "{flips} flips, {stays} that stayed");
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_28_late_secret_recovers() {
    let fixture = Fixture::new("late").await;
    let _operator = fixture.start();
    let reference = json!({ "name": "late", "key": "connection-string" });
    fixture
        .create(json!({ "extensions": { "interact": { "enabled": true, "acsConnectionStringRef": reference } } }))
        .await;
    let waiting = fixture.condition("Ready", "False", "SecretNotFound").await;
    assert!(
        is_true(&waiting, ConditionType::Reconciling) && !is_true(&waiting, ConditionType::Stalled),
        "Flux gives up on Stalled"
    );
    let (_, _, message) = condition(&waiting, ConditionType::Ready.as_str()).unwrap();
    assert!(
        message.contains("spec.extensions.interact.acsConnectionStringRef") && message.contains("/late not found"),
        "{message}"
    );

    // First with another key, then correct; the Tenant is not changed.
    fixture.secret(&fixture.env.namespace, "late", json!({ "other": CONNECTION_STRING })).await;
    let waiting = fixture.condition("Ready", "False", "SecretKeyNotFound").await;
    assert!(is_true(&waiting, ConditionType::Reconciling) && !is_true(&waiting, ConditionType::Stalled));
    fixture.secret(&fixture.env.namespace, "late", json!({ "connection-string": CONNECTION_STRING })).await;
    let ready = fixture.ready().await;
    assert!(!is_true(&ready, ConditionType::Reconciling) && !is_true(&ready, ConditionType::Stalled));
    assert_eq!((Some(1), 0), (ready.metadata.generation, ready.annotations().len()), "the Tenant was not edited");
}
