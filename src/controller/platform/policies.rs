//! Whether the admission policies are installed. Without them anyone who may edit a Tenant may change every field of it.

use k8s_openapi::api::admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding};

use crate::cluster::{Cluster, Refusal};
use crate::manifests::policies::NAMES;

/// The policies and bindings that are missing, by kind and name. One that may not be read counts as missing, since it is not
/// known to be there.
pub(crate) async fn missing(cluster: &Cluster) -> Result<Vec<String>, Refusal> {
    let policies = cluster.cluster_scoped::<ValidatingAdmissionPolicy>();
    let bindings = cluster.cluster_scoped::<ValidatingAdmissionPolicyBinding>();
    let mut missing = vec![];
    for name in NAMES {
        let found =
            [("policy", policies.metadata(name).await.map(drop)), ("binding", bindings.metadata(name).await.map(drop))];
        for (what, outcome) in found {
            match outcome {
                Ok(()) => {}
                Err(Refusal::NotFound | Refusal::Forbidden(_)) => missing.push(format!("{what} {name}")),
                Err(refusal) => return Err(refusal),
            }
        }
    }
    Ok(missing)
}
