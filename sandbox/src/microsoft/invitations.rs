//! Invitations of guests to a tenant.
use serde_json::{Value, json};

use super::answers::graph;
use super::directory::save_user;
use super::graph::{Cost, authorize, entity};
use super::throttle::Throttle;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::model::format::canonical;
use crate::model::leaf::Format;
use crate::model::problem::Failure;
use crate::model::store::Work;

const INVITE: Cost = Cost::identity(1, &["User.Invite.All"]);

/// `POST /graph/v1.0/invitations`: the guest exists immediately and has not accepted yet.
pub(crate) async fn invite(work: &mut Work, call: &Call, throttle: &Throttle) -> Result<Reply, Failure> {
    let authorized = authorize(work, call, throttle, &INVITE).await?;
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let address = body["invitedUserEmailAddress"].as_str().and_then(|text| canonical(Format::Email, text));
    let (Some(address), Some(redirect)) = (address, body["inviteRedirectUrl"].as_str()) else {
        return Err(graph(work, call, 400, "BadRequest", "Invalid invitation.").into());
    };
    let id = uuid::Uuid::new_v4().to_string();
    let upn = format!("{}#EXT#@{}", address.replace('@', "_"), authorized.tenant.initial_domain());
    let guest = json!({
        "id": id, "displayName": body["invitedUserDisplayName"].as_str().unwrap_or(&address), "mail": address,
        "userPrincipalName": upn, "userType": "Guest", "accountEnabled": true,
    });
    let presence = json!({"availability": "PresenceUnknown", "activity": "PresenceUnknown"});
    let since = work.now.as_second() + authorized.tenant.lag;
    save_user(work, &authorized.tenant.id, &guest, &presence, since).await?;
    let invitation = json!({
        "id": uuid::Uuid::new_v4().to_string(),
        "invitedUserEmailAddress": address,
        "inviteRedirectUrl": redirect,
        "inviteRedeemUrl": format!("https://login.microsoftonline.com/redeem?tenant={}&user={id}", authorized.tenant.id),
        "sendInvitationMessage": body["sendInvitationMessage"] == json!(true),
        "status": "PendingAcceptance",
        "invitedUser": {"id": id, "userPrincipalName": upn},
    });
    let object = invitation.as_object().cloned().unwrap_or_default();
    Ok(authorized.reply_with(201, entity(call, "invitations", object)))
}
