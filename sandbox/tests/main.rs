//! The reference platform over HTTP, without the operator's client: each rule of the admin API has a test.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod behaviours_console;
mod behaviours_interact;
mod behaviours_licenses;
mod behaviours_organization;
mod behaviours_provisioning;
mod behaviours_records;
mod behaviours_tasks;
mod bounds;
mod cli;
mod clients;
mod contract;
mod document;
mod faults;
mod guard;
mod lifecycle;
mod lists;
mod microsoft_acs;
mod microsoft_consent;
mod microsoft_graph;
mod microsoft_lists;
mod microsoft_login;
mod microsoft_support;
mod owners;
mod runtime;
mod support;
mod tenants;
mod tour;
mod triggers;
