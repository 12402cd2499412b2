//! The reasons of conditions and events: one table, each with who has to act and a hint for people. Reasons are part of the
//! API, and `docs/runbook.md` has a chapter for each.

use super::platform::Support;

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

macro_rules! reasons {
    ($($table:ident { $($name:ident = $word:literal, $turn:ident: $hint:literal;)+ })+) => {
        /// Why a condition or an event says what it says.
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
            pub const fn turn(self) -> Turn {
                match self {
                    $($(Self::$name => Turn::$turn,)+)+
                }
            }

            /// What to do, for people.
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
        Succeeded = "Succeeded", Nobody: "Nothing has to be done.";
        Accepted = "Accepted", Nobody: "Nothing has to be done.";
        InSync = "InSync", Nobody: "Nothing has to be done.";
        Progressing = "Progressing", Nobody: "Wait: it goes on by itself.";
        Drifted = "Drifted", Reader: "Somebody changed a managed setting on the platform; set driftPolicy: Correct or take the value into the spec.";
        InvalidSettings = "InvalidSettings", Reader: "Correct the marked settings; nothing is saved until all tabs are valid.";
        ConfirmationRequired = "ConfirmationRequired", Reader: "What is purged cannot be brought back; set the annotation that is named, or a longer time.";
        OrganizationUnitNotFound = "OrganizationUnitNotFound", Reader: "The organization unit was deleted or never was; name another one, or remove the setting to leave the platform's choice alone.";
        SecretNotFound = "SecretNotFound", Reader: "Create the Secret in the namespace of the Tenant; it is looked for every few seconds.";
        SecretKeyNotFound = "SecretKeyNotFound", Reader: "Add the key to the Secret; it is looked for every few seconds.";
        SecretInvalid = "SecretInvalid", Reader: "Correct the value in the Secret.";
        SecretForbidden = "SecretForbidden", Reader: "Give the operator's account the verb get on the Secret, and for the widget key also create and patch.";
        SecretNotOwned = "SecretNotOwned", Reader: "Name another Secret, or delete this one: the operator makes its own and never takes one over.";
        PlatformNotFound = "PlatformNotFound", Reader: "Create the Platform, or ask who runs this cluster for the name of an existing one.";
        PartnerNotFound = "PartnerNotFound", Reader: "Create the Partner, or ask who runs this cluster for the name of an existing one; it is looked for every few seconds.";
        NamespaceNotPermitted = "NamespaceNotPermitted", Reader: "Ask a system administrator to add the namespace to the Platform's allowedNamespaces.";
        PlatformUnavailable = "PlatformUnavailable", Outage: "The platform is called again by itself; look at the Platform's conditions and at the state of the service.";
        FieldNotPermitted = "FieldNotPermitted", Ticket: "The setting is managed by a higher permission level; contact your support partner or raise a ticket.";
        PlatformRewritesValue = "PlatformRewritesValue", Ticket: "The platform stores another value than it was given; take its value into the spec or raise a ticket.";
        NotAdopted = "NotAdopted", Reader: "A tenant with this id exists; take its settings into the spec or set adoptionPolicy: Always.";
        OwnedByOther = "OwnedByOther", Reader: "Another Tenant or cluster manages this tenant; delete one of the two.";
        TenantLost = "TenantLost", Ticket: "The tenant is gone from the platform; raise a ticket, or set the annotation that is named to create it again.";
        TenantDeleting = "TenantDeleting", Ticket: "Somebody else asked for the deletion; raise a ticket before the provisioning script runs.";
        Suspended = "Suspended", Reader: "Set suspend: false to go on.";
        Undecodable = "Undecodable", Reader: "The stored object does not fit the CRD; apply a correct one.";
        InternalError = "InternalError", Reader: "A mistake in the operator; report it with the operator's log.";
        DeletionRateLimited = "DeletionRateLimited", Reader: "The Platform's confirmedDeletionsPerHour is reached; only time unlocks it.";
        Deleting = "Deleting", Reader: "It goes on by itself; a Tenant Administrator has to run the provisioning script once the platform accepted the deletion.";
        ScriptPending = "ScriptPending", Reader: "A Tenant Administrator has to download the provisioning script, from status.provisioningScript.downloadUrl, and run it.";
        NothingPending = "NothingPending", Nobody: "Nothing has to be done.";
        WithinContingent = "WithinContingent", Nobody: "Nothing has to be done.";
        ContingentExceeded = "ContingentExceeded", Contact: "Your Customer Success specialist will reach out to you; free licences or extend the contingent.";
        ChecksPassed = "ChecksPassed", Nobody: "Nothing has to be done.";
        CheckFailed = "CheckFailed", Contact: "Each failed check says why; consult your Customer Success specialist about what is not licensed or not available.";
        CheckUnknown = "CheckUnknown", Contact: "With a correct value it most likely means insufficient permissions; grant them, or contact your support partner.";
        NotAvailable = "NotAvailable", Contact: "The settings are kept and take effect once the vendor enables the modality on this tenant.";
        NotLicensed = "NotLicensed", Contact: "The settings are kept and take effect once licences are applied to users and services.";
        Pending = "Pending", Nobody: "Wait: the check was not made yet.";
        NotConfigured = "NotConfigured", Reader: "A system administrator gives the Platform the Nimbus app and its credentials in spec.microsoft.";
        PartnerTenantUnknown = "PartnerTenantUnknown", Reader: "Name the Partner in spec.partner, and its Entra tenant in the Partner's entraTenantId.";
        Connected = "Connected", Nobody: "Nothing has to be done.";
        Unreachable = "Unreachable", Outage: "Check the Platform's endpoint and the network, and look at the state of the service.";
        AuthenticationFailed = "AuthenticationFailed", Reader: "Check the Platform's clientId and credentials Secret.";
        UnexpectedAnswer = "UnexpectedAnswer", Outage: "Something else than the platform's admin API answers at the endpoint; check it, and look at the state of the service.";
        Throttled = "Throttled", Nobody: "The platform asks for fewer requests; it is called again after the time it named.";
        CredentialsNotFound = "CredentialsNotFound", Reader: "Create the credentials Secret in the operator's namespace.";
        PoliciesMissing = "PoliciesMissing", Reader: "Install the admission policies: nimbus-operator policies | kubectl apply -f -";
        InUse = "InUse", Reader: "Delete the Tenants that refer to it, or let them refer elsewhere.";
        InvalidPlatform = "InvalidPlatform", Reader: "Correct the Platform's spec.";
        Adopted = "Adopted", Nobody: "Nothing has to be done.";
        DriftCorrected = "DriftCorrected", Nobody: "Nothing has to be done; find out who edits in the UI what git manages.";
        Rotated = "Rotated", Nobody: "Nothing has to be done; widgets with the old key need the new one.";
        Released = "Released", Nobody: "Nothing has to be done; the tenant stays on the platform.";
        ReleaseFailed = "ReleaseFailed", Reader: "The tenant keeps the stamp of a Tenant that is gone; a re-created Tenant of the same name takes it over.";
        Abandoned = "Abandoned", Reader: "The tenant stays on the platform with its stamp.";
        DeletionNotConfirmed = "DeletionNotConfirmed", Reader: "The tenant was retained; to delete it, set the confirmation before deleting the Tenant.";
        DeletionStarted = "DeletionStarted", Reader: "The provisioning script has to run before the tenant is gone.";
        Deleted = "Deleted", Nobody: "Nothing has to be done.";
    }

    TENANT_STATES {
        StateActive = "Active", Nobody: "The subscription is active and valid.";
        StateTrial = "Trial", Nobody: "The subscription is in trial mode.";
        StateLab = "Lab", Nobody: "A lab subscription for tests.";
        StateSuspended = "Suspended", Ticket: "Only a Luware Administrator can resolve this state; raise a ticket.";
        StateExpired = "Expired", Ticket: "Get in contact with Luware Support to renew the subscription.";
        StateCanceled = "Canceled", Ticket: "The subscription is cancelled; contact Luware Support.";
        StateUnknown = "UnknownState", Reader: "This version does not know the state; look for a newer operator.";
    }
}

