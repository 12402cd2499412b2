//! An endpoint that leads to another environment of the platform: nothing is created, released or deleted there, and no absence
//! there is taken for a deletion, until a person names it.

use kube::ResourceExt;
use kube::api::{Api, DeleteParams, Patch};
use nimbus_operator::resources::{Platform, Tenant};
use serde_json::{Value, json};

use super::{gone, params, platform_reason, ready_reason};
use crate::deletion::{event, told};
use crate::support::confirmation::deletion;
use crate::support::fixture::{Fixture, condition};
use crate::support::sandbox::Sandbox;
use crate::support::tenant::TenantHandle;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

/// How a platform names itself.
async fn platform_id(platform: &Sandbox) -> String {
    let request = reqwest::Client::new().get(format!("{}/v1/capabilities", platform.url()));
    let token = platform.token("system").await.unwrap();
    let answer: Value = request.bearer_auth(token).send().await.unwrap().json().await.unwrap();
    answer["platformId"].as_str().unwrap().to_owned()
}

fn platforms(fixture: &Fixture) -> Api<Platform> {
    Api::all(fixture.client(users::PLATFORM_ADMIN))
}

async fn edit(fixture: &Fixture, spec: Value) {
    let patch = json!({ "spec": spec });
    platforms(fixture).patch(&fixture.env.platform, &params(), &Patch::Merge(patch)).await.unwrap();
}

fn leading_to(platform: &Sandbox) -> Value {
    let url = platform.url();
    json!({ "endpoint": url, "authentication": { "tokenUrl": format!("{url}/oauth2/v2.0/token") } })
}

/// A Tenant that is Ready, with a deletion that is confirmed or not.
async fn live<'f>(fixture: &'f Fixture, name: &str, policy: &str) -> TenantHandle<'f> {
    let tenant = TenantHandle::new(fixture, name);
    tenant.create(json!({ "deletionPolicy": policy, "confirmations": deletion(&tenant.id) })).await;
    tenant.ready().await;
    tenant
}

async fn says(tenant: &TenantHandle<'_>, reason: &str) -> Tenant {
    let stalled = |tenant: &Tenant| condition(tenant, "Stalled").is_some_and(|(status, ..)| status == "True");
    // Of this generation: a deletion is one of its own, and what was said before is not about it.
    let current =
        |tenant: &Tenant| tenant.status.as_ref().map(|status| status.observed_generation) == tenant.metadata.generation;
    let says = |tenant: &Tenant| ready_reason(tenant) == reason && stalled(tenant) && current(tenant);
    tenant.until(&format!("it says {reason}"), says).await
}

