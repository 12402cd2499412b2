//! Where an administrator grants the apps their permissions.

use uuid::Uuid;

use super::credentials::Addresses;
use crate::microsoft::GrantLink;
use crate::plan::CheckPlan;
use crate::resources::platform::Microsoft;
use crate::resources::status;

/// The links of a Tenant: for the Nimbus app, and for the app that sends chats while chats are handled.
pub(super) fn grant_links(microsoft: &Microsoft, addresses: &Addresses, plan: &CheckPlan) -> Vec<status::GrantLink> {
    let Addresses { login, graph } = addresses;
    let nimbus = microsoft.nimbus_app.as_ref().map(|app| ("NimbusApp", app.client_id.as_str()));
    let chat = microsoft.chat_app_client_id.as_ref().filter(|_| plan.chat).map(|id| (status::CHAT_APP, id.as_str()));
    let link = |(name, client_id): (&str, &str)| {
        let client_id = Uuid::try_parse(client_id).ok()?;
        let link = GrantLink { login, graph, tenant: plan.entra_tenant, client_id, redirect: None };
        Some(status::GrantLink { name: name.to_owned(), url: link.url().into() })
    };
    [nimbus, chat].into_iter().flatten().filter_map(link).collect()
}
