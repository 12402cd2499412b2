//! The metrics of the objects that this operator serves, computed at a scrape from what the watches hold: no pass waits for them,
//! they say what the objects say, and they end with the objects.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{Resource, ResourceExt};

use super::context::Context;
use super::queue::{Lane, Pace};
use super::reconciled::Reconciled;
use crate::cluster::Guarded;
use crate::plan::outage::PlatformHealth;
use crate::resources::{CachedTenant, ConditionStatus, ConditionType, Partner, Platform, Reason, condition};
use crate::settings::leaves;
use crate::telemetry::metrics::{Samples, Source, table};

/// The word for what is not among those that this version knows.
const OTHER: &str = "other";
/// Where the settings of contingents stand.
const CONTINGENTS: &str = "licenses.contingents.";

impl Source for Context {
    fn collect(&self, samples: &mut Samples) {
        if !self.leadership.leads() {
            samples.stand_by();
        }
        let now = Instant::now();
        let queues = &self.queues;
        let tenants = Lane::ALL.map(|lane| (lane.as_str(), queues.tenants.depth(lane, now)));
        let others = [
            (Guarded::<Platform>::CONTROLLER, queues.platforms.depth_of_all(now)),
            (Guarded::<Partner>::CONTROLLER, queues.partners.depth_of_all(now)),
        ];
        for (lane, depth) in tenants.into_iter().chain(others) {
            samples.set(&table::QUEUE_DEPTH, &[lane], number(depth.waiting));
            samples.set(&table::QUEUE_OLDEST_AGE, &[lane], depth.oldest.as_secs_f64());
        }
        if let Some(in_force) = self.enforcement.in_force() {
            samples.set(&table::POLICIES_ENFORCED, &[], f64::from(u8::from(in_force)));
        }
        let Some(platforms) = self.platforms.all() else { return };
        let (ours, others): (Vec<_>, Vec<_>) =
            platforms.into_iter().partition(|platform| platform.spec.instance() == self.options.instance);
        samples.platforms(ours.iter().map(|platform| platform.name_any()).collect());
        ours.iter().for_each(|platform| collect_platform(self, samples, platform));
        let others: BTreeSet<String> = others.iter().map(|platform| platform.name_any()).collect();
        let is_served = |tenant: &CachedTenant| tenant.platform.as_deref().is_none_or(|name| !others.contains(name));
        if let Some(tenants) = self.fleet.tenants(is_served) {
            collect_tenants(self, samples, &tenants);
        }
    }
}

fn collect_platform(context: &Context, samples: &mut Samples, platform: &Platform) {
    let name = platform.name_any();
    samples.set(&table::PLATFORM_CONCURRENCY, &[&name], number(context.queues.tenants.limit(&name)));
    let Some(status) = &platform.status else { return };
    for (condition_type, condition) in known(&status.conditions) {
        let labels = [&name, condition_type.as_str(), &condition.status, reason(condition)];
        samples.set(&table::PLATFORM_CONDITION, &labels, 1.0);
    }
    if condition::status(&status.conditions, ConditionType::Ready).is_some() {
        let is_up = PlatformHealth::of(&name, Some(platform)).reason.is_none();
        samples.set(&table::PLATFORM_UP, &[&name], f64::from(u8::from(is_up)));
    }
    let found = context.platform_memory.get(&platform.metadata).notes.found.unwrap_or(status.orphans.len());
    samples.set(&table::ORPHANS, &[&name], number(found));
}

fn collect_tenants(context: &Context, samples: &mut Samples, tenants: &[Arc<CachedTenant>]) {
    let now = Timestamp::now();
    samples.set(&table::TENANTS, &[], number(tenants.len()));
    samples.set(&table::TENANTS_UNDECODABLE, &[], number(context.fleet.undecodable()));
    // None is a number, too.
    for metric in [
        &table::TENANTS_DELETING,
        &table::TENANTS_DELETING_OLDEST_AGE,
        &table::TENANTS_SCRIPT_PENDING,
        &table::TENANTS_SYNC_OVERDUE,
        &table::TENANTS_SYNC_OLDEST_AGE,
    ] {
        samples.set(metric, &[], 0.0);
    }
    let kinds = license_kinds();
    for tenant in tenants {
        collect_conditions(context, samples, tenant, now);
        if let Some(deleted) = &tenant.meta().deletion_timestamp {
            samples.add(&table::TENANTS_DELETING, &[], 1.0);
            samples.raise(&table::TENANTS_DELETING_OLDEST_AGE, &[], age(deleted.0, now).as_secs_f64());
        } else if !tenant.is_suspended {
            collect_sync(context, samples, tenant, now);
        }
        if context.options.metrics_per_tenant {
            collect_tenant(context, samples, tenant, &kinds);
        }
    }
}

