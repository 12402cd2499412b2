//! Integration tests: one binary, so that all share one control plane and one link.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test says what went wrong by panicking"
)]

mod architecture;
mod attacks;
mod behaviours;
mod chart;
mod checks;
mod cli;
mod connection;
mod coverage;
mod crash;
mod deletion;
mod examples;
mod faults;
mod generated;
mod generated_docs;
mod gitops;
mod ha;
mod harness;
mod identity;
mod image;
mod lifecycle;
mod microsoft;
mod monitoring;
mod operations;
mod operators;
mod partner;
mod platform;
mod platform_changes;
mod policies;
mod proof;
mod queue;
mod rotations;
mod running;
mod security;
mod settings_table;
mod support;
mod telemetry;
mod triggers;
mod version;
mod whole_run;
mod workflows;
