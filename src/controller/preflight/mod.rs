//! What is looked at before the operator starts: whether the API server answers, whether the CRDs fit, and whether the account may
//! do what it has to. Everything that is missing is named at once, each in one sentence. Nothing is changed.

mod crds;
mod rights;
mod secret_watches;

use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use k8s_openapi::api::core::v1::Namespace;
use kube::Resource;
use kube::core::ObjectMeta;
use tokio::time::sleep;
use tracing::warn;

use super::enforcement;
use super::options::Options;
use crate::cluster::{Cluster, Denier, Refusal};
use crate::microsoft::Acs;
use crate::resources::{Partner, Platform, Tenant};

/// What was found.
#[derive(Debug, Default)]
struct Findings {
    /// With one of these the operator would do harm, or nothing.
    failures: Vec<String>,
    /// Without these something is missing, and the rest works.
    warnings: Vec<String>,
    /// Why no tenant is written, or, without the policies, what every editor can do.
    unenforced: Option<String>,
}

/// Checks that the operator can work, before it starts. An API server that is out of reach is waited for: without end with a leader
/// election, since all replicas end where it was away for long, and one has to be there when it is back.
///
/// *Errors*: everything that keeps it from working.
pub(super) async fn preflight(cluster: &Cluster, options: &Options) -> anyhow::Result<()> {
    let most = options.leader_election.is_none().then_some(options.timing.reach);
    let Findings { failures, mut warnings, unenforced } = find(cluster, options, most).await?;
    // The policies may be applied while it runs.
    warnings.extend(unenforced);
    judge(&warnings, &failures, "the operator cannot start")
}

/// Checks alone what [`run`](super::run) looks at before it starts, and that the admission policies are in force. Changes nothing.
///
/// *Errors*: everything that keeps the operator from working, or from writing to a platform.
pub async fn check(cluster: &Cluster, options: &Options) -> anyhow::Result<()> {
    let most = Some(options.timing.reach);
    let Findings { mut failures, mut warnings, unenforced } = find(cluster, options, most).await?;
    let concerned = if options.without_policies { &mut warnings } else { &mut failures };
    concerned.extend(unenforced);
    judge(&warnings, &failures, "the operator cannot work")
}

fn judge(warnings: &[String], failures: &[String], consequence: &str) -> anyhow::Result<()> {
    for warning in warnings {
        warn!("{warning}");
    }
    if failures.is_empty() { Ok(()) } else { Err(anyhow!(listed(consequence, failures))) }
}

/// *Errors*: the API server does not answer for longer than `most`, or does not accept the credentials.
async fn find(cluster: &Cluster, options: &Options, most: Option<Duration>) -> anyhow::Result<Findings> {
    let timing = &options.timing;
    let started = Instant::now();
    let mut said: Option<Instant> = None;
    loop {
        let unreached = match cluster.reach().await {
            Ok(()) => match look(cluster, options).await {
                Ok(findings) => return Ok(findings),
                Err(refusal) => anyhow!(refusal.not_written().0),
            },
            Err(error) if is_final(&error) => return Err(error.context("Kubernetes does not accept the credentials")),
            Err(error) => error,
        };
        if let Some(most) = most.filter(|most| started.elapsed() >= *most) {
            bail!("the Kubernetes API server has not answered for {} s: {unreached:#}", most.as_secs());
        }
        if said.is_none_or(|at| at.elapsed() >= timing.reach) {
            warn!(cause = %format!("{unreached:#}"), "the Kubernetes API server does not answer; waiting for it");
            said = Some(Instant::now());
        }
        sleep(timing.backoff_first).await;
    }
}

fn is_final(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(kube::Error::Api(status)) if status.code == 401)
}

fn listed(consequence: &str, failures: &[String]) -> String {
    failures.iter().fold(consequence.to_owned(), |text, failure| text + "\n  - " + failure)
}

