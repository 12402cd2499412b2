//! Events: for what people should notice and a condition does not keep. None for plain success.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::Event;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::PostParams;
use kube::{Api, Resource, ResourceExt};
use tracing::debug;

use super::FIELD_MANAGER;
use super::context::{Context, Refusal};
use crate::plan::EventRecord;
use crate::resources::Tenant;
use crate::settings::text::{cut, shorten};

/// Records an event. A terminating namespace refuses new ones, so it then speaks of the namespace, in namespace `default`;
/// whoever does not know that it ends learns it from the refusal.
pub(super) async fn record(context: &Context, tenant: &Tenant, note: &EventRecord, namespace_ends: bool) {
    let outcome = create(context, tenant, note, namespace_ends).await;
    let outcome = match outcome {
        Err(Refusal::Forbidden) if !namespace_ends => create(context, tenant, note, true).await,
        outcome => outcome,
    };
    // An event is a courtesy: no pass fails for it.
    if let Err(refusal) = outcome {
        debug!(reason = note.reason.as_str(), ?refusal, "event not recorded");
    }
}

async fn create(context: &Context, tenant: &Tenant, note: &EventRecord, namespace_ends: bool) -> Result<(), Refusal> {
    let namespace = tenant.namespace().unwrap_or_default();
    let (home, regarding, text) = if namespace_ends {
        let regarding = ObjectReference {
            api_version: Some("v1".into()),
            kind: Some("Namespace".into()),
            name: Some(namespace.clone()),
            ..ObjectReference::default()
        };
        ("default".to_owned(), regarding, format!("Tenant {namespace}/{}: {}", tenant.name_any(), note.message))
    } else {
        (namespace, tenant.object_ref(&()), note.message.clone())
    };
    let event = Event {
        metadata: ObjectMeta {
            generate_name: Some(format!("{}-", cut(&tenant.name_any(), 200))),
            namespace: Some(home.clone()),
            ..ObjectMeta::default()
        },
        action: Some("Reconcile".into()),
        event_time: Some(MicroTime(Timestamp::now())),
        note: Some(shorten(&text, 1000)),
        reason: Some(note.reason.as_str().into()),
        regarding: Some(regarding),
        reporting_controller: Some(FIELD_MANAGER.into()),
        reporting_instance: Some(format!("{FIELD_MANAGER}-{}", context.options.instance)),
        type_: Some(if note.warning { "Warning" } else { "Normal" }.into()),
        ..Event::default()
    };
    let params = PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
    let events = Api::<Event>::namespaced(context.client.clone(), &home);
    context.kubernetes(events.create(&params, &event)).await.map(drop)
}
