//! Environments of tests: complete, and isolated from each other.

use kube::api::{Api, ListParams, PostParams};
use nimbus_operator::resources::{Platform, Tenant};
use serde_json::json;

use crate::support::audit::Mark;
use crate::support::env::TestEnv;
use crate::support::fixture::Fixture;
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

#[tokio::test(flavor = "multi_thread")]
async fn each_test_has_its_own_environment() {
    let (one, other) = tokio::join!(TestEnv::new("isolated"), TestEnv::new("isolated"));
    assert_ne!(one.namespace, other.namespace);
    assert_ne!(one.operator_user, other.operator_user);

    let own: Api<Tenant> = Api::namespaced(one.client(users::TENANT_EDITOR), &one.namespace);
    assert_eq!(0, own.list(&ListParams::default()).await.unwrap().items.len());
    let foreign: Api<Tenant> = Api::namespaced(one.client(&one.operator_user), &other.namespace);
    let tenant = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1",
        "kind": "Tenant",
        "metadata": {"name": "contoso"},
        "spec": {
            "platformRef": {"name": one.platform},
            "general": {"tenantId": "6f1b2c3d-0000-4000-8000-abcdef012345"},
        },
    });
    let tenant = serde_json::from_value(tenant).unwrap();
    foreign.create(&PostParams::default(), &tenant).await.unwrap_err();

    let writes = one.audit().writes(&one.operator_user, Mark::START).await.unwrap();
    assert_eq!(1, writes.len());
    assert_eq!((403, &other.namespace), (writes[0].code, &writes[0].namespace));
    let writes = other.audit().writes(&other.operator_user, Mark::START).await.unwrap();
    assert_eq!(0, writes.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_process_works_through_both_proxies() {
    let fixture = Fixture::new("process").await;
    let env = &fixture.env;
    let recorder = Recorder::new(|_, path| !path.ends_with("/token"));
    let kubernetes = Proxy::start(Upstream::kubernetes(env.control_plane), &recorder).await.unwrap();
    let platform = Proxy::start(Upstream::platform(&fixture.platform.url()), &recorder).await.unwrap();
    fixture.platform_object(&platform.url()).await;
    let instance = format!("--instance={}", env.instance);
    let own_namespace = format!("--operator-namespace={}", env.operator_namespace);
    let arguments = ["run", "--cluster-id=test", &instance, &own_namespace];

    let operator = env.start_operator(Some(&kubernetes), &arguments, &[]).unwrap();

    let platforms: Api<Platform> = Api::all(env.client(users::PLATFORM_ADMIN));
    until("the Platform to be ready", PATIENCE, || async {
        operator.check()?;
        let status = platforms.get(&env.platform).await?.status;
        let conditions = status.map(|status| status.conditions).unwrap_or_default();
        let ready = conditions.iter().any(|condition| condition.type_ == "Ready" && condition.status == "True");
        anyhow::ensure!(ready, "{conditions:?}");
        Ok(())
    })
    .await;
    fixture.create(json!({})).await;
    fixture.ready().await;
    let targets: Vec<_> = recorder.effects().iter().map(|effect| effect.target).collect();
    assert!(targets.contains(&"kubernetes") && targets.contains(&"platform"), "{targets:?}");
    assert!(operator.stop().await.unwrap().success(), "{}", operator.log());
}
