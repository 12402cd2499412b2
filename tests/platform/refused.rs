//! An organisation's policy refuses what the operator writes of a Platform or a Partner. That is reported with who refuses what, and
//! everything else goes on.

use std::time::Duration;

use k8s_openapi::api::events::v1::Event;
use kube::ResourceExt;
use kube::api::{Api, ListParams, Patch, PatchParams};
use nimbus_operator::resources::{Partner, Platform};
use serde_json::{Value, json};

use super::conditions::says;
use super::params;
use crate::support::fixture::{Fixture, FixtureOn, what_happened};
use crate::support::organisation::{self, Rule, acts};
use crate::support::users::{ADMIN, PLATFORM_ADMIN};
use crate::support::wait::{PATIENCE, until};

/// A policy of the organisation on one object. It acts once this returns.
struct Policy<'p> {
    /// The resource, with its subresource.
    resource: &'p str,
    object: &'p str,
    allows: &'p str,
}

/// The finalizer may not be added. One that is there may be taken off.
const NO_FINALIZER: &str =
    "!object.metadata.?finalizers.orValue([]).exists(f, f.startsWith('nimbus.luware.com/in-use-'))";

async fn refuse(fixture: &FixtureOn<'_>, Policy { resource, object, allows }: Policy<'_>) -> String {
    let name = format!("{object}-{}", resource.replace('/', "-"));
    let rule = Rule {
        name: &name,
        group: "nimbus.luware.com",
        resource,
        here: &format!("request.name == '{object}'"),
        allows,
        message: "'quoted' is not allowed",
        reason: "Invalid",
    };
    organisation::install(fixture, &rule).await;
    name
}

/// The warnings of the operator about an object of the cluster that name a policy.
async fn warnings(fixture: &FixtureOn<'_>, object: &str, policy: &str) -> Vec<String> {
    let api: Api<Event> = Api::namespaced(fixture.client(ADMIN), "default");
    let about = |event: &Event| event.regarding.as_ref().and_then(|about| about.name.clone());
    let events = api.list(&ListParams::default()).await.unwrap().items;
    let ours = events.into_iter().filter(|event| about(event).as_deref() == Some(object));
    let refused = ours.filter(|event| event.reason.as_deref() == Some("KubernetesRefused"));
    refused.filter_map(|event| event.note).filter(|note| note.contains(policy)).collect()
}

fn stripped() -> Patch<Value> {
    Patch::Merge(json!({ "metadata": { "finalizers": null } }))
}

