//! The software bill of materials of a binary, in CycloneDX: the crates that are compiled into it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

/// The packages and what each depends on.
pub struct Crates {
    checkout: PathBuf,
    target: String,
    packages: BTreeMap<String, Value>,
    edges: BTreeMap<String, BTreeSet<String>>,
    checksums: BTreeMap<(String, String), String>,
}

impl Crates {
    /// Asks cargo about a checkout, for one target.
    ///
    /// *Errors*: cargo fails, or `Cargo.lock` is not up to date.
    pub fn read(checkout: &Path, target: &str) -> Result<Self> {
        let arguments = ["metadata", "--locked", "--format-version", "1", "--filter-platform", target];
        let metadata: Value = serde_json::from_str(&cargo(checkout, &arguments)?)?;
        let lock = std::fs::read_to_string(checkout.join("Cargo.lock"))?;
        Ok(Self {
            checkout: checkout.to_owned(),
            target: target.to_owned(),
            packages: packages(&metadata),
            edges: edges(&metadata),
            checksums: checksums(&lock),
        })
    }

    /// The document for a package of the workspace.
    ///
    /// *Errors*: there is no such package.
    pub fn document(&self, name: &str) -> Result<Value> {
        let is_root = |package: &&Value| package["name"] == name && package["source"].is_null();
        let root = self.packages.values().find(is_root).with_context(|| format!("no package {name}"))?;
        let compiled = self.compiled(name)?;
        let all: BTreeSet<String> = self.reachable(text(root, "id"));
        let all: BTreeSet<&String> = all.iter().filter(|id| compiled.contains(&self.purl(id))).collect();
        let (libraries, edges): (Vec<Value>, Vec<Value>) = all
            .iter()
            .map(|id| {
                let depends = self.edges[*id].iter().filter(|id| all.contains(id));
                let depends: Vec<String> = depends.map(|id| self.purl(id)).collect();
                (self.component(id), json!({ "ref": self.purl(id), "dependsOn": depends }))
            })
            .unzip();
        let libraries: Vec<Value> = libraries.into_iter().filter(|library| library["name"] != name).collect();
        let mut application = self.component(text(root, "id"));
        application["type"] = json!("application");
        Ok(json!({
            "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6",
            "version": 1,
            "metadata": { "component": application, "lifecycles": [{ "phase": "build" }] },
            "components": libraries, "dependencies": edges,
        }))
    }

    /// What is compiled into the binaries of a package. The graph of `cargo metadata` has the features of all packages together, of
    /// those for tests too.
    fn compiled(&self, package: &str) -> Result<BTreeSet<String>> {
        let arguments = ["tree", "--locked", "--package", package, "--edges", "normal", "--target", &self.target];
        let format = ["--prefix", "none", "--no-dedupe", "--format", "{p}"];
        let lines = cargo(&self.checkout, &[&arguments[..], &format].concat())?;
        let mut words = lines.lines().map(str::split_whitespace);
        let named = words.by_ref().filter_map(|mut words| Some((words.next()?, words.next()?.strip_prefix('v')?)));
        Ok(named.map(|(name, version)| format!("pkg:cargo/{name}@{version}")).collect())
    }

    fn reachable(&self, root: &str) -> BTreeSet<String> {
        let (mut seen, mut open) = (BTreeSet::new(), vec![root.to_owned()]);
        while let Some(id) = open.pop() {
            if seen.insert(id.clone()) {
                open.extend(self.edges[&id].iter().cloned());
            }
        }
        seen
    }

    fn component(&self, id: &str) -> Value {
        let package = &self.packages[id];
        let (name, version) = (text(package, "name"), text(package, "version"));
        let mut component = json!({
            "type": "library", "bom-ref": self.purl(id), "name": name, "version": version, "purl": self.purl(id),
            "description": package["description"].as_str().unwrap_or_default().trim(),
        });
        if let Some(license) = package["license"].as_str() {
            // Old packages separate alternatives by a slash.
            let expression = license.replace(" / ", "/").replace('/', " OR ");
            component["licenses"] = json!([{ "expression": expression }]);
        }
        if let Some(checksum) = self.checksums.get(&(name.to_owned(), version.to_owned())) {
            component["hashes"] = json!([{ "alg": "SHA-256", "content": checksum }]);
        }
        if let Some(repository) = package["repository"].as_str() {
            component["externalReferences"] = json!([{ "type": "vcs", "url": repository }]);
        }
        component
    }

    fn purl(&self, id: &str) -> String {
        let package = &self.packages[id];
        format!("pkg:cargo/{}@{}", text(package, "name"), text(package, "version"))
    }
}

fn cargo(checkout: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new("cargo").args(arguments).current_dir(checkout).output().context("running cargo")?;
    ensure!(output.status.success(), "cargo {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?)
}

fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_default()
}

fn packages(metadata: &Value) -> BTreeMap<String, Value> {
    let all = metadata["packages"].as_array().into_iter().flatten();
    all.map(|package| (text(package, "id").to_owned(), package.clone())).collect()
}

/// Normal dependencies: what is used only to build or to test is in no binary.
fn edges(metadata: &Value) -> BTreeMap<String, BTreeSet<String>> {
    let nodes = metadata["resolve"]["nodes"].as_array().into_iter().flatten();
    let is_normal = |dependency: &&Value| {
        dependency["dep_kinds"].as_array().is_some_and(|kinds| kinds.iter().any(|kind| kind["kind"].is_null()))
    };
    nodes
        .map(|node| {
            let dependencies = node["deps"].as_array().into_iter().flatten().filter(is_normal);
            let dependencies = dependencies.map(|dependency| text(dependency, "pkg").to_owned());
            (text(node, "id").to_owned(), dependencies.collect())
        })
        .collect()
}

/// The checksums of a `Cargo.lock`, by name and version.
fn checksums(lock: &str) -> BTreeMap<(String, String), String> {
    let value = |entry: &str, key: &str| {
        let line = entry.lines().find_map(|line| line.strip_prefix(&format!("{key} = \"")));
        line.map(|line| line.trim_end_matches('"').to_owned())
    };
    let entries = lock.split("[[package]]");
    entries
        .filter_map(|entry| Some(((value(entry, "name")?, value(entry, "version")?), value(entry, "checksum")?)))
        .collect()
}
