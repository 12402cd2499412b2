//! Names of hosts, resolved by the system as ever. It stands here so that a name that has no address fails with a type of our
//! own: the system's error has none that could be told from others.

use std::io;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use thiserror::Error;

/// A name has no address.
#[derive(Debug, Error)]
#[error("the name of the host cannot be resolved")]
pub(super) struct NotResolved(#[source] io::Error);

/// The resolver of the system.
pub(super) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is that of the URL; this one is not used.
            let found = tokio::net::lookup_host((name.as_str(), 0)).await.map_err(NotResolved)?;
            let addresses: Vec<_> = found.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
