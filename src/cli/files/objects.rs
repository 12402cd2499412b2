//! The objects in files that a plan is made of.

use std::collections::BTreeMap;

use anyhow::Context;
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::find::Found;
use super::yaml::{self, Content, Node};
use crate::resources::{GROUP, Partner, Tenant};

/// What the files hold.
#[derive(Debug, Default)]
pub struct Objects {
    /// The Tenants, in the order of the files.
    pub tenants: Vec<Tenant>,
    /// The Partners by name.
    pub partners: BTreeMap<String, Partner>,
    /// The Secrets by namespace and name; without a namespace, that of the command.
    pub secrets: BTreeMap<(String, String), Secret>,
}

impl Objects {
    /// Reads files that were found valid. `namespace` is that of objects that say none.
    ///
    /// *Errors*: a file changed since, or an object cannot be decoded.
    pub fn read(found: &Found, namespace: &str) -> anyhow::Result<Self> {
        let mut objects = Self::default();
        for source in &found.sources {
            let text = source.read().map_err(|finding| anyhow::anyhow!("{}: {}", source.name(), finding.message))?;
            let (documents, _) = yaml::parse(&text);
            for document in &documents {
                objects.add(document, namespace).with_context(|| source.name())?;
            }
        }
        Ok(objects)
    }

    fn add(&mut self, node: &Node, namespace: &str) -> anyhow::Result<()> {
        let text = |name: &str| node.get(name).and_then(Node::text).unwrap_or_default();
        let ours = text("apiVersion").split('/').next() == Some(GROUP);
        match (ours, text("kind")) {
            (false, "List") => {
                if let Some(Content::List(items)) = node.get("items").map(|items| &items.content) {
                    items.iter().try_for_each(|item| self.add(item, namespace))?;
                }
            }
            (true, "Tenant") => {
                let mut tenant: Tenant = decoded(node)?;
                tenant.metadata.namespace.get_or_insert_with(|| namespace.to_owned());
                self.tenants.push(tenant);
            }
            (true, "Partner") => {
                let partner: Partner = decoded(node)?;
                self.partners.insert(partner.name_any(), partner);
            }
            (false, "Secret") if text("apiVersion") == "v1" => {
                // One that is encrypted in the file, or made by another program, is not what the cluster gets.
                let Ok(secret) = decoded::<Secret>(node) else { return Ok(()) };
                let namespace = secret.namespace().unwrap_or_else(|| namespace.to_owned());
                self.secrets.insert((namespace, secret.name_any()), written(secret));
            }
            _ => {}
        }
        Ok(())
    }
}

fn decoded<T: DeserializeOwned>(node: &Node) -> anyhow::Result<T> {
    let value: Value = node.to_value();
    serde_json::from_value(value).context("an object cannot be decoded")
}

/// The Secret as the API server stores it.
fn written(mut secret: Secret) -> Secret {
    let data = secret.data.get_or_insert_default();
    for (key, text) in secret.string_data.take().unwrap_or_default() {
        data.insert(key, k8s_openapi::ByteString(text.into_bytes()));
    }
    secret
}
