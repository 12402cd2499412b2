//! Interact: sessions of customers in a widget, the checks before a session starts, and its recovery after an interruption.
//!
//! The vendor's manual names a known issue, which is reproduced: a direct conversation waits for the customer and invites the
//! agent again; a conversation through a service continues only if its agent stayed.
use serde_json::{Value, json};

use super::target::tenant;
use crate::http::call::Call;
use crate::http::members::Members;
use crate::http::reply::Reply;
use crate::model::digest::hash;
use crate::model::format::guid;
use crate::model::problem::{Code, Failure, Problem};
use crate::model::rows::{INTERACT_AUTHORIZATION, INTERACT_ENABLED, SESSION_RECOVERY};
use crate::model::runtime::is_in_service;
use crate::model::store::Work;
use crate::model::tenant::Tenant;

pub(crate) const CONVERSATIONS: [&str; 2] = ["direct", "service"];
pub(crate) const OUTCOMES: [&str; 3] = ["connected", "no-agent", "rejected"];
/// Why a customer reaches no agent; the first ones are rejections.
pub(crate) const REASONS: [&str; 8] = [
    "widget-key",
    "token-missing",
    "token-invalid",
    "token-expired",
    "token-of-other-tenant",
    "tenant-state",
    "section-off",
    "not-licensed",
];
pub(crate) const AGENTS: [&str; 3] = ["joined", "stayed", "invited-again"];
pub(crate) const EVENTS: [&str; 2] = ["customer-leaves", "agent-leaves"];
pub(crate) const STATES: [&str; 3] = ["open", "closed", "ended"];

const TEN_YEARS: i64 = 10 * 365 * 86_400;

/// `PUT /sandbox/interact/tokens`: issues a token for a customer.
pub(crate) async fn plant_token(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["token", "tenantId", "expiresInSeconds"])?;
    let tenant = guid(&body.text("tenantId")?).ok_or(Problem::member("/tenantId", Code::BadFormat))?;
    let lifetime = body.number("expiresInSeconds", -TEN_YEARS, TEN_YEARS)?.unwrap_or(3600);
    let sql = "INSERT OR REPLACE INTO interact_tokens VALUES (?, ?, ?)";
    let row = sqlx::query(sql).bind(hash(&body.text("token")?)).bind(tenant);
    row.bind(work.now.as_second() + lifetime).execute(&mut *work.tx).await?;
    Ok(Reply::new(204, None))
}

/// Returns why a customer is rejected: because of the widget key, or of the token if one is required.
async fn rejection(work: &mut Work, tenant: &Tenant, body: &Members) -> Result<Option<&'static str>, Failure> {
    let key = body.nullable_text("widgetKey")?;
    if tenant.state.widget_key.as_ref().map(|known| &known.key) != key.as_ref() || key.is_none() {
        return Ok(Some("widget-key"));
    }
    let authorization = tenant.text(INTERACT_AUTHORIZATION).unwrap_or("None");
    if authorization == "None" {
        return Ok(None);
    }
    let Some(token) = body.nullable_text("token")? else {
        return Ok(Some("token-missing"));
    };
    let sql = "SELECT entra_tenant, expires_at FROM interact_tokens WHERE hash = ?";
    let row: Option<(String, i64)> = sqlx::query_as(sql).bind(hash(&token)).fetch_optional(&mut *work.tx).await?;
    Ok(match row {
        None => Some("token-invalid"),
        Some((_, expires_at)) if expires_at <= work.now.as_second() => Some("token-expired"),
        Some((of, _)) if authorization == "VerifyTokenAndTenant" && of != tenant.id => Some("token-of-other-tenant"),
        Some(_) => None,
    })
}

/// Returns why an accepted customer reaches no agent.
fn obstacle(tenant: &Tenant) -> Option<&'static str> {
    if !is_in_service(&tenant.settings) {
        Some("tenant-state")
    } else if !tenant.is_on(INTERACT_ENABLED) {
        Some("section-off")
    } else if tenant.runtime()["licensed"]["users"]["interact"] != json!(true) {
        Some("not-licensed")
    } else {
        None
    }
}

/// `POST /sandbox/tenants/{id}/interact/sessions`: a customer connects, or rejoins a session.
pub(crate) async fn connect(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let body = call.members(&["widgetKey", "token", "conversation", "rejoin"])?;
    let conversation = body.choice("conversation", &CONVERSATIONS)?;
    let tenant = tenant(work, call).await?;
    if let Some(reason) = rejection(work, &tenant, &body).await? {
        return Ok(not_connected("rejected", reason));
    }
    if let Some(reason) = obstacle(&tenant) {
        return Ok(not_connected("no-agent", reason));
    }
    let Some(id) = body.nullable_text("rejoin")? else {
        return begin(work, &tenant, &conversation).await;
    };
    let session = load(work, &tenant, &id).await?;
    let restorable = session.conversation == "direct" || session.agent_present;
    if session.state(work, &tenant) == "ended" || !restorable {
        let sql = "UPDATE interact_sessions SET superseded = 1 WHERE id = ?";
        sqlx::query(sql).bind(&id).execute(&mut *work.tx).await?;
        return begin(work, &tenant, &session.conversation).await;
    }
    let sql = "UPDATE interact_sessions SET customer_left_at = NULL, agent_present = 1 WHERE id = ?";
    sqlx::query(sql).bind(&id).execute(&mut *work.tx).await?;
    let agent = if session.agent_present { "stayed" } else { "invited-again" };
    Ok(Connection { session: &id, restored: true, agent, workflow_executed: false }.reply())
}

