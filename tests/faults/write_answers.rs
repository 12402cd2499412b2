//! A write counts only if its answer shows its effect. What a proxy or a wrong route answers with 200 is no success.

use serde_json::{Value, json};

use crate::support::confirmation::deletion;
use crate::support::fixture::Fixture;
use crate::support::tenant::TenantHandle;
use crate::support::trigger::{messaging, rotating};
use crate::support::wait::{PATIENCE, until};

fn answer(body: Value) -> Value {
    json!({ "kind": "status", "status": 200, "contentType": "application/json", "body": body })
}

/// Answers to a write about a tenant, by name. The platform does nothing.
fn answers(id: &str) -> Vec<(&'static str, Value)> {
    let settings = json!({ "general": { "tenantId": id, "name": "Contoso", "o365Domain": "contoso.onmicrosoft.com" } });
    let document = |owner: Option<Value>| {
        let mut document = json!({ "id": id, "settingsVersion": "x", "settings": settings, "runtime": {} });
        if let Some(owner) = owner {
            document["owner"] = owner;
        }
        answer(document)
    };
    vec![
        ("html", json!({ "kind": "html", "status": 200 })),
        ("empty", json!({ "kind": "empty", "status": 200 })),
        ("no-content", json!({ "kind": "empty", "status": 204 })),
        ("list", answer(json!([]))),
        ("object", answer(json!({}))),
        ("foreign", document(Some(json!("elsewhere/contoso/contoso")))),
        ("silent", document(None)),
    ]
}

async fn plant(fixture: &Fixture, route: &str, tenant: &TenantHandle<'_>, action: &Value) {
    let fault = json!([{ "route": route, "tenant": tenant.id, "action": action }]);
    fixture.platform.add_faults(fault).await.unwrap();
}

/// Waits until a write was answered twice: the answer counted for nothing the first time.
async fn answered(fixture: &Fixture, mark: u64, tenant: &TenantHandle<'_>, method: &str) {
    until("the write is tried again", PATIENCE, async || {
        let calls = fixture.platform.calls(&tenant.id, mark).await.map_err(|error| error.to_string())?;
        let writes = calls.iter().filter(|seen| seen.call.starts_with(method) && !seen.entry["fault"].is_null());
        if writes.count() > 1 { Ok(()) } else { Err(format!("{calls:?}")) }
    })
    .await;
}

/// Nothing took effect, and the Tenant does not say that it is live.
async fn is_not_live(fixture: &Fixture, mark: u64, tenant: &TenantHandle<'_>, name: &str) {
    let now = tenant.get().await;
    let ready = crate::support::fixture::condition(&now, "Ready");
    let current = now.status.as_ref().map(|status| status.observed_generation) == now.metadata.generation;
    assert!(!current || ready.is_some_and(|(status, ..)| status != "True"), "{name}");
    assert_eq!(Vec::<String>::new(), fixture.platform.effects(mark).await.unwrap(), "{name}");
}

