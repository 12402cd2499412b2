//! F9: the platform rejects a save. Reported once, with the setting and the ID of the first request for a ticket; tried
//! again at each sync only; and cleared when it is accepted.

use std::time::Duration;

use serde_json::{Value, json};

use super::calls;
use crate::support::fixture::{Fixture, condition};

fn refusal(slug: &str, status: u16, more: Value) -> Value {
    let mut body =
        json!({ "type": format!("urn:nimbus:problem:{slug}"), "status": status, "detail": "MARKER of the body" });
    json_patch::merge(&mut body, &more);
    json!({ "kind": "status", "status": status, "contentType": "application/problem+json", "body": body })
}

/// Every rejection of a save, with the resulting reason and a word of its message.
fn refusals() -> Vec<(Value, &'static str, &'static str)> {
    let fields = json!({ "requestId": "r-1", "errors": [
        { "pointer": "/modalities/email/maxConcurrentTasksPerService", "code": "out-of-range", "min": 1, "max": 30 }
    ] });
    vec![
        (
            refusal("invalid-settings", 422, fields),
            "InvalidSettings",
            "spec.modalities.email.maxConcurrentTasksPerService was rejected by the platform: the value is out of range (allowed: 1 to 30)",
        ),
        (refusal("field-not-permitted", 403, json!({})), "InvalidSettings", "field-not-permitted"),
        (refusal("owned-by-other", 409, json!({ "owner": "other/ns/name" })), "OwnedByOther", "other/ns/name"),
        (
            refusal("tenant-deleting", 409, json!({ "deletionId": "d" })),
            "TenantDeleting",
            "The platform is deleting the tenant",
        ),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn rejected_save_is_reported_once_and_retried() {
    let mut fixture = Fixture::new("refusals").await;
    fixture.timing.sync = Some(Duration::from_millis(250));
    let _operator = fixture.start();
    fixture.create(json!({})).await;
    fixture.ready().await;
    for (number, (action, reason, words)) in refusals().into_iter().enumerate() {
        let audit = fixture.audit().mark().await.unwrap();
        fixture.platform.add_faults(json!([{ "route": "PATCH /v1/tenants/{id}", "action": action }])).await.unwrap();
        let mark = fixture.platform.mark().await.unwrap();
        let email = json!({ "maxConcurrentTasksPerService": 40 + number });
        fixture.patch(json!({ "spec": { "modalities": { "email": email } } })).await;
        let stalled = fixture.condition("Ready", "False", reason).await;
        let (_, _, message) = condition(&stalled, "Ready").unwrap();
        assert!(message.contains(words), "{message}");
        assert!(!serde_json::to_string(&stalled).unwrap().contains("MARKER"), "{message}");
        assert_eq!(Some("True"), condition(&stalled, "Stalled").map(|(status, _, _)| status).as_deref(), "{reason}");
        calls(&fixture, mark, "a try", 5, |seen| seen.call.starts_with("PATCH")).await;
        assert_eq!(1, fixture.tenant_writes(audit).await.unwrap().len(), "{reason}");
        fixture.platform.clear_faults().await.unwrap();
        fixture.ready().await;
    }
}

/// The platform gives every response an ID. A different ID alone is not a change of status.
#[tokio::test(flavor = "multi_thread")]
async fn changed_request_id_writes_no_status() {
    let mut fixture = Fixture::new("request-id").await;
    fixture.timing.sync = Some(Duration::from_millis(250));
    fixture.timing.backoff_most = Duration::from_millis(250);
    let _operator = fixture.start();
    fixture.create(json!({})).await;
    fixture.ready().await;
    for (route, slug, reason) in [
        ("PATCH /v1/tenants/{id}", "invalid-settings", "InvalidSettings"),
        ("GET /v1/tenants/{id}", "route-not-found", "PlatformUnavailable"),
    ] {
        let (mark, audit) = (fixture.platform.mark().await.unwrap(), fixture.audit().mark().await.unwrap());
        let action = json!({ "kind": "problem", "slug": slug });
        fixture.platform.add_faults(json!([{ "route": route, "action": action }])).await.unwrap();
        fixture.patch(json!({ "spec": { "general": { "companyName": format!("Contoso {slug}") } } })).await;
        let said = fixture.condition("Ready", "False", reason).await;
        let (_, _, message) = condition(&said, "Ready").unwrap();
        let seen = calls(&fixture, mark, "a refusal", 5, |seen| seen.entry["fault"] == json!("problem")).await;
        let first = seen[0].entry["requestId"].as_str().unwrap();
        assert!(message.contains(&format!("(request {first})")), "{message}");
        assert_eq!(1, fixture.tenant_writes(audit).await.unwrap().len(), "{slug}");
        fixture.platform.clear_faults().await.unwrap();
        fixture.ready().await;
    }
}