fn not_connected(outcome: &str, reason: &str) -> Reply {
    Reply::ok(json!({
        "outcome": outcome, "reason": reason, "session": null, "restored": false, "agent": null,
        "workflowExecuted": false,
    }))
}

/// A customer who is connected.
struct Connection<'a> {
    session: &'a str,
    restored: bool,
    agent: &'static str,
    workflow_executed: bool,
}

impl Connection<'_> {
    fn reply(&self) -> Reply {
        Reply::ok(json!({
            "outcome": "connected", "reason": null, "session": self.session, "restored": self.restored,
            "agent": self.agent, "workflowExecuted": self.workflow_executed,
        }))
    }
}

/// Starts a session. A session of a service runs the workflow from the start.
async fn begin(work: &mut Work, tenant: &Tenant, conversation: &str) -> Result<Reply, Failure> {
    let id = uuid::Uuid::new_v4().to_string();
    let sql =
        "INSERT INTO interact_sessions (id, tenant, conversation, agent_present, superseded) VALUES (?, ?, ?, 1, 0)";
    sqlx::query(sql).bind(&id).bind(&tenant.id).bind(conversation).execute(&mut *work.tx).await?;
    let workflow_executed = conversation == "service";
    Ok(Connection { session: &id, restored: false, agent: "joined", workflow_executed }.reply())
}

struct Session {
    id: String,
    conversation: String,
    agent_present: bool,
    customer_left_at: Option<i64>,
    superseded: bool,
}

impl Session {
    /// The current time limit counts, not the one at the time of the interruption.
    fn state(&self, work: &Work, tenant: &Tenant) -> &'static str {
        let limit = tenant.settings.pointer(SESSION_RECOVERY).and_then(Value::as_i64).unwrap_or(0);
        match self.customer_left_at {
            _ if self.superseded => "ended",
            None => "open",
            Some(left) if work.now.as_second() - left < limit => "closed",
            Some(_) => "ended",
        }
    }

    fn to_json(&self, work: &Work, tenant: &Tenant) -> Value {
        json!({
            "id": self.id, "conversation": self.conversation, "agentPresent": self.agent_present,
            "state": self.state(work, tenant),
        })
    }
}

async fn sessions(work: &mut Work, tenant: &Tenant) -> Result<Vec<Session>, Failure> {
    let sql = "SELECT id, conversation, agent_present, customer_left_at, superseded FROM interact_sessions \
               WHERE tenant = ? ORDER BY seq";
    let rows: Vec<(String, String, bool, Option<i64>, bool)> =
        sqlx::query_as(sql).bind(&tenant.id).fetch_all(&mut *work.tx).await?;
    let session = |(id, conversation, agent_present, customer_left_at, superseded)| Session {
        id,
        conversation,
        agent_present,
        customer_left_at,
        superseded,
    };
    Ok(rows.into_iter().map(session).collect())
}

async fn load(work: &mut Work, tenant: &Tenant, id: &str) -> Result<Session, Failure> {
    let session = sessions(work, tenant).await?.into_iter().find(|session| session.id == id);
    session.ok_or_else(|| Problem::member("/rejoin", Code::UnknownReference).into())
}

/// `GET /sandbox/tenants/{id}/interact/sessions`.
pub(crate) async fn list(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let tenant = tenant(work, call).await?;
    let sessions = sessions(work, &tenant).await?;
    let items: Vec<Value> = sessions.iter().map(|session| session.to_json(work, &tenant)).collect();
    Ok(Reply::ok(json!({"items": items})))
}

/// `POST /sandbox/tenants/{id}/interact/sessions/{session}/events`: the customer or the agent leaves.
pub(crate) async fn event(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let event = call.members(&["event"])?.choice("event", &EVENTS)?;
    let tenant = tenant(work, call).await?;
    let id = call.parameter("session");
    load(work, &tenant, id).await?;
    let sql = match event.as_str() {
        "customer-leaves" => {
            "UPDATE interact_sessions SET customer_left_at = COALESCE(customer_left_at, ?1) WHERE id = ?2"
        }
        _ => "UPDATE interact_sessions SET agent_present = 0 WHERE id = ?2",
    };
    sqlx::query(sql).bind(work.now.as_second()).bind(id).execute(&mut *work.tx).await?;
    let session = load(work, &tenant, id).await?;
    Ok(Reply::ok(session.to_json(work, &tenant)))
}
