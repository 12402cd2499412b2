//! The Presence Tracking section of the Extensions tab.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::format::{Format, address, formats, unprintable};
use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::value::Text;

formats! {
    /// The sign-in name of a user; a guest's has `#EXT#` in it.
    Upn {
        pattern: concat!("^", address!(), "$"),
        max: 254,
        allowed: "a user principal name, such as 'ada@contoso.com'; an international domain in punycode ('xn--…')",
    }
}

/// Presence Tracking. Only its check can be configured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PresenceTrackingSpec {
    /// "Test UPN": user whose presence is read to verify the permission. It is not a setting of the tenant and is never
    /// sent to the platform.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_upn: Option<Text<Upn>>,
}

/// Which calls are delivered, for the settings reference. Without the permission that this section is about, Nimbus sees a
/// simplified presence only.
pub const PRESENCES: &str = "\
| presence in Teams | calls with the permission | calls without it |
|---|---|---|
| Available | delivered | delivered |
| Busy | delivered if the service allows it | delivered if the service allows it |
| Busy, in a meeting | delivered if the service allows it | as Busy: the two cannot be distinguished |
| Busy, in a call or a conference | not delivered | as Busy: a user in a call can receive another call |
| Away, Be Right Back | only if the service allows it; Microsoft does not report whether such a user is in a call | the same |
| Do Not Disturb | not delivered | not delivered |
| Offline | not delivered | not delivered |
| hidden by \"Presence Privacy mode\" | as above | not delivered: there is no presence at all |

\"If the service allows it\" refers to the Distribution Service Settings of the service, which are not settings of the tenant.
";

/// Where the section stands below `spec`.
pub const SECTION: &str = "extensions.presenceTracking";
/// The user whose presence is read by the check.
pub const TEST_UPN: &Leaf = &Leaf::check_input::<Text<Upn>>("extensions.presenceTracking.testUpn", Tenant)
    .personal()
    .example("ada@contoso.com")
    .manual("Click Test Connection and enter your UPN if the permission was granted successfully");

pub(in crate::settings) const LEAVES: &[&Leaf] = &[TEST_UPN];
