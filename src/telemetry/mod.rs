//! Logs. Constant text, values in fields; spans carry the Tenant and its generation.

pub mod log;
