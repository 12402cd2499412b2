//! Each block of values switches what it says, and nothing else.

use crate::support::helm::{Helm, VERSIONS};

/// A value, and what it takes away from or adds to the objects.
pub struct Block {
    pub set: &'static str,
    pub removes: &'static [&'static str],
    adds: &'static [&'static str],
}

const fn removes(set: &'static str, removes: &'static [&'static str]) -> Block {
    Block { set, removes, adds: &[] }
}

const fn adds(set: &'static str, adds: &'static [&'static str]) -> Block {
    Block { set, removes: &[], adds }
}

pub const BLOCKS: &[Block] = &[
    removes(
        "crds.install=false",
        &[
            "CustomResourceDefinition -/partners.nimbus.luware.com",
            "CustomResourceDefinition -/platforms.nimbus.luware.com",
            "CustomResourceDefinition -/tenants.nimbus.luware.com",
        ],
    ),
    removes(
        "policies.install=false",
        &[
            "ValidatingAdmissionPolicy -/nimbus-authority",
            "ValidatingAdmissionPolicy -/nimbus-operator-spec",
            "ValidatingAdmissionPolicy -/nimbus-operator-status",
            "ValidatingAdmissionPolicy -/nimbus-partners",
            "ValidatingAdmissionPolicy -/nimbus-platform-credentials",
            "ValidatingAdmissionPolicy -/nimbus-secret-references",
            "ValidatingAdmissionPolicyBinding -/nimbus-authority",
            "ValidatingAdmissionPolicyBinding -/nimbus-operator-spec",
            "ValidatingAdmissionPolicyBinding -/nimbus-operator-status",
            "ValidatingAdmissionPolicyBinding -/nimbus-partners",
            "ValidatingAdmissionPolicyBinding -/nimbus-platform-credentials",
            "ValidatingAdmissionPolicyBinding -/nimbus-secret-references",
        ],
    ),
    removes(
        "rbac.create=false",
        &[
            "ClusterRole -/nimbus-operator",
            "ClusterRoleBinding -/nimbus-operator-instance-default",
            "Role nimbus-system/nimbus-operator",
            "RoleBinding nimbus-system/nimbus-operator",
        ],
    ),
    removes(
        "rbac.userRoles=false",
        &[
            "ClusterRole -/nimbus-operator-edit",
            "ClusterRole -/nimbus-operator-system-admin",
            "ClusterRole -/nimbus-operator-view",
        ],
    ),
    removes("serviceAccount.create=false,serviceAccount.name=own", &["ServiceAccount nimbus-system/nimbus-operator"]),
    removes("replicaCount=1", &["PodDisruptionBudget nimbus-system/nimbus-operator"]),
    removes("podDisruptionBudget.enabled=false", &["PodDisruptionBudget nimbus-system/nimbus-operator"]),
    removes("metrics.service.enabled=false", &["Service nimbus-system/nimbus-operator"]),
    removes("clusterId=,clusterIdFrom.name=own", &["ConfigMap nimbus-system/nimbus-operator-cluster-id"]),
    adds("serviceMonitor.enabled=true", &["ServiceMonitor nimbus-system/nimbus-operator"]),
    adds("podMonitor.enabled=true", &["PodMonitor nimbus-system/nimbus-operator"]),
    adds("networkPolicy.enabled=true", &["NetworkPolicy nimbus-system/nimbus-operator"]),
    adds("flowControl.enabled=true", &["FlowSchema -/nimbus-operator", "PriorityLevelConfiguration -/nimbus-operator"]),
    adds(
        "finalizerPolicy.enabled=true",
        &[
            "MutatingAdmissionPolicy -/nimbus-operator-finalizer",
            "MutatingAdmissionPolicyBinding -/nimbus-operator-finalizer",
        ],
    ),
    adds(
        "tenantNamespaces[0].name=contoso",
        &["Role contoso/nimbus-operator-secrets", "RoleBinding contoso/nimbus-operator-secrets"],
    ),
    adds("systemAdmins[0].kind=User,systemAdmins[0].name=ada", &["ClusterRoleBinding -/nimbus-operator-system-admin"]),
    adds(
        "partners[0].name=northwind,partners[0].subjects[0].kind=User,partners[0].subjects[0].name=ada,partners[0].namespaces[0]=contoso",
        &[
            "ClusterRole -/nimbus-operator-partner-northwind",
            "ClusterRoleBinding -/nimbus-operator-partner-northwind",
            "RoleBinding contoso/nimbus-operator-partner-northwind",
        ],
    ),
    adds(
        "partners[0].name=northwind,partners[0].spec.displayName=Northwind,partners[0].spec.platformPartnerId=northwind",
        &["Partner -/northwind"],
    ),
    adds(
        "prometheusRule.enabled=true",
        &[
            "PrometheusRule nimbus-system/nimbus-operator-operator",
            "PrometheusRule nimbus-system/nimbus-operator-platforms",
            "PrometheusRule nimbus-system/nimbus-operator-slo",
            "PrometheusRule nimbus-system/nimbus-operator-tenants",
        ],
    ),
    adds(
        "dashboards.enabled=true",
        &[
            "ConfigMap nimbus-system/nimbus-operator-dashboard-fleet",
            "ConfigMap nimbus-system/nimbus-operator-dashboard-operator",
        ],
    ),
    adds("platforms[0].name=euwe-01,platforms[0].spec.endpoint=https://a", &["Platform -/euwe-01"]),
    adds("extraObjects[0].kind=Secret,extraObjects[0].metadata.name=more", &["Secret -/more"]),
];

#[test]
fn each_block_switches_its_objects_and_no_others() {
    let helm = Helm::new(VERSIONS[0]);
    let base = ["--set", "clusterId=ci", "--kube-version", "1.37.0"];
    let all = helm.objects(&base).unwrap().names();
    for Block { set, removes, adds } in BLOCKS {
        let names = helm.objects(&[&base[..], &["--set", set]].concat()).unwrap().names();
        let less: Vec<_> = all.iter().filter(|name| !names.contains(name)).collect();
        let more: Vec<_> = names.iter().filter(|name| !all.contains(name)).collect();
        assert_eq!(
            (removes.to_vec(), adds.to_vec()),
            (less.iter().map(|name| name.as_str()).collect(), more.iter().map(|name| name.as_str()).collect()),
            "{set}"
        );
    }
}
