//! Every change of an object that exists: a JSON patch, refused unless the object is the one that was seen.
//!
//! A merge patch would replace a whole list of finalizers, and an update would write back what others changed meanwhile.

use json_patch::jsonptr::PointerBuf;
use json_patch::{AddOperation, PatchOperation, RemoveOperation, TestOperation};
use k8s_openapi::ByteString;
use k8s_openapi::api::core::v1::Secret;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::core::ObjectMeta;
use serde_json::{Value, json};

const FINALIZERS: [&str; 2] = ["metadata", "finalizers"];

/// A change of one object.
#[derive(Debug)]
pub(crate) struct Patch {
    name: String,
    operations: Vec<PatchOperation>,
}

impl Patch {
    /// A change of this object, and of no successor of the same name.
    pub(crate) fn of(seen: &ObjectMeta) -> Self {
        let patch = Self { name: seen.name.clone().unwrap_or_default(), operations: vec![] };
        patch.test(["metadata", "uid"], json!(seen.uid))
    }

    /// A change of this object in the version that was seen, and in no later one.
    pub(crate) fn of_version(seen: &ObjectMeta) -> Self {
        Self::of(seen).test(["metadata", "resourceVersion"], json!(seen.resource_version))
    }

    /// Adds a finalizer. The list must be as it was seen: without that test, adding the list itself to an object that had none
    /// would replace the finalizers that others added meanwhile.
    pub(crate) fn add_finalizer(self, seen: &ObjectMeta, finalizer: &str) -> Self {
        let guarded = self.test(FINALIZERS, json!(seen.finalizers));
        match seen.finalizers.as_deref() {
            None | Some([]) => guarded.add(FINALIZERS, json!([finalizer])),
            Some(_) => guarded.add(["metadata", "finalizers", "-"], json!(finalizer)),
        }
    }

    /// Removes a finalizer from where it was seen; `None` if it was not there.
    pub(crate) fn remove_finalizer(self, seen: &ObjectMeta, finalizer: &str) -> Option<Self> {
        let index = seen.finalizers.iter().flatten().position(|name| name == finalizer)?.to_string();
        let path = ["metadata", "finalizers", &index];
        // Another that was removed meanwhile moves ours to another index.
        let mut guarded = self.test(path, json!(finalizer));
        guarded.operations.push(PatchOperation::Remove(RemoveOperation { path: PointerBuf::from_tokens(path) }));
        Some(guarded)
    }

    /// Replaces the status.
    pub(crate) fn status(self, status: Value) -> Self {
        self.add(["status"], status)
    }

    /// Makes an object the only owner.
    pub(crate) fn owned_by(self, owner: &OwnerReference) -> Self {
        self.add(["metadata", "ownerReferences"], json!([owner]))
    }

    /// Sets one key of the data of a Secret. What else is in it stays.
    pub(crate) fn secret_key(self, seen: &Secret, key: &str, value: &ByteString) -> Self {
        match &seen.data {
            Some(_) => self.add(["data", key], json!(value)),
            None => self.add(["data"], json!({ key: value })),
        }
    }

    fn test<'t>(mut self, path: impl IntoIterator<Item = &'t str>, value: Value) -> Self {
        self.operations.push(PatchOperation::Test(TestOperation { path: PointerBuf::from_tokens(path), value }));
        self
    }

    fn add<'t>(mut self, path: impl IntoIterator<Item = &'t str>, value: Value) -> Self {
        self.operations.push(PatchOperation::Add(AddOperation { path: PointerBuf::from_tokens(path), value }));
        self
    }

    /// What must be as it was seen.
    pub(super) fn guards(&self) -> Guards {
        let tests = self.operations.iter().filter_map(|operation| match operation {
            PatchOperation::Test(test) => Some(test.clone()),
            PatchOperation::Add(_)
            | PatchOperation::Remove(_)
            | PatchOperation::Replace(_)
            | PatchOperation::Move(_)
            | PatchOperation::Copy(_) => None,
        });
        Guards(tests.collect())
    }

    /// The name of the object, and the change as it is sent.
    pub(super) fn into_parts(self) -> (String, kube::api::Patch<()>) {
        (self.name, kube::api::Patch::Json(json_patch::Patch(self.operations)))
    }
}

/// What must be as it was seen for a change to be made.
pub(super) struct Guards(Vec<TestOperation>);

impl Guards {
    /// Whether an object is as it was seen. A member that is not there is null, as for the API server.
    pub(super) fn hold_for(&self, object: &Value) -> bool {
        self.0.iter().all(|test| test.path.resolve(object).unwrap_or(&Value::Null) == &test.value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(finalizers: Option<&[&str]>) -> ObjectMeta {
        ObjectMeta {
            name: Some("contoso".into()),
            uid: Some("u".into()),
            resource_version: Some("7".into()),
            finalizers: finalizers.map(|all| all.iter().map(|name| (*name).to_owned()).collect()),
            ..ObjectMeta::default()
        }
    }

    fn sent(patch: Patch) -> Value {
        json!(patch.operations)
    }

    #[test]
    fn a_finalizer_is_added_only_to_the_list_that_was_seen() {
        let uid = json!({ "op": "test", "path": "/metadata/uid", "value": "u" });
        for (finalizers, test, path, value) in [
            (None, json!(null), "/metadata/finalizers", json!(["ours"])),
            (Some(&[][..]), json!([]), "/metadata/finalizers", json!(["ours"])),
            (Some(&["theirs"][..]), json!(["theirs"]), "/metadata/finalizers/-", json!("ours")),
        ] {
            let meta = seen(finalizers);
            let expected = json!([
                uid,
                { "op": "test", "path": "/metadata/finalizers", "value": test },
                { "op": "add", "path": path, "value": value },
            ]);
            assert_eq!(expected, sent(Patch::of(&meta).add_finalizer(&meta, "ours")));
        }
    }

    #[test]
    fn a_finalizer_is_removed_only_from_where_it_was_seen() {
        let meta = seen(Some(&["theirs", "ours"]));
        let expected = json!([
            { "op": "test", "path": "/metadata/uid", "value": "u" },
            { "op": "test", "path": "/metadata/finalizers/1", "value": "ours" },
            { "op": "remove", "path": "/metadata/finalizers/1" },
        ]);
        assert_eq!(Some(expected), Patch::of(&meta).remove_finalizer(&meta, "ours").map(sent));
        assert!(Patch::of(&meta).remove_finalizer(&meta, "another").is_none());
    }

    #[test]
    fn a_status_is_written_to_the_version_that_was_seen() {
        let expected = json!([
            { "op": "test", "path": "/metadata/uid", "value": "u" },
            { "op": "test", "path": "/metadata/resourceVersion", "value": "7" },
            { "op": "add", "path": "/status", "value": { "observedGeneration": 1 } },
        ]);
        let patch = Patch::of_version(&seen(None)).status(json!({ "observedGeneration": 1 }));
        assert_eq!("contoso", patch.name);
        assert_eq!(expected, sent(patch));
    }

    #[test]
    fn a_key_of_a_secret_is_set_beside_the_others() {
        let value = ByteString(b"key".to_vec());
        let without = Secret::default();
        let with = Secret { data: Some([("other".to_owned(), value.clone())].into()), ..Secret::default() };
        let last = |secret: &Secret| sent(Patch::of(&seen(None)).secret_key(secret, "widget-key", &value))[1].clone();
        assert_eq!(json!({ "op": "add", "path": "/data", "value": { "widget-key": "a2V5" } }), last(&without));
        assert_eq!(json!({ "op": "add", "path": "/data/widget-key", "value": "a2V5" }), last(&with));
    }
}
