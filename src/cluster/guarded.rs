//! Objects as they are watched: one that cannot be decoded stops no other, and sharing one copies nothing.

use std::borrow::Cow;
use std::sync::Arc;

use kube::Resource;
use kube::core::ObjectMeta;
use kube::core::error_boundary::InvalidObject;
use serde::de::Error;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// An object, or what is known of one that cannot be decoded. A copy of it is as cheap as an `Arc`.
#[derive(Clone, Debug)]
pub(crate) struct Guarded<K>(pub(crate) Result<Arc<K>, Arc<InvalidObject>>);

/// A kind that may be stored with more than this program knows.
pub(crate) trait Tolerant: Resource {
    /// Decodes an object. What is not known of it is left out and noted.
    fn decode(object: Value) -> serde_json::Result<Self>
    where
        Self: Sized;
}

impl<'de, K: Tolerant> Deserialize<'de> for Guarded<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let object = Value::deserialize(deserializer)?;
        let metadata = ObjectMeta::deserialize(&object["metadata"]).map_err(Error::custom)?;
        let invalid = |error: serde_json::Error| Arc::new(InvalidObject { error: error.to_string(), metadata });
        Ok(Self(K::decode(object).map(Arc::new).map_err(invalid)))
    }
}

impl<K: Resource + Clone> Resource for Guarded<K> {
    type DynamicType = K::DynamicType;
    type Scope = K::Scope;

    fn kind(dynamic: &K::DynamicType) -> Cow<'_, str> {
        K::kind(dynamic)
    }

    fn group(dynamic: &K::DynamicType) -> Cow<'_, str> {
        K::group(dynamic)
    }

    fn version(dynamic: &K::DynamicType) -> Cow<'_, str> {
        K::version(dynamic)
    }

    fn plural(dynamic: &K::DynamicType) -> Cow<'_, str> {
        K::plural(dynamic)
    }

    fn meta(&self) -> &ObjectMeta {
        match &self.0 {
            Ok(object) => object.meta(),
            Err(invalid) => &invalid.metadata,
        }
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        match &mut self.0 {
            Ok(object) => Arc::make_mut(object).meta_mut(),
            Err(invalid) => &mut Arc::make_mut(invalid).metadata,
        }
    }
}
