//! CRDs that do not fit this operator, and CRDs that come back. Each on a control plane of its own, since all tests share the CRDs.

use std::time::{Duration, Instant};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use serde_json::json;

use super::start;
use crate::support::controlplane::{ControlPlane, Options};
use crate::support::env::TestEnv;
use crate::support::fixture::FixtureOn;
use crate::support::wait::{PATIENCE, until};
use crate::support::{apply, assets, users};

const TENANTS: &str = "tenants.nimbus.luware.com";

fn crds(fixture: &FixtureOn<'_>) -> Api<CustomResourceDefinition> {
    Api::all(fixture.client(users::ADMIN))
}

#[tokio::test(flavor = "multi_thread")]
async fn older_crd_is_named_with_what_it_lacks() {
    let control_plane = ControlPlane::start(Options { policies: false, ..Options::default() }).await.unwrap();
    let fixture = FixtureOn::within(TestEnv::on(&control_plane, "crd-older").await).await;
    let version = "/spec/versions/0/schema/openAPIV3Schema/properties";
    let older = json!([
        { "op": "remove", "path": format!("{version}/status/properties/lastHandledReconcileAt") },
        { "op": "remove", "path": format!("{version}/spec/properties/general/properties/crmId") },
    ]);
    let older: json_patch::Patch = serde_json::from_value(older).unwrap();
    crds(&fixture).patch(TENANTS, &PatchParams::default(), &Patch::Json::<()>(older)).await.unwrap();
    let operator = start(&fixture.env, None, &[]).unwrap();
    let status = operator.end(Duration::from_secs(30)).await.unwrap();
    let said = operator.log();
    assert_eq!(Some(1), status.code(), "{said}");
    for words in [TENANTS, "older", "spec.general.crmId", "status.lastHandledReconcileAt", "nimbus-operator crd"] {
        assert!(said.contains(words), "{words}: {said}");
    }

    crds(&fixture).delete("partners.nimbus.luware.com", &DeleteParams::default()).await.unwrap();
    let operator = start(&fixture.env, None, &[]).unwrap();
    assert_eq!(Some(1), operator.end(Duration::from_secs(30)).await.unwrap().code());
    let said = operator.log();
    assert!(said.contains("partners.nimbus.luware.com is not installed"), "{said}");
    assert!(said.contains("status.lastHandledReconcileAt"), "both are named: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tenant_is_ready_in_seconds_after_the_crd_came_back() {
    let control_plane = ControlPlane::start(Options { policies: false, ..Options::default() }).await.unwrap();
    let fixture = FixtureOn::within(TestEnv::on(&control_plane, "crd-back").await).await;
    let operator = start(&fixture.env, None, &["--without-policies"]).unwrap();
    fixture.connected().await;
    fixture.create(json!({})).await;
    fixture.ready().await;
    crds(&fixture).delete(TENANTS, &DeleteParams::default()).await.unwrap();
    until("the CRD is gone", PATIENCE, async || match crds(&fixture).get_metadata_opt(TENANTS).await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    // Long enough for a back-off to grow as far as it grows.
    until("the watch has failed five times", PATIENCE, async || {
        match operator.log().matches("a watch failed").count() {
            count if count >= 5 => Ok(()),
            count => Err(format!("{count}: {}", operator.last_lines(3))),
        }
    })
    .await;
    let log = operator.log();
    let failure = log.lines().find(|line| line.contains("a watch failed")).unwrap();
    assert!(failure.contains("404") && failure.contains("Tenant"), "the cause is named: {failure}");

    apply::crds(&fixture.client(users::ADMIN), &assets::checkout().join("crds")).await.unwrap();
    let since = Instant::now();
    fixture.create(json!({})).await;
    fixture.ready().await;
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
}
