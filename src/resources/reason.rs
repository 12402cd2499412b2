//! The reasons of conditions and events: one table, each with who has to act, a hint, and where the hint appears. Reasons are
//! part of the API, and `docs/runbook.md` has a chapter for each.

use super::advice::{self, Audience, HintPlace};
use super::platform::Support;

/// How the message of `TenantLost` begins where a tombstone says so. The admission policies rely on it.
pub const DELETED_ON_PLATFORM: &str = "The tenant was deleted on the platform";

macro_rules! reasons {
    ($($table:ident { $($name:ident = $word:literal, $audience:ident, $place:ident: $hint:literal;)+ })+) => {
        /// Why a condition has its status, or why an event was recorded.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[doc = concat!("`", $word, "`. ", $hint)] $name,)+)+
        }

        impl Reason {
            $(
                #[doc = concat!("The ", stringify!($table), ", in the order of the runbook.")]
                pub const $table: &[Self] = &[$(Self::$name,)+];
            )+

            /// The word of the API.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($(Self::$name => $word,)+)+
                }
            }

            /// Who has to act.
            pub const fn audience(self) -> Audience {
                match self {
                    $($(Self::$name => Audience::$audience,)+)+
                }
            }

            /// Where the hint appears.
            const fn place(self) -> HintPlace {
                match self {
                    $($(Self::$name => HintPlace::$place,)+)+
                }
            }

            /// What to do.
            pub const fn hint(self) -> &'static str {
                match self {
                    $($(Self::$name => $hint,)+)+
                }
            }
        }
    };
}

