//! What every pass needs: clients, options, and what is remembered between passes.

use std::future::Future;

use anyhow::Context as _;
use kube::api::ListParams;
use kube::runtime::reflector::Store;
use kube::{Api, Client};

use super::checks::Checks;
use super::options::Options;
use super::platform::Guarded;
use super::platforms::Platforms;
use super::queue::memory::Memory;
use crate::plan::Stop;
use crate::resources::{Partner, Platform, Stamp, Tenant};

/// What every pass needs.
pub(super) struct Context {
    pub(super) client: Client,
    pub(super) options: Options,
    pub(super) platforms: Platforms,
    pub(super) memory: Memory,
    pub(super) platform_memory: Memory,
    pub(super) checks: Checks,
}

impl Context {
    /// *Errors*: there is no TLS.
    pub(super) fn new(client: Client, options: Options, platforms: Store<Guarded>) -> Result<Self, reqwest::Error> {
        Ok(Self {
            checks: Checks::new(&options)?,
            client,
            options,
            platforms: Platforms::new(platforms),
            memory: Memory::default(),
            platform_memory: Memory::default(),
        })
    }

    /// Fails early, with one clear sentence, where every watch would fail for ever.
    pub(super) async fn check_access(&self) -> anyhow::Result<()> {
        let one = ListParams::default().limit(1);
        let hint = "are the CRDs installed (nimbus-operator crd | kubectl apply -f -), and may this account list them?";
        Api::<Platform>::all(self.client.clone())
            .list_metadata(&one)
            .await
            .with_context(|| format!("listing Platforms: {hint}"))?;
        Api::<Partner>::all(self.client.clone())
            .list_metadata(&one)
            .await
            .with_context(|| format!("listing Partners: {hint}"))?;
        for namespace in &self.options.namespaces {
            let tenants = Api::<Tenant>::namespaced(self.client.clone(), namespace);
            tenants
                .list_metadata(&one)
                .await
                .with_context(|| format!("listing Tenants in namespace '{namespace}': {hint}"))?;
        }
        Ok(())
    }

    /// Our stamp on a tenant of the platform.
    pub(super) fn stamp(&self, namespace: &str, name: &str) -> Stamp {
        Stamp::new(&self.options.cluster_id, namespace, name)
    }

    /// A call of Kubernetes with a deadline.
    pub(super) async fn kubernetes<T>(&self, call: impl Future<Output = kube::Result<T>>) -> Result<T, Refusal> {
        match tokio::time::timeout(self.options.timing.call, call).await {
            Err(_) => Err(Refusal::Unknown("no answer in time")),
            Ok(Ok(value)) => Ok(value),
            Ok(Err(kube::Error::Api(status))) => Err(match status.code {
                404 => Refusal::NotFound,
                403 => Refusal::Forbidden,
                // A JSON patch whose test fails is answered by 422, one against a newer version by 409.
                409 | 422 => Refusal::Conflict,
                _ => Refusal::Unknown("an error of the server"),
            }),
            Ok(Err(_)) => Err(Refusal::Unknown("no connection")),
        }
    }
}

/// Why Kubernetes did not do what it was asked. Its text may quote objects, so it is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    NotFound,
    Forbidden,
    Conflict,
    Unknown(&'static str),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Conflict | Refusal::NotFound => Self::Raced,
            Refusal::Forbidden => Self::Kubernetes("the operator's account may not do this"),
            Refusal::Unknown(what) => Self::Kubernetes(what),
        }
    }
}
