//! What only several objects together can get wrong.

use std::collections::HashMap;

use super::object::Judged;
use crate::cli::finding::{Finding, Position, Rule};

/// Adds to each object what another one, which comes before it, makes wrong. `files` are the objects with the names of their files.
pub fn check<'o>(files: impl IntoIterator<Item = (&'o str, &'o mut Judged)>) {
    let mut names: HashMap<(String, String, String), (String, Position)> = HashMap::new();
    let mut tenants: HashMap<String, (String, Position)> = HashMap::new();
    for (file, object) in files {
        let Some(at) = object.at.filter(|_| !object.name.is_empty()) else { continue };
        let key = (object.kind.clone(), object.namespace.clone(), object.name.clone());
        if let Some((other, line)) = names.get(&key).map(|(file, at)| (file, at.line)) {
            let message = format!("is described twice, also in {other}:{line}");
            object.findings.push(Finding::new(Rule::FleetDuplicateObject, at, "metadata.name", message));
            continue;
        }
        names.insert(key, (file.to_owned(), at));
        let Some((id, at)) = object.tenant.clone() else { continue };
        match tenants.get(&id) {
            Some((other, first)) => {
                let message = format!("is also that of the Tenant in {other}:{}", first.line);
                object.findings.push(Finding::new(Rule::FleetDuplicateTenant, at, "spec.general.tenantId", message));
            }
            None => drop(tenants.insert(id, (file.to_owned(), at))),
        }
    }
}
