//! The reasons of conditions and events: one table, each with who has to act and a hint for people. Reasons are part of the
//! API, and `docs/runbook.md` has a chapter for each.

use super::condition::condition_type;
use super::platform::Support;

/// A reason and what a person can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The CamelCase word in conditions and events.
    pub name: &'static str,
    /// Who has to act.
    pub turn: Turn,
    /// What to do, for people.
    pub hint: &'static str,
}

/// Who has to act, and so which of the Platform's support links a hint comes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Nobody: the hint stands in the runbook and in no message.
    Nobody,
    /// Whoever reads it, or runs the cluster: without a link.
    Reader,
    /// Support: with the link to raise a ticket.
    Ticket,
    /// The partner or the vendor's people: with the link to their website.
    Contact,
    /// The platform is in trouble: with the link to the state of the service.
    Outage,
}

/// Between what happened and what to do.
pub const ADVICE: &str = ". What to do: ";

macro_rules! reasons {
    ($(#[$about:meta])* $all:ident: $($name:ident = $word:literal, $turn:ident: $hint:literal;)+) => {
        $(#[doc = concat!("`", $word, "`. ", $hint)] pub const $name: &str = $word;)+

        $(#[$about])*
        pub const $all: &[Reason] = &[$(Reason { name: $word, turn: Turn::$turn, hint: $hint },)+];
    };
}

reasons! {
    /// Every reason but those of `TenantActive`, which are words of the platform.
    ALL:
    SUCCEEDED = "Succeeded", Nobody: "Nothing has to be done.";
    ACCEPTED = "Accepted", Nobody: "Nothing has to be done.";
    IN_SYNC = "InSync", Nobody: "Nothing has to be done.";
    PROGRESSING = "Progressing", Nobody: "Wait: it goes on by itself.";
    DRIFTED = "Drifted", Reader: "Somebody changed a managed setting on the platform; set driftPolicy: Correct or take the value into the spec.";
    INVALID_SETTINGS = "InvalidSettings", Reader: "Correct the marked settings; nothing is saved until all tabs are valid.";
    CONFIRMATION_REQUIRED = "ConfirmationRequired", Reader: "What is purged cannot be brought back; set the annotation that is named, or a longer time.";
    ORGANIZATION_UNIT_NOT_FOUND = "OrganizationUnitNotFound", Reader: "The organization unit was deleted or never was; name another one, or remove the setting to leave the platform's choice alone.";
    SECRET_NOT_FOUND = "SecretNotFound", Reader: "Create the Secret in the namespace of the Tenant; it is looked for every few seconds.";
    SECRET_KEY_NOT_FOUND = "SecretKeyNotFound", Reader: "Add the key to the Secret; it is looked for every few seconds.";
    SECRET_INVALID = "SecretInvalid", Reader: "Correct the value in the Secret.";
    SECRET_FORBIDDEN = "SecretForbidden", Reader: "Give the operator's account the verb get on the Secret, and for the widget key also create and patch.";
    SECRET_NOT_OWNED = "SecretNotOwned", Reader: "Name another Secret, or delete this one: the operator makes its own and never takes one over.";
    PLATFORM_NOT_FOUND = "PlatformNotFound", Reader: "Create the Platform, or ask who runs this cluster for the name of an existing one.";
    PARTNER_NOT_FOUND = "PartnerNotFound", Reader: "Create the Partner, or ask who runs this cluster for the name of an existing one; it is looked for every few seconds.";
    NAMESPACE_NOT_PERMITTED = "NamespaceNotPermitted", Reader: "Ask a system administrator to add the namespace to the Platform's allowedNamespaces.";
    PLATFORM_UNAVAILABLE = "PlatformUnavailable", Outage: "The platform is called again by itself; look at the Platform's conditions and at the state of the service.";
    FIELD_NOT_PERMITTED = "FieldNotPermitted", Ticket: "The setting is managed by a higher permission level; contact your support partner or raise a ticket.";
    PLATFORM_REWRITES_VALUE = "PlatformRewritesValue", Ticket: "The platform stores another value than it was given; take its value into the spec or raise a ticket.";
    NOT_ADOPTED = "NotAdopted", Reader: "A tenant with this id exists; take its settings into the spec or set adoptionPolicy: Always.";
    OWNED_BY_OTHER = "OwnedByOther", Reader: "Another Tenant or cluster manages this tenant; delete one of the two.";
    TENANT_LOST = "TenantLost", Ticket: "The tenant is gone from the platform; raise a ticket, or set the annotation that is named to create it again.";
    TENANT_DELETING = "TenantDeleting", Ticket: "Somebody else asked for the deletion; raise a ticket before the provisioning script runs.";
    SUSPENDED = "Suspended", Reader: "Set suspend: false to go on.";
    UNDECODABLE = "Undecodable", Reader: "The stored object does not fit the CRD; apply a correct one.";
    INTERNAL_ERROR = "InternalError", Reader: "A mistake in the operator; report it with the operator's log.";
    DELETION_RATE_LIMITED = "DeletionRateLimited", Reader: "The Platform's confirmedDeletionsPerHour is reached; only time unlocks it.";
    DELETING = "Deleting", Reader: "It goes on by itself; a Tenant Administrator has to run the provisioning script once the platform accepted the deletion.";
    SCRIPT_PENDING = "ScriptPending", Reader: "A Tenant Administrator has to download the provisioning script, from status.provisioningScript.downloadUrl, and run it.";
    SCRIPT_NOT_PENDING = "NothingPending", Nobody: "Nothing has to be done.";
    WITHIN_CONTINGENT = "WithinContingent", Nobody: "Nothing has to be done.";
    CONTINGENT_EXCEEDED = "ContingentExceeded", Contact: "Your Customer Success specialist will reach out to you; free licences or extend the contingent.";
    CHECKS_PASSED = "ChecksPassed", Nobody: "Nothing has to be done.";
    CHECK_FAILED = "CheckFailed", Contact: "Each failed check says why; consult your Customer Success specialist about what is not licensed or not available.";
    CHECK_UNKNOWN = "CheckUnknown", Contact: "With a correct value it most likely means insufficient permissions; grant them, or contact your support partner.";
    NOT_AVAILABLE = "NotAvailable", Contact: "The settings are kept and take effect once the vendor enables the modality on this tenant.";
    NOT_LICENSED = "NotLicensed", Contact: "The settings are kept and take effect once licences are applied to users and services.";
    NOT_CONFIGURED = "NotConfigured", Reader: "A system administrator gives the Platform the Nimbus app and its credentials in spec.microsoft.";
    PARTNER_TENANT_UNKNOWN = "PartnerTenantUnknown", Reader: "Name the Partner in spec.partner, and its Entra tenant in the Partner's entraTenantId.";
    CONNECTED = "Connected", Nobody: "Nothing has to be done.";
    UNREACHABLE = "Unreachable", Outage: "Check the Platform's endpoint and the network, and look at the state of the service.";
    AUTHENTICATION_FAILED = "AuthenticationFailed", Reader: "Check the Platform's clientId and credentials Secret.";
    UNEXPECTED_ANSWER = "UnexpectedAnswer", Outage: "Something else than the platform's admin API answers at the endpoint; check it, and look at the state of the service.";
    THROTTLED = "Throttled", Nobody: "The platform asks for fewer requests; it is called again after the time it named.";
    CREDENTIALS_NOT_FOUND = "CredentialsNotFound", Reader: "Create the credentials Secret in the operator's namespace.";
    POLICIES_MISSING = "PoliciesMissing", Reader: "Install the admission policies: nimbus-operator policies | kubectl apply -f -";
    IN_USE = "InUse", Reader: "Delete the Tenants that refer to it, or let them refer elsewhere.";
    INVALID_PLATFORM = "InvalidPlatform", Reader: "Correct the Platform's spec.";
    ADOPTED = "Adopted", Nobody: "Nothing has to be done.";
    DRIFT_CORRECTED = "DriftCorrected", Nobody: "Nothing has to be done; find out who edits in the UI what git manages.";
    ROTATED = "Rotated", Nobody: "Nothing has to be done; widgets with the old key need the new one.";
    RELEASED = "Released", Nobody: "Nothing has to be done; the tenant stays on the platform.";
    RELEASE_FAILED = "ReleaseFailed", Reader: "The tenant keeps the stamp of a Tenant that is gone; a re-created Tenant of the same name takes it over.";
    ABANDONED = "Abandoned", Reader: "The tenant stays on the platform with its stamp.";
    NOT_CONFIRMED = "DeletionNotConfirmed", Reader: "The tenant was retained; to delete it, set the confirmation before deleting the Tenant.";
    DELETION_STARTED = "DeletionStarted", Reader: "The provisioning script has to run before the tenant is gone.";
    DELETED = "Deleted", Nobody: "Nothing has to be done.";
}

/// The states of a tenant, which are the reasons of `TenantActive`.
pub mod state {
    use super::{Reason, Turn};

    reasons! {
        /// Every state that the manual lists, and one for those that it does not.
        ALL:
        ACTIVE = "Active", Nobody: "The subscription is active and valid.";
        TRIAL = "Trial", Nobody: "The subscription is in trial mode.";
        LAB = "Lab", Nobody: "A lab subscription for tests.";
        SUSPENDED = "Suspended", Ticket: "Only a Luware Administrator can resolve this state; raise a ticket.";
        EXPIRED = "Expired", Ticket: "Get in contact with Luware Support to renew the subscription.";
        CANCELED = "Canceled", Ticket: "The subscription is cancelled; contact Luware Support.";
        UNKNOWN = "UnknownState", Reader: "This version does not know the state; look for a newer operator.";
    }
}

/// A reason as a type of condition means it: `Suspended` is one thing of a Tenant and another of its tenant.
pub fn find(kind: &str, name: &str) -> Option<&'static Reason> {
    let table = if kind == condition_type::TENANT_ACTIVE { state::ALL } else { ALL };
    table.iter().find(|reason| reason.name == name)
}

/// What a message says besides what happened: what to do, and where people find help.
pub fn advice(kind: &str, name: &str, support: Option<&Support>) -> Option<String> {
    let reason = find(kind, name).filter(|reason| reason.turn != Turn::Nobody)?;
    let link = support.and_then(|support| match reason.turn {
        Turn::Nobody | Turn::Reader => None,
        Turn::Ticket => support.helpdesk.as_deref(),
        Turn::Contact => support.website.as_deref(),
        Turn::Outage => support.service_status.as_deref(),
    });
    Some(match link.map(str::trim).filter(|link| !link.is_empty()) {
        Some(link) => format!("{} See {link}", reason.hint),
        None => reason.hint.to_owned(),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_camel_case_and_unique() {
        for table in [ALL, state::ALL] {
            let mut names: Vec<_> = table.iter().map(|reason| reason.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), table.len());
            for name in names {
                assert!(
                    name.starts_with(|c: char| c.is_ascii_uppercase())
                        && name.chars().all(|c| c.is_ascii_alphanumeric()),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn every_hint_is_a_sentence_without_a_link_of_its_own() {
        for reason in ALL.iter().chain(state::ALL) {
            let starts = reason.hint.starts_with(|c: char| c.is_ascii_uppercase());
            assert!(starts && reason.hint.len() > 10 && !reason.hint.contains("://"), "{}", reason.name);
        }
    }

    #[test]
    fn a_hint_comes_with_the_link_of_whose_turn_it_is() {
        let support = Support {
            website: Some("https://luware.com/support/".into()),
            helpdesk: Some("https://helpdesk.luware.cloud".into()),
            service_status: Some(" ".into()),
        };
        let said = |kind, name| advice(kind, name, Some(&support));
        let ticket =
            "Only a Luware Administrator can resolve this state; raise a ticket. See https://helpdesk.luware.cloud";
        assert_eq!(said(condition_type::TENANT_ACTIVE, "Suspended").as_deref(), Some(ticket));
        assert_eq!(said(condition_type::READY, "Suspended").as_deref(), Some("Set suspend: false to go on."));
        assert!(
            said(condition_type::LICENSE_OVERUSE, CONTINGENT_EXCEEDED)
                .unwrap()
                .ends_with(" See https://luware.com/support/")
        );
        assert!(
            said(condition_type::READY, PLATFORM_UNAVAILABLE).unwrap().ends_with("state of the service."),
            "an empty link"
        );
        assert_eq!(said(condition_type::READY, SUCCEEDED), None);
        assert_eq!(
            advice(condition_type::READY, TENANT_LOST, None).as_deref(),
            find(condition_type::READY, TENANT_LOST).map(|r| r.hint)
        );
        assert_eq!(said(condition_type::READY, "SomethingElse"), None);
    }
}
