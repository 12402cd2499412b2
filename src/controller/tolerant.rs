//! How the kinds are decoded: what a newer CRD allows and this version does not know is left out, and noted in the spec.

use std::sync::OnceLock;

use kube::CustomResourceExt;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::cluster::Tolerant;
use crate::resources::{Partner, Platform, Tenant, Unknown};

fn decode<K>(mut object: Value, schema: &'static OnceLock<Value>) -> serde_json::Result<(K, Unknown)>
where
    K: CustomResourceExt + DeserializeOwned,
{
    let schema = schema.get_or_init(schema_of::<K>);
    let unknown = Unknown::take_from(&mut object, schema);
    serde_json::from_value(object).map(|object| (object, unknown))
}

/// What this version knows of a kind.
fn schema_of<K: CustomResourceExt>() -> Value {
    let version = K::crd().spec.versions.into_iter().next();
    let schema = version.and_then(|version| version.schema).and_then(|schema| schema.open_api_v3_schema);
    serde_json::to_value(schema).unwrap_or_default()
}

macro_rules! tolerant {
    ($($kind:ty),+) => {
        $(impl Tolerant for $kind {
            fn decode(object: Value) -> serde_json::Result<Self> {
                static SCHEMA: OnceLock<Value> = OnceLock::new();
                let (mut object, unknown): (Self, _) = decode(object, &SCHEMA)?;
                object.spec.unknown = unknown;
                Ok(object)
            }
        })+
    };
}

tolerant!(Tenant, Platform, Partner);

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use serde_json::json;

    use super::*;

    fn tenant(more: Value) -> Value {
        let mut tenant = json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant", "metadata": { "name": "contoso" },
            "spec": {
                "platformRef": { "name": "euwe-01" },
                "general": { "tenantId": "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c" }
            }
        });
        json_patch::merge(&mut tenant, &more);
        tenant
    }

    #[test]
    fn words_of_a_newer_version_do_not_make_an_object_unreadable() {
        let newer = tenant(json!({
            "spec": { "driftPolicy": "Notify", "adoptionPolicy": "Always", "extensions": { "interact": { "greeting": "Hi" } } },
            "status": { "observedGeneration": 1, "mood": "good" }
        }));
        assert!(serde_json::from_value::<Tenant>(newer.clone()).is_err());
        let read = Tenant::decode(newer).unwrap();
        assert_eq!("spec.driftPolicy 'Notify' and 1 more", read.spec.unknown.to_string());
        assert!(read.spec.drift_policy.is_none() && read.spec.adoption_policy.is_some());
        assert_eq!(Some(1), read.status.map(|status| status.observed_generation));
    }

    #[test]
    fn everything_that_this_version_knows_is_known() {
        for (name, yaml) in crate::manifests::examples::examples() {
            let Ok(object) = serde_yaml::from_str::<Value>(&yaml) else { continue };
            if object["kind"] == "Tenant" {
                assert!(Tenant::decode(object).unwrap().spec.unknown.is_empty(), "{name}");
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(
            Tenant::decode(tenant(json!({ "spec": { "extensions": { "interact": { "enabled": "yes" } } } }))).is_err()
        );
    }
}
