//! From a route to the function that does it.

use serde_json::json;

use super::platform::{Arrival, Platform};
use crate::api::{auth, lists, owners, tenants, triggers};
use crate::contract::document::document;
use crate::contract::route::{Api, Behaviour, Microsoft, Operation, World};
use crate::contract::routes::routes;
use crate::http::call::Call;
use crate::http::host::is_loopback_host;
use crate::http::log;
use crate::http::reply::Reply;
use crate::microsoft::users as graph_users;
use crate::microsoft::{acs, acs_resources, apps, consent, directory, groups, invitations, journal, login, principals};
use crate::model::problem::{Failure, Slug};
use crate::model::store::Work;
use crate::world::{
    calls, clients, clock, guests, interact, licenses, organization, provisioning, records, script, search, services,
    tasks, tenant, users, view,
};

/// Runs the operation of the route of a request.
pub(super) async fn dispatch(platform: &Platform, work: &mut Work, arrival: &Arrival) -> Result<Reply, Failure> {
    let (route, call) = (arrival.route?, &arrival.call);
    if route.template.starts_with("/sandbox/") {
        guard_world(call)?;
    }
    match route.operation {
        Operation::Api(operation) => api(work, call, operation).await,
        Operation::World(operation) => world(platform, work, call, operation).await,
        Operation::Behaviour(operation) => behaviour(work, call, operation).await,
        Operation::Microsoft(operation) => microsoft(platform, work, call, operation).await,
    }
}

async fn api(work: &mut Work, call: &Call, operation: Api) -> Result<Reply, Failure> {
    match operation {
        Api::IssueToken => auth::issue_token(work, call).await,
        Api::ListTenants => lists::tenants(work, call).await,
        Api::ListChanges => lists::changes(work, call).await,
        Api::ReadCapabilities => tenants::capabilities(work, call).await,
        Api::ReadTenant => tenants::read(work, call).await,
        Api::CreateTenant => tenants::create(work, call).await,
        Api::PatchTenant => tenants::patch(work, call).await,
        Api::DeleteTenant => tenants::delete(work, call).await,
        Api::ClaimTenant => owners::claim(work, call).await,
        Api::ReleaseTenant => owners::release(work, call).await,
        Api::ReadWidgetKey => triggers::widget_key(work, call).await,
        Api::RotateWidgetKey => triggers::rotate(work, call).await,
        Api::SendTestMessage => triggers::send_test_message(work, call).await,
    }
}

async fn world(platform: &Platform, work: &mut Work, call: &Call, operation: World) -> Result<Reply, Failure> {
    match operation {
        World::ReadHealth => Ok(Reply::ok(json!({"status": "ok"}))),
        World::ReadDocument => Ok(Reply::ok(document())),
        World::EditSettings => tenant::edit_settings(work, call).await,
        World::RunScript => script::run_now(work, call).await,
        World::SetAutoRun => script::set_auto_run(work, call).await,
        World::PutClient => clients::put(work, call).await,
        World::PlantFaults => platform.faults.plant(call, &faulted_routes()),
        World::ReadFaults => Ok(platform.faults.read()),
        World::ClearFaults => Ok(platform.faults.clear()),
        World::ReadLog => log::read(work, call).await,
        World::ReadClock => clock::read_clock(work).await,
        World::AdvanceClock => clock::advance_clock(work, call).await,
        World::StampTenant => tenant::stamp(work, call).await,
        World::LoseTenant => tenant::lose(work, call).await,
        World::PutNormaliser => tenant::normaliser(work, call).await,
        World::PutModalities => tenant::modalities(work, call).await,
        World::PutCaps => tenant::caps(work, call).await,
        World::PutService => services::put_service(work, call).await,
        World::RemoveService => provisioning::remove_service(work, call).await,
        World::PutUser => users::put_user(work, call).await,
        World::PutInvitations => guests::invitations(work, call).await,
        World::ReadMessages => guests::messages(work, call).await,
    }
}

/// Methods and templates of the routes that a fault can apply to.
fn faulted_routes() -> Vec<(&'static str, &'static str)> {
    routes().filter(|route| route.is_logged()).map(|route| (route.method, route.template)).collect()
}

