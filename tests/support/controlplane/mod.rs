//! A real control plane: etcd, kube-apiserver and kube-controller-manager on loopback.
//!
//! [`ControlPlane::shared`] is shared by all tests of a process; a test that changes something cluster-wide, such as
//! admission policies, starts its own with [`ControlPlane::start`]. Neither depends on a tokio runtime: each
//! `#[tokio::test]` has its own.
//!
//! A program that dies is detected: the next use fails with its name and the end of its log.

mod boot;
mod restore;

pub use boot::remove_leftovers;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use ::http::HeaderValue;
use ::http::header::USER_AGENT;
use anyhow::{Context, Result};
use kube::Client;
use kube::config::{AuthInfo, Config};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;
use tokio::sync::OnceCell;

use super::process::Process;
use super::users::{self, Users};
use super::{apply, assets, http, policies, rights};

/// Options of a separate control plane.
#[derive(Clone, Debug)]
pub struct Options {
    /// Additional flags of kube-apiserver.
    pub apiserver_flags: Vec<String>,
    /// Without kube-controller-manager there is no garbage collection, and namespaces are never removed.
    pub controller_manager: bool,
    /// Without the admission policies, everything that RBAC and the schema allow is accepted.
    pub policies: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { apiserver_flags: Vec::new(), controller_manager: true, policies: true }
    }
}

/// A running control plane. Dropping it stops its programs and removes its data.
pub struct ControlPlane {
    // Before the folder, because fields are dropped in this order.
    programs: Mutex<Vec<Program>>,
    folder: boot::Folder,
    url: String,
    ca: String,
    users: Users,
    crds: OnceCell<()>,
    rights: OnceCell<()>,
    policies: OnceCell<()>,
    has_policies: bool,
}

/// A program, and how it was started.
struct Program {
    process: Process,
    flags: Vec<String>,
}

/// The error is stored too: if it cannot start, each test fails at once.
type Shared = OnceCell<Result<ControlPlane, String>>;

