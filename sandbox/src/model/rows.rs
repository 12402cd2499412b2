//! The settings of the Tenant Administration view, tab by tab: data only.
//!
//! The authority letters are a reading of the vendor's manual: N everyone, T tenant administrators, P partner
//! administrators, S system administrators. No platform default is invented where none is published.
use super::leaf::Authority::{NonTechnical as N, Partner as P, System as S, Tenant as T};
use super::leaf::{
    DefaultValue, Format, Kind, Leaf, Required, Script, choice, contingent, formatted, limit, sealed, text, toggle,
};

const NAME: Kind = Kind::Text { max: 256 };

/// Pointers of the toggles that hide the settings below them.
pub(crate) const INTERACT_ENABLED: &str = "/extensions/interact/enabled";
pub(crate) const INSTANT_MESSAGING_ENABLED: &str = "/modalities/instantMessaging/enabled";
const ASSISTANT_OWN_ACS: &str = "/extensions/assistant/useOwnAcsInstance";
const INSTANT_MESSAGING_OWN_ACS: &str = "/modalities/instantMessaging/useOwnAcsInstance";

const INTERACT: &[&str] = &[INTERACT_ENABLED];
const ASSISTANT: &[&str] = &[ASSISTANT_OWN_ACS];
const INSTANT_MESSAGING: &[&str] = &[INSTANT_MESSAGING_ENABLED];
const INSTANT_MESSAGING_ACS: &[&str] = &[INSTANT_MESSAGING_ENABLED, INSTANT_MESSAGING_OWN_ACS];

/// Pointers that rules of the platform use.
pub(crate) const O365_DOMAIN: &str = "/general/o365Domain";
pub(crate) const PARTNER: &str = "/partner/partnerId";
pub(crate) const DEFAULT_ORGANIZATION_UNIT: &str = "/provisioning/defaultOrganizationUnitId";
pub(crate) const PROVISIONING_VIA_TEAMS: &str = "/provisioning/allowServiceProvisioningViaTeams";
pub(crate) const DEFAULT_OWNER_ROLE: &str = "/provisioning/defaultTeamOwnerRole";
pub(crate) const PERSIST_USER_STATES: &str = "/dataPrivacy/persistUserStatesInReporting";
pub(crate) const OUTBOUND_LIMIT: &str = "/extensions/outbound/maxScheduledTasksPerService";
pub(crate) const INSTANT_MESSAGING_LIMIT: &str = "/modalities/instantMessaging/maxConcurrentTasksPerService";
pub(crate) const EXTERNAL_TASK_LIMIT: &str = "/modalities/externalTask/maxConcurrentTasksPerService";
pub(crate) const EMAIL_LIMIT: &str = "/modalities/email/maxConcurrentTasksPerService";
pub(crate) const SESSION_RECOVERY: &str = "/extensions/interact/sessionRecoveryTimeoutSeconds";
pub(crate) const INTERACT_AUTHORIZATION: &str = "/extensions/interact/authorization";
pub(crate) const SEARCH_FILTER: &str = "/extensions/attendantConsole/globalContactSearchFilter";
pub(crate) const TEAM_VISIBILITY: &str = "/extensions/attendantConsole/teamVisibility";
pub(crate) const NEW_DESIGN: &str = "/extensions/attendantConsole/useNewDesign";
pub(crate) const OVERWRITE_DESIGN: &str = "/extensions/attendantConsole/overwriteUserSettings";
pub(crate) const PRIMARY_ACCOUNT: &str = "/modalities/instantMessaging/primaryAccount";
pub(crate) const SECONDARY_ACCOUNT: &str = "/modalities/instantMessaging/secondaryAccount";

