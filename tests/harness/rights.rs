//! What `examples/rbac.yaml` allows and, more importantly, what it does not.

use k8s_openapi::api::authorization::v1::{ResourceAttributes, SubjectAccessReview, SubjectAccessReviewSpec};
use kube::api::{Api, PostParams};

use crate::support::controlplane::ControlPlane;
use crate::support::env::create_namespace;
use crate::support::rights::{Placement, grant};
use crate::support::users;

const NIMBUS: &str = "nimbus.luware.com";

/// One access check: user, verb, resource, group, namespace. `resource` may have a subresource.
#[derive(Debug)]
struct AccessCheck<'a>(&'a str, &'a str, &'a str, &'a str, &'a str);

async fn may(check: &AccessCheck<'_>) -> bool {
    let AccessCheck(user, verb, group, resource, namespace) = check;
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

#[tokio::test(flavor = "multi_thread")]
async fn example_rbac_grants_what_is_needed() {
    let control_plane = ControlPlane::shared().await;
    let admin = control_plane.client(users::ADMIN);
    let operator = users::operator(users::NUMBERED);
    let placement =
        Placement { operator: &operator, operator_namespace: "rights-operator", namespace: "rights-tenants" };
    create_namespace(&admin, placement.namespace).await.unwrap();
    create_namespace(&admin, placement.operator_namespace).await.unwrap();
    control_plane.grant_cluster_wide().await.unwrap();
    grant(&admin, &placement).await.unwrap();

    let (here, own, elsewhere) = ("rights-tenants", "rights-operator", "default");
    let (editor, partner, platform) = (users::TENANT_EDITOR, users::PARTNER_ADMIN, users::PLATFORM_ADMIN);
    for allowed in [
        AccessCheck(&operator, "watch", NIMBUS, "tenants", ""),
        AccessCheck(&operator, "patch", NIMBUS, "tenants/status", elsewhere),
        AccessCheck(&operator, "get", "", "secrets", here),
        AccessCheck(&operator, "get", "", "secrets", own),
        AccessCheck(&operator, "update", "coordination.k8s.io", "leases", own),
        AccessCheck(&operator, "create", "events.k8s.io", "events", elsewhere),
        AccessCheck(editor, "delete", NIMBUS, "tenants", here),
        AccessCheck(editor, "get", "", "secrets", here),
        AccessCheck(partner, "administer", NIMBUS, "partners", ""),
        AccessCheck(partner, "create", NIMBUS, "tenants", here),
        AccessCheck(partner, "get", "", "secrets", here),
        AccessCheck(platform, "administer", NIMBUS, "platforms", ""),
        AccessCheck(platform, "administer", NIMBUS, "partners", ""),
        AccessCheck(platform, "list", NIMBUS, "tenants", ""),
        AccessCheck(platform, "get", "", "secrets", here),
    ] {
        assert!(may(&allowed).await, "{allowed:?}");
    }
    for refused in [
        AccessCheck(&operator, "update", NIMBUS, "tenants", here),
        AccessCheck(&operator, "create", NIMBUS, "tenants", here),
        AccessCheck(&operator, "delete", NIMBUS, "tenants", here),
        AccessCheck(&operator, "list", "", "secrets", here),
        AccessCheck(&operator, "watch", "", "secrets", own),
        AccessCheck(&operator, "get", "", "secrets", elsewhere),
        AccessCheck(&operator, "create", "coordination.k8s.io", "leases", here),
        AccessCheck(&operator, "administer", NIMBUS, "platforms", ""),
        AccessCheck(editor, "patch", NIMBUS, "tenants/status", here),
        AccessCheck(editor, "get", NIMBUS, "tenants", elsewhere),
        AccessCheck(editor, "administer", NIMBUS, "partners", ""),
        AccessCheck(editor, "list", "", "secrets", here),
        AccessCheck(editor, "get", "", "secrets", elsewhere),
        AccessCheck(editor, "get", "", "secrets", own),
        AccessCheck(partner, "administer", NIMBUS, "platforms", ""),
        AccessCheck(partner, "update", NIMBUS, "partners", ""),
        AccessCheck(platform, "patch", NIMBUS, "tenants/status", here),
        AccessCheck(platform, "get", "", "secrets", own),
        AccessCheck(platform, "patch", NIMBUS, "tenants", elsewhere),
        AccessCheck(&users::user(1), "get", NIMBUS, "tenants", here),
    ] {
        assert!(!may(&refused).await, "{refused:?}");
    }
}
