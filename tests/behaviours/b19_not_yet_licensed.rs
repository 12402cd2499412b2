//! Behaviour 19. Extensions and modalities may be configured before they are licensed or available; they take effect later.
//!
//! The operator shows: the checks `Available` and `Licensed`, the worst result in ChecksPassed, and Ready in any case.

use nimbus_operator::resources::status::CheckStatus;
use nimbus_operator::resources::{CheckName, CheckResult, Tenant};
use reqwest::Method;
use serde_json::json;

use super::fixture::{BehaviourFixture, WEBSITE, condition_state, fails, pair, succeeds};
use crate::support::fixture::message;

fn check(tenant: &Tenant, name: CheckName) -> Option<CheckStatus> {
    tenant.status.as_ref().unwrap().checks.iter().find(|check| check.name == name).cloned()
}

fn passed(name: CheckName) -> Option<CheckStatus> {
    Some(CheckStatus { name, result: CheckResult::Passed, reason: Some(name.as_str().into()), message: None })
}

fn failed(name: CheckName, reason: &str, message: &str) -> Option<CheckStatus> {
    Some(CheckStatus { name, result: CheckResult::Failed, reason: Some(reason.into()), message: Some(message.into()) })
}

const UNLICENSED: &str = "Not licensed; takes effect once licenses are applied to users and services: ";
const UNAVAILABLE: &str = "Not available on this tenant; takes effect once the vendor enables it: ";

/// "Note that certain extensions may be configured but will not take effect until the licenses for your users (User
/// Administration) and services (Service Administration) are applied."
#[tokio::test(flavor = "multi_thread")]
async fn unlicensed_extension_is_saved_and_applies_later() {
    let fixture = BehaviourFixture::start("b19-licence").await;
    fixture.name_support().await;
    let nothing = fixture.live("extensions: {interact: {enabled: false}}").await;
    assert_eq!(
        Vec::<CheckStatus>::new(),
        nothing.status.unwrap().checks,
        "nothing is configured, so nothing is judged"
    );
    let spec = "extensions:
  interact: {enabled: true, acsConnectionStringRef: {name: acs, key: connection-string}}
  attendantConsole: {useNewDesign: true}
";
    let early = fixture.live(spec).await;
    assert_eq!(fails("no-agent", "not-licensed"), fixture.visit().await);
    let both = format!("{UNLICENSED}spec.extensions.interact, spec.extensions.attendantConsole");
    assert_eq!(failed(CheckName::Licensed, "NotLicensed", &both), check(&early, CheckName::Licensed));
    assert_eq!(None, check(&early, CheckName::Available), "these are no modalities");
    assert_eq!(pair("False", "NotLicensed"), condition_state(&early, "ChecksPassed"));
    let said = format!(
        "1 check failed: Licensed. What to do: Contact your Customer Success specialist; the settings are kept and take effect \
         once licenses are applied to users and services. See {WEBSITE}"
    );
    assert_eq!(Some(said), message(&early, "ChecksPassed"));
    assert_eq!(
        (pair("True", "Succeeded"), pair("True", "InSync")),
        (condition_state(&early, "Ready"), condition_state(&early, "Synced"))
    );

    fixture.act(Method::PUT, "/users/anna", json!({ "licenses": ["users/interact"] })).await;
    let one = fixture.base.pass().await;
    assert_eq!(succeeds("connected"), fixture.visit().await);
    let rest = format!("{UNLICENSED}spec.extensions.attendantConsole");
    assert_eq!(failed(CheckName::Licensed, "NotLicensed", &rest), check(&one, CheckName::Licensed));
    fixture.vendor(json!({ "licenses": { "contingents": { "users": { "attendantConsole": 1 } } } })).await;
    let all = fixture.base.pass().await;
    assert_eq!(passed(CheckName::Licensed), check(&all, CheckName::Licensed));
    // The connection string remains unchecked: this Platform configures no app.
    assert_eq!(pair("Unknown", "CheckUnknown"), condition_state(&all, "ChecksPassed"));
    let unasked = all.status.as_ref().unwrap().checks.iter().find(|check| check.name != CheckName::Licensed).unwrap();
    assert_eq!(Some("NotConfigured"), unasked.reason.as_deref());
}

/// "You may not see all modality-related settings on your Tenant yet. Once enabled on your tenant you will see corresponding
/// options available". "All Modalities are separatedly licensed and require prior technical setup."
#[tokio::test(flavor = "multi_thread")]
async fn unavailable_modality_is_saved_and_applies_later() {
    let fixture = BehaviourFixture::start("b19-modality").await;
    fixture.live("{}").await;
    fixture.service("help").await;
    fixture.act(Method::PUT, "/modalities", json!({ "available": ["email"] })).await;
    let spec = "modalities:
  instantMessaging: {enabled: true, primaryAccount: im@contoso.com}
  email: {maxConcurrentTasksPerService: 5}
licenses: {contingents: {modalities: {instantMessaging: 1, email: 1}}}
";
    let early = fixture.live(spec).await;
    assert_eq!(json!(true), fixture.setting("/modalities/instantMessaging/enabled").await);
    assert_eq!(fails("rejected", "not-available"), fixture.task("instantMessaging").await);
    assert_eq!(succeeds("running"), fixture.task("email").await);
    let message = format!("{UNAVAILABLE}spec.modalities.instantMessaging");
    assert_eq!(failed(CheckName::Available, "NotAvailable", &message), check(&early, CheckName::Available));
    assert_eq!(passed(CheckName::Licensed), check(&early, CheckName::Licensed));
    assert_eq!(
        (pair("True", "Succeeded"), pair("False", "NotAvailable")),
        (condition_state(&early, "Ready"), condition_state(&early, "ChecksPassed"))
    );

    fixture.act(Method::PUT, "/modalities", json!({ "available": ["email", "instantMessaging"] })).await;
    let later = fixture.base.pass().await;
    assert_eq!(succeeds("running"), fixture.task("instantMessaging").await);
    assert_eq!(passed(CheckName::Available), check(&later, CheckName::Available));
    // The grant of the chat app remains unchecked: this Platform configures no app.
    assert_eq!(pair("Unknown", "CheckUnknown"), condition_state(&later, "ChecksPassed"));
    let unasked =
        later.status.as_ref().unwrap().checks.iter().find(|check| check.result == CheckResult::Unknown).unwrap();
    assert_eq!((CheckName::InstantMessagingGrant, Some("NotConfigured")), (unasked.name, unasked.reason.as_deref()));
}
