//! The Presence Tracking section of the Extensions tab.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::format::{Format, address, formats};
use super::leaf::{Authority::*, Leaf};
use super::mapping::Check;
use super::value::Text;

formats! {
    /// The sign-in name of a user; a guest's has `#EXT#` in it.
    Upn {
        pattern: concat!("^", address!(), "$"),
        max: 254,
        allowed: "a user principal name, such as 'ada@contoso.com'",
    }
}

/// Presence Tracking, of which only the check has something to configure.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PresenceTrackingSpec {
    /// "Test UPN": the user whose presence is read to see whether the permission works. It is no setting of the tenant: it is
    /// never sent to the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_upn: Option<Text<Upn>>,
}

/// The leaves of the section.
pub const LEAVES: &[Leaf] =
    &[Leaf::probe("extensions.presenceTracking.testUpn", Tenant).personal().example("ada@contoso.com")];

impl PresenceTrackingSpec {
    /// Judges the section, of which the platform knows nothing.
    pub fn check(&self, check: &mut Check) {
        let Self { test_upn } = self;
        check.section("extensions.presenceTracking").leaf("testUpn", test_upn);
    }
}
