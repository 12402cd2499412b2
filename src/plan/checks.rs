//! Which values of a Tenant have to be checked with Microsoft, and what the results of all checks come to. A check never blocks
//! a save: that is why it is a condition of its own.
//!
//! Only what the spec manages is checked, only while it is shown, and only where the tenant on the platform is ours and has the
//! partner that the spec names: a Tenant that names the tenant of another customer learns nothing about it.

use std::borrow::Cow;
use std::fmt::Write;

use secrecy::SecretString;
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::mismatch::Mismatch;
use super::outcome::Outcome;
use super::resolved::{ResolvedPartner, ResolvedSecret, SecretProblem};
use super::seen::Seen;
use super::stop::Stopped;
use super::validate::{Desired, Intent};
use super::visibility::visible;
use crate::resources::status::{CheckStatus, GrantLink};
use crate::resources::{CheckName, Reason, Tenant};
use crate::settings::Leaf;
use crate::settings::tabs::{assistant, attendant_console, general, instant_messaging, interact};

/// What a Tenant wants to know of Microsoft.
pub struct CheckPlan {
    /// The Entra tenant, which is the tenant itself.
    pub entra_tenant: Uuid,
    /// Whether chats are handled, so that the app that sends them needs its grant.
    pub chat: bool,
    /// The checks, in the order of the UI.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Clone)]
pub struct Check {
    /// Which one.
    pub name: CheckName,
    /// What is asked.
    pub query: Query,
}

/// What a check asks. It has no `Debug`: it holds secrets and names people.
#[derive(Clone)]
pub enum Query {
    /// Is this a security group?
    Group {
        /// The Entra tenant that it lives in.
        entra_tenant: Uuid,
        /// The group.
        id: Uuid,
    },
    /// May the Nimbus app read presences?
    PresenceGrant {
        /// The Entra tenant that grants it.
        entra_tenant: Uuid,
    },
    /// Was the app that handles chats granted its permissions?
    ChatGrant {
        /// The Entra tenant that grants them.
        entra_tenant: Uuid,
        /// The app.
        app: Uuid,
    },
    /// Can the presence of this user be read?
    Presence {
        /// The Entra tenant of the user.
        entra_tenant: Uuid,
        /// The user.
        upn: String,
    },
    /// Does this filter match any user?
    Filter {
        /// The Entra tenant that is searched.
        entra_tenant: Uuid,
        /// The filter.
        filter: String,
    },
    /// Can this connection string issue a token?
    ConnectionString {
        /// What moves when another value is meant.
        version: String,
        /// The connection string.
        value: SecretString,
        /// The resource that it should belong to.
        resource: Option<Uuid>,
    },
    /// Nothing, since what would be asked is not known.
    Unanswerable {
        /// The reason.
        reason: Reason,
        /// What is missing.
        message: Cow<'static, str>,
    },
}

/// What is known of the checks and links of a Tenant at the end of a pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CheckReport {
    /// One entry for each check.
    pub checks: Vec<CheckStatus>,
    /// One entry for each app whose permissions an administrator grants.
    pub links: Vec<GrantLink>,
    /// The token of a request to repeat all checks that is done.
    pub repeated: Option<String>,
}