impl Reason {
    /// The reason that a stored word stands for; `None` for a word of Microsoft's checks or of another version.
    pub fn parse(word: &str) -> Option<Self> {
        Self::REASONS.iter().copied().find(|reason| reason.as_str() == word)
    }

    /// What to do and where people find help, where a message has to say it.
    pub fn advice(self, support: Option<&Support>) -> Option<String> {
        let link = match self.turn() {
            Turn::Nobody => return None,
            Turn::Reader => None,
            Turn::Ticket => support.and_then(|support| support.helpdesk.as_deref()),
            Turn::Contact => support.and_then(|support| support.website.as_deref()),
            Turn::Outage => support.and_then(|support| support.service_status.as_deref()),
        };
        Some(match link.map(str::trim).filter(|link| !link.is_empty()) {
            Some(link) => format!("{} See {link}", self.hint()),
            None => self.hint().to_owned(),
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
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
    fn a_hint_comes_with_the_link_of_whose_turn_it_is() {
        let support = Support {
            website: Some("https://luware.com/support/".into()),
            helpdesk: Some("https://helpdesk.luware.cloud".into()),
            service_status: Some(" ".into()),
        };
        let said = |reason: Reason| reason.advice(Some(&support));
        let ticket =
            "Only a Luware Administrator can resolve this state; raise a ticket. See https://helpdesk.luware.cloud";
        assert_eq!(said(Reason::StateSuspended).as_deref(), Some(ticket));
        assert_eq!(said(Reason::Suspended).as_deref(), Some("Set suspend: false to go on."));
        assert!(said(Reason::ContingentExceeded).unwrap().ends_with(" See https://luware.com/support/"));
        assert!(said(Reason::PlatformUnavailable).unwrap().ends_with("state of the service."), "an empty link");
        assert_eq!(said(Reason::Succeeded), None);
        assert_eq!(Reason::TenantLost.advice(None).as_deref(), Some(Reason::TenantLost.hint()));
    }
}
