//! The reference platform: its settings by a table of its own, and what a write makes of them.

mod format;
mod merge;
mod problem;
mod roles;
mod rows;
mod runtime;
mod table;
