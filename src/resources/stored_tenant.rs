//! How a Tenant of the watch cache is read: straight from a watch event. Neither the settings nor `managedFields` become a tree, and a
//! Tenant that cannot be decoded as a whole is cached, too, as far as its parts can be read.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::core::ObjectMeta;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::GROUP;
use super::cached_tenant::{CachedCondition, CachedDeletion, CachedLicense, CachedPlatformTenant, CachedTenant};
use super::check::{CheckName, CheckResult};
use super::condition_type::{ConditionStatus, ConditionType};
use super::lenient::{Lean, Lenient, lenient_object, value};
use super::reason::Reason;
use crate::settings::TenantId;

impl<'de> Deserialize<'de> for CachedTenant {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Stored { metadata, spec: Lean(spec), status: Lean(status) } = Stored::deserialize(deserializer)?;
        Ok(Self {
            metadata: metadata.into(),
            platform: spec.platform_ref.name,
            partner: spec.partner.partner_ref.name.filter(|_| spec.partner.unassigned.is_none()),
            tenant_id: spec.general.tenant_id,
            is_suspended: spec.suspend == Some(true),
            sync_interval_seconds: spec.sync_interval_seconds,
            observed_generation: status.observed_generation,
            is_applied: status.applied.0,
            deletion: status.deletion.and_then(|deletion| deletion.of(status.platform_tenant.as_ref()?)).map(Box::new),
            platform_tenant: status.platform_tenant,
            platform_id: status.platform_id,
            conditions: status.conditions.into_iter().filter_map(StoredCondition::known).collect(),
            checks: status.checks.into_iter().filter_map(|check| Some((check.name?, check.result?))).collect(),
            licenses: status.licenses.into_iter().filter_map(StoredLicense::known).collect(),
            is_script_pending: status.provisioning_script.pending == Some(true),
        })
    }
}

#[derive(Deserialize)]
struct Stored {
    metadata: Metadata,
    #[serde(default)]
    spec: Lean<Spec>,
    #[serde(default)]
    status: Lean<Status>,
}

/// The members of `ObjectMeta` that are kept. The API server lets no other shape of them pass.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    generation: Option<i64>,
    deletion_timestamp: Option<Time>,
    finalizers: Option<Vec<String>>,
    #[serde(default, deserialize_with = "annotations_of_our_group")]
    annotations: Option<BTreeMap<String, String>>,
}

impl From<Metadata> for ObjectMeta {
    fn from(kept: Metadata) -> Self {
        Self {
            name: kept.name,
            namespace: kept.namespace,
            uid: kept.uid,
            resource_version: kept.resource_version,
            generation: kept.generation,
            deletion_timestamp: kept.deletion_timestamp,
            finalizers: kept.finalizers,
            annotations: kept.annotations,
            ..Self::default()
        }
    }
}

/// Annotations of others, such as the whole object as it was last applied, are skipped.
fn annotations_of_our_group<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<BTreeMap<String, String>>, D::Error> {
    struct Ours;
    impl<'de> Visitor<'de> for Ours {
        type Value = Option<BTreeMap<String, String>>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("annotations")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<Self::Value, A::Error> {
            let mut ours = BTreeMap::new();
            while let Some(name) = all.next_key::<String>()? {
                if name.starts_with(GROUP) {
                    ours.insert(name, all.next_value()?);
                } else {
                    all.next_value::<IgnoredAny>()?;
                }
            }
            Ok(Some(ours).filter(|ours| !ours.is_empty()))
        }
    }
    deserializer.deserialize_any(Ours)
}

lenient_object! {
    /// What is read of a spec.
    Spec {
        "platformRef" => platform_ref: Named,
        "partner" => partner: PartnerTab,
        "general" => general: General,
        "suspend" => suspend: Option<bool>,
        "syncIntervalSeconds" => sync_interval_seconds: Option<i64>,
    }
}

lenient_object! {
    /// A reference.
    Named { "name" => name: Option<Box<str>>, }
}

