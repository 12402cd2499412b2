//! The reasons of conditions and events: one table, each with a hint for people. Reasons are part of the API.

/// A reason and what a person can do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The CamelCase word in conditions and events.
    pub name: &'static str,
    /// What to do, for people; empty where nothing has to be done.
    pub hint: &'static str,
}

macro_rules! reasons {
    ($($name:ident = $word:literal: $hint:literal;)+) => {
        $(#[doc = concat!("`", $word, "`. ", $hint)] pub const $name: &str = $word;)+

        /// Every reason.
        pub const ALL: &[Reason] = &[$(Reason { name: $word, hint: $hint },)+];
    };
}

reasons! {
    SUCCEEDED = "Succeeded": "";
    ACCEPTED = "Accepted": "";
    IN_SYNC = "InSync": "";
    PROGRESSING = "Progressing": "";
    DRIFTED = "Drifted": "Somebody changed a managed setting on the platform; set driftPolicy: Correct or take the value into the spec.";
    INVALID_SETTINGS = "InvalidSettings": "Correct the marked settings; nothing is saved until all tabs are valid.";
    CONFIRMATION_REQUIRED = "ConfirmationRequired": "What is purged cannot be brought back; set the annotation named in the message, or a longer time.";
    ORGANIZATION_UNIT_NOT_FOUND = "OrganizationUnitNotFound": "The organization unit was deleted or never was; name another one, or remove the setting to leave the platform's choice alone.";
    SECRET_NOT_FOUND = "SecretNotFound": "Create the Secret in the namespace of the Tenant; it is looked for every few seconds.";
    SECRET_KEY_NOT_FOUND = "SecretKeyNotFound": "Add the key to the Secret; it is looked for every few seconds.";
    SECRET_INVALID = "SecretInvalid": "Correct the value in the Secret.";
    SECRET_FORBIDDEN = "SecretForbidden": "Give the operator's account the verb get on the Secret.";
    PLATFORM_NOT_FOUND = "PlatformNotFound": "Create the Platform, or ask who runs this cluster for the name of an existing one.";
    PARTNER_NOT_FOUND = "PartnerNotFound": "Create the Partner, or ask who runs this cluster for the name of an existing one; it is looked for every few seconds.";
    NAMESPACE_NOT_PERMITTED = "NamespaceNotPermitted": "Ask a system administrator to add the namespace to the Platform's allowedNamespaces.";
    PLATFORM_UNAVAILABLE = "PlatformUnavailable": "The platform is called again by itself; see the Platform's conditions and its service status page.";
    FIELD_NOT_PERMITTED = "FieldNotPermitted": "The setting is managed by a higher permission level; contact your support partner or raise a ticket.";
    PLATFORM_REWRITES_VALUE = "PlatformRewritesValue": "The platform stores another value than it was given; take its value into the spec or raise a ticket.";
    NOT_ADOPTED = "NotAdopted": "A tenant with this id exists; take its settings into the spec or set adoptionPolicy: Always.";
    OWNED_BY_OTHER = "OwnedByOther": "Another Tenant or cluster manages this tenant; delete one of the two.";
    TENANT_LOST = "TenantLost": "The tenant is gone from the platform; raise a ticket, or set the annotation named in the message to create it again.";
    TENANT_DELETING = "TenantDeleting": "The tenant waits for its deletion, which this Tenant did not ask for; raise a ticket.";
    SUSPENDED = "Suspended": "Set suspend: false to go on.";
    UNDECODABLE = "Undecodable": "The stored object does not fit the CRD; apply a correct one.";
    INTERNAL_ERROR = "InternalError": "A mistake in the operator; report it with the operator's log.";
    DELETION_RATE_LIMITED = "DeletionRateLimited": "The Platform's confirmedDeletionsPerHour is reached; only time unlocks it.";
    DELETING = "Deleting": "";
    SCRIPT_PENDING = "ScriptPending": "A Tenant Administrator has to download and run the provisioning script.";
    SCRIPT_NOT_PENDING = "NothingPending": "";
    WITHIN_CONTINGENT = "WithinContingent": "";
    CONTINGENT_EXCEEDED = "ContingentExceeded": "Your Customer Success specialist will contact you; free licences or extend the contingent.";
    CONNECTED = "Connected": "";
    UNREACHABLE = "Unreachable": "Check the Platform's endpoint and the network.";
    AUTHENTICATION_FAILED = "AuthenticationFailed": "Check the Platform's clientId and credentials Secret.";
    UNEXPECTED_ANSWER = "UnexpectedAnswer": "Something else than the platform's admin API answers at the endpoint.";
    THROTTLED = "Throttled": "The platform asks for fewer requests; it is called again after the time it named.";
    CREDENTIALS_NOT_FOUND = "CredentialsNotFound": "Create the credentials Secret in the operator's namespace.";
    POLICIES_MISSING = "PoliciesMissing": "Install the admission policies: nimbus-operator policies | kubectl apply -f -";
    IN_USE = "InUse": "Delete the Tenants that refer to the Platform first.";
    INVALID_PLATFORM = "InvalidPlatform": "Correct the Platform's spec.";
    CREATED = "Created": "";
    ADOPTED = "Adopted": "";
    DRIFT_CORRECTED = "DriftCorrected": "";
    RELEASED = "Released": "";
    RELEASE_FAILED = "ReleaseFailed": "The tenant keeps the stamp of a Tenant that is gone; a re-created Tenant of the same name takes it over.";
    ABANDONED = "Abandoned": "The tenant stays on the platform with its stamp.";
    NOT_CONFIRMED = "DeletionNotConfirmed": "The tenant was retained; to delete it, set the confirmation before deleting the Tenant.";
    DELETION_STARTED = "DeletionStarted": "The provisioning script has to run before the tenant is gone.";
    DELETED = "Deleted": "";
}

/// The hint of a reason; empty for one without.
pub fn hint(name: &str) -> &'static str {
    ALL.iter().find(|reason| reason.name == name).map_or("", |reason| reason.hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_camel_case_and_unique() {
        let mut names: Vec<_> = ALL.iter().map(|reason| reason.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
        for name in names {
            assert!(
                name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c.is_ascii_alphanumeric()),
                "{name}"
            );
        }
    }
}
