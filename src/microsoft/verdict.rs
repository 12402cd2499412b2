//! What a check says to people. A check never blocks a save, so *Failed* is a warning and *Unknown* is "could not look".
//!
//! A message holds no secret, no name and no address, and nothing that changes by itself from one look to the next.

use uuid::Uuid;

use super::acs::{AcsProblem, Checked};
use super::error::CallError;
use super::filter::FilterProblem;
use super::graph::{Grant, Presence};
use super::group::{Group, Kind};

/// The result of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What came of it.
    pub outcome: Outcome,
    /// A CamelCase word.
    pub reason: &'static str,
    /// A sentence for people.
    pub message: String,
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is as it should be.
    Passed,
    /// It is not.
    Failed,
    /// It could not be looked at.
    Unknown,
}

use Outcome::{Failed, Passed, Unknown};

impl Verdict {
    /// Whether it says nothing at all, neither of the setting nor of what somebody has to do: it passes by itself.
    pub fn says_nothing(&self) -> bool {
        self.outcome == Unknown && ["Unreachable", "Throttled", "UnexpectedAnswer"].contains(&self.reason)
    }

    /// Whether it may only mean that something new is not seen everywhere yet.
    pub fn may_be_lag(&self) -> bool {
        let absent = ["GroupNotFound", "TestUserNotFound", "PresenceNotGranted", "AppNotConsented"];
        self.outcome == Failed && absent.contains(&self.reason)
    }
}

/// What routing loses without the permission: the seed's table of when calls are delivered.
const WITHOUT_PRESENCE: &str = "Without it Nimbus sees only a simplified presence such as Available, Busy or Away: it cannot \
    tell 'Busy in a call' from 'Busy', so calls that are delivered to busy users also reach users in a call; with Presence \
    Privacy mode on in Teams, nothing can be routed at all.";
const HOW_TO_GRANT: &str =
    "A Tenant Administrator opens the grant link or runs the provisioning script; a grant takes minutes to be seen.";
const PRESENCE_PERMISSION: &str = "Presence.Read.All (Application)";
const EMPTY_SEARCH: &str = "the search of the Attendant Console will be empty";

fn verdict(outcome: Outcome, reason: &'static str, message: impl Into<String>) -> Verdict {
    Verdict { outcome, reason, message: message.into() }
}

/// A security group, looked up in the Entra tenant that it lives in.
pub fn group(outcome: &Result<Group, CallError>) -> Verdict {
    let group = match outcome {
        Ok(group) => group,
        Err(CallError::NotFound) => {
            return verdict(
                Failed,
                "GroupNotFound",
                "There is no group with this id in its Entra tenant; a group that was made minutes ago may not be seen yet.",
            );
        }
        Err(error) => return unknown(error, "GroupMember.Read.All (Application)"),
    };
    match (group.kind, members(group)) {
        (Kind::Microsoft365, _) => verdict(
            Failed,
            "NotASecurityGroup",
            "The group is a Microsoft 365 group; even where security is enabled for it, a security group is needed.",
        ),
        (Kind::NotSecurity, _) => verdict(
            Failed,
            "NotASecurityGroup",
            "The group is a distribution list or otherwise not a security group; a security group is needed.",
        ),
        (Kind::Security, members) => verdict(Passed, "SecurityGroup", format!("A security group {members}.")),
        (Kind::MailEnabledSecurity, members) => verdict(
            Passed,
            "MailEnabledSecurityGroup",
            format!(
                "A mail-enabled security group {members}; a plain security group is better, since the members of this one are managed in Exchange."
            ),
        ),
    }
}

fn members(group: &Group) -> String {
    match &group.members {
        Some(Ok(0)) => {
            "without direct members, so it gives the permission set to nobody; owners are not members".to_owned()
        }
        Some(Ok(1)) => "with 1 direct member".to_owned(),
        Some(Ok(members)) => format!("with {members} direct members"),
        Some(Err(_)) | None => "whose members could not be counted".to_owned(),
    }
}

