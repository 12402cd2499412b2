//! The reference platform, driven over HTTP without our client: each rule of the admin API is a test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;
mod tenants;
