//! One Tenant after the other through the operator's own steps: resolve from the files, validate, observe, plan.

use futures::StreamExt;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use kube::ResourceExt;
use secrecy::SecretString;
use serde_json::json;

use super::view::{Action, FleetPlan, TenantPlan, rows};
use crate::admin_api::{ApiError, Client, Lookup};
use crate::cli::files::objects::Objects;
use crate::controller::secret_value;
use crate::plan::apply::{self, Write};
use crate::plan::diff::{Constraints, diff};
use crate::plan::outage::PlatformHealth;
use crate::plan::{
    ApplyPlan, Desired, Difference, Intent, NoPartner, Observation, Observed, Owner, PlatformReference, Resolved,
    ResolvedPartner, ResolvedSecret, Rewrites, SecretState, SecretValue, Snapshot, Stop, Stopped, triggers, validate,
};
use crate::resources::{SecretVersion, Stamp, Tenant};
use crate::settings::{SealedRef, Trigger};

/// How many Tenants are asked about at a time.
const AT_A_TIME: usize = 8;
/// A cluster that no operator can have, so that no tenant counts as managed by it.
const NO_CLUSTER: &str = "-";

/// What a plan is made of.
pub struct Planner<'p> {
    client: &'p Client,
    objects: &'p Objects,
    cluster_id: Option<&'p str>,
    today: Date,
}

impl<'p> Planner<'p> {
    /// A planner of these objects.
    pub fn new(client: &'p Client, objects: &'p Objects, cluster_id: Option<&'p str>) -> Self {
        let now = client.platform_time().unwrap_or_else(Timestamp::now);
        Self { client, objects, cluster_id, today: now.to_zoned(TimeZone::UTC).date() }
    }

    /// The plan of all Tenants, in their order.
    pub async fn fleet(&self) -> FleetPlan {
        let plans = futures::stream::iter(&self.objects.tenants).map(|tenant| self.tenant(tenant));
        FleetPlan { tenants: plans.buffered(AT_A_TIME).collect().await }
    }

    async fn tenant(&self, tenant: &Tenant) -> TenantPlan {
        let mut notes = vec![];
        let id = tenant.spec.settings.general.tenant_id.as_str().to_owned();
        let cluster = self.cluster_id.unwrap_or(NO_CLUSTER);
        let stamp = Stamp::new(cluster, &tenant.namespace().unwrap_or_default(), &tenant.name_any());
        let resolved = self.resolve(tenant, stamp, &mut notes);
        let mut view = TenantPlan {
            namespace: tenant.namespace().unwrap_or_default(),
            name: tenant.name_any(),
            tenant_id: id,
            action: Action::Nothing,
            rows: vec![],
            hidden: vec![],
            obstacles: vec![],
            notes,
        };
        match validate(tenant, resolved, self.today) {
            Intent::Apply(desired) => {
                let observed = self.observe(&desired, &mut view.notes).await;
                let decided = apply::plan(tenant, &desired, observed.clone(), &Rewrites::default());
                match decided {
                    Ok(plan) => planned(&plan, &desired, &observed.tenant, &mut view),
                    Err(stopped) => blocked(&stopped, Some(desired.as_ref()), &observed.tenant, tenant, &mut view),
                }
            }
            Intent::Blocked(intent) => {
                let observation = match &intent.to_observe {
                    Some(desired) => self.observe(desired, &mut view.notes).await.tenant,
                    None => Observation::Absent { restricted: vec![] },
                };
                let stopped = match &intent.to_observe {
                    Some(_) => apply::blocked(tenant, &intent, observation.clone(), &Rewrites::default()),
                    None => intent.stopped.clone(),
                };
                blocked(&stopped, intent.to_observe.as_deref(), &observation, tenant, &mut view);
            }
            // A file cannot say that an object is being deleted.
            Intent::Delete(_) => view.notes.push("the Tenant is being deleted".to_owned()),
        }
        view
    }

    /// The references of a Tenant, as far as the files have them.
    fn resolve(&self, tenant: &Tenant, stamp: Stamp, notes: &mut Vec<String>) -> Resolved {
        let mapped = tenant.spec.settings.to_wire();
        let partner = mapped.partner.map(|name| match self.objects.partners.get(&name) {
            Some(partner) => ResolvedPartner::of(name, partner, &tenant.spec.platform_ref.name),
            None => {
                notes.push(format!("Partner {name} is not among the files"));
                ResolvedPartner::unknown(name, NoPartner::Missing)
            }
        });
        let is_off = |sealed: &SealedRef| {
            sealed.leaf.switches().any(|toggle| toggle.find(&mapped.settings) == Some(&json!(false)))
        };
        let needed = mapped.sealed.into_iter().filter(|sealed| !is_off(sealed));
        let secrets = needed.map(|sealed| self.secret(sealed, &stamp.namespace, notes)).collect();
        let (platform, policies_lacking) = (PlatformReference::Found, String::new());
        Resolved { stamp, platform, partner, secrets, policies_lacking, scope_terminating: None }
    }

    /// A Secret that is not among the files is taken for one that is there: it need not be in git.
    fn secret(&self, sealed: SealedRef, namespace: &str, notes: &mut Vec<String>) -> ResolvedSecret {
        let SealedRef { leaf, reference } = sealed;
        let name = reference.name;
        let found = match self.objects.secrets.get(&(namespace.to_owned(), name.clone())) {
            Some(secret) => secret_value(secret, &reference.key),
            None => {
                notes.push(format!(
                    "Secret {name} is not among the files; it is taken for granted that it has the key {}",
                    reference.key
                ));
                Ok(SecretValue { version: SecretVersion::from("unknown"), value: SecretString::from("") })
            }
        };
        let state = SecretState::There(SecretVersion::from("unknown"));
        ResolvedSecret { leaf, name, key: reference.key, state, found }
    }

