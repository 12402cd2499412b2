//! The cluster of a person: the kubeconfig, and errors that say what to do. Objects are read as plain JSON, so that those of a newer
//! version can be shown, too.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use kube::api::{ApiResource, DynamicObject, ListParams, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use serde_json::{Value, json};

use crate::resources::Tenant;

/// Under which name annotations are written.
const FIELD_MANAGER: &str = "kubectl-nimbus";
/// How many objects are listed in one request.
const PAGE: u32 = 500;
const HEADING: &str = "Kubernetes";

/// Which cluster and namespace.
#[derive(Debug, Args)]
pub struct KubeArgs {
    /// Kubeconfig file. Default: KUBECONFIG, then ~/.kube/config.
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub kubeconfig: Option<PathBuf>,

    /// Context of the kubeconfig.
    #[arg(long, value_name = "NAME", help_heading = HEADING)]
    pub context: Option<String>,

    /// Namespace. Default: that of the context.
    #[arg(short = 'n', long, value_name = "NS", help_heading = HEADING)]
    pub namespace: Option<String>,
}

/// The Tenants of a cluster.
pub struct Tenants {
    client: Client,
    namespace: String,
}

/// Which Tenants are listed.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Those with these labels.
    pub labels: Option<String>,
    /// Those with these fields.
    pub fields: Option<String>,
    /// Those of every namespace.
    pub everywhere: bool,
}

impl KubeArgs {
    /// Connects; nothing is called yet.
    ///
    /// *Errors*: there is no kubeconfig, or it does not make a client.
    pub async fn connect(&self) -> anyhow::Result<Tenants> {
        let options = KubeConfigOptions { context: self.context.clone(), ..KubeConfigOptions::default() };
        let config = match &self.kubeconfig {
            Some(file) => {
                let kubeconfig =
                    Kubeconfig::read_from(file).with_context(|| format!("--kubeconfig {}", file.display()))?;
                Config::from_custom_kubeconfig(kubeconfig, &options).await?
            }
            None if self.context.is_some() => Config::from_kubeconfig(&options).await?,
            None => Config::infer().await.context("loading the kubeconfig: set KUBECONFIG or --kubeconfig")?,
        };
        let namespace = self.namespace.clone().unwrap_or_else(|| config.default_namespace.clone());
        let client = Client::try_from(config).context("connecting to Kubernetes")?;
        Ok(Tenants { client, namespace })
    }
}

impl Tenants {
    fn api(&self, everywhere: bool) -> Api<DynamicObject> {
        let resource = ApiResource::erase::<Tenant>(&());
        if everywhere {
            Api::all_with(self.client.clone(), &resource)
        } else {
            Api::namespaced_with(self.client.clone(), &self.namespace, &resource)
        }
    }

    /// One Tenant of the namespace.
    ///
    /// *Errors*: there is none, or it may not be read.
    pub async fn get(&self, name: &str) -> anyhow::Result<Value> {
        let found = self.api(false).get(name).await;
        let what = format!("Tenant {}/{name}", self.namespace);
        Ok(serde_json::to_value(found.map_err(|error| explained(&error, &what))?)?)
    }

    /// All that are selected, page by page.
    ///
    /// *Errors*: they may not be listed.
    pub async fn list(&self, selection: &Selection) -> anyhow::Result<Vec<Value>> {
        let Selection { labels, fields, everywhere } = selection.clone();
        let (api, mut all) = (self.api(everywhere), vec![]);
        let mut params =
            ListParams { label_selector: labels, field_selector: fields, ..ListParams::default().limit(PAGE) };
        loop {
            let what = if everywhere {
                "Tenants of all namespaces".to_owned()
            } else {
                format!("Tenants of namespace {}", self.namespace)
            };
            let page = api.list(&params).await.map_err(|error| explained(&error, &what))?;
            for tenant in page.items {
                all.push(serde_json::to_value(tenant)?);
            }
            params.continue_token = page.metadata.continue_.filter(|token| !token.is_empty());
            if params.continue_token.is_none() {
                return Ok(all);
            }
        }
    }

    /// Sets an annotation of a Tenant.
    ///
    /// *Errors*: it may not be written.
    pub async fn annotate(&self, name: &str, annotation: &str, token: &str) -> anyhow::Result<()> {
        let patch = json!({ "metadata": { "annotations": { annotation: token } } });
        let params = PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
        let patched = self.api(false).patch(name, &params, &Patch::Merge(patch)).await;
        let what = format!("Tenant {}/{name}", self.namespace);
        patched.map(drop).map_err(|error| explained(&error, &what))
    }
}

/// What an answer of the API server means for the user.
fn explained(error: &kube::Error, what: &str) -> anyhow::Error {
    let kube::Error::Api(status) = error else {
        return anyhow::anyhow!("{what}: no answer of the API server: {error}");
    };
    match status.code {
        401 => {
            anyhow::anyhow!("{what}: the API server does not accept the credentials of the kubeconfig; log in again")
        }
        403 => anyhow::anyhow!("{what}: not permitted: {}", status.message),
        404 if status.message.contains("the server could not find the requested resource")
            || status.message.contains("page not found") =>
        {
            anyhow::anyhow!(
                "the cluster has no Tenants: install the CRDs with 'nimbus-operator crd | kubectl apply --server-side -f -'"
            )
        }
        404 => anyhow::anyhow!("{what} not found"),
        _ => anyhow::anyhow!("{what}: {}", status.message),
    }
}
