//! A replica as a process, and the Lease as people see and edit it.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::{Api, Patch, PatchParams};
use nimbus_operator::controller::{LeaderElection, Options};
use nimbus_operator::lease::LeaseTiming;
use serde_json::{Value, json};

use crate::support::audit::Mark;
use crate::support::fixture::{Fixture, Operator};
use crate::support::operator::OperatorProcess;
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::users;
use crate::support::wait::{PATIENCE, until};

/// Shorter than in production, and long enough for a loaded machine.
pub const TIMING: LeaseTiming = LeaseTiming {
    duration: Duration::from_secs(5),
    renew_deadline: Duration::from_secs(3),
    retry_period: Duration::from_millis(500),
};

/// What a new leader logs.
pub const LEADS: &str = "this replica leads";

/// A replica: a process with an API server proxy of its own.
pub struct Replica {
    pub name: String,
    pub process: OperatorProcess,
    pub proxy: Proxy,
}

impl Replica {
    /// Starts a replica. Its name is what the Lease says of it.
    pub async fn start(fixture: &Fixture, name: &str, timing: LeaseTiming) -> Self {
        let env = &fixture.env;
        let upstream = Upstream::kubernetes(env.control_plane);
        let proxy = Proxy::start(upstream, &Recorder::new(|_, _| false)).await.unwrap();
        let kubeconfig = env.control_plane.folder().join(format!("{}-{name}.kubeconfig", env.instance));
        env.control_plane.write_kubeconfig(&[&env.operator_user], &proxy.url(), &kubeconfig).unwrap();
        let millis = |duration: Duration| format!("{}ms", duration.as_millis());
        let durations = [timing.duration, timing.renew_deadline, timing.retry_period].map(millis);
        let [duration, deadline, retry] = durations.each_ref().map(String::as_str);
        let arguments = [
            ["run", "--leader-elect"].as_slice(),
            &["--lease-duration", duration, "--renew-deadline", deadline, "--retry-period", retry],
            &["--namespace", &env.namespace, "--cluster-id", "test", "--instance", &env.instance],
            &["--operator-namespace", &env.operator_namespace],
        ];
        let process = OperatorProcess::start(&kubeconfig, &arguments.concat(), &[("POD_NAME", name)]).unwrap();
        Self { name: name.to_owned(), process, proxy }
    }

    /// Waits until it logs a text.
    pub async fn logs(&self, text: &str) {
        until(&format!("{} logs '{text}'", self.name), PATIENCE, async || {
            if self.process.log().contains(text) { Ok(()) } else { Err(self.process.last_lines(5)) }
        })
        .await;
    }

    /// Waits until it leads, and returns when that was seen.
    pub async fn leads(&self) -> Instant {
        self.logs(LEADS).await;
        Instant::now()
    }

    /// Its writes to the platform so far.
    pub fn writes(&self) -> usize {
        self.process.log().matches("written to the platform").count()
    }

    /// Leaves every new request to the API server without an answer.
    pub fn partition(&self) {
        for method in ["GET", "PUT", "POST", "PATCH"] {
            self.proxy.detours.hang(method.parse().unwrap(), "");
        }
    }

    /// Waits until it has ended, and fails unless it says that it lost the Lease.
    pub async fn lost(&self) {
        let status = self.process.end(PATIENCE).await.unwrap_or_else(|error| panic!("{error}: {}", self.process.log()));
        assert_eq!(Some(1), status.code(), "{}", self.process.log());
        assert!(self.process.log().contains("error: lost the Lease"), "{}", self.process.last_lines(5));
    }
}

/// Options of a replica within the process of the test.
pub fn elected(fixture: &Fixture, identity: &str) -> Options {
    let leader_election = Some(LeaderElection { identity: identity.to_owned(), timing: TIMING });
    Options { leader_election, ..fixture.options() }
}

/// Starts a replica within the process of the test.
pub fn start(fixture: &Fixture, identity: &str) -> Operator {
    fixture.start_with(elected(fixture, identity))
}

pub fn leases(fixture: &Fixture) -> Api<Lease> {
    Api::namespaced(fixture.client(users::ADMIN), &fixture.env.operator_namespace)
}

pub fn lease_name(fixture: &Fixture) -> String {
    format!("nimbus-operator-{}", fixture.env.instance)
}

