//! Tests of the harness: what it guarantees to the other tests.

mod audit;
mod env;
mod permissions_used;
mod proxy;
mod rights;
mod strict;
mod summary;

use std::collections::BTreeMap;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use kube::api::{Api, DeleteParams, ObjectMeta, PostParams};
use kube::{Resource, ResourceExt};

use crate::support::apply::create_namespace;
use crate::support::controlplane::{self, ControlPlane, Options};
use crate::support::kubectl::Kubectl;
use crate::support::operator::OperatorProcess;
use crate::support::process::{self, Process};
use crate::support::wait::{PATIENCE, until};
use crate::support::{apply, assets, users};

fn config_map(name: &str, owners: Vec<OwnerReference>) -> ConfigMap {
    ConfigMap {
        metadata: ObjectMeta { name: Some(name.to_owned()), owner_references: Some(owners), ..ObjectMeta::default() },
        data: Some(BTreeMap::new()),
        ..ConfigMap::default()
    }
}

async fn until_gone<K>(api: &Api<K>, name: &str)
where
    K: Resource + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    until(&format!("{name} to be gone"), PATIENCE, || async {
        match api.get_metadata_opt(name).await {
            Ok(None) => Ok(()),
            Ok(Some(found)) => Err(format!("{:?}", found.metadata)),
            Err(error) => Err(error.to_string()),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn namespace_deletion_works() {
    let client = ControlPlane::shared().await.client(users::ADMIN);
    create_namespace(&client, "deleted-with-content").await.unwrap();
    let content: Api<ConfigMap> = Api::namespaced(client.clone(), "deleted-with-content");
    let posted = content.create(&PostParams::default(), &config_map("content", Vec::new())).await;
    posted.unwrap();

    let namespaces: Api<Namespace> = Api::all(client);
    let how = DeleteParams::default();
    namespaces.delete("deleted-with-content", &how).await.unwrap();

    until_gone(&namespaces, "deleted-with-content").await;
    until_gone(&content, "content").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_collection_works() {
    let client = ControlPlane::shared().await.client(users::ADMIN);
    create_namespace(&client, "garbage").await.unwrap();
    let api: Api<ConfigMap> = Api::namespaced(client, "garbage");
    let post = PostParams::default();
    let owner = api.create(&post, &config_map("owner", Vec::new())).await.unwrap();
    let reference = owner.owner_ref(&()).unwrap();
    let dependent = config_map("dependent", vec![reference]);
    api.create(&post, &dependent).await.unwrap();

    api.delete(&owner.name_any(), &DeleteParams::default()).await.unwrap();

    until_gone(&api, "dependent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_authenticated_without_permissions() {
    let control_plane = ControlPlane::shared().await;
    let kubectl = Kubectl::new(control_plane.kubeconfig(users::TENANT_EDITOR));

    let who = kubectl.run(&["auth", "whoami"]).await.unwrap();
    assert!(who.stdout.contains("tenant-editor"), "{who:?}");

    let nodes = kubectl.run(&["get", "secrets", "-A"]).await.unwrap();
    assert!(!nodes.status.success());
    assert!(nodes.stderr.contains("Forbidden"), "{nodes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn api_server_has_the_requested_version() {
    let client = ControlPlane::shared().await.client(users::ADMIN);
    let version = client.apiserver_version().await.unwrap().git_version;
    // Provided binaries may have any version.
    if std::env::var_os("KUBEBUILDER_ASSETS").is_none() {
        assert_eq!(format!("v{}", assets::kubernetes_version().unwrap()), version);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_control_plane_program_is_reported() {
    let options = Options { controller_manager: false, ..Options::default() };
    let control_plane = ControlPlane::start(options).await.unwrap();
    assert_eq!(2, control_plane.pids().len());
    control_plane.check().unwrap();

    control_plane.kill("kube-apiserver");

    let error = control_plane.check().unwrap_err().to_string();
    assert!(error.starts_with("kube-apiserver (process "), "{error}");
    let folder = control_plane.folder().to_owned();
    let pids = control_plane.pids();
    drop(control_plane);
    assert!(!folder.exists());
    assert!(!pids.into_iter().any(process::is_running));
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_program_is_reported_with_its_log() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", "echo the disk is full; exit 3"]);
    let child = Process::start("etcd", command, &folder.path().join("log")).unwrap();

    let error = until("the child to end", PATIENCE, || async { child.check().err().ok_or("it still runs") }).await;

    let error = error.to_string();
    assert!(error.starts_with("etcd (process "), "{error}");
    assert!(error.contains("exit status: 3"), "{error}");
    assert!(error.contains("the disk is full"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn crds_are_served_once_installed() {
    let folder = tempfile::tempdir().unwrap();
    let crd = "\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: probes.test.nimbus.luware.com}
spec:
  group: test.nimbus.luware.com
  scope: Cluster
  names: {kind: Probe, plural: probes}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object}}
";
    std::fs::write(folder.path().join("probes.yaml"), crd).unwrap();
    let control_plane = ControlPlane::shared().await;

    let admin = control_plane.client(users::ADMIN);
    apply::crds(&admin, folder.path()).await.unwrap();

    let probe = "{apiVersion: test.nimbus.luware.com/v1, kind: Probe, metadata: {name: one}}";
    apply::manifest(&admin, probe).await.unwrap();
    let kubectl = Kubectl::new(control_plane.kubeconfig(users::ADMIN));
    let found = kubectl.run(&["get", "probes", "-o", "name"]).await.unwrap();
    assert_eq!("probe.test.nimbus.luware.com/one\n", found.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn operator_binary_runs_as_a_process() {
    let control_plane = ControlPlane::shared().await;
    let kubeconfig = control_plane.kubeconfig(&users::operator(users::NUMBERED));
    let operator = OperatorProcess::start(&kubeconfig, &["--help"], &[]).unwrap();
    let status =
        until("the operator to print its help", PATIENCE, || async { operator.ended().ok_or("it still runs") });
    assert!(status.await.success(), "{}", operator.log());
}

#[tokio::test(flavor = "multi_thread")]
async fn process_is_terminated_before_it_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("tail");
    command.args(["-f", "/dev/null"]);
    let process = Process::start("endless", command, &folder.path().join("log")).unwrap();
    assert_eq!(None, process.ended());

    process.terminate().unwrap();

    let status = until("the end", PATIENCE, || async { process.ended().ok_or("it still runs") });
    assert_eq!(Some(libc::SIGTERM), status.await.signal());
    // No signal is sent to a pid that may belong to another process by now.
    process.terminate().unwrap();
}

/// The file in which the killed process of the next test stores the pids of its programs.
const VICTIM: &str = "NIMBUS_TEST_VICTIM";

/// The test binary runs this same test again, as the process that is killed.
#[tokio::test(flavor = "multi_thread")]
async fn sigkill_leaves_nothing_behind() {
    if let Some(path) = std::env::var_os(VICTIM) {
        return wait_for_the_kill(&PathBuf::from(path)).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let note = folder.path().join("programs");
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "harness::sigkill_leaves_nothing_behind", "--nocapture"]).env(VICTIM, &note);
    let victim = Process::start("victim", command, &folder.path().join("log")).unwrap();
    let start = Duration::from_secs(180);
    let (data, pids) = until("the victim's control plane", start, || async {
        let written = std::fs::read_to_string(&note).map_err(|_| victim.log())?;
        serde_json::from_str::<(PathBuf, Vec<u32>)>(&written).map_err(|error| error.to_string())
    })
    .await;
    assert_eq!(3, pids.len());
    assert!(pids.iter().all(|pid| process::is_running(*pid)));

    victim.kill();

    assert_eq!(Some(libc::SIGKILL), victim.ended().unwrap().signal());
    until("the victim's programs to be gone", PATIENCE, || async {
        match pids.iter().find(|pid| process::is_running(**pid)) {
            None => Ok(()),
            Some(pid) => Err(format!("process {pid} runs")),
        }
    })
    .await;
    assert!(data.exists());
    controlplane::remove_leftovers().unwrap();
    assert!(!data.exists());
}

async fn wait_for_the_kill(note: &std::path::Path) {
    let control_plane = ControlPlane::start(Options::default()).await.unwrap();
    let programs = (control_plane.folder(), control_plane.pids());
    let draft = note.with_extension("draft");
    std::fs::write(&draft, serde_json::to_string(&programs).unwrap()).unwrap();
    std::fs::rename(&draft, note).unwrap();
    std::future::pending().await
}
