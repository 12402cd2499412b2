//! Events: what people should notice and a condition does not keep.

use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use tracing::debug;

use super::client::{Cluster, FIELD_MANAGER};
use super::refusal::Refusal;
use crate::text::{cut, cut_bytes};

/// In bytes. The API takes 1024.
const LONGEST_NOTE: usize = 1000;
/// The API server appends to it, up to the length that a name may have.
const LONGEST_NAME_PREFIX: usize = 200;

/// An event about an object.
#[derive(Clone, Debug)]
pub(crate) struct Event<'e> {
    pub(crate) regarding: ObjectReference,
    pub(crate) warning: bool,
    pub(crate) reason: &'e str,
    pub(crate) message: &'e str,
    /// The instance of the operator that records it.
    pub(crate) instance: &'e str,
}

/// Where an event is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// In the namespace of the object.
    Namespaced,
    /// In `default`, about the namespace of the object: a namespace that is terminating takes no new objects.
    Terminating,
    /// In `default`, about an object that has no namespace.
    Cluster,
}

impl Cluster {
    /// Records an event. Where the namespace turns out to be terminating, the event is recorded in `default`. No pass fails for an
    /// event that could not be recorded.
    pub(crate) async fn record(&self, event: Event<'_>, scope: Scope) {
        let outcome = match self.create_event(&event, scope).await {
            Err(Refusal::Forbidden(_)) if scope == Scope::Namespaced => {
                self.create_event(&event, Scope::Terminating).await
            }
            outcome => outcome,
        };
        if let Err(refusal) = outcome {
            debug!(reason = event.reason, ?refusal, "event not recorded");
        }
    }

    async fn create_event(&self, event: &Event<'_>, scope: Scope) -> Result<(), Refusal> {
        let (namespace, object) = object(event, scope);
        self.namespaced::<v1::Event>(&namespace).create(&object).await.map(drop)
    }
}

/// The namespace of the event, and the event.
fn object(event: &Event<'_>, scope: Scope) -> (String, v1::Event) {
    let about = &event.regarding;
    let text = |part: &Option<String>| part.clone().unwrap_or_default();
    let (kind, name, own) = (text(&about.kind), text(&about.name), text(&about.namespace));
    let (namespace, regarding, note) = match scope {
        Scope::Namespaced => (own, about.clone(), event.message.to_owned()),
        Scope::Cluster => ("default".to_owned(), about.clone(), event.message.to_owned()),
        Scope::Terminating => {
            let note = format!("{kind} {own}/{name}: {}", event.message);
            let regarding = ObjectReference {
                api_version: Some("v1".into()),
                kind: Some("Namespace".into()),
                name: Some(own),
                ..ObjectReference::default()
            };
            ("default".to_owned(), regarding, note)
        }
    };
    let prefix = cut(&name, LONGEST_NAME_PREFIX);
    let object = v1::Event {
        metadata: ObjectMeta {
            generate_name: Some(format!("{prefix}-")),
            namespace: Some(namespace.clone()),
            ..ObjectMeta::default()
        },
        action: Some("Reconcile".into()),
        event_time: Some(MicroTime(Timestamp::now())),
        note: Some(cut_bytes(&note, LONGEST_NOTE).to_owned()),
        reason: Some(event.reason.into()),
        regarding: Some(regarding),
        reporting_controller: Some(FIELD_MANAGER.into()),
        reporting_instance: Some(format!("{FIELD_MANAGER}-{}", event.instance)),
        type_: Some(if event.warning { "Warning" } else { "Normal" }.into()),
        ..v1::Event::default()
    };
    (namespace, object)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(message: &str) -> Event<'_> {
        let text = |text: &str| Some(text.to_owned());
        let regarding = ObjectReference {
            kind: text("Tenant"),
            namespace: text("contoso"),
            name: text("main"),
            ..ObjectReference::default()
        };
        Event { regarding, warning: true, reason: "Released", message, instance: "default" }
    }

    /// The namespace of an event, what it is about, and its note.
    fn recorded(event: &Event<'_>, scope: Scope) -> (String, String, String) {
        let (namespace, object) = object(event, scope);
        assert_eq!(Some(&namespace), object.metadata.namespace.as_ref());
        let about = object.regarding.unwrap_or_default();
        let about = format!("{} {}", about.kind.unwrap_or_default(), about.name.unwrap_or_default());
        (namespace, about, object.note.unwrap_or_default())
    }

    #[test]
    fn an_event_in_a_terminating_namespace_is_about_the_namespace() {
        let text = |text: &str| text.to_owned();
        let expected = (text("contoso"), text("Tenant main"), text("it stays"));
        assert_eq!(expected, recorded(&event("it stays"), Scope::Namespaced));
        let expected = (text("default"), text("Namespace contoso"), text("Tenant contoso/main: it stays"));
        assert_eq!(expected, recorded(&event("it stays"), Scope::Terminating));
        let expected = (text("default"), text("Tenant main"), text("it stays"));
        assert_eq!(expected, recorded(&event("it stays"), Scope::Cluster));
    }

    #[test]
    fn a_note_has_the_length_that_the_api_takes() {
        let long = "ü".repeat(5000);
        let note = recorded(&event(&long), Scope::Namespaced).2;
        assert_eq!((LONGEST_NOTE, LONGEST_NOTE / 2), (note.len(), note.chars().count()));
    }
}
