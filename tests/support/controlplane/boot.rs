//! Starting the programs of a control plane: folder, ports, flags, readiness.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use tokio::sync::OnceCell;

use super::{ControlPlane, Options, Program};
use crate::support::process::{self, Process};
use crate::support::users::{self, Users};
use crate::support::{assets, http, wait};

const FOLDER_PREFIX: &str = "controlplane-";

/// A start takes 3–4 s on an idle machine; next to a compilation it took up to ten times that.
const START_DEADLINE: Duration = Duration::from_secs(120);

/// All requests with their result, without bodies.
const AUDIT_POLICY: &str = "\
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules: [{level: Metadata}]
";

const CONTROLLERS: &str = "garbage-collector-controller,namespace-controller,\
    serviceaccount-controller,root-ca-certificate-publisher-controller,\
    clusterrole-aggregation-controller,validatingadmissionpolicy-status-controller";

/// Starts everything, with new ports if another process took one in the meantime.
pub(super) async fn start(options: &Options) -> Result<ControlPlane> {
    remove_leftovers()?;
    let mut attempts_left = 4;
    loop {
        match start_once(options).await {
            Err(error) if attempts_left > 0 && is_port_race(&error) => attempts_left -= 1,
            outcome => return outcome,
        }
    }
}

fn is_port_race(error: &anyhow::Error) -> bool {
    format!("{error:#}").contains("address already in use")
}

async fn start_once(options: &Options) -> Result<ControlPlane> {
    let folder = Folder::create()?;
    let users = Users::new();
    std::fs::write(folder.path().join("tokens.csv"), users.token_file())?;
    std::fs::write(folder.path().join("audit-policy.yaml"), AUDIT_POLICY)?;
    let [client_port, peer_port, server_port] = free_ports()?;

    let etcd = start_program(&folder, "etcd", etcd_flags(&folder, client_port, peer_port))?;
    let flags = apiserver_flags(&folder, client_port, server_port);
    let extra = options.apiserver_flags.iter().cloned();
    let apiserver = start_program(&folder, "kube-apiserver", flags.into_iter().chain(extra))?;
    let mut control_plane = ControlPlane {
        programs: Mutex::new(vec![etcd, apiserver]),
        folder,
        url: format!("https://127.0.0.1:{server_port}"),
        ca: String::new(),
        users,
        crds: OnceCell::new(),
        rights: OnceCell::new(),
        policies: OnceCell::new(),
        has_policies: options.policies,
    };
    control_plane.ca = ready(&control_plane).await?;
    if options.controller_manager {
        // After the API server, whose generated key it uses.
        let flags = controller_manager_flags(&control_plane);
        let manager = start_program(&control_plane.folder, "kube-controller-manager", flags)?;
        control_plane.programs().push(manager);
    }
    Ok(control_plane)
}

pub(super) fn start_program(folder: &Folder, name: &str, flags: impl IntoIterator<Item = String>) -> Result<Program> {
    let flags: Vec<String> = flags.into_iter().collect();
    let mut command = Command::new(assets::program(name)?);
    // No proxy, no ETCD_ variable and no kubeconfig from the environment of the tests.
    command.args(&flags).env_clear();
    let process = Process::start(name, command, &folder.path().join(format!("{name}.log")))?;
    Ok(Program { process, flags })
}

/// Where etcd keeps its data.
pub(super) fn etcd_data(folder: &Folder) -> PathBuf {
    folder.path().join("etcd")
}

fn etcd_flags(folder: &Folder, client_port: u16, peer_port: u16) -> Vec<String> {
    let data = etcd_data(folder);
    vec![
        format!("--data-dir={}", data.display()),
        format!("--listen-client-urls=http://127.0.0.1:{client_port}"),
        format!("--advertise-client-urls=http://127.0.0.1:{client_port}"),
        format!("--listen-peer-urls=http://127.0.0.1:{peer_port}"),
        // The data does not outlive the process.
        "--unsafe-no-fsync".to_owned(),
    ]
}