/// Every leaf of `settings`.
pub(crate) static LEAVES: &[Leaf] = &[
    // General
    Leaf::new("/general/name", NAME, P, "name in the tenant list").required(Required::AtCreation),
    formatted(O365_DOMAIN, Format::Domain, P, "domain of the tenant").required(Required::AtCreation),
    Leaf::new("/general/tenantId", Kind::Identity, P, "Entra tenant id, always the id of the tenant"),
    text("/general/companyName", N, "company behind the tenant"),
    text("/general/division", N, "division of the company"),
    formatted(
        "/general/partnerAdministrationGroupId",
        Format::Guid,
        S,
        "security group, in the partner's Entra tenant, whose members are partner administrators",
    )
    .clearable(),
    formatted(
        "/general/tenantAdministrationGroupId",
        Format::Guid,
        P,
        "security group whose members are tenant administrators",
    )
    .clearable(),
    Leaf::new("/general/crmId", Kind::Text { max: 64 }, P, "id in the vendor's customer management").clearable(),
    text("/general/billingAddress/street1", N, "first line of the street"),
    text("/general/billingAddress/street2", N, "second line of the street"),
    Leaf::new("/general/billingAddress/zipCode", Kind::Text { max: 32 }, N, "postal code").clearable(),
    text("/general/billingAddress/city", N, "city"),
    formatted(
        "/general/billingAddress/country",
        Format::Country,
        N,
        "billing country; does not decide where data is stored",
    )
    .clearable(),
    // Contact
    text("/contact/name", N, "technical contact"),
    formatted("/contact/email", Format::Email, N, "its e-mail address").clearable(),
    formatted("/contact/phone", Format::Phone, N, "its phone number, E.164").clearable(),
    formatted("/contact/sipAddress", Format::Sip, N, "its SIP address").clearable(),
    // Partner
    formatted(
        PARTNER,
        Format::Partner,
        S,
        "partner that manages the tenant; a partner client creates only its own tenants",
    )
    .clearable(),
    // Data privacy
    toggle(
        "/dataPrivacy/allowPartnerToSeeUserIdentifiers",
        S,
        "whether the partner sees names of users instead of asterisks",
    ),
    toggle(
        "/dataPrivacy/allowPartnerToSeeCustomerIdentifiers",
        S,
        "whether the partner sees identifiers of customers instead of asterisks",
    ),
    toggle(
        PERSIST_USER_STATES,
        T,
        "whether user states are recorded for reports; switching it off closes open records and keeps existing data",
    ),
    toggle("/dataPrivacy/showUserTimeInState", T, "whether views show the time in state"),
    Leaf::new(
        "/dataPrivacy/dataRetentionMonths",
        Kind::Number { min: 1, max: None },
        S,
        "months after which historical data is purged, within 24 hours; no default is published",
    ),
    toggle("/dataPrivacy/allowSharingPii", S, "whether user identifiers are personal data instead of pseudonyms"),
    // Provisioning
    formatted(
        DEFAULT_ORGANIZATION_UNIT,
        Format::OrganizationUnit,
        T,
        "organization unit of new services: `root` or a GUID",
    )
    .default_value(DefaultValue::Text("root")),
    choice(
        PROVISIONING_VIA_TEAMS,
        &["Everyone", "TenantAndOrganizationUnitAdministrators", "TenantAdministrators", "NoOne"],
        T,
        "minimum role that can provision services from Microsoft Teams",
    )
    .default_value(DefaultValue::Text("Everyone")),
    choice(
        DEFAULT_OWNER_ROLE,
        &["TeamOwner", "TeamOwnerLimited"],
        T,
        "role of the owner of a future service provisioned from Microsoft Teams",
    )
    .default_value(DefaultValue::Text("TeamOwner")),
    toggle("/provisioning/multihomingEnabled", S, "whether the tenant runs on several clusters")
        .script(Script::Changed("multihoming-changed")),
    // Extensions
    limit(
        OUTBOUND_LIMIT,
        50,
        20,
        "concurrent outbound tasks per service; at the limit a task is discarded with a flow error",
    ),
    toggle("/extensions/outbound/directlyInvitePstn", S, "whether phone numbers join a group call directly"),
    toggle("/extensions/outbound/directlyInviteUpn", S, "whether users join a group call directly"),
    toggle(
        INTERACT_ENABLED,
        T,
        "whether Interact reaches agents; switching it on for the first time creates the widget key",
    )
    .script(Script::SwitchedOn("interact-enabled")),
    sealed(
        "/extensions/interact/acsConnectionString",
        INTERACT,
        "connection string of Azure Communication Services for Interact",
    ),
    formatted("/extensions/interact/o365UserId", Format::Guid, T, "user on whose behalf meetings are created")
        .under(INTERACT)
        .clearable(),
    Leaf::new(
        SESSION_RECOVERY,
        Kind::Number { min: 5, max: Some(60) },
        T,
        "seconds until a closed session can no longer be resumed",
    )
    .under(INTERACT)
    .default_value(DefaultValue::Number(20)),
    choice(
        INTERACT_AUTHORIZATION,
        &["None", "VerifyToken", "VerifyTokenAndTenant"],
        T,
        "whether a session needs a token, and whether the token must be from this tenant",
    )
    .under(INTERACT)
    .default_value(DefaultValue::Text("None")),
    toggle(ASSISTANT_OWN_ACS, T, "whether Assistant uses the tenant's own ACS instance"),
    sealed(
        "/extensions/assistant/acsConnectionString",
        ASSISTANT,
        "connection string of Azure Communication Services for Assistant",
    ),
    toggle(NEW_DESIGN, T, "whether users may switch to the new design"),
    toggle(OVERWRITE_DESIGN, T, "whether this design applies to every user"),
    Leaf::new(
        SEARCH_FILTER,
        Kind::Text { max: 4096 },
        T,
        "Graph filter of the contact search; its syntax is not checked",
    )
    .clearable(),
    choice(
        TEAM_VISIBILITY,
        &["HideMembers", "ShowOwnMembers", "ShowAllMembers"],
        T,
        "whose members the search shows; no default is published",
    ),
    // Modalities
    toggle(INSTANT_MESSAGING_ENABLED, T, "whether users handle chats"),
    formatted(PRIMARY_ACCOUNT, Format::Email, T, "guest account that is invited first")
        .under(INSTANT_MESSAGING)
        .required(Required::WhenOn)
        .clearable(),
    formatted(SECONDARY_ACCOUNT, Format::Email, T, "second guest account").under(INSTANT_MESSAGING).clearable(),
    limit(INSTANT_MESSAGING_LIMIT, 50, 20, "concurrent chats per service; at the limit chats wait")
        .under(INSTANT_MESSAGING),
    toggle(INSTANT_MESSAGING_OWN_ACS, T, "whether chats use the tenant's own ACS instance").under(INSTANT_MESSAGING),
    sealed(
        "/modalities/instantMessaging/acsConnectionString",
        INSTANT_MESSAGING_ACS,
        "connection string of Azure Communication Services for chats",
    ),
    formatted(
        "/modalities/instantMessaging/acsResourceId",
        Format::Guid,
        T,
        "immutable resource id of the ACS instance",
    )
    .under(INSTANT_MESSAGING_ACS)
    .required(Required::WhenOn)
    .clearable(),
    limit(
        EXTERNAL_TASK_LIMIT,
        50,
        20,
        "concurrent external tasks per service; at the limit a task is discarded with a flow error",
    ),
    limit(EMAIL_LIMIT, 200, 50, "concurrent e-mail tasks per service; at the limit tasks wait"),
    // Licenses
    choice(
        "/licenses/tenantState",
        &["Active", "Trial", "Suspended", "Expired", "Canceled", "Lab"],
        S,
        "state of the subscription; a new tenant starts in trial",
    )
    .default_value(DefaultValue::Text("Trial")),
    contingent("/licenses/contingents/services/advancedRouting", "bought for services with Advanced Routing"),
    contingent("/licenses/contingents/services/enterpriseRouting", "bought for services with Enterprise Routing"),
    contingent("/licenses/contingents/services/contactCenter", "bought for services with Contact Center"),
    Leaf::new("/licenses/contingents/services/features", Kind::Counts, S, "bought per feature of services"),
    contingent("/licenses/contingents/users/contactCenter", "bought for users with Contact Center"),
    contingent("/licenses/contingents/users/attendantConsole", "bought for users with Attendant Console"),
    contingent("/licenses/contingents/users/assistant", "bought for users with Assistant"),
    contingent("/licenses/contingents/users/interact", "bought for users with Interact"),
    contingent(
        "/licenses/contingents/users/transcription",
        "bought for users with Transcription, which includes Live Caption",
    ),
    contingent("/licenses/contingents/modalities/instantMessaging", "bought for users of Instant Messaging"),
    contingent("/licenses/contingents/modalities/externalTask", "bought for users of External Task"),
    contingent("/licenses/contingents/modalities/email", "bought for users of Email"),
];
