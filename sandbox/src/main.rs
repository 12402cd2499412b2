//! The `nimbus-sandbox` binary: exit code 0 is success, 1 a failure, 2 invalid arguments.

use std::io::{IsTerminal, Write, stderr};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, anyhow};
use clap::{Parser, ValueEnum};
use nimbus_sandbox::{Database, Options, tls};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// Where `--help` lists the options of the log.
const LOGGING: &str = "Logging";

/// Serve a reference platform with an embedded database, for demos and tests. Not for production.
///
/// Prints one line of JSON with its addresses when it is ready.
#[derive(Debug, Parser)]
#[command(name = "nimbus-sandbox", version = env!("NIMBUS_VERSION"), max_term_width = 110)]
struct Sandbox {
    /// Address to listen on. Port 0 selects a free port.
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    listen: SocketAddr,

    /// Database: a file, whose data survives a restart, or 'memory'.
    #[arg(long, default_value = "memory", value_name = "FILE|memory")]
    database: PathBuf,

    /// Serve https with this PEM certificate (and its chain). Clients on other machines need it: plain http is for loopback only.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    tls_certificate: Option<PathBuf>,

    /// Its private key, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_certificate")]
    tls_key: Option<PathBuf>,

    /// Log filter in the syntax of tracing, e.g. 'info' or 'warn,nimbus_sandbox=debug'.
    #[arg(long, env = "NIMBUS_LOG", default_value = "info", value_name = "FILTER", help_heading = LOGGING)]
    log: String,

    /// Format of log lines.
    #[arg(long, env = "NIMBUS_LOG_FORMAT", default_value = "text", value_enum, value_name = "FORMAT", help_heading = LOGGING)]
    log_format: Format,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// Human-readable.
    Text,
    /// One JSON object per line.
    Json,
}

#[tokio::main]
async fn main() -> ExitCode {
    match Sandbox::parse().serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nothing can be reported when standard error is closed.
            drop(writeln!(stderr(), "error: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

impl Sandbox {
    /// Serves until SIGTERM or Ctrl-C.
    ///
    /// *Errors*: the address is taken, the certificate cannot be used, or the database cannot be opened.
    async fn serve(self) -> anyhow::Result<()> {
        start_log(&self.log, self.log_format)?;
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let database =
            if self.database.as_os_str() == "memory" { Database::Memory } else { Database::File(self.database) };
        let options = Options { listen: self.listen, database };
        let running = match (&self.tls_certificate, &self.tls_key) {
            (Some(certificate), Some(key)) => {
                let config = tls::server_config(certificate, key).context("reading the certificate")?;
                nimbus_sandbox::start_tls(options, config).await
            }
            _ => nimbus_sandbox::start(options).await,
        };
        let running = running.with_context(|| format!("starting the sandbox on {}", self.listen))?;
        let url = running.url();
        let ready = json!({ "url": url, "tokenUrl": format!("{url}/oauth2/v2.0/token"), "openapi": format!("{url}/openapi.json") });
        writeln!(std::io::stdout(), "{ready}")?;
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        running.stop().await;
        Ok(())
    }
}

/// Logs to standard error.
fn start_log(filter: &str, format: Format) -> anyhow::Result<()> {
    // The error repeats its cause in its own text.
    let filter = EnvFilter::try_new(filter).map_err(|error| anyhow!("--log {filter}: {error}"))?;
    let lines = fmt::layer().with_writer(stderr).with_ansi(stderr().is_terminal());
    let registry = tracing_subscriber::registry().with(filter);
    match format {
        Format::Text => registry.with(lines).init(),
        Format::Json => registry.with(lines.json().flatten_event(true)).init(),
    }
    Ok(())
}
