//! The decision as a whole, without a cluster: builders for both sides of it, a platform that does what it is asked, and the
//! laws that the end of every pass keeps.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::result_large_err,
    reason = "a test says what went wrong by panicking"
)]

mod bounds;
mod canary;
mod checks;
mod claims;
mod configured;
mod delivery;
mod environments;
mod first_pass;
mod keeping;
mod kept;
mod last_look;
mod laws;
mod leaving;
mod messages;
mod own_writes;
mod platform;
mod refusals;
mod situations;
mod too_old;
mod triggers;
mod truth;
mod unchanged;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

use self::platform::{Held, canonical, held, live_pass, merge_patch, pass};
use super::deletion::DeletionWait;
use super::outage::PlatformHealth;
use super::*;
use crate::admin_api::types::PendingDeletion;
use crate::admin_api::{ApiError, Problem, ProblemType, TenantDocument, samples};
use crate::resources::advice::WHAT_TO_DO;
use crate::resources::bounds::MESSAGE;
use crate::resources::condition;
use crate::resources::status::SealedStatus;
use crate::resources::{ConditionStatus, ConditionType, SpecHash, Stamp, Tenant, TenantStatus};
use crate::settings::tabs::interact::CONNECTION_STRING;
use crate::settings::{Class, leaves};

const ID: &str = "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c";
/// The day on which confirmations are judged, unless a test says another.
const TODAY: Date = date(2026, 11, 29);
const PLATFORM: PlatformHealth<'static> = PlatformHealth { name: "euwe-01", reason: None };
const REFERENCE: &str = CONNECTION_STRING.path;
const SECRET: &str = "endpoint=https://acs.communication.azure.com/;accesskey=Q0FOQVJZ";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

/// Everything that Kubernetes says about one Tenant.
#[derive(Clone)]
struct Given {
    object: Value,
    status: Option<TenantStatus>,
    resolved: Resolved,
    rewrites: Rewrites,
    today: Date,
}

/// A Tenant that manages a few plain settings and whose references resolve.
fn tenant(name: &str) -> Given {
    Given {
        object: json!({
            "apiVersion": "nimbus.luware.com/v1alpha1",
            "kind": "Tenant",
            "metadata": { "name": name, "namespace": "customers", "uid": "u-1", "generation": 1, "annotations": {} },
            "spec": {
                "platformRef": { "name": "euwe-01" },
                "general": {
                    "name": "Contoso", "o365Domain": "contoso.onmicrosoft.com", "tenantId": ID, "companyName": "Contoso AG"
                },
                "modalities": { "email": { "maxConcurrentTasksPerService": 120 } }
            }
        }),
        status: None,
        resolved: Resolved {
            stamp: stamp(name),
            platform: PlatformReference::Found,
            secrets: vec![],
            partner: None,
            policies_lacking: String::new(),
            scope_terminating: None,
        },
        rewrites: Rewrites::default(),
        today: TODAY,
    }
}

impl Given {
    /// Sets a field of the spec.
    fn with(mut self, path: &str, value: impl Into<Value>) -> Self {
        put(&mut self.object["spec"], path, value.into());
        self
    }

    /// Removes a field of the spec.
    fn without(mut self, path: &str) -> Self {
        let pointer = format!("/spec/{}", path.replace('.', "/"));
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        let parent = self.object.pointer_mut(parent).unwrap();
        parent.as_object_mut().unwrap().remove(name);
        self
    }

    /// The same as a later generation of the spec.
    fn edited(mut self, path: &str, value: impl Into<Value>) -> Self {
        self.object["metadata"]["generation"] = json!(self.generation() + 1);
        self.with(path, value)
    }

    fn annotated(mut self, name: &str, value: &str) -> Self {
        self.object["metadata"]["annotations"][name] = json!(value);
        self
    }

    /// With a confirmation that is valid today.
    fn confirming(self, what: &str, value: &str) -> Self {
        self.with(&format!("confirmations.{what}"), format!("{value} until {TODAY}"))
    }

    fn recreating(self, token: &str) -> Self {
        self.with("confirmations.recreate", token)
    }

    fn deleting(mut self) -> Self {
        self.object["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:04:05Z");
        self.resolved.scope_terminating = Some(false);
        self
    }

    /// Interact switched on, with its connection string in a Secret of this version.
    fn with_interact(self, version: &str) -> Self {
        self.with("extensions.interact.enabled", true).referring(found(version))
    }

    /// A reference to a connection string, and what was found behind it.
    fn referring(mut self, found: Result<SecretValue, SecretProblem>) -> Self {
        let (name, key) = ("acs".to_owned(), "connection-string".to_owned());
        self = self.with(REFERENCE, json!({ "name": name, "key": key }));
        let state = found.as_ref().map_or(SecretState::Missing, |value| SecretState::There(value.version.clone()));
        self.resolved.secrets = vec![ResolvedSecret { leaf: CONNECTION_STRING, name, key, state, found }];
        self
    }

