//! An organisation has policies of its own. What one of them refuses is a stop that is reported, not a race that is tried again and again.

use kube::ResourceExt;
use nimbus_operator::resources::Tenant;
use serde_json::{Value, json};

use crate::support::fixture::{Fixture, FixtureOn, NAME, condition};
use crate::support::organisation::{self, Rule};
use crate::support::wait::{PATIENCE, until};

const FINALIZER: &str = "nimbus.luware.com/tenant";

/// A policy of the organisation on a Tenant of the fixture's namespace. It acts once this returns.
pub(super) async fn refuse(fixture: &FixtureOn<'_>, tenant: &str, policy: &Policy<'_>) -> String {
    let Policy { reason, allows, probe } = policy;
    let namespace = &fixture.env.namespace;
    let name = format!("{namespace}-finalizers");
    let rule = Rule {
        name: &name,
        group: "nimbus.luware.com",
        resource: "tenants",
        here: &format!("request.namespace == '{namespace}' && request.name == '{tenant}'"),
        allows,
        message: "'quoted' finalizers are not allowed",
        reason,
    };
    organisation::install(fixture, &rule).await;
    // No Tenant is written by an account that passes every policy.
    let operator = fixture.client(&fixture.env.operator_user);
    organisation::acts(&kube::Api::<Tenant>::namespaced(operator, namespace), tenant, &name, probe.clone()).await;
    name
}

/// What a policy refuses.
pub(super) struct Policy<'p> {
    reason: &'p str,
    allows: &'p str,
    /// A change that it refuses.
    probe: Value,
}

/// The finalizer may not be added. The reason decides whether it is refused with 403 or with 422.
fn no_finalizer(reason: &str) -> Policy<'_> {
    let allows = "!object.metadata.?finalizers.orValue([]).exists(f, f == 'nimbus.luware.com/tenant')";
    Policy { reason, allows, probe: json!({ "metadata": { "finalizers": [FINALIZER] } }) }
}

/// The finalizer may not be removed.
pub(super) fn finalizer_stays() -> Policy<'static> {
    let allows = "object.metadata.?finalizers.orValue([]).exists(f, f == 'nimbus.luware.com/tenant')";
    Policy { reason: "Invalid", allows, probe: json!({ "metadata": { "finalizers": null } }) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_finalizer_is_reported_and_nothing_is_created() {
    // A policy may refuse with 403 or with 422, which is also the code of a lost race.
    for (name, reason) in [("refused-403", "Forbidden"), ("refused-422", "Invalid")] {
        let fixture = Fixture::new(name).await;
        fixture.create(json!({})).await;
        let policy = refuse(&fixture, NAME, &no_finalizer(reason)).await;
        let _operator = fixture.start();
        let tenant = fixture.condition("Ready", "False", "KubernetesRefused").await;
        let (.., message) = condition(&tenant, "Ready").unwrap();
        let expected = format!("Kubernetes refuses adding the finalizer: ValidatingAdmissionPolicy {policy}");
        assert!(message.starts_with(&expected) && !message.contains("quoted"), "{name}: {message}");
        assert!(condition(&tenant, "Stalled").is_some(), "{name}: a human has to act");
        assert_eq!(404, fixture.platform.tenant(&fixture.id).await.unwrap().0, "{name}: nothing is created");
        until("an event", PATIENCE, async || {
            let events = fixture.events().await.map_err(|error| error.to_string())?;
            let refused = events.iter().filter(|(kind, reason)| kind == "Warning" && reason == "KubernetesRefused");
            if refused.count() == 1 { Ok(()) } else { Err(format!("{events:?}")) }
        })
        .await;
        organisation::remove(&fixture, &policy).await;
        fixture.ready().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finalizer_that_may_not_be_removed_is_reported() {
    let fixture = Fixture::new("refused-removal").await;
    let _operator = fixture.start();
    fixture.create(json!({})).await;
    fixture.ready().await;
    let policy = refuse(&fixture, NAME, &finalizer_stays()).await;
    fixture.delete().await;
    let tenant = fixture.condition("Ready", "False", "KubernetesRefused").await;
    let (.., message) = condition(&tenant, "Ready").unwrap();
    let expected = format!("Kubernetes refuses removing the finalizer: ValidatingAdmissionPolicy {policy}");
    assert!(message.starts_with(&expected), "{message}");
    assert_eq!([FINALIZER], tenant.finalizers());
    let events = fixture.events().await.unwrap();
    assert!(!events.iter().any(|(_, reason)| reason == "Released"), "it was not released: {events:?}");
    organisation::remove(&fixture, &policy).await;
    fixture.gone().await;
    let released = ("Normal".to_owned(), "Released".to_owned());
    assert!(fixture.events().await.unwrap().contains(&released), "an event says what has happened");
}
