//! `execute`: carries out a plan. The finalizer is written before the platform is, guarded by the UID; the answer proves that
//! the Tenant is as it was seen, and the pass goes on.

use std::time::Duration;

use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use super::observe::canonical;
use super::reconcile::Pass;
use super::widget_key;
use crate::admin_api::types::PendingDeletion;
use crate::admin_api::{ApiError, Client, Deletion, Lookup, TenantDocument, Write};
use crate::controller::context::Context;
use crate::controller::platform::deletion_rate::{self, Slot};
use crate::controller::{FIELD_MANAGER, in_use};
use crate::plan::deletion::{self, DeletionPlan, ReleaseOutcome, RetainReason};
use crate::plan::diff::diff;
use crate::plan::{Desired, Difference, Done, Intent, Observation, Outcome, Plan, Resolved, SideEffects, Stop};
use crate::resources::{FINALIZER, Partner, Platform, Reason, Tenant};

/// Carries out a plan.
///
/// *Errors*: why the spec is not live.
pub(crate) async fn execute(
    context: &Context,
    pass: &mut Pass,
    client: Result<&Client, ApiError>,
    resolved: &Resolved,
    intent: &Intent,
    observation: Observation,
    plan: Plan,
) -> Result<Outcome, Stop> {
    match (intent, plan) {
        (Intent::Delete(_), Plan::Delete(leave)) => {
            if matches!(leave, DeletionPlan::Delete(_)) {
                ensure_unchanged(context, &pass.tenant).await?;
            }
            execute_deletion(context, pass, client, leave).await
        }
        (Intent::Delete(_), _) | (_, Plan::Delete(_)) => Err(Stop::Bug("the plan does not fit the intent")),
        (Intent::Apply(desired), plan) => {
            let client = client.map_err(Stop::Unavailable)?;
            let (id, stamp) = (desired.tenant_id.to_string(), pass.stamp.to_string());
            let writer = Writer { client, desired, resolved, id, stamp };
            ensure_finalizer(context, pass).await?;
            let Saved { document, settings, done, difference, mut side_effects } =
                writer.save(observation, plan).await?;
            writer.fire(&document, &settings, &mut side_effects).await?;
            let rotated = side_effects.has_rotated();
            side_effects.key =
                widget_key::publish(context, &pass.tenant, &writer, &document, &settings, rotated).await?;
            Ok(Outcome::Live { document, done, difference, side_effects })
        }
    }
}

/// What a write needs.
pub(crate) struct Writer<'w> {
    pub(crate) client: &'w Client,
    pub(crate) desired: &'w Desired,
    resolved: &'w Resolved,
    pub(crate) id: String,
    pub(crate) stamp: String,
}

/// The settings are saved.
struct Saved {
    /// The platform's last answer.
    document: Box<TenantDocument>,
    /// Its settings in the canonical spelling.
    settings: Value,
    done: Done,
    /// What still differs.
    difference: Difference,
    side_effects: SideEffects,
}

impl Writer<'_> {
    async fn save(&self, observation: Observation, plan: Plan) -> Result<Saved, Stop> {
        let id = self.id.as_str();
        let nothing = SideEffects::default();
        match (plan, observation) {
            (Plan::Create { recreate, rotation, difference }, _) => {
                let body = difference.to_creation();
                let created = self.client.create(id, &self.stamp, body, recreate.as_deref(), rotation.as_deref()).await;
                self.live(created.map_err(|error| self.refused(error))?, Done::Created, &difference, nothing)
            }
            (Plan::Nothing { difference }, Observation::Exists { document, settings, .. }) => {
                Ok(Saved { document, settings, done: Done::Nothing, difference, side_effects: nothing })
            }
            (Plan::Save { claim, recorded, edited, difference }, Observation::Exists { document, .. }) => {
                let side_effects = self.record(&document, &recorded).await?;
                if claim {
                    self.client.claim(id, &self.stamp).await.map_err(|error| self.refused(error))?;
                }
                let done = match (claim, edited) {
                    (true, _) => Done::Adopted,
                    (false, true) => Done::Applied,
                    (false, false) => Done::Corrected,
                };
                if difference.is_empty() {
                    return self.live(*document, done, &difference, side_effects);
                }
                let write = Write { id, owner: &self.stamp, settings_version: &document.settings_version };
                let saved = self.client.patch(write, difference.to_body()).await;
                self.live(saved.map_err(|error| self.refused(error))?, done, &difference, side_effects)
            }
            _ => Err(Stop::Bug("the plan does not fit what was observed")),
        }
    }

    /// Compares the platform's answer with what was wanted: an answer of success is no proof of it.
    fn live(
        &self,
        document: TenantDocument,
        done: Done,
        written: &Difference,
        side_effects: SideEffects,
    ) -> Result<Saved, Stop> {
        let settings = canonical(&document.settings)
            .ok_or(Stop::Unavailable(ApiError::Unexpected { status: 200, what: "settings that cannot be read" }))?;
        let sent = written.sealed_after(&document.settings);
        let difference = diff(self.desired, &self.resolved.secrets, &sent, &settings, &document.restricted_paths);
        Ok(Saved { document: Box::new(document), settings, done, difference, side_effects })
    }

    /// What a failed write means.
    pub(crate) fn refused(&self, error: ApiError) -> Stop {
        match error {
            ApiError::Refused(problem) => match problem.slug.as_str() {
                "settings-changed" | "tenant-exists" | "tenant-deleted" | "tenant-not-found" => Stop::Raced,
                "owned-by-other" => {
                    Stop::OwnedByOther { stamp: problem.owner.unwrap_or_else(|| "an unnamed owner".to_owned()) }
                }
                "tenant-deleting" => Stop::TenantDeleting,
                _ => Stop::Rejected(problem),
            },
            error => Stop::Unavailable(error),
        }
    }
}

