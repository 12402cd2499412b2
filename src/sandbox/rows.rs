//! The settings of the Tenant Administration view, tab by tab: data only.
//!
//! The authority letters are a reading of the vendor's manual: N everybody, T tenant administrators, P partner
//! administrators, S system administrators. No platform default is invented where none is published.
use super::table::Authority::{NonTechnical as N, Partner as P, System as S, Tenant as T};
use super::table::{Format, Kind, Leaf, Preset, Required, Script};

const OFF: Preset = Preset::Toggle(false);
const NAME: Kind = Kind::Text { max: 256 };
const COUNT: Kind = number(0, None);

/// Pointers of the toggles that hide what is under them.
pub(super) const INTERACT_ENABLED: &str = "/extensions/interact/enabled";
pub(super) const INSTANT_MESSAGING_ENABLED: &str = "/modalities/instantMessaging/enabled";
const ASSISTANT_OWN_ACS: &str = "/extensions/assistant/useOwnAcsInstance";
const INSTANT_MESSAGING_OWN_ACS: &str = "/modalities/instantMessaging/useOwnAcsInstance";

const INTERACT: &[&str] = &[INTERACT_ENABLED];
const ASSISTANT: &[&str] = &[ASSISTANT_OWN_ACS];
const INSTANT_MESSAGING: &[&str] = &[INSTANT_MESSAGING_ENABLED];
const INSTANT_MESSAGING_ACS: &[&str] = &[INSTANT_MESSAGING_ENABLED, INSTANT_MESSAGING_OWN_ACS];

/// Pointers that a rule of the platform names.
pub(super) const PARTNER: &str = "/partner/partnerId";
pub(super) const PRIMARY_ACCOUNT: &str = "/modalities/instantMessaging/primaryAccount";
pub(super) const SECONDARY_ACCOUNT: &str = "/modalities/instantMessaging/secondaryAccount";

const fn number(min: i64, max: Option<i64>) -> Kind {
    Kind::Number { min, max }
}

const fn formatted(format: Format) -> Kind {
    Kind::Formatted(format)
}

const fn toggle(
    pointer: &'static str,
    authority: super::table::Authority,
    about: &'static str,
) -> Leaf {
    Leaf::new(pointer, Kind::Toggle, authority, about).preset(OFF)
}

const fn contingent(pointer: &'static str, about: &'static str) -> Leaf {
    Leaf::new(pointer, COUNT, S, about).preset(Preset::Number(0))
}

const fn limit(pointer: &'static str, max: i64, default: i64, about: &'static str) -> Leaf {
    Leaf::new(pointer, number(1, Some(max)), T, about).preset(Preset::Number(default))
}

