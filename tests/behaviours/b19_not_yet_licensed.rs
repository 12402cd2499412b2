//! Behaviour 19. Extensions and modalities may be configured before they are licensed or available; they take effect later.
//!
//! The operator shows: the checks `Available` and `Licensed`, the worst result in ChecksPassed, and Ready in any case.

use nimbus_operator::resources::status::CheckStatus;
use nimbus_operator::resources::{CheckName, CheckResult, Tenant};
use reqwest::Method;
use serde_json::json;

use super::play::{Play, WEBSITE, fails, goes, stated, two};
use crate::support::stage::message;

fn check(tenant: &Tenant, name: CheckName) -> Option<CheckStatus> {
    tenant.status.as_ref().unwrap().checks.iter().find(|check| check.name == name).cloned()
}

fn passed(name: CheckName) -> Option<CheckStatus> {
    Some(CheckStatus { name, result: CheckResult::Passed, reason: Some(name.as_str().into()), message: None })
}

fn failed(name: CheckName, reason: &str, message: &str) -> Option<CheckStatus> {
    Some(CheckStatus { name, result: CheckResult::Failed, reason: Some(reason.into()), message: Some(message.into()) })
}

const UNLICENSED: &str =
    "configured and not licensed yet, so without effect until licences are applied to users and services: ";
const UNAVAILABLE: &str =
    "configured and not available on this tenant yet, so without effect until the vendor enables it: ";

/// "Note that certain extensions may be configured but will not take effect until the licenses for your users (User
/// Administration) and services (Service Administration) are applied."
#[tokio::test(flavor = "multi_thread")]
async fn unlicensed_extension_is_saved_and_applies_later() {
    let play = Play::start("b19-licence").await;
    play.name_support().await;
    let nothing = play.live("extensions: {interact: {enabled: false}}").await;
    assert_eq!(
        Vec::<CheckStatus>::new(),
        nothing.status.unwrap().checks,
        "nothing is configured, so nothing is judged"
    );
    let spec = "extensions:
  interact: {enabled: true, acsConnectionStringRef: {name: acs, key: connection-string}}
  attendantConsole: {useNewDesign: true}
";
    let early = play.live(spec).await;
    assert_eq!(fails("no-agent", "not-licensed"), play.visit().await);
    let both = format!("{UNLICENSED}spec.extensions.interact, spec.extensions.attendantConsole");
    assert_eq!(failed(CheckName::Licensed, "NotLicensed", &both), check(&early, CheckName::Licensed));
    assert_eq!(None, check(&early, CheckName::Available), "these are no modalities");
    assert_eq!(two("False", "CheckFailed"), stated(&early, "ChecksPassed"));
    let said = format!(
        "failed, as status.checks tells: Licensed. What to do: Each failed check says why; consult your Customer Success \
         specialist about what is not licensed or not available. See {WEBSITE}"
    );
    assert_eq!(Some(said), message(&early, "ChecksPassed"));
    assert_eq!((two("True", "Succeeded"), two("True", "InSync")), (stated(&early, "Ready"), stated(&early, "Synced")));

    play.act(Method::PUT, "/users/anna", json!({ "licenses": ["users/interact"] })).await;
    let one = play.stage.pass().await;
    assert_eq!(goes("connected"), play.visit().await);
    let rest = format!("{UNLICENSED}spec.extensions.attendantConsole");
    assert_eq!(failed(CheckName::Licensed, "NotLicensed", &rest), check(&one, CheckName::Licensed));
    play.vendor(json!({ "licenses": { "contingents": { "users": { "attendantConsole": 1 } } } })).await;
    let all = play.stage.pass().await;
    assert_eq!(passed(CheckName::Licensed), check(&all, CheckName::Licensed));
    // The connection string remains unchecked: this Platform configures no app.
    assert_eq!(two("Unknown", "CheckUnknown"), stated(&all, "ChecksPassed"));
    let unasked = all.status.as_ref().unwrap().checks.iter().find(|check| check.name != CheckName::Licensed).unwrap();
    assert_eq!(Some("NotConfigured"), unasked.reason.as_deref());
}

/// "You may not see all modality-related settings on your Tenant yet. Once enabled on your tenant you will see corresponding
/// options available". "All Modalities are separatedly licensed and require prior technical setup."
#[tokio::test(flavor = "multi_thread")]
async fn unavailable_modality_is_saved_and_applies_later() {
    let play = Play::start("b19-modality").await;
    play.live("{}").await;
    play.service("help").await;
    play.act(Method::PUT, "/modalities", json!({ "available": ["email"] })).await;
    let spec = "modalities:
  instantMessaging: {enabled: true, primaryAccount: im@contoso.com}
  email: {maxConcurrentTasksPerService: 5}
licenses: {contingents: {modalities: {instantMessaging: 1, email: 1}}}
";
    let early = play.live(spec).await;
    assert_eq!(json!(true), play.setting("/modalities/instantMessaging/enabled").await);
    assert_eq!(fails("rejected", "not-available"), play.task("instantMessaging").await);
    assert_eq!(goes("running"), play.task("email").await);
    let message = format!("{UNAVAILABLE}spec.modalities.instantMessaging");
    assert_eq!(failed(CheckName::Available, "NotAvailable", &message), check(&early, CheckName::Available));
    assert_eq!(passed(CheckName::Licensed), check(&early, CheckName::Licensed));
    assert_eq!(
        (two("True", "Succeeded"), two("False", "CheckFailed")),
        (stated(&early, "Ready"), stated(&early, "ChecksPassed"))
    );

    play.act(Method::PUT, "/modalities", json!({ "available": ["email", "instantMessaging"] })).await;
    let later = play.stage.pass().await;
    assert_eq!(goes("running"), play.task("instantMessaging").await);
    assert_eq!(passed(CheckName::Available), check(&later, CheckName::Available));
    assert_eq!(two("True", "ChecksPassed"), stated(&later, "ChecksPassed"));
}
