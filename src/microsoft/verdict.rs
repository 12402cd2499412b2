//! What a check says to people.
//!
//! A message holds no secret, no name and no address, and nothing that changes by itself from one check to the next.

use std::time::Duration;

use uuid::Uuid;

use super::acs::{AcsProblem, ConnectionStringCheck};
pub use super::check_reason::{CheckReason, Judgment};
use super::error::{CallError, Server, Unreachable};
use super::filter::FilterProblem;
use super::graph::{Grant, PresenceReading};
use super::group::{Group, GroupKind, Members};

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Why, in one word, which decides what the verdict is.
    pub reason: CheckReason,
    /// Why, in a sentence.
    pub message: String,
}

/// What routing loses without the permission: the seed's table of when calls are delivered.
const WITHOUT_PRESENCE: &str = "Without it Nimbus sees only a simplified presence such as Available, Busy or Away: it cannot \
    tell 'Busy in a call' from 'Busy', so calls that are delivered to busy users also reach users in a call; with Presence \
    Privacy mode on in Teams, nothing can be routed at all.";
const HOW_TO_GRANT: &str = "A Tenant Administrator opens the link NimbusApp in status.grantLinks or runs the provisioning script; a grant takes minutes to become visible.";
const PRESENCE_PERMISSION: &str = "Presence.Read.All (Application)";
const USER_PERMISSION: &str = "User.Read.All (Application)";
const APPLICATION_PERMISSION: &str = "Application.Read.All (Application)";
const GROUP_PERMISSION: &str = "Group.Read.All (Application)";
const EMPTY_SEARCH: &str = "the search of the Attendant Console will be empty";

fn verdict(reason: CheckReason, message: impl Into<String>) -> Verdict {
    Verdict { reason, message: message.into() }
}

/// A security group, looked up in the Entra tenant that it lives in.
pub fn group(result: &Result<Group, CallError>) -> Verdict {
    let group = match result {
        Ok(group) => group,
        Err(CallError::NotFound) => {
            return verdict(
                CheckReason::GroupNotFound,
                "There is no group with this id in its Entra tenant; a group that was made minutes ago may not be visible yet.",
            );
        }
        Err(error) => return not_checked(error, GROUP_PERMISSION),
    };
    match group.kind {
        GroupKind::Microsoft365 => verdict(
            CheckReason::NotASecurityGroup,
            "The group is a Microsoft 365 group, which does not count even if security is enabled for it; use a security group.",
        ),
        GroupKind::NotSecurity => verdict(
            CheckReason::NotASecurityGroup,
            "The group is a distribution list or otherwise not a security group; use a security group.",
        ),
        GroupKind::Security => {
            verdict(CheckReason::SecurityGroup, format!("A security group {}.", members(&group.members)))
        }
        GroupKind::MailEnabledSecurity => verdict(
            CheckReason::MailEnabledSecurityGroup,
            format!(
                "A mail-enabled security group {}. Its members are managed in Exchange; prefer a plain security group.",
                members(&group.members)
            ),
        ),
    }
}

fn members(members: &Members) -> String {
    match members {
        Members::Counted(0) => {
            "without direct members, so the permission set is given to no one; owners are not members".to_owned()
        }
        Members::Counted(1) => "with 1 direct member".to_owned(),
        Members::Counted(members) => format!("with {members} direct members"),
        Members::NotCounted(_) | Members::NotAsked => "whose members could not be counted".to_owned(),
    }
}

/// The permission for extended presence tracking.
pub fn presence_grant(result: &Result<Grant, CallError>) -> Verdict {
    match result {
        Ok(Grant::Granted) => {
            verdict(CheckReason::PresenceGranted, format!("{PRESENCE_PERMISSION} is granted to the Nimbus app."))
        }
        Ok(Grant::NotGranted) => verdict(
            CheckReason::PresenceNotGranted,
            format!("{PRESENCE_PERMISSION} is not granted to the Nimbus app. {WITHOUT_PRESENCE} {HOW_TO_GRANT}"),
        ),
        Ok(Grant::AppUnknown) => verdict(
            CheckReason::AppNotConsented,
            format!("The Nimbus app is not known in this Entra tenant. {WITHOUT_PRESENCE} {HOW_TO_GRANT}"),
        ),
        Err(error) => not_checked(error, APPLICATION_PERMISSION),
    }
}

