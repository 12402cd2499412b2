//! The runtime of a tenant, derived from what it holds: license use, pending changes, widget key, deletion.
//!
//! Pure. Pending changes are computed, not stored: a change is pending while the current value differs from the one that the
//! script pushed last, and no longer pending when it is reverted.
use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::leaf::Script;
use super::rows::{LEAVES, PRIMARY_ACCOUNT, SECONDARY_ACCOUNT};
use super::table::put;
use super::version;

/// What can be pending, in the order of the document.
pub(crate) const CHANGES: [&str; 6] = [
    "interact-enabled",
    "multihoming-changed",
    "service-created",
    "service-changed",
    "service-removed",
    "tenant-deleted",
];

/// The modalities that a tenant can have.
pub(crate) const MODALITIES: [&str; 3] = ["instantMessaging", "externalTask", "email"];

/// The licenses of a service; a service has exactly one.
pub(crate) const SERVICE_LICENSES: [&str; 3] = ["advancedRouting", "enterpriseRouting", "contactCenter"];

/// The licenses of a user.
pub(crate) const USER_LICENSES: [&str; 5] =
    ["contactCenter", "attendantConsole", "assistant", "interact", "transcription"];

/// The state of a tenant that is not in its settings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    pub widget_key: Option<WidgetKey>,
    /// The token of the last widget key rotation, and of the last test message.
    pub last_rotation: Option<String>,
    pub last_message: Option<String>,
    /// The settings that the script pushed last, by pointer.
    pub pushed: BTreeMap<String, Value>,
    pub available_modalities: BTreeSet<String>,
    /// Limits of the vendor, by pointer; a higher setting stays stored.
    pub caps: BTreeMap<String, i64>,
    /// The value of a setting before the platform changed it, by pointer; kept until a write sets it again.
    #[serde(default)]
    pub moved_from: BTreeMap<String, String>,
    /// Accounts that accepted their invitation.
    pub accepted_accounts: BTreeSet<String>,
    /// Set when the deletion is confirmed.
    pub deletion_id: Option<String>,
}

/// The key that a widget sends with each request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct WidgetKey {
    pub key: String,
    pub version: String,
}

impl WidgetKey {
    /// Returns a new key.
    pub(crate) fn generate() -> Self {
        Self { key: uuid::Uuid::new_v4().to_string(), version: version::unused() }
    }
}

impl State {
    /// Returns the state of a tenant before the first run of the script.
    pub(crate) fn new(initial_settings: &Value) -> Self {
        Self {
            widget_key: None,
            last_rotation: None,
            last_message: None,
            pushed: script_settings(initial_settings),
            available_modalities: MODALITIES.map(str::to_owned).into(),
            caps: BTreeMap::new(),
            moved_from: BTreeMap::new(),
            accepted_accounts: BTreeSet::new(),
            deletion_id: None,
        }
    }
}

/// The parts of a service that licenses and the script depend on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Service {
    pub id: String,
    pub license: String,
    pub features: Vec<String>,
    /// Name, sign-in name and number: what the script pushes.
    pub technical: Value,
    /// The values that the script pushed last; `None` before the first push.
    pub pushed: Option<Value>,
    /// Out of service; the next run of the script removes it.
    pub removed: bool,
}

/// Returns the settings that the script pushes, by pointer.
pub(crate) fn script_settings(settings: &Value) -> BTreeMap<String, Value> {
    let relevant = LEAVES.iter().filter(|leaf| leaf.script != Script::Never);
    relevant
        .map(|leaf| {
            let value = settings.pointer(leaf.pointer).cloned().unwrap_or_default();
            (leaf.pointer.to_owned(), value)
        })
        .collect()
}

/// What the runtime of a tenant is derived from.
pub(crate) struct Holdings<'a> {
    pub id: &'a str,
    pub settings: &'a Value,
    pub state: &'a State,
    pub services: &'a [Service],
    /// Number of users by kind of license, such as `users/interact` or `modalities/email`.
    pub users: &'a BTreeMap<String, i64>,
}

