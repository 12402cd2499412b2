//! The Presence Tracking section of the Extensions tab.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::format::{Format, address, formats};
use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::value::Text;

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

/// Which calls are delivered, for the manual. The permission is what the section grants: without it there is only a simplified
/// presence.
pub const PRESENCES: &str = "\
| presence in Teams | calls with the permission | calls without it |
|---|---|---|
| Available | delivered | delivered |
| Busy | delivered if the service says so | delivered if the service says so |
| Busy, in a meeting | delivered if the service says so | as Busy: nobody can tell the two apart |
| Busy, in a call or a conference | not delivered | as Busy: a user who is in a call may be called |
| Away, Be Right Back | only if the service says so; that such a user is in a call is not told by Microsoft | the same |
| Do Not Disturb | not delivered | not delivered |
| Offline | not delivered | not delivered |
| hidden by \"Presence Privacy mode\" | as above | not delivered: there is no presence at all |

\"If the service says so\" means the Distribution Service Settings of the service, which are no settings of the tenant.
";

/// Where the section stands below `spec`.
pub const SECTION: &str = "extensions.presenceTracking";
/// The user whose presence is read by the check.
pub const TEST_UPN: &Leaf = &Leaf::check_input::<Text<Upn>>("extensions.presenceTracking.testUpn", Tenant)
    .personal()
    .example("ada@contoso.com")
    .manual("Click Test Connection and enter your UPN if the permission was granted successfully");

/// The leaves of the section.
pub const LEAVES: &[&Leaf] = &[TEST_UPN];
