//! The judgement of objects without a cluster: by the schema and the rules of the CRDs, by what the API server demands of any
//! object, and by what the operator itself finds wrong with a spec.

pub mod fleet;
pub mod metadata;
pub mod object;
pub mod schema;
pub mod semantics;
pub mod structure;
