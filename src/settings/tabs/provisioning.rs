//! The Provisioning tab: defaults for new services.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::format::{Format, formats};
use crate::settings::leaf::{Authority::*, Leaf, Script};
use crate::settings::value::Text;

formats! {
    /// An organization unit: the tenant itself, or the id of a unit below.
    OrganizationUnit {
        pattern: "^(root|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12})$",
        max: 36,
        allowed: "'root' or the GUID of an organization unit, such as '44444444-0d3e-4f5a-8b7c-9d0e1f2a3b4c'",
        refused: &["00000000-0000-0000-0000-000000000000"],
        spell: |text| text.to_ascii_lowercase(),
    }
}

formats! {
    /// The minimum role that can provision services from Microsoft Teams.
    ViaTeams {
        pattern: "^(Everyone|TenantAndOrganizationUnitAdministrators|TenantAdministrators|NoOne)$",
        max: 64,
        allowed: "one of 'Everyone', 'TenantAndOrganizationUnitAdministrators', 'TenantAdministrators', 'NoOne'",
        values: &["Everyone", "TenantAndOrganizationUnitAdministrators", "TenantAdministrators", "NoOne"],
    }
}

formats! {
    /// The role of the owner of a service that is provisioned from Microsoft Teams.
    TeamOwnerRole {
        pattern: "^(TeamOwner|TeamOwnerLimited)$",
        max: 32,
        allowed: "one of 'TeamOwner', 'TeamOwnerLimited'",
        values: &["TeamOwner", "TeamOwnerLimited"],
    }
}

/// The Provisioning tab of the spec. Existing services are not changed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProvisioningSpec {
    /// "Default OU for MS Teams creation": organization unit of new services. While provisioning, a user can select a
    /// unit below it. If the unit is deleted, the platform moves this setting one level up; the Tenant then reports
    /// OrganizationUnitNotFound until another unit is set here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_organization_unit_id: Option<Text<OrganizationUnit>>,
    /// "Allow service provisioning via MS Teams": minimum role that can provision a service from the UI of Microsoft
    /// Teams. NoOne disables it. Administrators can always provision services of other types. The personal app and the
    /// removal of a tab are not affected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_service_provisioning_via_teams: Option<Text<ViaTeams>>,
    /// "Default Team Owner Role": role of the owner of a service that is provisioned from the UI of Microsoft Teams.
    /// TeamOwner has all rights on the settings of the team, TeamOwnerLimited a reduced set. Applies to future services
    /// only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_team_owner_role: Option<Text<TeamOwnerRole>>,
    /// "Enable Multihoming": whether users of this tenant work on several clusters. It has strict technical limits and
    /// is set up by a system administrator together with Luware Customer Success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multihoming_enabled: Option<bool>,
}

/// The default organization unit, which the platform moves when the unit is deleted.
pub const DEFAULT_ORGANIZATION_UNIT: &Leaf =
    &Leaf::value::<Text<OrganizationUnit>>("provisioning.defaultOrganizationUnitId", Tenant)
        .default("\"root\"")
        .example("44444444-0d3e-4f5a-8b7c-9d0e1f2a3b4c")
        .manual("When the OU gets deleted, the OU default selection is moved one level higher (up to root).");

pub(in crate::settings) const LEAVES: &[&Leaf] = &[
    DEFAULT_ORGANIZATION_UNIT,
    &Leaf::value::<Text<ViaTeams>>("provisioning.allowServiceProvisioningViaTeams", Tenant)
        .default("\"Everyone\"")
        .example("TenantAdministrators")
        .manual("Set the minimum roles required to Provision a new Nimbus team directly from the MS-Teams UI."),
    &Leaf::value::<Text<TeamOwnerRole>>("provisioning.defaultTeamOwnerRole", Tenant)
        .default("\"TeamOwner\"")
        .example("TeamOwnerLimited")
        .manual("Existing services are not affected by this change and changing this setting will only affect future services provisioned via MS Teams"),
    &Leaf::value::<bool>("provisioning.multihomingEnabled", System)
        .default("false")
        .script(Script::Changed)
        .manual("This field is read-only as Multihoming must be set up for your Tenant by a System Administrator and in cooperation with Luware Customer Success."),
];
