//! The client: who this operator is to the API server, and the deadline of each call.

use std::future::Future;
use std::time::Duration;

use kube::client::ClientBuilder;
use kube::{Client, Config};
use serde::de::DeserializeOwned;

use super::consistent_list::ConsistentListLayer;
use super::epoch::Epoch;
use super::meter::MeterLayer;
use super::refusal::Refusal;
use super::watch_expired::RelistLayer;
use crate::http;
use crate::lease::{Leadership, NotLeader};
use crate::telemetry::Telemetry;
use crate::telemetry::health::{Need, Pulse};

/// The name under which everything is written.
pub(crate) const FIELD_MANAGER: &str = "nimbus-operator";

/// How long before its silence a watch ends. Less than the 5 s after which kube goes on by itself where that end does not arrive: it would
/// not list again.
const BEFORE_SILENCE: Duration = Duration::from_secs(3);

/// How long the API server may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// One call.
    pub call: Duration,
    /// A connection, until it is there. A host that is away answers nothing, and the attempt itself must not outlast that by much.
    pub connect: Duration,
    /// A connection that is read from, which may be a watch, without a byte. Watches are ended before that.
    pub silence: Duration,
}

/// A cluster, as this operator calls its API.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    deadlines: Deadlines,
    epoch: Epoch,
    leadership: Leadership,
    telemetry: Telemetry,
}

impl Cluster {
    /// A client that says who it is, gives up a call after its deadline, and repeats no failed call: that is decided by the caller.
    /// A watch that is refused as expired lists again, and one that is silent is opened again.
    ///
    /// *Errors*: the configuration does not make a client, e.g. a CA that is not PEM.
    pub fn connect(mut config: Config, deadlines: Deadlines, telemetry: Telemetry) -> Result<Self, kube::Error> {
        config.default_retry = false;
        config.connect_timeout = Some(deadlines.connect);
        config.read_timeout = Some(deadlines.silence);
        config.headers.push((::http::header::USER_AGENT, ::http::HeaderValue::from_static(http::USER_AGENT)));
        // The meter sees what the API server answers, and not what is made of it.
        let meter = MeterLayer::new(telemetry.clone());
        let builder = ClientBuilder::try_from(config)?.with_layer(&meter);
        let client = builder.with_layer(&RelistLayer).with_layer(&ConsistentListLayer).build();
        Ok(Self { client, deadlines, epoch: Epoch::default(), leadership: Leadership::default(), telemetry })
    }

    /// The same, as one of several replicas: it writes only while it leads.
    pub(crate) fn led_by(self, leadership: Leadership) -> Self {
        Self { leadership, ..self }
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
        self.deadlines.call
    }

    /// How long a watch is open at most. A kind that does not change for long may have no bookmark either: the API server sends one only
    /// where it knows of a newer version. Such a watch ends in order, before it counts as silent.
    pub(super) fn watch_life(&self) -> Duration {
        self.deadlines.silence.saturating_sub(BEFORE_SILENCE)
    }

    /// Follows a watch, so that it is noticed where it is dead.
    pub(super) fn follow(&self, kind: &str, path: &str, need: Need) -> Pulse {
        self.telemetry.health.follow(kind, path, self.deadlines.silence, need)
    }

    /// Sends a request that was built by hand, with a deadline.
    pub(super) async fn request<T: DeserializeOwned>(&self, request: ::http::Request<Vec<u8>>) -> Result<T, Refusal> {
        self.call(self.client.request(request)).await
    }

    /// A write with a deadline, made only while this replica leads.
    pub(super) async fn write<T>(&self, write: impl Future<Output = kube::Result<T>>) -> Result<T, Refusal> {
        match self.leadership.write(self.call(write)).await {
            Ok(written) => written,
            Err(NotLeader::NotBegun) => Err(Refusal::NotLeader),
            Err(NotLeader::CutShort) => Err(Refusal::Unanswered("the leadership ended before the answer came")),
        }
    }

    /// A call with a deadline.
    pub(super) async fn call<T>(&self, call: impl Future<Output = kube::Result<T>>) -> Result<T, Refusal> {
        match tokio::time::timeout(self.deadlines.call, call).await {
            Ok(answer) => answer.map_err(|error| Refusal::of(&error)),
            Err(_) => Err(Refusal::Unanswered("no answer in time")),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use std::time::Instant;

    use tokio::net::{TcpSocket, TcpStream};

    use super::*;

    #[tokio::test]
    async fn a_replica_that_does_not_lead_reads_and_writes_nothing() {
        // No server is there: what is sent fails in another way.
        let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let config = Config::new(format!("http://{nowhere}").parse().unwrap());
        let deadline = Duration::from_secs(5);
        let deadlines = Deadlines { call: deadline, connect: deadline, silence: deadline };
        let cluster = Cluster::connect(config, deadlines, Telemetry::default()).unwrap();
        let cluster = cluster.led_by(Leadership::standby());
        let sent =
            || cluster.client.request::<serde_json::Value>(::http::Request::get("/version").body(vec![]).unwrap());
        assert_eq!(Err(Refusal::NotLeader), cluster.write(sent()).await);
        let read = cluster.call(sent()).await;
        assert!(matches!(read, Err(Refusal::Unanswered(_))), "{read:?}");
    }

    #[tokio::test]
    async fn a_host_that_answers_nothing_is_given_up_soon() {
        // Whose queue is full answers no attempt to connect.
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let listener = socket.listen(1).unwrap();
        let address = listener.local_addr().unwrap();
        let mut queued = vec![];
        while let Ok(connected) = tokio::time::timeout(Duration::from_millis(200), TcpStream::connect(address)).await {
            queued.push(connected.unwrap());
        }
        let [long, short] = [Duration::from_secs(60), Duration::from_millis(200)];
        let config = Config::new(format!("http://{address}").parse().unwrap());
        let cluster =
            Cluster::connect(config, Deadlines { call: long, connect: short, silence: long }, Telemetry::default())
                .unwrap();
        let started = Instant::now();
        let request = ::http::Request::get("/version").body(vec![]).unwrap();
        let outcome: Result<serde_json::Value, _> = cluster.request(request).await;
        assert!(matches!(outcome, Err(Refusal::Unanswered(_))), "{outcome:?}");
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    }
}
