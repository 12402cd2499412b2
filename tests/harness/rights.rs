//! What `examples/rbac.yaml` allows and, more importantly, what it does not.

use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use kube::api::{Api, PostParams};

use crate::support::apply::create_namespace;
use crate::support::controlplane::ControlPlane;
use crate::support::rights::{Placement, grant};
use crate::support::users::{self, PARTNER_ADMIN, PLATFORM_ADMIN, TENANT_EDITOR, VIEWER};

const NIMBUS: &str = "nimbus.luware.com";

/// The namespaces of the Tenants, of the operator, and of neither.
const HERE: &str = "rights-tenants";
const OWN: &str = "rights-operator";
const ELSEWHERE: &str = "default";

/// One access check: user, verb, group, resource, namespace. `resource` may have a subresource, or the name of one object after a
/// colon.
#[derive(Debug)]
struct AccessCheck<'a>(&'a str, &'a str, &'a str, &'a str, &'a str);

async fn may(check: &AccessCheck<'_>) -> bool {
    let AccessCheck(user, verb, group, resource, namespace) = check;
    let (resource, name) = resource.split_once(':').unwrap_or((resource, ""));
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let review = SubjectAccessReview {
        spec: SubjectAccessReviewSpec {
            user: Some((*user).to_owned()),
            resource_attributes: Some(ResourceAttributes {
                verb: Some((*verb).to_owned()),
                group: Some((*group).to_owned()),
                resource: Some(resource.to_owned()),
                subresource: Some(subresource.to_owned()),
                namespace: Some((*namespace).to_owned()),
                name: Some(name.to_owned()),
                ..ResourceAttributes::default()
            }),
            ..SubjectAccessReviewSpec::default()
        },
        ..SubjectAccessReview::default()
    };
    let api: Api<SubjectAccessReview> = Api::all(ControlPlane::shared().await.client(users::ADMIN));
    let answer = api.create(&PostParams::default(), &review).await.unwrap();
    answer.status.unwrap().allowed
}

fn allowed(operator: &str) -> Vec<AccessCheck<'_>> {
    vec![
        AccessCheck(operator, "watch", NIMBUS, "tenants", ""),
        AccessCheck(operator, "patch", NIMBUS, "tenants/status", ELSEWHERE),
        AccessCheck(operator, "get", "", "secrets", HERE),
        AccessCheck(operator, "get", "", "secrets", OWN),
        AccessCheck(operator, "create", "events.k8s.io", "events", ELSEWHERE),
        AccessCheck(operator, "create", "coordination.k8s.io", "leases", OWN),
        AccessCheck(operator, "get", "coordination.k8s.io", "leases:nimbus-operator-east", OWN),
        AccessCheck(operator, "update", "coordination.k8s.io", "leases:nimbus-operator-east", OWN),
        AccessCheck(TENANT_EDITOR, "delete", NIMBUS, "tenants", HERE),
        AccessCheck(TENANT_EDITOR, "get", "", "secrets:acs", HERE),
        AccessCheck(PARTNER_ADMIN, "administer", NIMBUS, "partners:northwind", ""),
        AccessCheck(PARTNER_ADMIN, "create", NIMBUS, "tenants", HERE),
        AccessCheck(PARTNER_ADMIN, "get", "", "secrets:contoso-widget-key", HERE),
        AccessCheck(PLATFORM_ADMIN, "administer", NIMBUS, "platforms", ""),
        AccessCheck(PLATFORM_ADMIN, "administer", NIMBUS, "partners", ""),
        AccessCheck(PLATFORM_ADMIN, "list", NIMBUS, "tenants", ""),
        AccessCheck(PLATFORM_ADMIN, "get", "", "secrets:acs", HERE),
        AccessCheck(PLATFORM_ADMIN, "get", "", "secrets:platform-credentials", OWN),
        // Events are what people see of what the operator did, by either API.
        AccessCheck(VIEWER, "list", "events.k8s.io", "events", HERE),
        AccessCheck(VIEWER, "watch", "", "events", HERE),
        AccessCheck(TENANT_EDITOR, "list", "events.k8s.io", "events", HERE),
        AccessCheck(PARTNER_ADMIN, "list", "", "events", HERE),
        AccessCheck(PLATFORM_ADMIN, "list", "", "events", HERE),
    ]
}

