//! The questions that checks ask Microsoft Graph, each with the least that it needs.

use serde_json::Value;
use uuid::{Uuid, uuid};

use super::address::Upn;
use super::client::{Graph, GraphRequest};
use super::error::{CallError, Defect};
use super::filter::Filter;
use super::group::{Group, GroupBody, Members, SELECT};

/// The app id of Microsoft Graph itself, the same in every Entra tenant; its service principal's id is not.
const GRAPH_APP: Uuid = uuid!("00000003-0000-0000-c000-000000000000");
/// The *application* permission Presence.Read.All. The delegated one of the same name has another id.
const PRESENCE_READ_ALL: Uuid = uuid!("a70e0c2d-e793-494c-94c4-118fa0a67f42");
const LARGEST_PAGE: &str = "999";

/// Whether an app holds Presence.Read.All (Application) in an Entra tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// It does.
    Granted,
    /// It does not, or not yet: a grant takes minutes to be seen everywhere.
    NotGranted,
    /// The app is not known in that Entra tenant: it was never granted anything.
    AppUnknown,
}

/// The presence of a user, as Graph spells it today: both are open sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Presence {
    /// Available, Busy, Away…
    pub availability: String,
    /// What `availability` comes from, e.g. InACall.
    pub activity: String,
}

/// What came of reading the presence of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PresenceReading {
    /// It was read.
    Read(Presence),
    /// The user is there, and the app may not read the presence.
    Refused,
}

impl Presence {
    /// Whether Microsoft knows nothing of this user, e.g. since they never signed in to Teams.
    pub fn is_unknown(&self) -> bool {
        self.availability == "PresenceUnknown"
    }
}

impl Graph {
    /// A group of an Entra tenant.
    ///
    /// *Errors*: `NotFound` also for a group that was made minutes ago; `Forbidden` says nothing about the group. That the
    /// members cannot be counted is no error of the group.
    pub async fn group(&self, tenant: Uuid, id: Uuid) -> Result<Group, CallError> {
        let path = format!("groups/{id}");
        let body =
            self.get(GraphRequest { tenant, path: &path, query: &[("$select", SELECT)], eventual: false }).await?;
        let group: GroupBody = serde_json::from_value(body).map_err(|_| self.unexpected(Defect::Malformed))?;
        if Uuid::try_parse(&group.id) != Ok(id) {
            return Err(self.unexpected(Defect::WrongObject));
        }
        let kind = group.kind();
        let members = match kind.is_security() {
            true => self.members(tenant, id).await.map_or_else(Members::NotCounted, Members::Counted),
            false => Members::NotAsked,
        };
        Ok(Group { kind, members })
    }

    async fn members(&self, tenant: Uuid, id: Uuid) -> Result<u64, CallError> {
        let path = format!("groups/{id}/members");
        let query = &[("$select", "id"), ("$top", LARGEST_PAGE)];
        let mut pages = self.list(GraphRequest { tenant, path: &path, query, eventual: false });
        let mut members = 0;
        while let Some(items) = pages.next().await? {
            members += items.len() as u64;
        }
        Ok(members)
    }

    /// Whether this app holds Presence.Read.All (Application) in an Entra tenant, read from its app role assignments.
    ///
    /// *Errors*: any [`CallError`] but `NotFound` of the app, which is an answer.
    pub async fn presence_grant(&self, tenant: Uuid) -> Result<Grant, CallError> {
        let app = match self.service_principal(tenant, self.client_id()).await {
            Err(CallError::NotFound) => return Ok(Grant::AppUnknown),
            outcome => outcome?,
        };
        let graph = match self.service_principal(tenant, GRAPH_APP).await {
            Err(CallError::NotFound) => return Err(self.unexpected(Defect::Malformed)),
            outcome => outcome?,
        };
        let path = format!("servicePrincipals/{app}/appRoleAssignments");
        let mut pages = self.list(GraphRequest { tenant, path: &path, query: &[], eventual: false });
        while let Some(items) = pages.next().await? {
            let is = |item: &Value, name: &str, id: Uuid| guid(&item[name]) == Some(id);
            if items.iter().any(|item| is(item, "resourceId", graph) && is(item, "appRoleId", PRESENCE_READ_ALL)) {
                return Ok(Grant::Granted);
            }
        }
        Ok(Grant::NotGranted)
    }

    async fn service_principal(&self, tenant: Uuid, app: Uuid) -> Result<Uuid, CallError> {
        let path = format!("servicePrincipals(appId='{app}')");
        let body = self.get(GraphRequest { tenant, path: &path, query: &[("$select", "id")], eventual: false }).await?;
        guid(&body["id"]).ok_or_else(|| self.unexpected(Defect::Malformed))
    }

    /// Whether an app is known in an Entra tenant: the consent of an administrator makes it known there.
    ///
    /// *Errors*: any [`CallError`] but `NotFound` of the app, which is an answer.
    pub async fn consent(&self, tenant: Uuid, app: Uuid) -> Result<Grant, CallError> {
        match self.service_principal(tenant, app).await {
            Err(CallError::NotFound) => Ok(Grant::AppUnknown),
            outcome => outcome.map(|_| Grant::Granted),
        }
    }

    /// The presence of a user.
    ///
    /// *Errors*: `NotFound` when there is no such user, `Forbidden` when users may not be looked up; any other [`CallError`].
    pub async fn presence(&self, tenant: Uuid, upn: &Upn) -> Result<PresenceReading, CallError> {
        let path = format!("users/{}", upn.segment());
        let user = self.get(GraphRequest { tenant, path: &path, query: &[("$select", "id")], eventual: false }).await?;
        let id = guid(&user["id"]).ok_or_else(|| self.unexpected(Defect::Malformed))?;
        let path = format!("users/{id}/presence");
        let body = match self.get(GraphRequest { tenant, path: &path, query: &[], eventual: false }).await {
            Err(CallError::Forbidden) => return Ok(PresenceReading::Refused),
            outcome => outcome?,
        };
        match (word(&body["availability"]), word(&body["activity"])) {
            (Some(availability), Some(activity)) => Ok(PresenceReading::Read(Presence { availability, activity })),
            _ => Err(self.unexpected(Defect::Malformed)),
        }
    }

    /// How many users a filter leaves. It is asked as an advanced query, as Nimbus asks it: many properties need that.
    ///
    /// *Errors*: `Rejected` when the filter is not one; any other [`CallError`].
    pub async fn hits(&self, tenant: Uuid, filter: &Filter) -> Result<u64, CallError> {
        let mut query = vec![("$count", "true"), ("$top", "1"), ("$select", "id")];
        if !filter.is_empty() {
            query.insert(0, ("$filter", filter.as_str()));
        }
        let body = self.get(GraphRequest { tenant, path: "users", query: &query, eventual: true }).await?;
        match (&body["value"], count(&body["@odata.count"])) {
            (Value::Array(_), Some(hits)) => Ok(hits),
            _ => Err(self.unexpected(Defect::Malformed)),
        }
    }
}

/// A count: a number, or a string of one, which OData allows for 64 bits.
fn count(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

fn guid(value: &Value) -> Option<Uuid> {
    value.as_str().and_then(|text| Uuid::try_parse(text).ok())
}

/// A word of an open set, which may be shown: letters only.
fn word(value: &Value) -> Option<String> {
    let fits = |text: &&str| (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphabetic());
    value.as_str().filter(fits).map(ToOwned::to_owned)
}
