//! The basis of tests and demo: a real control plane, its users, the operator as a process, a proxy between them, and
//! waiting.
//!
//! It starts programs, calls Kubernetes, and reads what happened from the audit log, never from the operator's own metrics.
//!
//! `controlplane` → `users`, `apply`, `kubectl` → `env` → `fixture`, the fixture of most tests, and `running`, its controller.

#![allow(dead_code, unused_imports, reason = "tests and demo each compile this room and each use a part of it")]

pub mod apply;
pub mod assets;
pub mod audit;
pub mod canary;
pub mod confirmation;
pub mod controlplane;
pub mod detours;
pub mod env;
pub mod examples;
pub mod fixture;
pub mod helm;
pub mod http;
pub mod kubectl;
pub mod log;
pub mod microsoft;
pub mod openmetrics;
pub mod operator;
pub mod organisation;
pub mod passes;
pub mod pause;
pub mod policies;
pub mod process;
pub mod proxy;
pub mod recorder;
pub mod rights;
pub mod running;
pub mod sandbox;
pub mod since;
pub mod strict;
pub mod tenant;
pub mod tls;
pub mod trigger;
pub mod users;
pub mod wait;
