//! Who may write a Platform and a Partner: both decide what others may do.

use kube::api::{Api, DeleteParams, Patch, PatchParams};
use nimbus_operator::resources::{Partner, Platform};
use serde_json::{Value, json};

use super::{NAME, PolicyFixture, new_user, params, post};
use crate::support::fixture::refused;
use crate::support::users::{PARTNER_ADMIN, PLATFORM_ADMIN};
use crate::support::wait::{PATIENCE, until};

const GROUP: &str = "nimbus.luware.com";

fn platform(fixture: &PolicyFixture) -> Value {
    json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Platform", "metadata": { "name": fixture.env.platform },
        "spec": {
            "endpoint": "https://admin.example",
            "authentication": {
                "tokenUrl": "https://login.example/token", "clientId": "operator",
                "credentialsSecretRef": { "name": "platform-credentials" }
            },
            "microsoft": { "nimbusApp": {
                "clientId": "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c", "credentialsSecretRef": { "name": "nimbus-app" }
            } },
            "instance": fixture.env.instance
        }
    })
}

/// An edit of each field that decides what is done with a Secret.
fn governed(evil: &str) -> [(&'static str, Value); 11] {
    [
        ("authentication.tokenUrl", json!({ "authentication": { "tokenUrl": evil } })),
        ("authentication.caBundle", json!({ "authentication": { "caBundle": "x" } })),
        ("authentication.clientId", json!({ "authentication": { "clientId": "other" } })),
        (
            "authentication.credentialsSecretRef",
            json!({ "authentication": { "credentialsSecretRef": { "name": "other" } } }),
        ),
        ("endpoint", json!({ "endpoint": evil })),
        ("caBundle", json!({ "caBundle": "x" })),
        ("authentication.scope", json!({ "authentication": { "scope": "other" } })),
        (
            "microsoft.nimbusApp.clientId",
            json!({ "microsoft": { "nimbusApp": { "clientId": "7f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c" } } }),
        ),
        ("microsoft.loginBaseUrl", json!({ "microsoft": { "loginBaseUrl": evil } })),
        ("microsoft.graphBaseUrl", json!({ "microsoft": { "graphBaseUrl": evil } })),
        (
            "microsoft.nimbusApp.credentialsSecretRef",
            json!({ "microsoft": { "nimbusApp": { "credentialsSecretRef": { "name": "platform-credentials" } } } }),
        ),
    ]
}

/// Otherwise the operator would send a Secret that its author may not read to a server of the author.
#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_read_a_secret_has_it_sent_nowhere() {
    let fixture = PolicyFixture::new("sent").await;
    let platforms: Api<Platform> = Api::all(fixture.client(PLATFORM_ADMIN));
    let params = PatchParams::apply("test").force();
    platforms.patch(&fixture.env.platform, &params, &Patch::Apply(platform(&fixture))).await.unwrap();
    let local = new_user();
    let rules = json!([
        { "apiGroups": [GROUP], "resources": ["platforms"], "verbs": ["get", "create", "patch", "administer"] }
    ]);
    fixture.grant(&local, "platforms", rules).await;
    let api: Api<Platform> = Api::all(fixture.client(&local));
    let edit = async |spec: Value| {
        let patch = Patch::Merge(json!({ "spec": spec }));
        api.patch(&fixture.env.platform, &PatchParams::default(), &patch).await
    };
    until("the right is granted", PATIENCE, async || {
        let limits = json!({ "limits": { "confirmedDeletionsPerHour": 5 } });
        edit(limits).await.map(drop).map_err(|error| error.to_string())
    })
    .await;
    let evil = "https://evil.example/token";
    for (field, spec) in governed(evil) {
        let says = [&*format!("spec.{field}"), "in the namespace nimbus-system", "the verb get on that Secret"];
        refused(edit(spec).await, 403, &says).unwrap();
    }
    // To take the instance off hands the Platform to another operator, with the Secrets of another namespace.
    let off = Patch::Merge(json!({ "spec": { "instance": null } }));
    let taken_off = platforms.patch(&fixture.env.platform, &PatchParams::default(), &off).await;
    refused(taken_off, 403, &["spec.instance cannot be changed once set"]).unwrap();
    // A new Platform is the same deed.
    let mut new = platform(&fixture);
    new["metadata"]["name"] = json!(format!("{}-own", fixture.env.platform));
    let new: Platform = serde_json::from_value(new).unwrap();
    refused(api.create(&post(), &new).await, 403, &["spec.endpoint", "Secret platform-credentials"]).unwrap();
    // What is not changed is not asked about, and who may read the Secret may change it.
    edit(json!({ "endpoint": "https://admin.example" })).await.unwrap();
    let patch = Patch::Merge(json!({ "spec": { "endpoint": "https://admin2.example" } }));
    platforms.patch(&fixture.env.platform, &PatchParams::default(), &patch).await.unwrap();
}

