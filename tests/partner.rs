//! Partners in use: the Tenants that refer to a Partner keep it, each operator for its own, and its message names them.

use std::time::Duration;

use kube::api::{Api, DeleteParams, Patch, PatchParams};
use kube::{Resource, ResourceExt};
use nimbus_operator::resources::{Partner, Platform};
use serde_json::{Value, json};

use crate::support::stage::{Operator, Stage, condition, what_happened};
use crate::support::users::PLATFORM_ADMIN;
use crate::support::wait::{PATIENCE, until};

fn partners(stage: &Stage) -> Api<Partner> {
    Api::all(stage.client(PLATFORM_ADMIN))
}

/// Writes a Partner, with metadata merged over it.
async fn partner(stage: &Stage, name: &str, metadata: Value) -> Partner {
    let mut partner = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": name },
        "spec": { "displayName": "Northwind", "platformPartnerId": "northwind" }
    });
    json_patch::merge(&mut partner["metadata"], &metadata);
    partners(stage).patch(name, &PatchParams::apply("test").force(), &Patch::Apply(partner)).await.unwrap()
}

fn names(partner: &str) -> Value {
    json!({ "partner": { "partnerRef": { "name": partner } } })
}

fn hold_of(stage: &Stage) -> String {
    format!("nimbus.luware.com/in-use-{}", stage.env.instance)
}

/// Status, reason and message of Ready, and the finalizers.
fn described(partner: &Partner) -> String {
    let conditions = partner.status.iter().flat_map(|status| &status.conditions);
    let said: Vec<_> = conditions.map(|c| format!("{}={} {} '{}'", c.type_, c.status, c.reason, c.message)).collect();
    format!("{said:?}, held by {:?}", partner.finalizers())
}

/// Waits until the Partner is as `fits` wants it.
async fn comes(stage: &Stage, name: &str, what: &str, fits: impl Fn(&Partner) -> bool) -> Partner {
    until(&format!("{name}: {what}"), PATIENCE, async || {
        let partner = partners(stage).get(name).await.map_err(|error| error.to_string())?;
        if fits(&partner) { Ok(partner) } else { Err(described(&partner)) }
    })
    .await
}

