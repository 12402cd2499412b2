//! Integration tests: one binary, so that all share one control plane and one link.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a test says what went wrong by panicking"
)]

mod harness;
mod lifecycle;
mod microsoft;
mod platform_api;
mod support;