fn partner(name: &str, platforms: Option<&[&str]>) -> Partner {
    serde_json::from_value(json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": name },
        "spec": { "displayName": "Northwind", "platformPartnerId": "northwind", "platforms": platforms }
    }))
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn only_system_administrators_write_a_partner() {
    let fixture = PolicyFixture::new("partner-writer").await;
    let (name, platform) = (fixture.env.namespace.clone(), fixture.env.platform.clone());
    // All rights on Partners, as a partner administrator might have got, and administration of one Platform.
    let (of_partner, of_platform) = (new_user(), new_user());
    let all = json!({ "apiGroups": [GROUP], "resources": ["partners"], "verbs": ["*"] });
    let one = json!({
        "apiGroups": [GROUP], "resources": ["platforms"], "resourceNames": [platform], "verbs": ["administer"]
    });
    fixture.grant(&of_partner, "of-partner", json!([all])).await;
    fixture.grant(&of_platform, "of-platform", json!([all, one])).await;
    let api = |user: &str| -> Api<Partner> { Api::all(fixture.client(user)) };
    let mine = partner(&name, Some(&[&platform]));
    until("the rights are granted", PATIENCE, async || {
        let created = api(&of_platform).create(&post(), &mine).await;
        created.map(drop).map_err(|error| error.to_string())
    })
    .await;
    let edit = |spec: Value| Patch::Merge(json!({ "spec": spec }));
    let rename = edit(json!({ "displayName": "Other" }));
    let says = [&*format!("each Platform of spec.platforms, before and after: {platform}")];
    refused(api(&of_partner).patch(&name, &params(), &rename).await, 403, &says).unwrap();
    refused(
        api(&of_partner).delete(&name, &DeleteParams::default()).await.map(drop),
        403,
        &["may not delete a Partner"],
    )
    .unwrap();
    api(&of_platform).patch(&name, &params(), &rename).await.unwrap();
    // Neither may it be made to count elsewhere, nor everywhere.
    for platforms in [json!([platform, "another"]), json!(["another"]), Value::Null] {
        let wider = edit(json!({ "platforms": platforms }));
        refused(api(&of_platform).patch(&name, &params(), &wider).await, 403, &["administer on"]).unwrap();
    }
    let everywhere = partner(&format!("{name}-all"), None);
    refused(api(&of_platform).create(&post(), &everywhere).await, 403, &["administer on all Platforms"]).unwrap();
    api(PLATFORM_ADMIN).create(&post(), &everywhere).await.unwrap();
    // One update would move all tenants of the Partner to another one.
    let moved = edit(json!({ "platformPartnerId": "southwind" }));
    refused(api(PLATFORM_ADMIN).patch(&name, &params(), &moved).await, 422, &["cannot be changed once set"]).unwrap();
    api(&of_platform).delete(&name, &DeleteParams::default()).await.unwrap();
}

/// Who administers the Partners of all names does not administer tenants without one.
#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_without_a_partner_belongs_to_system_administrators() {
    let fixture = PolicyFixture::new("partnerless").await;
    let all_partners = new_user();
    let rules = json!([
        { "apiGroups": [GROUP], "resources": ["tenants"], "verbs": ["*"] },
        { "apiGroups": [GROUP], "resources": ["partners"], "verbs": ["administer"] }
    ]);
    fixture.grant(&all_partners, "all-partners", rules).await;
    until("the right is granted", PATIENCE, async || {
        let created = fixture.create(&all_partners, fixture.manifest(NAME, json!({})), true).await;
        created.map(drop).map_err(|error| error.to_string())
    })
    .await;
    let bare = fixture.manifest(NAME, json!({ "partner": null }));
    refused(fixture.create(&all_partners, bare.clone(), false).await, 403, &["Partner (none is assigned)"]).unwrap();
    fixture.create(PLATFORM_ADMIN, bare, false).await.unwrap();
    for user in [&*all_partners, PARTNER_ADMIN] {
        for spec in [
            json!({ "general": { "name": "Other" } }),
            json!({ "adoptionPolicy": "Always" }),
            json!({ "suspend": true }),
        ] {
            refused(fixture.patch(user, json!({ "spec": spec })).await, 403, &["Partner (none is assigned)"]).unwrap();
        }
        let deleted = fixture.api(user).delete(NAME, &DeleteParams::default()).await;
        refused(deleted.map(drop), 403, &["may not delete a Tenant"]).unwrap();
    }
}

/// To suspend stops the edits and deletions of everyone above.
#[tokio::test(flavor = "multi_thread")]
async fn editors_neither_suspend_nor_stop_the_correction_of_drift() {
    let fixture = PolicyFixture::new("suspends").await.exists(json!({})).await;
    for (field, spec) in
        [("spec.suspend", json!({ "suspend": true })), ("spec.driftPolicy", json!({ "driftPolicy": "Report" }))]
    {
        let edit = json!({ "spec": spec });
        refused(fixture.patch(crate::support::users::TENANT_EDITOR, edit.clone()).await, 403, &[field]).unwrap();
        fixture.patch(PARTNER_ADMIN, edit).await.unwrap();
    }
}
