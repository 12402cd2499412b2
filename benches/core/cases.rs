//! What is counted: the steps of a pass over a Tenant with nearly every setting.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use kube::api::WatchEvent;
use nimbus_operator::admin_api::TenantDocument;
use nimbus_operator::plan::diff::{Constraints, diff};
use nimbus_operator::plan::outage::PlatformHealth;
use nimbus_operator::plan::{
    Desired, Done, Facts, Intent, Live, Observation, Observed, Outcome, Owner, PlatformReference, Resolved, Rewrites,
    Seen, SideEffects, Snapshot, apply, conclude, validate,
};
use nimbus_operator::resources::{Stamp, Tenant, TenantStatus};
use serde_json::{Map, Value, json};

const TODAY: Date = date(2026, 11, 29);

/// A step that is counted.
pub struct Case {
    pub name: &'static str,
    pub title: &'static str,
    pub run: fn(&Fixture) -> Result<()>,
}

pub const CASES: [Case; 5] = [
    Case { name: "decode", title: "decode an event of the watch", run: decode },
    Case { name: "validate", title: "validate a spec", run: judge },
    Case { name: "unchanged", title: "validate, plan and conclude where nothing changed", run: unchanged },
    Case { name: "diff", title: "diff of all settings", run: compare },
    Case { name: "status", title: "conclude and encode a new status", run: status },
];

/// What the cases work on.
pub struct Fixture {
    /// An event of the watch, as the API server sends it.
    event: Vec<u8>,
    /// A Tenant before its first pass.
    new: Tenant,
    /// The same in sync.
    settled: Tenant,
    desired: Arc<Desired>,
    snapshot: Snapshot,
}

impl Fixture {
    pub fn new() -> Result<Self> {
        let new: Tenant = serde_json::from_value(object()?)?;
        let desired = desired(&new)?;
        let document = TenantDocument {
            id: desired.target.tenant.to_string(),
            settings_version: "v-1".to_owned(),
            settings: desired.settings.clone(),
            ..TenantDocument::default()
        };
        let snapshot = Snapshot::read(Arc::new(document)).context("the settings are not what the contract says")?;
        let status = concluded(&new, &desired, &snapshot, Done::Created)?.context("a first pass writes a status")?;
        let settled = Tenant { status: Some(status), ..new.clone() };
        let mut object = serde_json::to_value(&settled)?;
        object["metadata"]["managedFields"] = managed_fields(&object);
        let event = serde_json::to_vec(&json!({ "type": "MODIFIED", "object": object }))?;
        Ok(Self { event, new, settled, desired, snapshot })
    }
}

fn decode(fixture: &Fixture) -> Result<()> {
    black_box(serde_json::from_slice::<WatchEvent<Tenant>>(black_box(&fixture.event))?);
    Ok(())
}

fn judge(fixture: &Fixture) -> Result<()> {
    black_box(desired(black_box(&fixture.settled))?);
    Ok(())
}

fn unchanged(fixture: &Fixture) -> Result<()> {
    let tenant = black_box(&fixture.settled);
    let desired = desired(tenant)?;
    if concluded(tenant, &desired, &fixture.snapshot, Done::Nothing)?.is_some() {
        bail!("the status changed");
    }
    Ok(())
}

fn compare(fixture: &Fixture) -> Result<()> {
    let difference = diff(black_box(&fixture.desired), &[], &json!({}), Constraints::default());
    if difference.changes.is_empty() {
        bail!("nothing differs");
    }
    black_box(difference);
    Ok(())
}

fn status(fixture: &Fixture) -> Result<()> {
    let status = concluded(black_box(&fixture.new), &fixture.desired, &fixture.snapshot, Done::Created)?;
    black_box(serde_json::to_vec(&json!({ "status": status }))?);
    Ok(())
}

fn desired(tenant: &Tenant) -> Result<Arc<Desired>> {
    let resolved = Resolved {
        stamp: Stamp::new("bench", "bench", "contoso"),
        platform: PlatformReference::Found,
        partner: None,
        secrets: vec![],
        policies_lacking: String::new(),
        scope_terminating: None,
    };
    match validate(tenant, resolved, TODAY) {
        Intent::Apply(desired) => Ok(desired),
        other => bail!("the spec is not applied: {other:?}"),
    }
}

/// Plans and concludes. Returns the status, if it changed.
fn concluded(tenant: &Tenant, desired: &Arc<Desired>, snapshot: &Snapshot, done: Done) -> Result<Option<TenantStatus>> {
    let observation = Observation::Exists { snapshot: snapshot.clone(), owner: Owner::Ours };
    let seen = Seen::of(tenant, desired, &observation);
    let observed = Observed { tenant: observation, widget_secret: None };
    let plan = apply::plan(tenant, desired, observed, &Rewrites::NONE);
    let plan = plan.map_err(|stopped| anyhow::anyhow!("{stopped:?}"))?;
    let apply::Write::Nothing { difference, .. } = plan.write else { bail!("something is written") };
    let facts = Facts {
        tenant,
        hash: Some(&desired.hash),
        seen: &seen,
        now: Timestamp::from_second(1_800_000_000)?,
        reference_grace: Duration::from_secs(300),
        refresh_licenses: false,
        contended: false,
        rewrites: &Rewrites::NONE,
        platform: PlatformHealth { name: "euwe-01", reason: None },
        environment: None,
        support: None,
        checked: None,
        context: Some("c"),
        fired: &[],
    };
    let live = Live { document: snapshot.document.clone(), done, difference, side_effects: SideEffects::default() };
    Ok(conclude(facts, Ok(Outcome::Live(live))).status)
}

/// The example that sets everything, without what refers to other objects.
fn object() -> Result<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/settings/full.yaml");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let mut object: Value = serde_yaml::from_str(&text)?;
    for (parent, name) in [
        ("/spec", "partner"),
        ("/spec/extensions", "interact"),
        ("/spec/extensions", "assistant"),
        ("/spec/modalities", "instantMessaging"),
    ] {
        if let Some(Value::Object(members)) = object.pointer_mut(parent) {
            members.remove(name);
        }
    }
    object["metadata"]["uid"] = json!("0b8f8d2e-5d0f-4d0b-9d0c-2f6f0a6f4b11");
    object["metadata"]["generation"] = json!(1);
    object["metadata"]["resourceVersion"] = json!("123456");
    object["metadata"]["creationTimestamp"] = json!("2026-01-02T03:04:05Z");
    object["metadata"]["finalizers"] = json!(["nimbus.luware.com/tenant"]);
    Ok(object)
}

/// What the API server adds: each field, and who set it.
fn managed_fields(object: &Value) -> Value {
    let entry = |manager: &str, part: &str| {
        json!({
            "manager": manager, "operation": "Apply", "apiVersion": "nimbus.luware.com/v1alpha1",
            "time": "2026-01-02T03:04:05Z", "fieldsType": "FieldsV1",
            "fieldsV1": { format!("f:{part}"): fields(&object[part]) }
        })
    };
    json!([entry("kubectl", "spec"), entry("nimbus-operator", "status")])
}

fn fields(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            Value::Object(members.iter().map(|(name, value)| (format!("f:{name}"), fields(value))).collect())
        }
        Value::Array(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            Value::Object(Map::new())
        }
    }
}