async fn behaviour(work: &mut Work, call: &Call, behaviour: Behaviour) -> Result<Reply, Failure> {
    match behaviour {
        Behaviour::ListUnits => organization::list(work, call).await,
        Behaviour::CreateUnit => organization::create(work, call).await,
        Behaviour::DeleteUnit => organization::delete(work, call).await,
        Behaviour::ProvisionService => provisioning::provision(work, call).await,
        Behaviour::ListServices => services::list(work, call).await,
        Behaviour::SetTab => services::set_tab(work, call).await,
        Behaviour::ListUsers => users::users(work, call).await,
        Behaviour::SetUserState => records::set_state(work, call).await,
        Behaviour::ListRecords => records::list(work, call).await,
        Behaviour::CreateTask => tasks::create(work, call).await,
        Behaviour::ListTasks => tasks::list(work, call).await,
        Behaviour::FinishTask => tasks::finish(work, call).await,
        Behaviour::CallService => calls::call(work, call).await,
        Behaviour::LogIn => calls::log_in(work, call).await,
        Behaviour::PlantInteractToken => interact::plant_token(work, call).await,
        Behaviour::ConnectSession => interact::connect(work, call).await,
        Behaviour::ListSessions => interact::list(work, call).await,
        Behaviour::LeaveSession => interact::event(work, call).await,
        Behaviour::ViewTenant => view::view(work, call).await,
        Behaviour::ListLicenses => licenses::list(work, call).await,
        Behaviour::Search => search::search(work, call).await,
    }
}

async fn microsoft(platform: &Platform, work: &mut Work, call: &Call, operation: Microsoft) -> Result<Reply, Failure> {
    let throttle = &platform.throttle;
    match operation {
        Microsoft::IssueEntraToken => login::issue_token(work, call).await,
        Microsoft::ReadOpenIdConfiguration => login::openid_configuration(work, call).await,
        Microsoft::AskForConsent | Microsoft::AskForOlderConsent => consent::ask(work, call).await,
        Microsoft::GrantConsent | Microsoft::GrantOlderConsent => consent::grant(work, call).await,
        Microsoft::DiscoverInstance => Ok(login::discover_instance()),
        Microsoft::ReadGroup => groups::read(work, call, throttle).await,
        Microsoft::ListMembers => groups::members(work, call, throttle).await,
        Microsoft::ListTransitiveMembers => groups::transitive_members(work, call, throttle).await,
        Microsoft::ReadServicePrincipalOfApp => principals::of_app(work, call, throttle).await,
        Microsoft::ReadServicePrincipal => principals::read(work, call, throttle).await,
        Microsoft::ListAppRoleAssignments => principals::assignments(work, call, throttle).await,
        Microsoft::ReadGraphUser => graph_users::read(work, call, throttle).await,
        Microsoft::ListGraphUsers => graph_users::list(work, call, throttle).await,
        Microsoft::ReadPresence | Microsoft::ReadCommunicationsPresence => {
            graph_users::presence(work, call, throttle).await
        }
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

/// The routes under `/sandbox` need no token. They answer only programs on this machine, and no page in a browser there: a page can
/// post a form to any address, and can give any address a name of its own.
fn guard_world(call: &Call) -> Result<(), Slug> {
    if !call.peer.ip().to_canonical().is_loopback() || !call.header("host").is_some_and(is_loopback_host) {
        return Err(Slug::NotPermitted);
    }
    let writes = matches!(call.method.as_str(), "POST" | "PUT" | "PATCH");
    if writes && !call.is_json() { Err(Slug::UnsupportedMediaType) } else { Ok(()) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn call(peer: &str, headers: &[(&'static str, &'static str)]) -> Call {
        let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        Call {
            template: Some("/sandbox/clock"),
            method: "POST".to_owned(),
            path: "/sandbox/clock".to_owned(),
            sent: "/sandbox/clock".to_owned(),
            raw_query: None,
            query: Default::default(),
            parameters: Default::default(),
            headers: headers.collect(),
            body: Default::default(),
            request_id: String::new(),
            peer: peer.parse().unwrap(),
        }
    }

    #[test]
    fn the_world_answers_only_programs_on_this_machine() {
        let (here, json) = (("host", "localhost"), ("content-type", "application/json"));
        let rows = [
            ("127.0.0.1:1", vec![here, json], Ok(())),
            ("[::1]:1", vec![("host", "127.0.0.1:8080"), json], Ok(())),
            (
                "[::ffff:127.0.0.1]:1",
                vec![("host", "[::1]:8080"), ("content-type", "application/json; charset=utf-8")],
                Ok(()),
            ),
            ("192.0.2.1:1", vec![here, json], Err(Slug::NotPermitted)),
            ("127.0.0.1:1", vec![("host", "attacker.example:8080"), json], Err(Slug::NotPermitted)),
            ("127.0.0.1:1", vec![("host", "127.0.0.1.attacker.example"), json], Err(Slug::NotPermitted)),
            ("127.0.0.1:1", vec![json], Err(Slug::NotPermitted)),
            ("127.0.0.1:1", vec![here], Err(Slug::UnsupportedMediaType)),
            ("127.0.0.1:1", vec![here, ("content-type", "text/plain")], Err(Slug::UnsupportedMediaType)),
            (
                "127.0.0.1:1",
                vec![here, ("content-type", "application/x-www-form-urlencoded")],
                Err(Slug::UnsupportedMediaType),
            ),
        ];
        for (peer, headers, expected) in rows {
            assert_eq!(expected, guard_world(&call(peer, &headers)), "{peer} {headers:?}");
        }
    }
}
