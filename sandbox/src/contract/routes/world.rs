//! The routes of the world around the platform.
use super::{Holds, Operation, Parameter, Route, TENANT, query};
use crate::model::problem::Slug::{self, *};

const AS: Parameter =
    query("as", Holds::OneOf(&crate::model::roles::Role::NAMES), "role of the person; system by default");
const PERSON: Parameter =
    query("as", Holds::OneOf(&crate::world::provisioning::PEOPLE), "who removes; without it an administrator");
const PLANT: Parameter = query("plant", Holds::Flag, "keep members that the table does not know");
const LOG_AFTER: Parameter = query("after", Holds::Number { min: 0, max: i64::MAX }, "entries after this `seq`");

const NOTHING: &[(u16, Option<&str>)] = &[(204, None)];
const BODY: &[Slug] = &[UnsupportedMediaType, InvalidRequest];
const PLANTED: &[Slug] = &[TenantNotFound, UnsupportedMediaType, InvalidRequest];

/// In the order of the document.
pub(super) static ROUTES: &[Route] = &[
    Route::new("GET", "/healthz", Operation::ReadHealth, "Tell that the platform is up")
        .answers(&[(200, Some("Health"))]),
    Route::new("PATCH", "/sandbox/tenants/{id}/settings", Operation::EditSettings, "Edit settings in the UI as a role")
        .takes(&[AS, PLANT])
        .body("UiEdit")
        .answers(TENANT)
        .refuses(&[FieldNotPermitted, TenantNotFound, TenantDeleting, UnsupportedMediaType, InvalidSettings]),
    Route::new("POST", "/sandbox/tenants/{id}/script/run", Operation::RunScript, "Run the provisioning script")
        .answers(&[(200, Some("ScriptRun"))])
        .refuses(&[TenantNotFound]),
    Route::new("PUT", "/sandbox/auto-run", Operation::SetAutoRun, "Run the script after each change, at once")
        .body("AutoRun")
        .answers(&[(200, Some("AutoRun"))])
        .refuses(BODY),
    Route::new("PUT", "/sandbox/clients", Operation::PutClient, "Add a client or change members of one")
        .body("ClientChange")
        .answers(&[(200, Some("Client"))])
        .refuses(BODY),
    Route::new("POST", "/sandbox/faults", Operation::PlantFaults, "Plant faults")
        .body("FaultsToPlant")
        .answers(&[(201, Some("Faults"))])
        .refuses(BODY),
    Route::new("GET", "/sandbox/faults", Operation::ReadFaults, "List the planted faults and how often they struck")
        .answers(&[(200, Some("Faults"))]),
    Route::new("DELETE", "/sandbox/faults", Operation::ClearFaults, "Remove all faults").answers(NOTHING),
    Route::new("GET", "/sandbox/log", Operation::ReadLog, "Read what reached the admin API, in order")
        .takes(&[LOG_AFTER])
        .answers(&[(200, Some("Log"))]),
    Route::new("GET", "/sandbox/clock", Operation::ReadClock, "Read the virtual clock")
        .answers(&[(200, Some("Clock"))]),
    Route::new("POST", "/sandbox/clock", Operation::AdvanceClock, "Move the virtual clock forward")
        .body("ClockAdvance")
        .answers(&[(200, Some("Clock"))])
        .refuses(BODY),
    Route::new("PUT", "/sandbox/tenants/{id}/stamp", Operation::StampTenant, "Plant stamps of somebody else")
        .body("Stamp")
        .answers(TENANT)
        .refuses(PLANTED),
    Route::new("DELETE", "/sandbox/tenants/{id}", Operation::LoseTenant, "Lose a tenant without a tombstone")
        .answers(NOTHING)
        .refuses(&[TenantNotFound]),
    Route::new(
        "PUT",
        "/sandbox/tenants/{id}/normaliser",
        Operation::PutNormaliser,
        "Accept a value and ignore or rewrite it",
    )
    .body("Normaliser")
    .answers(&[(200, Some("Normaliser"))])
    .refuses(PLANTED),
    Route::new(
        "PUT",
        "/sandbox/tenants/{id}/modalities",
        Operation::PutModalities,
        "Choose the modalities of a tenant",
    )
    .body("Modalities")
    .answers(TENANT)
    .refuses(PLANTED),
    Route::new("PUT", "/sandbox/tenants/{id}/caps", Operation::PutCaps, "Cap limits as the vendor does")
        .body("Caps")
        .answers(TENANT)
        .refuses(PLANTED),
    Route::new(
        "PUT",
        "/sandbox/tenants/{id}/services/{service}",
        Operation::PutService,
        "Provision or change a service",
    )
    .body("Service")
    .answers(NOTHING)
    .refuses(&[TenantNotFound, TenantDeleting, UnsupportedMediaType, InvalidRequest]),
    Route::new(
        "DELETE",
        "/sandbox/tenants/{id}/services/{service}",
        Operation::RemoveService,
        "Take a service out of service",
    )
    .takes(&[PERSON])
    .answers(NOTHING)
    .refuses(&[TenantNotFound]),
    Route::new("PUT", "/sandbox/tenants/{id}/users/{user}", Operation::PutUser, "Set the licences of a user")
        .body("User")
        .answers(NOTHING)
        .refuses(PLANTED),
    Route::new(
        "PUT",
        "/sandbox/tenants/{id}/invitations",
        Operation::PutInvitations,
        "Accept the invitations of the guest accounts",
    )
    .body("Invitations")
    .answers(NOTHING)
    .refuses(PLANTED),
    Route::new("GET", "/sandbox/tenants/{id}/messages", Operation::ReadMessages, "List the test messages that arrived")
        .answers(&[(200, Some("Messages"))]),
];