fn touched() -> Value {
    json!({ "metadata": { "annotations": { "example.com/touched": "yes" } } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_finalizer_of_a_platform_is_reported_and_the_platform_is_probed_all_the_same() {
    let mut fixture = Fixture::new("refused-hold").await;
    fixture.timing.platform_check = Duration::from_millis(300);
    let _operator = fixture.connect().await;
    fixture.create(json!({})).await;
    fixture.ready().await;
    let name = fixture.env.platform.clone();
    let platforms: Api<Platform> = Api::all(fixture.client(PLATFORM_ADMIN));
    let policy = refuse(&fixture, Policy { resource: "platforms", object: &name, allows: NO_FINALIZER }).await;
    acts(&platforms, &name, &policy, touched()).await;
    platforms.patch(&name, &params(), &stripped()).await.unwrap();

    let message = says(&fixture, &["Ready=False KubernetesRefused", "Stalled=True KubernetesRefused"]).await;
    let expected = format!(
        "Kubernetes refuses putting back the finalizer that keeps it in use: ValidatingAdmissionPolicy {policy}. The platform answers"
    );
    assert!(message.starts_with(&expected) && !message.contains("quoted"), "{message}");
    let mark = fixture.platform.mark().await.unwrap();
    until("three probes", PATIENCE, async || {
        let log = fixture.platform.log_after(mark).await.map_err(|error| error.to_string())?;
        let probes = log.iter().filter(|seen| seen.call == "GET /v1/capabilities").count();
        if probes >= 3 { Ok(()) } else { Err(format!("{probes} probes")) }
    })
    .await;
    // Its Tenants stay as they are, and nothing is written to what nothing keeps: an edit waits and says the same.
    fixture.ready().await;
    fixture.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    fixture.condition("Ready", "False", "KubernetesRefused").await;
    assert_eq!(1, warnings(&fixture, &name, &policy).await.len(), "one event");

    organisation::remove(&fixture, &policy).await;
    says(&fixture, &["Ready=True Connected"]).await;
    let held = platforms.get(&name).await.unwrap();
    assert_eq!([format!("nimbus.luware.com/in-use-{}", fixture.env.instance)], *held.finalizers());
    fixture.ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_finalizer_of_a_partner_is_reported_by_the_instance_that_it_is_refused_to() {
    let mut fixture = Fixture::new("refused-partner").await;
    fixture.timing.platform_check = Duration::from_millis(300);
    let _operator = fixture.connect().await;
    let name = fixture.env.namespace.clone();
    let partner = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": name },
        "spec": { "displayName": "Northwind", "platformPartnerId": "northwind" }
    });
    let partners: Api<Partner> = Api::all(fixture.client(PLATFORM_ADMIN));
    partners.patch(&name, &PatchParams::apply("test").force(), &Patch::Apply(partner)).await.unwrap();
    fixture.create(json!({ "partner": { "partnerRef": { "name": name } } })).await;
    fixture.ready().await;
    let policy = refuse(&fixture, Policy { resource: "partners", object: &name, allows: NO_FINALIZER }).await;
    acts(&partners, &name, &policy, touched()).await;
    partners.patch(&name, &params(), &stripped()).await.unwrap();

    let says = async |expected: &[&str]| {
        until(&format!("the Partner says {expected:?}"), PATIENCE, async || {
            let status = partners.get(&name).await.map_err(|error| error.to_string())?.status.unwrap_or_default();
            let said =
                status.conditions.iter().map(|found| format!("{}={} {}", found.type_, found.status, found.reason));
            match status.conditions.first() {
                Some(ready) if said.eq(expected.iter().map(|text| (*text).to_owned())) => Ok(ready.message.clone()),
                _ => Err(format!("{status:?}")),
            }
        })
        .await
    };
    let message = says(&["Ready=False KubernetesRefused", "Stalled=True KubernetesRefused"]).await;
    let expected = format!(
        "Kubernetes refuses operator instance {} putting back the finalizer that keeps it in use: ValidatingAdmissionPolicy {policy}. \
         Tenants can refer to this Partner",
        fixture.env.instance
    );
    assert_eq!(expected, what_happened(&message));
    assert_eq!(1, warnings(&fixture, &name, &policy).await.len(), "one event");
    organisation::remove(&fixture, &policy).await;
    says(&["Ready=True Accepted"]).await;
    let held = partners.get(&name).await.unwrap();
    assert_eq!([format!("nimbus.luware.com/in-use-{}", fixture.env.instance)], *held.finalizers());
}

/// Where the status itself is refused, an event says so once, and the platform is not asked for an answer that cannot be written.
#[tokio::test(flavor = "multi_thread")]
async fn a_refused_status_of_a_platform_is_an_event() {
    let mut fixture = Fixture::new("refused-status").await;
    fixture.timing.platform_check = Duration::from_millis(300);
    let _operator = fixture.connect().await;
    let name = fixture.env.platform.clone();
    let operator: Api<Platform> = Api::all(fixture.client(&fixture.env.operator_user));
    let policy = refuse(&fixture, Policy { resource: "platforms/status", object: &name, allows: "false" }).await;
    until("the policy acts", PATIENCE, async || {
        let dry = PatchParams { dry_run: true, ..PatchParams::default() };
        let probe = Patch::Merge(json!({ "status": { "role": "probe" } }));
        match operator.patch_status(&name, &dry, &probe).await {
            Err(kube::Error::Api(status)) if status.message.contains(&policy) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    // Another role is another status.
    let platforms: Api<Platform> = Api::all(fixture.client(PLATFORM_ADMIN));
    let edit = Patch::Merge(json!({ "spec": { "limits": { "confirmedDeletionsPerHour": 7 } } }));
    let edited = platforms.patch(&name, &params(), &edit).await.unwrap();
    let notes = until("an event", PATIENCE, async || {
        let notes = warnings(&fixture, &name, &policy).await;
        if notes.is_empty() { Err("none") } else { Ok(notes) }
    })
    .await;
    assert_eq!([format!("Kubernetes refuses writing the status: ValidatingAdmissionPolicy {policy}")], *notes);
    organisation::remove(&fixture, &policy).await;
    says(&fixture, &["Ready=True Connected"]).await;
    assert_eq!(1, warnings(&fixture, &name, &policy).await.len(), "one event for all attempts");
    let status = platforms.get(&name).await.unwrap().status.unwrap();
    assert_eq!(edited.metadata.generation, Some(status.observed_generation));
}
