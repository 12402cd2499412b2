//! Are the admission policies installed? Without them whoever may edit a Tenant may change every field of it.

use k8s_openapi::api::admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding};
use kube::Api;

use crate::controller::context::{Context, Refusal};
use crate::manifests::policies::NAMES;

/// The policies and bindings that are missing, by kind and name. What may not be read counts as missing: nobody could say
/// that it is there.
pub(crate) async fn missing(context: &Context) -> Result<Vec<String>, Refusal> {
    let policies = Api::<ValidatingAdmissionPolicy>::all(context.client.clone());
    let bindings = Api::<ValidatingAdmissionPolicyBinding>::all(context.client.clone());
    let mut missing = vec![];
    for name in NAMES {
        let found = [
            ("policy", context.kubernetes(policies.get_metadata(name)).await.map(drop)),
            ("binding", context.kubernetes(bindings.get_metadata(name)).await.map(drop)),
        ];
        for (what, outcome) in found {
            match outcome {
                Ok(()) => {}
                Err(Refusal::NotFound | Refusal::Forbidden) => missing.push(format!("{what} {name}")),
                Err(refusal) => return Err(refusal),
            }
        }
    }
    Ok(missing)
}
