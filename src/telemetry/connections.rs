//! The open connections of the server of probes. Where there are too many, one of the client that has most is closed.

use std::collections::BTreeMap;
use std::net::IpAddr;

use tokio::task::AbortHandle;

/// Connections at the same time.
const MOST: usize = 64;

/// The connections that are open, the oldest first.
#[derive(Default)]
pub(super) struct Connections(Vec<Connection>);

struct Connection {
    peer: IpAddr,
    task: AbortHandle,
}

impl Connections {
    /// Makes room for one more.
    pub(super) fn make_room(&mut self) {
        self.0.retain(|connection| !connection.task.is_finished());
        if self.0.len() < MOST {
            return;
        }
        let peers: Vec<IpAddr> = self.0.iter().map(|connection| connection.peer).collect();
        if let Some(index) = to_close(&peers) {
            self.0.remove(index).task.abort();
        }
    }

    /// Adds one, which ends with its task.
    pub(super) fn add(&mut self, peer: IpAddr, task: AbortHandle) {
        self.0.push(Connection { peer, task });
    }
}

/// Which connection is closed, where these are their clients, the oldest first: the oldest one of the client that has most. A probe
/// has one connection at a time, and it ends at once.
fn to_close(peers: &[IpAddr]) -> Option<usize> {
    let mut counts = BTreeMap::<IpAddr, usize>::new();
    for peer in peers {
        *counts.entry(*peer).or_default() += 1;
    }
    let most = counts.values().max()?;
    peers.iter().position(|peer| counts.get(peer) == Some(most))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_of_the_client_that_has_most_is_closed() {
        let peers = |last: &[u8]| last.iter().map(|last| IpAddr::from([10, 0, 0, *last])).collect::<Vec<_>>();
        for (open, expected) in [
            (&[][..], None),
            (&[1], Some(0)),
            (&[1, 2, 2], Some(1)),
            (&[1, 2, 1, 2, 2], Some(1)),
            (&[1, 2, 3], Some(0)),
            (&[3, 2, 2, 1, 1], Some(1)),
        ] {
            assert_eq!(expected, to_close(&peers(open)), "{open:?}");
        }
    }

    #[tokio::test]
    async fn so_many_are_open_and_those_that_ended_do_not_count() {
        let peer = IpAddr::from([10, 0, 0, 1]);
        let mut connections = Connections::default();
        let tasks: Vec<_> = (0..MOST).map(|_| tokio::spawn(std::future::pending::<()>())).collect();
        tasks.iter().for_each(|task| connections.add(peer, task.abort_handle()));
        tasks[5].abort();
        while !tasks[5].is_finished() {
            tokio::task::yield_now().await;
        }
        connections.make_room();
        assert_eq!(MOST - 1, connections.0.len(), "one has ended");
        connections.add(peer, tokio::spawn(std::future::pending::<()>()).abort_handle());
        connections.make_room();
        assert_eq!(MOST - 1, connections.0.len());
        assert!(tasks.into_iter().next().unwrap().await.unwrap_err().is_cancelled(), "the oldest is closed");
    }
}
