//! Generators: what is made of the kinds and the table of settings. CRDs and admission policies for `kubectl apply`, the reference
//! of the settings, that of the metrics, the runbook and the examples for people.
//!
//! This room is pure: each generator returns text, and a test holds the files in `crds/`, `docs/` and `examples/` against it.

pub mod crd;
pub mod examples;
pub mod judges;
pub mod metrics_reference;
pub mod policies;
pub mod runbook;
pub mod sample;
pub mod settings_reference;

#[cfg(test)]
mod crd_tests;
