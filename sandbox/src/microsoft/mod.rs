//! Microsoft's side: Entra's token endpoint, a part of Graph, and ACS Identity, in their wire formats and with their checks.
//!
//! They are served under `/login`, `/graph` and `/acs`; a request whose `Host` is one of Microsoft's is taken to the same
//! places by `hosts`, so that Microsoft's own packages can talk to this platform. What they know is planted under
//! `/sandbox/microsoft`. The journal holds every call and never a secret.
//!
//! Tokens and replication follow the virtual clock. What a client states about its own clock (the date of a signed
//! request, the times of an assertion) is judged on the real one, which is the only clock that a client can read.
use crate::contract::routes::Microsoft;
use crate::http::call::{Call, Reply};
use crate::model::problem::Failure;
use crate::model::store::Work;
use crate::server::serve::Platform;

mod acs;
mod acs_resources;
mod answers;
mod apps;
mod assertion;
mod directory;
pub(crate) mod filter;
mod graph;
mod groups;
pub(crate) mod hosts;
mod invitations;
pub(crate) mod journal;
mod login;
pub(crate) mod permissions;
mod principals;
pub(crate) mod schema;
mod signature;
pub(crate) mod throttle;
mod users;

pub(crate) use answers::Foreign;
pub(crate) use apps::{has_permission, script_grants};
pub(crate) use directory::{MEMBER_TYPES, users};
pub(crate) use permissions::{NIMBUS_APP, PERMISSIONS};

/// Carries out what a route of Microsoft's, or one that plants something there, is for.
pub(crate) async fn dispatch(
    platform: &Platform,
    work: &mut Work,
    call: &Call,
    operation: Microsoft,
) -> Result<Reply, Failure> {
    let throttle = &platform.throttle;
    match operation {
        Microsoft::IssueEntraToken => login::issue_token(work, call).await,
        Microsoft::ReadOpenIdConfiguration => login::openid_configuration(work, call).await,
        Microsoft::DiscoverInstance => Ok(login::discover_instance()),
        Microsoft::ReadGroup => groups::read(work, call, throttle).await,
        Microsoft::ListMembers => groups::members(work, call, throttle).await,
        Microsoft::ListTransitiveMembers => groups::transitive_members(work, call, throttle).await,
        Microsoft::ReadServicePrincipalOfApp => principals::of_app(work, call, throttle).await,
        Microsoft::ReadServicePrincipal => principals::read(work, call, throttle).await,
        Microsoft::ListAppRoleAssignments => principals::assignments(work, call, throttle).await,
        Microsoft::ReadGraphUser => users::read(work, call, throttle).await,
        Microsoft::ListGraphUsers => users::list(work, call, throttle).await,
        Microsoft::ReadPresence | Microsoft::ReadCommunicationsPresence => users::presence(work, call, throttle).await,
        Microsoft::InviteGuest => invitations::invite(work, call, throttle).await,
        Microsoft::CreateIdentity => acs::create(work, call).await,
        Microsoft::DeleteIdentity => acs::delete(work, call).await,
        Microsoft::IssueAccessToken => acs::issue(work, call).await,
        Microsoft::RevokeAccessTokens => acs::revoke(work, call).await,
        Microsoft::PutEntraApp => apps::put_app(work, call).await,
        Microsoft::PutEntraTenant => apps::put_tenant(work, call).await,
        Microsoft::PutGrants => apps::put_grants(work, call).await,
        Microsoft::RemovePrincipal => apps::remove_principal(work, call).await,
        Microsoft::PutGroup => directory::put_group(work, call).await,
        Microsoft::RemoveGroup => directory::remove_group(work, call).await,
        Microsoft::PutGraphUser => directory::put_user(work, call).await,
        Microsoft::RemoveGraphUser => directory::remove_user(work, call).await,
        Microsoft::PutAcsResource => acs_resources::put(work, call).await,
        Microsoft::ReadAcsResource => acs_resources::read(work, call).await,
        Microsoft::ReadMicrosoftLog => journal::read(work, call).await,
    }
}
