//! The routes that show the effect of settings.
use crate::contract::route::{Behaviour, Holds, Operation, Parameter, Route, query};
use crate::model::problem::Slug::{self, *};
use crate::model::roles;
use crate::world::records;

const NOTHING: &[(u16, Option<&str>)] = &[(204, None)];
const READS: &[Slug] = &[TenantNotFound];
const WRITES: &[Slug] = &[TenantNotFound, UnsupportedMediaType, InvalidRequest];
const MAKES: &[Slug] = &[TenantNotFound, TenantDeleting, UnsupportedMediaType, InvalidRequest];

const READER: Parameter =
    query("as", Holds::OneOf(&records::READERS), "Reporting role; only the first one can read user states");
const VIEWER: Parameter = query("as", Holds::OneOf(&roles::Role::NAMES), "Role of the viewer; tenant by default");
const ASKER: Parameter = Parameter { required: true, ..query("as", Holds::Text, "Id of the user who searches") };
const WORDS: Parameter = query("text", Holds::Text, "Beginning of a name or an address");

const fn route(method: &'static str, template: &'static str, behaviour: Behaviour, about: &'static str) -> Route {
    Route::new(method, template, Operation::Behaviour(behaviour), about)
}

/// Units, provisioning, records, tasks, calls, Interact, view, licenses, search.
pub(super) static ROUTES: &[Route] = &[
    route(
        "GET",
        "/sandbox/tenants/{id}/organization-units",
        Behaviour::ListUnits,
        "List the organization units, including the root and the unit of Microsoft Teams-based teams",
    )
    .answers(&[(200, Some("OrganizationUnits"))])
    .refuses(READS),
    route("POST", "/sandbox/tenants/{id}/organization-units", Behaviour::CreateUnit, "Create an organization unit")
        .body("OrganizationUnitCreation")
        .answers(&[(201, Some("OrganizationUnit"))])
        .refuses(&[TenantDeleting, UnsupportedMediaType, InvalidRequest]),
    route(
        "DELETE",
        "/sandbox/tenants/{id}/organization-units/{unit}",
        Behaviour::DeleteUnit,
        "Delete an organization unit; its content, and a default that refers to it, moves one level up",
    )
    .answers(NOTHING)
    .refuses(&[TenantNotFound, InvalidRequest]),
    route(
        "POST",
        "/sandbox/tenants/{id}/services",
        Behaviour::ProvisionService,
        "Provision a service as a role, from Microsoft Teams or the portal",
    )
    .body("Provisioning")
    .answers(&[(200, Some("ProvisioningOutcome"))])
    .refuses(MAKES),
    route("GET", "/sandbox/tenants/{id}/services", Behaviour::ListServices, "List the services")
        .answers(&[(200, Some("Services"))])
        .refuses(READS),
    route(
        "PUT",
        "/sandbox/tenants/{id}/services/{service}/tab",
        Behaviour::SetTab,
        "Remove the tab in Microsoft Teams, or add it again",
    )
    .body("Tab")
    .answers(NOTHING)
    .refuses(WRITES),
    route("GET", "/sandbox/tenants/{id}/users", Behaviour::ListUsers, "List the users")
        .answers(&[(200, Some("Users"))])
        .refuses(READS),
    route("PUT", "/sandbox/tenants/{id}/users/{user}/state", Behaviour::SetUserState, "Change the state of a user")
        .body("UserState")
        .answers(NOTHING)
        .refuses(WRITES),
    route(
        "GET",
        "/sandbox/tenants/{id}/records",
        Behaviour::ListRecords,
        "Read recorded user states as reports show them",
    )
    .takes(&[READER])
    .answers(&[(200, Some("Records"))])
    .refuses(READS),
    route("POST", "/sandbox/tenants/{id}/tasks", Behaviour::CreateTask, "Create a task")
        .body("Task")
        .answers(&[(200, Some("TaskOutcome"))])
        .refuses(WRITES),
    route("GET", "/sandbox/tenants/{id}/tasks", Behaviour::ListTasks, "List running and waiting tasks")
        .answers(&[(200, Some("Tasks"))])
        .refuses(READS),
    route("DELETE", "/sandbox/tenants/{id}/tasks/{task}", Behaviour::FinishTask, "Finish a task")
        .answers(NOTHING)
        .refuses(READS),
    route("POST", "/sandbox/tenants/{id}/calls", Behaviour::CallService, "Call a service as a customer")
        .body("CustomerCall")
        .answers(&[(200, Some("CallOutcome"))])
        .refuses(WRITES),
    route("POST", "/sandbox/tenants/{id}/log-ins", Behaviour::LogIn, "Log in as a user")
        .body("LogIn")
        .answers(&[(200, Some("LogInOutcome"))])
        .refuses(WRITES),
    route("PUT", "/sandbox/interact/tokens", Behaviour::PlantInteractToken, "Plant a token for a customer")
        .body("InteractToken")
        .answers(NOTHING)
        .refuses(&[UnsupportedMediaType, InvalidRequest]),
    route(
        "POST",
        "/sandbox/tenants/{id}/interact/sessions",
        Behaviour::ConnectSession,
        "Connect a customer, or rejoin a session",
    )
    .body("InteractConnection")
    .answers(&[(200, Some("InteractOutcome"))])
    .refuses(WRITES),
    route("GET", "/sandbox/tenants/{id}/interact/sessions", Behaviour::ListSessions, "List the sessions")
        .answers(&[(200, Some("InteractSessions"))])
        .refuses(READS),
    route(
        "POST",
        "/sandbox/tenants/{id}/interact/sessions/{session}/events",
        Behaviour::LeaveSession,
        "Leave a session as the customer or the agent",
    )
    .body("InteractEvent")
    .answers(&[(200, Some("InteractSession"))])
    .refuses(WRITES),
    route("GET", "/sandbox/tenants/{id}/view", Behaviour::ViewTenant, "Read users and calls as the portal shows them")
        .takes(&[VIEWER])
        .answers(&[(200, Some("View"))])
        .refuses(READS),
    route("GET", "/sandbox/tenants/{id}/licences", Behaviour::ListLicenses, "Compare used licenses with bought ones")
        .answers(&[(200, Some("Licenses"))])
        .refuses(READS),
    route("GET", "/sandbox/tenants/{id}/search", Behaviour::Search, "Search contacts in Attendant Console")
        .takes(&[ASKER, WORDS])
        .answers(&[(200, Some("SearchResult"))])
        .refuses(READS),
];
