//! Integration tests.

mod platform_api;