fn collect_conditions(context: &Context, samples: &mut Samples, tenant: &CachedTenant, now: Timestamp) {
    let (namespace, name) = (tenant.namespace().unwrap_or_default(), tenant.name_any());
    for condition in &tenant.conditions {
        let reason = condition.reason.map_or(OTHER, Reason::as_str);
        let labels = [condition.condition_type.as_str(), condition.status.as_str(), reason];
        if context.options.metrics_per_tenant {
            let labels = [&labels[..], &[&namespace, &name]].concat();
            samples.set(&table::TENANT_CONDITION, &labels, 1.0);
        } else {
            samples.add(&table::TENANT_CONDITION, &labels, 1.0);
        }
        let age = age(condition.since, now).as_secs_f64();
        samples.raise(&table::TENANT_CONDITION_OLDEST_AGE, &labels[..2], age);
    }
    for (check, result) in &tenant.checks {
        samples.add(&table::TENANT_CHECKS, &[check.as_str(), result.as_str()], 1.0);
    }
    if tenant.is_script_pending {
        samples.add(&table::TENANTS_SCRIPT_PENDING, &[], 1.0);
    }
}

fn collect_sync(context: &Context, samples: &mut Samples, tenant: &CachedTenant, now: Timestamp) {
    let uid = tenant.uid().unwrap_or_default();
    let Some(sync) = context.syncs.of(&uid).filter(|sync| !sync.stopped) else { return };
    // Before it led, another operator did it.
    let since = sync.last.unwrap_or(sync.seen.max(context.options.telemetry.metrics.leads_since()));
    let pace = Pace::new(&uid, tenant.sync_interval_seconds, &context.options.timing);
    let (age, interval) = (age(since, now), pace.sync());
    samples.raise(&table::TENANTS_SYNC_OLDEST_AGE, &[], age.as_secs_f64());
    if age > interval * 2 {
        samples.add(&table::TENANTS_SYNC_OVERDUE, &[], 1.0);
    }
}

fn collect_tenant(context: &Context, samples: &mut Samples, tenant: &CachedTenant, kinds: &BTreeSet<&str>) {
    let (namespace, name) = (tenant.namespace().unwrap_or_default(), tenant.name_any());
    let last = context.syncs.of(&tenant.uid().unwrap_or_default()).and_then(|sync| sync.last);
    if let Some(last) = last {
        let seconds = last.as_duration().as_secs_f64();
        samples.set(&table::TENANT_LAST_SYNC, &[&namespace, &name], seconds);
    }
    for license in &tenant.licenses {
        let kind = kinds.get(&*license.kind).copied().unwrap_or(OTHER);
        let labels = [namespace.as_str(), &name, kind];
        samples.add(&table::TENANT_LICENSES_USED, &labels, whole(license.used));
        if let Some(contingent) = license.contingent {
            samples.add(&table::TENANT_LICENSES_CONTINGENT, &labels, whole(contingent));
        }
    }
}

/// The kinds of licenses that settings name. The others of a platform, however many, are one.
fn license_kinds() -> BTreeSet<&'static str> {
    leaves().filter_map(|leaf| leaf.path.strip_prefix(CONTINGENTS)).collect()
}

/// The conditions whose type and status this version knows.
fn known(conditions: &[Condition]) -> BTreeMap<ConditionType, &Condition> {
    let of_type = |condition_type| {
        let found = condition::find(conditions, condition_type)?;
        ConditionStatus::ALL.iter().any(|status| status.as_str() == found.status).then_some((condition_type, found))
    };
    ConditionType::ALL.into_iter().filter_map(of_type).collect()
}

/// The reason of a condition, if this version knows it.
fn reason(condition: &Condition) -> &'static str {
    let mut reasons = Reason::REASONS.iter().chain(Reason::TENANT_STATES);
    reasons.find(|reason| reason.as_str() == condition.reason).map_or(OTHER, |reason| reason.as_str())
}

fn age(since: Timestamp, now: Timestamp) -> Duration {
    // Clocks differ: what lies ahead is of now.
    Duration::try_from(now.duration_since(since)).unwrap_or_default()
}

fn number(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

fn whole(count: i64) -> f64 {
    i32::try_from(count).map_or(f64::MAX, f64::from)
}
