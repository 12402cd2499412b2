//! The audit log reader: complete, by user, and for one period of time.

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::json;

use super::config_map;
use crate::support::apply::create_namespace;
use crate::support::audit::{AuditLog, Mark};
use crate::support::controlplane::{ControlPlane, Options};
use crate::support::users;

#[tokio::test(flavor = "multi_thread")]
async fn writes_are_found_by_user_since_a_mark() {
    let control_plane = ControlPlane::shared().await;
    let audit = AuditLog::new(control_plane);
    let user = users::user(1);
    let api: Api<ConfigMap> = Api::namespaced(control_plane.client(&user), "default");
    let create = || async {
        let map = config_map("mine", Vec::new());
        api.create(&PostParams::default(), &map).await.unwrap_err();
    };
    create().await;
    let mark = audit.mark().await.unwrap();
    assert_eq!(1, audit.writes(&user, Mark::START).await.unwrap().len());
    assert_eq!(0, audit.writes(&user, mark).await.unwrap().len());

    create().await;
    // A read is a request but not a write.
    api.list(&ListParams::default()).await.unwrap_err();

    let writes = audit.writes(&user, mark).await.unwrap();
    let [write] = writes.as_slice() else {
        panic!("{writes:?}");
    };
    assert_eq!("create", write.verb);
    assert_eq!(("", "configmaps"), (&*write.group, &*write.resource));
    assert_eq!("default", write.namespace);
    assert_eq!((403, &user), (write.code, &write.user));
    assert!(!write.is_master);
    let verbs = audit.requests(&user, mark).await.unwrap();
    let verbs: Vec<_> = verbs.iter().map(|request| request.verb.as_str()).collect();
    assert_eq!(vec!["create", "list"], verbs);
}

#[tokio::test(flavor = "multi_thread")]
async fn bookkeeping_is_counted_separately() {
    let control_plane = ControlPlane::shared().await;
    let audit = AuditLog::new(control_plane);
    let user = users::user(2);
    let client = control_plane.client(&user);
    let leases: Api<Lease> = Api::namespaced(client.clone(), "default");
    leases.create(&PostParams::default(), &Lease::default()).await.unwrap_err();
    let maps: Api<ConfigMap> = Api::namespaced(client, "default");
    maps.delete("mine", &DeleteParams::default()).await.unwrap_err();

    assert_eq!(2, audit.writes(&user, Mark::START).await.unwrap().len());
    let writes = audit.object_writes(&user, Mark::START).await.unwrap();
    let writes: Vec<_> = writes.iter().map(|request| (request.verb.as_str(), request.name.as_str())).collect();
    assert_eq!(vec![("delete", "mine")], writes);
}

/// On a control plane of its own: on the shared one the suite requires that there are none.
#[tokio::test(flavor = "multi_thread")]
async fn tenant_writes_by_masters_are_reported() {
    let control_plane = ControlPlane::start(Options::default()).await.unwrap();
    let client = control_plane.client(users::ADMIN);
    let audit = AuditLog::new(&control_plane);
    create_namespace(&client, "contoso").await.unwrap();
    assert_eq!(0, audit.tenant_writes_by_masters().await.unwrap().len());

    let kind = GroupVersionKind::gvk("nimbus.luware.com", "v1alpha1", "Tenant");
    let resource = ApiResource::from_gvk(&kind);
    let tenant = DynamicObject::new("contoso", &resource).data(json!({"spec": {}}));
    let api: Api<DynamicObject> = Api::namespaced_with(client, "contoso", &resource);
    // The kind is not installed; the attempt is enough.
    api.create(&PostParams::default(), &tenant).await.unwrap_err();

    let writes = audit.tenant_writes_by_masters().await.unwrap();
    assert_eq!(1, writes.len());
    assert_eq!("nimbus.luware.com", writes[0].group);
    assert_eq!(users::ADMIN, writes[0].user);
}
