//! Behaviour 6. The administration groups are checked with Graph, each in its own Entra tenant.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::fixture::{Fixture, condition};
use crate::support::microsoft::{GRANTS, check, member, object};

const TENANT_GROUP: &str = "TenantAdministrationGroup";
const PARTNER_GROUP: &str = "PartnerAdministrationGroup";

async fn fixture(name: &str) -> Fixture {
    let mut fixture = Fixture::new(name).await;
    fixture.microsoft().await;
    fixture.platform.grant(&fixture.id, &GRANTS).await;
    fixture
}

fn with_group(number: usize) -> Value {
    json!({ "general": { "tenantAdministrationGroupId": object(number) } })
}

#[tokio::test(flavor = "multi_thread")]
async fn security_group_passes_with_member_count() {
    let fixture = fixture("b06-members").await;
    for number in 1..=4 {
        let body = json!({ "userPrincipalName": format!("somebody{number}@contoso.com"),
            "properties": { "displayName": format!("Somebody {number}") } });
        fixture.platform.user(&fixture.id, &object(number), body).await;
    }
    let members = json!([member(1), member(2), member(3)]);
    let body = json!({ "displayName": "Secret Admins", "members": members, "owners": [member(4)] });
    fixture.platform.group(&fixture.id, &object(10), body).await;
    let _operator = fixture.start();
    fixture.create(with_group(10)).await;
    let message = fixture.check(TENANT_GROUP, "Passed", "SecurityGroup").await;
    assert_eq!("A security group with 3 direct members.", message, "owners are not members");
    let tenant = serde_json::to_string(&fixture.ready().await).unwrap();
    let events = format!("{:?}", fixture.events().await.unwrap());
    for name in ["omebody", "Secret Admins"] {
        assert!(!tenant.contains(name) && !events.contains(name), "{name}");
    }
    assert_eq!("[]", events, "a success is no event");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_group_kinds_fail() {
    let fixture = fixture("b06-kinds").await;
    let kinds = [
        (11, json!({ "displayName": "A", "groupTypes": ["Unified"], "mailEnabled": true }), "Microsoft 365 group"),
        (12, json!({ "displayName": "B", "mailEnabled": true, "securityEnabled": false }), "distribution list"),
    ];
    let _operator = fixture.start();
    fixture.create(json!({})).await;
    for (number, body, word) in kinds {
        fixture.platform.group(&fixture.id, &object(number), body).await;
        fixture.patch(json!({ "spec": with_group(number) })).await;
        let tenant = fixture
            .until(word, |tenant| {
                check(tenant, TENANT_GROUP).is_some_and(|check| {
                    check.result.as_str() == "Failed"
                        && check.message.as_deref().is_some_and(|said| said.contains(word))
                })
            })
            .await;
        assert_eq!(Some("NotASecurityGroup"), check(&tenant, TENANT_GROUP).unwrap().reason.as_deref());
        fixture.ready().await;
    }
    fixture.platform.group(&fixture.id, &object(13), json!({ "displayName": "C", "mailEnabled": true })).await;
    fixture.patch(json!({ "spec": with_group(13) })).await;
    fixture.check(TENANT_GROUP, "Passed", "MailEnabledSecurityGroup").await;
}

/// 403 means "cannot check", not "invalid".
#[tokio::test(flavor = "multi_thread")]
async fn forbidden_lookup_is_unknown_not_invalid() {
    let fixture = fixture("b06-forbidden").await;
    fixture.platform.grant(&fixture.id, &["User.Read.All"]).await;
    let _operator = fixture.start();
    fixture.create(with_group(10)).await;
    let message = fixture.check(TENANT_GROUP, "Unknown", "PermissionMissing").await;
    assert!(message.contains("says nothing about the setting"), "{message}");
    let tenant = fixture.condition("ChecksPassed", "Unknown", "CheckUnknown").await;
    assert_eq!("True", condition(&tenant, "Ready").unwrap().0);
}

#[tokio::test(flavor = "multi_thread")]
async fn partner_group_is_checked_in_its_own_tenant() {
    let fixture = fixture("b06-partner").await;
    let home = uuid::Uuid::new_v4().to_string();
    fixture.platform.grant(&home, &GRANTS).await;
    fixture.platform.group(&home, &object(20), json!({ "displayName": "Partners", "members": [member(1)] })).await;
    let partner = fixture.partner(json!({})).await;
    let _operator = fixture.start();
    fixture
        .create(json!({
            "general": { "partnerAdministrationGroupId": object(20) },
            "partner": { "partnerRef": { "name": partner } }
        }))
        .await;
    let message = fixture.check(PARTNER_GROUP, "Unknown", "PartnerTenantUnknown").await;
    assert!(message.contains("entraTenantId"), "{message}");

    let mark = fixture.platform.microsoft_mark().await;
    fixture.partner(json!({ "entraTenantId": home })).await;
    fixture.pass().await;
    let message = fixture.check(PARTNER_GROUP, "Passed", "SecurityGroup").await;
    assert_eq!("A security group with 1 direct member.", message);
    let asked = fixture.platform.asked(mark).await;
    assert_eq!(["GET /graph/v1.0/groups/{group}", "GET /graph/v1.0/groups/{group}/members"], *asked);

    // The same ID in the customer's Entra tenant is a different group.
    fixture.partner(json!({ "entraTenantId": fixture.id })).await;
    fixture.pass().await;
    fixture.check(PARTNER_GROUP, "Failed", "GroupNotFound").await;
    fixture.ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn new_group_is_not_reported_missing() {
    let mut fixture = fixture("b06-lag").await;
    fixture.timing.checks.retry_first = Duration::from_millis(100);
    fixture.timing.checks.retry_most = Duration::from_millis(200);
    fixture.timing.checks.lag = Duration::from_secs(3600);
    fixture.platform.group(&fixture.id, &object(10), json!({ "displayName": "New", "lagSeconds": 300 })).await;
    let _operator = fixture.start();
    fixture.create(with_group(10)).await;
    let message = fixture.check(TENANT_GROUP, "Unknown", "GroupNotFound").await;
    assert!(message.contains("made minutes ago may not be visible yet"), "{message}");
    fixture.platform.advance(300).await;
    fixture.check(TENANT_GROUP, "Passed", "SecurityGroup").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_group_fails_after_the_delay() {
    let mut fixture = fixture("b06-missing").await;
    fixture.timing.checks.retry_first = Duration::from_millis(100);
    fixture.timing.checks.retry_most = Duration::from_millis(200);
    fixture.timing.checks.lag = Duration::from_millis(500);
    let _operator = fixture.start();
    fixture.create(with_group(99)).await;
    fixture.check(TENANT_GROUP, "Failed", "GroupNotFound").await;
    fixture.ready().await;
}
