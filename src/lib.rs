//! A declarative GitOps reconciler for the Tenant Administration of Nimbus.
#![forbid(unsafe_code)]
