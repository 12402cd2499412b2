//! With `--watch-secrets`: a change is noticed at once. No test here waits for a look or for a pass of the Platform.

use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use nimbus_operator::controller::{Options, Step, Timing};
use serde_json::json;

use super::{applied, fresh, interact, rotate, secrets};
use crate::support::controlplane::{self, ControlPlane};
use crate::support::fixture::{Fixture, FixtureOn, Operator};
use crate::support::pause::Pause;
use crate::support::running::{NEVER, never_retry};
use crate::support::tenant::TenantHandle;
use crate::support::users::ADMIN;

/// A fixture in which nothing but a watch brings a pass.
async fn fixture(name: &str) -> Fixture {
    let mut fixture = Fixture::new(name).await;
    only_watches(&mut fixture.timing);
    fixture
}

fn only_watches(timing: &mut Timing) {
    timing.sync = Some(NEVER);
    [timing.secrets, timing.platform_check, timing.platform_retry] = [NEVER; 3];
    never_retry(timing);
}

/// The Role of docs/operations.md.
async fn allow_watching(fixture: &FixtureOn<'_>, namespace: &str) {
    let name = json!({ "name": "nimbus-operator-watch-secrets" });
    let rule = json!({ "apiGroups": [""], "resources": ["secrets"], "verbs": ["list", "watch"] });
    let role = json!({ "metadata": name, "rules": [rule] });
    let subject = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": fixture.env.operator_user });
    let reference = json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name["name"] });
    let binding = json!({ "metadata": name, "roleRef": reference, "subjects": [subject] });
    let admin = fixture.client(ADMIN);
    let (roles, bindings): (Api<Role>, Api<RoleBinding>) =
        (Api::namespaced(admin.clone(), namespace), Api::namespaced(admin, namespace));
    roles.create(&PostParams::default(), &serde_json::from_value(role).unwrap()).await.unwrap();
    bindings.create(&PostParams::default(), &serde_json::from_value(binding).unwrap()).await.unwrap();
}

/// An operator that watches Secrets in both of its namespaces.
async fn watching(fixture: &FixtureOn<'_>) -> Operator {
    let watch_secrets = vec![fixture.env.namespace.clone(), fixture.env.operator_namespace.clone()];
    for namespace in &watch_secrets {
        allow_watching(fixture, namespace).await;
    }
    fixture.start_with(Options { watch_secrets, ..fixture.options() })
}

#[tokio::test(flavor = "multi_thread")]
async fn watched_secret_is_applied_at_once() {
    let fixture = fixture("watched").await;
    let _operator = watching(&fixture).await;
    let [in_use, late] = ["acs", "late"].map(|name| TenantHandle::new(&fixture, name));
    in_use.create(interact("acs")).await;
    in_use.ready().await;
    late.create(interact("late")).await;
    late.condition("Ready", "False", "SecretNotFound").await;
    for _ in 0..3 {
        rotate(&fixture, "acs").await;
        applied(&fixture, &in_use, "acs").await;
    }
    rotate(&fixture, "late").await;
    applied(&fixture, &late, "late").await;
    secrets(&fixture).delete("late", &DeleteParams::default()).await.unwrap();
    late.condition("Ready", "False", "SecretNotFound").await;
    fixture.secret(&fixture.env.namespace, "late", json!({ "connection-string": "endpoint" })).await;
    late.condition("Ready", "False", "SecretInvalid").await;
    fixture.secret(&fixture.env.namespace, "late", fresh()).await;
    applied(&fixture, &late, "late").await;
}

/// A pass has read a Secret and not yet noted that it uses it, when the Secret changes: the first pass of a Tenant, and that of an
/// edit that names another Secret.
#[tokio::test(flavor = "multi_thread")]
async fn watched_secret_that_changes_during_a_pass_is_applied_at_once() {
    let mut fixture = fixture("watched-meanwhile").await;
    let pause = Pause::default();
    fixture.observer = pause.observer();
    let _operator = watching(&fixture).await;
    fixture.connected().await;
    let tenant = TenantHandle::new(&fixture, "contoso");
    for secret in ["first", "second"] {
        rotate(&fixture, secret).await;
        let mut paused = pause.at(Step::Execute);
        if secret == "first" {
            tenant.create(interact(secret)).await;
        } else {
            tenant.patch(json!({ "spec": interact(secret) })).await;
        }
        paused.reached().await;
        rotate(&fixture, secret).await;
        // The watch of another Secret in the namespace brings this one first: what is paused was told by then.
        let told = TenantHandle::new(&fixture, "told");
        if secret == "first" {
            told.create(interact("told")).await;
            told.condition("Ready", "False", "SecretNotFound").await;
        }
        rotate(&fixture, "told").await;
        applied(&fixture, &told, "told").await;
        drop(paused);
        applied(&fixture, &tenant, secret).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn watched_credentials_of_a_platform_are_used_at_once() {
    let fixture = fixture("watched-platform").await;
    fixture.platform_object_as(&fixture.platform.url(), "system", "late-credentials").await;
    let _operator = watching(&fixture).await;
    let wrong = json!({ "client-secret": "wrong" });
    let right = json!({ "client-secret": "system-secret" });
    crate::faults::platform_says(&fixture, "False", "CredentialsNotFound").await;
    fixture.secret(&fixture.env.operator_namespace, "late-credentials", wrong).await;
    crate::faults::platform_says(&fixture, "False", "AuthenticationFailed").await;
    fixture.secret(&fixture.env.operator_namespace, "late-credentials", right).await;
    fixture.connected().await;
}

/// After a restore of etcd the resource versions of before lie in the future: a watch that went on from there would see nothing.
#[tokio::test(flavor = "multi_thread")]
async fn watched_secret_is_applied_at_once_after_a_restore_of_etcd() {
    let control_plane = ControlPlane::start(controlplane::Options::default()).await.unwrap();
    let mut fixture = FixtureOn::on(&control_plane, "watched-restored").await;
    only_watches(&mut fixture.timing);
    let _operator = watching(&fixture).await;
    let tenant = TenantHandle::new(&fixture, "acs");
    tenant.create(interact("acs")).await;
    rotate(&fixture, "acs").await;
    applied(&fixture, &tenant, "acs").await;
    let backup = control_plane.back_up().unwrap();
    for _ in 0..50 {
        rotate(&fixture, "acs").await;
    }
    applied(&fixture, &tenant, "acs").await;

    control_plane.restore(&backup).await.unwrap();
    // The watch of Tenants brings this one.
    applied(&fixture, &tenant, "acs").await;
    for _ in 0..3 {
        rotate(&fixture, "acs").await;
        applied(&fixture, &tenant, "acs").await;
    }
}
