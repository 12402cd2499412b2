//! Schemas of the routes that show the effect of settings.
use serde_json::{Value, json};

use super::shapes::{count, flag, guid, list, object, one_of, text, text_or_null};
use crate::model::runtime::{SERVICE_LICENSES, user_kinds};
use crate::model::tasks::kinds;
use crate::world::users::DESIGNS;
use crate::world::{calls, interact, provisioning, services, tasks};

pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    let mut schemas = units();
    schemas.extend(services());
    schemas.extend(users());
    schemas.extend(traffic());
    schemas.extend(sessions());
    schemas.extend(views());
    schemas
}

fn or_null(mut schema: Value) -> Value {
    schema["type"] = json!([schema["type"], "null"]);
    if let Some(Value::Array(names)) = schema.get_mut("enum") {
        names.push(Value::Null);
    }
    schema
}

fn unit_id() -> Value {
    json!({"type": "string", "format": "root-or-uuid"})
}

fn moment() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn items(item: Value) -> Value {
    object(&[("items", list(item))])
}

fn units() -> Vec<(&'static str, Value)> {
    let unit =
        |parent: Value| object(&[("id", unit_id()), ("parent", parent), ("name", text()), ("selectable", flag())]);
    let creation = object(&[("id?", guid()), ("parent?", unit_id()), ("name", text()), ("selectable?", flag())]);
    vec![
        ("OrganizationUnit", unit(unit_id())),
        ("OrganizationUnits", items(unit(or_null(unit_id())))),
        ("OrganizationUnitCreation", creation),
    ]
}

fn services() -> Vec<(&'static str, Value)> {
    let provisioning = object(&[
        ("id?", text()),
        ("displayName", text()),
        ("upn?", text_or_null()),
        ("phone?", text_or_null()),
        ("license?", one_of(&SERVICE_LICENSES)),
        ("via", one_of(&provisioning::VIAS)),
        ("as", one_of(&provisioning::PEOPLE)),
        ("by", text()),
        ("assignment?", one_of(&services::ASSIGNMENTS)),
        ("organizationUnitId?", unit_id()),
    ]);
    let outcome = object(&[
        ("outcome", one_of(&["provisioned", "refused"])),
        ("reason", or_null(one_of(&provisioning::REFUSALS))),
        ("id", text_or_null()),
        ("organizationUnitId", or_null(unit_id())),
        ("ownerRole", text_or_null()),
    ]);
    let service = object(&[
        ("id", text()),
        ("displayName", text()),
        ("license", one_of(&SERVICE_LICENSES)),
        ("organizationUnitId", unit_id()),
        ("owner", text_or_null()),
        ("ownerRole", text_or_null()),
        ("assignment", one_of(&services::ASSIGNMENTS)),
        ("tab", flag()),
        ("state", one_of(&["uncompleted", "enabled", "pending-deletion"])),
    ]);
    vec![
        ("Provisioning", provisioning),
        ("ProvisioningOutcome", outcome),
        ("Services", items(service)),
        ("Tab", object(&[("present", flag())])),
    ]
}

fn users() -> Vec<(&'static str, Value)> {
    let kinds: Vec<String> = user_kinds().collect();
    let kinds: Vec<&str> = kinds.iter().map(String::as_str).collect();
    let user = object(&[
        ("licenses", list(one_of(&kinds))),
        ("displayName?", text_or_null()),
        ("upn?", text_or_null()),
        ("organizationUnitId?", unit_id()),
        ("design?", one_of(&DESIGNS)),
    ]);
    let shown = object(&[
        ("id", text()),
        ("organizationUnitId", unit_id()),
        ("displayName", text_or_null()),
        ("upn", text_or_null()),
        ("licenses", list(one_of(&kinds))),
    ]);
    let record = object(&[
        ("user", text()),
        ("organizationUnitId", or_null(unit_id())),
        ("state", text()),
        ("beganAt", moment()),
        ("endedAt", or_null(moment())),
    ]);
    vec![
        ("User", user),
        ("Users", items(shown)),
        ("UserState", object(&[("state", text())])),
        ("Records", items(record)),
    ]
}

fn traffic() -> Vec<(&'static str, Value)> {
    let task = |more: &[(&str, Value)]| {
        let mut members = vec![("service", text()), ("kind", one_of(&kinds()))];
        members.extend(more.iter().cloned());
        object(&members)
    };
    let task_outcome = object(&[
        ("id", text_or_null()),
        ("outcome", one_of(&tasks::OUTCOMES)),
        ("reason", or_null(one_of(&tasks::REASONS))),
    ]);
    let log_in =
        object(&[("outcome", one_of(&["admitted", "refused"])), ("reason", or_null(one_of(&["tenant-state"])))]);
    vec![
        ("Task", task(&[])),
        ("TaskOutcome", task_outcome),
        ("Tasks", items(task(&[("id", text()), ("outcome", one_of(&tasks::OUTCOMES[..2]))]))),
        ("CustomerCall", object(&[("service", text()), ("customer", text())])),
        ("CallOutcome", object(&[("outcome", one_of(&calls::OUTCOMES))])),
        ("LogIn", object(&[("user", text())])),
        ("LogInOutcome", log_in),
    ]
}

fn sessions() -> Vec<(&'static str, Value)> {
    let token = object(&[
        ("token", text()),
        ("tenantId", guid()),
        ("expiresInSeconds?", json!({"type": "integer", "description": "Negative: already expired"})),
    ]);
    let connection = object(&[
        ("widgetKey?", text_or_null()),
        ("token?", text_or_null()),
        ("conversation", one_of(&interact::CONVERSATIONS)),
        ("rejoin?", guid()),
    ]);
    let outcome = object(&[
        ("outcome", one_of(&interact::OUTCOMES)),
        ("reason", or_null(one_of(&interact::REASONS))),
        ("session", or_null(guid())),
        ("restored", flag()),
        ("agent", or_null(one_of(&interact::AGENTS))),
        ("workflowExecuted", flag()),
    ]);
    let session = object(&[
        ("id", guid()),
        ("conversation", one_of(&interact::CONVERSATIONS)),
        ("agentPresent", flag()),
        ("state", one_of(&interact::STATES)),
    ]);
    vec![
        ("InteractToken", token),
        ("InteractConnection", connection),
        ("InteractOutcome", outcome),
        ("InteractSession", session.clone()),
        ("InteractSessions", items(session)),
        ("InteractEvent", object(&[("event", one_of(&interact::EVENTS))])),
    ]
}

fn views() -> Vec<(&'static str, Value)> {
    let user = object(&[("name", text()), ("state", text_or_null()), ("timeInStateSeconds?", count())]);
    let call = object(&[("service", text()), ("customer", text()), ("outcome", one_of(&calls::OUTCOMES))]);
    let license = object(&[("kind", text()), ("used", count()), ("contingent", count()), ("overused", flag())]);
    let contact = object(&[("displayName", text_or_null()), ("userPrincipalName", text())]);
    let member = object(&[("id", text()), ("available", flag())]);
    let service = object(&[("id", text()), ("displayName", text()), ("available", flag()), ("members", list(member))]);
    let result = object(&[
        ("filter", text()),
        ("contacts", list(contact)),
        ("services", list(service)),
        ("design", one_of(&DESIGNS)),
        ("maySwitchDesign", flag()),
    ]);
    vec![
        ("View", object(&[("users", list(user)), ("calls", list(call))])),
        ("Licenses", items(license)),
        ("SearchResult", result),
    ]
}
