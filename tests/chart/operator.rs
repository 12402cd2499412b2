//! The operator runs with exactly what the chart installed: the arguments and the environment of the Deployment, its service account
//! and that account's rights, under the policies of the release.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use k8s_openapi::api::admissionregistration::v1::ValidatingAdmissionPolicyBinding;
use k8s_openapi::api::rbac::v1::ClusterRoleBinding;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, PostParams};
use nimbus_operator::manifests::policies::DEFAULT_ACCOUNT;
use nimbus_operator::resources::FINALIZER;
use serde_json::json;

use super::pods::{ID, Installed, connection_string, tenant};
use crate::support::audit::{AuditLog, Mark};
use crate::support::helm::VERSIONS;
use crate::support::users::ADMIN;
use crate::support::wait::{PATIENCE, until};
use crate::support::{apply, assets, process};

/// A folder in which the commands of the docs find the charts, their manifests, and Helm and kubectl.
fn workplace(installed: &Installed) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let link = |from: &Path, name: &str| std::os::unix::fs::symlink(from, folder.path().join(name)).unwrap();
    link(&assets::checkout().join("charts"), "charts");
    link(&assets::program("kubectl").unwrap(), "kubectl");
    link(&assets::program(VERSIONS[1]).unwrap(), "helm");
    let write = |name: &str, text: String| std::fs::write(folder.path().join(name), text).unwrap();
    write("platform.yaml", installed.platform_manifest().to_string());
    write(
        "tenant.yaml",
        json!({ "apiVersion": "v1", "kind": "List", "items": [connection_string(), tenant()] }).to_string(),
    );
    folder
}

/// The commands of a section of `docs/install.md`, before its first subsection.
fn commands(title: &str) -> Vec<String> {
    let text = std::fs::read_to_string(assets::checkout().join("docs/install.md")).unwrap();
    let (_, section) = text.split_once(&format!("\n## {title}\n")).unwrap();
    let section = section.split("\n#").next().unwrap();
    let fences = section.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    fences.flat_map(|fence| fence.lines().map(ToOwned::to_owned).collect::<Vec<_>>()).collect()
}

