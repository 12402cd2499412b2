//! The routes of the world around the platform.
use crate::contract::route::{Holds, Operation, Parameter, Route, TENANT, World, query};
use crate::model::problem::Slug::{self, *};

const AS: Parameter =
    query("as", Holds::OneOf(&crate::model::roles::Role::NAMES), "Role of the person; system by default");
const PERSON: Parameter =
    query("as", Holds::OneOf(&crate::world::provisioning::PEOPLE), "Role of the person; an administrator by default");
const PLANT: Parameter = query("plant", Holds::Flag, "Keep unknown members");
const LOG_AFTER: Parameter = query("after", Holds::Number { min: 0, max: i64::MAX }, "Entries after this `seq`");

const NOTHING: &[(u16, Option<&str>)] = &[(204, None)];
const BODY: &[Slug] = &[UnsupportedMediaType, InvalidRequest];
const PLANTED: &[Slug] = &[TenantNotFound, UnsupportedMediaType, InvalidRequest];

const fn route(method: &'static str, template: &'static str, operation: World, about: &'static str) -> Route {
    Route::new(method, template, Operation::World(operation), about)
}

/// In the order of the document.
pub(super) static ROUTES: &[Route] = &[
    route("GET", "/healthz", World::ReadHealth, "Check that the platform is up").answers(&[(200, Some("Health"))]),
    route("GET", "/openapi.json", World::ReadDocument, "Read this document").answers(&[(200, Some("Document"))]),
    route("PATCH", "/sandbox/tenants/{id}/settings", World::EditSettings, "Edit settings in the UI as a role")
        .takes(&[AS, PLANT])
        .body("UiEdit")
        .answers(TENANT)
        .refuses(&[FieldNotPermitted, TenantNotFound, TenantDeleting, UnsupportedMediaType, InvalidSettings]),
    route("POST", "/sandbox/tenants/{id}/script/run", World::RunScript, "Run the provisioning script")
        .body("Nothing")
        .answers(&[(200, Some("ScriptRun"))])
        .refuses(&[TenantNotFound, UnsupportedMediaType, InvalidRequest]),
    route("PUT", "/sandbox/auto-run", World::SetAutoRun, "Turn automatic runs of the script on or off")
        .body("AutoRun")
        .answers(&[(200, Some("AutoRun"))])
        .refuses(BODY),
    route("PUT", "/sandbox/clients", World::PutClient, "Add or change a client")
        .body("ClientChange")
        .answers(&[(200, Some("Client"))])
        .refuses(BODY),
    route("POST", "/sandbox/faults", World::PlantFaults, "Plant faults")
        .body("FaultsToPlant")
        .answers(&[(201, Some("Faults"))])
        .refuses(BODY),
    route("GET", "/sandbox/faults", World::ReadFaults, "List the planted faults and how often they were applied")
        .answers(&[(200, Some("Faults"))]),
    route("DELETE", "/sandbox/faults", World::ClearFaults, "Remove all faults").answers(NOTHING),
    route("GET", "/sandbox/log", World::ReadLog, "Read the log of the admin API")
        .takes(&[LOG_AFTER])
        .answers(&[(200, Some("Log"))]),
    route("GET", "/sandbox/clock", World::ReadClock, "Read the virtual clock").answers(&[(200, Some("Clock"))]),
    route("POST", "/sandbox/clock", World::AdvanceClock, "Move the virtual clock forward")
        .body("ClockAdvance")
        .answers(&[(200, Some("Clock"))])
        .refuses(BODY),
    route("PUT", "/sandbox/tenants/{id}/stamp", World::StampTenant, "Set the stamps of another owner")
        .body("Stamp")
        .answers(TENANT)
        .refuses(PLANTED),
    route("DELETE", "/sandbox/tenants/{id}", World::LoseTenant, "Lose a tenant without a tombstone")
        .answers(NOTHING)
        .refuses(&[TenantNotFound]),
    route("PUT", "/sandbox/tenants/{id}/normaliser", World::PutNormaliser, "Ignore or change a value that is accepted")
        .body("Normaliser")
        .answers(&[(200, Some("Normaliser"))])
        .refuses(PLANTED),
    route("PUT", "/sandbox/tenants/{id}/modalities", World::PutModalities, "Set the available modalities of a tenant")
        .body("Modalities")
        .answers(TENANT)
        .refuses(PLANTED),
    route("PUT", "/sandbox/tenants/{id}/caps", World::PutCaps, "Set limits of the vendor")
        .body("Caps")
        .answers(TENANT)
        .refuses(PLANTED),
    route("PUT", "/sandbox/tenants/{id}/services/{service}", World::PutService, "Create or change a service")
        .body("Service")
        .answers(NOTHING)
        .refuses(&[TenantNotFound, TenantDeleting, UnsupportedMediaType, InvalidRequest]),
    route("DELETE", "/sandbox/tenants/{id}/services/{service}", World::RemoveService, "Take a service out of service")
        .takes(&[PERSON])
        .answers(NOTHING)
        .refuses(&[TenantNotFound]),
    route("PUT", "/sandbox/tenants/{id}/users/{user}", World::PutUser, "Create or change a user and set its licenses")
        .body("User")
        .answers(NOTHING)
        .refuses(PLANTED),
    route(
        "PUT",
        "/sandbox/tenants/{id}/invitations",
        World::PutInvitations,
        "Set the state of the invitations of the guest accounts",
    )
    .body("Invitations")
    .answers(NOTHING)
    .refuses(PLANTED),
    route("GET", "/sandbox/tenants/{id}/messages", World::ReadMessages, "List the test messages that arrived")
        .answers(&[(200, Some("Messages"))]),
];
