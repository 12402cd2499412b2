//! The admin API of one tenant: read, create, patch, delete.
//!
//! All operations check in the same order: the caller, its access to the tenant, that the tenant exists, that it is not being
//! deleted, its owner stamp, its settings version, and last the write itself.
use std::collections::BTreeMap;

use serde_json::{Value, json};
use uuid::Uuid;

use super::auth::authenticate;
use super::owners::{refuse_changed_settings, refuse_other_owner};
use super::target::{Found, answer, existing, find};
use super::triggers;
use crate::http::call::Call;
use crate::http::members::settings_of;
use crate::http::reply::Reply;
use crate::model::merge::{Rules, UnknownMembers, merge};
use crate::model::parts::{keep_secrets, normalisers};
use crate::model::problem::{Failure, Problem, Slug};
use crate::model::roles::{Caller, Role};
use crate::model::rows::PARTNER;
use crate::model::runtime::State;
use crate::model::store::Work;
use crate::model::table::{initial_settings, put, restricted_paths};
use crate::model::tenant::{Tenant, refuse_if_deleting};
use crate::model::units::Tree;
use crate::world::edit::{Edit, change};
use crate::world::script;

/// `GET /v1/tenants/{id}`.
pub(crate) async fn read(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let caller = authenticate(work, call).await?;
    let tenant = existing(work, call, &caller).await?;
    if call.knows(&tenant.etag()) {
        return Ok(Reply::new(304, None).with("etag", tenant.etag()));
    }
    Ok(answer(200, &tenant, &caller))
}

/// `GET /v1/capabilities`.
pub(crate) async fn capabilities(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let role = authenticate(work, call).await?.role;
    let (platform, restricted) = (work.fact("platform_id").await?, restricted_paths(role));
    Ok(Reply::ok(json!({"platformId": platform, "role": role.name(), "restrictedPaths": restricted})))
}

/// `PUT /v1/tenants/{id}`.
pub(crate) async fn create(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let caller = authenticate(work, call).await?;
    administers_tenants(&caller)?;
    let owner = call.owner()?.map(str::to_owned);
    match find(work, call, &caller).await? {
        Found::Tenant(_) => return Err(Slug::TenantExists.into()),
        Found::Tombstone { deletion_id } if call.query.get("recreate") != Some(&deletion_id) => {
            return Err(Problem::tombstone(&deletion_id, 409).into());
        }
        Found::Tombstone { .. } | Found::Absent => {}
    }
    let mut body = call.json()?;
    let rotation = triggers::baseline(body.remove("triggers"))?;
    let mut tenant = blank(&caller, &call.tenant()?, settings_of(body)?, work).await?;
    tenant.writer.clone_from(&owner);
    tenant.owner = owner;
    if let Some(token) = rotation {
        triggers::use_up(work, &tenant.id, triggers::ROTATION, &token).await?;
        tenant.state.last_rotation = Some(token);
    }
    let sql = "DELETE FROM tombstones WHERE tenant = ?";
    sqlx::query(sql).bind(&tenant.id).execute(&mut *work.tx).await?;
    tenant.save(work).await?;
    script::run_if_automatic(work, &mut tenant).await?;
    work.trace.effect = Some("tenant-created");
    Ok(answer(201, &tenant, &caller))
}

/// Returns a new tenant with these settings over the defaults; a partner client creates it for its own partner.
async fn blank(caller: &Caller, id: &str, patch: Value, work: &mut Work) -> Result<Tenant, Failure> {
    let mut start = initial_settings(id);
    let state = State::new(&start);
    let own_partner = caller.partner.as_deref().filter(|_| caller.role == Role::Partner);
    if let Some(partner) = own_partner {
        put(&mut start, PARTNER, json!(partner));
    }
    let rules = Rules {
        id,
        role: caller.role,
        own_partner,
        unknown_members: UnknownMembers::Refused,
        secrets: &BTreeMap::new(),
        normalisers: &BTreeMap::new(),
        units: &Tree::load(work, id).await?,
    };
    let merged = merge(&start, &patch, &rules)?;
    keep_secrets(work, id, &merged.secrets).await?;
    Ok(Tenant::new(id, merged.settings, state))
}

fn administers_tenants(caller: &Caller) -> Result<(), Failure> {
    let partner_of_none = caller.role == Role::Partner && caller.partner.is_none();
    if caller.role == Role::Tenant || partner_of_none {
        return Err(Slug::NotPermitted.into());
    }
    Ok(())
}

/// `PATCH /v1/tenants/{id}`.
pub(crate) async fn patch(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let caller = authenticate(work, call).await?;
    let mut tenant = existing(work, call, &caller).await?;
    refuse_if_deleting(&tenant)?;
    refuse_other_owner(call, &tenant)?;
    let version = call.header("nimbus-settings-version").ok_or(Slug::SettingsVersionRequired)?;
    if version != tenant.settings_version() {
        return Err(Slug::SettingsChanged.into());
    }
    tenant.writer = call.owner()?.map(str::to_owned);
    let patch = settings_of(call.json()?)?;
    let normalisers = normalisers(work, &tenant.id).await?;
    let edit = Edit { role: caller.role, unknown_members: UnknownMembers::Refused, normalisers };
    change(work, &mut tenant, &patch, edit).await?;
    if !work.trace.changed_pointers.is_empty() {
        work.trace.effect = Some("settings-changed");
    }
    Ok(answer(200, &tenant, &caller))
}

/// `DELETE /v1/tenants/{id}`.
pub(crate) async fn delete(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let caller = authenticate(work, call).await?;
    administers_tenants(&caller)?;
    let mut tenant = existing(work, call, &caller).await?;
    refuse_other_owner(call, &tenant)?;
    refuse_changed_settings(call, &tenant)?;
    if call.query.get("confirm").map(String::as_str) != Some("YES") {
        return Err(Slug::ConfirmationRequired.into());
    }
    if tenant.state.deletion_id.is_none() {
        tenant.state.deletion_id = Some(Uuid::new_v4().to_string());
        let sql = "UPDATE services SET removed = 1 WHERE tenant = ?";
        sqlx::query(sql).bind(&tenant.id).execute(&mut *work.tx).await?;
        tenant.save(work).await?;
        work.trace.effect = Some("deletion-begun");
    }
    // The answer shows the deletion, even if the script finishes it in the same transaction.
    let reply = answer(202, &tenant, &caller);
    script::run_if_automatic(work, &mut tenant).await?;
    Ok(reply)
}