lenient_object! {
    /// The tab with the partner.
    PartnerTab { "partnerRef" => partner_ref: Named, "unassigned" => unassigned: Option<bool>, }
}

lenient_object! {
    /// The first tab.
    General { "tenantId" => tenant_id: Option<TenantId>, }
}

lenient_object! {
    /// What is read of a status.
    Status {
        "observedGeneration" => observed_generation: Option<i64>,
        "applied" => applied: Present,
        "platformId" => platform_id: Option<Box<str>>,
        "platformTenant" => platform_tenant: Option<CachedPlatformTenant>,
        "conditions" => conditions: Vec<StoredCondition>,
        "checks" => checks: Vec<StoredCheck>,
        "licenses" => licenses: Vec<StoredLicense>,
        "provisioningScript" => provisioning_script: Script,
        "deletion" => deletion: Option<StoredDeletion>,
    }
}

lenient_object! {
    /// A condition as it is stored.
    StoredCondition {
        "type" => condition_type: Option<ConditionType>,
        "status" => status: Option<ConditionStatus>,
        "reason" => reason: Option<Reason>,
        "lastTransitionTime" => last_transition_time: Option<Timestamp>,
    }
}

lenient_object! {
    /// A check as it is stored.
    StoredCheck { "name" => name: Option<CheckName>, "result" => result: Option<CheckResult>, }
}

lenient_object! {
    /// Licenses as they are stored.
    StoredLicense {
        "kind" => kind: Option<Box<str>>,
        "used" => used: Option<i64>,
        "contingent" => contingent: Option<i64>,
    }
}

lenient_object! {
    /// The provisioning script.
    Script { "pending" => pending: Option<bool>, }
}

/// Whether there is an object.
#[derive(Default)]
struct Present(bool);

impl Lenient for Present {
    fn take_object(&mut self) {
        self.0 = true;
    }
}

/// A deletion as it is stored.
#[derive(Default)]
struct StoredDeletion {
    requested_at: Option<Timestamp>,
}

impl Lenient for Option<StoredDeletion> {
    const MEMBERS: &'static [&'static str] = &["requestedAt"];

    fn take_object(&mut self) {
        *self = Some(StoredDeletion::default());
    }

    fn take_member<'de, A: MapAccess<'de>>(&mut self, _: &'static str, members: &mut A) -> Result<(), A::Error> {
        self.get_or_insert_default().requested_at = value(members)?;
        Ok(())
    }
}

impl StoredDeletion {
    fn of(self, tenant: &CachedPlatformTenant) -> Option<CachedDeletion> {
        let partner_id = tenant.partner_id.clone();
        Some(CachedDeletion { requested_at: self.requested_at, tenant_id: tenant.id?, partner_id })
    }
}

impl Lenient for Option<CachedPlatformTenant> {
    const MEMBERS: &'static [&'static str] = &["id", "partner"];

    fn take_object(&mut self) {
        *self = Some(CachedPlatformTenant { id: None, partner_id: Box::default() });
    }

    fn take_member<'de, A: MapAccess<'de>>(&mut self, name: &'static str, members: &mut A) -> Result<(), A::Error> {
        let Some(tenant) = self else { return members.next_value::<IgnoredAny>().map(drop) };
        if name == "id" {
            tenant.id = value(members)?;
        } else {
            tenant.partner_id = value::<Option<Box<str>>, A>(members)?.unwrap_or_default();
        }
        Ok(())
    }
}

impl StoredCondition {
    fn known(self) -> Option<CachedCondition> {
        let Self { condition_type, status, reason, last_transition_time } = self;
        let since = last_transition_time.unwrap_or_default();
        Some(CachedCondition { condition_type: condition_type?, status: status?, reason, since })
    }
}

impl StoredLicense {
    fn known(self) -> Option<CachedLicense> {
        Some(CachedLicense { kind: self.kind?, used: self.used?, contingent: self.contingent })
    }
}

impl Lenient for Option<TenantId> {
    fn take_text(&mut self, text: &str) {
        *self = TenantId::parse(text);
    }
}