reasons! {
    REASONS {
        Succeeded = "Succeeded", None, Runbook: "No action is needed.";
        Accepted = "Accepted", None, Runbook: "No action is needed.";
        InSync = "InSync", None, Runbook: "No action is needed.";
        Progressing = "Progressing", None, Runbook: "Wait; the operator continues automatically.";
        Contended = "Contended", Reader, Message: "Find out who else writes the same object or tenant; the operator retries by itself.";
        Drifted = "Drifted", Reader, Runbook: "A managed setting was changed on the platform. Set driftPolicy: Correct, or copy the platform's value to the spec.";
        InvalidSettings = "InvalidSettings", Reader, Message: "Correct these settings; nothing is saved until every tab is valid.";
        ConfirmationRequired = "ConfirmationRequired", Reader, Runbook: "Purged data cannot be restored. Set spec.confirmations.retention as the message says, or a longer retention time.";
        OrganizationUnitNotFound = "OrganizationUnitNotFound", Reader, Message: "Name an existing organization unit, or remove the setting to keep the platform's choice.";
        SecretNotFound = "SecretNotFound", Reader, Runbook: "Create the Secret in the namespace of the Tenant; the operator looks for it every few seconds.";
        SecretKeyNotFound = "SecretKeyNotFound", Reader, Runbook: "Add the key to the Secret; the operator looks for it every few seconds.";
        SecretInvalid = "SecretInvalid", Reader, Runbook: "Correct the value in the Secret.";
        SecretForbidden = "SecretForbidden", Reader, Message: "Grant the operator's ServiceAccount the verb get on the Secret; for the widget key also create and patch.";
        SecretNotOwned = "SecretNotOwned", Reader, Message: "Name another Secret, or delete this one so that the operator creates its own.";
        PlatformNotFound = "PlatformNotFound", Reader, Runbook: "Create the Platform, or ask the cluster administrator for the name of an existing one.";
        PlatformTerminating = "PlatformTerminating", Reader, Message: "Name another Platform, or wait until this one is created again.";
        PartnerNotFound = "PartnerNotFound", Reader, Runbook: "Create the Partner, or ask the cluster administrator for the name of an existing one; the operator looks for it every few seconds.";
        PartnerTerminating = "PartnerTerminating", Reader, Message: "Name another Partner, or wait until this one is created again.";
        NamespaceNotPermitted = "NamespaceNotPermitted", Reader, Message: "Ask a system administrator to add the namespace to spec.allowedNamespaces of the Platform.";
        PlatformChanged = "PlatformChanged", Reader, Message: "Correct spec.endpoint of the Platform. If the platform has moved, set spec.platformId of the Platform to the platformId that the message names.";
        PlatformUnavailable = "PlatformUnavailable", Outage, Runbook: "Wait; the operator retries. Check the conditions of the Platform and the status of the service.";
        FieldNotPermitted = "FieldNotPermitted", Ticket, Message: "A higher permission level manages these settings: remove them from the spec, or contact your support partner or raise a ticket.";
        PlatformRewritesValue = "PlatformRewritesValue", Ticket, Message: "Copy the platform's values to the spec, or raise a ticket.";
        TenantNotPermitted = "TenantNotPermitted", Reader, Message: "Name another Partner, or ask a system administrator to add the tenant ID to spec.tenantIds of this one.";
        PartnerNotPermitted = "PartnerNotPermitted", Reader, Message: "Name another Partner, or ask a system administrator to add the Platform to spec.platforms of this one.";
        OtherPartner = "OtherPartner", Reader, Runbook: "Microsoft is asked only about tenants whose partner on the platform is known to be that of spec.partner. Name that partner in spec.partner, or have the partner corrected on the platform.";
        NotAdopted = "NotAdopted", Reader, Message: "Where settings differ, set spec.adoptionPolicy: Always to overwrite them, or copy them to the spec and set IfMatches. Where the partner differs, correct spec.partner or ask a system administrator; what the vendor handed on is not taken back.";
        OwnedByOther = "OwnedByOther", Reader, Message: "Delete one of the two Tenants; with deletionPolicy: Retain the tenant stays on the platform.";
        TenantLost = "TenantLost", Ticket, Message: "Raise a ticket if the tenant should still exist.";
        TenantDeleting = "TenantDeleting", Ticket, Message: "To keep the tenant, raise a ticket before the provisioning script runs.";
        ReconciliationSuspended = "ReconciliationSuspended", Reader, Runbook: "Set spec.suspend: false to resume.";
        Undecodable = "Undecodable", Reader, Message: "Apply a valid object.";
        OperatorTooOld = "OperatorTooOld", Reader, Message: "Update the operator, or remove what it does not know.";
        KubernetesRefused = "KubernetesRefused", Reader, Message: "Grant the operator's ServiceAccount the permission, or exempt it from the policy.";
        InternalError = "InternalError", Reader, Message: "Report this error with the operator's log.";
        DeletionRateLimited = "DeletionRateLimited", Reader, Runbook: "Wait until the hour has passed; nothing else unlocks the deletion.";
        Deleting = "Deleting", Reader, Runbook: "Run the provisioning script as a Tenant Administrator if the message says so; otherwise wait.";
        ScriptPending = "ScriptPending", Reader, Runbook: "As a Tenant Administrator, download the provisioning script from status.provisioningScript.downloadUrl and run it.";
        NothingPending = "NothingPending", None, Runbook: "No action is needed.";
        WithinContingent = "WithinContingent", None, Runbook: "No action is needed.";
        ContingentExceeded = "ContingentExceeded", Contact, Message: "Free licenses or extend the contingent; your Customer Success specialist will reach out to you.";
        ChecksPassed = "ChecksPassed", None, Runbook: "No action is needed.";
        CheckFailed = "CheckFailed", Reader, Message: "Read the message of each failed check in status.checks.";
        CheckUnknown = "CheckUnknown", Reader, Message: "Read the message of each of these checks in status.checks.";
        NotAvailable = "NotAvailable", Contact, Message: "Contact your Customer Success specialist; the settings are kept and take effect once the vendor enables the modality on this tenant.";
        NotLicensed = "NotLicensed", Contact, Message: "Contact your Customer Success specialist; the settings are kept and take effect once licenses are applied to users and services.";
        Pending = "Pending", None, Runbook: "Wait; the check has not run yet.";
        NotConfigured = "NotConfigured", Reader, Runbook: "A system administrator sets the Nimbus app and its credentials in spec.microsoft of the Platform.";
        PartnerTenantUnknown = "PartnerTenantUnknown", Reader, Runbook: "Name the Partner in spec.partner, and set entraTenantId of the Partner.";
        Connected = "Connected", None, Runbook: "No action is needed.";
        Unreachable = "Unreachable", Outage, Message: "Check the setting that the message names, the network and the status of the service.";
        AuthenticationFailed = "AuthenticationFailed", Reader, Message: "Check spec.authentication.clientId and the credentials Secret.";
        UnexpectedAnswer = "UnexpectedAnswer", Outage, Message: "Check that the address that the message names is the right one, and the status of the service.";
        Throttled = "Throttled", None, Runbook: "Wait; the operator calls the platform again after the time that it requested.";
        CredentialsNotFound = "CredentialsNotFound", Reader, Runbook: "Create the Secret that the message names in the operator's namespace, with the client's secret under the key client-secret.";
        PoliciesNotEnforced = "PoliciesNotEnforced", Reader, Message: "Install those of this version: nimbus-operator policies | kubectl apply -f -";
        Terminating = "Terminating", Reader, Message: "To let it go, delete these Tenants. To keep it, remove its finalizers and apply it again at once: its Tenants wait meanwhile, and nothing changes on the platform.";
        InUse = "InUse", Reader, Message: "Delete these Tenants, or change their reference.";
        InvalidPlatform = "InvalidPlatform", Reader, Runbook: "Correct the spec of the Platform.";
        Adopted = "Adopted", None, Runbook: "No action is needed.";
        DriftCorrected = "DriftCorrected", None, Runbook: "No action is needed. Find out who changes settings in the UI that git manages.";
        TestMessageSent = "TestMessageSent", None, Runbook: "No action is needed.";
        Rotated = "Rotated", None, Runbook: "Replace the widget key on every page that still uses the old one.";
        Released = "Released", None, Runbook: "No action is needed; the tenant stays on the platform.";
        ReleaseFailed = "ReleaseFailed", Reader, Runbook: "The tenant keeps the owner stamp of a deleted Tenant; a Tenant of the same namespace and name takes it over.";
        Abandoned = "Abandoned", Reader, Runbook: "The tenant stays on the platform with its owner stamp.";
        DeletionNotConfirmed = "DeletionNotConfirmed", Reader, Runbook: "The tenant was retained. To delete a tenant, set spec.confirmations.deletion before deleting the Tenant, and delete it by the last day that it names.";
        DeletionNotRequested = "DeletionNotRequested", Reader, Runbook: "The Tenant is gone, and this operator did not delete its tenant: the event says what the platform answered instead. Look at the platform whether that is what you expect.";
        DeletionStarted = "DeletionStarted", Reader, Runbook: "Run the provisioning script; the tenant is deleted by its next run.";
        Deleted = "Deleted", None, Runbook: "No action is needed.";
    }

    TENANT_STATES {
        StateActive = "Active", None, Runbook: "The subscription is active and valid.";
        StateTrial = "Trial", None, Runbook: "The subscription is in trial mode.";
        StateLab = "Lab", None, Runbook: "A lab subscription for test purposes.";
        StateSuspended = "Suspended", Ticket, Message: "Only a Luware Administrator can resolve this state; raise a ticket.";
        StateExpired = "Expired", Ticket, Message: "Contact Luware Support to renew the subscription.";
        StateCanceled = "Canceled", Ticket, Message: "Contact Luware Support.";
        StateUnknown = "UnknownState", Reader, Message: "Update the operator.";
    }
}