async fn run(installed: &Installed, folder: &Path, line: &str) {
    let mut command = Command::new("bash");
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    command.args(["-c", line]).current_dir(folder).env("PATH", path).env("HOME", folder);
    command.env("KUBECONFIG", installed.plane.kubeconfig(ADMIN)).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = process::spawn(command).unwrap();
    let output = tokio::task::spawn_blocking(|| child.wait_with_output()).await.unwrap().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Runs the commands of the docs. Since there is no node, the operator is started here where they wait for its pods.
#[tokio::test(flavor = "multi_thread")]
async fn operator_of_the_chart_serves_who_follows_the_docs() {
    let installed = Installed::prepared().await;
    let folder = workplace(&installed);
    let mut operator = None;
    for line in commands("Install") {
        if line.contains("rollout status") {
            operator = Some(installed.start(0).await);
            installed.probed(0).await;
        } else if line.starts_with("helm test") {
            let test = installed.start_container(installed.test_container().await, 1).await;
            assert!(test.end(PATIENCE).await.unwrap().success(), "{}", test.log());
        } else {
            let more = if line.starts_with("helm install") {
                format!(" --set {}", installed.metrics())
            } else {
                String::new()
            };
            run(&installed, folder.path(), &(line + &more)).await;
        }
    }
    let operator = operator.expect("the docs wait for the pods");
    let (status, owned) = installed.platform.tenant(ID).await.unwrap();
    assert_eq!((200, Some("prod-euwe/contoso/contoso")), (status, owned["owner"].as_str()));

    for line in commands("Upgrade") {
        run(&installed, folder.path(), &line).await;
    }
    for line in commands("Uninstall") {
        if line.starts_with("helm uninstall") {
            assert!(operator.stop().await.unwrap().success(), "{}", operator.log());
        }
        run(&installed, folder.path(), &line).await;
    }
    let (_, released) = installed.platform.tenant(ID).await.unwrap();
    assert!(released["owner"].is_null(), "{released}");

    let requests = AuditLog::new(&installed.plane).requests(DEFAULT_ACCOUNT, Mark::START).await.unwrap();
    assert!(requests.iter().any(|request| request.resource == "leases"), "a leader is elected");
    let refused: Vec<_> = requests.iter().filter(|request| [401, 403].contains(&request.code)).collect();
    assert!(refused.is_empty(), "{refused:?}");
}

/// Writes of the operator to a Tenant until it is Ready.
async fn writes(values: &str) -> (bool, usize) {
    let installed = Installed::new(values).await;
    installed.create_platform().await;
    apply::apply(&installed.client(), &serde_json::from_value(connection_string()).unwrap()).await.unwrap();
    let tenant = serde_json::from_value(tenant()).unwrap();
    let mut created = installed.tenants().create(&PostParams::default(), &tenant).await.unwrap();
    let has_it = created.finalizers_mut().contains(&FINALIZER.to_owned());
    let _operator = installed.start(0).await;
    installed.ready().await;
    let requests = AuditLog::new(&installed.plane).requests(DEFAULT_ACCOUNT, Mark::START).await.unwrap();
    let own = requests.iter().filter(|request| {
        request.is_write() && request.resource == "tenants" && request.subresource.is_empty() && !request.is_dry_run
    });
    (has_it, own.count())
}

/// Needs Kubernetes 1.36.
#[tokio::test(flavor = "multi_thread")]
async fn finalizer_that_admission_adds_costs_one_write_less() {
    let version = assets::kubernetes_version().unwrap();
    if version.starts_with("1.34") || version.starts_with("1.35") {
        return;
    }
    let (without, with) = tokio::join!(writes(""), writes("finalizerPolicy.enabled=true"));
    assert_eq!((false, 1), without);
    assert_eq!((true, 0), with);
}

/// Both pods of the Deployment run, answer their probes, and replace each other.
#[tokio::test(flavor = "multi_thread")]
async fn second_replica_takes_over_from_a_killed_leader() {
    let installed = Installed::new("").await;
    installed.create_platform().await;
    apply::apply(&installed.client(), &serde_json::from_value(connection_string()).unwrap()).await.unwrap();
    let replicas = [installed.start(0).await, installed.start(1).await];
    tokio::join!(installed.probed(0), installed.probed(1));
    let leader =
        until("one replica leads", PATIENCE, async || match (installed.leads(0).await?, installed.leads(1).await?) {
            (true, false) => Ok(0),
            (false, true) => Ok(1_u8),
            both => Err(format!("{both:?}")),
        })
        .await;
    let killed = Instant::now();
    replicas[usize::from(leader)].kill();
    until("the other one leads", PATIENCE, async || match installed.leads(1 - leader).await? {
        true => Ok(()),
        false => Err("it stands by".to_owned()),
    })
    .await;
    assert!(killed.elapsed().as_secs() <= 20, "{:?}", killed.elapsed());
    let tenant = serde_json::from_value(tenant()).unwrap();
    installed.tenants().create(&PostParams::default(), &tenant).await.unwrap();
    installed.ready().await;
}

/// `helm test` runs the start-up checks with the account of the operator.
#[tokio::test(flavor = "multi_thread")]
async fn helm_test_says_what_is_missing() {
    let installed = Installed::new("").await;
    let run = async || {
        let process = installed.start_container(installed.test_container().await, 0).await;
        let code = process.end(PATIENCE).await.unwrap().code();
        (code, process.log())
    };
    let (code, log) = run().await;
    assert_eq!((Some(0), true), (code, log.contains("passed: CRDs, permissions, namespaces")), "{log}");

    let bindings: Api<ValidatingAdmissionPolicyBinding> = Api::all(installed.client());
    bindings.delete("nimbus-authority", &DeleteParams::default()).await.unwrap();
    let (code, log) = run().await;
    assert!(code == Some(1) && log.contains("binding nimbus-authority is missing"), "{log}");

    let roles: Api<ClusterRoleBinding> = Api::all(installed.client());
    roles.delete("nimbus-operator-instance-default", &DeleteParams::default()).await.unwrap();
    until("the account has lost its rights", PATIENCE, async || {
        let (code, log) = run().await;
        let words = ["the operator cannot work\n", "tenants.nimbus.luware.com"];
        if code == Some(1) && words.iter().all(|word| log.contains(word)) { Ok(()) } else { Err(log) }
    })
    .await;

    let requests = AuditLog::new(&installed.plane).requests(DEFAULT_ACCOUNT, Mark::START).await.unwrap();
    let writes: Vec<_> = requests.iter().filter(|request| request.is_write() && !request.is_dry_run).collect();
    let changed: Vec<_> = writes.iter().filter(|request| !request.resource.contains("reviews")).collect();
    assert!(!requests.is_empty() && changed.is_empty(), "{changed:?}");
}
