//! Wrong values are refused while the chart is rendered, with their path.

use clap::CommandFactory;
use nimbus_operator::cli::Operator;

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
    (&["clusterId=a", "terminationGracePeriodSeconds=25"], &["terminationGracePeriodSeconds"]),
    (&["clusterId=a", "leaderElection.leaseDuration=1999ms"], &["leaderElection.leaseDuration", "from 2s to 10m"]),
    (&["clusterId=a", "leaderElection.leaseDuration=11m"], &["leaderElection.leaseDuration", "from 2s to 10m"]),
    (&["clusterId=a", "leaderElection.renewDeadline=15s"], &["leaderElection.renewDeadline", "'15s'"]),
    (
        &["clusterId=a", "leaderElection.renewDeadline=13500ms"],
        &["leaderElection.renewDeadline", "'13500ms'", "1s at least"],
    ),
    (&["clusterId=a", "leaderElection.retryPeriod=9s"], &["leaderElection.retryPeriod", "'9s'"]),
    (&["clusterId=a", "leaderElection.retryPeriod=0s"], &["leaderElection.retryPeriod", "'0s'"]),
    (&["clusterId=a", "leaderElection.retryPeriod=2"], &["leaderElection/retryPeriod"]),
    (&["clusterId=a", "metrics.address=abc"], &["metrics/address"]),
    (&["clusterId=a", "metrics.address=1.2.3"], &["metrics/address"]),
    (&["clusterId=a", "fullnameOverride=a.b"], &["fullnameOverride"]),
    (&["clusterId=a", "fullnameOverride=1a"], &["fullnameOverride"]),
    (&["clusterId=a", "nameOverride=a.b"], &["nameOverride"]),
    (&["clusterId=a", r"commonLabels.app\.kubernetes\.io/name=b"], &["commonLabels", "'app.kubernetes.io/name'"]),
    (&["clusterId=a", r"podLabels.app\.kubernetes\.io/instance=b"], &["podLabels", "'app.kubernetes.io/instance'"]),
    (&["clusterId=a", r"serviceAccount.labels.helm\.sh/chart=b"], &["serviceAccount.labels", "'helm.sh/chart'"]),
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
    (
        &[
            "clusterId=a",
            "rbac.userRoles=false",
            "partners[0].name=b",
            "partners[0].namespaces[0]=c",
            "partners[0].subjects[0].kind=User",
            "partners[0].subjects[0].name=d",
        ],
        &["namespaces of 'b' require rbac.userRoles"],
    ),
    (
        &["clusterId=a", "rbac.userRoles=false", "systemAdmins[0].kind=User", "systemAdmins[0].name=ada"],
        &["systemAdmins requires rbac.userRoles"],
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
    (&["clusterId=a", "extraArgs[0]=--cluster-id=b"], &["'--cluster-id' has a value of its own", "use clusterId"]),
    (&["clusterId=a", "extraArgs[0]=-nb"], &["'-n' has a value of its own"]),
    (&["clusterId=a", "extraEnv[0].name=NIMBUS_CLUSTER_ID", "extraEnv[0].value=b"], &["extraEnv", "use clusterId"]),
    (&["clusterId=a", "extraEnv[0].name=SSL_CERT_FILE", "extraEnv[0].value=/b"], &["use caBundle.configMapName"]),
    (&["clusterId=a", "extraEnv[0].name=A", "extraEnv[1].name=A"], &["extraEnv names 'A' twice"]),
    (&["clusterId=a", "extraEnv[0].value=b"], &["extraEnv/0"]),
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

#[test]
fn a_release_that_begins_with_a_digit_is_refused_before_its_service_is() {
    for version in VERSIONS {
        let release = ["template", "1st", crate::support::helm::path_of_chart(), "--set", "clusterId=a"];
        let error = Helm::new(version).succeed(&release).unwrap_err().to_string();
        assert!(
            error.contains("the release '1st' begins with a digit") && error.contains("fullnameOverride"),
            "{error}"
        );
        let named = [&release[..], &["--set", "fullnameOverride=first"]].concat();
        assert!(Helm::new(version).succeed(&named).unwrap().contains("name: first\n"));
    }
}

/// Only what the chart has no value for can be set by an argument, and nothing by the environment.
#[test]
fn no_setting_of_the_operator_has_a_second_way() {
    const WITHOUT_A_VALUE: [&str; 3] = ["without-policies", "help", "version"];
    let mut program = Operator::command();
    program.build();
    let run = program.find_subcommand("run").unwrap();
    let helm = Helm::new(VERSIONS[1]);
    let refused = |set: &str| match helm.template(&["--set", "clusterId=a", "--set", set]) {
        Ok(_) => None,
        Err(error) => {
            Some(error.to_string()).filter(|error| error.contains("has a value of its own in this chart: use "))
        }
    };
    let mut checked = 0;
    for argument in run.get_arguments() {
        if let Some(name) = argument.get_env() {
            let set = format!("extraEnv[0].name={},extraEnv[0].value=b", name.to_str().unwrap());
            assert!(refused(&set).is_some(), "{set}");
        }
        let Some(flag) = argument.get_long().filter(|flag| !WITHOUT_A_VALUE.contains(flag)) else { continue };
        assert!(refused(&format!("extraArgs[0]=--{flag}")).is_some(), "--{flag}");
        assert!(refused(&format!("extraArgs[0]=--{flag}=b")).is_some(), "--{flag}=b");
        checked += 1;
    }
    assert!(checked >= 19, "{checked}");
    assert_eq!(None, refused("extraArgs[0]=--without-policies"));
    assert_eq!(None, refused("extraEnv[0].name=HTTPS_PROXY,extraEnv[0].value=b"));
}
