//! Fields above the authority of a GitOps account: rejected with what works, and kept where someone else applies them by hand.

use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use nimbus_operator::resources::Tenant;
use serde_json::{Value, json};

use crate::support::fixture::{Fixture, NAME, refused};
use crate::support::users::{PLATFORM_ADMIN, TENANT_EDITOR};

/// `kubectl apply --server-side --force-conflicts --field-manager=…`.
async fn apply(fixture: &Fixture, user: &str, manager: &str, manifest: &Value) -> kube::Result<Tenant> {
    let api: Api<Tenant> = Api::namespaced(fixture.client(user), &fixture.env.namespace);
    api.patch(NAME, &PatchParams::apply(manager).force(), &Patch::Apply(manifest)).await
}

fn licenses(tenant: &Tenant) -> Value {
    serde_json::to_value(&tenant.spec.settings).unwrap()["licenses"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_applied_by_hand_survive_the_next_sync_of_gitops() {
    let fixture = Fixture::new("by-hand").await;
    let manifest = |company: &str| fixture.manifest(json!({ "general": { "companyName": company } }));
    apply(&fixture, PLATFORM_ADMIN, "gitops", &manifest("Before")).await.unwrap();

    // The account of the GitOps program may not, and the refusal says what works; nothing of the object is applied.
    let bought = json!({ "contingents": { "users": { "contactCenter": 120 } } });
    let mut whole = manifest("Rejected");
    whole["spec"]["licenses"] = bought.clone();
    let words =
        ["spec.licenses", "let a system account that has it apply the whole Tenant", "kubectl apply --server-side"];
    refused(apply(&fixture, TENANT_EDITOR, "gitops", &whole).await, 403, &words).unwrap();

    // Only what identifies the object, and the fields.
    let by_hand = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant",
        "metadata": { "name": NAME, "namespace": fixture.env.namespace },
        "spec": { "licenses": bought }
    });
    apply(&fixture, PLATFORM_ADMIN, "system-admin", &by_hand).await.unwrap();
    let synced = apply(&fixture, TENANT_EDITOR, "gitops", &manifest("After")).await.unwrap();
    assert_eq!((NAME.to_owned(), bought), (synced.name_any(), licenses(&synced)));
    assert_eq!(json!("After"), serde_json::to_value(&synced.spec.settings).unwrap()["general"]["companyName"]);
}
