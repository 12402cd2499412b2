//! The programs of the demo: control plane, sandbox and operator, all children of this process.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use kube::ResourceExt;
use kube::api::{Api, ListParams};
use nimbus_operator::resources::Tenant;
use serde_json::Value;

use crate::say;
use crate::support::controlplane::{ControlPlane, Options};
use crate::support::examples;
pub use crate::support::examples::{NAMESPACE, TENANT, TENANT_ID};
use crate::support::fixture::describe;
use crate::support::kubectl::{Kubectl, Output};
use crate::support::operator::OperatorProcess;
use crate::support::process::Process;
use crate::support::wait::try_until;
use crate::support::{assets, http, users};

/// The users; the first is the default.
const PEOPLE: [&str; 3] = [users::PLATFORM_ADMIN, users::PARTNER_ADMIN, users::TENANT_EDITOR];

/// Enough for the first pass on a busy machine.
const READY_DEADLINE: Duration = Duration::from_secs(120);

/// All running programs. Dropping it stops them all, the operator first.
pub struct Environment {
    operator: OperatorProcess,
    sandbox: Process,
    sandbox_url: String,
    kubeconfig: Kubeconfig,
    http: reqwest::Client,
    control_plane: ControlPlane,
}

impl Environment {
    /// Starts the control plane, the sandbox and the operator, and installs what the operator needs.
    pub async fn start() -> Result<Self> {
        say(&format!("starting etcd, kube-apiserver and kube-controller-manager {}", assets::kubernetes_version()?));
        let control_plane = ControlPlane::start(Options::default()).await?;
        say("installing CRDs, RBAC and admission policies");
        let operator_user = users::operator(1);
        examples::install(&control_plane, &operator_user).await?;
        say("starting the sandbox as the platform");
        let (sandbox, sandbox_url) = start_sandbox(control_plane.folder()).await?;
        say(&format!("starting the operator as {operator_user}"));
        let operator_config = control_plane.kubeconfig(&operator_user);
        let http = http::client(None)?;
        examples::plant(&http, &sandbox_url).await?;
        let trusted = ["acs", "login"].map(|what| format!("--trusted-{what}-origin={sandbox_url}"));
        let arguments = ["run", "--cluster-id=demo", &trusted[0], &trusted[1]];
        let operator = OperatorProcess::start(&operator_config, &arguments, &[])?;
        Ok(Self { operator, sandbox, sandbox_url, kubeconfig: Kubeconfig::write(&control_plane)?, http, control_plane })
    }

    /// Stops everything in order, and checks that the operator stops by itself.
    pub async fn stop(self) -> Result<()> {
        let status = self.operator.stop().await?;
        ensure!(status.success(), "the operator ended with {status}");
        Ok(())
    }

    /// Fails if a program has ended, with the end of its log.
    pub fn check(&self) -> Result<()> {
        self.control_plane.check()?;
        self.sandbox.check()?;
        self.operator.check()
    }

    /// Applies the objects of `examples/`, without the generated files, each of which is another spec of the same Tenant.
    pub async fn apply_examples(&self) -> Result<()> {
        for example in examples::in_order()?.iter().filter(|example| !example.file.starts_with("settings/")) {
            for object in examples::objects(&example.file, &self.sandbox_url)? {
                let kind = object.types.as_ref().map_or("", |types| &*types.kind);
                say(&format!("applying {kind} {}", object.name_any()));
                examples::apply(&self.control_plane, &object).await?;
            }
        }
        Ok(())
    }

    /// Waits until every Tenant is Ready.
    pub async fn until_all_ready(&self) -> Result<()> {
        let tenants: Api<Tenant> = Api::all(self.control_plane.client(users::PLATFORM_ADMIN));
        try_until("every Tenant to be Ready", READY_DEADLINE, || async {
            self.check()?;
            let found = tenants.list(&ListParams::default()).await?;
            found.items.iter().try_for_each(|tenant| has_condition(tenant, "Ready", "True"))
        })
        .await
    }

    /// Waits until the Tenant has a condition with this status.
    pub async fn until_condition(&self, kind: &str, status: &str, deadline: Duration) -> Result<()> {
        try_until(&format!("{kind}={status}"), deadline, || async {
            self.check()?;
            has_condition(&self.tenants().get(TENANT).await?, kind, status)
        })
        .await
    }

    /// Waits until the Tenant has a condition with this reason.
    pub async fn until_reason(&self, kind: &str, reason: &str, deadline: Duration) -> Result<()> {
        try_until(&format!("{kind} to be {reason}"), deadline, || async {
            self.check()?;
            let tenant = self.tenants().get(TENANT).await?;
            let conditions = tenant.status.iter().flat_map(|status| &status.conditions);
            let found = conditions.filter(|condition| condition.type_ == kind).any(|found| found.reason == reason);
            ensure!(found, "{}", describe(&tenant));
            Ok(())
        })
        .await
    }

