//! A declarative GitOps reconciler for the *Tenant Administration* view of Nimbus, a contact centre for Microsoft Teams.
//!
//! ```text
//! settings     VOCABULARY   one file per tab or section of the UI                                   pure
//! resources    THE KINDS    Tenant, Platform, Partner, status, conditions                           pure
//! manifests    GENERATORS   CRDs, admission policies, settings reference, runbook, examples         pure
//! plan         THE DECISION validate, diff, plan, conclude                                          pure
//! admin_api    PLATFORM     typed client of the admin API; knows no Kubernetes
//! microsoft    CHECKS       clients of Microsoft Graph and ACS Identity; knows no Kubernetes
//! http         WIRE         what every call over HTTP shares: bounds, Retry-After, tokens
//! lease        ELECTION     which of several replicas writes; asked before each write                pure but for one clock
//! cluster      KUBERNETES   every call of the Kubernetes API; knows no rule about Tenants
//! controller   THE LOOP     watches, queue, and a pass: resolve, observe, execute, publish
//! cli          COMMANDS     one file per command
//! telemetry    LOGS         the log of the process
//! text         TEXTS        the lengths of foreign and long texts                                   pure
//! ```
//!
//! Allowed dependencies: `resources → settings`; `manifests → resources, settings`; `admin_api → settings, http, lease`; `microsoft
//! → http, lease`, and of `settings` only how a connection string is read; `plan → resources, settings, admin_api`; `controller`
//! and `cli` may use everything; nothing uses `cli`; `http` and `lease` use nothing, and `cluster` only these two; every room may use
//! `text`. `tests/architecture.rs` verifies this on the sources. The reference platform for tests and demo is the package
//! `nimbus-sandbox` in `sandbox/`.
//!
//! The reconciliation of one Tenant, in `controller::tenant::reconcile`:
//!
//! ```text
//! resolve → validate → observe → plan → execute → conclude → publish
//! reads K8s  pure      reads      pure   writes    pure      writes K8s (always reached)
//!                      platform          platform
//! ```
#![forbid(unsafe_code)]

pub mod admin_api;
pub mod cli;
pub mod cluster;
pub mod controller;
mod http;
pub mod lease;
pub mod manifests;
pub mod microsoft;
pub mod plan;
pub mod resources;
pub mod settings;
pub mod telemetry;
mod text;