/// Writes the Lease by hand.
pub async fn edit(fixture: &Fixture, spec: Value) -> Lease {
    let name = lease_name(fixture);
    let lease = json!({
        "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": { "name": name }, "spec": spec
    });
    let params = PatchParams::apply("test").force();
    leases(fixture).patch(&name, &params, &Patch::Apply(lease)).await.unwrap()
}

/// A Lease that its last leader released, so that the next one need not wait.
pub async fn released(fixture: &Fixture) {
    edit(fixture, json!({ "holderIdentity": "", "leaseDurationSeconds": 1 })).await;
}

/// Waits until a holder renewed the Lease some times.
pub async fn renewed(fixture: &Fixture, by: &str) {
    for _ in 0..3 {
        let version = leases(fixture).get_opt(&lease_name(fixture)).await.unwrap();
        let version = version.and_then(|lease| lease.metadata.resource_version);
        until("the Lease is renewed", PATIENCE, async || {
            let lease = leases(fixture).get_opt(&lease_name(fixture)).await.unwrap();
            let is_other = lease.as_ref().and_then(|lease| lease.metadata.resource_version.clone()) != version;
            let is_held = lease.and_then(|lease| lease.spec?.holder_identity).is_some_and(|held| held.starts_with(by));
            if is_other && is_held { Ok(()) } else { Err(format!("{version:?}")) }
        })
        .await;
    }
}

/// What the operator wrote, to Kubernetes and to the platform, refused or not, with when it arrived there. Without the Lease itself.
pub async fn written(fixture: &Fixture) -> Vec<(Timestamp, String)> {
    let requests = fixture.audit().writes(&fixture.env.operator_user, Mark::START).await.unwrap();
    let is_write = |resource: &str| !["leases", "selfsubjectaccessreviews"].contains(&resource);
    let requests = requests.into_iter().filter(|request| is_write(&request.resource) && !request.is_dry_run);
    let to_kubernetes = requests
        .map(|request| (request.received, format!("{} {}/{}", request.verb, request.resource, request.subresource)));
    let calls = fixture.platform.log_after(0).await.unwrap().into_iter();
    let ours = calls.filter(|seen| {
        let agent = seen.entry["userAgent"].as_str().unwrap_or_default();
        agent.starts_with("nimbus-operator/") && seen.call.contains("/v1/") && !seen.call.starts_with("GET ")
    });
    let to_platform = ours.map(|seen| (seen.entry["at"].as_str().unwrap().parse().unwrap(), seen.call));
    to_kubernetes.chain(to_platform).collect()
}

/// Fails if something was written after the last term of a leader, which counts from when its last renewal was sent, or nothing was
/// until shortly before.
pub async fn wrote_until_its_deadline(fixture: &Fixture, timing: LeaseTiming) {
    let lease = leases(fixture).get(&lease_name(fixture)).await.unwrap();
    // The leader's own time, right before it sent this. All processes of a test have the same clock.
    let renewed = lease.spec.and_then(|spec| spec.renew_time).unwrap().0;
    let deadline = renewed + SignedDuration::try_from(timing.renew_deadline).unwrap();
    let written = written(fixture).await;
    // For what was under way.
    let late: Vec<_> = written.iter().filter(|(at, _)| *at > deadline + SignedDuration::from_secs(1)).collect();
    assert!(late.is_empty(), "after {deadline}: {late:?}");
    for kind in ["patch tenants/status", "PATCH /v1/tenants"] {
        let wrote = |(at, what): &&(Timestamp, String)| *at > renewed && what.starts_with(kind);
        assert!(written.iter().any(|write| wrote(&write)), "{kind} after {renewed}: {written:?}");
    }
}

/// Who holds the Lease; empty for none.
pub async fn holder(fixture: &Fixture) -> String {
    let lease = leases(fixture).get_opt(&lease_name(fixture)).await.unwrap();
    lease.and_then(|lease| lease.spec?.holder_identity).unwrap_or_default()
}

/// Waits until a replica holds the Lease.
pub async fn held_by(fixture: &Fixture, name: &str) {
    until(&format!("{name} holds the Lease"), PATIENCE, async || {
        let holder = holder(fixture).await;
        if holder.starts_with(name) { Ok(()) } else { Err(holder) }
    })
    .await;
}