/// The permission for extended presence tracking.
pub fn presence_grant(outcome: &Result<Grant, CallError>) -> Verdict {
    match outcome {
        Ok(Grant::Granted) => {
            verdict(Passed, "PresenceGranted", format!("{PRESENCE_PERMISSION} is granted to the Nimbus app."))
        }
        Ok(Grant::NotGranted) => verdict(
            Failed,
            "PresenceNotGranted",
            format!("{PRESENCE_PERMISSION} is not granted to the Nimbus app. {WITHOUT_PRESENCE} {HOW_TO_GRANT}"),
        ),
        Ok(Grant::AppUnknown) => verdict(
            Failed,
            "AppNotConsented",
            format!("The Nimbus app is not known in this Entra tenant. {WITHOUT_PRESENCE} {HOW_TO_GRANT}"),
        ),
        Err(error) => unknown(error, "Application.Read.All (Application)"),
    }
}

/// The presence of the test user.
pub fn presence(outcome: &Result<Presence, CallError>) -> Verdict {
    match outcome {
        Ok(presence) if presence.is_unknown() => verdict(
            Passed,
            "PresenceUnknownToTeams",
            "The presence of the test user can be read, and Teams knows none yet: the user has most likely never signed in.",
        ),
        Ok(_) => verdict(Passed, "PresenceRead", "The presence of the test user can be read."),
        Err(CallError::NotFound) => verdict(
            Failed,
            "TestUserNotFound",
            "There is no user with the test UPN in this Entra tenant, or Teams has no presence of that user.",
        ),
        Err(CallError::Forbidden) => verdict(
            Unknown,
            "PermissionMissing",
            format!(
                "The presence of the test user may not be read: {PRESENCE_PERMISSION} or User.Read.All is not granted, or not \
                 yet in effect. {WITHOUT_PRESENCE} {HOW_TO_GRANT}"
            ),
        ),
        Err(error) => unknown(error, PRESENCE_PERMISSION),
    }
}

/// A test UPN that cannot be one.
pub fn not_a_upn(allowed: &str) -> Verdict {
    verdict(Failed, "TestUpnInvalid", format!("The test UPN must be {allowed}."))
}

/// A search filter that was found wanting before any call.
pub fn finding(finding: FilterProblem) -> Verdict {
    let message = match finding {
        FilterProblem::RequestUrl => "The filter must be the value of $filter only, not a request URL or a part of one",
        FilterProblem::OpenQuote => {
            "The filter has a string in single quotes that does not end; a quote within a string is doubled"
        }
        FilterProblem::Parentheses => "The filter has parentheses that do not pair",
    };
    verdict(Failed, "FilterInvalid", format!("{message}; {EMPTY_SEARCH}."))
}

/// How many users the search filter leaves.
pub fn hits(outcome: &Result<u64, CallError>) -> Verdict {
    match outcome {
        Ok(0) => verdict(
            Failed,
            "FilterMatchesNobody",
            format!("The filter matches no user: {EMPTY_SEARCH}. It also hides the accounts of Nimbus services."),
        ),
        Ok(_) => verdict(
            Passed,
            "FilterMatches",
            "The filter matches users. It also hides the accounts of Nimbus services that it does not match.",
        ),
        Err(CallError::Rejected) => verdict(
            Failed,
            "FilterInvalid",
            format!(
                "Microsoft Graph does not take the filter: wrong syntax, or a property or operator that cannot be filtered by; {EMPTY_SEARCH}."
            ),
        ),
        Err(CallError::Forbidden) => verdict(
            Unknown,
            "PermissionMissing",
            format!(
                "The filter cannot be tried: the Nimbus app most likely needs User.Read.All (Application), or a further permission for the fields of the filter; without it {EMPTY_SEARCH}."
            ),
        ),
        Err(error) => unknown(error, "User.Read.All (Application)"),
    }
}