impl Check {
    /// A hash of what is asked: another one means another question.
    pub fn input(&self) -> String {
        let parts = match &self.query {
            Query::Group { entra_tenant, id } => ["group", &entra_tenant.to_string(), &id.to_string()].join("\n"),
            Query::PresenceGrant { entra_tenant } => format!("grant\n{entra_tenant}"),
            Query::ChatGrant { entra_tenant, app } => format!("chat\n{entra_tenant}\n{app}"),
            Query::Presence { entra_tenant, upn } => format!("presence\n{entra_tenant}\n{upn}"),
            Query::Filter { entra_tenant, filter } => format!("filter\n{entra_tenant}\n{filter}"),
            Query::ConnectionString { version, value: _, resource } => format!("string\n{version}\n{resource:?}"),
            Query::Unanswerable { reason, message: _ } => format!("none\n{}", reason.as_str()),
        };
        Sha256::digest(parts).iter().take(16).fold(String::new(), |mut text, byte| {
            // Writing to a String cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
    }

    /// Whether only the Nimbus app can ask it.
    pub fn needs_app(&self) -> bool {
        !matches!(self.query, Query::ConnectionString { .. } | Query::Unanswerable { .. })
    }
}

/// What is to be checked of the present spec; nothing unless the tenant on the platform is ours. `chat_app` is the app that handles
/// chats, where its Platform names one.
pub fn check_plan(
    tenant: &Tenant,
    intent: &Intent,
    outcome: &Result<Outcome, Stopped>,
    seen: &Seen,
    chat_app: Option<&str>,
) -> Option<CheckPlan> {
    let desired = match intent {
        Intent::Apply(desired) => desired,
        Intent::Blocked(blocked) => blocked.to_observe.as_ref()?,
        Intent::Delete(_) => return None,
    };
    let document = match outcome {
        Ok(Outcome::Live(live)) => &live.document,
        Ok(Outcome::Unchanged) => return Some(of_spec(tenant, desired, chat_app)),
        Ok(Outcome::Deleting(_) | Outcome::Released(_)) => return None,
        Err(_) => seen.ours()?,
    };
    let plan = checks(tenant, desired, &document.settings, chat_app);
    Some(match desired.claim_right(tenant).may_ask(&document.settings) {
        Ok(()) => plan,
        Err(mismatch) => unasked(plan, mismatch),
    })
}

/// The checks of a tenant whose managed settings are those of the spec, where the spec leaves no switch to the platform.
pub(super) fn of_spec(tenant: &Tenant, desired: &Desired, chat_app: Option<&str>) -> CheckPlan {
    checks(tenant, desired, &desired.settings, chat_app)
}

/// Nothing is asked about a tenant of another partner: the answers would tell of its people.
fn unasked(mut plan: CheckPlan, mismatch: Mismatch) -> CheckPlan {
    for check in &mut plan.checks {
        let message = format!("Not checked: {}.", mismatch.words()).into();
        check.query = Query::Unanswerable { reason: Reason::OtherPartner, message };
    }
    plan
}

/// The checks of a tenant that has these settings on the platform.
fn checks(tenant: &Tenant, desired: &Desired, observed: &Value, chat_app: Option<&str>) -> CheckPlan {
    let entra_tenant = desired.target.tenant.entra_tenant();
    let view = View { entra_tenant, desired: &desired.settings, observed };
    let secrets = desired.secrets.as_slice();
    let checks = [
        view.partner_group(desired.named.partner()),
        view.group(CheckName::TenantAdministrationGroup, general::TENANT_GROUP, entra_tenant),
        view.connection_string(CheckName::InteractConnectionString, interact::CONNECTION_STRING, secrets),
        view.connection_string(CheckName::AssistantConnectionString, assistant::CONNECTION_STRING, secrets),
        view.filter(),
    ];
    let name = CheckName::InstantMessagingConnectionString;
    let instant_messaging = view.connection_string(name, instant_messaging::CONNECTION_STRING, secrets);
    let chat = view.shows(instant_messaging::PRIMARY_ACCOUNT);
    let chat_grant = (chat && view.manages_chats()).then(|| chat_grant(entra_tenant, chat_app));
    let presence = presence(tenant, entra_tenant);
    let checks = checks.into_iter().flatten().chain(presence).chain(chat_grant).chain(instant_messaging).collect();
    CheckPlan { entra_tenant, chat, checks }
}

fn chat_grant(entra_tenant: Uuid, app: Option<&str>) -> Check {
    let query = match app.and_then(guid) {
        Some(app) => Query::ChatGrant { entra_tenant, app },
        None => Query::Unanswerable {
            reason: Reason::NotConfigured,
            message: "Not checked: spec.microsoft.chatAppClientId of the Platform names no chat app.".into(),
        },
    };
    Check { name: CheckName::InstantMessagingGrant, query }
}

/// The section has nothing that is sent to the platform, so its presence asks for the checks.
fn presence(tenant: &Tenant, entra_tenant: Uuid) -> Vec<Check> {
    let extensions = tenant.spec.settings.extensions.as_ref();
    let Some(section) = extensions.and_then(|extensions| extensions.presence_tracking.as_ref()) else { return vec![] };
    let mut checks = vec![Check { name: CheckName::PresenceGrant, query: Query::PresenceGrant { entra_tenant } }];
    if let Some(upn) = &section.test_upn {
        let upn = upn.as_str().to_owned();
        checks.push(Check { name: CheckName::PresenceTest, query: Query::Presence { entra_tenant, upn } });
    }
    checks
}

/// Both sides of a live tenant.
struct View<'v> {
    entra_tenant: Uuid,
    desired: &'v Value,
    observed: &'v Value,
}

impl<'v> View<'v> {
    fn shows(&self, leaf: &Leaf) -> bool {
        visible(leaf, self.desired, self.observed)
    }

