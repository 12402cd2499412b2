//! The JSON schemas of the OpenAPI document: the schemas of settings are made from the table, the others are written here.
use serde_json::{Map, Value};

mod admin;
mod behaviours;
mod microsoft;
mod runtime;
mod settings;
mod shapes;
mod world;

/// Returns all schemas by name.
pub(crate) fn all() -> Value {
    let mut all: Map<String, Value> = Map::new();
    let named = settings::schemas()
        .into_iter()
        .chain(admin::schemas())
        .chain(world::schemas())
        .chain(behaviours::schemas())
        .chain(microsoft::schemas());
    all.extend(named.map(|(name, schema)| (name.to_owned(), schema)));
    Value::Object(all)
}
