//! What a watch has seen of a kind.
//!
//! A list that is read again is taken in object by object, and what it does not name is removed at its end: there is never a second copy of
//! everything. Until that end the store holds older and newer objects side by side, as it does between any two events.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use kube::Resource;
use kube::core::ObjectMeta;
use kube::runtime::reflector::ObjectRef;

/// What a watch has seen of a kind, for all that read it.
#[derive(Debug)]
pub(crate) struct Store<K>(Arc<RwLock<State<K>>>);

#[derive(Debug)]
struct State<K> {
    /// By namespace and name, as [`key`] writes them.
    objects: HashMap<Box<str>, Held<K>>,
    /// The number of the list that was begun last.
    list: u32,
    is_listed: bool,
}

#[derive(Debug)]
struct Held<K> {
    object: Arc<K>,
    /// The list since which it is there.
    list: u32,
}

impl<K> Clone for Store<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K> Default for Store<K> {
    fn default() -> Self {
        Self(Arc::new(RwLock::new(State { objects: HashMap::new(), list: 0, is_listed: false })))
    }
}

impl<K: Resource<DynamicType = ()>> Store<K> {
    /// An object by its reference.
    pub(crate) fn get(&self, reference: &ObjectRef<K>) -> Option<Arc<K>> {
        let key = key(reference.namespace.as_deref(), &reference.name);
        self.read().objects.get(&*key).map(|held| held.object.clone())
    }

    /// All objects.
    pub(crate) fn state(&self) -> Vec<Arc<K>> {
        self.state_filter(|_| true)
    }

    /// The objects that are wanted.
    pub(crate) fn state_filter(&self, is_wanted: impl Fn(&K) -> bool) -> Vec<Arc<K>> {
        let state = self.read();
        state.objects.values().map(|held| &held.object).filter(|object| is_wanted(object)).cloned().collect()
    }

    /// Whether there was a list.
    pub(crate) fn is_listed(&self) -> bool {
        self.read().is_listed
    }

    /// The object that has the namespace and name of another.
    pub(super) fn same(&self, meta: &ObjectMeta) -> Option<Arc<K>> {
        self.read().objects.get(&*key_of(meta)).map(|held| held.object.clone())
    }

    /// Takes an object in. One of the version that is held is not replaced.
    pub(super) fn put(&self, object: K) -> Arc<K> {
        let mut state = self.write();
        let list = state.list;
        let key = key_of(object.meta());
        if let Some(held) = state.objects.get_mut(&*key).filter(|held| is_same(held.object.meta(), object.meta())) {
            held.list = list;
            return held.object.clone();
        }
        let object = Arc::new(object);
        state.objects.insert(key, Held { object: object.clone(), list });
        object
    }

    /// An object is gone.
    pub(super) fn remove(&self, meta: &ObjectMeta) {
        self.write().objects.remove(&*key_of(meta));
    }

    /// A list begins.
    pub(super) fn begin_list(&self) {
        let mut state = self.write();
        state.list = state.list.wrapping_add(1);
    }

    /// A list is complete. Returns what it does not name, which is gone.
    pub(super) fn end_list(&self) -> Vec<Arc<K>> {
        let mut state = self.write();
        let list = state.list;
        state.is_listed = true;
        let gone = state.objects.extract_if(|_, held| held.list != list);
        gone.map(|(_, held)| held.object).collect()
    }

    fn read(&self) -> RwLockReadGuard<'_, State<K>> {
        // What is in it is set in one step.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State<K>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn key_of(meta: &ObjectMeta) -> Box<str> {
    key(meta.namespace.as_deref(), meta.name.as_deref().unwrap_or_default())
}

fn key(namespace: Option<&str>, name: &str) -> Box<str> {
    [namespace.unwrap_or_default(), "/", name].concat().into()
}

/// Whether it is the same object in the same version.
fn is_same(held: &ObjectMeta, now: &ObjectMeta) -> bool {
    held.resource_version.is_some() && (&held.uid, &held.resource_version) == (&now.uid, &now.resource_version)
}
