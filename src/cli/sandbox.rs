//! `nimbus-operator sandbox`: the reference platform.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use serde_json::json;

use crate::sandbox::{self, Database, Options};

/// Serve a reference platform with an embedded database, for trying out and for tests. Not for production.
///
/// Prints one line of JSON with its URL when it is ready.
#[derive(Debug, Args)]
pub struct Sandbox {
    /// Where to listen. Port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    pub listen: SocketAddr,

    /// The database: a file, which survives a restart, or 'memory'.
    #[arg(long, default_value = "memory", value_name = "FILE|memory")]
    pub database: PathBuf,
}

impl Sandbox {
    /// Serves until the process is asked to stop.
    ///
    /// *Errors*: the address is taken, or the database cannot be opened.
    pub async fn execute(self) -> anyhow::Result<()> {
        let shutdown = super::stop_signal()?;
        let database =
            if self.database.as_os_str() == "memory" { Database::Memory } else { Database::File(self.database) };
        let running = sandbox::start(Options { listen: self.listen, database })
            .await
            .with_context(|| format!("starting the sandbox on {}", self.listen))?;
        let url = running.url();
        let ready = json!({ "url": url, "tokenUrl": format!("{url}/oauth2/v2.0/token"), "openapi": format!("{url}/openapi.json") });
        writeln!(std::io::stdout(), "{ready}")?;
        shutdown.await;
        running.stop().await;
        Ok(())
    }
}