    /// Whether the spec manages anything of Instant Messaging.
    fn manages_chats(&self) -> bool {
        let pointer = format!("/{}", instant_messaging::SECTION.replace('.', "/"));
        self.desired.pointer(&pointer).is_some()
    }

    /// A value that the spec manages, while it is shown.
    fn managed(&self, leaf: &Leaf) -> Option<&'v str> {
        leaf.find(self.desired).filter(|_| self.shows(leaf))?.as_str()
    }

    /// The value that is effective: the spec's over the platform's, unless the spec clears it.
    fn effective(&self, leaf: &Leaf) -> Option<&'v str> {
        let side = if leaf.lookup(self.desired).is_some() { self.desired } else { self.observed };
        leaf.find(side).filter(|_| self.shows(leaf))?.as_str()
    }

    fn group(&self, name: CheckName, leaf: &Leaf, entra_tenant: Uuid) -> Option<Check> {
        let id = guid(self.managed(leaf)?)?;
        Some(Check { name, query: Query::Group { entra_tenant, id } })
    }

    /// The group of the partner lives in the partner's own Entra tenant, not in that of the customer.
    fn partner_group(&self, partner: Option<&ResolvedPartner>) -> Option<Check> {
        let entra_tenant = partner.and_then(|partner| partner.entra_tenant.as_deref()).and_then(guid);
        if let Some(entra_tenant) = entra_tenant {
            return self.group(CheckName::PartnerAdministrationGroup, general::PARTNER_GROUP, entra_tenant);
        }
        self.managed(general::PARTNER_GROUP)?;
        let message = match partner {
            Some(_) => {
                "The group lives in the partner's own Entra tenant, which the Partner does not name in entraTenantId."
            }
            None => "The group lives in the partner's own Entra tenant, and spec.partner names no Partner.",
        };
        let query = Query::Unanswerable { reason: Reason::PartnerTenantUnknown, message: message.into() };
        Some(Check { name: CheckName::PartnerAdministrationGroup, query })
    }

    fn connection_string(&self, name: CheckName, leaf: &Leaf, secrets: &[ResolvedSecret]) -> Option<Check> {
        let secret = secrets.iter().find(|secret| secret.leaf == leaf && self.shows(leaf))?;
        let (found, version) = match (&secret.found, secret.version()) {
            (Ok(found), Some(version)) => (found, version),
            (Err(problem), _) => return Some(Check { name, query: unusable(*problem) }),
            (Ok(_), None) => return None,
        };
        let held_against = (leaf == instant_messaging::CONNECTION_STRING).then_some(instant_messaging::RESOURCE_ID);
        let resource = held_against.and_then(|leaf| self.effective(leaf)).and_then(guid);
        Some(Check { name, query: Query::ConnectionString { version, value: found.value.clone(), resource } })
    }

    fn filter(&self) -> Option<Check> {
        let filter = self.managed(attendant_console::FILTER)?.to_owned();
        let query = Query::Filter { entra_tenant: self.entra_tenant, filter };
        Some(Check { name: CheckName::GlobalContactSearchFilter, query })
    }
}

/// What cannot be asked, since there is no value to ask with.
fn unusable(problem: SecretProblem) -> Query {
    let message = match problem {
        SecretProblem::NoSecret => "The Secret does not exist.",
        SecretProblem::NoKey => "The Secret does not have the key.",
        SecretProblem::Forbidden => "The operator may not get the Secret.",
        SecretProblem::Malformed(_) => "The value in the Secret is not a connection string.",
    };
    Query::Unanswerable { reason: problem.reason(), message: message.into() }
}

fn guid(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok()
}