    fn on(mut self, platform: PlatformReference) -> Self {
        self.resolved.platform = platform;
        self
    }

    fn amid(mut self, scope_terminating: Option<bool>) -> Self {
        self.resolved.scope_terminating = scope_terminating;
        self
    }

    /// The platform did not keep what it was given so often, and left this.
    fn rewritten(mut self, count: u32, left: Vec<Change>) -> Self {
        self.rewrites = Rewrites { count, left: Some(rewrites::fingerprint(&left)) };
        self
    }

    /// After a pass that left the platform as it now is.
    fn after(mut self, held: &mut Held) -> Self {
        let outcome = pass(&self, held);
        let tenant = self.tenant();
        let hash = self.desired().hash.clone();
        let facts = facts(&tenant, Some(&hash), &Seen::Nothing);
        self.status = conclude(facts, outcome.map_err(Stopped::from)).status;
        self
    }

    /// After a first pass that created the tenant.
    fn settled(self) -> Self {
        self.after(&mut Held::nothing())
    }

    fn generation(&self) -> i64 {
        self.object["metadata"]["generation"].as_i64().unwrap()
    }

    fn tenant(&self) -> Tenant {
        Tenant { status: self.status.clone(), ..serde_json::from_value(self.object.clone()).unwrap() }
    }

    fn validate(&self) -> Intent {
        validate(&self.tenant(), self.resolved.clone(), self.today)
    }

    /// What is in the way before the platform is asked.
    fn blocked(&self) -> Stop {
        match self.validate() {
            Intent::Blocked(blocked) => blocked.stopped.stop,
            other => panic!("{other:?}"),
        }
    }

    fn desired(&self) -> Arc<Desired> {
        match self.validate() {
            Intent::Apply(desired) => desired,
            other => panic!("{other:?}"),
        }
    }

    /// The plan, or the first obstacle.
    fn plan(&self, observation: &Observation) -> Result<ApplyPlan, Stop> {
        self.plan_or_obstacles(observation).map_err(|stopped| stopped.stop)
    }

    fn plan_or_obstacles(&self, observation: &Observation) -> Result<ApplyPlan, Stopped> {
        match self.validate() {
            Intent::Apply(desired) => {
                let observed = Observed { tenant: observation.clone(), widget_secret: None };
                apply::plan(&self.tenant(), &desired, observed, &self.rewrites)
            }
            Intent::Blocked(blocked) => {
                Err(apply::blocked(&self.tenant(), &blocked, observation.clone(), &self.rewrites))
            }
            Intent::Delete(intent) => panic!("{intent:?}"),
        }
    }

    /// What a pass that stops comes to where the platform answers this.
    fn stopped(&self, observation: &Observation) -> Conclusion {
        let stopped = self.plan_or_obstacles(observation).unwrap_err();
        concluded_having_seen(self, &self.seen(observation), Err(stopped))
    }

    /// What a pass sees where the platform answers this.
    fn seen(&self, observation: &Observation) -> Seen {
        let desired = match self.validate() {
            Intent::Apply(desired) => Some(desired),
            Intent::Blocked(blocked) => blocked.to_observe,
            Intent::Delete(intent) => return Seen::leaving(&intent, observation),
        };
        desired.map(|desired| Seen::of(&self.tenant(), &desired, observation)).unwrap_or_default()
    }
}

fn put(tree: &mut Value, path: &str, value: Value) {
    *path.split('.').fold(tree, |at, name| &mut at[name]) = value;
}

fn found(version: &str) -> Result<SecretValue, SecretProblem> {
    Ok(SecretValue { version: version.into(), value: SECRET.into() })
}

/// What is known at the end of a pass.
fn facts<'f>(tenant: &'f Tenant, hash: Option<&'f SpecHash>, seen: &'f Seen) -> Facts<'f> {
    Facts {
        tenant,
        hash,
        seen,
        now: at(1000),
        reference_grace: Duration::from_secs(300),
        refresh_licenses: true,
        contended: false,
        rewrites: &Rewrites::NONE,
        platform: PLATFORM,
        environment: None,
        support: None,
        checked: None,
        context: Some("c"),
        fired: &[],
    }
}

/// The end of a pass, after proving the laws that hold in every situation.
fn concluded(given: &Given, outcome: Result<Outcome, Stop>) -> Conclusion {
    concluded_having_seen(given, &Seen::Nothing, outcome.map_err(Stopped::from))
}