    async fn observe(&self, desired: &Desired, notes: &mut Vec<String>) -> Observed {
        let tenant = match self.client.tenant(desired.target.tenant).await {
            Ok(Lookup::Found(document)) => match Snapshot::read(document.into()) {
                Some(snapshot) => self.exists(snapshot, desired, notes),
                None => Observation::Unknown(self.client.malformed_settings()),
            },
            Ok(Lookup::Absent) => self
                .restricted()
                .await
                .map_or_else(Observation::Unknown, |restricted| Observation::Absent { restricted }),
            Ok(Lookup::Tombstone { deletion_id }) => {
                let restricted = self.restricted().await;
                restricted
                    .map_or_else(Observation::Unknown, |restricted| Observation::Tombstone { deletion_id, restricted })
            }
            Err(error) => Observation::Unknown(error),
        };
        Observed { tenant, widget_secret: None }
    }

    async fn restricted(&self) -> Result<Vec<String>, ApiError> {
        Ok(self.client.capabilities().await?.restricted_paths.clone())
    }

    /// Whose the tenant is. Whether the Tenant of another stamp still exists only its cluster knows.
    fn exists(&self, snapshot: Snapshot, desired: &Desired, notes: &mut Vec<String>) -> Observation {
        let ours = &desired.target.stamp;
        let is_ours = |stamp: &Stamp| match self.cluster_id {
            Some(_) => stamp == ours,
            None => (&stamp.namespace, &stamp.name) == (&ours.namespace, &ours.name),
        };
        let stamps = [&snapshot.document.owner, &snapshot.document.last_owner];
        let [owner, last] = stamps.map(|text| text.as_deref().and_then(Stamp::parse).filter(is_ours));
        let owner = match (&snapshot.document.owner, owner, last) {
            (Some(_), Some(stamp), _) | (None, _, Some(stamp)) => {
                if self.cluster_id.is_none() {
                    notes.push(format!(
                        "the tenant carries the stamp {stamp}, which is taken for that of this Tenant: set --cluster-id"
                    ));
                }
                if snapshot.document.owner.is_some() { Owner::Ours } else { Owner::OursLast }
            }
            (None, _, None) => Owner::Free,
            (Some(other), None, _) => Owner::Other(other.clone()),
        };
        Observation::Exists { snapshot, owner }
    }
}

fn planned(plan: &ApplyPlan, desired: &Desired, observation: &Observation, view: &mut TenantPlan) {
    let (action, difference) = match (&plan.write, &plan.claim) {
        (Write::Create { recreate: None, difference, .. }, _) => (Action::Create, difference),
        (Write::Create { recreate: Some(_), difference, .. }, _) => (Action::Recreate, difference),
        (Write::Patch { difference, .. } | Write::Nothing { difference, .. }, Some(_)) => (Action::Adopt, difference),
        (Write::Patch { difference, .. }, None) => (Action::Change, difference),
        (Write::Nothing { difference, .. }, None) if difference.differing().is_empty() => (Action::Nothing, difference),
        (Write::Nothing { difference, .. }, None) => (Action::Report, difference),
    };
    view.action = action;
    show(difference, view);
    due(desired, observation, view);
}

/// The triggers that would fire.
fn due(desired: &Desired, observation: &Observation, view: &mut TenantPlan) {
    let Observation::Exists { snapshot, owner: Owner::Ours } = observation else { return };
    let (due, _) = triggers::due(desired, &snapshot.settings, &snapshot.document.runtime);
    if view.action == Action::Nothing && !due.is_empty() {
        view.action = Action::Change;
    }
    view.notes.extend(due.iter().map(|trigger| match trigger {
        Trigger::Rotation { .. } => "the widget key is rotated: the old one ends at once".to_owned(),
        Trigger::TestMessage { .. } => "a test message is sent".to_owned(),
    }));
}

fn show(difference: &Difference, view: &mut TenantPlan) {
    view.rows = rows(difference);
    view.hidden.clone_from(&difference.hidden);
}

fn blocked(
    stopped: &Stopped,
    desired: Option<&Desired>,
    observation: &Observation,
    tenant: &Tenant,
    view: &mut TenantPlan,
) {
    let health = PlatformHealth { name: &tenant.spec.platform_ref.name, reason: None };
    view.obstacles = stopped
        .all()
        .map(|stop| {
            let disposition = stop.disposition(health);
            (disposition.reason.as_str().to_owned(), disposition.message)
        })
        .collect();
    let is_unknown = |stop: &Stop| matches!(stop, Stop::Unavailable(_) | Stop::PlatformChanged(_));
    view.action = if stopped.all().any(is_unknown) { Action::Unknown } else { Action::Blocked };
    // Of the tenant of another nothing else is said.
    let may_show =
        |stop: &Stop| !matches!(stop, Stop::OwnedByOther { .. } | Stop::OtherPartner(_) | Stop::NotTakenOver { .. });
    let Some(desired) = desired.filter(|_| stopped.all().all(may_show)) else { return };
    match observation {
        Observation::Exists { snapshot, .. } => {
            show(&diff(desired, &[], &snapshot.settings, Constraints::from(snapshot.document.as_ref())), view);
        }
        Observation::Absent { restricted } | Observation::Tombstone { restricted, .. } => {
            show(&diff(desired, &[], &json!({}), Constraints { restricted, moved: &[] }), view);
        }
        Observation::Unknown(_) => {}
    }
}
