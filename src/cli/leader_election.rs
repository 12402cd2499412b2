//! The options of the leader election.

use std::time::Duration;

use anyhow::Context;
use clap::Args;
use jiff::SignedDuration;
use uuid::Uuid;

use crate::controller::LeaderElection;
use crate::lease::LeaseTiming;

const HEADING: &str = "Leader election";
/// Where no name of a pod is given.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// Which of several replicas writes. The durations must be the same for all replicas.
#[derive(Debug, Args)]
pub struct LeaderElectionArgs {
    /// Run as one of several replicas: only the one that holds the Lease 'nimbus-operator-<instance>' in the operator's namespace
    /// writes, and the others stand by.
    #[arg(long, env = "NIMBUS_LEADER_ELECT", help_heading = HEADING)]
    pub leader_elect: bool,

    /// How long a standby waits after the last renewal that it has seen before it takes over.
    #[arg(long, env = "NIMBUS_LEASE_DURATION", default_value = "15s", value_parser = duration, value_name = "DURATION", help_heading = HEADING)]
    pub lease_duration: Duration,

    /// How long the leader writes after its last renewal. Then it exits.
    #[arg(long, env = "NIMBUS_RENEW_DEADLINE", default_value = "10s", value_parser = duration, value_name = "DURATION", help_heading = HEADING)]
    pub renew_deadline: Duration,

    /// How often the leader renews the Lease, and a standby looks at it.
    #[arg(long, env = "NIMBUS_RETRY_PERIOD", default_value = "2s", value_parser = duration, value_name = "DURATION", help_heading = HEADING)]
    pub retry_period: Duration,

    /// The name of the pod, which names this replica in the Lease. Default: the host name.
    #[arg(long, env = "POD_NAME", value_name = "NAME", help_heading = HEADING)]
    pub pod_name: Option<String>,
}

impl LeaderElectionArgs {
    /// The options; `None` without an election.
    ///
    /// *Errors*: the durations do not fit each other.
    pub(super) fn options(self) -> anyhow::Result<Option<LeaderElection>> {
        let Self { leader_elect, lease_duration: duration, renew_deadline, retry_period, pod_name } = self;
        let timing = LeaseTiming { duration, renew_deadline, retry_period };
        timing.validate().context("the durations of the leader election do not fit")?;
        let host = || std::fs::read_to_string(HOST_NAME).ok().map(|name| name.trim().to_owned());
        let name = pod_name.filter(|name| !name.is_empty()).or_else(host).unwrap_or_default();
        // A container that is started again in the same pod is another process.
        let identity = format!("{name}_{}", Uuid::new_v4());
        Ok(leader_elect.then_some(LeaderElection { identity, timing }))
    }
}

/// A duration such as '15s' or '1m30s'.
fn duration(text: &str) -> anyhow::Result<Duration> {
    let parsed: SignedDuration = text.parse().ok().context("must be a duration, e.g. '15s', '500ms' or '1m'")?;
    Duration::try_from(parsed).ok().context("must not be negative")
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: LeaderElectionArgs,
    }

    fn options(arguments: &[&str]) -> Result<Option<LeaderElection>, String> {
        let arguments = ["run"].iter().chain(arguments);
        let command = Command::try_parse_from(arguments).map_err(|error| error.to_string())?;
        command.args.options().map_err(|error| format!("{error:#}"))
    }

    #[test]
    fn there_is_no_election_unless_it_is_asked_for() {
        assert_eq!(Ok(None), options(&[]));
        let elected = options(&["--leader-elect", "--pod-name", "operator-0"]).unwrap().unwrap();
        assert_eq!(LeaseTiming::default(), elected.timing);
        assert!(elected.identity.starts_with("operator-0_"), "{}", elected.identity);
        let again = options(&["--leader-elect", "--pod-name", "operator-0"]).unwrap().unwrap();
        assert_ne!(elected.identity, again.identity, "a later process of the same pod is another one");
    }

    #[test]
    fn durations_are_read_and_checked_against_each_other() {
        let read =
            options(&["--leader-elect", "--lease-duration=1m30s", "--renew-deadline=1m", "--retry-period=500ms"]);
        let [lease, renew, retry] = [90_000, 60_000, 500].map(Duration::from_millis);
        let expected = LeaseTiming { duration: lease, renew_deadline: renew, retry_period: retry };
        assert_eq!(expected, read.unwrap().unwrap().timing);
        for (argument, said) in [
            ("--lease-duration=10s", "--lease-duration must be longer than --renew-deadline"),
            ("--renew-deadline=14s", "by --retry-period, and by 1s at least"),
            ("--renew-deadline=2s", "--renew-deadline must be longer than 1.2 times --retry-period"),
            ("--lease-duration=1h", "--lease-duration must be from 2s to 10m"),
            ("--lease-duration=15", "must be a duration, e.g. '15s'"),
            ("--lease-duration=-15s", "must not be negative"),
        ] {
            let refused = options(&["--leader-elect", argument]).unwrap_err();
            assert!(refused.contains(said), "{argument}: {refused}");
        }
    }
}
