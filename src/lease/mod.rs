//! Leader election: which of several replicas writes. Pure but for the clock that `Leadership` reads.
//!
//! The replicas share one Lease. A lease is only advice: what makes it safe is *when* each side acts. `Election` decides, by the
//! time since its own machine was started, what is asked of the Lease and whether this replica leads. `Leadership` is asked before every
//! write. The requests themselves are sent by `cluster`, on behalf of `controller`.
//!
//! ```text
//! leader      |<-- renewal sent                  writes end -->|          |
//!             0                                 renew deadline      lease duration
//! candidate      |<-- sees the renewal                                       may take over -->|
//! ```

mod boot_instant;
mod election;
mod leadership;
#[cfg(test)]
mod model;
mod timing;

pub(crate) use boot_instant::{BootInstant, sleep_until};
pub(crate) use election::{Answer, Content, Election, Learned, Loss, Record, Request, Version};
pub use leadership::Leadership;
pub(crate) use leadership::NotLeader;
pub use timing::{LeaseTiming, TimingError};
