//! Several replicas of one operator: only the one that holds the Lease writes, and another takes over when it is gone.
//!
//! What was written is read from the audit log and from the platform's own log; who wrote it from the logs of the processes.

mod by_hand;
mod campaign;
mod lost;
mod replica;
mod standby;
mod stuck;
mod takeover;