async fn says(stage: &Stage, name: &str, status: &str, reason: &str, message: &str) -> Partner {
    let fits = |partner: &Partner| {
        let current = partner.status.as_ref().map(|status| status.observed_generation) == partner.meta().generation;
        let ready = partner.status.iter().flat_map(|status| &status.conditions).find(|found| found.type_ == "Ready");
        current
            && ready.is_some_and(|c| c.status == status && c.reason == reason && what_happened(&c.message) == message)
    };
    comes(stage, name, &format!("Ready is {status} {reason} '{message}'"), fits).await
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
async fn stage(name: &str) -> Stage {
    let mut stage = Stage::new(name).await;
    stage.timing.platform_check = Duration::from_millis(300);
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn partner_remains_while_in_use() {
    let stage = stage("partner-in-use").await;
    let name = stage.env.namespace.clone();
    let unseen = partner(&stage, &name, json!({})).await;
    // The operator of another test may have reconciled it already; otherwise its status says so.
    let generation = unseen.status.map(|status| status.observed_generation);
    assert!([Some(-1), Some(1)].contains(&generation), "{generation:?}");
    let _operator = stage.start();
    says(&stage, &name, "True", "Accepted", "Tenants may name this Partner").await;
    stage.create(names(&name)).await;
    stage.ready().await;
    let held = partners(&stage).get(&name).await.unwrap();
    assert_eq!([hold_of(&stage)], *held.finalizers(), "before the platform was written");

    partners(&stage).delete(&name, &DeleteParams::default()).await.unwrap();
    let waits =
        format!("is being deleted and waits for the Tenants that name it, of operator instance {}", stage.env.instance);
    says(&stage, &name, "False", "InUse", &waits).await;
    // Its Tenant is still reconciled, and the Partner is deleted with its last Tenant.
    stage.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    stage.ready().await;
    let settings =
        stage.settings("the edit arrived", |settings| settings["general"]["companyName"] == "Contoso AG").await;
    assert_eq!("northwind", settings["settings"]["partner"]["partnerId"]);
    stage.delete().await;
    stage.gone().await;
    gone(partners(&stage), &name).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unused_partner_is_released() {
    let stage = stage("partner-elsewhere").await;
    let (one, two) = (format!("{}-one", stage.env.namespace), format!("{}-two", stage.env.namespace));
    partner(&stage, &one, json!({})).await;
    partner(&stage, &two, json!({ "finalizers": ["example.com/theirs"] })).await;
    let _operator = stage.start();
    stage.create(names(&one)).await;
    stage.ready().await;
    let is_held = |partner: &Partner| partner.finalizers().contains(&hold_of(&stage));
    comes(&stage, &one, "is held", is_held).await;
    stage.patch(json!({ "spec": names(&two) })).await;
    stage.ready().await;
    comes(&stage, &one, "is let go, without being deleted", |partner| !is_held(partner)).await;
    let both = comes(&stage, &two, "is held", is_held).await;
    assert_eq!(["example.com/theirs".to_owned(), hold_of(&stage)], *both.finalizers(), "others' are kept");

    // A Partner that is being deleted is also released when its Tenant refers elsewhere, and other finalizers are kept.
    partners(&stage).delete(&two, &DeleteParams::default()).await.unwrap();
    stage.patch(json!({ "spec": names(&one) })).await;
    stage.ready().await;
    let left = comes(&stage, &two, "is let go", |partner| !is_held(partner)).await;
    assert_eq!(["example.com/theirs"], *left.finalizers());
}

/// A Partner has no instance: each operator holds it for its own Tenants, and all report the same.
#[tokio::test(flavor = "multi_thread")]
async fn each_operator_holds_a_partner_for_its_tenants() {
    let (one, two) = (stage("partner-east").await, stage("partner-west").await);
    let name = one.env.namespace.clone();
    partner(&one, &name, json!({})).await;
    let both = || vec![one.env.namespace.clone(), two.env.namespace.clone()];
    let start = |stage: &Stage| -> Operator {
        stage.start_with(nimbus_operator::controller::Options { namespaces: both(), ..stage.options() })
    };
    let _operators = [start(&one), start(&two)];
    for stage in [&one, &two] {
        stage.create(names(&name)).await;
        stage.ready().await;
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
        format!("is being deleted and waits for the Tenants that name it, of operator instance {whose}")
    };
    says(&one, &name, "False", "InUse", &waits(&[&one.env.instance, &two.env.instance])).await;
    one.delete().await;
    one.gone().await;
    let left = says(&one, &name, "False", "InUse", &waits(&[&two.env.instance])).await;
    assert_eq!([hold_of(&two)], *left.finalizers(), "the other's Tenant is no reason for the first");
    two.delete().await;
    two.gone().await;
    gone(partners(&one), &name).await;
}

/// A terminating object cannot be held any more, so it counts as missing.
#[tokio::test(flavor = "multi_thread")]
async fn terminating_partner_accepts_no_new_tenants() {
    let stage = stage("partner-leaving").await;
    let name = stage.env.namespace.clone();
    partner(&stage, &name, json!({ "finalizers": ["example.com/theirs"] })).await;
    partners(&stage).delete(&name, &DeleteParams::default()).await.unwrap();
    let _operator = stage.connect().await;
    stage.create(names(&name)).await;
    let waits = stage.condition("Ready", "False", "PartnerNotFound").await;
    assert_eq!(Some("True"), condition(&waits, "Reconciling").map(|(status, ..)| status).as_deref());
    assert_eq!([""; 0], *waits.finalizers());
    assert_eq!(404, stage.platform.tenant(&stage.id).await.unwrap().0, "nothing was written");

    let platforms: Api<Platform> = Api::all(stage.client(PLATFORM_ADMIN));
    let theirs = Patch::Merge(json!({ "metadata": { "finalizers": ["example.com/theirs"] } }));
    platforms.patch(&stage.env.platform, &PatchParams::default(), &theirs).await.unwrap();
    platforms.delete(&stage.env.platform, &DeleteParams::default()).await.unwrap();
    stage.patch(json!({ "spec": { "partner": null } })).await;
    stage.condition("Ready", "False", "PlatformNotFound").await;
    assert_eq!(404, stage.platform.tenant(&stage.id).await.unwrap().0, "nothing was written");
    stage.delete().await;
    stage.gone().await;
}
