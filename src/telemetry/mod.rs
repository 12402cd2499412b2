//! Logs. Constant text, values in fields; the span of a pass carries what it is about.

mod flat;
pub mod log;
