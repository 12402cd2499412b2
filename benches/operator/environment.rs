//! What every subject runs in: a fresh control plane, the reference platform as a process, and who looks on.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use nimbus_operator::resources::Platform;
use serde_json::{Value, json};

use crate::counts::Counter;
use crate::process;
use crate::support::apply::create_namespace;
use crate::support::controlplane::{ControlPlane, Options};
use crate::support::process::Process;
use crate::support::rights::{self, Placement};
use crate::support::{assets, users, wait};
use crate::watched::Watched;

/// The namespace of the Tenants, and the name of what there is one of.
pub const NAME: &str = "bench";
/// The namespace of the operator.
pub const OPERATOR_NAMESPACE: &str = "bench-operator";
/// A Platform beside that of the Tenants.
pub const OTHER_PLATFORM: &str = "other";

/// How long the idle servers are measured.
const IDLE: Duration = Duration::from_secs(3);

/// The environment of one subject.
pub struct Environment {
    pub watched: Watched,
    pub counter: Counter,
    /// Edits Tenants, as a system administrator.
    pub editor: Client,
    pub sandbox: Sandbox,
    pub control_plane: ControlPlane,
    idle: Servers,
}

/// CPU of the servers, in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Servers {
    pub api: f64,
    pub etcd: f64,
}

/// The start of a measurement.
pub struct Mark {
    pub at: Instant,
    servers: Servers,
}

impl Environment {
    /// Starts everything but the subject.
    pub async fn start(sandbox: &Path, policies: bool) -> Result<Self> {
        let control_plane = ControlPlane::start(Options { policies, ..Options::default() }).await?;
        let sandbox = Sandbox::start(sandbox, control_plane.folder(), "sandbox").await?;
        prepare(&control_plane, &sandbox.url).await?;
        let editor = control_plane.client_in(users::PLATFORM_ADMIN, Some(NAME));
        let audit = control_plane.folder().join("audit.log");
        let counter = Counter::new(audit, &users::operator(1), &sandbox.url).await?;
        let watched = Watched::start(control_plane.client(users::ADMIN), NAME);
        let mut environment = Self { watched, counter, editor, sandbox, control_plane, idle: Servers::default() };
        let mark = environment.mark()?;
        tokio::time::sleep(IDLE).await;
        let used = environment.since(&mark)?;
        let seconds = mark.at.elapsed().as_secs_f64();
        environment.idle = Servers { api: used.api / seconds, etcd: used.etcd / seconds };
        Ok(environment)
    }

    /// Starts to measure.
    pub fn mark(&self) -> Result<Mark> {
        Ok(Mark { at: Instant::now(), servers: self.servers()? })
    }

    /// What the servers used since then, without what they use while nothing happens.
    pub fn since(&self, mark: &Mark) -> Result<Servers> {
        let (now, seconds) = (self.servers()?, mark.at.elapsed().as_secs_f64());
        Ok(Servers {
            api: (now.api - mark.servers.api - self.idle.api * seconds).max(0.0),
            etcd: (now.etcd - mark.servers.etcd - self.idle.etcd * seconds).max(0.0),
        })
    }

    fn servers(&self) -> Result<Servers> {
        let cpu = |name| process::cpu(self.control_plane.pid(name)?);
        Ok(Servers { api: cpu("kube-apiserver")?, etcd: cpu("etcd")? })
    }
}

/// Installs what the operator needs, for one operator.
async fn prepare(control_plane: &ControlPlane, platform: &str) -> Result<()> {
    control_plane.install_crds().await?;
    control_plane.grant_cluster_wide().await?;
    let operator = users::operator(1);
    control_plane.install_policies_for(vec![operator.clone()]).await?;
    let admin = control_plane.client(users::ADMIN);
    for namespace in [NAME, OPERATOR_NAMESPACE] {
        create_namespace(&admin, namespace).await?;
    }
    let placement =
        Placement { operator: &operator, operator_namespace: OPERATOR_NAMESPACE, namespace: NAME, instance: NAME };
    rights::grant(&admin, &placement).await?;
    rights::grant_for_tests(&admin, NAME).await?;
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "platform" },
        "stringData": { "client-secret": "system-secret" }
    });
    let api: Api<Secret> = Api::namespaced(admin, OPERATOR_NAMESPACE);
    api.patch("platform", &PatchParams::apply("bench").force(), &Patch::Apply(secret)).await?;
    platform_object(control_plane, NAME, platform).await
}

/// Writes a Platform.
pub async fn platform_object(control_plane: &ControlPlane, name: &str, url: &str) -> Result<()> {
    let platform = json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Platform", "metadata": { "name": name },
        "spec": {
            "endpoint": url,
            "authentication": {
                "tokenUrl": format!("{url}/oauth2/v2.0/token"), "clientId": "system",
                "credentialsSecretRef": { "name": "platform" }
            },
            "instance": NAME,
            "allowedNamespaces": { "names": [NAME] }
        }
    });
    let api: Api<Platform> = Api::all(control_plane.client(users::PLATFORM_ADMIN));
    api.patch(name, &PatchParams::apply("bench").force(), &Patch::Apply(platform)).await?;
    Ok(())
}

/// The reference platform, as a process, so that its CPU is apart.
pub struct Sandbox {
    pub url: String,
    http: reqwest::Client,
    _process: Process,
}

impl Sandbox {
    /// Starts one in memory.
    pub async fn start(program: &Path, folder: &Path, name: &str) -> Result<Self> {
        let mut command = Command::new(program);
        command.args(["--log", "warn"]).env_clear();
        let process = Process::start("nimbus-sandbox", command, &folder.join(format!("{name}.log")))?;
        let url = wait::try_until("the sandbox is ready", wait::PATIENCE, || async {
            process.check()?;
            let log = process.log();
            let line = log.lines().find(|line| line.starts_with('{')).context("it said nothing yet")?;
            let ready: Value = serde_json::from_str(line)?;
            Ok::<_, anyhow::Error>(ready["url"].as_str().context("no URL")?.to_owned())
        });
        let url = url.await?;
        Ok(Self { url, http: crate::support::http::client(None)?, _process: process })
    }

    /// Sends a request to the simulation.
    pub async fn ask(&self, method: reqwest::Method, path: &str, body: &Value) -> Result<()> {
        let answer = self.http.request(method, format!("{}{path}", self.url)).json(body).send().await?;
        let status = answer.status();
        ensure!(status.is_success(), "{path} answered {status}: {}", answer.text().await?);
        Ok(())
    }
}

/// Where cargo puts the programs that it builds beside this one.
pub fn built(given: Option<&PathBuf>, name: &str) -> Result<PathBuf> {
    let beside = || Ok::<_, anyhow::Error>(assets::operator()?.with_file_name(name));
    let path = given.map_or_else(beside, |path| Ok(path.clone()))?;
    ensure!(path.is_file(), "{} is not built", path.display());
    // The programs are started in other folders.
    Ok(path.canonicalize()?)
}
