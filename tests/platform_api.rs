//! The reference platform, driven over HTTP without our client: each rule of the admin API is a test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bounds;
mod clients;
mod contract;
mod document;
mod faults;
mod lifecycle;
mod lists;
mod owners;
mod runtime;
mod support;
mod tenants;
mod triggers;
