//! The way to a platform without a cluster. The client is made as one that does not lead: it reads, and every write is refused before it
//! is sent.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use clap::Args;
use secrecy::SecretString;
use tokio::sync::Notify;
use url::Url;

use crate::admin_api::{CaBundle, Client, ClientConfig, Listener};
use crate::lease::Leadership;
use crate::settings::endpoint;
use crate::telemetry::Telemetry;

/// Where the client's secret is, unless a file is named. Not an argument: every user of the machine sees those.
const CLIENT_SECRET: &str = "NIMBUS_CLIENT_SECRET";
const HEADING: &str = "Platform";

/// The admin API of a platform, and how to log in there.
#[derive(Debug, Args)]
pub struct PlatformArgs {
    /// Base URL of the admin API.
    #[arg(long, env = "NIMBUS_ENDPOINT", value_name = "URL", value_parser = address, help_heading = HEADING)]
    pub endpoint: Url,

    /// URL of the token endpoint (OAuth 2.0 client credentials).
    #[arg(long, env = "NIMBUS_TOKEN_URL", value_name = "URL", value_parser = address, help_heading = HEADING)]
    pub token_url: Url,

    /// ID of the OAuth client.
    #[arg(long, env = "NIMBUS_CLIENT_ID", value_name = "ID", help_heading = HEADING)]
    pub client_id: String,

    /// File with the secret of the OAuth client. Default: the environment variable NIMBUS_CLIENT_SECRET.
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub client_secret_file: Option<PathBuf>,

    /// OAuth scope to ask for.
    #[arg(long, env = "NIMBUS_SCOPE", value_name = "SCOPE", help_heading = HEADING)]
    pub scope: Option<String>,

    /// File with certificates (PEM) to trust for the admin API instead of those of the system.
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub ca_file: Option<PathBuf>,

    /// The same for the token endpoint.
    #[arg(long, value_name = "FILE", help_heading = HEADING)]
    pub token_ca_file: Option<PathBuf>,

    /// How long one call of the platform may take, in seconds.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600), value_name = "SECONDS", help_heading = HEADING)]
    pub request_timeout: u64,
}

impl PlatformArgs {
    /// A client that only reads.
    ///
    /// *Errors*: a file cannot be read, there is no secret, or certificates are none.
    pub fn client(&self) -> anyhow::Result<Client> {
        let read = |file: &Option<PathBuf>| {
            let text =
                |file: &PathBuf| std::fs::read_to_string(file).with_context(|| format!("reading {}", file.display()));
            file.as_ref().map(text).transpose()
        };
        let config = ClientConfig {
            url: self.endpoint.clone(),
            token_url: self.token_url.clone(),
            client_id: self.client_id.clone(),
            client_secret: self.secret(read(&self.client_secret_file)?)?,
            scope: self.scope.clone(),
            ca_bundle: read(&self.ca_file)?,
            token_ca_bundle: read(&self.token_ca_file)?,
            deadline: Duration::from_secs(self.request_timeout),
            leadership: Leadership::standby(),
            requests: Telemetry::default().metrics.platform("cli"),
            listener: Listener::default(),
        };
        let client = Client::new(config, Arc::new(Notify::new()));
        client.map_err(|untrusting| {
            let argument = match untrusting.bundle {
                CaBundle::Api => "--ca-file",
                CaBundle::Login => "--token-ca-file",
            };
            anyhow::anyhow!("{argument}: {}", untrusting.cause)
        })
    }

    fn secret(&self, file: Option<String>) -> anyhow::Result<SecretString> {
        let Some(secret) = file.or_else(|| std::env::var(CLIENT_SECRET).ok()) else {
            bail!("no secret for client {}: set {CLIENT_SECRET} or --client-secret-file", self.client_id);
        };
        let secret = secret.trim_end();
        ensure!(!secret.is_empty(), "the secret of client {} is empty", self.client_id);
        Ok(secret.to_owned().into())
    }
}

/// The address of a server that may be called.
fn address(text: &str) -> anyhow::Result<Url> {
    let url = Url::parse(text).ok().filter(endpoint::is_address);
    url.with_context(|| format!("must be {}", endpoint::ALLOWED))
}
