//! The contract: routes, schemas, and the OpenAPI document that is made from them.
pub(crate) mod document;
pub(crate) mod route;
pub(crate) mod routes;
mod schemas;
