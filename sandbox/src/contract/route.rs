//! A route: its operation, its parameters and its answers.
use crate::http::paths::{is_logged, is_microsoft};
use crate::model::problem::Slug;

/// The operation of a route; each is one function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Api(Api),
    World(World),
    Behaviour(Behaviour),
    Microsoft(Microsoft),
}

/// The admin API and its token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    IssueToken,
    ListTenants,
    ListChanges,
    ReadCapabilities,
    ReadTenant,
    CreateTenant,
    PatchTenant,
    DeleteTenant,
    ClaimTenant,
    ReleaseTenant,
    ReadWidgetKey,
    RotateWidgetKey,
    SendTestMessage,
}

/// The platform itself: health, clock, log, faults, and changes to tenants from the UI and the vendor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum World {
    ReadHealth,
    ReadDocument,
    EditSettings,
    RunScript,
    SetAutoRun,
    PutClient,
    PlantFaults,
    ReadFaults,
    ClearFaults,
    ReadLog,
    ReadClock,
    AdvanceClock,
    StampTenant,
    LoseTenant,
    PutNormaliser,
    PutModalities,
    PutCaps,
    PutService,
    RemoveService,
    PutUser,
    PutInvitations,
    ReadMessages,
}

/// What shows the effect of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Behaviour {
    ListUnits,
    CreateUnit,
    DeleteUnit,
    ProvisionService,
    ListServices,
    SetTab,
    ListUsers,
    SetUserState,
    ListRecords,
    CreateTask,
    ListTasks,
    FinishTask,
    CallService,
    LogIn,
    PlantInteractToken,
    ConnectSession,
    ListSessions,
    LeaveSession,
    ViewTenant,
    ListLicenses,
    Search,
}

/// Microsoft's routes, and the routes that plant their data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Microsoft {
    IssueEntraToken,
    ReadOpenIdConfiguration,
    DiscoverInstance,
    AskForConsent,
    AskForOlderConsent,
    GrantConsent,
    GrantOlderConsent,
    ReadGroup,
    ListMembers,
    ListTransitiveMembers,
    ReadServicePrincipalOfApp,
    ReadServicePrincipal,
    ListAppRoleAssignments,
    ReadGraphUser,
    ListGraphUsers,
    ReadPresence,
    ReadCommunicationsPresence,
    InviteGuest,
    CreateIdentity,
    DeleteIdentity,
    IssueAccessToken,
    RevokeAccessTokens,
    PutEntraApp,
    PutEntraTenant,
    PutGrants,
    RemovePrincipal,
    PutGroup,
    RemoveGroup,
    PutGraphUser,
    RemoveGraphUser,
    PutAcsResource,
    ReadAcsResource,
    ReadMicrosoftLog,
}

impl Operation {
    /// Returns the name of the operation.
    pub(crate) fn name(self) -> String {
        let name = match self {
            Self::Api(operation) => format!("{operation:?}"),
            Self::World(operation) => format!("{operation:?}"),
            Self::Behaviour(operation) => format!("{operation:?}"),
            Self::Microsoft(operation) => format!("{operation:?}"),
        };
        let (first, rest) = name.split_at(1);
        first.to_lowercase() + rest
    }
}

/// The place of a parameter; path parameters are in the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum In {
    Query,
    Header,
}

/// The values of a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    Text,
    Flag,
    Number {
        min: i64,
        max: i64,
    },
    OneOf(&'static [&'static str]),
    /// Text that matches a pattern.
    Pattern(&'static str),
}

/// A query parameter or a header.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    pub name: &'static str,
    pub place: In,
    pub required: bool,
    pub holds: Holds,
    pub about: &'static str,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub method: &'static str,
    pub template: &'static str,
    pub operation: Operation,
    pub about: &'static str,
    pub parameters: &'static [Parameter],
    /// The schema of the body.
    pub request: Option<&'static str>,
    /// Successful answers, with the schema of the body.
    pub answers: &'static [(u16, Option<&'static str>)],
    /// Refusals in addition to the ones that every route has.
    pub refuses: &'static [Slug],
}

impl Route {
    pub(super) const fn new(
        method: &'static str,
        template: &'static str,
        operation: Operation,
        about: &'static str,
    ) -> Self {
        Self { method, template, operation, about, parameters: &[], request: None, answers: &[], refuses: &[] }
    }

    pub(super) const fn takes(self, parameters: &'static [Parameter]) -> Self {
        Self { parameters, ..self }
    }

    pub(super) const fn body(self, schema: &'static str) -> Self {
        Self { request: Some(schema), ..self }
    }

    pub(super) const fn answers(self, answers: &'static [(u16, Option<&'static str>)]) -> Self {
        Self { answers, ..self }
    }

    pub(super) const fn refuses(self, refuses: &'static [Slug]) -> Self {
        Self { refuses, ..self }
    }

    /// Returns the template for the router, which allows no suffix after a parameter.
    pub(crate) fn path(&self) -> &'static str {
        let suffix = self.suffix().map_or("", |(_, suffix)| suffix);
        self.template.strip_suffix(suffix).unwrap_or(self.template)
    }

    /// Returns the last parameter and its suffix in the template, if it has one.
    pub(crate) fn suffix(&self) -> Option<(&'static str, &'static str)> {
        let (before, suffix) = self.template.rsplit_once('}')?;
        let (_, name) = before.rsplit_once('{')?;
        (!suffix.is_empty() && !suffix.contains('/')).then_some((name, suffix))
    }

    /// True for a route of Microsoft, which answers in Microsoft's format.
    pub(crate) fn is_microsoft(&self) -> bool {
        is_microsoft(self.template)
    }

    /// True for a route of the admin API, its token endpoint, or Microsoft's: they are logged, and faults apply to them.
    pub(crate) fn is_logged(&self) -> bool {
        is_logged(self.template)
    }

    /// True for a route that needs a token.
    pub(crate) fn is_admin(&self) -> bool {
        self.template.starts_with("/v1/")
    }
}

pub(super) const fn query(name: &'static str, holds: Holds, about: &'static str) -> Parameter {
    Parameter { name, place: In::Query, required: false, holds, about }
}

/// The schema of an answer that is a page for people.
pub(crate) const PAGE: &str = "Page";

pub(crate) const TENANT: &[(u16, Option<&str>)] = &[(200, Some("Tenant"))];
