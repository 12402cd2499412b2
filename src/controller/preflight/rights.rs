//! Whether the operator's account has the permissions that it needs, in each namespace that it watches.

use super::Findings;
use crate::cluster::{Access, Cluster, Refusal};
use crate::controller::leader::lease_name;
use crate::controller::options::Options;
use crate::resources::GROUP;

const REMEDY: &str = "grant it with examples/rbac.yaml";

/// Permissions on one resource.
struct Needed<'n> {
    verbs: &'n [&'n str],
    group: &'n str,
    resource: &'n str,
    subresource: &'n str,
    namespace: &'n str,
}

const OBJECT: &[&str] = &["list", "watch", "patch"];
const LEASE: &[&str] = &["get", "create", "update"];

/// Looks at each permission.
pub(super) async fn look(cluster: &Cluster, options: &Options, findings: &mut Findings) -> Result<(), Refusal> {
    let namespaces = options.namespaces.as_slice();
    for needed in needed(namespaces) {
        findings.failures.extend(missing(cluster, &needed).await?);
    }
    if options.leader_election.is_some() {
        let missing = missing_of_lease(cluster, options).await?;
        findings
            .failures
            .extend(missing.map(|missing| format!("{missing}, or run one replica without --leader-elect")));
    }
    if !namespaces.is_empty() {
        let missing = missing(cluster, &needed_of(&["list"], "tenants", "", "")).await?;
        let without = "whether a Platform or a Partner is still in use is not known";
        findings.warnings.extend(missing.map(|missing| format!("{missing}. Without it {without}")));
    }
    for namespace in scopes(namespaces) {
        let events =
            Needed { verbs: &["create"], group: "events.k8s.io", resource: "events", subresource: "", namespace };
        let missing = missing(cluster, &events).await?;
        findings.warnings.extend(missing.map(|missing| format!("{missing}. Without it no events are recorded there")));
    }
    Ok(())
}

/// What the operator cannot work without.
fn needed(namespaces: &[String]) -> Vec<Needed<'_>> {
    let tenants = scopes(namespaces).into_iter().flat_map(|namespace| {
        [needed_of(OBJECT, "tenants", "", namespace), needed_of(&["patch"], "tenants", "status", namespace)]
    });
    let others = ["platforms", "partners"]
        .into_iter()
        .flat_map(|plural| [needed_of(OBJECT, plural, "", ""), needed_of(&["patch"], plural, "status", "")]);
    tenants.chain(others).collect()
}

/// What is missing to read and write the Lease.
async fn missing_of_lease(cluster: &Cluster, options: &Options) -> Result<Option<String>, Refusal> {
    let name = lease_name(&options.instance);
    let namespace = options.operator_namespace.as_str();
    let needed = Needed { verbs: LEASE, group: "coordination.k8s.io", resource: "leases", subresource: "", namespace };
    let mut lacking = vec![];
    for verb in needed.verbs {
        // RBAC cannot match a create request by name.
        let name = if *verb == "create" { "" } else { name.as_str() };
        let Needed { group, resource, subresource, .. } = needed;
        if !cluster.may(Access { verb, group, resource, subresource, namespace, name }).await? {
            lacking.push(*verb);
        }
    }
    Ok(sentence(&lacking, &needed))
}

fn needed_of<'n>(verbs: &'n [&'n str], resource: &'n str, subresource: &'n str, namespace: &'n str) -> Needed<'n> {
    Needed { verbs, group: GROUP, resource, subresource, namespace }
}

/// The namespaces that are watched; an empty one stands for all.
fn scopes(namespaces: &[String]) -> Vec<&str> {
    if namespaces.is_empty() { vec![""] } else { namespaces.iter().map(String::as_str).collect() }
}

/// One sentence about what is missing.
async fn missing(cluster: &Cluster, needed: &Needed<'_>) -> Result<Option<String>, Refusal> {
    let Needed { verbs, group, resource, subresource, namespace } = *needed;
    let mut lacking = vec![];
    for verb in verbs {
        if !cluster.may(Access { verb, group, resource, subresource, namespace, name: "" }).await? {
            lacking.push(*verb);
        }
    }
    Ok(sentence(&lacking, needed))
}

fn sentence(lacking: &[&str], needed: &Needed<'_>) -> Option<String> {
    let (last, first) = lacking.split_last()?;
    let verbs = if first.is_empty() { (*last).to_owned() } else { format!("{} and {last}", first.join(", ")) };
    let slash = if needed.subresource.is_empty() { "" } else { "/" };
    let place = match needed.namespace {
        "" => String::new(),
        namespace => format!(" in the namespace '{namespace}'"),
    };
    let Needed { group, resource, subresource, .. } = needed;
    Some(format!("the operator's account may not {verbs} {resource}{slash}{subresource} ({group}){place}; {REMEDY}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_sentence_names_all_that_is_missing_of_a_resource() {
        let said = |lacking: &[&str], needed: &Needed<'_>| sentence(lacking, needed).unwrap_or_default();
        let tenants = needed_of(OBJECT, "tenants", "", "contoso");
        assert_eq!("", said(&[], &tenants));
        assert_eq!(
            "the operator's account may not list, watch and patch tenants (nimbus.luware.com) in the namespace 'contoso'; \
             grant it with examples/rbac.yaml",
            said(&["list", "watch", "patch"], &tenants)
        );
        assert_eq!(
            "the operator's account may not patch platforms/status (nimbus.luware.com); grant it with examples/rbac.yaml",
            said(&["patch"], &needed_of(&["patch"], "platforms", "status", ""))
        );
    }

    #[test]
    fn only_watched_namespaces_are_asked_about() {
        let asked = |namespaces: &[String]| {
            let needed = needed(namespaces);
            let of = |resource: &str| -> Vec<String> {
                let of = needed.iter().filter(|needed| needed.resource == resource && needed.subresource.is_empty());
                of.map(|needed| needed.namespace.to_owned()).collect()
            };
            (of("tenants"), of("platforms"))
        };
        let text = |text: &str| text.to_owned();
        assert_eq!((vec![text("")], vec![text("")]), asked(&[]));
        assert_eq!((vec![text("a"), text("b")], vec![text("")]), asked(&[text("a"), text("b")]));
    }
}
