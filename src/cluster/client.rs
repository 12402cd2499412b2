//! The client: who this operator is to the API server, and the deadline of each call.

use std::future::Future;
use std::time::Duration;

use kube::client::ClientBuilder;
use kube::{Client, Config};
use serde::de::DeserializeOwned;

use super::epoch::Epoch;
use super::refusal::Refusal;
use super::watch_expired::RelistLayer;
use crate::http;

/// The name under which everything is written.
pub(crate) const FIELD_MANAGER: &str = "nimbus-operator";

/// How long the API server may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// One call.
    pub call: Duration,
    /// A connection that is read from, which may be a watch, without a byte. The API server sends a bookmark every minute.
    pub silence: Duration,
}

/// A cluster, as this operator calls its API.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    deadline: Duration,
    epoch: Epoch,
}

impl Cluster {
    /// A client that says who it is, gives up a call after its deadline, and repeats no failed call: that is decided by the caller.
    /// A watch that is refused as expired lists again, and one that is silent is opened again.
    ///
    /// *Errors*: the configuration does not make a client, e.g. a CA that is not PEM.
    pub fn connect(mut config: Config, deadlines: Deadlines) -> Result<Self, kube::Error> {
        config.default_retry = false;
        config.read_timeout = Some(deadlines.silence);
        config.headers.push((::http::header::USER_AGENT, ::http::HeaderValue::from_static(http::USER_AGENT)));
        let client = ClientBuilder::try_from(config)?.with_layer(&RelistLayer).build();
        Ok(Self { client, deadline: deadlines.call, epoch: Epoch::default() })
    }

    /// What a call is made with.
    pub(super) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Whether the API server went back to an older state.
    pub(crate) fn epoch(&self) -> &Epoch {
        &self.epoch
    }

    /// The deadline of a call.
    pub(super) fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Sends a request that was built by hand, with a deadline.
    pub(super) async fn request<T: DeserializeOwned>(&self, request: ::http::Request<Vec<u8>>) -> Result<T, Refusal> {
        self.call(self.client.request(request)).await
    }

    /// A call with a deadline.
    pub(super) async fn call<T>(&self, call: impl Future<Output = kube::Result<T>>) -> Result<T, Refusal> {
        match tokio::time::timeout(self.deadline, call).await {
            Ok(answer) => answer.map_err(|error| Refusal::of(&error)),
            Err(_) => Err(Refusal::Unanswered("no answer in time")),
        }
    }
}
