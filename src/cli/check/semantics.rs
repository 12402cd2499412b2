//! What the operator itself finds wrong with a Tenant that the schema accepts. These are the functions of its pass, on a platform
//! that has no such tenant yet: what is wrong even there is wrong on any platform.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::cli::files::yaml::Node;
use crate::cli::finding::{Finding, Rule};
use crate::plan::{
    Intent, Observation, Observed, PlatformReference, Resolved, ResolvedPartner, Rewrites, Stop, Stopped, apply,
    validate,
};
use crate::resources::{Stamp, Tenant};
use crate::settings::leaf::Required;
use crate::settings::{Leaf, Violation, leaves};

/// Judges the Tenant of a document.
pub fn judge(node: &Node, findings: &mut Vec<Finding>) {
    let Ok(tenant) = serde_json::from_value::<Tenant>(node.to_value()) else { return };
    for (violation, rule) in violations(&tenant) {
        let path = format!("spec.{}", violation.path);
        if findings.iter().all(|finding| finding.path != path) {
            findings.push(Finding::new(rule, node.nearest(&path), &path, violation.problem));
        }
    }
}

/// The violations of a pass whose references are all found.
fn violations(tenant: &Tenant) -> Vec<(Violation, Rule)> {
    let today = Timestamp::now().to_zoned(TimeZone::UTC).date();
    let stopped = match validate(tenant, found(tenant), today) {
        Intent::Apply(desired) => {
            let tenant_is_new = Observed { tenant: Observation::Absent { restricted: vec![] }, widget_secret: None };
            apply::plan(tenant, &Arc::clone(&desired), tenant_is_new, &Rewrites::default()).err()
        }
        Intent::Blocked(blocked) => Some(blocked.stopped),
        Intent::Delete(_) => None,
    };
    stopped.iter().flat_map(Stopped::all).flat_map(Stop::violations).filter_map(graded).collect()
}

/// A setting that is missing may be on the platform already, so only what is there can be wrong for certain.
fn graded(violation: Violation) -> Option<(Violation, Rule)> {
    let leaf: Option<&Leaf> = leaves().find(|leaf| leaf.path == violation.path);
    if !violation.problem.starts_with("must be set") {
        return Some((violation, Rule::SpecInvalid));
    }
    match leaf.map(|leaf| leaf.required) {
        Some(Required::WhenOn) => {
            let problem = violation.problem + ", unless the platform has a value already";
            Some((Violation { problem, ..violation }, Rule::SpecIncomplete))
        }
        Some(Required::ToCreate | Required::No) | None => None,
    }
}

/// References that are all there: they are not what is judged.
fn found(tenant: &Tenant) -> Resolved {
    let partner = tenant.spec.settings.to_wire().partner.map(|name| ResolvedPartner {
        id: Ok("0".to_owned()),
        entra_tenant: None,
        is_terminating: false,
        counts: true,
        tenants: None,
        unknown: Default::default(),
        name,
    });
    Resolved {
        stamp: Stamp::new("offline", "offline", "offline"),
        platform: PlatformReference::Found,
        partner,
        secrets: vec![],
        policies_lacking: String::new(),
        scope_terminating: None,
    }
}
