//! Rules 16 to 20 and 23: the operator owns its status and nothing that users wrote.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ManagedFieldsEntry;
use kube::ResourceExt;
use nimbus_operator::controller::Step;
use nimbus_operator::resources::Tenant;
use serde_json::json;

use super::{apply, kubectl_file, marks, version};
use crate::support::audit::Mark;
use crate::support::fixture::Fixture;
use crate::support::wait::{PATIENCE, until};

const MANAGER: &str = "nimbus-operator";

/// The managers of top-level members and of the members of metadata.
fn owned(tenant: &Tenant) -> Vec<(String, String, Vec<String>)> {
    let members = |entry: &ManagedFieldsEntry| {
        let fields = &entry.fields_v1.as_ref().unwrap().0;
        let metadata = fields["f:metadata"].as_object().into_iter().flatten();
        let metadata = metadata.map(|(name, _)| format!("metadata.{name}")).filter(|name| !name.ends_with('.'));
        let top = fields.as_object().unwrap().keys().filter(|name| *name != "f:metadata").cloned();
        top.chain(metadata).collect::<Vec<_>>()
    };
    let entries = tenant.metadata.managed_fields.iter().flatten();
    entries
        .map(|entry| {
            let place = entry.subresource.clone().unwrap_or_default();
            (entry.manager.clone().unwrap_or_default(), place, members(entry))
        })
        .collect()
}