impl Reason {
    /// The reason that a stored word stands for; `None` for a word of Microsoft's checks or of another version.
    pub fn parse(word: &str) -> Option<Self> {
        Self::REASONS.iter().copied().find(|reason| reason.as_str() == word)
    }

    /// What follows a message: what to do, where the message does not say it, and the support link.
    pub fn advice(self, support: Option<&Support>) -> String {
        let hint = match self.place() {
            HintPlace::Message => Some(self.hint()),
            HintPlace::Runbook => None,
        };
        advice::render(hint, self.audience().link(support))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_camel_case_and_unique() {
        for table in [Reason::REASONS, Reason::TENANT_STATES] {
            let mut names: Vec<_> = table.iter().map(|reason| reason.as_str()).collect();
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
        for &reason in Reason::REASONS {
            assert_eq!(Reason::parse(reason.as_str()), Some(reason));
        }
        assert_eq!(Reason::parse("SomethingElse"), None);
    }

    #[test]
    fn every_hint_is_a_sentence_without_a_link_of_its_own() {
        for reason in Reason::REASONS.iter().chain(Reason::TENANT_STATES) {
            let (name, hint) = (reason.as_str(), reason.hint());
            let starts = hint.starts_with(|c: char| c.is_ascii_uppercase());
            assert!(starts && hint.len() > 10 && !hint.contains("://"), "{name}");
        }
    }

    #[test]
    fn a_hint_follows_a_message_that_does_not_say_it() {
        let support = Support {
            website: None,
            helpdesk: Some("https://helpdesk.luware.cloud".into()),
            service_status: Some("https://status.luware.cloud".into()),
        };
        let advice = |reason: Reason| reason.advice(Some(&support));
        assert_eq!(
            advice(Reason::StateSuspended),
            ". What to do: Only a Luware Administrator can resolve this state; raise a ticket. See https://helpdesk.luware.cloud"
        );
        assert_eq!(
            advice(Reason::OwnedByOther),
            ". What to do: Delete one of the two Tenants; with deletionPolicy: Retain the tenant stays on the platform."
        );
        assert_eq!(advice(Reason::PlatformUnavailable), ". See https://status.luware.cloud");
        assert_eq!([advice(Reason::ReconciliationSuspended), advice(Reason::Succeeded)], ["", ""]);
        assert_eq!(Reason::StateExpired.advice(None), format!(". What to do: {}", Reason::StateExpired.hint()));
    }

    #[test]
    fn no_message_has_a_hint_where_no_action_is_needed() {
        for reason in Reason::REASONS.iter().chain(Reason::TENANT_STATES) {
            if reason.audience() == Audience::None {
                assert_eq!(reason.advice(None), "", "{}", reason.as_str());
            }
        }
    }
}
