//! A tenant as people in the UI, other owners and the vendor change it.
//!
//! These routes need no token; they answer only this machine.
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::edit::{Edit, change};
use super::script;
use super::target::tenant;
use crate::http::call::{Call, is_stamp};
use crate::http::members::settings_of;
use crate::http::reply::Reply;
use crate::model::merge::UnknownMembers;
use crate::model::problem::{Code, Failure, Problem, Slug};
use crate::model::roles::{Caller, Role};
use crate::model::runtime;
use crate::model::store::Work;
use crate::model::table::{Place, place};
use crate::model::tenant::{Tenant, refuse_if_deleting};

fn document(tenant: &Tenant, role: Role) -> Reply {
    let caller = Caller { role, partner: None, tenants: Default::default() };
    Reply::ok(tenant.document(&caller))
}

/// `PATCH /sandbox/tenants/{id}/settings`: an edit in the UI.
pub(crate) async fn edit_settings(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let name = call.query.get("as").map_or("system", String::as_str);
    let role = Role::parse(name).ok_or(Slug::MalformedRequest)?;
    let unknown_members = match call.flag("plant")? {
        true => UnknownMembers::Planted,
        false => UnknownMembers::Refused,
    };
    let mut tenant = tenant(work, call).await?;
    refuse_if_deleting(&tenant)?;
    let patch = settings_of(call.json()?)?;
    change(work, &mut tenant, &patch, Edit { role, unknown_members, normalisers: BTreeMap::new() }).await?;
    Ok(document(&tenant, role))
}

/// `PUT /sandbox/tenants/{id}/stamp`: sets the stamp of another owner.
pub(crate) async fn stamp(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["owner", "lastOwner"])?;
    let mut tenant = tenant(work, call).await?;
    for (name, stamp) in [("owner", &mut tenant.owner), ("lastOwner", &mut tenant.last_owner)] {
        *stamp = body.nullable_text(name)?;
        if stamp.as_deref().is_some_and(|stamp| !is_stamp(stamp)) {
            return Err(Problem::member(&format!("/{name}"), Code::BadFormat).into());
        }
    }
    tenant.save(work).await?;
    Ok(document(&tenant, Role::System))
}

/// `DELETE /sandbox/tenants/{id}`: loses a tenant, without a tombstone.
pub(crate) async fn lose(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let tenant = tenant(work, call).await?;
    script::remove(work, &tenant).await?;
    Ok(Reply::new(204, None))
}

/// `PUT /sandbox/tenants/{id}/normaliser`: makes the platform ignore or change a value that it accepts.
pub(crate) async fn normaliser(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["pointer", "mode"])?;
    let pointer = body.text("pointer")?;
    let mode = body.choice("mode", &["ignore", "upper", "off"])?;
    if !matches!(place(&pointer), Place::Leaf(_)) {
        return Err(Problem::member("/pointer", Code::NotAllowed).into());
    }
    let tenant = tenant(work, call).await?;
    let sql = "DELETE FROM normalisers WHERE tenant = ? AND pointer = ?";
    sqlx::query(sql).bind(&tenant.id).bind(&pointer).execute(&mut *work.tx).await?;
    if mode != "off" {
        let sql = "INSERT INTO normalisers VALUES (?, ?, ?)";
        sqlx::query(sql).bind(&tenant.id).bind(&pointer).bind(&mode).execute(&mut *work.tx).await?;
    }
    Ok(Reply::ok(json!({"pointer": pointer, "mode": mode})))
}

/// `PUT /sandbox/tenants/{id}/modalities`: sets the available modalities.
pub(crate) async fn modalities(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["available"])?;
    let available = body.texts("available")?;
    if available.iter().any(|name| !runtime::MODALITIES.contains(&name.as_str())) {
        return Err(Problem::member("/available", Code::NotAllowed).into());
    }
    let mut tenant = tenant(work, call).await?;
    tenant.state.available_modalities = available.into_iter().collect();
    tenant.save(work).await?;
    Ok(document(&tenant, Role::System))
}

/// `PUT /sandbox/tenants/{id}/caps`: sets limits of the vendor, by pointer.
pub(crate) async fn caps(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["caps"])?;
    let Some(Value::Object(caps)) = body.get("caps") else {
        return Err(Problem::member("/caps", Code::WrongType).into());
    };
    let mut tenant = tenant(work, call).await?;
    tenant.state.caps.clear();
    for (pointer, max) in caps {
        let known = matches!(place(pointer), Place::Leaf(_));
        match max.as_i64().filter(|_| known) {
            Some(max) => tenant.state.caps.insert(pointer.clone(), max),
            None => return Err(Problem::member("/caps", Code::NotAllowed).into()),
        };
    }
    tenant.save(work).await?;
    Ok(document(&tenant, Role::System))
}
