//! `examples/` as its README says: what the sandbox needs, and which files are applied in which order.

use std::sync::LazyLock;

use anyhow::{Context, Result, ensure};
use kube::Client;
use kube::api::DynamicObject;
use regex::Regex;
use reqwest::Method;
use serde_json::Value;

use super::apply::create_namespace;
use super::controlplane::ControlPlane;
use super::rights::{self, Placement};
use super::{apply, assets, users};

/// The namespaces that the examples use.
pub const OPERATOR_NAMESPACE: &str = "nimbus-system";
pub const NAMESPACE: &str = "contoso";
/// The tenant of the examples.
pub const TENANT: &str = "contoso";
pub const TENANT_ID: &str = "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c";
/// Where the examples expect the sandbox; the port may be taken on this machine.
const SANDBOX: &str = "http://127.0.0.1:8899";

/// A file of `examples/`.
#[derive(Debug)]
pub struct Example {
    /// Its path below `examples/`.
    pub file: String,
    /// The status of `ChecksPassed` once it is applied; empty if it is no Tenant.
    pub checks: String,
}

fn read(file: &str) -> Result<String> {
    let path = assets::checkout().join("examples").join(file);
    std::fs::read_to_string(&path).with_context(|| path.display().to_string())
}

/// The files in the order of the README.
pub fn in_order() -> Result<Vec<Example>> {
    static ROW: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(?m)^\| \[([^\]]+)\]\(([^)]+)\) \|.*\| *(\w*) *\|$").unwrap());
    let readme = read("README.md")?;
    let rows = ROW.captures_iter(&readme).map(|row| {
        ensure!(row[1] == row[2], "the link of {} leads to {}", &row[1], &row[2]);
        Ok(Example { file: row[1].to_owned(), checks: row[3].to_owned() })
    });
    rows.collect()
}

/// The requests by which the README adds what the checks ask for: path and body.
pub fn planted() -> Result<Vec<(String, Value)>> {
    static LINE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?m)^put (/\S+) '(.*)'$").unwrap());
    let readme = read("README.md")?;
    let lines = LINE.captures_iter(&readme).map(|line| {
        let body = serde_json::from_str(&line[2]).with_context(|| line[0].to_owned())?;
        Ok((format!("/sandbox/microsoft{}", &line[1]), body))
    });
    lines.collect()
}

/// Adds to the sandbox what the README adds.
pub async fn plant(http: &reqwest::Client, sandbox: &str) -> Result<()> {
    for (path, body) in planted()? {
        let answer = http.request(Method::PUT, format!("{sandbox}{path}")).json(&body).send().await?;
        ensure!(answer.status().is_success(), "PUT {path} answered {}", answer.status());
    }
    Ok(())
}

/// The objects of a file, for the sandbox at a URL.
pub fn objects(file: &str, sandbox: &str) -> Result<Vec<DynamicObject>> {
    apply::documents(&read(file)?.replace(SANDBOX, sandbox)).with_context(|| file.to_owned())
}

/// Applies an object as the user who is allowed to.
pub async fn apply(control_plane: &ControlPlane, object: &DynamicObject) -> Result<()> {
    let kind = object.types.as_ref().map_or("", |types| &*types.kind);
    let user = if matches!(kind, "Namespace" | "Secret") { users::ADMIN } else { users::PLATFORM_ADMIN };
    apply::apply(&control_plane.client(user), object).await
}

/// Installs what the operator needs, with the names of the examples.
pub async fn install(control_plane: &ControlPlane, operator: &str) -> Result<()> {
    control_plane.install_crds().await?;
    control_plane.grant_cluster_wide().await?;
    control_plane.install_policies().await?;
    let admin: Client = control_plane.client(users::ADMIN);
    create_namespace(&admin, NAMESPACE).await?;
    let placement =
        Placement { operator, operator_namespace: OPERATOR_NAMESPACE, namespace: NAMESPACE, instance: "default" };
    rights::grant(&admin, &placement).await
}
