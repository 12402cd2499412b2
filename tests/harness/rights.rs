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
struct Question<'a>(&'a str, &'a str, &'a str, &'a str, &'a str);

async fn may(question: &Question<'_>) -> bool {
    let Question(user, verb, group, resource, namespace) = question;
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
        Question(&operator, "watch", NIMBUS, "tenants", ""),
        Question(&operator, "patch", NIMBUS, "tenants/status", elsewhere),
        Question(&operator, "get", "", "secrets", here),
        Question(&operator, "get", "", "secrets", own),
        Question(&operator, "update", "coordination.k8s.io", "leases", own),
        Question(&operator, "create", "events.k8s.io", "events", elsewhere),
        Question(editor, "delete", NIMBUS, "tenants", here),
        Question(editor, "get", "", "secrets", here),
        Question(partner, "administer", NIMBUS, "partners", ""),
        Question(partner, "create", NIMBUS, "tenants", here),
        Question(partner, "get", "", "secrets", here),
        Question(platform, "administer", NIMBUS, "platforms", ""),
        Question(platform, "administer", NIMBUS, "partners", ""),
        Question(platform, "list", NIMBUS, "tenants", ""),
        Question(platform, "get", "", "secrets", here),
    ] {
        assert!(may(&allowed).await, "{allowed:?}");
    }
    for refused in [
        Question(&operator, "update", NIMBUS, "tenants", here),
        Question(&operator, "create", NIMBUS, "tenants", here),
        Question(&operator, "delete", NIMBUS, "tenants", here),
        Question(&operator, "list", "", "secrets", here),
        Question(&operator, "watch", "", "secrets", own),
        Question(&operator, "get", "", "secrets", elsewhere),
        Question(&operator, "create", "coordination.k8s.io", "leases", here),
        Question(&operator, "administer", NIMBUS, "platforms", ""),
        Question(editor, "patch", NIMBUS, "tenants/status", here),
        Question(editor, "get", NIMBUS, "tenants", elsewhere),
        Question(editor, "administer", NIMBUS, "partners", ""),
        Question(editor, "list", "", "secrets", here),
        Question(editor, "get", "", "secrets", elsewhere),
        Question(editor, "get", "", "secrets", own),
        Question(partner, "administer", NIMBUS, "platforms", ""),
        Question(partner, "update", NIMBUS, "partners", ""),
        Question(platform, "patch", NIMBUS, "tenants/status", here),
        Question(platform, "get", "", "secrets", own),
        Question(platform, "patch", NIMBUS, "tenants", elsewhere),
        Question(&users::user(1), "get", NIMBUS, "tenants", here),
    ] {
        assert!(!may(&refused).await, "{refused:?}");
    }
}
