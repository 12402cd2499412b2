//! Sections that are configured and have no effect yet: the tenant cannot have the modality, or there is no license. Nothing
//! is refused for it; the settings take effect later.

use serde_json::Value;

use super::tabs::is_set;
use crate::admin_api::{Runtime, TenantDocument};
use crate::resources::Tenant;
use crate::resources::condition::ConditionUpdate;
use crate::resources::status::CheckStatus;
use crate::resources::{CheckName, CheckResult, ConditionStatus, ConditionType, Reason};
use crate::settings::Leaf;
use crate::settings::tabs::{assistant, attendant_console, email, external_task, instant_messaging, interact};

/// A section that is of use only once it is licensed.
struct Section {
    /// Where it stands below `spec`.
    path: &'static str,
    /// The toggle without which nothing of it is meant.
    switch: Option<&'static Leaf>,
    /// The modality that the tenant has to have.
    modality: Option<&'static str>,
    /// The kind of license, as in `licenses.contingents`.
    license: &'static str,
}

const fn section(path: &'static str, switch: Option<&'static Leaf>, license: &'static str) -> Section {
    Section { path, switch, modality: None, license }
}

const SECTIONS: [Section; 6] = [
    section(interact::SECTION, Some(interact::ENABLED), "users.interact"),
    section(assistant::SECTION, Some(assistant::OWN_ACS), "users.assistant"),
    section(attendant_console::SECTION, None, "users.attendantConsole"),
    Section {
        modality: Some("instantMessaging"),
        ..section(instant_messaging::SECTION, Some(instant_messaging::ENABLED), "modalities.instantMessaging")
    },
    Section { modality: Some("externalTask"), ..section(external_task::SECTION, None, "modalities.externalTask") },
    Section { modality: Some("email"), ..section(email::SECTION, None, "modalities.email") },
];

/// Judges what the spec configures. Where the platform does not say, there is no verdict.
fn judge(tenant: &Tenant, document: &TenantDocument) -> Vec<CheckStatus> {
    let spec = serde_json::to_value(&tenant.spec.settings).unwrap_or_default();
    let configured = |section: &&Section| is_set(&spec, section.path) && is_on(section, document);
    let configured: Vec<&Section> = SECTIONS.iter().filter(configured).collect();
    let modalities: Vec<_> =
        configured.iter().filter_map(|section| Some((section.path, available(section, &document.runtime)?))).collect();
    let licenses: Vec<_> =
        configured.iter().filter_map(|section| Some((section.path, licensed(section, &document.runtime)?))).collect();
    let lacks = "Not available on this tenant; takes effect once the vendor enables it";
    let unlicensed = "Not licensed; takes effect once licenses are applied to users and services";
    [
        check(CheckName::Available, Reason::NotAvailable, lacks, &modalities),
        check(CheckName::Licensed, Reason::NotLicensed, unlicensed, &licenses),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn is_on(section: &Section, document: &TenantDocument) -> bool {
    let Some(switch) = section.switch else { return true };
    switch.find(&document.settings).and_then(Value::as_bool) == Some(true)
}

fn available(section: &Section, runtime: &Runtime) -> Option<bool> {
    let modality = section.modality?;
    runtime.available_modalities.as_ref().map(|available| available.iter().any(|name| name == modality))
}

fn licensed(section: &Section, runtime: &Runtime) -> Option<bool> {
    runtime.licensed.pointer(&format!("/{}", section.license.replace('.', "/"))).and_then(Value::as_bool)
}

/// One check over sections; none where nothing was judged.
fn check(name: CheckName, failed: Reason, problem: &str, judged: &[(&'static str, bool)]) -> Option<CheckStatus> {
    let lacking: Vec<String> = judged.iter().filter(|(_, has)| !has).map(|(path, _)| format!("spec.{path}")).collect();
    let fails = !lacking.is_empty();
    (!judged.is_empty()).then(|| CheckStatus {
        name,
        result: if fails { CheckResult::Failed } else { CheckResult::Passed },
        reason: Some(if fails { failed.as_str() } else { name.as_str() }.to_owned()),
        message: fails.then(|| format!("{problem}: {}", lacking.join(", "))),
    })
}

/// The checks that this module makes.
pub(crate) const OURS: [CheckName; 2] = [CheckName::Available, CheckName::Licensed];

/// The checks of a status after a pass: those of this module are made again, the others stay.
pub(super) fn checks(before: &[CheckStatus], tenant: &Tenant, document: &TenantDocument) -> Vec<CheckStatus> {
    joined(before, judge(tenant, document))
}

/// The same after a pass whose tenant is as it was: those of this module stay, the others are these.
pub(super) fn kept(before: &[CheckStatus], others: &[CheckStatus]) -> Vec<CheckStatus> {
    joined(others, before.iter().filter(|check| OURS.contains(&check.name)).cloned().collect())
}

fn joined(others: &[CheckStatus], ours: Vec<CheckStatus>) -> Vec<CheckStatus> {
    let others = others.iter().filter(|check| !OURS.contains(&check.name)).cloned();
    let mut checks: Vec<CheckStatus> = others.chain(ours).collect();
    checks.sort_by_key(|check| check.name);
    checks
}

/// Licenses and availability are the vendor's to give. Where something else failed, that goes first: a reader can mend it.
fn why_failed(checks: &[CheckStatus]) -> Reason {
    let failed = checks.iter().filter(|check| check.result == CheckResult::Failed);
    let lacking = failed.map(|check| match check.name {
        CheckName::Available => Some(Reason::NotAvailable),
        CheckName::Licensed => Some(Reason::NotLicensed),
        CheckName::AssistantConnectionString
        | CheckName::GlobalContactSearchFilter
        | CheckName::InstantMessagingConnectionString
        | CheckName::InstantMessagingGrant
        | CheckName::InteractConnectionString
        | CheckName::PartnerAdministrationGroup
        | CheckName::PresenceGrant
        | CheckName::PresenceTest
        | CheckName::TenantAdministrationGroup => None,
    });
    let lacking: Option<Vec<Reason>> = lacking.collect();
    lacking.and_then(|reasons| reasons.first().copied()).unwrap_or(Reason::CheckFailed)
}

/// The worst of the checks; nothing where there is none.
pub(super) fn worst(checks: &[CheckStatus]) -> Option<ConditionUpdate> {
    let named = |result| {
        let names: Vec<&str> =
            checks.iter().filter(|check| check.result == result).map(|check| check.name.as_str()).collect();
        let checks = if names.len() == 1 { "check" } else { "checks" };
        (!names.is_empty()).then(|| (format!("{} {checks}", names.len()), names.join(", ")))
    };
    let (truth, reason, message) = match (named(CheckResult::Failed), named(CheckResult::Unknown)) {
        (Some((count, names)), _) => (ConditionStatus::False, why_failed(checks), format!("{count} failed: {names}")),
        (None, Some((count, names))) => {
            (ConditionStatus::Unknown, Reason::CheckUnknown, format!("{count} without a result: {names}"))
        }
        (None, None) if checks.is_empty() => return None,
        (None, None) => (ConditionStatus::True, Reason::ChecksPassed, "All checks passed".to_owned()),
    };
    Some(ConditionUpdate::new(ConditionType::ChecksPassed, truth, reason, message))
}
