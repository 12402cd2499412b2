//! A platform that does what it is asked: what it holds, and a pass against it.

use std::collections::BTreeSet;

use super::*;
use crate::admin_api::Runtime;
use crate::plan::after_save::FollowUp;
use crate::plan::apply::Write;
use crate::settings::{Trigger, wire};

/// What the platform holds, whose it is, and which deletion came before.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) document: Option<TenantDocument>,
    pub(super) owner: Owner,
    pub(super) restricted: Vec<String>,
    pub(super) tombstone: Option<String>,
    pub(super) writes: usize,
    /// Every token that was ever given.
    pub(super) tokens: BTreeSet<String>,
    /// What was done for them.
    pub(super) done: Vec<Trigger>,
}

/// A tenant of ours that is as `tenant` wants it.
pub(super) fn held() -> Held {
    let mut held = Held::nothing();
    pass(&tenant("contoso"), &mut held).unwrap();
    held.writes = 0;
    held
}

impl Held {
    pub(super) fn nothing() -> Self {
        Self {
            document: None,
            owner: Owner::Ours,
            restricted: vec![],
            tombstone: None,
            writes: 0,
            tokens: BTreeSet::new(),
            done: vec![],
        }
    }

    /// Sets a leaf, as a user does in the UI.
    pub(super) fn with(mut self, wire: &str, value: impl Into<Value>) -> Self {
        put(&mut self.document().settings, wire, value.into());
        self.move_version(None);
        self
    }

    fn move_version(&mut self, writer: Option<String>) {
        let document = self.document();
        let number = document.settings_version[1..].parse::<u32>().unwrap();
        document.settings_version = format!("s{}", number + 1);
        document.last_writer = writer;
    }

    pub(super) fn owned(mut self, owner: Owner) -> Self {
        self.owner = owner;
        self
    }

    pub(super) fn restricting(mut self, pointers: &[&str]) -> Self {
        self.restricted = pointers.iter().map(|pointer| (*pointer).to_owned()).collect();
        if let Some(document) = &mut self.document {
            document.restricted_paths.clone_from(&self.restricted);
        }
        self
    }

    pub(super) fn pending_deletion(mut self, services_pending: i64) -> Self {
        let deletion_id = "d-1".to_owned();
        self.document().runtime.deletion =
            Some(PendingDeletion { deletion_id, services_pending, script_pending: true });
        self
    }

    pub(super) fn document(&mut self) -> &mut TenantDocument {
        self.document.as_mut().unwrap()
    }

    pub(super) fn leaf(&self, wire: &str) -> Value {
        let settings = &self.document.as_ref().unwrap().settings;
        settings.pointer(&format!("/{}", wire.replace('.', "/"))).cloned().unwrap_or_default()
    }

    pub(super) fn observed(&self) -> Observation {
        let (restricted, owner) = (self.restricted.clone(), self.owner.clone());
        match (&self.document, &self.tombstone) {
            (Some(document), _) => {
                Observation::Exists { snapshot: Snapshot::read(Arc::new(document.clone())).unwrap(), owner }
            }
            (None, Some(deletion_id)) => Observation::Tombstone { deletion_id: deletion_id.clone(), restricted },
            (None, None) => Observation::Absent { restricted },
        }
    }

    fn create(&mut self, settings: &Value) {
        let licenses = json!({ "tenantState": "Active", "contingents": { "users": { "contactCenter": 10 } } });
        self.document = Some(TenantDocument {
            id: ID.to_owned(),
            settings_version: "s0".to_owned(),
            runtime_version: Some("r0".to_owned()),
            settings: json!({ "licenses": licenses }),
            runtime: Runtime { used: json!({ "users": { "contactCenter": 3 } }), ..Runtime::default() },
            restricted_paths: self.restricted.clone(),
            ..TenantDocument::default()
        });
        (self.owner, self.tombstone) = (Owner::Ours, None);
        self.save(settings);
    }

    /// Takes a token; true if that does something.
    pub(super) fn send(&mut self, trigger: &Trigger, baseline: bool) -> bool {
        let is_new = self.tokens.insert(format!("{} {}", trigger.leaf().path, trigger.token()));
        given(&mut self.document().runtime, trigger);
        self.writes += 1;
        let done = is_new && !baseline;
        self.done.extend(done.then(|| trigger.clone()));
        done
    }

    /// A merge patch; a sealed value is kept and only its state shown.
    pub(super) fn save(&mut self, body: &Value) {
        let mut body = body.clone();
        for leaf in leaves().filter(|leaf| leaf.class == Class::Sealed) {
            if leaf.find(&body).is_none() {
                continue;
            }
            let next = format!("{}'", self.leaf(leaf.wire)["version"].as_str().unwrap_or("k"));
            put(&mut body, leaf.wire, json!({ "set": true, "version": next }));
        }
        self.writes += 1;
        self.move_version(Some(stamp("contoso").to_string()));
        merge_patch(&mut self.document().settings, &body);
    }
}

/// Notes a token as the last one.
pub(super) fn given(runtime: &mut Runtime, trigger: &Trigger) {
    let token = Some(trigger.token().to_owned());
    match trigger {
        Trigger::Rotation { .. } => runtime.widget_key.last_token = token,
        Trigger::TestMessage { .. } => runtime.instant_messaging.last_token = token,
    }
}

pub(super) fn canonical(settings: &Value) -> Value {
    wire::canonicalize(settings).unwrap()
}

/// RFC 7396.
pub(super) fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, member) in members {
        if member.is_null() {
            target.as_object_mut().unwrap().remove(name);
        } else {
            merge_patch(&mut target[name], member);
        }
    }
}

/// validate, plan, and the writes that follow, against a platform that does what it is asked.
pub(super) fn pass(given: &Given, held: &mut Held) -> Result<Outcome, Stop> {
    live_pass(given, held).map(Outcome::Live)
}

/// The same where the tenant is live in the end.
pub(super) fn live_pass(given: &Given, held: &mut Held) -> Result<Live, Stop> {
    let ApplyPlan { claim, write, done, after, .. } = given.plan(&held.observed())?;
    let mut side_effects = SideEffects::default();
    if let Some(claim) = claim {
        for trigger in claim.recorded {
            held.send(&trigger, true);
            side_effects.fired.push((trigger, false));
        }
        held.owner = Owner::Ours;
    }
    let (saved, difference) = match write {
        Write::Nothing { snapshot, difference } => (snapshot, difference),
        Write::Create { difference, rotation, .. } => {
            held.create(&difference.to_creation());
            if let Some(token) = rotation {
                held.tokens.insert(format!("{} {token}", crate::settings::tabs::interact::ROTATION.path));
                held.document().runtime.widget_key.last_token = Some(token);
            }
            after.compare(Arc::new(held.document().clone()), &difference).unwrap()
        }
        Write::Patch { difference, .. } => {
            held.save(&difference.to_body());
            after.compare(Arc::new(held.document().clone()), &difference).unwrap()
        }
    };
    let FollowUp { fire, waiting, .. } = after.follow_up(&saved);
    for trigger in fire {
        let done = held.send(&trigger, false);
        side_effects.fired.push((trigger, done));
    }
    side_effects.waiting = waiting;
    Ok(Live { document: saved.document, done, difference, side_effects })
}
