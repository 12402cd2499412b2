//! With `--watch-secrets`: a change is noticed at once. No test here waits for a look or for a pass of the Platform.

use std::time::Duration;

use k8s_openapi::api::rbac::v1::{Role, RoleBinding};
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use nimbus_operator::controller::Options;
use serde_json::json;

use super::{applied, fresh, interact, rotate, secrets};
use crate::support::fixture::{Fixture, Operator};
use crate::support::tenant::TenantHandle;
use crate::support::users::ADMIN;

const NEVER: Duration = Duration::from_secs(24 * 3600);

/// A fixture in which nothing but a watch brings a pass.
async fn fixture(name: &str) -> Fixture {
    let mut fixture = Fixture::new(name).await;
    let timing = &mut fixture.timing;
    timing.sync = Some(NEVER);
    [timing.secrets, timing.platform_check, timing.platform_retry] = [NEVER; 3];
    [timing.backoff_first, timing.backoff_most, timing.reference_most] = [NEVER; 3];
    fixture
}

/// The Role of docs/operations.md.
async fn allow_watching(fixture: &Fixture, namespace: &str) {
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
async fn watching(fixture: &Fixture) -> Operator {
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
