//! Wrong values are refused while the chart is rendered, with their path.

use crate::support::helm::{Helm, VERSIONS};

/// Values, and words of the refusal.
const WRONG: &[(&[&str], &[&str])] = &[
    (&[], &["clusterId is required", "--set clusterId=prod-euwe"]),
    (&["clusterId="], &["clusterId is required"]),
    (&["clusterId=Prod/1"], &["clusterId"]),
    (&["clusterId=-a"], &["clusterId"]),
    (&["clusterId=a", "clusterIdFrom.name=b"], &["exclude each other"]),
    (&["clusterId=a", "clusterID=b"], &["clusterID"]),
    (&["clusterId=a", "image.tagg=b"], &["image", "tagg"]),
    (&["clusterId=a", "image.digest=sha256:12"], &["image/digest"]),
    (&["clusterId=a", "image.registry=registry.example/"], &["image/registry"]),
    (&["clusterId=a", "replicaCount=many"], &["replicaCount"]),
    (&["clusterId=a", "replicaCount=2", "leaderElection.enabled=false"], &["leaderElection.enabled"]),
    (&["clusterId=a", "concurrency=0"], &["concurrency"]),
    (&["clusterId=a", "logging.format=xml"], &["logging/format"]),
    (&["clusterId=a", "metrics.port=70000"], &["metrics/port"]),
    (&["clusterId=a", "terminationGracePeriodSeconds=5"], &["terminationGracePeriodSeconds"]),
    (&["clusterId=a", "restrictToTenantNamespaces=true"], &["requires tenantNamespaces"]),
    (&["clusterId=a", "tenantNamespaces[0].name=Contoso"], &["tenantNamespaces/0/name"]),
    (&["clusterId=a", "tenantNamespaces[0].secrets[0]=acs"], &["tenantNamespaces/0", "name"]),
    (
        &["clusterId=a", "tenantNamespaces[0].name=b", "tenantNamespaces[1].name=b"],
        &["tenantNamespaces names 'b' twice"],
    ),
    (&["clusterId=a", "partners[0].name=b", "partners[0].subjects[0].kind=Robot"], &["partners/0/subjects/0"]),
    (&["clusterId=a", "partners[0].name=b", "partners[0].namespaces[0]=c"], &["'b' has namespaces and no subjects"]),
    (
        &["clusterId=a", "systemAdmins[0].kind=ServiceAccount", "systemAdmins[0].name=flux"],
        &["ServiceAccount flux needs a namespace"],
    ),
    (&["clusterId=a", "platforms[0].name=b"], &["platforms/0", "spec"]),
    (&["clusterId=a", "serviceAccount.create=false"], &["requires serviceAccount.name"]),
    (&["clusterId=a", "policies.install=false", "policies.technicalFields=true"], &["require policies.install"]),
    (&["clusterId=a", "policies.additionalOperators[0]=o'brien"], &["policies/additionalOperators/0"]),
    (&["clusterId=a", "serviceMonitor.enabled=true", "podMonitor.enabled=true"], &["scraped twice"]),
    (
        &["clusterId=a", "serviceMonitor.enabled=true", "metrics.service.enabled=false"],
        &["requires metrics.service.enabled"],
    ),
    (&["clusterId=a", "extraArgs[0]=--cluster-id=b"], &["'--cluster-id=b' has a value of its own"]),
    (&["clusterId=a", "extraArgs[0]=run"], &["extraArgs/0"]),
];

#[test]
fn wrong_values_are_refused_with_their_path() {
    for version in VERSIONS {
        let helm = Helm::new(version);
        for (values, words) in WRONG {
            let set: Vec<&str> = values.iter().flat_map(|value| ["--set", value]).collect();
            let error = helm.template(&set).expect_err(&format!("{version}: {values:?} is accepted")).to_string();
            let lacking: Vec<_> = words.iter().filter(|word| !error.contains(**word)).collect();
            assert!(lacking.is_empty(), "{version}: {values:?}: {lacking:?} is not in: {error}");
        }
    }
}

#[test]
fn a_policy_that_the_cluster_does_not_know_is_refused() {
    for version in VERSIONS {
        let values = ["--set", "clusterId=a,finalizerPolicy.enabled=true", "--kube-version", "1.35.1"];
        let error = Helm::new(version).template(&values).unwrap_err().to_string();
        assert!(error.contains("requires Kubernetes 1.36; this is v1.35.1"), "{version}: {error}");
        let old = Helm::new(version).template(&["--set", "clusterId=a", "--kube-version", "1.32.0"]);
        assert!(old.unwrap_err().to_string().contains("kubeVersion"), "{version}");
    }
}
