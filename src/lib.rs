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
//! cli          COMMANDS     of both binaries, one file per command
//! telemetry    ITSELF       log, health, metrics, and the server of probes and scrapes
//! text         TEXTS        the lengths of foreign and long texts                                   pure
//! ```
//!
//! Allowed dependencies: `resources → settings`; `manifests → resources, settings`, and the table of metrics; `admin_api →
//! settings, http`; `microsoft → http`, and of `settings` only how a connection string is read; `plan → resources, settings,
//! admin_api`; `controller` and `cli` may use everything; nothing uses `cli`; `http`, `lease` and `telemetry` use nothing, and
//! `cluster` only these three. The rooms that make calls ask `lease` before a write, and record in `telemetry`. Every room may use
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
