//! Platforms: their Tenants, the policies, and the rate of deletions.

mod breaker;
mod clocks;
mod conditions;
mod environment;
mod former_cluster;
mod in_use;
mod orphans;
mod partner_limit;
mod refused;
mod totals;

use k8s_openapi::api::admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding};
use kube::api::{DeleteParams, Patch, PatchParams};
use kube::{Api, ResourceExt};
use nimbus_operator::controller;
use nimbus_operator::manifests::policies::{Accounts, NAMES, to_yaml};
use nimbus_operator::resources::{Platform, Tenant};
use serde_json::{Value, json};

use crate::support::confirmation::deletion;
use crate::support::controlplane::{ControlPlane, Options};
use crate::support::fixture::{Fixture, condition, describe};
use crate::support::tenant::TenantHandle;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

const OFTEN: std::time::Duration = std::time::Duration::from_millis(300);

fn params() -> PatchParams {
    PatchParams { field_manager: Some("test".into()), ..PatchParams::default() }
}

fn ready_reason(tenant: &Tenant) -> String {
    condition(tenant, "Ready").map(|(_, reason, _)| reason).unwrap_or_default()
}

async fn gone(fixture: &Fixture, name: &str) {
    until(&format!("{name} is gone"), PATIENCE, async || match fixture.tenants().get_opt(name).await {
        Ok(None) => Ok(()),
        Ok(Some(tenant)) => Err(describe(&tenant)),
        Err(error) => Err(error.to_string()),
    })
    .await;
}

