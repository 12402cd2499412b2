//! The routes that plant data of Microsoft's services.
use crate::contract::route::{Holds, Microsoft, Operation, Parameter, Route, query};
use crate::model::problem::Slug::{self, *};

const NOTHING: &[(u16, Option<&str>)] = &[(204, None)];
const PLANTS: &[Slug] = &[UnsupportedMediaType, InvalidRequest];
const AFTER: Parameter = query("after", Holds::Number { min: 0, max: i64::MAX }, "Entries after this `seq`");

const fn route(method: &'static str, template: &'static str, operation: Microsoft, about: &'static str) -> Route {
    Route::new(method, template, Operation::Microsoft(operation), about)
}

/// In the order of the document.
pub(super) static ROUTES: &[Route] = &[
    route("PUT", "/sandbox/microsoft/apps/{app}", Microsoft::PutEntraApp, "Plant an app and its credentials")
        .body("EntraApp")
        .answers(NOTHING)
        .refuses(PLANTS),
    route(
        "PUT",
        "/sandbox/microsoft/tenants/{tenant}",
        Microsoft::PutEntraTenant,
        "Plant domains, replication lag and budgets of an Entra tenant",
    )
    .body("EntraTenant")
    .answers(NOTHING)
    .refuses(PLANTS),
    route(
        "PUT",
        "/sandbox/microsoft/tenants/{tenant}/grants",
        Microsoft::PutGrants,
        "Grant an app exactly these permissions",
    )
    .body("Grants")
    .answers(NOTHING)
    .refuses(PLANTS),
    route(
        "DELETE",
        "/sandbox/microsoft/tenants/{tenant}/apps/{app}",
        Microsoft::RemovePrincipal,
        "Remove an app from a tenant",
    )
    .answers(NOTHING)
    .refuses(&[InvalidRequest]),
    route("PUT", "/sandbox/microsoft/tenants/{tenant}/groups/{group}", Microsoft::PutGroup, "Plant a group")
        .body("GroupToPlant")
        .answers(NOTHING)
        .refuses(PLANTS),
    route("DELETE", "/sandbox/microsoft/tenants/{tenant}/groups/{group}", Microsoft::RemoveGroup, "Remove a group")
        .answers(NOTHING)
        .refuses(&[InvalidRequest]),
    route(
        "PUT",
        "/sandbox/microsoft/tenants/{tenant}/users/{user}",
        Microsoft::PutGraphUser,
        "Plant a user and its presence",
    )
    .body("GraphUserToPlant")
    .answers(NOTHING)
    .refuses(PLANTS),
    route("DELETE", "/sandbox/microsoft/tenants/{tenant}/users/{user}", Microsoft::RemoveGraphUser, "Remove a user")
        .answers(NOTHING)
        .refuses(&[InvalidRequest]),
    route(
        "PUT",
        "/sandbox/microsoft/acs/{resource}",
        Microsoft::PutAcsResource,
        "Plant a resource of Azure Communication Services with its access keys",
    )
    .body("AcsResource")
    .answers(NOTHING)
    .refuses(PLANTS),
    route(
        "GET",
        "/sandbox/microsoft/acs/{resource}",
        Microsoft::ReadAcsResource,
        "Read what a resource did, without its keys",
    )
    .answers(&[(200, Some("AcsCounts"))])
    .refuses(&[InvalidRequest]),
    route("GET", "/sandbox/microsoft/log", Microsoft::ReadMicrosoftLog, "Read the log of Microsoft's routes")
        .takes(&[AFTER])
        .answers(&[(200, Some("MicrosoftLog"))]),
];
