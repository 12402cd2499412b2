//! The routes of Microsoft: Entra, Graph, ACS Identity.
use crate::contract::route::{Holds, In, Microsoft, Operation, Parameter, Route, query};
use crate::model::problem::Slug;

const SELECT: Parameter = query("$select", Holds::Text, "Comma-separated properties");
const TOP: Parameter = query("$top", Holds::Text, "Items on a page, from 1 to 999");
const COUNT: Parameter = query("$count", Holds::Text, "`true`, with the header: adds `@odata.count`");
const FILTER: Parameter = query("$filter", Holds::Text, "OData expression");
const SKIP_TOKEN: Parameter = query("$skiptoken", Holds::Text, "From `@odata.nextLink`");
const VERSION: Parameter = query("api-version", Holds::Text, "API version, such as 2023-10-01");
const CONSISTENCY: Parameter = Parameter {
    name: "ConsistencyLevel",
    place: In::Header,
    required: false,
    holds: Holds::Text,
    about: "`eventual`, with `$count=true`: advanced query capabilities",
};
const CONSENTED: Parameter = Parameter { required: true, ..query("client_id", Holds::Text, "The app") };
const PAGE: &[Parameter] = &[SELECT, TOP, COUNT, SKIP_TOKEN, CONSISTENCY];

macro_rules! answers {
    ($refusal:literal, $($answer:expr),+ ; $($status:literal),+) => {
        &[$($answer,)+ $(($status, Some($refusal))),+]
    };
}

const CONSENT: &[(u16, Option<&str>)] = answers!("EntraError", (200, Some(crate::contract::route::PAGE)); 400);
const OBJECT: &[(u16, Option<&str>)] = answers!("GraphError", (200, Some("GraphObject")); 400, 401, 403, 404, 429);
const LIST: &[(u16, Option<&str>)] = answers!("GraphError", (200, Some("GraphPage")); 400, 401, 403, 404, 429);
const PRESENCE: &[(u16, Option<&str>)] = answers!("GraphError", (200, Some("GraphPresence")); 400, 401, 403, 404, 429);

const fn route(method: &'static str, template: &'static str, operation: Microsoft, about: &'static str) -> Route {
    Route::new(method, template, Operation::Microsoft(operation), about)
}

/// In the order of the document.
pub(super) static ROUTES: &[Route] = &[
    route(
        "POST",
        "/login/{tenant}/oauth2/v2.0/token",
        Microsoft::IssueEntraToken,
        "Issue a token for an app (client credentials, with a secret or an assertion)",
    )
    .body("EntraTokenRequest")
    .answers(answers!("EntraError", (200, Some("EntraToken")); 400, 401)),
    route(
        "GET",
        "/login/{tenant}/v2.0/.well-known/openid-configuration",
        Microsoft::ReadOpenIdConfiguration,
        "Read which tenant an id or a domain belongs to",
    )
    .answers(answers!("EntraError", (200, Some("OpenIdConfiguration")); 400)),
    route(
        "GET",
        "/login/{tenant}/v2.0/adminconsent",
        Microsoft::AskForConsent,
        "Show what an app asks an administrator for",
    )
    .takes(&[CONSENTED])
    .answers(CONSENT),
    route("GET", "/login/{tenant}/adminconsent", Microsoft::AskForOlderConsent, "The same without a scope")
        .takes(&[CONSENTED])
        .answers(CONSENT),
    route("POST", "/login/{tenant}/v2.0/adminconsent", Microsoft::GrantConsent, "Grant it, from the page itself")
        .takes(&[CONSENTED])
        .answers(CONSENT)
        .refuses(&[Slug::NotPermitted]),
    route("POST", "/login/{tenant}/adminconsent", Microsoft::GrantOlderConsent, "The same without a scope")
        .takes(&[CONSENTED])
        .answers(CONSENT)
        .refuses(&[Slug::NotPermitted]),
    route("GET", "/login/common/discovery/instance", Microsoft::DiscoverInstance, "List the hosts of this cloud")
        .answers(&[(200, Some("InstanceDiscovery"))]),
    route("GET", "/graph/v1.0/groups/{group}", Microsoft::ReadGroup, "Read a group").takes(&[SELECT]).answers(OBJECT),
    route("GET", "/graph/v1.0/groups/{group}/members", Microsoft::ListMembers, "List the direct members of a group")
        .takes(PAGE)
        .answers(LIST),
    route(
        "GET",
        "/graph/v1.0/groups/{group}/transitiveMembers",
        Microsoft::ListTransitiveMembers,
        "List the members of a group and of the groups in it",
    )
    .takes(PAGE)
    .answers(LIST),
    route(
        "GET",
        "/graph/v1.0/servicePrincipals(appId='{appId}')",
        Microsoft::ReadServicePrincipalOfApp,
        "Read the service principal of an app",
    )
    .takes(&[SELECT])
    .answers(OBJECT),
    route(
        "GET",
        "/graph/v1.0/servicePrincipals/{principal}",
        Microsoft::ReadServicePrincipal,
        "Read a service principal",
    )
    .takes(&[SELECT])
    .answers(OBJECT),
    route(
        "GET",
        "/graph/v1.0/servicePrincipals/{principal}/appRoleAssignments",
        Microsoft::ListAppRoleAssignments,
        "List the permissions of an app",
    )
    .takes(PAGE)
    .answers(LIST),
    route("GET", "/graph/v1.0/users", Microsoft::ListGraphUsers, "List users")
        .takes(&[SELECT, TOP, COUNT, SKIP_TOKEN, FILTER, CONSISTENCY])
        .answers(LIST),
    route("GET", "/graph/v1.0/users/{user}", Microsoft::ReadGraphUser, "Read a user by id or sign-in name")
        .takes(&[SELECT])
        .answers(OBJECT),
    route("GET", "/graph/v1.0/users/{user}/presence", Microsoft::ReadPresence, "Read the presence of a user")
        .answers(PRESENCE),
    route(
        "GET",
        "/graph/v1.0/communications/presences/{user}",
        Microsoft::ReadCommunicationsPresence,
        "Read the presence of a user",
    )
    .answers(PRESENCE),
    route("POST", "/graph/v1.0/invitations", Microsoft::InviteGuest, "Invite a guest")
        .body("GraphInvitation")
        .answers(answers!("GraphError", (201, Some("GraphObject")); 400, 401, 403, 429)),
    route(
        "POST",
        "/acs/{resource}/identities",
        Microsoft::CreateIdentity,
        "Create an identity, optionally with a token",
    )
    .takes(&[VERSION])
    .body("AcsIdentityRequest")
    .answers(answers!("AcsError", (201, Some("AcsIdentity")); 400, 401)),
    route("DELETE", "/acs/{resource}/identities/{identity}", Microsoft::DeleteIdentity, "Delete an identity")
        .takes(&[VERSION])
        .answers(answers!("AcsError", (204, None); 400, 401, 404)),
    route(
        "POST",
        "/acs/{resource}/identities/{identity}/:issueAccessToken",
        Microsoft::IssueAccessToken,
        "Issue a token for an identity",
    )
    .takes(&[VERSION])
    .body("AcsTokenRequest")
    .answers(answers!("AcsError", (200, Some("AcsToken")); 400, 401, 404)),
    route(
        "POST",
        "/acs/{resource}/identities/{identity}/:revokeAccessTokens",
        Microsoft::RevokeAccessTokens,
        "Revoke the tokens of an identity",
    )
    .takes(&[VERSION])
    .answers(answers!("AcsError", (204, None); 400, 401, 404)),
];