    /// Returns a condition as one line of text.
    pub async fn condition(&self, kind: &str) -> Result<String> {
        let tenant = self.tenants().get(TENANT).await?;
        let conditions = tenant.status.map(|status| status.conditions).unwrap_or_default();
        let found = conditions.into_iter().find(|condition| condition.type_ == kind);
        let found = found.with_context(|| format!("{kind} is not there"))?;
        Ok(format!("{kind}={} {}: {}", found.status, found.reason, found.message))
    }

    /// Returns the Tenants as an editor sees them.
    pub fn tenants(&self) -> Api<Tenant> {
        Api::namespaced(self.control_plane.client(users::TENANT_EDITOR), NAMESPACE)
    }

    /// Runs kubectl and returns its output; fails if kubectl fails.
    pub async fn kubectl(&self, arguments: &[&str]) -> Result<String> {
        let Output { status, stdout, stderr } = self.try_kubectl(arguments).await?;
        ensure!(status.success(), "kubectl {}: {stderr}", arguments.join(" "));
        Ok(stdout)
    }

    /// Runs kubectl.
    pub async fn try_kubectl(&self, arguments: &[&str]) -> Result<Output> {
        // Not the kubeconfig of the user: kubectl stores its cache next to it, and this folder is removed with the demo.
        let kubeconfig = self.control_plane.folder().join("users.kubeconfig");
        self.control_plane.write_kubeconfig(&PEOPLE, self.control_plane.url(), &kubeconfig)?;
        Kubectl::new(kubeconfig).run(arguments).await
    }

    /// Sends a request to the simulation.
    pub async fn ask_sandbox(&self, method: reqwest::Method, path: &str, body: Option<&Value>) -> Result<(u16, Value)> {
        let mut request = self.http.request(method, format!("{}{path}", self.sandbox_url));
        if let Some(body) = body {
            request = request.header("content-type", "application/merge-patch+json").body(body.to_string());
        }
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        Ok((status, serde_json::from_str(&answer.text().await?).unwrap_or_default()))
    }

    /// Returns the tenant as the system role sees it on the platform.
    pub async fn platform_tenant(&self) -> Result<(u16, Value)> {
        let form = [("grant_type", "client_credentials"), ("client_id", "system"), ("client_secret", "system-secret")];
        let answer = self.http.post(format!("{}/oauth2/v2.0/token", self.sandbox_url)).form(&form).send().await?;
        let token: Value = answer.error_for_status()?.json().await?;
        let token = token["access_token"].as_str().context("the sandbox returned no token")?;
        let url = format!("{}/v1/tenants/{TENANT_ID}", self.sandbox_url);
        let answer = self.http.get(url).bearer_auth(token).send().await?;
        Ok((answer.status().as_u16(), answer.json().await?))
    }

    /// Returns the URL of the sandbox.
    pub fn sandbox_url(&self) -> &str {
        &self.sandbox_url
    }

    /// Returns the kubeconfig for the user.
    pub fn kubeconfig(&self) -> &Path {
        &self.kubeconfig.0
    }

    /// Returns the folder with the logs of all programs.
    pub fn logs(&self) -> &Path {
        self.control_plane.folder()
    }

    /// Returns the end of the operator's log.
    pub fn operator_lines(&self) -> String {
        self.operator.last_lines(30)
    }
}

/// Fails with the conditions of the Tenant, unless the condition matches for the current generation.
fn has_condition(tenant: &Tenant, kind: &str, wanted: &str) -> Result<()> {
    let current =
        tenant.status.as_ref().filter(|status| Some(status.observed_generation) == tenant.metadata.generation);
    let mut conditions = current.iter().flat_map(|status| &status.conditions);
    let is_met = conditions.any(|condition| condition.type_ == kind && condition.status == wanted);
    ensure!(is_met, "{}: {}", tenant.name_any(), describe(tenant));
    Ok(())
}

async fn start_sandbox(folder: &Path) -> Result<(Process, String)> {
    let mut command = Command::new(assets::sandbox()?);
    command.arg("--listen=127.0.0.1:0").env_clear();
    let sandbox = Process::start("sandbox", command, &folder.join("sandbox.log"))?;
    let url = try_until("the sandbox to print its URL", READY_DEADLINE, || async {
        let log = sandbox.log();
        let line = log.lines().find(|line| line.starts_with('{')).context("it has printed nothing yet")?;
        let ready: Value = serde_json::from_str(line)?;
        Ok::<_, anyhow::Error>(ready["url"].as_str().context("no url")?.to_owned())
    });
    let url = url.await?;
    Ok((sandbox, url))
}

/// The kubeconfig for the user, in a fixed place; it is removed with the demo.
struct Kubeconfig(PathBuf);

impl Kubeconfig {
    fn write(control_plane: &ControlPlane) -> Result<Self> {
        let path = assets::checkout().join(".controlplane/demo.kubeconfig");
        std::fs::create_dir_all(path.parent().context("the checkout has no parent folder")?)?;
        control_plane.write_kubeconfig(&PEOPLE, control_plane.url(), &path)?;
        Ok(Self(path))
    }
}

impl Drop for Kubeconfig {
    fn drop(&mut self) {
        // It refers to a cluster that ends now; a missing file is fine too.
        let _ = std::fs::remove_file(&self.0);
    }
}
