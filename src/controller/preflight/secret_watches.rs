//! Whether the Secrets can be watched that `--watch-secrets` names.

use super::Findings;
use crate::cluster::{Access, Cluster, Refusal};
use crate::controller::options::Options;

/// Looks at each namespace.
pub(super) async fn look(cluster: &Cluster, options: &Options, findings: &mut Findings) -> Result<(), Refusal> {
    for namespace in &options.watch_secrets {
        if !is_served(options, namespace) {
            findings.failures.push(format!(
                "--watch-secrets names the namespace '{namespace}', which is neither in --namespace nor the --operator-namespace"
            ));
            continue;
        }
        let mut lacking = vec![];
        for verb in ["list", "watch"] {
            if !cluster
                .may(Access { verb, group: "", resource: "secrets", subresource: "", namespace, name: "" })
                .await?
            {
                lacking.push(verb);
            }
        }
        if !lacking.is_empty() {
            findings.warnings.push(format!(
                "the operator's account may not {} secrets in the namespace '{namespace}', as --watch-secrets requires; a changed \
                 Secret is noticed there within a minute only",
                lacking.join(" and ")
            ));
        }
    }
    Ok(())
}

/// Whether the operator uses Secrets of a namespace.
fn is_served(options: &Options, namespace: &String) -> bool {
    options.namespaces.is_empty() || options.namespaces.contains(namespace) || options.operator_namespace == *namespace
}
