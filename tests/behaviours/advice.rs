//! Advice: condition messages contain what the manual advises, with the support links of the Platform.

use nimbus_operator::resources::Platform;
use serde_json::json;

use super::fixture::{BehaviourFixture, HELPDESK, SERVICE_STATUS};
use crate::support::fixture::{condition, message};
use crate::support::users::PLATFORM_ADMIN;
use crate::support::wait::{PATIENCE, until};

/// "If you need to change Data Privacy settings described on this tab but are unable to do so, consult with your support
/// partner or Luware directly." with "Luware Website", "Luware Helpdesk" and "Cloud Service Status".
#[tokio::test(flavor = "multi_thread")]
async fn advice_includes_support_links_of_the_platform() {
    let fixture = BehaviourFixture::start("hints-links").await;
    fixture.live("licenses: {tenantState: Expired}").await;
    let said = async || {
        let tenant = fixture.base.pass().await;
        let (.., happened) = condition(&tenant, "TenantActive").unwrap();
        message(&tenant, "TenantActive").unwrap().split_off(happened.len())
    };
    let advice = ". What to do: Contact Luware Support to renew the subscription.";
    assert_eq!(advice, said().await, "a Platform without links has none invented");
    fixture.name_support().await;
    until("the links are shown", PATIENCE, async || match said().await {
        text if text == format!("{advice} See {HELPDESK}") => Ok(()),
        text => Err(text),
    })
    .await;
    fixture.edit_platform(json!({ "support": { "helpdesk": "https://tickets.example" } })).await;
    until("the new link is shown", PATIENCE, async || match said().await {
        text if text == format!("{advice} See https://tickets.example") => Ok(()),
        text => Err(text),
    })
    .await;
}

/// Messages of the Platform contain advice too, except for throttling, which needs no action.
#[tokio::test(flavor = "multi_thread")]
async fn platform_message_includes_advice() {
    let fixture = BehaviourFixture::start("hints-platform").await;
    fixture.name_support().await;
    let api = kube::Api::<Platform>::all(fixture.base.client(PLATFORM_ADMIN));
    let ready_reason = async |reason: &str| {
        until(&format!("the Platform is {reason}"), PATIENCE, async || {
            let platform = api.get(&fixture.base.env.platform).await.map_err(|error| error.to_string())?;
            let conditions = platform.status.map(|status| status.conditions).unwrap_or_default();
            match conditions.into_iter().find(|condition| condition.type_ == "Ready") {
                Some(ready) if ready.reason == reason => Ok(ready.message),
                other => Err(format!("{other:?}")),
            }
        })
        .await
    };
    let fault = |action: serde_json::Value| json!([{ "route": "*", "action": action }]);
    let slow = json!({ "kind": "status", "status": 429, "headers": { "retry-after": "1" } });
    fixture.base.platform.add_faults(fault(slow)).await.unwrap();
    fixture.edit_platform(json!({ "limits": { "confirmedDeletionsPerHour": 9 } })).await;
    assert!(!ready_reason("Throttled").await.contains("What to do"));
    fixture.base.platform.clear_faults().await.unwrap();
    ready_reason("Connected").await;

    fixture.edit_platform(json!({ "caBundle": "no certificate" })).await;
    let said = ready_reason("InvalidPlatform").await;
    assert_eq!("spec.caBundle is not a list of PEM certificates", said);
    fixture.edit_platform(json!({ "caBundle": null, "endpoint": "http://127.0.0.1:1" })).await;
    let said = ready_reason("Unreachable").await;
    let advice = "Check the setting that the message names, the network and the status of the service.";
    assert!(said.ends_with(&format!(". What to do: {advice} See {SERVICE_STATUS}")), "{said}");
}

/// An outage shows in several ways, one after the other, but results in one message that is written once.
#[tokio::test(flavor = "multi_thread")]
async fn message_is_stable_during_an_outage() {
    let fixture = BehaviourFixture::start("hints-outage").await;
    fixture.name_support().await;
    fixture.live("general: {companyName: Contoso AG}").await;
    let ways = [
        json!({ "kind": "status", "status": 503 }),
        json!({ "kind": "status", "status": 502 }),
        json!({ "kind": "html", "status": 200 }),
        json!({ "kind": "status", "status": 500 }),
    ];
    let outage = async |way: &serde_json::Value| {
        fixture.base.platform.clear_faults().await.unwrap();
        fixture.base.platform.add_faults(json!([{ "route": "*", "action": way }])).await.unwrap();
    };
    outage(&ways[0]).await;
    let mark = fixture.base.audit().mark().await.unwrap();
    fixture.apply("general: {companyName: Contoso SE}").await;
    let down = fixture.base.condition("Ready", "False", "PlatformUnavailable").await;
    let first = message(&down, "Ready").unwrap();
    let expected = format!(
        "Platform {} is not ready (UnexpectedAnswer); the edit is applied when it answers. See {SERVICE_STATUS}",
        fixture.base.env.platform
    );
    assert_eq!(expected, first);
    for way in &ways {
        outage(way).await;
        let log = fixture.base.platform.mark().await.unwrap();
        until("it was tried again", PATIENCE, async || {
            let calls = fixture.base.platform.log_after(log).await.map_err(|error| error.to_string())?;
            if calls.len() >= 3 { Ok(()) } else { Err(format!("{} calls", calls.len())) }
        })
        .await;
        let still = fixture.base.get().await;
        for kind in ["Ready", "Reconciling"] {
            assert_eq!(Some(&first), message(&still, kind).as_ref(), "{way}");
        }
    }
    assert_eq!(1, fixture.base.tenant_writes(mark).await.unwrap().len(), "one outage, one write");
    fixture.base.platform.clear_faults().await.unwrap();
    let ready = fixture.base.ready().await;
    assert_eq!(Some("All managed settings are applied".to_owned()), message(&ready, "Ready"));
}
