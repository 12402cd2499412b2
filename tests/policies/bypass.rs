//! Attempts to bypass the policies by a user who may edit a Tenant.

use kube::api::DeleteParams;
use nimbus_operator::resources::{FINALIZER, annotation};
use serde_json::{Value, json};

use super::{NAME, Patch, PolicyFixture, group, params, post};
use crate::support::confirmation::confirmed;
use crate::support::fixture::refused;
use crate::support::users::{PARTNER_ADMIN, PLATFORM_ADMIN, TENANT_EDITOR};

#[tokio::test(flavor = "multi_thread")]
async fn editors_cannot_set_privileged_annotations() {
    let fixture = PolicyFixture::new("decisions").await.exists(json!({})).await;
    let name = annotation::ABANDON;
    let set = |value: Value| json!({ "metadata": { "annotations": { name: value } } });
    refused(fixture.patch(TENANT_EDITOR, set(json!(fixture.id))).await, 403, &[name]).unwrap();
    fixture.patch(PARTNER_ADMIN, set(json!(fixture.id))).await.unwrap();
    // They may not remove or change it either.
    refused(fixture.patch(TENANT_EDITOR, set(Value::Null)).await, 403, &[name]).unwrap();
    refused(fixture.patch(TENANT_EDITOR, set(json!("other"))).await, 403, &[name]).unwrap();
    fixture.patch(PARTNER_ADMIN, set(Value::Null)).await.unwrap();
    let asks = json!({ "metadata": { "annotations": { annotation::RECONCILE: "now", "example.com/mine": "x" } } });
    fixture.patch(TENANT_EDITOR, asks).await.unwrap();
}

/// Each confirmation alone, by edit, server-side apply and removal, also of all of them at once.
#[tokio::test(flavor = "multi_thread")]
async fn editors_cannot_confirm() {
    let fixture = PolicyFixture::new("confirmations").await.exists(json!({})).await;
    for (leaf, value, other) in [
        ("deletion", confirmed(&fixture.id), confirmed(&group(3))),
        ("retention", confirmed("24->12"), confirmed("none->12")),
        ("recreate", "lost-1".to_owned(), "lost-2".to_owned()),
    ] {
        let path = format!("spec.confirmations.{leaf}");
        let set = |value: Value| json!({ "spec": { "confirmations": { leaf: value } } });
        let needs = [path.as_str(), "administer on Partner"];
        refused(fixture.patch(TENANT_EDITOR, set(json!(value))).await, 403, &needs).unwrap();
        let manifest = fixture.manifest(NAME, set(json!(value))["spec"].clone());
        for dry_run in [true, false] {
            refused(fixture.apply(TENANT_EDITOR, manifest.clone(), dry_run).await, 403, &needs).unwrap();
        }
        fixture.patch(PARTNER_ADMIN, set(json!(value))).await.unwrap();
        // They may not prolong, change or remove it either, and other edits pass.
        for edit in [set(json!(other)), set(Value::Null), json!({ "spec": { "confirmations": null } })] {
            refused(fixture.patch(TENANT_EDITOR, edit).await, 403, &needs).unwrap();
        }
        fixture.patch(TENANT_EDITOR, json!({ "spec": { "general": { "division": leaf } } })).await.unwrap();
        fixture.patch(PARTNER_ADMIN, set(Value::Null)).await.unwrap();
    }
}

/// Garbage collection would delete the Tenant for a user who adds an owner that does not exist.
#[tokio::test(flavor = "multi_thread")]
async fn owner_reference_cannot_be_added() {
    let fixture = PolicyFixture::new("owner").await.exists(json!({})).await;
    let gone = json!([{ "apiVersion": "v1", "kind": "ConfigMap", "name": "x", "uid": "00000000-0000-0000-0000-000000000001" }]);
    let owned = json!({ "metadata": { "ownerReferences": gone } });
    refused(fixture.patch(TENANT_EDITOR, owned.clone()).await, 403, &["metadata.ownerReferences"]).unwrap();
    let mut manifest = fixture.manifest(NAME, json!({}));
    manifest["metadata"]["ownerReferences"] = owned["metadata"]["ownerReferences"].clone();
    refused(fixture.apply(TENANT_EDITOR, manifest, false).await, 403, &["metadata.ownerReferences"]).unwrap();
    assert_eq!(None, fixture.api(PLATFORM_ADMIN).get(NAME).await.unwrap().metadata.owner_references);
}

