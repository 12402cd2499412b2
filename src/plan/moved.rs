//! Settings that the platform moved by itself, since what they named was deleted. They are reported and not fought with.

use serde_json::Value;

use super::difference::Change;
use crate::admin_api::types::MovedReference;
use crate::settings::tabs::provisioning::DEFAULT_ORGANIZATION_UNIT;

/// Where the platform moved what the spec wants to be otherwise, if what the spec names is an organization unit that was deleted.
pub(super) fn moved_to(change: &Change, moved: &[MovedReference]) -> Option<String> {
    let Change { leaf, wanted: Some(Value::String(wanted)), .. } = change else { return None };
    if *leaf != DEFAULT_ORGANIZATION_UNIT {
        return None;
    }
    let dead = |moved: &&MovedReference| moved.pointer == leaf.pointer() && moved.from.eq_ignore_ascii_case(wanted);
    moved.iter().find(dead).map(|moved| moved.to.clone())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use super::*;
    use crate::admin_api::{FieldError, Problem, ProblemType};
    use crate::plan::Stop;
    use crate::plan::outage::PlatformHealth;
    use crate::resources::Reason;
    use crate::settings::tabs::general::TENANT_GROUP;

    #[test]
    fn only_a_unit_that_the_platform_moved_away_from_is_dead() {
        let wanted = "44444444-0d3e-4f5a-8b7c-9d0e1f2a3b4c";
        let unit = |leaf| Change { leaf, wanted: Some(wanted.into()), found: Some("root".into()) };
        let moved = |pointer: &str, from: &str| {
            [MovedReference { pointer: pointer.into(), from: from.into(), to: "root".into() }]
        };
        let here = "/provisioning/defaultOrganizationUnitId";
        let dead = |moved: [MovedReference; 1]| moved_to(&unit(DEFAULT_ORGANIZATION_UNIT), &moved);
        assert_eq!(Some("root".to_owned()), dead(moved(here, &wanted.to_uppercase())), "spelling does not matter");
        assert_eq!(None, dead(moved(here, "66666666-0d3e-4f5a-8b7c-9d0e1f2a3b4c")), "another unit is gone");
        assert_eq!(None, dead(moved("/general/name", wanted)), "another setting was moved");
        assert_eq!(None, moved_to(&unit(TENANT_GROUP), &moved(here, wanted)), "what is not wanted is left alone");
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
