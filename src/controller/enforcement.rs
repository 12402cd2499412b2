//! Whether the admission policies are in force: without them, every editor of a Tenant may change every field of it, and the
//! operator would carry that out. Looked at for all passes together, at most once per interval.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use k8s_openapi::api::admissionregistration::v1::{ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding};
use kube::api::DynamicObject;
use serde_json::{Value, json};
use tokio::sync::Mutex;

use super::options::Options;
use crate::cluster::{Cluster, Refusal};
use crate::manifests::policies::{NAMES, accounts_of, all, is_in_force};

/// What is wrong with the policies, by kind and name; empty where they are in force.
pub(super) type Lacking = Arc<[String]>;

/// What is known about the policies.
pub(super) struct Enforcement {
    /// How long what was seen counts; `None` where the person who runs the operator does without them.
    every: Option<Every>,
    seen: Mutex<Option<(Instant, Result<Lacking, Refusal>)>>,
    /// What the last look that was answered saw.
    in_force: std::sync::Mutex<Option<bool>>,
}

#[derive(Clone, Copy)]
struct Every {
    in_force: Duration,
    /// Also of a look that Kubernetes did not answer: passes that waited for it get its outcome.
    otherwise: Duration,
}

impl Enforcement {
    pub(super) fn new(options: &Options) -> Self {
        let timing = &options.timing;
        let every = Every { in_force: timing.policies, otherwise: timing.backoff_first };
        Self {
            every: (!options.without_policies).then_some(every),
            seen: Mutex::default(),
            in_force: std::sync::Mutex::default(),
        }
    }

    /// Whether they are in force, as it was seen last; nothing where that is not looked at.
    pub(super) fn in_force(&self) -> Option<bool> {
        *self.in_force.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is wrong with them. Passes that ask at the same time share one look.
    ///
    /// *Errors*: Kubernetes does not answer.
    pub(super) async fn lacking(&self, cluster: &Cluster) -> Result<Lacking, Refusal> {
        let Some(every) = self.every else { return Ok(Arc::default()) };
        let mut seen = self.seen.lock().await;
        if let Some((at, outcome)) = seen.as_ref() {
            let is_in_force = outcome.as_ref().is_ok_and(|lacking| lacking.is_empty());
            let counts = if is_in_force { every.in_force } else { every.otherwise };
            if at.elapsed() < counts {
                return outcome.clone();
            }
        }
        let outcome = look(cluster).await.map(Lacking::from);
        if let Ok(lacking) = &outcome {
            *self.in_force.lock().unwrap_or_else(PoisonError::into_inner) = Some(lacking.is_empty());
        }
        *seen = Some((Instant::now(), outcome.clone()));
        outcome
    }
}

/// What is wrong with the policies and bindings, by kind and name. One that may not be read counts as missing, since it is not
/// known to be there.
pub(super) async fn look(cluster: &Cluster) -> Result<Vec<String>, Refusal> {
    let objects = NAMES.map(async |name| {
        let policies = cluster.untyped::<ValidatingAdmissionPolicy>(None);
        let bindings = cluster.untyped::<ValidatingAdmissionPolicyBinding>(None);
        let (policy, binding) = tokio::join!(policies.get(name), bindings.get(name));
        Ok([(format!("policy {name}"), read(policy)?), (format!("binding {name}"), read(binding)?)])
    });
    Ok(judge(&try_join_all(objects).await?.concat()))
}

fn read(outcome: Result<DynamicObject, Refusal>) -> Result<Option<Value>, Refusal> {
    match outcome {
        Ok(object) => Ok(Some(json!(object))),
        Err(Refusal::NotFound | Refusal::Forbidden(_)) => Ok(None),
        Err(refusal @ (Refusal::Conflict | Refusal::Invalid(_) | Refusal::Unanswered(_) | Refusal::NotLeader)) => {
            Err(refusal)
        }
    }
}

/// Compares what was found with what this version would install for the same accounts.
fn judge(found: &[(String, Option<Value>)]) -> Vec<String> {
    let accounts = found.iter().flat_map(|(_, object)| object).find_map(|object| accounts_of(&object["metadata"]));
    let rendered = accounts.map(|accounts| all(&accounts)).unwrap_or_default();
    let mut rendered = rendered.iter();
    let flaws = found.iter().map(|(what, object)| {
        let rendered = rendered.next();
        match (object, rendered) {
            (None, _) => Some(format!("{what} is missing or may not be read")),
            (Some(object), Some(rendered)) if is_in_force(object, rendered) => None,
            (Some(_), _) => Some(format!("{what} is not that of this version")),
        }
    });
    flaws.collect::<Vec<_>>().into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifests::policies::{Accounts, DEFAULT_ACCOUNT, DEFAULT_NAMESPACE};

    fn installed() -> Vec<(String, Option<Value>)> {
        let accounts = Accounts {
            operators: vec![DEFAULT_ACCOUNT.to_owned()],
            operator_namespaces: vec![DEFAULT_NAMESPACE.to_owned()],
            technical_fields: true,
        };
        all(&accounts)
            .into_iter()
            .enumerate()
            .map(|(index, object)| (format!("object {index}"), Some(object)))
            .collect()
    }

    #[test]
    fn what_is_missing_or_altered_is_named() {
        assert_eq!([""; 0], *judge(&installed()));
        let mut some = installed();
        some[0].1 = None;
        some[3].1.as_mut().into_iter().for_each(|object| object["spec"]["validationActions"] = json!(["Audit"]));
        assert_eq!(["object 0 is missing or may not be read", "object 3 is not that of this version"], *judge(&some));
    }

    #[test]
    fn policies_that_do_not_say_for_whom_they_are_count_for_nothing() {
        let mut old = installed();
        for (_, object) in &mut old {
            object.as_mut().into_iter().for_each(|object| object["metadata"]["annotations"] = json!({}));
        }
        assert_eq!(old.len(), judge(&old).len());
    }
}
