//! Triggers: actions that run once per token, even if something crashes in between.
//!
//! The platform never forgets a token, not even when the tenant is deleted. A used token only becomes the last token again, so
//! that a revert in git neither repeats the action nor loops.
use serde_json::{Value, json};

use super::auth::authenticate;
use super::owners::{refuse_changed_settings, refuse_other_owner};
use super::target::existing;
use crate::http::call::Call;
use crate::http::members::Members;
use crate::http::reply::Reply;
use crate::model::format::canonical;
use crate::model::leaf::Format;
use crate::model::problem::{Code, Failure, Problem, Slug};
use crate::model::rows::{INSTANT_MESSAGING_ENABLED, INTERACT_ENABLED, PRIMARY_ACCOUNT};
use crate::model::runtime::WidgetKey;
use crate::model::store::Work;
use crate::model::tenant::{Tenant, refuse_if_deleting};
use crate::world::guests::refuse_outsider;

/// The actions, as they are stored with their tokens.
pub(crate) const ROTATION: &str = "widget-key-rotation";
const MESSAGE: &str = "instant-messaging-test";

/// Returns the rotation token that a new tenant starts with.
///
/// A new tenant does send its test message, so that token is no baseline and is only validated.
pub(crate) fn baseline(triggers: Option<Value>) -> Result<Option<String>, Failure> {
    let Some(triggers) = triggers else {
        return Ok(None);
    };
    let Value::Object(triggers) = triggers else {
        return Err(Problem::member("/triggers", Code::WrongType).into());
    };
    let triggers = Members::new(triggers, &["widgetKeyRotation", "instantMessagingTest"])?;
    for name in ["widgetKeyRotation", "instantMessagingTest"] {
        if triggers.has(name) {
            token(&triggers, name)?;
        }
    }
    triggers.nullable_text("widgetKeyRotation")
}

fn token(body: &Members, name: &str) -> Result<String, Failure> {
    let token = body.text(name)?;
    let printable = token.chars().count() <= 64 && !token.chars().any(char::is_control);
    if printable { Ok(token) } else { Err(Problem::member(&format!("/{name}"), Code::BadFormat).into()) }
}

/// Marks a token as used; true if it was unused.
pub(crate) async fn use_up(work: &mut Work, tenant: &str, action: &str, token: &str) -> Result<bool, Failure> {
    let sql = "INSERT OR IGNORE INTO trigger_tokens VALUES (?, ?, ?)";
    let row = sqlx::query(sql).bind(tenant).bind(action).bind(token);
    Ok(row.execute(&mut *work.tx).await?.rows_affected() > 0)
}

/// Returns the tenant of a trigger, if the caller may fire it.
async fn target(work: &mut Work, call: &Call) -> Result<Tenant, Failure> {
    let caller = authenticate(work, call).await?;
    let tenant = existing(work, call, &caller).await?;
    refuse_if_deleting(&tenant)?;
    refuse_other_owner(call, &tenant)?;
    refuse_changed_settings(call, &tenant)?;
    Ok(tenant)
}

fn is_on(tenant: &Tenant, switch: &str) -> Result<(), Failure> {
    match tenant.settings.pointer(switch) {
        Some(Value::Bool(true)) => Ok(()),
        _ => Err(Slug::SectionOff.into()),
    }
}

fn outcome(done: bool, last: &str) -> Reply {
    Reply::ok(json!({"done": done, "last": last}))
}

/// `POST /v1/tenants/{id}/widget-key/rotate`.
pub(crate) async fn rotate(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let mut tenant = target(work, call).await?;
    let body = call.members(&["token", "baseline"])?;
    let token = token(&body, "token")?;
    let is_baseline = body.has("baseline") && body.flag("baseline")?;
    let is_new = use_up(work, &tenant.id, ROTATION, &token).await?;
    let done = is_new && !is_baseline;
    if done {
        is_on(&tenant, INTERACT_ENABLED)?;
        tenant.state.widget_key = Some(WidgetKey::generate());
    }
    let was = tenant.state.last_rotation.replace(token.clone());
    tenant.save(work).await?;
    work.trace.effect = effect(done, "widget-key-rotated", was.as_ref() != Some(&token));
    Ok(outcome(done, &token))
}

fn effect(done: bool, name: &'static str, last_moved: bool) -> Option<&'static str> {
    match (done, last_moved) {
        (true, _) => Some(name),
        (false, true) => Some("token-recorded"),
        (false, false) => None,
    }
}

/// `GET /v1/tenants/{id}/widget-key`.
pub(crate) async fn widget_key(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let caller = authenticate(work, call).await?;
    let tenant = existing(work, call, &caller).await?;
    let key = tenant.state.widget_key.ok_or(Slug::WidgetKeyNotSet)?;
    let body = json!({"key": key.key, "version": key.version});
    Ok(Reply::ok(body).with("cache-control", "no-store".to_owned()))
}

/// `POST /v1/tenants/{id}/instant-messaging/test`.
pub(crate) async fn send_test_message(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let mut tenant = target(work, call).await?;
    let body = call.members(&["token", "upn", "baseline"])?;
    let token = token(&body, "token")?;
    let is_baseline = body.has("baseline") && body.flag("baseline")?;
    let upn = if is_baseline { body.nullable_text("upn")? } else { Some(body.text("upn")?) };
    if upn.as_deref().is_some_and(|upn| canonical(Format::Email, upn).is_none()) {
        return Err(Problem::member("/upn", Code::BadFormat).into());
    }
    let is_new = use_up(work, &tenant.id, MESSAGE, &token).await?;
    let done = is_new && !is_baseline;
    if done {
        is_on(&tenant, INSTANT_MESSAGING_ENABLED)?;
        refuse_outsider(work, &tenant, upn.as_deref().unwrap_or_default()).await?;
        deliver(work, &tenant, &token, &upn.unwrap_or_default()).await?;
    }
    let was = tenant.state.last_message.replace(token.clone());
    tenant.save(work).await?;
    work.trace.effect = effect(done, "test-message-sent", was.as_ref() != Some(&token));
    Ok(outcome(done, &token))
}

/// Sends a message from the primary account, which must have accepted its invitation.
async fn deliver(work: &mut Work, tenant: &Tenant, token: &str, upn: &str) -> Result<(), Failure> {
    let sender = tenant.settings.pointer(PRIMARY_ACCOUNT).and_then(Value::as_str).unwrap_or_default();
    if !tenant.state.accepted_accounts.contains(&sender.to_lowercase()) {
        // The transaction ends here, so the token stays unused.
        return Err(Slug::InvitationPending.into());
    }
    let sql = "INSERT INTO messages (tenant, token, upn, sender) VALUES (?, ?, ?, ?)";
    sqlx::query(sql).bind(&tenant.id).bind(token).bind(upn).bind(sender).execute(&mut *work.tx).await?;
    Ok(())
}
