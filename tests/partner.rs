//! Partners in use: the Tenants that refer to a Partner keep it, each operator for its own, and its message names them.

mod leaving;

use std::time::Duration;

use kube::api::{Api, DeleteParams, Patch, PatchParams};
use kube::{Resource, ResourceExt};
use nimbus_operator::resources::{Partner, Platform};
use serde_json::{Value, json};

use crate::support::fixture::{Fixture, Operator, condition, what_happened};
use crate::support::users::PLATFORM_ADMIN;
use crate::support::wait::{PATIENCE, until};

fn partners(fixture: &Fixture) -> Api<Partner> {
    Api::all(fixture.client(PLATFORM_ADMIN))
}

/// Writes a Partner, with metadata merged over it.
async fn partner(fixture: &Fixture, name: &str, metadata: Value) -> Partner {
    let mut partner = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": name },
        "spec": { "displayName": "Northwind", "platformPartnerId": "northwind" }
    });
    json_patch::merge(&mut partner["metadata"], &metadata);
    partners(fixture).patch(name, &PatchParams::apply("test").force(), &Patch::Apply(partner)).await.unwrap()
}

fn names(partner: &str) -> Value {
    json!({ "partner": { "partnerRef": { "name": partner } } })
}

fn hold_of(fixture: &Fixture) -> String {
    format!("nimbus.luware.com/in-use-{}", fixture.env.instance)
}

/// Status, reason and message of Ready, and the finalizers.
fn described(partner: &Partner) -> String {
    let conditions = partner.status.iter().flat_map(|status| &status.conditions);
    let said: Vec<_> = conditions.map(|c| format!("{}={} {} '{}'", c.type_, c.status, c.reason, c.message)).collect();
    format!("{said:?}, held by {:?}", partner.finalizers())
}

/// Waits until the Partner is as `fits` wants it.
async fn wait_for_partner(fixture: &Fixture, name: &str, what: &str, fits: impl Fn(&Partner) -> bool) -> Partner {
    until(&format!("{name}: {what}"), PATIENCE, async || {
        let partner = partners(fixture).get(name).await.map_err(|error| error.to_string())?;
        if fits(&partner) { Ok(partner) } else { Err(described(&partner)) }
    })
    .await
}

async fn wait_for_ready(fixture: &Fixture, name: &str, status: &str, reason: &str, message: &str) -> Partner {
    let fits = |partner: &Partner| {
        let current = partner.status.as_ref().map(|status| status.observed_generation) == partner.meta().generation;
        let ready = partner.status.iter().flat_map(|status| &status.conditions).find(|found| found.type_ == "Ready");
        current
            && ready.is_some_and(|c| c.status == status && c.reason == reason && what_happened(&c.message) == message)
    };
    wait_for_partner(fixture, name, &format!("Ready is {status} {reason} '{message}'"), fits).await
}

