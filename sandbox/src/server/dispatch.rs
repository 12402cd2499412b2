//! From a route to the function that does it.
use std::net::IpAddr;

use super::serve::Platform;
use crate::api::{auth, lists, tenants, triggers};
use crate::contract::routes::{Behaviour, Operation};
use crate::http::call::{Call, Reply};
use crate::http::log;
use crate::microsoft;
use crate::model::problem::{Failure, Slug};
use crate::model::store::Work;
use crate::world::{
    calls, clients, interact, licenses, organization, people, provisioning, records, script, search, tasks, tenant,
    view,
};

impl Platform {
    /// Carries out what the route of a request is for.
    pub(crate) async fn dispatch(&self, work: &mut Work, call: &Call) -> Result<Reply, Failure> {
        let route = call.route?;
        if !may_ask(route.template, call.peer.ip()) {
            return Err(Slug::NotPermitted.into());
        }
        match route.operation {
            Operation::IssueToken => auth::issue_token(work, call).await,
            Operation::ListTenants => lists::tenants(work, call).await,
            Operation::ListChanges => lists::changes(work, call).await,
            Operation::ReadCapabilities => tenants::capabilities(work, call).await,
            Operation::ReadTenant => tenants::read(work, call).await,
            Operation::CreateTenant => tenants::create(work, call).await,
            Operation::PatchTenant => tenants::patch(work, call).await,
            Operation::DeleteTenant => tenants::delete(work, call).await,
            Operation::ClaimTenant => tenants::claim(work, call).await,
            Operation::ReleaseTenant => tenants::release(work, call).await,
            Operation::ReadWidgetKey => triggers::widget_key(work, call).await,
            Operation::RotateWidgetKey => triggers::rotate(work, call).await,
            Operation::SendTestMessage => triggers::send_test_message(work, call).await,
            Operation::ReadHealth => Ok(tenant::health()),
            Operation::EditSettings => tenant::edit_settings(work, call).await,
            Operation::RunScript => script::run_now(work, call).await,
            Operation::SetAutoRun => script::set_auto_run(work, call).await,
            Operation::PutClient => clients::put(work, call).await,
            Operation::PlantFaults => self.faults.plant(call),
            Operation::ReadFaults => Ok(self.faults.read()),
            Operation::ClearFaults => Ok(self.faults.clear()),
            Operation::ReadLog => log::read(work, call).await,
            Operation::ReadClock => tenant::read_clock(work).await,
            Operation::AdvanceClock => tenant::advance_clock(work, call).await,
            Operation::StampTenant => tenant::stamp(work, call).await,
            Operation::LoseTenant => tenant::lose(work, call).await,
            Operation::PutNormaliser => tenant::normaliser(work, call).await,
            Operation::PutModalities => tenant::modalities(work, call).await,
            Operation::PutCaps => tenant::caps(work, call).await,
            Operation::PutService => people::put_service(work, call).await,
            Operation::RemoveService => people::remove_service(work, call).await,
            Operation::PutUser => people::put_user(work, call).await,
            Operation::PutInvitations => people::invitations(work, call).await,
            Operation::ReadMessages => people::messages(work, call).await,
            Operation::Behaviour(behaviour) => behave(work, call, behaviour).await,
            Operation::Microsoft(operation) => microsoft::dispatch(self, work, call, operation).await,
        }
    }
}

async fn behave(work: &mut Work, call: &Call, behaviour: Behaviour) -> Result<Reply, Failure> {
    match behaviour {
        Behaviour::ListUnits => organization::list(work, call).await,
        Behaviour::CreateUnit => organization::create(work, call).await,
        Behaviour::DeleteUnit => organization::delete(work, call).await,
        Behaviour::ProvisionService => provisioning::provision(work, call).await,
        Behaviour::ListServices => provisioning::list(work, call).await,
        Behaviour::SetTab => provisioning::set_tab(work, call).await,
        Behaviour::ListUsers => people::users(work, call).await,
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
        Behaviour::ListLicences => licenses::list(work, call).await,
        Behaviour::Search => search::search(work, call).await,
    }
}

/// The world under `/sandbox` answers only this machine.
fn may_ask(template: &str, peer: IpAddr) -> bool {
    !template.starts_with("/sandbox/") || peer.to_canonical().is_loopback()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_world_answers_only_this_machine() {
        let rows = [
            ("/sandbox/log", "127.0.0.1", true),
            ("/sandbox/log", "::1", true),
            ("/sandbox/log", "::ffff:127.0.0.1", true),
            ("/sandbox/log", "192.0.2.1", false),
            ("/v1/tenants", "192.0.2.1", true),
            ("/healthz", "192.0.2.1", true),
        ];
        for (template, peer, expected) in rows {
            assert_eq!(expected, may_ask(template, peer.parse().unwrap()), "{template} {peer}");
        }
    }
}
