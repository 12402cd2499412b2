//! Integration tests: one binary, so that all share one control plane and one link.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test says what went wrong by panicking"
)]

mod generated_docs;
mod harness;
mod lifecycle;
mod platform_api;
mod support;
mod vocabulary;
