//! One document: which kind it is, and everything that is wrong with it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use anyhow::Context;
use serde_json::Value;

use super::metadata::{self, Scope};
use super::schema::{Kind as Type, Schema};
use super::{semantics, structure};
use crate::cli::files::yaml::{Content, Node};
use crate::cli::finding::{Finding, Position, Rule, Severity};
use crate::manifests::crd;
use crate::resources::GROUP;

/// A kind of this operator.
#[derive(Debug)]
struct Kind {
    scope: Scope,
    schema: Schema,
}

/// An object that was judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// Its kind; empty where the document does not say it.
    pub kind: String,
    /// Its namespace; empty where the file leaves it to the program that applies it.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Where it begins, and where its tenantId stands.
    pub tenant: Option<(String, Position)>,
    /// Where it begins.
    pub at: Option<Position>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// What a document is.
#[derive(Debug)]
pub enum Document {
    /// An object of this operator.
    Ours(Judged),
    /// One of another program.
    Other,
}

/// The version that the schemas here are of.
const VERSION: &str = "v1alpha1";

static KINDS: LazyLock<anyhow::Result<BTreeMap<String, Kind>>> =
    LazyLock::new(|| crd::all().into_iter().map(|(name, crd)| kind(&crd).context(name)).collect());

fn kind(crd: &Value) -> anyhow::Result<(String, Kind)> {
    let name = crd["spec"]["names"]["kind"].as_str().context("no kind")?;
    let scope = if crd["spec"]["scope"] == "Namespaced" { Scope::Namespaced } else { Scope::Cluster };
    let mut root = crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone();
    // A create and an apply drop it before anything is judged.
    if let Some(members) = root["properties"].as_object_mut() {
        members.remove("status");
    }
    Ok((name.to_owned(), Kind { scope, schema: Schema::read(&root)? }))
}

/// Judges a document; a list counts as its items.
///
/// *Errors*: never in practice; a test reads the schemas of this version.
pub fn judge(node: &Node) -> anyhow::Result<Vec<Document>> {
    let text = |name: &str| node.get(name).and_then(Node::text).unwrap_or_default();
    let (version, kind) = (text("apiVersion"), text("kind"));
    if version == "v1"
        && kind == "List"
        && let Some(Content::List(items)) = node.get("items").map(|items| &items.content)
    {
        let judged = items.iter().map(judge).collect::<anyhow::Result<Vec<_>>>()?;
        return Ok(judged.into_iter().flatten().collect());
    }
    let kinds = KINDS.as_ref().map_err(|error| anyhow::anyhow!("the schema of this version: {error:#}"))?;
    let group = version.split_once('/').map_or("", |(group, _)| group);
    if group == GROUP {
        return Ok(vec![Document::Ours(ours(node, version, kind, kinds))]);
    }
    let finding = untyped(node, version, kind, kinds);
    Ok(vec![finding.map_or(Document::Other, |finding| {
        Document::Ours(Judged { at: Some(node.at), findings: vec![finding], ..Judged::default() })
    })])
}

/// A document that says too little of what it is.
fn untyped(node: &Node, version: &str, kind: &str, kinds: &BTreeMap<String, Kind>) -> Option<Finding> {
    let refuse = |path: &str, message: String| Finding::new(Rule::ObjectKind, node.nearest(path), path, message);
    match (version.is_empty(), kind.is_empty()) {
        _ if !matches!(node.content, Content::Object(_)) => {
            Some(refuse("", "is no object, must have apiVersion, kind, metadata and spec".to_owned()))
        }
        // A values file of a chart or a Kustomization has neither, and is no object.
        (true, true) => None,
        (true, false) if kinds.contains_key(kind) => {
            let finding = refuse("apiVersion", format!("is missing, must be {GROUP}/{VERSION}"));
            Some(finding.cured_by(format!("add apiVersion: {GROUP}/{VERSION}")))
        }
        (true | false, _) => None,
    }
}

fn ours(node: &Node, version: &str, kind: &str, kinds: &BTreeMap<String, Kind>) -> Judged {
    let metadata = node.get("metadata");
    let of = |name: &str| metadata.and_then(|node| node.get(name)).and_then(Node::text).unwrap_or_default().to_owned();
    let mut findings = vec![];
    let known = kinds.get(kind);
    if known.is_none() {
        let all: Vec<&str> = kinds.keys().map(String::as_str).collect();
        let message = format!("is '{kind}', must be one of {}", all.join(", "));
        findings.push(Finding::new(Rule::ObjectKind, node.nearest("kind"), "kind", message));
    } else if version != format!("{GROUP}/{VERSION}") {
        let message = format!("is {version}, and this program knows {GROUP}/{VERSION} only");
        let finding = Finding::new(Rule::ObjectKind, node.nearest("apiVersion"), "apiVersion", message);
        findings.push(finding.cured_by("use a kubectl-nimbus of the operator's version"));
    } else if let Some(Kind { scope, schema }) = known {
        body(node, *scope, schema, &mut findings);
        if kind == "Tenant" && findings.iter().all(|finding| finding.rule.severity() == Severity::Warning) {
            semantics::judge(node, &mut findings);
        }
    }
    let id = node.get("spec").and_then(|spec| spec.get("general")).and_then(|general| general.get("tenantId"));
    let tenant = id.and_then(|id| Some((id.text()?.to_ascii_lowercase(), id.at))).filter(|_| kind == "Tenant");
    let (namespace, name) = (of("namespace"), of("name"));
    Judged { kind: kind.to_owned(), namespace, name, tenant, at: Some(node.at), findings }
}

fn body(node: &Node, scope: Scope, schema: &Schema, findings: &mut Vec<Finding>) {
    metadata::check(node.get("metadata"), node.at, scope, findings);
    let (Content::Object(members), Type::Object { members: known, .. }) = (&node.content, &schema.kind) else { return };
    for member in members {
        let name = member.name.as_str();
        match known.get(name) {
            Some(schema) if name == "spec" => structure::check(&member.value, schema, name, findings),
            _ if name == "status" => {
                let message = "is ignored, because only the operator writes it";
                findings.push(Finding::new(Rule::ObjectIgnored, member.at, name, message).cured_by("remove it"));
            }
            _ if ["apiVersion", "kind", "metadata"].contains(&name) => {}
            _ => {
                let message = "is not a field of the schema";
                findings.push(Finding::new(Rule::SchemaUnknownField, member.at, name, message));
            }
        }
    }
    if node.get("spec").is_none() {
        findings.push(Finding::new(Rule::SchemaRequired, node.at, "spec", "is required"));
    }
}