/// Whether the chat app, which handles chats, was granted its permissions.
pub fn chat_grant(result: &Result<Grant, CallError>) -> Verdict {
    match result {
        Ok(Grant::Granted | Grant::NotGranted) => {
            verdict(CheckReason::AppConsented, "The chat app is known in this Entra tenant, which the grant makes it.")
        }
        Ok(Grant::AppUnknown) => verdict(
            CheckReason::AppNotConsented,
            "The chat app is not known in this Entra tenant, so its permissions are not granted and chats cannot be handled. \
             A Tenant Administrator opens the link ChatApp in status.grantLinks; a grant takes minutes to become visible.",
        ),
        Err(error) => not_checked(error, APPLICATION_PERMISSION),
    }
}

/// The grant of a permission that Microsoft does not honor: reading a presence is refused all the same.
pub fn presence_grant_contradicted() -> Verdict {
    verdict(
        CheckReason::PresenceRefused,
        format!(
            "{PRESENCE_PERMISSION} was found granted to the Nimbus app, but Microsoft refuses to read the presence of the test \
             user: the grant is not in effect yet, or was taken back. {WITHOUT_PRESENCE}"
        ),
    )
}

/// The presence of the test user.
pub fn presence(result: &Result<PresenceReading, CallError>) -> Verdict {
    match result {
        Ok(PresenceReading::Read(presence)) if presence.is_unknown() => verdict(
            CheckReason::PresenceUnknownToTeams,
            "The presence of the test user can be read, but Teams has none yet: the user has most likely never signed in.",
        ),
        Ok(PresenceReading::Read(_)) => {
            verdict(CheckReason::PresenceRead, "The presence of the test user can be read.")
        }
        Ok(PresenceReading::Refused) => verdict(
            CheckReason::PresenceRefused,
            format!(
                "Microsoft refuses to read the presence of the test user: {PRESENCE_PERMISSION} is not granted to the Nimbus \
                 app, or not in effect yet. {WITHOUT_PRESENCE} {HOW_TO_GRANT}"
            ),
        ),
        Err(CallError::NotFound) => verdict(
            CheckReason::TestUserNotFound,
            "There is no user with the test UPN in this Entra tenant, or Teams has no presence of that user.",
        ),
        Err(error) => not_checked(error, USER_PERMISSION),
    }
}

/// A test UPN that cannot be one.
pub fn not_a_upn(allowed: &str) -> Verdict {
    verdict(CheckReason::TestUpnInvalid, format!("The test UPN must be {allowed}."))
}

/// A search filter that cannot be one.
pub fn not_a_filter(problem: FilterProblem) -> Verdict {
    let message = match problem {
        FilterProblem::RequestUrl => "The filter must be only the value of $filter, not a request URL or a part of one",
        FilterProblem::OpenQuote => {
            "The filter has a string in single quotes that does not end; a quote within a string is doubled"
        }
        FilterProblem::Parentheses => "The filter has parentheses that do not pair",
    };
    verdict(CheckReason::FilterInvalid, format!("{message}; {EMPTY_SEARCH}."))
}

/// How many users the search filter leaves.
pub fn hits(result: &Result<u64, CallError>) -> Verdict {
    match result {
        Ok(0) => verdict(
            CheckReason::FilterMatchesNobody,
            format!("The filter matches no user: {EMPTY_SEARCH}. It also hides the accounts of Nimbus services."),
        ),
        Ok(_) => verdict(
            CheckReason::FilterMatches,
            "The filter matches users. It also hides the accounts of Nimbus services that it does not match.",
        ),
        Err(CallError::Rejected) => verdict(
            CheckReason::FilterInvalid,
            format!(
                "Microsoft Graph rejects the filter: wrong syntax, or a property or operator that cannot be filtered by; {EMPTY_SEARCH}."
            ),
        ),
        Err(CallError::Forbidden) => verdict(
            CheckReason::PermissionMissing,
            format!(
                "The filter cannot be tried: the Nimbus app most likely needs {USER_PERMISSION}, or a further permission for the fields of the filter; without it {EMPTY_SEARCH}."
            ),
        ),
        Err(error) => not_checked(error, USER_PERMISSION),
    }
}

