//! What the runbook says of a reason beyond its hint: what it means, what is likely behind it, and where to look.

use crate::resources::Reason;

/// Where to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// At the Tenant.
    Tenant,
    /// At what differs from the platform.
    Drift,
    /// At the Secret and at who may read it.
    Secret,
    /// At the results of checks.
    Checks,
    /// At the provisioning script.
    Script,
    /// At the Platform.
    Platform,
    /// At the Partner.
    Partner,
    /// At events, which outlive the Tenant.
    Events,
    /// At the log of the operator.
    Log,
}

impl Look {
    /// The commands. Words in capitals are to be replaced.
    pub(super) const fn commands(self) -> &'static [&'static str] {
        match self {
            Self::Tenant => &["kubectl get nten NAME -n NAMESPACE -o wide", "kubectl describe nten NAME -n NAMESPACE"],
            Self::Drift => &[
                r#"kubectl get nten NAME -n NAMESPACE -o jsonpath='{range .status.drift[*]}{.path}{"\t"}{.wanted}{"\t"}{.found}{"\n"}{end}'"#,
            ],
            Self::Secret => &[
                "kubectl describe nten NAME -n NAMESPACE",
                "kubectl get secrets -n NAMESPACE",
                "kubectl auth can-i get secrets/SECRET -n NAMESPACE --as system:serviceaccount:nimbus-system:nimbus-operator",
            ],
            Self::Checks => &[
                r#"kubectl get nten NAME -n NAMESPACE -o jsonpath='{range .status.checks[*]}{.name}{"\t"}{.result}{"\t"}{.message}{"\n"}{end}'"#,
            ],
            Self::Script => &["kubectl get nten NAME -n NAMESPACE -o jsonpath='{.status.provisioningScript}'"],
            Self::Platform => &["kubectl get nplat -o wide", "kubectl describe nplat NAME"],
            Self::Partner => {
                &["kubectl get npart -o wide", "kubectl get nten -A --field-selector spec.partner.partnerRef.name=NAME"]
            }
            Self::Events => &["kubectl get events -n NAMESPACE --field-selector reason=REASON"],
            Self::Log => {
                &["kubectl logs -n nimbus-system -l app.kubernetes.io/name=nimbus-operator --tail=-1 --prefix"]
            }
        }
    }
}

impl Look {
    /// Who acts where this is what to look at, unless it is support, the vendor or the platform.
    pub(super) const fn reader(self) -> &'static str {
        match self {
            Self::Tenant | Self::Drift | Self::Checks | Self::Events => "the editor of the Tenant",
            Self::Secret => "the editor of the Tenant; for permissions the cluster administrator",
            Self::Script => "a Tenant administrator of the customer",
            Self::Platform | Self::Partner | Self::Log => "the cluster administrator or a system administrator",
        }
    }
}

/// What is written about a reason.
pub(super) struct Written {
    /// What happened, and what it does to the tenant.
    pub(super) meaning: &'static str,
    /// What is likely behind it.
    pub(super) causes: &'static str,
    /// Where to look.
    pub(super) look: Look,
}

macro_rules! written {
    ($($reason:ident, $look:ident: $meaning:literal, $causes:literal;)+) => {
        /// One row for each reason after which someone has to act.
        pub(super) const WRITTEN: &[(Reason, Written)] = &[
            $((Reason::$reason, Written { meaning: $meaning, causes: $causes, look: Look::$look }),)+
        ];
    };
}