/// *Errors*: the API server did not answer one of the questions.
async fn look(cluster: &Cluster, options: &Options) -> Result<Findings, Refusal> {
    let mut findings = Findings::default();
    crds::look(cluster, &mut findings).await?;
    // Without its CRD a kind has neither objects nor a status.
    let may_look_at_objects = findings.failures.is_empty();
    rights::look(cluster, options, &mut findings).await?;
    namespaces(cluster, options, &mut findings).await?;
    secret_watches::look(cluster, options, &mut findings).await?;
    trust(options, &mut findings);
    if may_look_at_objects && findings.failures.is_empty() {
        statuses(cluster, &options.namespaces, &mut findings).await?;
    }
    let lacking = enforcement::look(cluster).await?;
    if !lacking.is_empty() {
        let lacking = lacking.join("; ");
        let consequence = if options.without_policies {
            "every editor of a Tenant can change every field"
        } else {
            "no tenant is written"
        };
        findings.unenforced = Some(format!(
            "the admission policies are not in force, so {consequence}: {lacking}; apply those of this version with \
             'nimbus-operator policies | kubectl apply -f -'"
        ));
    }
    Ok(findings)
}

/// Whether there is anything to trust public servers by: without it there is no client of Microsoft, which every operator has.
fn trust(options: &Options, findings: &mut Findings) {
    let client = Acs::new(options.timing.call, vec![], options.telemetry.metrics.clone());
    findings.failures.extend(client.err().map(|no_trust| no_trust.to_string()));
}

async fn namespaces(cluster: &Cluster, options: &Options, findings: &mut Findings) -> Result<(), Refusal> {
    let named = options.namespaces.iter().map(|name| ("--namespace", name));
    for (flag, name) in named.chain([("--operator-namespace", &options.operator_namespace)]) {
        match cluster.cluster_scoped::<Namespace>().metadata(name).await {
            Ok(_) => {}
            Err(Refusal::NotFound) => {
                findings.failures.push(format!("the namespace '{name}' does not exist; check the spelling of {flag}"));
            }
            Err(Refusal::Forbidden(_)) => findings.warnings.push(format!(
                "the operator's account may not get the namespace '{name}': whether it exists is not known, and deleted Tenants \
                 in it wait"
            )),
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(())
}

/// Whether the status of objects can be written, which an admission policy may refuse although the permission is there.
async fn statuses(cluster: &Cluster, namespaces: &[String], findings: &mut Findings) -> Result<(), Refusal> {
    let watched: Vec<Option<&str>> = match namespaces {
        [] => vec![None],
        _ => namespaces.iter().map(|name| Some(name.as_str())).collect(),
    };
    status_of::<Tenant>(cluster, &watched, findings).await?;
    status_of::<Platform>(cluster, &[None], findings).await?;
    status_of::<Partner>(cluster, &[None], findings).await
}

/// One object that is refused must not keep the operator from serving the others: the start fails if none is accepted.
async fn status_of<K: Resource<DynamicType = ()>>(
    cluster: &Cluster,
    namespaces: &[Option<&str>],
    findings: &mut Findings,
) -> Result<(), Refusal> {
    let (mut refused, mut accepted) = (vec![], false);
    for namespace in namespaces {
        for object in cluster.untyped::<K>(*namespace).some().await? {
            match cluster.untyped::<K>(object.namespace.as_deref()).dry_run_status(&object).await {
                Ok(()) => accepted = true,
                Err(Refusal::Forbidden(denier) | Refusal::Invalid(denier)) => {
                    refused.push(refused_dry_run(&K::kind(&()), &object, &denier));
                }
                Err(refusal) => return Err(refusal),
            }
        }
    }
    if accepted {
        findings.warnings.extend(refused);
    } else {
        findings.failures.extend(refused);
    }
    Ok(())
}

fn refused_dry_run(kind: &str, object: &ObjectMeta, denier: &Denier) -> String {
    let place = object.namespace.as_ref().map(|namespace| format!("{namespace}/")).unwrap_or_default();
    format!(
        "a dry run of writing the status of the {kind} '{place}{}' is refused by {denier} although the permission is there; if it \
         is one of the operator's own policies, it names another account (nimbus-operator policies --operator-account)",
        object.name.as_deref().unwrap_or_default()
    )
}