/// What the operator owns of a Tenant.
fn owned_by_operator(tenant: &Tenant) -> Vec<(String, Vec<String>)> {
    let mut ours: Vec<_> = owned(tenant)
        .into_iter()
        .filter(|(who, ..)| who == MANAGER)
        .map(|(_, place, members)| (place, members))
        .collect();
    ours.sort();
    ours
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_16_and_17_field_managers_are_named() {
    let fixture = Fixture::new("owner").await;
    let _operator = fixture.start();
    fixture.create(json!({})).await;
    fixture.ready().await;
    // More than a creation: an edit, corrected drift, a suspension.
    fixture.patch(json!({ "spec": { "general": { "companyName": "Contoso AG" } } })).await;
    fixture.ready().await;
    fixture.platform.edit(&fixture.id, json!({ "general": { "companyName": "Fabrikam" } })).await.unwrap();
    fixture.pass().await;
    fixture.patch(json!({ "spec": { "suspend": true } })).await;
    let tenant = fixture.pass().await;

    let finalizer = (String::new(), vec!["metadata.f:finalizers".to_owned()]);
    let status = ("status".to_owned(), vec!["f:status".to_owned()]);
    assert_eq!(vec![finalizer, status], owned_by_operator(&tenant));
    let managers: Vec<String> = owned(&tenant).into_iter().map(|(who, ..)| who).collect();
    assert!(managers.iter().all(|manager| !manager.is_empty() && manager != "unknown"), "{managers:?}");

    // Every write has a field manager, also for events and Platforms.
    let mut writes = fixture.audit().writes(&fixture.env.operator_user, Mark::START).await.unwrap();
    // A review is a question: it is created and kept nowhere.
    writes.retain(|write| write.resource != "selfsubjectaccessreviews");
    let lasting = writes.iter().filter(|write| !write.is_dry_run);
    let resources: BTreeSet<&str> = lasting.map(|write| write.resource.as_str()).collect();
    assert_eq!(BTreeSet::from(["events", "platforms", "tenants"]), resources);
    for write in &writes {
        assert_eq!(Some(MANAGER), write.field_manager.as_deref(), "{write:?}");
        assert!(write.user_agent.starts_with("nimbus-operator/"), "{write:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_18_operator_never_changes_the_generation() {
    let fixture = Fixture::new("generation").await;
    let operator = fixture.start();
    fixture.create(json!({})).await;
    let ready = fixture.ready().await;
    assert_eq!(Some(1), ready.metadata.generation);
    let ready = fixture.pass().await;
    assert_eq!(Some(1), ready.metadata.generation);

    operator.stop().await;
    let (writes, calls) = marks(&fixture).await;
    let _operator = fixture.start();
    until("the restarted operator has looked", PATIENCE, async || {
        match &*fixture.platform.calls(&fixture.id, calls).await.unwrap() {
            [] => Err("no call yet"),
            _ => Ok(()),
        }
    })
    .await;
    let tenant = fixture.pass().await;
    assert_eq!(Some(1), tenant.metadata.generation);
    assert_eq!(ready.spec, tenant.spec);
    // The requested pass is echoed; the restart itself writes nothing.
    assert_eq!(1, fixture.tenant_writes(writes).await.unwrap().len());
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_19_idle_resyncs_write_nothing() {
    let mut fixture = Fixture::new("idle").await;
    fixture.timing.sync = Some(Duration::from_millis(50));
    let passes = Arc::new(AtomicUsize::new(0));
    let counter = passes.clone();
    fixture.observer = Arc::new(move |step, _| {
        counter.fetch_add(usize::from(step == Step::Observe), Ordering::SeqCst);
    });
    let operator = fixture.start();
    // Every class of setting, an empty text and a pending script.
    fixture
        .create(json!({
            "general": { "companyName": "Contoso AG", "division": "" },
            "contact": { "sipAddress": "OPS@contoso.com", "phone": "+41445551234" },
            "extensions": { "interact": {
                "enabled": true, "authorization": "VerifyToken",
                "acsConnectionStringRef": { "name": "acs", "key": "connection-string" }
            } }
        }))
        .await;
    let ready = fixture.ready().await;
    operator.stop().await;

    // Counted from a restart, so that no pass is on both sides of a mark.
    let (writes, calls) = marks(&fixture).await;
    passes.store(0, Ordering::SeqCst);
    let operator = fixture.start();
    until("ten resyncs after the first look", PATIENCE, async || match passes.load(Ordering::SeqCst) {
        made if made > 10 => Ok(()),
        made => Err(format!("{made} passes")),
    })
    .await;
    operator.stop().await;

    let idle = fixture.get().await;
    assert_eq!(version(&ready), version(&idle), "{:?} became {:?}", ready.status, idle.status);
    let writes = fixture.tenant_writes(writes).await.unwrap();
    assert!(writes.is_empty(), "{writes:?}");
    let calls = fixture.platform.calls(&fixture.id, calls).await.unwrap();
    let made = passes.load(Ordering::SeqCst);
    println!("{made} passes, {} calls, no write", calls.len());
    assert_eq!(vec!["GET /v1/tenants/{id}"; made], calls.iter().map(|seen| seen.call.as_str()).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_20_kubectl_diff_is_empty_once_ready() {
    let fixture = Fixture::new("diff").await;
    let _operator = fixture.start();
    // As a user may write it: upper case that the platform changes, an empty text, a hidden section.
    let manifest = fixture.manifest(json!({
        "general": { "o365Domain": "Contoso.onmicrosoft.COM", "division": "" },
        "contact": { "sipAddress": "SIP:ops@contoso.com" },
        "extensions": { "interact": { "enabled": false, "sessionRecoveryTimeoutSeconds": 30 } }
    }));
    for options in [&[][..], &["--server-side", "--force-conflicts"]] {
        apply(&fixture, options, &manifest).await;
        fixture.ready().await;
        let diff = kubectl_file(&fixture, &[&["diff"], options].concat(), &manifest).await;
        assert_eq!((Some(0), "", ""), (diff.status.code(), &*diff.stdout, &*diff.stderr), "{options:?}");
    }

    let mut edited = manifest.clone();
    edited["spec"]["general"]["name"] = json!("Fabrikam");
    let diff = kubectl_file(&fixture, &["diff"], &edited).await;
    assert_eq!(Some(1), diff.status.code(), "{diff:?}");
    assert!(diff.stdout.contains("-    name: Contoso\n+    name: Fabrikam\n"), "{}", diff.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn rule_23_applying_again_changes_nothing() {
    let fixture = Fixture::new("reapply").await;
    let operator = fixture.start();
    let manifest = fixture.manifest(json!({ "general": { "companyName": "Contoso AG" } }));
    for (options, outcome) in [(&[][..], "unchanged"), (&["--server-side", "--force-conflicts"], "serverside-applied")]
    {
        // The first apply takes ownership.
        apply(&fixture, options, &manifest).await;
        let before = fixture.ready().await;
        // The write that made it Ready is logged after it is visible, so the test waits for it instead of setting a mark.
        until("the audit log has the create", PATIENCE, async || {
            let writes = fixture.tenant_writes(Mark::START).await.map_err(|error| error.to_string())?;
            if writes.len() == 2 { Ok(()) } else { Err(format!("{writes:?}")) }
        })
        .await;
        let calls = fixture.platform.mark().await.unwrap();
        let printed = apply(&fixture, options, &manifest).await;
        assert!(printed.trim_end().ends_with(outcome), "{printed}");
        let after = fixture.get().await;
        assert_eq!(before.resource_version(), after.resource_version(), "{options:?}");
        let made = (
            fixture.tenant_writes(Mark::START).await.unwrap().len(),
            fixture.platform.calls(&fixture.id, calls).await.unwrap().len(),
        );
        assert_eq!((2, 0), made, "nothing happened, so there was nothing to do");
    }
    operator.stop().await;
}