written! {
    Contended, Log: "Another writer was faster than the operator, five times in a row or for 30 s. Nothing was saved.", "A second GitOps program or script applies the same Tenant, or writes to the tenant on the platform.";
    Drifted, Drift: "A setting that the spec manages was changed on the platform, and the operator leaves it.", "Someone edited it in the UI while driftPolicy is Report; or correcting it would purge data.";
    InvalidSettings, Tenant: "A setting is missing or wrong, so no tab was saved. The tenant works on as before.", "A value beyond what the platform allows; settings that exclude each other, or need one that is not set.";
    ConfirmationRequired, Tenant: "The edit can purge data for good, so nothing was saved.", "dataRetentionMonths is shorter than on the platform, or set for the first time.";
    OrganizationUnitNotFound, Tenant: "The default organization unit does not exist, so nothing was saved. The platform moved its default one level up.", "The unit was deleted in the UI, or its ID was copied from another tenant.";
    SecretNotFound, Secret: "A Secret that the spec names does not exist. The value on the platform stays.", "It was not created yet, was deleted, or is in another namespace: a reference never leaves the namespace of the Tenant.";
    SecretKeyNotFound, Secret: "The Secret has no such key. The value on the platform stays.", "A misspelled key, or a Secret of an external store that maps keys differently.";
    SecretInvalid, Secret: "The value in the Secret has not the right form. The last valid one stays on the platform.", "A connection string that was cut or copied with quotes or line breaks; an endpoint that is not Azure's.";
    SecretForbidden, Secret: "Kubernetes does not let the operator read the Secret, or write that of the widget key.", "The namespace has no Role for the operator: add it to tenantNamespaces of the chart. Or the Role names other Secrets.";
    SecretNotOwned, Secret: "The Secret for the widget key is not the operator's. It is not changed, and no rotation is sent.", "It was created by hand or by another program, belongs to another Tenant, or was restored with an older key.";
    PlatformNotFound, Platform: "The Platform that the spec names does not exist. The platform is not called.", "A misspelled name, or the Platform is applied later.";
    PlatformTerminating, Platform: "The Platform is being deleted and takes no new Tenant. Nothing was written.", "It was deleted, by mistake or in the wrong order: Tenants go first.";
    PartnerNotFound, Partner: "The Partner that the spec names does not exist. Nothing was written.", "A misspelled name, or the Partner is applied later.";
    PartnerTerminating, Partner: "The Partner is being deleted and takes no new Tenant. Nothing was written.", "It was deleted while a Tenant that names it was applied.";
    NamespaceNotPermitted, Platform: "The Platform does not serve this namespace. The platform is not called.", "spec.allowedNamespaces of the Platform lacks it, or names were removed from it.";
    PlatformChanged, Platform: "The endpoint leads to another environment than the one that the tenants are in. Nothing is created, changed, released or deleted there.", "A wrong endpoint, a DNS name that moved, a test environment that was set up again, or a move of the platform.";
    PlatformUnavailable, Platform: "An edit waits, because the platform cannot be called. Nothing is known of the tenant, so nothing was created or deleted.", "An outage, the network, a certificate, or credentials. The Platform says which.";
    FieldNotPermitted, Tenant: "The credentials of the operator may not change these settings. Everything else was saved.", "The role of the client on the platform is lower than the settings need, such as partner instead of system.";
    PlatformRewritesValue, Drift: "The platform stored another value than it was given, three times. The operator stopped sending it, for a day.", "A value that the platform rounds, trims or caps; or an error of the platform.";
    TenantNotPermitted, Partner: "The Partner may be named only for other tenants. Neither the platform nor Microsoft is asked.", "A wrong general.tenantId or a wrong Partner; or spec.tenantIds of the Partner was not extended.";
    PartnerNotPermitted, Partner: "The Partner does not count on this Platform. Neither the platform nor Microsoft is asked.", "A wrong Partner or Platform; or spec.platforms of the Partner was not extended.";
    OtherPartner, Tenant: "The platform names another partner for this tenant than the spec, so Microsoft is not asked about it.", "The partner was changed in the UI, or the spec names none.";
    NotAdopted, Drift: "A tenant with this ID exists and is not taken over. Nothing was written.", "Its settings differ from the spec, adoptionPolicy is Never, or it belongs to another partner.";
    OwnedByOther, Tenant: "Another Tenant manages this tenant; the message has its stamp. Nothing was written.", "Two Tenants with one tenantId; a move to another cluster or namespace that is not finished; a changed --cluster-id.";
    TenantLost, Tenant: "The tenant existed and is gone. It is never created again silently.", "It was deleted on the platform, or the platform was restored from an older backup.";
    TenantDeleting, Script: "The tenant is pending deletion on the platform, and this Tenant did not request it. Its services are stopped.", "Someone deleted it in the UI, or another client did.";
    ReconciliationSuspended, Tenant: "spec.suspend is true. The platform is not called, and edits wait.", "Someone paused it, often during a migration, and did not resume it.";
    Undecodable, Tenant: "The stored object does not match what the operator knows. It is not reconciled; it can be deleted, and the tenant stays.", "It was stored under another CRD.";
    OperatorTooOld, Tenant: "The object has a setting or a word that this version does not know. Nothing of it is applied, and nothing is removed.", "The CRDs were upgraded and the operator was not, or the operator was downgraded.";
    KubernetesRefused, Log: "Kubernetes refuses what the operator has to read or write. The message names what, and by which policy or webhook.", "A policy engine, a quota, or RBAC that was changed by hand.";
    InternalError, Log: "The operator met something that must not happen. It tries again, more and more rarely.", "A bug.";
    DeletionRateLimited, Platform: "The limit of confirmed deletions per hour of the Platform is reached. The deletion waits.", "Many Tenants were deleted at once. Make sure that this was meant before the hour is over.";
    Deleting, Script: "The deletion was accepted. The tenant is gone after the next run of the provisioning script; until then the Tenant stays.", "The script has not run yet, or services are still being removed.";
    ScriptPending, Script: "Settings are saved, and take effect in Microsoft Teams when the provisioning script runs.", "A change that needs the script: Interact was switched on, services were added.";
    ContingentExceeded, Tenant: "More licenses are in use than purchased. Nothing is switched off.", "Users or services were licensed by a group that grew, or a contingent ended.";
    CheckFailed, Checks: "A value that only Microsoft or the vendor can verify is wrong. The settings are saved and stay.", "A consent that was not granted or was withdrawn, a group that was deleted, a connection string that was regenerated.";
    CheckUnknown, Checks: "A check could not be made, so the value may be right or wrong.", "The Nimbus app lacks a permission, its credentials cannot be read, or Microsoft does not answer.";
    NotAvailable, Tenant: "A modality is configured that the vendor has not enabled for this tenant. It has no effect yet.", "It was ordered and is not enabled yet, or it was not ordered.";
    NotLicensed, Tenant: "Settings are configured for which there are no licenses. They have no effect yet.", "Licenses were not purchased or not applied to users and services yet.";
    NotConfigured, Platform: "Checks do not run, because the Platform has no Nimbus app.", "spec.microsoft of the Platform is not set.";
    PartnerTenantUnknown, Partner: "The group of the partner cannot be looked up, because the Entra tenant of the partner is not known.", "The spec names no Partner, or entraTenantId of the Partner is not set.";
    Unreachable, Platform: "The platform does not answer. The message names the server, the cause in a word, and the setting to check.", "DNS, a firewall, a proxy, a certificate that expired or whose issuer is unknown, or an outage.";
    AuthenticationFailed, Platform: "The platform refuses the credentials. No edit of its Tenants gets through.", "The client secret expired or was replaced, the client was disabled, or lost its role.";
    UnexpectedAnswer, Platform: "Something answers that is not the admin API.", "An endpoint that leads to a website, a proxy with a sign-in page, or an error of the platform.";
    CredentialsNotFound, Platform: "The Secret with the credentials cannot be used. The platform is not called.", "It was not created in the namespace of the operator, lacks the key client-secret, or may not be read.";
    PoliciesNotEnforced, Platform: "The admission policies are not in force, so that every editor could change every field. Nothing is written.", "They were not installed or not upgraded, were edited, or were rendered for another account.";
    Terminating, Platform: "The Platform is being deleted and waits for its Tenants, which it serves as before.", "It was deleted before its Tenants, by mistake or in the wrong order.";
    InUse, Partner: "The Partner is being deleted and waits for the Tenants that name it.", "It was deleted before its Tenants.";
    InvalidPlatform, Platform: "The spec of the Platform cannot be used. The platform is not called.", "An address that is no URL, or a caBundle that is not PEM.";
    ReleaseFailed, Events: "The Tenant is gone, and its tenant still has the owner stamp.", "The platform was down during the release, which is tried for a minute only.";
    Abandoned, Events: "The Tenant was removed with the annotation abandon, without a call of the platform.", "Someone set it because the platform no longer exists.";
    DeletionNotConfirmed, Events: "A Tenant with deletionPolicy Delete was deleted without a valid confirmation, so its tenant was kept.", "The last day had passed, the tenant ID was another one, or the partner differs.";
    DeletionNotRequested, Events: "A confirmed deletion ended without a request, because the tenant was not there or not ours.", "It was deleted on the platform before, or another Tenant took it over.";
    DeletionStarted, Events: "The platform accepted the deletion, and all services are stopped.", "It was confirmed.";
    StateSuspended, Tenant: "The platform refuses calls and log-ins of this tenant. Its settings are kept.", "The vendor suspended the subscription.";
    StateExpired, Tenant: "The subscription has expired.", "It was not renewed.";
    StateCanceled, Tenant: "The subscription was cancelled.", "The customer or the vendor ended it.";
    StateUnknown, Tenant: "The platform reports a state that this version does not know.", "The platform is newer than the operator.";
}

/// What is written about a reason.
pub(super) fn about(reason: Reason) -> Option<&'static Written> {
    WRITTEN.iter().find(|(found, _)| *found == reason).map(|(_, written)| written)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resources::advice::Audience;

    #[test]
    fn a_reason_after_which_someone_acts_is_explained_once() {
        for &reason in Reason::REASONS.iter().chain(Reason::TENANT_STATES) {
            let rows = WRITTEN.iter().filter(|(found, _)| *found == reason).count();
            // That a key was rotated or drift corrected needs no explanation beyond its hint.
            let expected = usize::from(reason.audience() != Audience::None);
            assert_eq!(expected, rows, "{}", reason.as_str());
        }
    }

    #[test]
    fn texts_are_sentences() {
        for (reason, Written { meaning, causes, .. }) in WRITTEN {
            for text in [meaning, causes] {
                let name = reason.as_str();
                assert!(text.ends_with('.') && !text.contains("  ") && text.len() > 5, "{name}: {text}");
            }
        }
    }
}