/// Holds what the Tenant refers to, then adds our finalizer to it, unless it is there. Others' are kept.
async fn ensure_finalizer(context: &Context, pass: &mut Pass) -> Result<(), Stop> {
    if let Some(platform) = &pass.platform {
        in_use::add_finalizer::<Platform>(context, &platform.metadata).await?;
    }
    if let Some(partner) = &pass.partner {
        in_use::add_finalizer::<Partner>(context, partner).await?;
    }
    let tenant = &pass.tenant;
    if tenant.finalizers().iter().any(|name| name == FINALIZER) {
        return Ok(());
    }
    // Adding the list to a Tenant that had none would replace the finalizers that others added since it was read.
    let as_seen = json!({ "op": "test", "path": "/metadata/finalizers", "value": tenant.metadata.finalizers });
    let add = match tenant.metadata.finalizers.as_deref() {
        None | Some([]) => json!({ "op": "add", "path": "/metadata/finalizers", "value": [FINALIZER] }),
        Some(_) => json!({ "op": "add", "path": "/metadata/finalizers/-", "value": FINALIZER }),
    };
    let patched = patch(context, tenant, vec![as_seen, add]).await?;
    let same =
        patched.metadata.generation == tenant.metadata.generation && patched.metadata.deletion_timestamp.is_none();
    pass.tenant = patched;
    // Edited or deleted since it was read: nothing may be done on the word of an older spec.
    if same { Ok(()) } else { Err(Stop::Raced) }
}

/// Reads the Tenant again before what cannot be undone: while the platform was asked, the confirmation may have been withdrawn
/// or the Tenant replaced.
async fn ensure_unchanged(context: &Context, tenant: &Tenant) -> Result<(), Stop> {
    let api = Api::<Tenant>::namespaced(context.client.clone(), &tenant.namespace().unwrap_or_default());
    let now = context.kubernetes(api.get_metadata(&tenant.name_any())).await?.metadata;
    let same = now.uid == tenant.metadata.uid && now.resource_version == tenant.metadata.resource_version;
    if same { Ok(()) } else { Err(Stop::Raced) }
}

/// Takes our finalizer off, guarded by the UID and its place.
///
/// *Errors*: `Raced` when the Tenant changed meanwhile.
pub(crate) async fn remove_finalizer(context: &Context, tenant: &Tenant) -> Result<(), Stop> {
    let Some(index) = tenant.finalizers().iter().position(|name| name == FINALIZER) else { return Ok(()) };
    let path = format!("/metadata/finalizers/{index}");
    let steps =
        vec![json!({ "op": "test", "path": path, "value": FINALIZER }), json!({ "op": "remove", "path": path })];
    let (api, params) = writing(context, tenant);
    // Only metadata comes back: it has to work for objects that cannot be read.
    Ok(context.kubernetes(api.patch_metadata(&tenant.name_any(), &params, &guarded(tenant, steps)?)).await.map(drop)?)
}

async fn patch(context: &Context, tenant: &Tenant, steps: Vec<Value>) -> Result<Tenant, Stop> {
    let (api, params) = writing(context, tenant);
    Ok(context.kubernetes(api.patch(&tenant.name_any(), &params, &guarded(tenant, steps)?)).await?)
}

fn writing(context: &Context, tenant: &Tenant) -> (Api<Tenant>, PatchParams) {
    let api = Api::namespaced(context.client.clone(), &tenant.namespace().unwrap_or_default());
    (api, PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() })
}

/// A JSON patch that is refused unless the object is the one that was looked at.
fn guarded(tenant: &Tenant, steps: Vec<Value>) -> Result<Patch<()>, Stop> {
    let mut all = vec![json!({ "op": "test", "path": "/metadata/uid", "value": tenant.uid() })];
    all.extend(steps);
    let patch: json_patch::Patch =
        serde_json::from_value(Value::Array(all)).map_err(|_| Stop::Bug("not a JSON patch"))?;
    Ok(Patch::Json(patch))
}

