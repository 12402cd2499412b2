//! What an operator without enough permissions says before it starts.

use std::time::Duration;

use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding};
use kube::api::{Api, DeleteParams, ObjectMeta, PostParams};
use serde_json::json;

use super::start;
use crate::support::fixture::Fixture;
use crate::support::operator::OperatorProcess;
use crate::support::rights::{self, Placement};
use crate::support::users;

/// The start must not take longer than a look at each right.
const SOON: Duration = Duration::from_secs(30);

/// An operator without a permission.
pub struct Less {
    binding: ClusterRoleBinding,
}

impl Less {
    /// Grants again what was taken.
    pub async fn restore(&self, fixture: &Fixture) {
        let bindings: Api<ClusterRoleBinding> = Api::all(fixture.client(users::ADMIN));
        bindings.create(&PostParams::default(), &self.binding).await.unwrap();
    }
}

/// Takes a resource out of what the operator may do.
pub async fn without(fixture: &Fixture, resource: &str) -> Less {
    let admin = fixture.client(users::ADMIN);
    let (roles, bindings): (Api<ClusterRole>, Api<ClusterRoleBinding>) = (Api::all(admin.clone()), Api::all(admin));
    let mut role = roles.get("nimbus-operator").await.unwrap();
    for rule in role.rules.iter_mut().flatten() {
        let resources = rule.resources.get_or_insert_default();
        resources.retain(|granted| granted != resource);
        // A rule without resources is not valid.
        resources.extend(resources.is_empty().then(|| "nothing".to_owned()));
    }
    let name = format!("nimbus-operator-{}", fixture.env.operator_user);
    role.metadata = ObjectMeta { name: Some(format!("{}-less", fixture.env.instance)), ..ObjectMeta::default() };
    let granted = bindings.get(&name).await.unwrap();
    let less = role.metadata.name.clone().unwrap();
    let mut binding = ClusterRoleBinding { metadata: role.metadata.clone(), ..granted.clone() };
    binding.role_ref.name.clone_from(&less);
    roles.create(&PostParams::default(), &role).await.unwrap();
    bindings.create(&PostParams::default(), &binding).await.unwrap();
    bindings.delete(&name, &DeleteParams::default()).await.unwrap();
    let metadata = ObjectMeta { name: Some(name), ..ObjectMeta::default() };
    Less { binding: ClusterRoleBinding { metadata, ..granted } }
}

/// The exit code, and what is said on standard error.
async fn refused(operator: &OperatorProcess) -> (Option<i32>, String) {
    let status = operator.end(SOON).await.unwrap_or_else(|error| panic!("{error}: {}", operator.log()));
    (status.code(), operator.log())
}

#[tokio::test(flavor = "multi_thread")]
async fn account_that_may_not_write_status_does_not_start() {
    for kind in ["tenants", "platforms", "partners"] {
        let fixture = Fixture::new(&format!("no-status-{kind}")).await;
        without(&fixture, &format!("{kind}/status")).await;
        fixture.create(json!({})).await;
        let (code, said) = refused(&start(&fixture.env, None, &[]).unwrap()).await;
        assert_eq!(Some(1), code, "{said}");
        let sentence = format!("may not patch {kind}/status");
        assert_eq!(1, said.matches(&sentence).count(), "{said}");
        assert_eq!(Vec::<String>::new(), fixture.platform.effects(0).await.unwrap(), "nothing was done");
    }
}

/// The permission is there, and the admission policies are those of another account.
#[tokio::test(flavor = "multi_thread")]
async fn account_that_the_policies_do_not_know_does_not_start() {
    let fixture = Fixture::new("unknown-account").await;
    fixture.create(json!({})).await;
    // All that the operator may do, for a user that the policies do not name.
    let user = users::user(users::NUMBERED);
    let placement = Placement {
        operator: &user,
        operator_namespace: &fixture.env.operator_namespace,
        namespace: &fixture.env.namespace,
        instance: &fixture.env.instance,
    };
    rights::grant(&fixture.client(users::ADMIN), &placement).await.unwrap();
    let path = fixture.env.control_plane.folder().join(format!("{}-unknown.kubeconfig", fixture.env.instance));
    fixture.env.control_plane.write_kubeconfig(&[&user], fixture.env.control_plane.url(), &path).unwrap();
    let arguments = super::arguments(&fixture.env);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (code, said) = refused(&OperatorProcess::start(&path, &arguments, &[]).unwrap()).await;
    assert_eq!(Some(1), code, "{said}");
    let sentence = format!(
        "status of the Tenant '{}/contoso' is refused by ValidatingAdmissionPolicy nimbus-",
        fixture.env.namespace
    );
    assert!(said.contains(&sentence) && said.contains("--operator-account"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_missing_permission_and_namespace_is_named() {
    let fixture = Fixture::new("nothing-allowed").await;
    let admin: Api<ClusterRoleBinding> = Api::all(fixture.client(users::ADMIN));
    let binding = format!("nimbus-operator-{}", fixture.env.operator_user);
    admin.delete(&binding, &DeleteParams::default()).await.unwrap();
    let (code, said) = refused(&start(&fixture.env, None, &[]).unwrap()).await;
    assert_eq!(Some(1), code, "{said}");
    for words in [
        "list, watch and patch tenants",
        "list, watch and patch platforms",
        "list, watch and patch partners",
        "patch tenants/status",
        "patch platforms/status",
        "patch partners/status",
    ] {
        assert!(said.contains(&format!("may not {words}")), "{words}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn namespace_that_does_not_exist_is_named_at_start() {
    let fixture = Fixture::new("no-namespace").await;
    let (code, said) = refused(&start(&fixture.env, None, &["--namespace", "contso"]).unwrap()).await;
    assert_eq!(Some(1), code, "{said}");
    assert!(said.contains("namespace 'contso' does not exist"), "{said}");
    assert!(!said.contains(&format!("namespace '{}' does not", fixture.env.namespace)), "{said}");
}
