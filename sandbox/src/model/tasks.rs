//! The kinds of tasks and their limits.
//!
//! A limit takes effect immediately, for new and for waiting tasks. It never ends a running task.
use serde_json::{Value, json};

use super::problem::Failure;
use super::rows::{
    EMAIL_LIMIT, EXTERNAL_TASK_LIMIT, INSTANT_MESSAGING_ENABLED, INSTANT_MESSAGING_LIMIT, OUTBOUND_LIMIT,
};
use super::runtime::is_in_service;
use super::store::Work;
use super::tenant::Tenant;

/// What happens to a task at the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AtLimit {
    /// The flow that created it gets an error.
    Discarded,
    /// It waits until another task ends.
    Blocked,
}

pub(crate) struct Kind {
    pub name: &'static str,
    pub limit: &'static str,
    pub at_limit: AtLimit,
    /// The modality that it belongs to.
    pub modality: Option<&'static str>,
    pub switch: Option<&'static str>,
}

pub(crate) static KINDS: [Kind; 4] = [
    Kind { name: "outbound", limit: OUTBOUND_LIMIT, at_limit: AtLimit::Discarded, modality: None, switch: None },
    Kind {
        name: "external",
        limit: EXTERNAL_TASK_LIMIT,
        at_limit: AtLimit::Discarded,
        modality: Some("externalTask"),
        switch: None,
    },
    Kind {
        name: "instantMessaging",
        limit: INSTANT_MESSAGING_LIMIT,
        at_limit: AtLimit::Blocked,
        modality: Some("instantMessaging"),
        switch: Some(INSTANT_MESSAGING_ENABLED),
    },
    Kind { name: "email", limit: EMAIL_LIMIT, at_limit: AtLimit::Blocked, modality: Some("email"), switch: None },
];

/// The names of the kinds of tasks.
pub(crate) fn kinds() -> [&'static str; 4] {
    [KINDS[0].name, KINDS[1].name, KINDS[2].name, KINDS[3].name]
}

/// Returns how many tasks of a kind may run at once per service: the setting, or the vendor's cap if it is lower.
pub(crate) fn effective_limit(tenant: &Tenant, kind: &Kind) -> i64 {
    let wanted = tenant.settings.pointer(kind.limit).and_then(Value::as_i64).unwrap_or(0);
    tenant.state.caps.get(kind.limit).map_or(wanted, |cap| wanted.min(*cap))
}

/// Returns what prevents tasks of a kind from running, apart from the limit.
pub(crate) fn obstacle(tenant: &Tenant, kind: &Kind) -> Option<&'static str> {
    let unavailable = |name: &str| !tenant.state.available_modalities.contains(name);
    let unlicensed = |name: &str| tenant.runtime()["licensed"]["modalities"][name] != json!(true);
    if !is_in_service(&tenant.settings) {
        Some("tenant-state")
    } else if kind.switch.is_some_and(|switch| !tenant.is_on(switch)) {
        Some("section-off")
    } else if kind.modality.is_some_and(unavailable) {
        Some("not-available")
    } else if kind.modality.is_some_and(unlicensed) {
        Some("not-licensed")
    } else {
        None
    }
}

/// Starts waiting tasks up to the limit, oldest first.
pub(crate) async fn resume(work: &mut Work, tenant: &Tenant) -> Result<(), Failure> {
    let sql = "SELECT service, kind, SUM(running) FROM tasks WHERE tenant = ? \
               GROUP BY service, kind HAVING SUM(running) < COUNT(*)";
    let rows: Vec<(String, String, i64)> = sqlx::query_as(sql).bind(&tenant.id).fetch_all(&mut *work.tx).await?;
    for (service, name, running) in rows {
        let free = |kind: &&Kind| kind.name == name && obstacle(tenant, kind).is_none();
        let Some(kind) = KINDS.iter().find(free) else {
            continue;
        };
        let room = (effective_limit(tenant, kind) - running).max(0);
        let sql = "UPDATE tasks SET running = 1 WHERE seq IN (SELECT seq FROM tasks \
                   WHERE tenant = ? AND service = ? AND kind = ? AND running = 0 ORDER BY seq LIMIT ?)";
        let row = sqlx::query(sql).bind(&tenant.id).bind(&service).bind(&name).bind(room);
        row.execute(&mut *work.tx).await?;
    }
    Ok(())
}
