//! What is known of tenants, and what is asked of a platform, second by second.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what went wrong by panicking")]

mod ledger;
mod requests;

use std::time::{Duration, Instant};

use crate::admin_api::Versions;
use crate::controller::options::VersionTiming;
use crate::settings::TenantId;

const TIMING: VersionTiming = VersionTiming {
    page: 500,
    list: Duration::from_secs(300),
    list_beside_feed: Duration::from_secs(1800),
    wait: Duration::from_secs(50),
    gap: Duration::from_secs(5),
    pause: Duration::from_secs(200),
    retry: Duration::from_secs(10),
    absent: Duration::from_secs(3600),
};

fn id(digit: char) -> TenantId {
    TenantId::parse(&format!("{}-0d3e-4f5a-8b7c-9d0e1f2a3b4c", digit.to_string().repeat(8))).unwrap()
}

fn versions(settings: &str) -> Versions {
    Versions::of(settings, "r").unwrap()
}

fn after(start: Instant, seconds: u64) -> Instant {
    start + Duration::from_secs(seconds)
}