async fn ends_well(fixture: &Fixture, mark: u64, tenant: &TenantHandle<'_>, effects: &[&str]) {
    fixture.platform.clear_faults().await.unwrap();
    tenant.ready().await;
    assert_eq!(*effects, *fixture.platform.effects(mark).await.unwrap(), "{}", tenant.name);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_counts_only_with_our_stamp_in_its_answer() {
    let fixture = Fixture::new("claim-answers").await;
    let _operator = fixture.connect().await;
    for number in 0..=answers("").len() {
        let tenant = TenantHandle::new(&fixture, &format!("claim-{number}"));
        let settings = json!({ "general": { "name": "Contoso", "o365Domain": "contoso.onmicrosoft.com" } });
        fixture.platform.create(&tenant.id, settings).await.unwrap();
        let (_, mut unclaimed) = fixture.platform.tenant(&tenant.id).await.unwrap();
        unclaimed["owner"] = json!("elsewhere/contoso/contoso");
        let mut wrong = answers(&tenant.id);
        wrong.push(("foreign, else as it is", answer(unclaimed)));
        let (name, action) = wrong.swap_remove(number);
        plant(&fixture, "PUT /v1/tenants/{id}/owner", &tenant, &action).await;
        let mark = fixture.platform.mark().await.unwrap();
        tenant.create(json!({ "adoptionPolicy": "Always" })).await;
        answered(&fixture, mark, &tenant, "PUT").await;
        is_not_live(&fixture, mark, &tenant, name).await;
        ends_well(&fixture, mark, &tenant, &["owner-claimed"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_creation_and_an_edit_count_only_with_our_stamp_in_their_answer() {
    let fixture = Fixture::new("save-answers").await;
    let _operator = fixture.connect().await;
    for number in 0..answers("").len() {
        let tenant = TenantHandle::new(&fixture, &format!("save-{number}"));
        let (name, action) = answers(&tenant.id).swap_remove(number);
        plant(&fixture, "PUT /v1/tenants/{id}", &tenant, &action).await;
        let mark = fixture.platform.mark().await.unwrap();
        tenant.create(json!({})).await;
        answered(&fixture, mark, &tenant, "PUT").await;
        is_not_live(&fixture, mark, &tenant, name).await;
        ends_well(&fixture, mark, &tenant, &["tenant-created"]).await;

        plant(&fixture, "PATCH /v1/tenants/{id}", &tenant, &action).await;
        let mark = fixture.platform.mark().await.unwrap();
        tenant.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
        answered(&fixture, mark, &tenant, "PATCH").await;
        is_not_live(&fixture, mark, &tenant, name).await;
        ends_well(&fixture, mark, &tenant, &["settings-changed"]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trigger_counts_only_with_its_token_in_its_answer() {
    let fixture = Fixture::new("trigger-answers").await;
    let _operator = fixture.connect().await;
    let tenant = TenantHandle::of_fixture(&fixture, crate::support::fixture::NAME);
    let mut spec = crate::support::trigger::interact(json!({ "rotation": "first" }));
    json_patch::merge(&mut spec, &messaging(None));
    tenant.create(spec).await;
    tenant.ready().await;
    fixture.accept_invitation().await;
    let mut wrong = answers(&tenant.id);
    wrong.push(("without the token", answer(json!({ "done": true }))));
    wrong.push(("another token", answer(json!({ "done": true, "last": "another" }))));
    wrong.push(("a list", answer(json!([true, "token"]))));
    for (number, (name, action)) in wrong.iter().enumerate() {
        let token = format!("token-{number}");
        for (route, edit, effect) in [
            ("POST /v1/tenants/{id}/widget-key/rotate", rotating(&token), "widget-key-rotated"),
            (
                "POST /v1/tenants/{id}/instant-messaging/test",
                crate::support::trigger::sending(&token),
                "test-message-sent",
            ),
        ] {
            plant(&fixture, route, &tenant, action).await;
            let mark = fixture.platform.mark().await.unwrap();
            tenant.patch(edit).await;
            answered(&fixture, mark, &tenant, "POST").await;
            is_not_live(&fixture, mark, &tenant, name).await;
            ends_well(&fixture, mark, &tenant, &[effect]).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deletion_counts_only_with_a_pending_deletion_in_its_answer() {
    let fixture = Fixture::new("deletion-answers").await;
    let _operator = fixture.connect().await;
    let ours = |tenant: &TenantHandle<'_>| {
        let settings = json!({ "general": { "tenantId": tenant.id } });
        let owner = format!("test/{}/{}", fixture.env.namespace, tenant.name);
        answer(json!({ "id": tenant.id, "settingsVersion": "x", "owner": owner, "settings": settings, "runtime": {} }))
    };
    for number in 0..=answers("").len() {
        let tenant = TenantHandle::new(&fixture, &format!("deletion-{number}"));
        let mut wrong = answers(&tenant.id);
        wrong.push(("without a deletion", ours(&tenant)));
        let (name, action) = wrong.swap_remove(number);
        let mut manifest = tenant.manifest(json!({ "deletionPolicy": "Delete" }));
        manifest["spec"]["confirmations"] = deletion(&tenant.id);
        fixture.try_create(manifest).await.unwrap();
        tenant.ready().await;
        plant(&fixture, "DELETE /v1/tenants/{id}", &tenant, &action).await;
        let mark = fixture.platform.mark().await.unwrap();
        tenant.delete().await;
        answered(&fixture, mark, &tenant, "DELETE").await;
        assert!(tenant.is_held().await, "{name}");
        assert_eq!(None, tenant.get().await.status.unwrap().deletion, "{name}: nothing was accepted");
        fixture.platform.clear_faults().await.unwrap();
        tenant
            .until("the deletion was accepted", |tenant| {
                tenant.status.as_ref().is_some_and(|status| status.deletion.is_some())
            })
            .await;
        fixture.platform.run_script(&tenant.id).await.unwrap();
        tenant.gone().await;
        assert_eq!(["deletion-begun"], *fixture.platform.effects(mark).await.unwrap(), "{name}");
    }
}

/// A release is tried once, also if it fails, and says whether the stamp is off.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_counts_only_without_a_stamp_in_its_answer() {
    let fixture = Fixture::new("release-answers").await;
    let _operator = fixture.connect().await;
    for number in 0..answers("").len() {
        let tenant = TenantHandle::new(&fixture, &format!("release-{number}"));
        let (name, action) = answers(&tenant.id).swap_remove(number);
        tenant.create(json!({})).await;
        tenant.ready().await;
        plant(&fixture, "DELETE /v1/tenants/{id}/owner", &tenant, &action).await;
        tenant.delete().await;
        tenant.gone().await;
        fixture.platform.clear_faults().await.unwrap();
        let events = fixture.events().await.unwrap();
        let failed = ("Warning".to_owned(), "ReleaseFailed".to_owned());
        assert_eq!(vec![failed; number + 1], events, "{name}");
    }
}

/// The stamp is off and the answer is lost: the second look finds it off.
#[tokio::test(flavor = "multi_thread")]
async fn a_release_that_was_made_before_is_told_as_one() {
    let fixture = Fixture::new("released-before").await;
    let _operator = fixture.connect().await;
    let tenant = TenantHandle::new(&fixture, "released");
    tenant.create(json!({})).await;
    tenant.ready().await;
    let ours = format!("test/{}/released", fixture.env.namespace);
    fixture.platform.stamp(&tenant.id, None, Some(&ours)).await.unwrap();
    tenant.delete().await;
    tenant.gone().await;
    assert_eq!([("Normal".to_owned(), "Released".to_owned())], *fixture.events().await.unwrap());
}
