//! What GitOps tools and kubectl expect of a CRD and its operator: each test is named after the rule that it verifies.
//!
//! The rules are numbered as in the catalogue of conventions that this project follows. Missing numbers belong to parts
//! with tests elsewhere (admission policies, charts) or are not implemented yet.

#![allow(clippy::print_stdout, reason = "figures, which --nocapture shows")]

mod admission;
mod columns;
mod crd;
mod deletion;
mod explain;
mod history;
mod kind;
mod maximal;
mod offline;
mod ownership;
mod rejections;
mod samples;
pub mod schema;
mod states;
mod stricter_rules;
mod unions;
mod wait;

use std::io::Write;

use nimbus_operator::resources::Tenant;
use serde_json::Value;
use tempfile::NamedTempFile;

use crate::support::audit::Mark;
use crate::support::fixture::Fixture;
use crate::support::kubectl::Output;
use crate::support::users::PLATFORM_ADMIN;

/// Runs kubectl in the Tenant's namespace and returns its output, successful or not.
async fn kubectl(fixture: &Fixture, user: &str, arguments: &[&str]) -> Output {
    let arguments = [&["-n", &fixture.env.namespace], arguments].concat();
    fixture.env.kubectl(user).run(&arguments).await.expect("kubectl runs")
}

/// `kubectl <words> -f FILE` with a manifest, as the administrator of Platforms.
async fn kubectl_file(fixture: &Fixture, words: &[&str], manifest: &Value) -> Output {
    let file = file(manifest);
    let arguments = [words, &["-f", file.path().to_str().unwrap()]].concat();
    kubectl(fixture, PLATFORM_ADMIN, &arguments).await
}

/// `kubectl apply`, which must succeed without a warning; returns its output.
async fn apply(fixture: &Fixture, options: &[&str], manifest: &Value) -> String {
    let output = kubectl_file(fixture, &[&["apply"], options].concat(), manifest).await;
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    output.stdout
}

fn file(manifest: &Value) -> NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
    file.write_all(manifest.to_string().as_bytes()).unwrap();
    file
}

fn version(tenant: &Tenant) -> &str {
    tenant.metadata.resource_version.as_deref().unwrap()
}

/// Marks at the end of both logs.
async fn marks(fixture: &Fixture) -> (Mark, u64) {
    (fixture.audit().mark().await.unwrap(), fixture.platform.mark().await.unwrap())
}