/// Every leaf of `settings`.
pub(super) static LEAVES: &[Leaf] = &[
    // General
    Leaf::new("/general/name", NAME, P, "name in the tenant list").required(Required::AtCreation),
    Leaf::new(
        "/general/o365Domain",
        formatted(Format::Domain),
        P,
        "domain that the tenant is under",
    )
    .required(Required::AtCreation),
    Leaf::new(
        "/general/tenantId",
        Kind::Identity,
        P,
        "Entra tenant id, always the id of the tenant",
    ),
    Leaf::new("/general/companyName", NAME, N, "company behind the tenant").clearable(),
    Leaf::new("/general/division", NAME, N, "division of the company").clearable(),
    Leaf::new(
        "/general/partnerAdministrationGroupId",
        formatted(Format::Guid),
        S,
        "security group, in the partner's Entra tenant, whose members are partner administrators",
    )
    .clearable(),
    Leaf::new(
        "/general/tenantAdministrationGroupId",
        formatted(Format::Guid),
        P,
        "security group whose members are tenant administrators",
    )
    .clearable(),
    Leaf::new(
        "/general/crmId",
        NAME,
        P,
        "id in the vendor's customer management",
    )
    .clearable(),
    Leaf::new(
        "/general/billingAddress/street1",
        NAME,
        N,
        "first line of the street",
    )
    .clearable(),
    Leaf::new(
        "/general/billingAddress/street2",
        NAME,
        N,
        "second line of the street",
    )
    .clearable(),
    Leaf::new(
        "/general/billingAddress/zipCode",
        Kind::Text { max: 32 },
        N,
        "postal code",
    )
    .clearable(),
    Leaf::new("/general/billingAddress/city", NAME, N, "city").clearable(),
    Leaf::new(
        "/general/billingAddress/country",
        formatted(Format::Country),
        N,
        "country of the bill; says nothing about where data is kept",
    )
    .clearable(),
    // Contact
    Leaf::new("/contact/name", NAME, N, "technical contact").clearable(),
    Leaf::new(
        "/contact/email",
        formatted(Format::Email),
        N,
        "its e-mail address",
    )
    .clearable(),
    Leaf::new(
        "/contact/phone",
        formatted(Format::Phone),
        N,
        "its phone number, E.164",
    )
    .clearable(),
    Leaf::new(
        "/contact/sipAddress",
        formatted(Format::Sip),
        N,
        "its SIP address",
    )
    .clearable(),
    // Partner
    Leaf::new(
        PARTNER,
        formatted(Format::Partner),
        S,
        "partner that looks after the tenant; a partner client creates tenants of its own only",
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
        "/dataPrivacy/persistUserStatesInReporting",
        T,
        "whether user states are recorded for reports; off closes what is open and keeps the past",
    ),
    toggle(
        "/dataPrivacy/showUserTimeInState",
        T,
        "whether views show the time in state",
    ),
    Leaf::new(
        "/dataPrivacy/dataRetentionMonths",
        number(1, None),
        S,
        "months after which historical data is purged, within 24 hours; no default is published",
    ),
    toggle(
        "/dataPrivacy/allowSharingPii",
        S,
        "whether user identifiers are personal data instead of pseudonyms",
    ),
    // Provisioning
    Leaf::new(
        "/provisioning/defaultOrganizationUnitId",
        formatted(Format::OrganizationUnit),
        T,
        "organization unit of new services: `root` or a GUID",
    )
    .preset(Preset::Text("root")),
    Leaf::new(
        "/provisioning/allowServiceProvisioningViaTeams",
        Kind::Choice(&[
            "Everyone",
            "TenantAndOrganizationUnitAdministrators",
            "TenantAdministrators",
            "NoOne",
        ]),
        T,
        "least role that provisions services from Microsoft Teams",
    )
    .preset(Preset::Text("Everyone")),
    Leaf::new(
        "/provisioning/defaultTeamOwnerRole",
        Kind::Choice(&["TeamOwner", "TeamOwnerLimited"]),
        T,
        "role of the owner of a future service provisioned from Microsoft Teams",
    )
    .preset(Preset::Text("TeamOwner")),
    toggle(
        "/provisioning/multihomingEnabled",
        S,
        "whether the tenant lives on several clusters",
    )
    .script(Script::Changed("multihoming-changed")),
    // Extensions
    limit(
        "/extensions/outbound/maxScheduledTasksPerService",
        50,
        20,
        "outbound tasks at once per service; beyond it a task is discarded with a flow error",
    ),
    toggle(
        "/extensions/outbound/directlyInvitePstn",
        S,
        "whether phone numbers join a group call directly",
    ),
    toggle(
        "/extensions/outbound/directlyInviteUpn",
        S,
        "whether users join a group call directly",
    ),
    toggle(
        INTERACT_ENABLED,
        T,
        "whether Interact reaches agents; the first time it makes the widget key",
    )
    .script(Script::SwitchedOn("interact-enabled")),
    Leaf::new(
        "/extensions/interact/acsConnectionString",
        Kind::Sealed,
        T,
        "connection string of Azure Communication Services for Interact",
    )
    .under(INTERACT)
    .required(Required::WhenOn),
    Leaf::new(
        "/extensions/interact/o365UserId",
        formatted(Format::Guid),
        T,
        "user on whose behalf meetings are created",
    )
    .under(INTERACT)
    .clearable(),
    Leaf::new(
        "/extensions/interact/sessionRecoveryTimeoutSeconds",
        number(5, Some(60)),
        T,
        "seconds until a closed session ends for good",
    )
    .under(INTERACT)
    .preset(Preset::Number(20)),
    Leaf::new(
        "/extensions/interact/authorization",
        Kind::Choice(&["None", "VerifyToken", "VerifyTokenAndTenant"]),
        T,
        "whether a session needs a token, and one of a certain tenant",
    )
    .under(INTERACT)
    .preset(Preset::Text("None")),
    toggle(
        ASSISTANT_OWN_ACS,
        T,
        "whether Assistant uses the tenant's own ACS instance",
    ),
    Leaf::new(
        "/extensions/assistant/acsConnectionString",
        Kind::Sealed,
        T,
        "connection string of Azure Communication Services for Assistant",
    )
    .under(ASSISTANT)
    .required(Required::WhenOn),
    toggle(
        "/extensions/attendantConsole/useNewDesign",
        T,
        "whether users may switch to the new design",
    ),
    toggle(
        "/extensions/attendantConsole/overwriteUserSettings",
        T,
        "whether the design chosen here holds for every user",
    ),
    Leaf::new(
        "/extensions/attendantConsole/globalContactSearchFilter",
        Kind::Text { max: 4096 },
        T,
        "Graph filter of the contact search; its syntax is not checked",
    )
    .clearable(),
    Leaf::new(
        "/extensions/attendantConsole/teamVisibility",
        Kind::Choice(&["HideMembers", "ShowOwnMembers", "ShowAllMembers"]),
        T,
        "whose members the search shows; no default is published",
    ),
    // Modalities
    toggle(INSTANT_MESSAGING_ENABLED, T, "whether users handle chats"),
    Leaf::new(
        PRIMARY_ACCOUNT,
        formatted(Format::Email),
        T,
        "guest account that is invited first",
    )
    .under(INSTANT_MESSAGING)
    .required(Required::WhenOn)
    .clearable(),
    Leaf::new(
        SECONDARY_ACCOUNT,
        formatted(Format::Email),
        T,
        "another guest account",
    )
    .under(INSTANT_MESSAGING)
    .clearable(),
    limit(
        "/modalities/instantMessaging/maxConcurrentTasksPerService",
        50,
        20,
        "chats at once per service; further ones wait",
    )
    .under(INSTANT_MESSAGING),
    toggle(
        INSTANT_MESSAGING_OWN_ACS,
        T,
        "whether chats use the tenant's own ACS instance",
    )
    .under(INSTANT_MESSAGING),
    Leaf::new(
        "/modalities/instantMessaging/acsConnectionString",
        Kind::Sealed,
        T,
        "connection string of Azure Communication Services for chats",
    )
    .under(INSTANT_MESSAGING_ACS)
    .required(Required::WhenOn),
    Leaf::new(
        "/modalities/instantMessaging/acsResourceId",
        formatted(Format::Guid),
        T,
        "immutable resource id of the ACS instance",
    )
    .under(INSTANT_MESSAGING_ACS)
    .required(Required::WhenOn)
    .clearable(),
    limit(
        "/modalities/externalTask/maxConcurrentTasksPerService",
        50,
        20,
        "external tasks at once per service; beyond it a task is discarded with a flow error",
    ),
    limit(
        "/modalities/email/maxConcurrentTasksPerService",
        200,
        50,
        "e-mail tasks at once per service; further ones wait",
    ),
    // Licenses
    Leaf::new(
        "/licenses/tenantState",
        Kind::Choice(&["Active", "Trial", "Suspended", "Expired", "Canceled", "Lab"]),
        S,
        "state of the subscription; a new tenant starts in trial",
    )
    .preset(Preset::Text("Trial")),
    contingent(
        "/licenses/contingents/services/advancedRouting",
        "bought for services with Advanced Routing",
    ),
    contingent(
        "/licenses/contingents/services/enterpriseRouting",
        "bought for services with Enterprise Routing",
    ),
    contingent(
        "/licenses/contingents/services/contactCenter",
        "bought for services with Contact Center",
    ),
    Leaf::new(
        "/licenses/contingents/services/features",
        Kind::Counts,
        S,
        "bought per feature of services",
    ),
    contingent(
        "/licenses/contingents/users/contactCenter",
        "bought for users with Contact Center",
    ),
    contingent(
        "/licenses/contingents/users/attendantConsole",
        "bought for users with Attendant Console",
    ),
    contingent(
        "/licenses/contingents/users/assistant",
        "bought for users with Assistant",
    ),
    contingent(
        "/licenses/contingents/users/interact",
        "bought for users with Interact",
    ),
    contingent(
        "/licenses/contingents/users/transcription",
        "bought for users with Transcription, which includes Live Caption",
    ),
    contingent(
        "/licenses/contingents/modalities/instantMessaging",
        "bought for users of Instant Messaging",
    ),
    contingent(
        "/licenses/contingents/modalities/externalTask",
        "bought for users of External Task",
    ),
    contingent(
        "/licenses/contingents/modalities/email",
        "bought for users of Email",
    ),
];