/// Returns the member `runtime` of the tenant's document.
pub(crate) fn runtime(holdings: &Holdings<'_>) -> Value {
    let Holdings { id, settings, state, services, users } = holdings;
    let used = used(services, users);
    let key = state.widget_key.as_ref();
    let cap = |(pointer, max)| json!({"pointer": pointer, "effectiveMax": max});
    let caps: Vec<Value> = state.caps.iter().map(cap).collect();
    json!({
        "licensed": licensed(settings, &used),
        "used": used,
        "pendingChanges": pending_changes(holdings),
        "scriptUrl": format!("https://admin.nimbus.example/scripts/{id}/provisioning.ps1"),
        "widgetKey": {
            "set": key.is_some(),
            "version": key.map_or(version::UNSET, |key| key.version.as_str()),
            "lastToken": state.last_rotation,
        },
        "instantMessaging": {
            "primary": invitation(settings, state, PRIMARY_ACCOUNT),
            "secondary": invitation(settings, state, SECONDARY_ACCOUNT),
            "lastToken": state.last_message,
        },
        "availableModalities": state.available_modalities,
        "movedReferences": moved_references(settings, state),
        "caps": caps,
        "deletion": state.deletion_id.as_ref().map(|deletion_id| json!({
            "deletionId": deletion_id,
            "servicesPending": services.len(),
            "scriptPending": true,
        })),
    })
}

fn moved_references(settings: &Value, state: &State) -> Vec<Value> {
    let moved = state.moved_from.iter();
    moved.map(|(pointer, from)| json!({"pointer": pointer, "from": from, "to": settings.pointer(pointer)})).collect()
}

/// False while the subscription is suspended, expired or canceled: log-ins and tasks are refused, calls get an announcement.
pub(crate) fn is_in_service(settings: &Value) -> bool {
    let state = settings.pointer("/licenses/tenantState").and_then(Value::as_str);
    !matches!(state, Some("Suspended" | "Expired" | "Canceled"))
}

/// Returns what the script would push now.
pub(crate) fn pending_changes(holdings: &Holdings<'_>) -> Vec<Value> {
    let Holdings { id, settings, state, services, .. } = holdings;
    let change = |scope: &str, id: &str, change: &str| json!({"scope": scope, "id": id, "change": change});
    let now = script_settings(settings);
    let mut pending = Vec::new();
    for leaf in LEAVES {
        let (was, is) = (state.pushed.get(leaf.pointer), now.get(leaf.pointer));
        let name = match leaf.script {
            Script::Changed(name) if was != is => name,
            Script::SwitchedOn(name) if was != is && is == Some(&json!(true)) => name,
            _ => continue,
        };
        pending.push(change("tenant", id, name));
    }
    for service in *services {
        let name = match &service.pushed {
            _ if service.removed => "service-removed",
            None => "service-created",
            Some(pushed) if *pushed != service.technical => "service-changed",
            Some(_) => continue,
        };
        pending.push(change("service", &service.id, name));
    }
    if state.deletion_id.is_some() {
        pending.push(change("tenant", id, "tenant-deleted"));
    }
    pending
}

/// Counts what is in use; a removed service uses nothing.
fn used(services: &[Service], users: &BTreeMap<String, i64>) -> Value {
    let alive: Vec<&Service> = services.iter().filter(|service| !service.removed).collect();
    let mut used = json!({"services": {"features": {}}, "users": {}, "modalities": {}});
    for license in SERVICE_LICENSES {
        let count = alive.iter().filter(|service| service.license == license).count();
        used["services"][license] = json!(count);
    }
    let mut features: BTreeMap<&str, i64> = BTreeMap::new();
    for feature in alive.iter().flat_map(|service| &service.features) {
        *features.entry(feature).or_default() += 1;
    }
    used["services"]["features"] = json!(features);
    for kind in user_kinds() {
        put(&mut used, &format!("/{kind}"), json!(users.get(&kind).unwrap_or(&0)));
    }
    used
}

/// Returns the kinds of licenses that users hold.
pub(crate) fn user_kinds() -> impl Iterator<Item = String> {
    let users = USER_LICENSES.iter().map(|name| format!("users/{name}"));
    users.chain(MODALITIES.iter().map(|name| format!("modalities/{name}")))
}

/// Returns for each kind whether the tenant has bought or uses a license of it.
fn licensed(settings: &Value, used: &Value) -> Value {
    let has = |group: &str, name: &str| {
        let count = |value: &Value| value[group][name].as_i64().unwrap_or(0);
        count(&settings["licenses"]["contingents"]) > 0 || count(used) > 0
    };
    let mut licensed = Map::new();
    let groups = [("services", &SERVICE_LICENSES[..]), ("users", &USER_LICENSES), ("modalities", &MODALITIES)];
    for (group, names) in groups {
        let members = names.iter().map(|name| ((*name).to_owned(), json!(has(group, name))));
        licensed.insert(group.to_owned(), Value::Object(members.collect()));
    }
    Value::Object(licensed)
}

fn invitation(settings: &Value, state: &State, pointer: &str) -> &'static str {
    match settings.pointer(pointer).and_then(Value::as_str) {
        None => "none",
        Some(account) if state.accepted_accounts.contains(&account.to_lowercase()) => "accepted",
        Some(_) => "pending",
    }
}
