//! The real Helm, as users run it, and the charts.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use super::kubectl::Output;
use super::{assets, process};

/// Both versions that users have.
pub const VERSIONS: [&str; 2] = ["helm3", "helm4"];

/// The namespace and the name of a release that is installed as the docs say.
pub const NAMESPACE: &str = "nimbus-system";
pub const RELEASE: &str = "nimbus-operator";

/// Helm of one version.
pub struct Helm {
    program: &'static str,
    home: tempfile::TempDir,
    kubeconfig: Option<PathBuf>,
}

impl Helm {
    /// Helm without a cluster.
    pub fn new(program: &'static str) -> Self {
        Self { program, home: tempfile::tempdir().unwrap(), kubeconfig: None }
    }

    /// Helm for a cluster.
    pub fn on(program: &'static str, kubeconfig: PathBuf) -> Self {
        Self { kubeconfig: Some(kubeconfig), ..Self::new(program) }
    }

    /// Runs it to completion. A failure of Helm is an `Output`, not an error.
    pub fn run(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = Command::new(assets::program(self.program)?);
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .envs(self.kubeconfig.iter().map(|path| ("KUBECONFIG", path)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let line = format!("{} {}", self.program, arguments.join(" "));
        let child = process::spawn(command).with_context(|| format!("starting {line}"))?;
        let output = child.wait_with_output().with_context(|| format!("running {line}"))?;
        Ok(Output {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
    }

    /// Runs it, and fails unless it succeeds.
    pub fn succeed(&self, arguments: &[&str]) -> Result<String> {
        let output = self.run(arguments)?;
        ensure!(output.status.success(), "{} {}: {}", self.program, arguments.join(" "), output.stderr);
        Ok(output.stdout)
    }

    /// Renders the operator's chart as the documented release.
    pub fn template(&self, more: &[&str]) -> Result<String> {
        self.template_of("nimbus-operator", NAMESPACE, more)
    }

    /// Renders a chart.
    pub fn template_of(&self, name: &str, namespace: &str, more: &[&str]) -> Result<String> {
        let (chart, version) = (chart(name), assets::kubernetes_version()?);
        let arguments = ["template", RELEASE, path(&chart), "--namespace", namespace, "--kube-version", &version];
        self.succeed(&[&arguments[..], more].concat())
    }

    /// The objects of the operator's chart.
    pub fn objects(&self, more: &[&str]) -> Result<Objects> {
        Objects::read(&self.template(more)?)
    }
}

/// Values for a cluster of the version under test: without what it does not know.
pub fn known_here() -> Result<&'static [&'static str]> {
    let version = assets::kubernetes_version()?;
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u16>().ok()).context("the minor version")?;
    Ok(if minor < 36 { &["--set", "finalizerPolicy.enabled=false"] } else { &[] })
}

/// The folder of a chart.
pub fn chart(name: &str) -> PathBuf {
    assets::checkout().join("charts").join(name)
}

/// The operator's chart as an argument.
pub const fn path_of_chart() -> &'static str {
    concat!(env!("CARGO_MANIFEST_DIR"), "/charts/nimbus-operator")
}

/// The files of values with which a chart is tested.
pub fn ci_values(name: &str) -> Vec<PathBuf> {
    let mut files: Vec<_> =
        std::fs::read_dir(chart(name).join("ci")).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 2, "{files:?}");
    files
}

/// A path as an argument.
pub fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Rendered objects.
#[derive(Debug, PartialEq)]
pub struct Objects(pub Vec<Value>);

impl Objects {
    /// Reads a manifest; empty documents are left out.
    pub fn read(yaml: &str) -> Result<Self> {
        // Not JSON at once: that would take the last of two equal keys, which the API server refuses.
        let documents = serde_yaml::Deserializer::from_str(yaml).map(serde_yaml::Value::deserialize);
        let mut objects = vec![];
        for document in documents {
            let document = document.context("reading a manifest")?;
            if !document.is_null() {
                objects.push(serde_json::to_value(document)?);
            }
        }
        Ok(Self(objects))
    }

    /// The object of a kind and a name.
    pub fn find(&self, kind: &str, name: &str) -> Option<&Value> {
        self.0.iter().find(|object| object["kind"] == kind && object["metadata"]["name"] == name)
    }

    /// The object of a kind and a name, which is there.
    pub fn get(&self, kind: &str, name: &str) -> &Value {
        self.find(kind, name).unwrap_or_else(|| panic!("no {kind} {name} in {:?}", self.names()))
    }

    /// All objects of a kind.
    pub fn of(&self, kind: &str) -> Vec<&Value> {
        self.0.iter().filter(|object| object["kind"] == kind).collect()
    }

    /// Kind, namespace and name of each, sorted.
    pub fn names(&self) -> Vec<String> {
        let name = |object: &Value| {
            let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
            let metadata = &object["metadata"];
            format!("{} {}/{}", text(&object["kind"]), text(&metadata["namespace"]), text(&metadata["name"]))
        };
        let mut names: Vec<String> = self.0.iter().map(name).collect();
        names.sort();
        names
    }
}