async fn platform_reason(fixture: &Fixture, reason: &str) -> Platform {
    let api: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    until(&format!("the Platform says {reason}"), PATIENCE, async || {
        let platform = api.get(&fixture.env.platform).await.map_err(|error| error.to_string())?;
        let conditions = platform.status.clone().unwrap_or_default().conditions;
        match conditions.iter().find(|condition| condition.type_ == "Ready") {
            Some(ready) if ready.reason == reason => Ok(platform),
            other => Err(format!("{other:?}")),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn platform_remains_while_in_use() {
    let mut fixture = Fixture::new("in-use").await;
    fixture.timing.platform_check = std::time::Duration::from_millis(300);
    let _operator = fixture.start();
    fixture.create(json!({})).await;
    fixture.ready().await;
    let api: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    let held = api.get(&fixture.env.platform).await.unwrap();
    assert_eq!([format!("nimbus.luware.com/in-use-{}", fixture.env.instance)], *held.finalizers());
    api.delete(&fixture.env.platform, &DeleteParams::default()).await.unwrap();
    // Its Tenants are still reconciled: they can be edited and released.
    fixture.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    fixture.ready().await;
    fixture.settings("the edit arrived", |settings| settings["general"]["companyName"] == "Contoso AG").await;
    fixture.delete().await;
    fixture.gone().await;
    until("the Platform is gone", PATIENCE, async || match api.get_opt(&fixture.env.platform).await {
        Ok(None) => Ok(()),
        other => Err(format!("{other:?}")),
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deletions_above_the_limit_wait() {
    let fixture = Fixture::new("breaker").await;
    let limit = json!({ "spec": { "limits": { "confirmedDeletionsPerHour": 2 } } });
    let platforms: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    platforms.patch(&fixture.env.platform, &params(), &Patch::Merge(limit)).await.unwrap();
    let _operator = fixture.start();
    fixture.platform.auto_run(true).await.unwrap();
    let mut names = vec![];
    for number in 1..=4 {
        let id = uuid::Uuid::new_v4().to_string();
        let mut manifest = fixture.manifest(json!({ "deletionPolicy": "Delete", "general": { "tenantId": id } }));
        manifest["metadata"]["name"] = json!(format!("tenant-{number}"));
        manifest["spec"]["confirmations"] = deletion(&id);
        fixture.try_create(manifest).await.unwrap();
        names.push(format!("tenant-{number}"));
    }
    let tenants = fixture.tenants();
    for name in &names {
        until("it is Ready", PATIENCE, async || look(&tenants, name, "Succeeded").await).await;
    }
    let mark = fixture.platform.mark().await.unwrap();
    for name in &names {
        tenants.delete(name, &DeleteParams::default()).await.unwrap();
    }
    let (mut left, mut waiting) = (0, vec![]);
    for name in &names {
        let went = until("it is gone or waits", PATIENCE, async || match tenants.get_opt(name).await {
            Ok(None) => Ok(true),
            Ok(Some(tenant))
                if condition(&tenant, "Ready").is_some_and(|(_, reason, _)| reason == "DeletionRateLimited") =>
            {
                Ok(false)
            }
            Ok(Some(tenant)) => Err(describe(&tenant)),
            Err(error) => Err(error.to_string()),
        })
        .await;
        if went { left += 1 } else { waiting.push(name.clone()) }
    }
    assert_eq!((2, 2), (left, waiting.len()), "two went, two wait");
    let begun = fixture.platform.effects(mark).await.unwrap();
    assert_eq!(["deletion-begun", "deletion-begun"], *begun, "and the platform was asked twice");
    let shown = platforms.get(&fixture.env.platform).await.unwrap().status.unwrap();
    assert_eq!(2, shown.confirmed_deletions.len(), "the Platform shows what it counts");
    for name in &waiting {
        let abandon =
            json!({ "metadata": { "annotations": { "nimbus.luware.com/abandon": id_of(&tenants, name).await } } });
        tenants.patch(name, &params(), &Patch::Merge(abandon)).await.unwrap();
    }
}

/// Each failed attempt belongs to the same deletion and uses no further slot.
#[tokio::test(flavor = "multi_thread")]
async fn retried_deletion_counts_once() {
    let fixture = Fixture::new("retried").await;
    let limit = json!({ "spec": { "limits": { "confirmedDeletionsPerHour": 1 } } });
    let platforms: Api<Platform> = Api::all(fixture.client(users::PLATFORM_ADMIN));
    platforms.patch(&fixture.env.platform, &params(), &Patch::Merge(limit)).await.unwrap();
    let _operator = fixture.connect().await;
    fixture.platform.auto_run(true).await.unwrap();
    let (first, second) = (TenantHandle::new(&fixture, "first"), TenantHandle::new(&fixture, "second"));
    for tenant in [&first, &second] {
        tenant.create(json!({ "deletionPolicy": "Delete" })).await;
        tenant.ready().await;
        tenant.patch(json!({ "spec": { "confirmations": deletion(&tenant.id) } })).await;
    }
    let outage = json!({ "kind": "status", "status": 500 });
    let fault =
        json!({ "route": "DELETE /v1/tenants/{id}", "tenant": first.id, "nth": 1, "times": 3, "action": outage });
    fixture.platform.add_faults(json!([fault])).await.unwrap();
    let mark = fixture.platform.mark().await.unwrap();
    first.delete().await;
    gone(&fixture, &first.name).await;
    let calls = fixture.platform.calls(&first.id, mark).await.unwrap();
    let attempts = calls.iter().filter(|seen| seen.call == "DELETE /v1/tenants/{id}").count();
    assert_eq!(4, attempts, "three failed, one did it");
    let shown = platforms.get(&fixture.env.platform).await.unwrap().status.unwrap().confirmed_deletions;
    assert_eq!(vec![&first.id], shown.iter().map(|slot| &slot.tenant_id).collect::<Vec<_>>());

    second.delete().await;
    second.until("it waits", |tenant| ready_reason(tenant) == "DeletionRateLimited").await;
    // A higher limit unblocks it.
    let limit = json!({ "spec": { "limits": { "confirmedDeletionsPerHour": 2 } } });
    platforms.patch(&fixture.env.platform, &params(), &Patch::Merge(limit)).await.unwrap();
    gone(&fixture, &second.name).await;
}

async fn look(tenants: &Api<Tenant>, name: &str, reason: &str) -> Result<(), String> {
    let tenant = tenants.get(name).await.map_err(|error| error.to_string())?;
    match condition(&tenant, "Ready") {
        Some((_, found, _)) if found == reason => Ok(()),
        _ => Err(describe(&tenant)),
    }
}

async fn id_of(tenants: &Api<Tenant>, name: &str) -> Value {
    json!(tenants.get(name).await.unwrap().spec.settings.general.tenant_id.as_str())
}

/// As people repair the policies: 'kubectl apply' with what this version prints.
async fn apply_policies(fixture: &Fixture) {
    let rendered = to_yaml(&Accounts { operators: users::operators(), ..Accounts::documented() }).unwrap();
    let file = tempfile::NamedTempFile::with_suffix(".yaml").unwrap();
    std::fs::write(file.path(), rendered).unwrap();
    let words = ["apply", "-f", file.path().to_str().unwrap()];
    let applied = fixture.env.kubectl(users::ADMIN).run(&words).await.unwrap();
    assert!(applied.status.success(), "{applied:?}");
}

/// What is in force is known by what the policies and bindings say, not by their presence.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_while_the_policies_are_not_in_force() {
    static PLANE: tokio::sync::OnceCell<ControlPlane> = tokio::sync::OnceCell::const_new();
    let plane = PLANE.get_or_init(|| async { ControlPlane::start(Options::default()).await.unwrap() }).await;
    let mut fixture = Fixture::on(plane, "enforced").await;
    (fixture.timing.platform_check, fixture.timing.policies) = (OFTEN, OFTEN);
    let operator = fixture.start();
    fixture.create(json!({})).await;
    fixture.ready().await;
    let admin = fixture.client(users::ADMIN);
    let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(admin.clone());
    let policies: Api<ValidatingAdmissionPolicy> = Api::all(admin.clone());
    let nowhere = json!({ "matchLabels": { "no": "where" } });
    let on_binding = [
        json!({ "validationActions": ["Audit"] }),
        json!({ "matchResources": { "namespaceSelector": nowhere } }),
        json!({ "matchResources": { "objectSelector": nowhere } }),
    ];
    let on_policy = [
        json!({ "failurePolicy": "Ignore" }),
        json!({ "matchConstraints": { "namespaceSelector": nowhere } }),
        json!({ "matchConditions": [{ "name": "never", "expression": "false" }] }),
    ];
    let edits = on_binding.map(|spec| ("binding", spec)).into_iter().chain(on_policy.map(|spec| ("policy", spec)));
    for (number, (kind, spec)) in edits.enumerate() {
        let patch = Patch::Merge(json!({ "spec": spec }));
        match kind {
            "binding" => drop(bindings.patch(NAMES[0], &params(), &patch).await.unwrap()),
            _ => drop(policies.patch(NAMES[0], &params(), &patch).await.unwrap()),
        }
        let platform = platform_reason(&fixture, "PoliciesNotEnforced").await;
        let message = &platform.status.unwrap().conditions[0].message;
        assert!(message.contains(&format!("{kind} {} is not that of this version", NAMES[0])), "{message}");
        let mark = fixture.platform.mark().await.unwrap();
        fixture.patch(json!({ "spec": { "general": { "companyName": format!("Edited {number}") } } })).await;
        let tenant = fixture.condition("Ready", "False", "PoliciesNotEnforced").await;
        assert_eq!(Some("True"), condition(&tenant, "Stalled").map(|(status, ..)| status).as_deref());
        assert_eq!([""; 0], *fixture.platform.effects(mark).await.unwrap(), "{spec}");
        apply_policies(&fixture).await;
        platform_reason(&fixture, "Connected").await;
        fixture.ready().await;
    }
    operator.stop().await;

    bindings.delete(NAMES[2], &DeleteParams::default()).await.unwrap();
    let _operator = fixture.start_with(controller::Options { without_policies: true, ..fixture.options() });
    fixture.patch(json!({ "spec": { "general": { "companyName": "Without" } } })).await;
    fixture.ready().await;
    let platform = platform_reason(&fixture, "Connected").await;
    assert!(platform.status.unwrap().conditions[0].message.ends_with("the admission policies are not required"));
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_policy_is_reported_and_recovers() {
    // Policies are cluster-wide, so this test uses a control plane of its own.
    static PLANE: tokio::sync::OnceCell<ControlPlane> = tokio::sync::OnceCell::const_new();
    let plane = PLANE.get_or_init(|| async { ControlPlane::start(Options::default()).await.unwrap() }).await;
    let mut fixture = Fixture::on(plane, "policies").await;
    (fixture.timing.platform_check, fixture.timing.policies) = (OFTEN, OFTEN);
    let _operator = fixture.start();
    platform_reason(&fixture, "Connected").await;
    let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(fixture.client(users::ADMIN));
    let binding = bindings.get(NAMES[0]).await.unwrap();
    bindings.delete(NAMES[0], &DeleteParams::default()).await.unwrap();
    let platform = platform_reason(&fixture, "PoliciesNotEnforced").await;
    let message = &platform.status.unwrap().conditions[0].message;
    assert!(message.contains(&format!("binding {} is missing", NAMES[0])), "{message}");
    let again = ValidatingAdmissionPolicyBinding {
        metadata: kube::core::ObjectMeta { name: Some(NAMES[0].into()), ..Default::default() },
        spec: binding.spec,
    };
    bindings.create(&kube::api::PostParams::default(), &again).await.unwrap();
    platform_reason(&fixture, "Connected").await;
}
