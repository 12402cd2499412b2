//! Checks of the whole run. Tests start in the order of their names, so these are among the last and see what the others
//! did until then.

#![allow(clippy::print_stdout, reason = "figures, which --nocapture shows")]

mod messages;

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::api::events::v1::Event;
use kube::ResourceExt;
use kube::api::{Api, ApiResource, DynamicObject, ListParams};
use nimbus_operator::resources::{Partner, Platform, Tenant};
use serde_json::json;

use crate::support::canary::{self, Canary};
use crate::support::fixture::Fixture;
use crate::support::log;
use crate::support::users::ADMIN;

/// A cluster administrator passes every admission policy, so such a write would prove nothing.
#[tokio::test(flavor = "multi_thread")]
async fn no_tenant_was_written_by_system_masters() {
    let fixture = Fixture::new("verdict").await;
    let written = fixture.audit().tenant_writes_by_masters().await.unwrap();
    assert!(written.is_empty(), "{written:?}");
}

/// Server-side apply distinguishes managers by name.
#[tokio::test(flavor = "multi_thread")]
async fn every_tenant_write_has_a_manager() {
    let fixture = Fixture::new("verdict").await;
    let _operator = fixture.start();
    fixture.create(json!({})).await;
    fixture.ready().await;
    let tenants: Api<Tenant> = Api::all(fixture.client(ADMIN));
    let tenants = tenants.list(&ListParams::default()).await.unwrap().items;
    println!("{} Tenants", tenants.len());
    assert!(tenants.iter().any(|tenant| tenant.namespace().as_deref() == Some(&fixture.env.namespace)));
    for tenant in &tenants {
        let managers = tenant.managed_fields().iter().map(|entry| entry.manager.as_deref().unwrap_or_default());
        let managers: Vec<_> = managers.collect();
        assert!(!managers.is_empty(), "{:?}", tenant.metadata);
        assert!(
            !managers.iter().any(|name| ["", "unknown"].contains(name)),
            "{managers:?} of {:?}",
            tenant.namespace()
        );
    }
}

/// Searches the logs of all operators in this process and every object and event for every secret in the cluster, in every
/// encoding.
#[tokio::test(flavor = "multi_thread")]
async fn no_secret_leaks_in_the_whole_run() {
    let fixture = Fixture::new("verdict").await;
    let operator = fixture.start();
    fixture
        .create(json!({ "extensions": { "interact": {
        "enabled": true, "acsConnectionStringRef": { "name": "acs", "key": "connection-string" }
    } } }))
        .await;
    fixture.ready().await;
    operator.stop().await;
    let admin = fixture.client(ADMIN);
    let secrets = Api::<Secret>::all(admin.clone()).list(&ListParams::default()).await.unwrap().items;
    let known: BTreeSet<String> = secrets.iter().flat_map(values).collect();
    let canaries: Vec<Canary> = known.iter().map(|value| Canary::of("a secret", value)).collect();
    let mut all = log::so_far().unwrap();
    let logged = all.len();
    for kind in [
        ApiResource::erase::<Tenant>(&()),
        ApiResource::erase::<Platform>(&()),
        ApiResource::erase::<Partner>(&()),
        ApiResource::erase::<Event>(&()),
    ] {
        let objects = Api::<DynamicObject>::all_with(admin.clone(), &kind).list(&ListParams::default()).await.unwrap();
        all += &serde_json::to_string(&objects.items).unwrap();
    }
    println!("{} secrets in {logged} bytes of log and {} of objects", canaries.len(), all.len() - logged);
    assert!(
        canaries.len() > 1 && (all.contains("TRACE") || all.contains("DEBUG")),
        "there is something to find, and to find it in"
    );
    assert_eq!(Vec::<String>::new(), canary::seen_in(&canaries, &all));
    for canary in &canaries {
        let leak = String::from_utf8(canary.value.clone()).unwrap();
        assert_ne!(Vec::<String>::new(), canary::seen_in(&canaries, &leak), "what is looked for would be found");
    }
}

/// The secret part of a Secret: the key in a connection string, else the whole value, if it is long enough to be unique.
fn values(secret: &Secret) -> Vec<String> {
    let ours = |key: &str| ["connection-string", "client-secret", "widget-key"].contains(&key);
    let data = secret.data.iter().flatten().filter(|(key, _)| ours(key));
    let texts = data.filter_map(|(_, value)| String::from_utf8(value.0.clone()).ok());
    texts.filter_map(|text| secret_of(&text)).filter(|text| text.len() >= 13).collect()
}

fn secret_of(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let key = lower.find("accesskey=").map(|at| &text[at + "accesskey=".len()..]);
    let value = match key {
        Some(key) => key.split(';').next(),
        None if lower.contains("endpoint=") => None,
        None => Some(text),
    };
    value.map(|value| value.trim().chars().take(256).collect())
}