/// The same after the platform answered.
fn concluded_having_seen(given: &Given, seen: &Seen, outcome: Result<Outcome, Stopped>) -> Conclusion {
    let intent = given.validate();
    let end = |given: &Given, second, refresh_licenses, outcome| {
        let (tenant, rewrites) = (given.tenant(), &given.rewrites);
        let facts = facts(&tenant, intent.hash(), seen);
        conclude(Facts { now: at(second), refresh_licenses, rewrites, ..facts }, outcome)
    };
    let first = end(given, 2000, true, outcome.clone());
    if let Some(status) = &first.status {
        keeps_the_laws(given, status);
        let then = Given { status: first.status.clone(), ..given.clone() };
        assert_eq!(end(&then, 2200, true, outcome.clone()).status, None, "the same again is no news");
        let later = end(&then, 2200, false, another_pass(outcome)).status;
        let conditions = later.map_or_else(|| status.conditions.clone(), |status| status.conditions);
        assert_eq!(conditions, status.conditions, "what changes with every pass stands in no condition");
    }
    first
}

fn keeps_the_laws(given: &Given, status: &TenantStatus) {
    let generation = given.generation();
    assert_eq!(status.observed_generation, generation);
    let before = given.status.clone().unwrap_or_default();
    for now in &status.conditions {
        let name = &now.type_;
        assert_eq!(now.observed_generation, Some(generation), "{name}");
        assert!(now.message.chars().count() <= MESSAGE, "{name}");
        assert!(!now.message.is_empty(), "{name}: {} {} says nothing", now.status, now.reason);
        messages::collect(name, &now.reason, &now.message);
        let was = before.conditions.iter().find(|was| was.type_ == *name && was.status == now.status);
        let expected = was.map_or(Time(at(2000)), |was| was.last_transition_time.clone());
        assert_eq!(now.last_transition_time, expected, "{name}: the time moves on a flip and only then");
    }
    let stated = |condition_type| condition::status(&status.conditions, condition_type);
    let (working, stuck) = (stated(ConditionType::Reconciling), stated(ConditionType::Stalled));
    assert!(working.is_none() || stuck.is_none(), "never both");
    assert!([working, stuck].iter().flatten().all(|status| *status == ConditionStatus::True), "only when true");
    if stated(ConditionType::Ready) == Some(ConditionStatus::True) {
        assert_eq!((working, stuck), (None, None), "neither when healthy");
    }
    assert!(!serde_json::to_string(status).unwrap().contains(SECRET), "no secret in a status");
}

/// The settings are as they are, and nothing else was done.
fn live(document: Arc<TenantDocument>, done: Done, difference: Difference) -> Outcome {
    Outcome::Live(Live { document, done, difference, side_effects: SideEffects::default() })
}

/// The same outcome as another pass sees it: other ids of requests, other waits, other numbers of use.
fn another_pass(outcome: Result<Outcome, Stopped>) -> Result<Outcome, Stopped> {
    let other = |error| match error {
        ApiError::Throttled { after } => ApiError::Throttled { after: after + Duration::from_secs(7) },
        ApiError::Refused(problem) => {
            ApiError::Refused(Problem { request_id: Some("r-another".to_owned()), ..problem })
        }
        other => other,
    };
    match outcome {
        Ok(Outcome::Live(Live { mut document, difference, mut side_effects, .. })) => {
            let changed = Arc::make_mut(&mut document);
            // What was fired is the last one from then on.
            for (trigger, _) in side_effects.fired.drain(..) {
                platform::given(&mut changed.runtime, &trigger);
            }
            changed.settings_version += "-later";
            for used in changed.runtime.used["users"].as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
                *used = used.as_i64().map_or(used.clone(), |number| json!(number + 1));
            }
            Ok(Outcome::Live(Live { document, done: Done::Nothing, difference, side_effects }))
        }
        Ok(Outcome::Deleting(wait)) => {
            let accepted = wait.accepted.map(|mut document| {
                let pending = Arc::make_mut(&mut document).runtime.deletion.as_mut();
                pending.into_iter().for_each(|pending| pending.services_pending += 5);
                document
            });
            Ok(Outcome::Deleting(DeletionWait { accepted, started: false, error: wait.error.map(other), ..wait }))
        }
        Err(Stopped { stop, others }) => {
            let stop = match stop {
                Stop::Unavailable(error) => Stop::Unavailable(other(error)),
                Stop::Rejected(problem) => {
                    Stop::Rejected(Problem { request_id: Some("r-another".to_owned()), ..problem })
                }
                stop => stop,
            };
            Err(Stopped { stop, others })
        }
        other => other,
    }
}

/// The stamp of a Tenant of this name.
fn stamp(name: &str) -> Stamp {
    Stamp::new("prod", "customers", name)
}

/// The conditions of a status, without messages and times.
fn verdict(status: &TenantStatus) -> Vec<String> {
    status.conditions.iter().map(|c| format!("{}={} {}", c.type_, c.status, c.reason)).collect()
}

/// What a condition says that happened.
fn message(status: &TenantStatus, condition_type: ConditionType) -> &str {
    let said = &condition::find(&status.conditions, condition_type).unwrap().message;
    said.rsplit_once(WHAT_TO_DO).map_or(said, |(happened, _)| happened)
}

/// The status that a pass writes.
fn written(given: &Given, outcome: Result<Outcome, Stop>) -> TenantStatus {
    concluded(given, outcome).status.expect("a status is written")
}