impl ControlPlane {
    /// Returns the control plane of this process, which the first caller starts.
    ///
    /// # Panics
    /// When it cannot start, or one of its programs has died since.
    pub async fn shared() -> &'static Self {
        static SHARED: Shared = Shared::const_new();
        Self::shared_as(&SHARED, Options::default()).await
    }

    /// Returns a shared control plane without admission policies, for requests that they would deny.
    ///
    /// # Panics
    /// As [`Self::shared`].
    pub async fn without_policies() -> &'static Self {
        static SHARED: Shared = Shared::const_new();
        Self::shared_as(&SHARED, Options { policies: false, ..Options::default() }).await
    }

    async fn shared_as(shared: &'static Shared, options: Options) -> &'static Self {
        let start = || async { Self::start(options).await.map_err(|error| format!("{error:#}")) };
        match shared.get_or_init(start).await {
            Ok(control_plane) => {
                control_plane.assert_alive();
                control_plane
            }
            Err(error) => panic!("the control plane did not start: {error}"),
        }
    }

    /// Starts a separate control plane.
    pub async fn start(options: Options) -> Result<Self> {
        boot::start(&options).await
    }

    /// Fails if one of the programs has ended, with the end of its log.
    pub fn check(&self) -> Result<()> {
        self.programs().iter().try_for_each(|program| program.process.check())
    }

    /// Returns a client of `user`, for the runtime that calls this.
    ///
    /// # Panics
    /// When there is no such user, or a program of the control plane has died.
    pub fn client(&self, user: &str) -> Client {
        self.assert_alive();
        self.client_in(user, None)
    }

    /// The same with a default namespace. The API server names the manager of a write after the user agent, so no write of a
    /// test is without one.
    pub fn client_in(&self, user: &str, namespace: Option<&str>) -> Client {
        let mut config = self.config(user).unwrap();
        config.headers.push((USER_AGENT, HeaderValue::from_static("test/1")));
        if let Some(namespace) = namespace {
            namespace.clone_into(&mut config.default_namespace);
        }
        Client::try_from(config).unwrap()
    }

    /// Returns the kube configuration of `user`.
    pub fn config(&self, user: &str) -> Result<Config> {
        http::install_tls_provider();
        let roots = CertificateDer::pem_slice_iter(self.ca.as_bytes())
            .map(|certificate| Ok(certificate?.to_vec()))
            .collect::<Result<_>>()?;
        let mut config = Config::new(self.url.parse()?);
        config.root_cert = Some(roots);
        config.auth_info = AuthInfo { token: Some(self.token(user)?.into()), ..AuthInfo::default() };
        Ok(config)
    }

    /// Writes the kubeconfig of `user` and returns its path.
    ///
    /// # Panics
    /// As [`Self::client`].
    pub fn kubeconfig(&self, user: &str) -> PathBuf {
        self.assert_alive();
        let path = self.folder.path().join(format!("{user}.kubeconfig"));
        self.write_kubeconfig(&[user], &self.url, &path).unwrap();
        path
    }

    /// Writes to `path` a kubeconfig with a context per user, the first of them current, for the server (or a proxy) at
    /// `url`.
    pub fn write_kubeconfig(&self, users: &[&str], url: &str, path: &Path) -> Result<()> {
        let mut cluster = json!({"server": url});
        if url.starts_with("https:") {
            cluster["certificate-authority"] = json!(boot::serving_certificate(&self.folder));
        }
        let mut contexts = Vec::new();
        let mut credentials = Vec::new();
        for user in users {
            contexts.push(json!({"name": user, "context": {"cluster": "nimbus", "user": user}}));
            credentials.push(json!({"name": user, "user": {"token": self.token(user)?}}));
        }
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": users.first(),
            "contexts": contexts,
            "clusters": [{"name": "nimbus", "cluster": cluster}],
            "users": credentials,
        });
        // Renamed atomically: another test may be reading the same file.
        let draft = path.with_extension(format!("{}.draft", uuid::Uuid::new_v4().simple()));
        std::fs::write(&draft, serde_yaml::to_string(&config)?)
            .and_then(|()| std::fs::rename(&draft, path))
            .with_context(|| format!("writing {}", path.display()))
    }

    /// Returns the bearer token of `user`.
    pub fn token(&self, user: &str) -> Result<String> {
        self.users.token(user).with_context(|| format!("the control plane has no user {user}"))
    }

    /// Returns the URL of the API server.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Returns the certificates to trust for it, as PEM.
    pub fn ca(&self) -> &str {
        &self.ca
    }

    /// Returns the folder with the logs and data, which is removed with the control plane.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the process ids of its programs.
    pub fn pids(&self) -> Vec<u32> {
        self.programs().iter().map(|program| program.process.pid()).collect()
    }

    /// Returns the process id of one program, for example `etcd`.
    pub fn pid(&self, name: &str) -> Result<u32> {
        let programs = self.programs();
        let program = programs.iter().find(|program| program.process.name() == name);
        Ok(program.with_context(|| format!("the control plane has no {name}"))?.process.pid())
    }

    /// Kills one program, for example `etcd`, like a crash.
    ///
    /// # Panics
    /// When there is no such program.
    pub fn kill(&self, name: &str) {
        let programs = self.programs();
        programs.iter().find(|program| program.process.name() == name).unwrap().process.kill();
    }

    /// Applies the files of `crds/` once and waits until the API server serves them.
    pub async fn install_crds(&self) -> Result<()> {
        self.crds
            .get_or_try_init(|| async {
                let crds = assets::checkout().join("crds");
                apply::crds(&self.client(users::ADMIN), &crds).await
            })
            .await
            .copied()
    }

    /// Whether the admission policies are enforced here.
    pub fn has_policies(&self) -> bool {
        self.has_policies
    }

    /// Applies `crds/policies.yaml` once, for the numbered operators instead of the documented one, and waits until it is
    /// enforced. Does nothing on a control plane without policies.
    pub async fn install_policies(&self) -> Result<()> {
        self.install_policies_for(users::operators()).await
    }

    /// The same for these operators only.
    pub async fn install_policies_for(&self, operators: Vec<String>) -> Result<()> {
        if !self.has_policies {
            return Ok(());
        }
        self.policies.get_or_try_init(|| policies::install(self, operators)).await.copied()
    }

    /// Applies the cluster-wide part of `examples/rbac.yaml` once.
    pub async fn grant_cluster_wide(&self) -> Result<()> {
        self.rights
            .get_or_try_init(|| async {
                let admin = self.client(users::ADMIN);
                rights::grant_cluster_wide(&admin).await?;
                rights::grant_in_documented_namespace(&admin).await
            })
            .await
            .copied()
    }

    fn programs(&self) -> MutexGuard<'_, Vec<Program>> {
        self.programs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn assert_alive(&self) {
        if let Err(error) = self.check() {
            panic!("the control plane is broken: {error:#}");
        }
    }
}