/// A connection string, and the resource id that it should belong to.
pub fn connection_string(outcome: &Result<Checked, AcsProblem>, expected: Option<Uuid>) -> Verdict {
    let checked = match outcome {
        Ok(checked) => checked,
        Err(problem) => return no_token(problem),
    };
    if !checked.token {
        return verdict(
            Failed,
            "InsufficientPermissions",
            "With this connection string an identity can be made, but no token for chat: most likely there are insufficient permissions.",
        );
    }
    if let (Some(expected), Some(found)) = (expected, checked.resource)
        && expected != found
    {
        return verdict(
            Failed,
            "ResourceIdMismatch",
            "The connection string can issue a token, but it belongs to another resource than the ACS resource id names: one of the two is wrong.",
        );
    }
    if checked.left_behind {
        return verdict(
            Passed,
            "IdentityLeftBehind",
            "The connection string can issue a token; the identity that was made to find out could not be deleted again.",
        );
    }
    verdict(Passed, "TokenIssued", "The connection string can issue a token.")
}

fn no_token(problem: &AcsProblem) -> Verdict {
    match problem {
        AcsProblem::Malformed(what) => {
            verdict(Failed, "ConnectionStringInvalid", format!("The connection string {what}."))
        }
        AcsProblem::Refused => verdict(
            Failed,
            "InsufficientPermissions",
            "Azure Communication Services refuses the connection string; if it is correct, this most likely means insufficient permissions.",
        ),
        AcsProblem::ClockSkew => verdict(
            Unknown,
            "ClockSkew",
            "The clock of the operator differs from that of Azure Communication Services, so that no signature is accepted.",
        ),
        AcsProblem::Call(CallError::Forbidden) => verdict(
            Unknown,
            "PermissionMissing",
            "Azure Communication Services does not let the operator try the connection string; a network rule of the resource may be why.",
        ),
        AcsProblem::Call(error) => unknown(error, ""),
    }
}

/// Nobody told the operator as which app to ask.
pub fn not_configured() -> Verdict {
    verdict(
        Unknown,
        "NotConfigured",
        "The Platform's spec.microsoft does not say as which app to ask, or has no credentials of it; nothing was looked at.",
    )
}

/// The credentials of the app cannot be read.
pub fn no_credentials(what: &str) -> Verdict {
    verdict(Unknown, "CredentialsNotFound", format!("The check cannot log in: {what}."))
}

/// Too much time went by.
pub fn out_of_time() -> Verdict {
    unknown(&CallError::Unreachable { what: "no answer in time" }, "")
}

/// Microsoft asked for fewer requests, and the time that it named is not over.
pub fn throttled(after: std::time::Duration) -> Verdict {
    unknown(&CallError::Throttled { after }, "")
}

/// What could not be looked at says nothing about the setting.
fn unknown(error: &CallError, permission: &str) -> Verdict {
    let (reason, message) = match error {
        CallError::Unreachable { .. } => {
            ("Unreachable", "Microsoft cannot be reached; the check is repeated by itself.".to_owned())
        }
        CallError::Unauthenticated { what } => ("AuthenticationFailed", format!("The check cannot log in: {what}.")),
        CallError::NotConsented => (
            "AppNotConsented",
            format!(
                "The Nimbus app may not log in to this Entra tenant; most likely it was never granted anything there. {HOW_TO_GRANT}"
            ),
        ),
        CallError::Forbidden => (
            "PermissionMissing",
            format!(
                "The check may not look: the Nimbus app most likely needs {permission}. That says nothing about the setting."
            ),
        ),
        CallError::Throttled { .. } => {
            ("Throttled", "Microsoft asks for fewer requests; the check is repeated by itself.".to_owned())
        }
        CallError::NotFound | CallError::Rejected | CallError::Unexpected { .. } => (
            "UnexpectedAnswer",
            "Something else than the documented answer came back; the check is repeated by itself.".to_owned(),
        ),
    };
    verdict(Unknown, reason, message)
}

#[cfg(test)]
#[path = "verdict_tests.rs"]
mod tests;