/// A connection string, and the resource id that it should belong to.
pub fn connection_string(result: &Result<ConnectionStringCheck, AcsProblem>, expected: Option<Uuid>) -> Verdict {
    let check = match result {
        Ok(check) => check,
        Err(problem) => return no_token(problem),
    };
    if !check.token {
        return verdict(
            CheckReason::InsufficientPermissions,
            "The connection string can create an identity but no token for chat: this most likely means insufficient permissions.",
        );
    }
    if let (Some(expected), Some(found)) = (expected, check.resource)
        && expected != found
    {
        return verdict(
            CheckReason::ResourceIdMismatch,
            "The connection string can issue a token, but belongs to another resource than the ACS resource id names; correct one of the two.",
        );
    }
    if check.left_behind {
        return verdict(
            CheckReason::IdentityLeftBehind,
            "The connection string can issue a token; the identity that was created for the check could not be deleted.",
        );
    }
    verdict(CheckReason::TokenIssued, "The connection string can issue a token.")
}

fn no_token(problem: &AcsProblem) -> Verdict {
    match problem {
        AcsProblem::Malformed(what) => {
            verdict(CheckReason::ConnectionStringInvalid, format!("The connection string {what}."))
        }
        AcsProblem::Refused => verdict(
            CheckReason::InsufficientPermissions,
            "Azure Communication Services rejects the connection string; if it is correct, this most likely means insufficient permissions.",
        ),
        AcsProblem::ClockSkew => verdict(
            CheckReason::ClockSkew,
            "The clock of the operator differs from that of Azure Communication Services, so no signature is accepted.",
        ),
        AcsProblem::Call(CallError::Forbidden) => verdict(
            CheckReason::PermissionMissing,
            "Azure Communication Services does not let the operator try the connection string; a network rule of the resource may be the cause.",
        ),
        // Which host it is stands in the Secret, and is not shown.
        AcsProblem::Call(CallError::Unreachable(Unreachable { endpoint, failure })) => verdict(
            CheckReason::Unreachable,
            format!(
                "{endpoint} cannot be reached at the endpoint of the connection string: {failure} ({}). The check is repeated automatically.",
                failure.as_str()
            ),
        ),
        AcsProblem::Call(error) => not_checked(error, ""),
    }
}

/// The Platform does not say as which app to ask.
pub fn not_configured() -> Verdict {
    verdict(
        CheckReason::NotConfigured,
        "Not checked: the Platform's spec.microsoft names no Nimbus app, or no credentials for it.",
    )
}

/// The credentials of the app cannot be read.
pub fn no_credentials(what: &str) -> Verdict {
    verdict(CheckReason::CredentialsNotFound, format!("The check cannot log in: {what}."))
}

/// The check took too long.
pub fn out_of_time() -> Verdict {
    verdict(
        CheckReason::Unreachable,
        "Microsoft does not respond in time (timeout). The check is repeated automatically.",
    )
}

/// Microsoft asked for fewer requests, and the time that it named is not over.
pub fn throttled(after: Duration) -> Verdict {
    not_checked(&CallError::Throttled { after }, "")
}

fn unreachable(Unreachable { endpoint, failure }: &Unreachable) -> Verdict {
    let setting = match endpoint.server {
        Server::Login => "spec.microsoft.loginBaseUrl",
        Server::Api => "spec.microsoft.graphBaseUrl",
    };
    verdict(
        CheckReason::Unreachable,
        format!(
            "{endpoint} cannot be reached: {failure} ({}). The Platform's {setting} names the host. The check is repeated automatically.",
            failure.as_str()
        ),
    )
}

/// What could not be checked says nothing about the setting.
fn not_checked(error: &CallError, permission: &str) -> Verdict {
    match error {
        CallError::Unreachable(error) => unreachable(error),
        CallError::Unauthenticated(problem) => {
            verdict(CheckReason::AuthenticationFailed, format!("The check cannot log in: {problem}."))
        }
        CallError::NotConsented => verdict(
            CheckReason::LoginNotConsented,
            format!(
                "The Nimbus app may not log in to this Entra tenant; most likely it was never granted anything there. {HOW_TO_GRANT}"
            ),
        ),
        CallError::Forbidden => verdict(
            CheckReason::PermissionMissing,
            format!(
                "A permission is missing: most likely {permission} of the Nimbus app, which an administrator of the Entra tenant grants. This says nothing about the setting."
            ),
        ),
        CallError::Throttled { .. } => {
            verdict(CheckReason::Throttled, "Microsoft is throttling requests; the check is repeated automatically.")
        }
        CallError::NotFound | CallError::Rejected | CallError::Unexpected(_) => verdict(
            CheckReason::UnexpectedAnswer,
            "The response is not a documented one; the check is repeated automatically.",
        ),
    }
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