#[tokio::test(flavor = "multi_thread")]
async fn finalizer_cannot_be_removed_during_deletion() {
    let fixture = PolicyFixture::new("strip").await.exists(json!({})).await;
    fixture
        .patch(PLATFORM_ADMIN, json!({ "metadata": { "finalizers": ["example.com/theirs", FINALIZER] } }))
        .await
        .unwrap();
    // Before a deletion, the operator adds it again.
    fixture.patch(TENANT_EDITOR, json!({ "metadata": { "finalizers": ["example.com/theirs"] } })).await.unwrap();
    fixture
        .patch(PLATFORM_ADMIN, json!({ "metadata": { "finalizers": ["example.com/theirs", FINALIZER] } }))
        .await
        .unwrap();
    fixture.api(PLATFORM_ADMIN).delete(NAME, &DeleteParams::default()).await.unwrap();
    for list in [Value::Null, json!([]), json!(["example.com/theirs"])] {
        let strip = json!({ "metadata": { "finalizers": list } });
        refused(fixture.patch(TENANT_EDITOR, strip.clone()).await, 403, &[FINALIZER, annotation::ABANDON]).unwrap();
        refused(fixture.patch(PARTNER_ADMIN, strip).await, 403, &[FINALIZER, "administer on Platform"]).unwrap();
    }
    // Finalizers of others may be removed.
    fixture.patch(TENANT_EDITOR, json!({ "metadata": { "finalizers": [FINALIZER] } })).await.unwrap();
    // The operator may, and system administrators may.
    fixture.patch(&fixture.env.operator_user, json!({ "metadata": { "finalizers": null } })).await.unwrap();
    assert_eq!(None, fixture.api(PLATFORM_ADMIN).get_opt(NAME).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn status_cannot_be_forged() {
    let fixture = PolicyFixture::new("forged").await;
    let mut manifest = fixture.manifest(NAME, json!({}));
    manifest["status"] = json!({ "observedGeneration": 1, "platformTenant": { "id": "forged" } });
    let created = fixture.create(PARTNER_ADMIN, manifest.clone(), false).await.unwrap();
    let unseen = |tenant: &nimbus_operator::resources::Tenant| {
        let status = tenant.status.clone().unwrap();
        assert_eq!((-1, None), (status.observed_generation, status.platform_tenant));
    };
    unseen(&created);
    // Together with a valid edit of the spec.
    let mut edit = json!({ "spec": { "general": { "companyName": "x" } } });
    edit["status"] = manifest["status"].clone();
    unseen(&fixture.patch(TENANT_EDITOR, edit).await.unwrap());
    for user in [TENANT_EDITOR, PARTNER_ADMIN, PLATFORM_ADMIN] {
        let status = Patch::Merge(json!({ "status": manifest["status"] }));
        refused(fixture.api(user).patch_status(NAME, &params(), &status).await, 403, &["tenants/status"]).unwrap();
    }
    unseen(&fixture.api(PLATFORM_ADMIN).get(NAME).await.unwrap());
}

/// kubectl deletes and recreates the object if an apply is invalid and `--force` is set.
#[tokio::test(flavor = "multi_thread")]
async fn force_does_not_bypass_denied_deletion() {
    let fixture = PolicyFixture::new("force").await.exists(json!({ "deletionPolicy": "Delete" })).await;
    let before = fixture.api(PLATFORM_ADMIN).get(NAME).await.unwrap();
    let mut moved = fixture.manifest(NAME, json!({ "deletionPolicy": "Delete" }));
    moved["spec"]["general"]["tenantId"] = json!(uuid::Uuid::new_v4().to_string());
    let mut restricted = fixture.manifest(NAME, json!({ "deletionPolicy": "Delete" }));
    restricted["spec"]["general"]["name"] = json!("Other");
    for (user, manifest) in [(TENANT_EDITOR, &moved), (PLATFORM_ADMIN, &moved), (TENANT_EDITOR, &restricted)] {
        let mut file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
        std::io::Write::write_all(&mut file, manifest.to_string().as_bytes()).unwrap();
        let path = file.path().to_str().unwrap();
        let words = ["-n", &fixture.env.namespace, "apply", "--force", "-f", path];
        let output = fixture.env.kubectl(user).run(&words).await.unwrap();
        assert!(!output.status.success(), "{user}: {output:?}");
        let words = ["-n", &fixture.env.namespace, "replace", "--force", "-f", path];
        let output = fixture.env.kubectl(user).run(&words).await.unwrap();
        assert!(
            !output.status.success() && output.stderr.contains("403") || output.stderr.contains("orbidden"),
            "{output:?}"
        );
        let now = fixture.api(PLATFORM_ADMIN).get(NAME).await.unwrap();
        assert_eq!((before.metadata.uid.as_ref(), &before.spec), (now.metadata.uid.as_ref(), &now.spec), "{user}");
        assert_eq!(None, now.metadata.deletion_timestamp, "{user}");
    }
}

/// If it could be removed in one edit, an immutable field could be set to another value in the next.
#[tokio::test(flavor = "multi_thread")]
async fn immutable_field_cannot_be_removed_and_readded() {
    let fixture = PolicyFixture::new("fixed").await.exists(json!({})).await;
    let before = fixture.api(PLATFORM_ADMIN).get(NAME).await.unwrap();
    for user in [TENANT_EDITOR, PARTNER_ADMIN, PLATFORM_ADMIN] {
        for spec in [
            json!({ "general": { "tenantId": null } }),
            json!({ "general": null }),
            json!({ "platformRef": null }),
            json!({ "platformRef": { "name": null } }),
            json!({ "general": { "tenantId": uuid::Uuid::new_v4().to_string() } }),
            json!({ "platformRef": { "name": "another" } }),
        ] {
            refused(fixture.patch(user, json!({ "spec": spec })).await, 422, &["spec."]).unwrap();
        }
    }
    // Nor may an unauthorized user change the spelling of an ID.
    let capitals = json!({ "spec": { "general": { "tenantId": fixture.id.to_uppercase() } } });
    refused(fixture.patch(TENANT_EDITOR, capitals).await, 403, &["spec.general.tenantId"]).unwrap();
    assert_eq!(before, fixture.api(PLATFORM_ADMIN).get(NAME).await.unwrap());
}

/// A reference in the request that its author administers grants nothing: the object before the change decides.
#[tokio::test(flavor = "multi_thread")]
async fn platform_in_the_request_grants_nothing() {
    let fixture = PolicyFixture::new("brought").await.exists(json!({})).await;
    let local = super::new_user();
    fixture.grant_all_here(json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": local })).await;
    let rules = json!([{
        "apiGroups": ["nimbus.luware.com"], "resources": ["platforms"], "resourceNames": ["mine"], "verbs": ["administer"]
    }]);
    fixture.grant(&local, "mine", rules).await;
    let create = async |platform: &str| {
        let mut manifest = fixture.manifest("own", json!({ "general": { "partnerAdministrationGroupId": group(1) } }));
        manifest["spec"]["platformRef"]["name"] = json!(platform);
        fixture.create(&local, manifest, true).await
    };
    crate::support::wait::until("the right is granted", crate::support::wait::PATIENCE, async || {
        create("mine").await.map(drop).map_err(|error| error.to_string())
    })
    .await;
    refused(create(&fixture.env.platform).await, 403, &["administer on Platform"]).unwrap();
    let edit = json!({ "spec": { "general": { "name": "Other" }, "platformRef": { "name": "mine" } } });
    // The schema rejects it first; without it, the policy would.
    refused(fixture.patch(&local, edit).await, 422, &["spec.platformRef"]).unwrap();
    let edit = json!({ "spec": { "general": { "name": "Other" } } });
    refused(fixture.patch(&local, edit).await, 403, &["spec.general.name"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn author_must_be_able_to_read_the_secret() {
    let fixture = PolicyFixture::new("deputy").await;
    let local = super::new_user();
    let rules = json!([
        { "apiGroups": ["nimbus.luware.com"], "resources": ["tenants"], "verbs": ["get", "create", "patch"] },
        { "apiGroups": ["nimbus.luware.com"], "resources": ["platforms"], "resourceNames": [fixture.env.platform], "verbs": ["administer"] },
        { "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["mine"], "verbs": ["get"] }
    ]);
    fixture.grant(&local, "deputy", rules).await;
    let names = |name: &str, key: &str| json!({ "extensions": { "interact": { "acsConnectionStringRef": { "name": name, "key": key } } } });
    crate::support::wait::until("the rights are granted", crate::support::wait::PATIENCE, async || {
        let outcome = fixture.create(&local, fixture.manifest(NAME, names("mine", "k")), true).await;
        outcome.map(drop).map_err(|error| error.to_string())
    })
    .await;
    let says = ["spec.extensions.interact.acsConnectionStringRef", "Secret other", "the verb get"];
    refused(fixture.create(&local, fixture.manifest(NAME, names("other", "k")), false).await, 403, &says).unwrap();
    fixture.create(&local, fixture.manifest(NAME, names("mine", "k")), false).await.unwrap();
    refused(fixture.patch(&local, json!({ "spec": names("other", "k") })).await, 403, &says).unwrap();
    // A user who may read all Secrets may refer to any. An existing reference is not checked, unless its key changes.
    fixture.patch(PLATFORM_ADMIN, json!({ "spec": names("other", "k") })).await.unwrap();
    fixture.patch(&local, json!({ "spec": { "general": { "companyName": "x" } } })).await.unwrap();
    refused(fixture.patch(&local, json!({ "spec": names("other", "another-key") })).await, 403, &says).unwrap();
    fixture.patch(&local, json!({ "spec": { "extensions": null } })).await.unwrap();
    let mut whole = fixture.api(PLATFORM_ADMIN).get(NAME).await.unwrap();
    whole.spec.settings.general.company_name = None;
    fixture.api(PLATFORM_ADMIN).replace(NAME, &post(), &whole).await.unwrap();
}
