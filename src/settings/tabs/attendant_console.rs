//! The Attendant Console section of the Extensions tab.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::format::{Format, formats, line, line_allowed, unprintable};
use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::value::{Clearable, Text};

formats! {
    /// A filter of Microsoft Graph. Nimbus does not validate its syntax, so the operator does not either.
    GraphFilter {
        pattern: line!(),
        max: 4096,
        allowed: concat!("a filter expression of Microsoft Graph: at most 4096 characters ", line_allowed!()),
        free: true,
    }
}

formats! {
    /// Whose team members the search shows.
    TeamVisibility {
        pattern: "^(HideMembers|ShowOwnMembers|ShowAllMembers)$",
        max: 32,
        allowed: "one of 'HideMembers', 'ShowOwnMembers', 'ShowAllMembers'",
        values: &["HideMembers", "ShowOwnMembers", "ShowAllMembers"],
    }
}

/// Attendant Console: which design users see, and what its search finds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttendantConsoleSpec {
    /// "Use new Attendant Console Design": whether users can switch to the new design (AC2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub use_new_design: Option<bool>,
    /// "Overwrite User Settings": whether all users see the design that useNewDesign selects, regardless of their own
    /// choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overwrite_user_settings: Option<bool>,
    /// "Global Contact Search MS Graph Filter": narrows the search of Attendant Console. It is the value of `$filter`
    /// in a Microsoft Graph query, not the whole URL. It is combined with each search by AND and also hides the
    /// accounts of Nimbus services. Nimbus does not validate it: with an invalid filter, or one that needs more
    /// permissions, every search is empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub global_contact_search_filter: Option<Clearable<GraphFilter>>,
    /// "Team Visibility in Attendant Console": HideMembers shows services and their overall availability only, so that
    /// queues are not bypassed. ShowOwnMembers also shows the available members of services that the attendant belongs
    /// to. ShowAllMembers shows the members of all services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team_visibility: Option<Text<TeamVisibility>>,
}

/// Which users see which design, for the settings reference.
pub const DESIGNS: &str = "\
| useNewDesign | overwriteUserSettings | users see |
|---|---|---|
| false | false | the old design |
| true | false | the design of their choice |
| false | true | the old design, regardless of their choice |
| true | true | the new design, regardless of their choice |
";

/// Where the section stands below `spec`.
pub const SECTION: &str = "extensions.attendantConsole";
/// The filter of the contact search.
pub const FILTER: &Leaf = &Leaf::value::<Clearable<GraphFilter>>(
    "extensions.attendantConsole.globalContactSearchFilter",
    Tenant,
)
.default("\"\"")
.example("endsWith(userPrincipalName,'onmicrosoft.com') and preferredLanguage eq 'en-GB'")
.manual(
    "this field requires only parameters for the \"filter\" field of a MS graph query, not the whole API request URL.",
);

/// No default of the visibility is published. The example of the filter is that of the manual.
pub(in crate::settings) const LEAVES: &[&Leaf] = &[
    &Leaf::value::<bool>("extensions.attendantConsole.useNewDesign", Tenant)
        .default("false")
        .manual("If toggled on, Nimbus users of this tenant can switch to the new Attendant Console design (AC2)."),
    &Leaf::value::<bool>("extensions.attendantConsole.overwriteUserSettings", Tenant)
        .default("false")
        .manual("Applies the old/new Attendant Console design to all users"),
    FILTER,
    &Leaf::value::<Text<TeamVisibility>>("extensions.attendantConsole.teamVisibility", Tenant)
        .example("ShowOwnMembers")
        .manual("To avoid bypassing queues of services, the visibility of team members can be hidden."),
];
