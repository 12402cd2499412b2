//! Files of people: which ones are read, and what stands in them at which place.

pub mod emit;
pub mod find;
pub mod objects;
pub mod scalar;
pub mod yaml;