/// Reads a word of a closed list; another word is none of them.
macro_rules! lenient_words {
    ($($type:ty: $all:expr;)+) => {
        $(impl Lenient for Option<$type> {
            fn take_text(&mut self, text: &str) {
                let mut all = $all;
                *self = all.find(|known| known.as_str() == text);
            }
        })+
    };
}

lenient_words! {
    ConditionType: ConditionType::ALL.into_iter();
    ConditionStatus: ConditionStatus::ALL.into_iter();
    CheckName: CheckName::ALL.into_iter();
    Reason: Reason::REASONS.iter().chain(Reason::TENANT_STATES).copied();
}

impl Lenient for Option<CheckResult> {
    fn take_text(&mut self, text: &str) {
        let known = CheckResult::ALL.into_iter().find(|known| known.as_str() == text);
        *self = Some(known.unwrap_or(CheckResult::Unknown));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use std::mem::{size_of, size_of_val};

    use kube::Resource;
    use serde_json::{Value, from_str, from_value, json};

    use super::*;
    use crate::resources::{Tenant, TenantStatus, condition};

    /// The most that one Tenant may take in the cache.
    const MOST: usize = 4608;
    const ID: &str = "44444444-0d3e-4f5a-8b7c-9d0e1f2a3b4c";

    fn cached(object: &Value) -> CachedTenant {
        from_str(&object.to_string()).unwrap()
    }

    /// A Tenant with the longest names, every condition, every check, and as many licenses as a platform sells.
    fn largest() -> Value {
        let condition = |kind: ConditionType| {
            json!({
                "type": kind.as_str(), "status": "False", "reason": "PlatformRewritesValue", "message": "x".repeat(1024),
                "observedGeneration": 7, "lastTransitionTime": "2026-01-01T00:00:00Z"
            })
        };
        let license = |number: usize| json!({ "kind": format!("users.contactCenter{number}"), "used": 7, "contingent": 9, "overused": false });
        let managed: Vec<_> =
            (0..5).map(|_| json!({ "manager": "x", "fieldsV1": { "f:spec": { "f:general": {} } } })).collect();
        json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant",
            "metadata": {
                "name": "n".repeat(253), "namespace": "s".repeat(63), "uid": ID, "resourceVersion": "18446744073709551615",
                "generation": 7, "deletionTimestamp": "2026-01-01T00:00:00Z", "creationTimestamp": "2026-01-01T00:00:00Z",
                "finalizers": ["nimbus.luware.com/tenant", "f".repeat(63)],
                "labels": { "team": "x".repeat(63) }, "managedFields": managed,
                "annotations": {
                    "kubectl.kubernetes.io/last-applied-configuration": "x".repeat(4000),
                    "nimbus.luware.com/reconcile-requested-at": "2026-01-01T00:00:00Z",
                    "nimbus.luware.com/check-requested-at": "2026-01-01T00:00:00Z",
                    "nimbus.luware.com/abandon": ID,
                }
            },
            "spec": {
                "platformRef": { "name": "p".repeat(63) }, "suspend": true, "syncIntervalSeconds": 600,
                "partner": { "partnerRef": { "name": "q".repeat(63) } },
                "general": { "name": "Contoso", "o365Domain": "c.onmicrosoft.com", "tenantId": ID.to_uppercase() },
                "extensions": { "interact": { "enabled": true } }
            },
            "status": {
                "observedGeneration": 6, "applied": { "generation": 6, "hash": "aa", "settingsVersion": "v7" }, "platformId": "e".repeat(64),
                "platformTenant": { "id": ID, "state": "Active", "partner": "north" },
                "conditions": ConditionType::ALL.map(condition),
                "checks": CheckName::ALL.map(|name| json!({ "name": name, "result": "Failed", "message": "x".repeat(1024) })),
                "licenses": (0..20).map(license).collect::<Vec<_>>(),
                "provisioningScript": { "pending": true, "pendingChanges": [] },
                "deletion": { "servicesPending": 1, "scriptPending": true, "requestedAt": "2026-01-01T00:00:00Z" }
            }
        })
    }

    /// The bytes that a Tenant takes, by the capacity of all that it owns.
    fn bytes(tenant: &CachedTenant) -> usize {
        let meta = tenant.meta();
        let texts = [&meta.name, &meta.namespace, &meta.uid, &meta.resource_version].into_iter().flatten();
        let finalizers = meta.finalizers.iter().flatten();
        let annotations = meta.annotations.iter().flatten().flat_map(|(name, value)| [name, value]);
        let in_strings: usize = texts.chain(finalizers.clone()).chain(annotations).map(String::capacity).sum();
        let in_lists = meta.finalizers.as_ref().map_or(0, |list| list.capacity() * size_of::<String>());
        // A map of up to eleven is one node.
        let in_maps = meta.annotations.iter().map(|_| 11 * 2 * size_of::<String>() + 16).sum::<usize>();
        let kinds = tenant.licenses.iter().map(|license| &license.kind);
        let partner_id = tenant.deletion.iter().map(|deletion| &deletion.partner_id);
        let partner_id = partner_id.chain(tenant.platform_tenant.iter().map(|tenant| &tenant.partner_id));
        let names = [&tenant.platform, &tenant.partner, &tenant.platform_id].into_iter().flatten();
        let in_names: usize = names.chain(kinds).chain(partner_id).map(|name| name.len()).sum();
        let in_slices =
            size_of_val(&*tenant.conditions) + size_of_val(&*tenant.checks) + size_of_val(&*tenant.licenses);
        let in_boxes = tenant.deletion.as_deref().map_or(0, size_of_val);
        size_of::<CachedTenant>() + in_strings + in_lists + in_maps + in_names + in_slices + in_boxes
    }

    #[test]
    fn the_largest_tenant_takes_a_few_kilobytes() {
        let tenant = cached(&largest());
        let bytes = bytes(&tenant);
        assert!(bytes <= MOST, "{bytes}");
        assert!(bytes > size_of::<CachedTenant>() + 253 + 20 * size_of::<CachedLicense>(), "{bytes}: all is counted");
        let meta = tenant.meta();
        assert_eq!(meta.annotations.as_ref().unwrap().len(), 3, "those of others are left out");
        assert_eq!((&meta.labels, &meta.managed_fields), (&None, &None));
    }

    /// The members that are kept say what the whole Tenant says.
    #[test]
    fn a_cached_tenant_says_what_the_tenant_says() {
        let whole: Tenant = from_value(largest()).unwrap();
        let tenant = cached(&largest());
        let (meta, kept) = (&whole.metadata, tenant.meta());
        assert_eq!((&meta.name, &meta.namespace, &meta.uid), (&kept.name, &kept.namespace, &kept.uid));
        assert_eq!((&meta.resource_version, meta.generation), (&kept.resource_version, kept.generation));
        assert_eq!((&meta.deletion_timestamp, &meta.finalizers), (&kept.deletion_timestamp, &kept.finalizers));
        assert_eq!(tenant.platform.as_deref(), Some(whole.spec.platform_ref.name.as_str()));
        assert_eq!(tenant.partner.as_deref(), whole.spec.settings.partner.as_ref().unwrap().assigned().unwrap());
        assert_eq!(tenant.tenant_id, TenantId::parse(whole.spec.settings.general.tenant_id.as_str()));
        assert!(tenant.is_suspended && tenant.is_script_pending);
        assert_eq!(tenant.sync_interval_seconds, whole.spec.sync_interval_seconds.map(i64::from));
        let status: TenantStatus = whole.status.unwrap();
        assert_eq!(tenant.observed_generation, Some(status.observed_generation));
        assert_eq!(tenant.is_applied, status.applied.is_some());
        assert_eq!(tenant.platform_id.as_deref(), status.platform_id.as_deref());
        for condition_type in ConditionType::ALL {
            let condition = condition::find(&status.conditions, condition_type).unwrap();
            let kept = tenant.condition(condition_type).unwrap();
            assert_eq!(Some(kept.status), condition::status(&status.conditions, condition_type));
            assert_eq!(kept.reason.map(Reason::as_str), Some(condition.reason.as_str()));
            assert_eq!(kept.since, condition.last_transition_time.0);
        }
        let checks: Vec<_> = status.checks.iter().map(|check| (check.name, check.result)).collect();
        assert_eq!(*tenant.checks, *checks);
        let licenses = status.licenses.iter().map(|license| (license.kind.as_str(), license.used, license.contingent));
        let kept = tenant.licenses.iter().map(|license| (&*license.kind, license.used, license.contingent));
        assert!(licenses.eq(kept));
        let (on_platform, kept) = (status.platform_tenant.unwrap(), tenant.platform_tenant.as_ref().unwrap());
        assert_eq!(
            (kept.id, Some(&*kept.partner_id)),
            (TenantId::parse(&on_platform.id), on_platform.partner.as_deref())
        );
        let deletion = tenant.deletion.as_deref().unwrap();
        assert_eq!(deletion.requested_at.unwrap().to_string(), status.deletion.unwrap().requested_at.unwrap());
        assert_eq!((deletion.tenant_id.to_string().as_str(), &*deletion.partner_id), (ID, "north"));
    }

    #[test]
    fn a_tenant_that_cannot_be_decoded_is_cached() {
        let mut object = largest();
        object["spec"]["extensions"]["interact"]["enabled"] = json!("yes");
        object["spec"]["suspend"] = json!({});
        assert!(from_value::<Tenant>(object.clone()).is_err());
        let tenant = cached(&object);
        assert!(tenant.platform.is_some() && !tenant.is_suspended && !tenant.is_undecodable());
        object["status"]["conditions"][0]["reason"] = json!("Undecodable");
        assert!(cached(&object).is_undecodable(), "its status says so");
        for part in ["spec", "status"] {
            for shape in [json!(null), json!("text"), json!([1]), json!({ "platformRef": 7, "conditions": "none" })] {
                object[part] = shape.clone();
                assert_eq!(cached(&object).meta().uid.as_deref(), Some(ID), "{part} {shape}");
            }
        }
        assert!(from_value::<CachedTenant>(json!({ "spec": {} })).is_err(), "without metadata it is no object");
    }

    #[test]
    fn words_of_another_version_are_left_out() {
        let mut object = largest();
        object["status"]["conditions"][0]["reason"] = json!("Tired");
        object["status"]["conditions"][1]["type"] = json!("Mood");
        object["status"]["checks"] =
            json!([{ "name": "Weather", "result": "Passed" }, { "name": "Licensed", "result": "Fair" }]);
        let tenant = cached(&object);
        assert_eq!(tenant.condition(ConditionType::Ready).map(|ready| ready.reason), Some(None));
        assert_eq!(tenant.conditions.len(), ConditionType::ALL.len() - 1);
        assert_eq!(*tenant.checks, [(CheckName::Licensed, CheckResult::Unknown)]);
    }

    #[test]
    fn a_partner_that_is_taken_off_is_none() {
        let mut object = largest();
        object["spec"]["partner"] = json!({ "unassigned": true });
        assert_eq!(cached(&object).partner, None);
        object["status"]["deletion"] = json!({ "servicesPending": 0, "scriptPending": false });
        assert_eq!(cached(&object).deletion.unwrap().requested_at, None, "an earlier operator did not record the time");
        (object["status"]["deletion"], object["status"]["applied"]) = (json!(null), json!(null));
        let tenant = cached(&object);
        assert!(tenant.deletion.is_none() && !tenant.is_applied);
        object["status"]["platformTenant"] = json!({ "id": ID });
        assert_eq!(
            cached(&object).platform_tenant.unwrap().partner_id,
            Box::default(),
            "the platform says that it has none"
        );
        object["status"]["platformTenant"] = json!(null);
        assert_eq!(cached(&object).platform_tenant, None, "nothing is known");
    }
}
