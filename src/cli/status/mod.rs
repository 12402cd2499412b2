//! `kubectl nimbus status`: how a fleet is, and whose turn it is.

mod fleet;
mod tenant;

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::kubernetes::{KubeArgs, Selection};

/// Show how Tenants are and whose turn it is: which scripts to run, which specs to correct, which tickets to raise. With a name, show one
/// Tenant with its tabs, licenses and checks.
#[derive(Debug, Args)]
pub struct Status {
    /// Name of a Tenant. Default: the fleet.
    pub name: Option<String>,

    /// The Tenants of all namespaces.
    #[arg(short = 'A', long, conflicts_with = "name")]
    pub all_namespaces: bool,

    /// Label selector.
    #[arg(short = 'l', long, value_name = "SELECTOR", conflicts_with = "name")]
    pub selector: Option<String>,

    /// Field selector, e.g. 'spec.partner.partnerRef.name=northwind'.
    #[arg(long, value_name = "SELECTOR", conflicts_with = "name")]
    pub field_selector: Option<String>,

    /// The form of the output.
    #[arg(short = 'o', long, value_enum, default_value_t = StatusForm::Text, value_name = "FORM")]
    pub output: StatusForm,

    /// The cluster.
    #[command(flatten)]
    pub kube: KubeArgs,
}

/// The form of a status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StatusForm {
    /// For people.
    Text,
    /// The objects as JSON.
    Json,
    /// The objects as YAML.
    Yaml,
}

impl Status {
    /// Reads and shows the Tenants.
    ///
    /// *Errors*: they cannot be read.
    pub async fn execute(self) -> anyhow::Result<ExitCode> {
        let tenants = self.kube.connect().await?;
        let (objects, text) = match &self.name {
            Some(name) => {
                let object = tenants.get(name).await?;
                let text = tenant::render(&object);
                (object, text)
            }
            None => {
                let selection =
                    Selection { labels: self.selector, fields: self.field_selector, everywhere: self.all_namespaces };
                let list = tenants.list(&selection).await?;
                let text = fleet::render(&list);
                (json!({ "apiVersion": "v1", "kind": "List", "items": list }), text)
            }
        };
        let text = match self.output {
            StatusForm::Text => text,
            StatusForm::Json => serde_json::to_string_pretty(&objects)? + "\n",
            StatusForm::Yaml => serde_yaml::to_string(&objects)?,
        };
        super::print(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// A condition of a Tenant: its status, reason and message.
fn condition<'t>(tenant: &'t Value, kind: &str) -> Option<(&'t str, &'t str, &'t str)> {
    let conditions = tenant["status"]["conditions"].as_array()?;
    let found = conditions.iter().find(|condition| condition["type"] == kind)?;
    let of = |member: &str| found[member].as_str().unwrap_or_default();
    Some((of("status"), of("reason"), of("message")))
}

/// Whether a condition is true.
fn holds(tenant: &Value, kind: &str) -> bool {
    condition(tenant, kind).is_some_and(|(status, ..)| status == "True")
}

fn title(tenant: &Value) -> String {
    let of = |member: &str| tenant["metadata"][member].as_str().unwrap_or_default();
    format!("{}/{}", of("namespace"), of("name"))
}