async fn gone<K>(api: Api<K>, name: &str)
where
    K: Clone + std::fmt::Debug + serde::de::DeserializeOwned + Resource,
{
    until(&format!("{name} is gone"), PATIENCE, async || match api.get_opt(name).await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

/// A fixture whose operator reconciles Partners several times per second.
async fn fixture(name: &str) -> Fixture {
    let mut fixture = Fixture::new(name).await;
    fixture.timing.platform_check = Duration::from_millis(300);
    fixture
}

#[tokio::test(flavor = "multi_thread")]
async fn partner_remains_while_in_use() {
    let fixture = fixture("partner-in-use").await;
    let name = fixture.env.namespace.clone();
    let unseen = partner(&fixture, &name, json!({})).await;
    // The operator of another test may have reconciled it already; otherwise its status says so.
    let generation = unseen.status.map(|status| status.observed_generation);
    assert!([Some(-1), Some(1)].contains(&generation), "{generation:?}");
    let _operator = fixture.start();
    wait_for_ready(&fixture, &name, "True", "Accepted", "Tenants can refer to this Partner").await;
    fixture.create(names(&name)).await;
    fixture.ready().await;
    let held = partners(&fixture).get(&name).await.unwrap();
    assert_eq!([hold_of(&fixture)], *held.finalizers(), "before the platform was written");

    partners(&fixture).delete(&name, &DeleteParams::default()).await.unwrap();
    let waits = format!(
        "Being deleted; waiting for the Tenants that refer to it, of operator instance {}",
        fixture.env.instance
    );
    wait_for_ready(&fixture, &name, "False", "InUse", &waits).await;
    // Its Tenant is still reconciled, and the Partner is deleted with its last Tenant.
    fixture.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    fixture.ready().await;
    let settings =
        fixture.settings("the edit arrived", |settings| settings["general"]["companyName"] == "Contoso AG").await;
    assert_eq!("northwind", settings["settings"]["partner"]["partnerId"]);
    fixture.delete().await;
    fixture.gone().await;
    gone(partners(&fixture), &name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unused_partner_is_released() {
    let fixture = fixture("partner-elsewhere").await;
    let (one, two) = (format!("{}-one", fixture.env.namespace), format!("{}-two", fixture.env.namespace));
    partner(&fixture, &one, json!({})).await;
    partner(&fixture, &two, json!({ "finalizers": ["example.com/theirs"] })).await;
    let _operator = fixture.start();
    fixture.create(names(&one)).await;
    fixture.ready().await;
    let is_held = |partner: &Partner| partner.finalizers().contains(&hold_of(&fixture));
    wait_for_partner(&fixture, &one, "is held", is_held).await;
    fixture.patch(json!({ "spec": names(&two) })).await;
    fixture.ready().await;
    wait_for_partner(&fixture, &one, "is let go, without being deleted", |partner| !is_held(partner)).await;
    let both = wait_for_partner(&fixture, &two, "is held", is_held).await;
    assert_eq!(["example.com/theirs".to_owned(), hold_of(&fixture)], *both.finalizers(), "others' are kept");

    // A Partner that is being deleted is also released when its Tenant refers elsewhere, and other finalizers are kept.
    partners(&fixture).delete(&two, &DeleteParams::default()).await.unwrap();
    fixture.patch(json!({ "spec": names(&one) })).await;
    fixture.ready().await;
    let left = wait_for_partner(&fixture, &two, "is let go", |partner| !is_held(partner)).await;
    assert_eq!(["example.com/theirs"], *left.finalizers());
}

/// A Partner has no instance: each operator holds it for its own Tenants, and all report the same.
#[tokio::test(flavor = "multi_thread")]
async fn each_operator_holds_a_partner_for_its_tenants() {
    let (one, two) = (fixture("partner-east").await, fixture("partner-west").await);
    let name = one.env.namespace.clone();
    partner(&one, &name, json!({})).await;
    let both = || vec![one.env.namespace.clone(), two.env.namespace.clone()];
    let start = |fixture: &Fixture| -> Operator {
        fixture.start_with(nimbus_operator::controller::Options { namespaces: both(), ..fixture.options() })
    };
    let _operators = [start(&one), start(&two)];
    for fixture in [&one, &two] {
        fixture.create(names(&name)).await;
        fixture.ready().await;
    }
    let mut held = partners(&one).get(&name).await.unwrap().finalizers().to_vec();
    held.sort();
    let mut expected = vec![hold_of(&one), hold_of(&two)];
    expected.sort();
    assert_eq!(expected, held);

    partners(&one).delete(&name, &DeleteParams::default()).await.unwrap();
    let waits = |instances: &[&str]| {
        let mut instances = instances.to_vec();
        instances.sort_unstable();
        let whose = instances.join(", ");
        format!("Being deleted; waiting for the Tenants that refer to it, of operator instance {whose}")
    };
    wait_for_ready(&one, &name, "False", "InUse", &waits(&[&one.env.instance, &two.env.instance])).await;
    one.delete().await;
    one.gone().await;
    let left = wait_for_ready(&one, &name, "False", "InUse", &waits(&[&two.env.instance])).await;
    assert_eq!([hold_of(&two)], *left.finalizers(), "the other's Tenant is no reason for the first");
    two.delete().await;
    two.gone().await;
    gone(partners(&one), &name).await;
}

/// A terminating object cannot be held any more, so nothing may depend on it.
#[tokio::test(flavor = "multi_thread")]
async fn terminating_partner_accepts_no_new_tenants() {
    let fixture = fixture("partner-leaving").await;
    let name = fixture.env.namespace.clone();
    partner(&fixture, &name, json!({ "finalizers": ["example.com/theirs"] })).await;
    partners(&fixture).delete(&name, &DeleteParams::default()).await.unwrap();
    let _operator = fixture.connect().await;
    fixture.create(names(&name)).await;
    let waits = fixture.condition("Ready", "False", "PartnerTerminating").await;
    assert_eq!(Some("True"), condition(&waits, "Reconciling").map(|(status, ..)| status).as_deref());
    assert_eq!([""; 0], *waits.finalizers());
    assert_eq!(404, fixture.platform.tenant(&fixture.id).await.unwrap().0, "nothing was written");

    let platforms: Api<Platform> = Api::all(fixture.client(PLATFORM_ADMIN));
    let theirs = Patch::Merge(json!({ "metadata": { "finalizers": ["example.com/theirs"] } }));
    platforms.patch(&fixture.env.platform, &PatchParams::default(), &theirs).await.unwrap();
    platforms.delete(&fixture.env.platform, &DeleteParams::default()).await.unwrap();
    fixture.patch(json!({ "spec": { "partner": null } })).await;
    fixture.condition("Ready", "False", "PlatformTerminating").await;
    assert_eq!(404, fixture.platform.tenant(&fixture.id).await.unwrap().0, "nothing was written");
    fixture.delete().await;
    fixture.gone().await;
}
