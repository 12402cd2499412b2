//! The paths of programs and folders.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// The module file that pins the Kubernetes version; `tests/controlplane/build.sh` reads it too.
const PIN: &str = include_str!("../controlplane/kubernetes/go.mod");

/// Returns the Kubernetes version to run: `K8S_VERSION`, else the pin.
pub fn kubernetes_version() -> Result<String> {
    if let Ok(version) = std::env::var("K8S_VERSION")
        && !version.is_empty()
    {
        return Ok(version.trim_start_matches('v').to_owned());
    }
    PIN.lines()
        .find_map(|line| line.split("k8s.io/kubernetes v").nth(1))
        .and_then(|rest| rest.split_whitespace().next())
        .map(str::to_owned)
        .context("the control plane's go.mod names no Kubernetes version")
}

/// Returns the path of program `name` in `KUBEBUILDER_ASSETS`, else the one that `make controlplane` built.
///
/// Decided per program: setup-envtest, for example, has no kube-controller-manager.
pub fn program(name: &str) -> Result<PathBuf> {
    let folder = match name {
        "helm3" | "helm4" => "helm".to_owned(),
        "promtool" => name.to_owned(),
        _ => kubernetes_version()?,
    };
    let built = checkout().join(".controlplane").join(folder).join(name);
    let given = std::env::var_os("KUBEBUILDER_ASSETS")
        .filter(|folder| !folder.is_empty())
        .map(|folder| PathBuf::from(folder).join(name));
    let candidates = given.into_iter().chain([built]);
    match candidates.clone().find(|path| path.is_file()) {
        Some(path) => Ok(path),
        None => bail!(
            "{name} is not at {}; run `make controlplane`, which builds it from Go modules, \
             or set KUBEBUILDER_ASSETS to a folder that has it",
            candidates.map(|path| path.display().to_string()).collect::<Vec<_>>().join(" or ")
        ),
    }
}

/// Returns the built operator binary.
///
/// Cargo passes its path to integration tests only; the demo, an example, finds it next to its own binary.
pub fn operator() -> Result<PathBuf> {
    match option_env!("CARGO_BIN_EXE_nimbus-operator") {
        Some(path) => Ok(PathBuf::from(path)),
        None => Ok(build_folder(2)?.join("nimbus-operator")),
    }
}

/// Returns the built binary for people and pipelines, the plugin of kubectl.
pub fn plugin() -> Result<PathBuf> {
    match option_env!("CARGO_BIN_EXE_kubectl-nimbus") {
        Some(path) => Ok(PathBuf::from(path)),
        None => Ok(build_folder(2)?.join("kubectl-nimbus")),
    }
}

/// Returns the built binary of the reference platform, for the demo, which finds it next to its own binary.
pub fn sandbox() -> Result<PathBuf> {
    Ok(build_folder(2)?.join("nimbus-sandbox"))
}

/// Returns the top of the checkout: the benchmark is a package below it.
pub fn checkout() -> &'static Path {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.ancestors().find(|folder| folder.join("Cargo.lock").is_file()).unwrap_or(package)
}

/// Returns the folder in `target/` for the data of running programs.
pub fn scratch() -> Result<PathBuf> {
    Ok(build_folder(3)?.join("tmp"))
}

/// Returns the folder in `target/` for the logs of failed tests, which `tests/summary.sh` lists.
pub fn failure_logs() -> Result<PathBuf> {
    Ok(build_folder(3)?.join("test-logs"))
}

/// Tests are `target/<profile>/deps/<test>` and the demo is `target/<profile>/examples/demo`.
fn build_folder(levels_up: usize) -> Result<PathBuf> {
    let own = std::env::current_exe().context("asking for the path of this program")?;
    let folder = own.ancestors().nth(levels_up);
    Ok(folder.context("this program is not in a target folder")?.to_owned())
}
