//! What the benchmark shares with the tests: the control plane, its users, and waiting.

#![allow(dead_code, unused_imports, reason = "the tests use the rest")]

#[path = "../../tests/support/apply.rs"]
pub mod apply;
#[path = "../../tests/support/assets.rs"]
pub mod assets;
#[path = "../../tests/support/controlplane/mod.rs"]
pub mod controlplane;
#[path = "../../tests/support/http.rs"]
pub mod http;
#[path = "../../tests/support/policies.rs"]
pub mod policies;
#[path = "../../tests/support/process.rs"]
pub mod process;
#[path = "../../tests/support/rights.rs"]
pub mod rights;
#[path = "../../tests/support/users.rs"]
pub mod users;
#[path = "../../tests/support/wait.rs"]
pub mod wait;
