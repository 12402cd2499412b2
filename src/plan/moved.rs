//! Settings that the platform moved by itself, since what they named was deleted. They are reported and not fought with.

use serde_json::Value;

use super::difference::{Change, Difference};
use super::stop::Stop;
use crate::admin_api::types::MovedReference;
use crate::resources::bounds;
use crate::settings::tabs::provisioning::DEFAULT_ORGANIZATION_UNIT;
use crate::text::cut_printable;

/// Judges a difference.
///
/// *Errors*: the spec names an organization unit that the platform moved away from. It is gone: writing it again would only
/// be refused, or moved again.
pub(super) fn living(difference: &Difference, moved: &[MovedReference]) -> Result<(), Stop> {
    let unit = difference.changes.iter().find(|change| change.leaf == DEFAULT_ORGANIZATION_UNIT);
    let Some(Change { leaf, wanted: Some(Value::String(wanted)), .. }) = unit else { return Ok(()) };
    let dead = |moved: &&MovedReference| moved.pointer == leaf.pointer() && moved.from.eq_ignore_ascii_case(wanted);
    match moved.iter().find(dead) {
        Some(moved) => Err(Stop::OrganizationUnitMissing { moved_to: cut_printable(&moved.to, bounds::NAME) }),
        None => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use super::*;
    use crate::admin_api::{FieldError, Problem, ProblemType};
    use crate::plan::outage::PlatformHealth;
    use crate::resources::Reason;

    #[test]
    fn only_a_unit_that_the_platform_moved_away_from_is_dead() {
        let wanted = "44444444-0d3e-4f5a-8b7c-9d0e1f2a3b4c";
        let change =
            Change { leaf: DEFAULT_ORGANIZATION_UNIT, wanted: Some(wanted.into()), found: Some("root".into()) };
        let difference = Difference { changes: vec![change], ..Difference::default() };
        let moved = |pointer: &str, from: &str| MovedReference {
            pointer: pointer.into(),
            from: from.into(),
            to: "root".into(),
        };
        let here = "/provisioning/defaultOrganizationUnitId";
        let dead = |moved: MovedReference| match living(&difference, &[moved]) {
            Err(Stop::OrganizationUnitMissing { moved_to }) => Some(moved_to),
            _ => None,
        };
        assert_eq!(dead(moved(here, &wanted.to_uppercase())).as_deref(), Some("root"), "spelling does not matter");
        assert_eq!(dead(moved(here, "66666666-0d3e-4f5a-8b7c-9d0e1f2a3b4c")), None, "another unit is gone");
        assert_eq!(dead(moved("/general/name", wanted)), None, "another setting was moved");
        assert!(living(&Difference::default(), &[moved(here, wanted)]).is_ok(), "what is not wanted is left alone");
    }

    #[test]
    fn a_refused_unit_is_one_that_is_not_there() {
        let reason = |problem_type, pointers: &[&str]| {
            let error = |pointer: &&str| FieldError { pointer: (*pointer).into(), ..FieldError::default() };
            let errors = pointers.iter().map(error).collect();
            let platform = PlatformHealth { name: "euwe-01", reason: None };
            Stop::Rejected(Problem { problem_type, errors, ..Problem::default() }).disposition(platform).reason
        };
        let here = "/provisioning/defaultOrganizationUnitId";
        assert_eq!(reason(ProblemType::InvalidSettings, &[here]), Reason::OrganizationUnitNotFound);
        assert_eq!(reason(ProblemType::InvalidSettings, &[here, "/general/name"]), Reason::InvalidSettings);
        assert_eq!(reason(ProblemType::FieldNotPermitted, &[here]), Reason::InvalidSettings);
        assert_eq!(reason(ProblemType::InvalidSettings, &[]), Reason::InvalidSettings);
    }
}