fn refused(operator: &str) -> Vec<AccessCheck<'_>> {
    vec![
        AccessCheck(operator, "update", NIMBUS, "tenants", HERE),
        AccessCheck(operator, "create", NIMBUS, "tenants", HERE),
        AccessCheck(operator, "delete", NIMBUS, "tenants", HERE),
        AccessCheck(operator, "list", "", "secrets", HERE),
        AccessCheck(operator, "watch", "", "secrets", OWN),
        AccessCheck(operator, "get", "", "secrets", ELSEWHERE),
        AccessCheck(operator, "get", "coordination.k8s.io", "leases", OWN),
        AccessCheck(operator, "create", "coordination.k8s.io", "leases", HERE),
        AccessCheck(operator, "update", "coordination.k8s.io", "leases:kube-scheduler", OWN),
        AccessCheck(operator, "delete", "coordination.k8s.io", "leases:nimbus-operator-east", OWN),
        AccessCheck(operator, "administer", NIMBUS, "platforms", ""),
        AccessCheck(TENANT_EDITOR, "patch", NIMBUS, "tenants/status", HERE),
        AccessCheck(TENANT_EDITOR, "get", NIMBUS, "tenants", ELSEWHERE),
        AccessCheck(TENANT_EDITOR, "administer", NIMBUS, "partners", ""),
        AccessCheck(TENANT_EDITOR, "get", "", "secrets", HERE),
        AccessCheck(TENANT_EDITOR, "list", "", "secrets", HERE),
        AccessCheck(TENANT_EDITOR, "get", "", "secrets", ELSEWHERE),
        AccessCheck(TENANT_EDITOR, "get", "", "secrets", OWN),
        AccessCheck(PARTNER_ADMIN, "administer", NIMBUS, "partners", ""),
        AccessCheck(PARTNER_ADMIN, "administer", NIMBUS, "partners:southwind", ""),
        AccessCheck(PARTNER_ADMIN, "administer", NIMBUS, "platforms", ""),
        AccessCheck(PARTNER_ADMIN, "get", "", "secrets", HERE),
        AccessCheck(PARTNER_ADMIN, "update", NIMBUS, "partners", ""),
        AccessCheck(PLATFORM_ADMIN, "patch", NIMBUS, "tenants/status", HERE),
        AccessCheck(VIEWER, "list", "", "events", ELSEWHERE),
        AccessCheck(VIEWER, "create", "", "events", HERE),
        AccessCheck(PLATFORM_ADMIN, "get", "", "secrets", OWN),
        AccessCheck(PLATFORM_ADMIN, "patch", NIMBUS, "tenants", ELSEWHERE),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn example_rbac_grants_what_is_needed() {
    let control_plane = ControlPlane::shared().await;
    let admin = control_plane.client(users::ADMIN);
    let operator = users::operator(users::NUMBERED);
    let placement = Placement { operator: &operator, operator_namespace: OWN, namespace: HERE, instance: "east" };
    create_namespace(&admin, placement.namespace).await.unwrap();
    create_namespace(&admin, placement.operator_namespace).await.unwrap();
    control_plane.grant_cluster_wide().await.unwrap();
    grant(&admin, &placement).await.unwrap();

    for allowed in allowed(&operator) {
        assert!(may(&allowed).await, "{allowed:?}");
    }
    let user = users::user(1);
    for refused in refused(&operator).into_iter().chain([AccessCheck(&user, "get", NIMBUS, "tenants", HERE)]) {
        assert!(!may(&refused).await, "{refused:?}");
    }
}