/// Platform and Tenants remember the environment, and the message says what it was and what it is.
#[tokio::test(flavor = "multi_thread")]
async fn environment_is_remembered() {
    let fixture = Fixture::new("remembered").await;
    let _operator = fixture.connect().await;
    let kept = live(&fixture, "kept", "Retain").await;
    let here = platform_id(&fixture.platform).await;
    let remembers = |platform: &Platform| platform.status.as_ref().and_then(|status| status.platform_id.clone());
    until("the Platform remembers it", PATIENCE, async || {
        let known =
            remembers(&platforms(&fixture).get(&fixture.env.platform).await.map_err(|error| error.to_string())?);
        if known.as_ref() == Some(&here) { Ok(()) } else { Err(format!("{known:?}")) }
    })
    .await;
    assert_eq!(Some(here.clone()), kept.get().await.status.unwrap().platform_id, "each Tenant remembers it, too");

    let elsewhere = Sandbox::start().await.unwrap();
    let there = platform_id(&elsewhere).await;
    edit(&fixture, leading_to(&elsewhere)).await;
    let platform = platform_reason(&fixture, "PlatformChanged").await;
    let message = &platform.status.as_ref().unwrap().conditions[0].message;
    let leads = format!("The endpoint leads to another environment: its platformId is '{there}' instead of '{here}'");
    assert!(message.starts_with(&format!("{leads}. What to do: ")), "{message}");
    assert_eq!(Some(here), remembers(&platform), "what was known stays known");
    says(&kept, "PlatformChanged").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_done_in_another_environment() {
    let fixture = Fixture::new("elsewhere").await;
    let _operator = fixture.connect().await;
    fixture.platform.auto_run(true).await.unwrap();
    let (kept, retained, deleted) = (
        live(&fixture, "kept", "Retain").await,
        live(&fixture, "retained", "Retain").await,
        live(&fixture, "deleted", "Delete").await,
    );
    let elsewhere = Sandbox::start().await.unwrap();
    elsewhere.auto_run(true).await.unwrap();
    edit(&fixture, leading_to(&elsewhere)).await;
    says(&kept, "PlatformChanged").await;
    kept.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    let new = TenantHandle::new(&fixture, "new");
    new.create(json!({})).await;
    for tenant in [&retained, &deleted] {
        tenant.delete().await;
    }
    for tenant in [&kept, &new, &retained, &deleted] {
        says(tenant, "PlatformChanged").await;
    }
    assert_eq!([""; 0], *elsewhere.effects(0).await.unwrap(), "nothing was written there");
    let asked = elsewhere.log_after(0).await.unwrap();
    assert!(asked.iter().all(|seen| !seen.call.contains("/tenants")), "nor asked about a tenant: {asked:?}");

    edit(&fixture, leading_to(&fixture.platform)).await;
    platform_reason(&fixture, "Connected").await;
    for tenant in [&kept, &new] {
        tenant.ready().await;
    }
    for tenant in [&retained, &deleted] {
        gone(&fixture, &tenant.name).await;
    }
    let stated = |id: String| {
        let fixture = &fixture;
        async move {
            let (status, document) = fixture.platform.tenant(&id).await.unwrap();
            (status, document["owner"].as_str().map(ToOwned::to_owned))
        }
    };
    assert_eq!((200, None), stated(retained.id.clone()).await, "released where it is");
    assert_eq!(404, stated(deleted.id.clone()).await.0, "deleted where it was");
    let told = [
        event("Normal", "Deleted"),
        event("Normal", "Released"),
        event("Warning", "PlatformChanged"),
        event("Warning", "PlatformChanged"),
    ];
    crate::deletion::told(&fixture, told, "").await;
}

/// The platform moved, and nothing of the old one is there: no Tenant is deleted for that, and none is created silently.
#[tokio::test(flavor = "multi_thread")]
async fn named_environment_is_used() {
    let fixture = Fixture::new("moved").await;
    let _operator = fixture.connect().await;
    let (kept, deleted) = (live(&fixture, "kept", "Retain").await, live(&fixture, "deleted", "Delete").await);
    let elsewhere = Sandbox::start().await.unwrap();
    let mut spec = leading_to(&elsewhere);
    spec["platformId"] = json!("another");
    edit(&fixture, spec).await;
    platform_reason(&fixture, "PlatformChanged").await;
    let there = platform_id(&elsewhere).await;
    edit(&fixture, json!({ "platformId": there })).await;
    let platform = platform_reason(&fixture, "Connected").await;
    assert_eq!(Some(there.clone()), platform.status.unwrap().platform_id);
    says(&kept, "TenantLost").await;
    deleted.delete().await;
    says(&deleted, "TenantLost").await;
    let new = TenantHandle::new(&fixture, "new");
    new.create(json!({})).await;
    assert_eq!(Some(there), new.ready().await.status.unwrap().platform_id);
    assert_eq!(["tenant-created"], *elsewhere.effects(0).await.unwrap());
    told(&fixture, [event("Warning", "TenantLost")], "of the deletion").await;
}

/// The Platform is created again, without a status, while the operator is away. Its Tenants know where they are.
#[tokio::test(flavor = "multi_thread")]
async fn environment_is_known_without_the_status_of_the_platform() {
    let fixture = Fixture::new("recreated").await;
    let operator = fixture.connect().await;
    let kept = live(&fixture, "kept", "Delete").await;
    operator.stop().await;
    let (api, name) = (platforms(&fixture), fixture.env.platform.as_str());
    api.patch(name, &params(), &Patch::Merge(json!({ "metadata": { "finalizers": null } }))).await.unwrap();
    api.delete(name, &DeleteParams::default()).await.unwrap();
    until("it is gone", PATIENCE, async || match api.get_opt(name).await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
    let elsewhere = Sandbox::start().await.unwrap();
    fixture.platform_object(&elsewhere.url()).await;
    let _operator = fixture.start();
    let known = platform_id(&fixture.platform).await;
    let platform = until("the Platform asks its Tenants", PATIENCE, async || {
        let platform = api.get(name).await.map_err(|error| error.to_string())?;
        let status = platform.status.clone().unwrap_or_default();
        if status.platform_id.as_ref() == Some(&known) { Ok(platform) } else { Err(format!("{status:?}")) }
    })
    .await;
    assert_eq!("PlatformChanged", platform.status.as_ref().unwrap().conditions[0].reason, "{}", platform.name_any());
    says(&kept, "PlatformChanged").await;
    kept.delete().await;
    let waits = says(&kept, "PlatformChanged").await;
    assert!(waits.metadata.deletion_timestamp.is_some());
    assert_eq!([""; 0], *elsewhere.effects(0).await.unwrap());
}

/// A platform that does not name itself is used as before.
#[tokio::test(flavor = "multi_thread")]
async fn platform_that_does_not_name_itself_is_used() {
    let fixture = Fixture::new("nameless").await;
    let body = json!({ "role": "system", "restrictedPaths": [] });
    let answer = json!({ "kind": "status", "status": 200, "body": body });
    let nameless = json!({ "route": "GET /v1/capabilities", "nth": 1, "times": 100_000, "action": answer });
    fixture.platform.add_faults(json!([nameless])).await.unwrap();
    fixture.platform.auto_run(true).await.unwrap();
    let _operator = fixture.connect().await;
    let (retained, deleted) = (live(&fixture, "retained", "Retain").await, live(&fixture, "deleted", "Delete").await);
    assert_eq!(None, retained.get().await.status.unwrap().platform_id);
    for tenant in [&retained, &deleted] {
        tenant.delete().await;
        gone(&fixture, &tenant.name).await;
    }
    let status = platforms(&fixture).get(&fixture.env.platform).await.unwrap().status.unwrap();
    assert_eq!((None, "Connected"), (status.platform_id, status.conditions[0].reason.as_str()));
}