/// Carries out the plan for a Tenant that is being deleted. It leaves, or says for what it waits.
///
/// *Errors*: Kubernetes did not let the deletion be counted.
async fn execute_deletion(
    context: &Context,
    pass: &Pass,
    client: Result<&Client, ApiError>,
    leave: DeletionPlan,
) -> Result<Outcome, Stop> {
    let (timing, stamp) = (&context.options.timing, pass.stamp.to_string());
    Ok(match (leave, client) {
        (DeletionPlan::Off(release_outcome), _) => Outcome::Left(release_outcome),
        (DeletionPlan::Wait { reason, why, error }, _) => {
            Outcome::Waiting { deletion: None, reason, why, started: false, error }
        }
        (DeletionPlan::Await(deletion), _) => waits(deletion, false),
        (DeletionPlan::Release(tenant, retain_reason), Ok(client)) => {
            let most = if retain_reason == RetainReason::ScopeTerminating {
                timing.release_in_ending_namespace
            } else {
                timing.release
            };
            Outcome::Left(release(client, &tenant.to_string(), &stamp, retain_reason, most).await)
        }
        (DeletionPlan::Release(_, retain_reason), Err(_)) => Outcome::Left(ReleaseOutcome::StaleStamp(retain_reason)),
        (DeletionPlan::Delete(tenant), Ok(client)) => match slot(context, pass, &tenant.to_string()).await? {
            Slot::Taken => delete(client, &tenant.to_string(), &stamp).await,
            Slot::Wait(after) => rate_limited(after),
        },
        (DeletionPlan::Delete(_), Err(error)) => not_requested(error),
    })
}

/// As many were deleted in the last hour as the Platform allows. How long it takes is no part of the text, which must not change.
fn rate_limited(after: Duration) -> Outcome {
    let why = "the deletion is confirmed and waits: as many tenants of this Platform were deleted in the last hour as it allows";
    let (reason, error) = (Reason::DeletionRateLimited, Some(ApiError::Throttled { after }));
    Outcome::Waiting { deletion: None, reason, why: why.to_owned(), started: false, error }
}

/// A deletion without a Platform cannot be counted, and so is not asked for.
async fn slot(context: &Context, pass: &Pass, id: &str) -> Result<Slot, Stop> {
    let platform = pass.platform.as_deref().ok_or(Stop::Bug("a deletion without a Platform"))?;
    Ok(deletion_rate::take(context, platform, id).await?)
}

/// One attempt, whatever comes of it: a stale stamp heals, a Tenant that cannot be deleted does not.
async fn release(
    client: &Client,
    id: &str,
    stamp: &str,
    retain_reason: RetainReason,
    most: Duration,
) -> ReleaseOutcome {
    match tokio::time::timeout(most, client.release(id, stamp)).await {
        Ok(Ok(Some(document))) if document.runtime.deletion.is_some() => ReleaseOutcome::TooLate,
        Ok(Ok(_)) => ReleaseOutcome::Released(retain_reason),
        Ok(Err(ApiError::Refused(_))) => ReleaseOutcome::NeverOurs,
        Ok(Err(_)) | Err(_) => ReleaseOutcome::StaleStamp(retain_reason),
    }
}

/// Asks for the deletion and looks what came of it.
async fn delete(client: &Client, id: &str, stamp: &str) -> Outcome {
    match client.delete(id, stamp).await {
        Ok(Deletion::Gone) => Outcome::Left(ReleaseOutcome::Deleted),
        Err(error) if error.is("owned-by-other") => Outcome::Left(ReleaseOutcome::NeverOurs),
        Err(error) => not_requested(error),
        Ok(Deletion::Pending(accepted)) => match client.tenant(id).await {
            Ok(Lookup::Absent | Lookup::Tombstone { .. }) => Outcome::Left(ReleaseOutcome::Deleted),
            Ok(Lookup::Found(document)) => waits(document.runtime.deletion.unwrap_or_default(), true),
            Err(_) => waits(accepted.runtime.deletion.unwrap_or_default(), true),
        },
    }
}

fn waits(deletion: PendingDeletion, started: bool) -> Outcome {
    let services = (deletion.services_pending > 0).then_some("the services that are pending deletion");
    let script = deletion.script_pending.then_some("a run of the provisioning script");
    let waits: Vec<_> = [services, script].into_iter().flatten().collect();
    let why = match waits.as_slice() {
        [] => "the platform accepted the deletion and has not finished it".to_owned(),
        waits => format!("the platform accepted the deletion and waits for {}", waits.join(" and for ")),
    };
    Outcome::Waiting { deletion: Some(deletion), reason: Reason::Deleting, why, started, error: None }
}

fn not_requested(error: ApiError) -> Outcome {
    let why = deletion::not_requested(&error);
    Outcome::Waiting { deletion: None, reason: Reason::Deleting, why, started: false, error: Some(error) }
}