fn apiserver_flags(folder: &Folder, etcd_port: u16, port: u16) -> Vec<String> {
    let file = |name: &str| folder.path().join(name).display().to_string();
    let key = signing_key(folder).display().to_string();
    vec![
        format!("--etcd-servers=http://127.0.0.1:{etcd_port}"),
        format!("--secure-port={port}"),
        "--bind-address=127.0.0.1".to_owned(),
        // Otherwise it looks for a network address, which a machine may not have.
        "--advertise-address=127.0.0.1".to_owned(),
        "--endpoint-reconciler-type=none".to_owned(),
        format!("--cert-dir={}", file("certificates")),
        // The key that it generates for its own certificate, before it reads these flags.
        format!("--service-account-key-file={key}"),
        format!("--service-account-signing-key-file={key}"),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        "--service-cluster-ip-range=10.0.0.0/24".to_owned(),
        "--authorization-mode=RBAC".to_owned(),
        format!("--token-auth-file={}", file("tokens.csv")),
        format!("--audit-policy-file={}", file("audit-policy.yaml")),
        format!("--audit-log-path={}", file("audit.log")),
        // In megabytes; a rotated log would lose what tests count.
        "--audit-log-maxsize=100000".to_owned(),
    ]
}

fn controller_manager_flags(control_plane: &ControlPlane) -> Vec<String> {
    let kubeconfig = control_plane.kubeconfig(users::CONTROLLER_MANAGER);
    let key = signing_key(&control_plane.folder);
    vec![
        format!("--kubeconfig={}", kubeconfig.display()),
        format!("--service-account-private-key-file={}", key.display()),
        format!("--controllers={CONTROLLERS}"),
        "--use-service-account-credentials".to_owned(),
        "--leader-elect=false".to_owned(),
        // If its default port is taken, it would exit without an error.
        "--secure-port=0".to_owned(),
    ]
}

/// Waits until the API server is ready and returns the certificates to trust.
pub(super) async fn ready(control_plane: &ControlPlane) -> Result<String> {
    let token = control_plane.token(users::ADMIN)?;
    let probe = || async {
        // The inner error ends the wait: a program that has ended will not become ready.
        if let Err(error) = control_plane.check() {
            return Ok(Err(error));
        }
        look(control_plane, &token).await.map(Ok)
    };
    wait::try_until("kube-apiserver to be ready", START_DEADLINE, probe).await?
}

async fn look(control_plane: &ControlPlane, token: &str) -> Result<String> {
    let path = serving_certificate(&control_plane.folder);
    let ca = std::fs::read_to_string(path).context("no serving certificate yet")?;
    let url = format!("{}/readyz?verbose", control_plane.url);
    let request = http::client(Some(&ca))?.get(url).bearer_auth(token);
    let answer = request.send().await?;
    let status = answer.status();
    if status.is_success() {
        return Ok(ca);
    }
    Err(anyhow!("{status}: {}", answer.text().await?))
}

/// The API server's certificate with the CA that it generated for it.
pub(super) fn serving_certificate(folder: &Folder) -> PathBuf {
    folder.path().join("certificates/apiserver.crt")
}

fn signing_key(folder: &Folder) -> PathBuf {
    folder.path().join("certificates/apiserver.key")
}

/// Free now, but another process may take them, hence the attempts in [`start`].
fn free_ports<const COUNT: usize>() -> Result<[u16; COUNT]> {
    // All held at once, so that they differ.
    let mut held = Vec::new();
    let mut ports = [0; COUNT];
    for port in &mut ports {
        let listener = TcpListener::bind("127.0.0.1:0").context("looking for a free port")?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

/// The data of one control plane, named with our pid to recognize leftovers.
pub(super) struct Folder(PathBuf);

impl Folder {
    fn create() -> Result<Self> {
        static NUMBER: AtomicUsize = AtomicUsize::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("{FOLDER_PREFIX}{}-{number}", std::process::id());
        let path = assets::scratch()?.join(name);
        std::fs::create_dir_all(&path).with_context(|| format!("creating {}", path.display()))?;
        Ok(Self(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Leftovers are removed at the next start.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Removes the folders of processes that are gone: a killed process cannot do it itself.
pub fn remove_leftovers() -> Result<()> {
    let scratch = assets::scratch()?;
    std::fs::create_dir_all(&scratch)?;
    for entry in std::fs::read_dir(scratch)? {
        let entry = entry?;
        let name = entry.file_name();
        let owner = name
            .to_str()
            .and_then(|name| name.strip_prefix(FOLDER_PREFIX)?.split('-').next())
            .and_then(|pid| pid.parse().ok());
        if owner.is_some_and(|pid| !process::is_running(pid)) {
            // Another process may be removing the same folder.
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
    Ok(())
}
