//! Rules 31, 32, 35 to 38 and 40: deletion requires a confirmation, authority is checked per field, and a denial is a 403
//! with the field and the permission in its message. Rules 33 and 34 are tested in `gitops`.

use k8s_openapi::api::admissionregistration::v1::ValidatingAdmissionPolicy;
use kube::api::{DeleteParams, ListParams, Preconditions, PropagationPolicy};
use kube::{Api, Client};
use nimbus_operator::manifests::policies::NAMES;
use nimbus_operator::resources::{FINALIZER, Tenant, annotation};
use serde_json::{Value, json};

use super::{NAME, Patch, PolicyFixture, S_LEAF, group, new_user, params};
use crate::support::confirmation::deletion;
use crate::support::fixture::{Fixture, refused};
use crate::support::users::{self, PARTNER_ADMIN, PLATFORM_ADMIN, TENANT_EDITOR};
use crate::support::wait::{PATIENCE, until};

/// Another value for a setting of system administrators.
fn system_edit(digit: u8) -> Value {
    json!({ "spec": { "general": { "partnerAdministrationGroupId": group(digit) } } })
}

fn unit<T>(outcome: kube::Result<T>) -> kube::Result<()> {
    outcome.map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_31_unconfirmed_delete_is_always_denied() {
    let fixture = PolicyFixture::new("rule31").await.exists(json!({ "deletionPolicy": "Delete" })).await;
    let before = fixture.api(PLATFORM_ADMIN).get(NAME).await.unwrap();
    let says = ["the deletion is not confirmed", "spec.confirmations.deletion"];
    let api = fixture.api(PLATFORM_ADMIN);
    refused(unit(api.delete(NAME, &DeleteParams::default()).await), 403, &says).unwrap();
    let collection = api.delete_collection(&DeleteParams::default(), &ListParams::default()).await;
    refused(unit(collection), 403, &says).unwrap();
    // As Flux prunes.
    let prune = DeleteParams {
        propagation_policy: Some(PropagationPolicy::Background),
        preconditions: Some(Preconditions { uid: before.metadata.uid.clone(), resource_version: None }),
        ..DeleteParams::default()
    };
    refused(unit(api.delete(NAME, &prune).await), 403, &says).unwrap();
    for policy in [PropagationPolicy::Foreground, PropagationPolicy::Orphan] {
        let how = DeleteParams { propagation_policy: Some(policy), ..DeleteParams::default() };
        refused(unit(api.delete(NAME, &how).await), 403, &says).unwrap();
    }
    let kubectl = fixture.env.kubectl(PLATFORM_ADMIN);
    for words in [&["delete", "nten", "--all"][..], &["delete", "nten", NAME, "--force", "--grace-period=0"]] {
        let output = kubectl.run(&[&["-n", &fixture.env.namespace], words].concat()).await.unwrap();
        assert!(!output.status.success() && output.stderr.contains(says[0]), "{words:?}: {output:?}");
    }
    // A user without authority gets the message about authority.
    refused(unit(fixture.api(TENANT_EDITOR).delete(NAME, &DeleteParams::default()).await), 403, &["may not delete"])
        .unwrap();
    assert_eq!(before.metadata, api.get(NAME).await.unwrap().metadata, "nothing touched it");
}

/// Retain needs authority and no confirmation.
#[tokio::test(flavor = "multi_thread")]
async fn rule_31_retain_needs_authority_only() {
    let fixture = PolicyFixture::new("rule31-retain").await.exists(json!({})).await;
    for user in [TENANT_EDITOR, users::VIEWER] {
        refused(unit(fixture.api(user).delete(NAME, &DeleteParams::default()).await), 403, &[]).unwrap();
    }
    fixture.api(PARTNER_ADMIN).delete(NAME, &DeleteParams::default()).await.unwrap();
    assert_eq!(None, fixture.api(PLATFORM_ADMIN).get_opt(NAME).await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_32_confirmed_delete_completes() {
    for (policy, remote) in [("Retain", 200), ("Delete", 404)] {
        let fixture = Fixture::new("rule32").await;
        let _operator = fixture.start();
        fixture.platform.auto_run(true).await.unwrap();
        let partner = fixture.partner(json!({})).await;
        fixture.create(json!({ "deletionPolicy": policy, "partner": { "partnerRef": { "name": partner } } })).await;
        fixture.ready().await;
        let confirmation = json!({ "spec": { "confirmations": deletion(&fixture.id.to_uppercase()) } }).to_string();
        let words = ["patch", "nten", NAME, "--type=merge", "--patch", &confirmation];
        fixture.kubectl(PARTNER_ADMIN, &words).await.unwrap();
        fixture.kubectl(PARTNER_ADMIN, &["delete", "nten", NAME, "--wait=false"]).await.unwrap();
        fixture.kubectl(PARTNER_ADMIN, &["wait", "--for=delete", "nten", NAME, "--timeout=60s"]).await.unwrap();
        assert_eq!(remote, fixture.platform.tenant(&fixture.id).await.unwrap().0, "{policy}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_35_restricted_field_is_403_in_any_request() {
    let fixture = PolicyFixture::new("rule35").await;
    // On create, where the partner administrator may create, and the editor may not.
    let restricted = fixture.manifest(NAME, system_edit(1)["spec"].clone());
    let needs = format!("administer on Platform {}", fixture.env.platform);
    for dry_run in [true, false] {
        refused(fixture.create(PARTNER_ADMIN, restricted.clone(), dry_run).await, 403, &[S_LEAF, &needs]).unwrap();
        refused(fixture.create(TENANT_EDITOR, restricted.clone(), dry_run).await, 403, &["may not", "administer"])
            .unwrap();
        refused(fixture.apply(PARTNER_ADMIN, restricted.clone(), dry_run).await, 403, &[S_LEAF, &needs]).unwrap();
    }
    let fixture = fixture.exists(system_edit(1)["spec"].clone()).await;
    let now = fixture.manifest(NAME, system_edit(2)["spec"].clone());
    let before = fixture.api(PLATFORM_ADMIN).get(NAME).await.unwrap();
    for user in [TENANT_EDITOR, PARTNER_ADMIN] {
        refused(fixture.patch(user, system_edit(2)).await, 403, &[S_LEAF, &needs, "kubectl apply --server-side"])
            .unwrap();
        let removal = json!({ "spec": { "general": { "partnerAdministrationGroupId": null } } });
        refused(fixture.patch(user, removal).await, 403, &[S_LEAF, &needs]).unwrap();
        for dry_run in [true, false] {
            refused(fixture.apply(user, now.clone(), dry_run).await, 403, &[S_LEAF, &needs]).unwrap();
        }
        // Replacing the object without the field removes it.
        let mut whole = before.clone();
        whole.spec.settings.general.partner_administration_group_id = None;
        let replaced = fixture.api(user).replace(NAME, &super::post(), &whole).await;
        refused(replaced, 403, &[S_LEAF, &needs]).unwrap();
    }
    assert_eq!(before, fixture.api(PLATFORM_ADMIN).get(NAME).await.unwrap(), "nothing came of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_36_unrelated_edit_is_allowed() {
    let fixture = PolicyFixture::new("rule36").await.exists(system_edit(1)["spec"].clone()).await;
    let spec = |general: Value| json!({ "spec": { "general": general } });
    fixture.patch(TENANT_EDITOR, spec(json!({ "companyName": "Contoso AG" }))).await.unwrap();
    let tasks = json!({ "spec": { "modalities": { "email": { "maxConcurrentTasksPerService": 9 } } } });
    fixture.patch(TENANT_EDITOR, tasks).await.unwrap();
    // What an editor may not change, a partner administrator may; what neither may change, a system administrator may.
    let partners = spec(json!({ "name": "Other", "tenantAdministrationGroupId": group(3) }));
    let says = ["spec.general.name, spec.general.tenantAdministrationGroupId", "Partner northwind"];
    refused(fixture.patch(TENANT_EDITOR, partners.clone()).await, 403, &says).unwrap();
    fixture.patch(PARTNER_ADMIN, partners).await.unwrap();
    fixture.patch(PLATFORM_ADMIN, system_edit(2)).await.unwrap();
    // One forbidden field denies the whole edit, and only that one is named.
    let mut mixed = system_edit(3);
    mixed["spec"]["general"]["companyName"] = json!("Mixed");
    let message = refused(fixture.patch(PARTNER_ADMIN, mixed).await, 403, &[S_LEAF]).unwrap();
    assert!(!message.contains("companyName"), "{message}");
    // The same value is not a change.
    fixture.patch(TENANT_EDITOR, system_edit(2)).await.unwrap();
}

/// Partners cannot hand tenants to each other or take them: on create a user may refer to a Partner that they administer,
/// and later only a system administrator assigns another.
#[tokio::test(flavor = "multi_thread")]
async fn rule_35_only_system_admins_assign_a_partner() {
    let fixture = PolicyFixture::new("rule35-partner").await;
    let northwind = new_user();
    let rules = json!([
        { "apiGroups": ["nimbus.luware.com"], "resources": ["tenants"], "verbs": ["*"] },
        { "apiGroups": ["nimbus.luware.com"], "resources": ["partners"], "resourceNames": ["northwind"], "verbs": ["administer"] }
    ]);
    fixture.grant(&northwind, "northwind", rules).await;
    let of = |name: &str| json!({ "partner": { "partnerRef": { "name": name } } });
    until("the right is granted", PATIENCE, async || {
        let outcome = fixture.create(&northwind, fixture.manifest(NAME, of("northwind")), true).await;
        outcome.map(drop).map_err(|error| error.to_string())
    })
    .await;
    for (spec, needs) in
        [(of("southwind"), "or on Partner southwind"), (json!({ "partner": null }), "administer on Partner (none")]
    {
        let outcome = fixture.create(&northwind, fixture.manifest(NAME, spec), false).await;
        refused(outcome, 403, &[needs]).unwrap();
    }
    fixture.create(&northwind, fixture.manifest(NAME, of("northwind")), false).await.unwrap();
    fixture.patch(&northwind, json!({ "spec": { "general": { "name": "Other" } } })).await.unwrap();
    let unassigned = json!({ "partner": { "partnerRef": null, "unassigned": true } });
    for user in [TENANT_EDITOR, PARTNER_ADMIN, &northwind] {
        for spec in [of("southwind"), unassigned.clone(), json!({ "partner": null })] {
            let says = ["may not change spec.partner", "administer on Platform"];
            refused(fixture.patch(user, json!({ "spec": spec })).await, 403, &says).unwrap();
        }
    }
    fixture.patch(PLATFORM_ADMIN, json!({ "spec": of("southwind") })).await.unwrap();
    // It belongs to another partner now.
    let edit = json!({ "spec": { "general": { "name": "Contoso" } } });
    refused(fixture.patch(&northwind, edit).await, 403, &["spec.general.name", "on Partner southwind"]).unwrap();
    let back =
        json!({ "spec": { "general": { "name": "Contoso" }, "partner": { "partnerRef": { "name": "northwind" } } } });
    refused(fixture.patch(&northwind, back).await, 403, &["spec.partner"]).unwrap();
    refused(unit(fixture.api(&northwind).delete(NAME, &DeleteParams::default()).await), 403, &["southwind"]).unwrap();
    fixture.patch(PLATFORM_ADMIN, json!({ "spec": { "general": { "name": "Contoso" } } })).await.unwrap();
}

/// All permissions in a namespace give no authority, which is checked on cluster-scoped objects.
#[tokio::test(flavor = "multi_thread")]
async fn rule_37_wildcard_role_gives_no_authority() {
    let fixture = PolicyFixture::new("rule37").await.exists(system_edit(1)["spec"].clone()).await;
    let owner = new_user();
    fixture.grant_all_here(json!({ "apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": owner })).await;
    everything_but_authority(&fixture, &fixture.api(&owner)).await;
}

/// Like Flux and Argo CD, which impersonate a ServiceAccount of the namespace.
#[tokio::test(flavor = "multi_thread")]
async fn rule_37_impersonation_gives_no_authority() {
    let fixture = PolicyFixture::new("rule37-as").await.exists(system_edit(1)["spec"].clone()).await;
    let namespace = fixture.env.namespace.clone();
    fixture
        .grant_all_here(json!({ "kind": "ServiceAccount", "name": "gitops", "namespace": namespace.as_str() }))
        .await;
    let controller = new_user();
    let rules = json!([{ "apiGroups": [""], "resources": ["serviceaccounts"], "verbs": ["impersonate"] }]);
    fixture.grant(&controller, "impersonate", rules).await;
    let mut config = fixture.env.control_plane.config(&controller).unwrap();
    config.auth_info.impersonate = Some(format!("system:serviceaccount:{namespace}:gitops"));
    let client = Client::try_from(config).unwrap();
    everything_but_authority(&fixture, &Api::namespaced(client, &namespace)).await;
}

async fn everything_but_authority(fixture: &PolicyFixture, api: &Api<Tenant>) {
    let patch = async |patch: Value| api.patch(NAME, &params(), &Patch::Merge(patch)).await;
    let harmless = json!({ "spec": { "general": { "companyName": "Contoso AG" } } });
    until("the right is granted", PATIENCE, async || {
        patch(harmless.clone()).await.map(drop).map_err(|error| error.to_string())
    })
    .await;
    refused(patch(system_edit(2)).await, 403, &[S_LEAF, "administer on Platform"]).unwrap();
    refused(patch(json!({ "spec": { "adoptionPolicy": "Always" } })).await, 403, &["spec.adoptionPolicy"]).unwrap();
    refused(unit(api.delete(NAME, &DeleteParams::default()).await), 403, &["may not delete"]).unwrap();
    let another: Tenant = serde_json::from_value(fixture.manifest("another", json!({}))).unwrap();
    refused(unit(api.create(&super::post(), &another).await), 403, &["or on Partner northwind"]).unwrap();
    let status = Patch::Merge(json!({ "status": { "observedGeneration": 7 } }));
    refused(api.patch_status(NAME, &params(), &status).await, 403, &["only the operator"]).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_38_operator_writes_status_never_spec() {
    let fixture = PolicyFixture::new("rule38").await.exists(json!({})).await;
    let operator = fixture.env.operator_user.clone();
    let edit = json!({ "spec": { "general": { "companyName": "x" } } });
    refused(fixture.patch(&operator, edit).await, 403, &["operator", "spec"]).unwrap();
    // Not even with all RBAC permissions, as a careless binding could grant.
    let rules = json!([{ "apiGroups": ["nimbus.luware.com"], "resources": ["*"], "verbs": ["*"] }]);
    fixture.grant(&operator, "all", rules).await;
    let delete = async || unit(fixture.api(&operator).delete(NAME, &DeleteParams::default()).await);
    until("RBAC lets it", PATIENCE, async || {
        refused(delete().await, 403, &["the operator may not create, delete or change the spec of a Tenant"])
            .map_err(|error| format!("{error:#}"))
    })
    .await;
    let new = fixture.create(&operator, fixture.manifest("another", json!({})), false).await;
    refused(new, 403, &["the operator may not create"]).unwrap();

    fixture.patch(&operator, json!({ "metadata": { "finalizers": [FINALIZER] } })).await.unwrap();
    let status = Patch::Merge(json!({ "status": { "observedGeneration": 1 } }));
    fixture.api(&operator).patch_status(NAME, &params(), &status).await.unwrap();
    // Another user with the RBAC permission may not.
    let forger = new_user();
    let rules = json!([{ "apiGroups": ["nimbus.luware.com"], "resources": ["tenants/status"], "verbs": ["*"] }]);
    fixture.grant(&forger, "status", rules).await;
    until("RBAC lets him", PATIENCE, async || {
        refused(fixture.api(&forger).patch_status(NAME, &params(), &status).await, 403, &["only the operator"])
            .map_err(|error| format!("{error:#}"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_38_policies_type_check() {
    let fixture = PolicyFixture::new("typecheck").await;
    let api: Api<ValidatingAdmissionPolicy> = Api::all(fixture.client(users::ADMIN));
    for name in NAMES {
        let warnings = until("the policy was type-checked", PATIENCE, async || {
            let policy = api.get(name).await.map_err(|error| error.to_string())?;
            let status = policy.status.ok_or("no status")?;
            let checked = status.observed_generation == policy.metadata.generation;
            if checked {
                Ok(status.type_checking.and_then(|check| check.expression_warnings).unwrap_or_default())
            } else {
                Err("not yet".to_owned())
            }
        })
        .await;
        assert!(warnings.is_empty(), "{name}: {warnings:?}");
    }
}

/// Other tests search the messages of the operator for canaries; this one searches those of admission.
#[tokio::test(flavor = "multi_thread")]
async fn rule_40_denial_contains_no_value() {
    let fixture = PolicyFixture::new("rule40").await;
    let secret = |key: &str| json!({ "extensions": { "interact": { "acsConnectionStringRef": { "name": "elsewhere", "key": key } } } });
    let fixture = fixture
        .exists(json!({ "general": { "name": "canary-was" }, "contact": { "email": "canary@contoso.com" } }))
        .await;
    let mut edit = json!({ "spec": { "general": { "name": "canary-now" }, "contact": { "email": "canary@b.com" } } });
    json_patch::merge(&mut edit["spec"], &secret("canary-key"));
    let message = refused(fixture.patch(TENANT_EDITOR, edit).await, 403, &["spec.general.name"]).unwrap();
    assert!(!message.contains("canary"), "{message}");
    let stranger = fixture.env.kubectl(TENANT_EDITOR);
    let patch = json!({ "metadata": { "annotations": { annotation::ABANDON: "canary" } } }).to_string();
    let words = ["-n", &fixture.env.namespace, "patch", "nten", NAME, "--type=merge", "--patch", &patch];
    let output = stranger.run(&words).await.unwrap();
    assert!(!output.status.success() && output.stderr.contains(annotation::ABANDON), "{output:?}");
    assert!(!output.stderr.contains("canary"), "{output:?}");
}
