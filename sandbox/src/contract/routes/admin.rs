//! The routes of the admin API and its token endpoint.
use crate::contract::route::{Api, Holds, In, Operation, Parameter, Route, TENANT, query};
use crate::model::problem::Slug::{self, *};

const OWNER: Parameter = Parameter {
    name: "Nimbus-Owner",
    place: In::Header,
    required: false,
    // Visible ASCII between the slashes, as in any header.
    holds: Holds::Pattern("^[!-.0-~]+/[!-.0-~]+/[!-.0-~]+$"),
    about: "Stamp of the writer, `<clusterId>/<namespace>/<name>` of at most 512 characters; without it only a tenant without an owner can be written",
};
const CLAIMED_OWNER: Parameter = Parameter { required: true, about: "Stamp to set on the tenant", ..OWNER };
const EXPECTED_OWNER: Parameter = Parameter {
    name: "Nimbus-Expected-Owner",
    place: In::Header,
    required: true,
    holds: Holds::Pattern("^(none|[!-.0-~]+/[!-.0-~]+/[!-.0-~]+)$"),
    about: "The stamp that was seen, or `none`",
};
const SETTINGS_VERSION: Parameter = Parameter {
    name: "Nimbus-Settings-Version",
    place: In::Header,
    required: true,
    holds: Holds::Text,
    about: "The `settingsVersion` that the patch is based on",
};
const SEEN_VERSION: Parameter = Parameter {
    required: false,
    about: "The `settingsVersion` that was seen: the request is refused if it is another by now",
    ..SETTINGS_VERSION
};
const IF_NONE_MATCH: Parameter = Parameter {
    name: "If-None-Match",
    place: In::Header,
    required: false,
    holds: Holds::Text,
    about: "Entity tag; 304 if it is current",
};
const FIELDS: Parameter = query(
    "fields",
    Holds::Pattern(
        "^(id|settingsVersion|runtimeVersion|owner|lastOwner)(,(id|settingsVersion|runtimeVersion|owner|lastOwner))*$",
    ),
    "Comma-separated: id, settingsVersion, runtimeVersion (these by default), owner, lastOwner",
);
const LIMIT: Parameter = query("limit", Holds::Number { min: 1, max: crate::api::lists::LIMIT }, "Items on a page");
const CURSOR: Parameter = query("cursor", Holds::Text, "`nextCursor` of the previous page");
const AFTER: Parameter = query("after", Holds::Text, "`cursor` of the previous answer; absent: from now");
const WAIT: Parameter =
    query("wait", Holds::Number { min: 0, max: crate::api::lists::WAIT }, "Seconds to wait for a change");
const RECREATE: Parameter = query("recreate", Holds::Text, "`deletionId` of the tombstone to replace");
const CONFIRM: Parameter = Parameter { required: true, ..query("confirm", Holds::OneOf(&["YES"]), "Must be `YES`") };
const GONE: &[Slug] = &[TenantNotFound, TenantDeleted];
const TRIGGER: &[Slug] = &[
    TenantNotFound,
    TenantDeleted,
    TenantDeleting,
    OwnedByOther,
    SectionOff,
    SettingsChanged,
    UnsupportedMediaType,
    InvalidRequest,
];

const fn route(method: &'static str, template: &'static str, operation: Api, about: &'static str) -> Route {
    Route::new(method, template, Operation::Api(operation), about)
}

/// In the order of the document.
pub(super) static ROUTES: &[Route] = &[
    route("POST", "/oauth2/v2.0/token", Api::IssueToken, "Issue a token (client credentials)")
        .body("TokenRequest")
        .answers(&[(200, Some("Token")), (400, Some("TokenError")), (401, Some("TokenError"))]),
    route("GET", "/v1/capabilities", Api::ReadCapabilities, "Read what this client may write")
        .answers(&[(200, Some("Capabilities"))]),
    route("GET", "/v1/changes", Api::ListChanges, "List the tenants that changed")
        .takes(&[AFTER, WAIT])
        .answers(&[(200, Some("Changes"))])
        .refuses(&[CursorExpired]),
    route("GET", "/v1/tenants", Api::ListTenants, "List tenants with their versions")
        .takes(&[FIELDS, LIMIT, CURSOR, IF_NONE_MATCH])
        .answers(&[(200, Some("Tenants")), (304, None)]),
    route("GET", "/v1/tenants/{id}", Api::ReadTenant, "Read everything about a tenant")
        .takes(&[IF_NONE_MATCH])
        .answers(&[(200, Some("Tenant")), (304, None)])
        .refuses(GONE),
    route("PUT", "/v1/tenants/{id}", Api::CreateTenant, "Create a tenant")
        .takes(&[OWNER, RECREATE])
        .body("TenantCreation")
        .answers(&[(201, Some("Tenant"))])
        .refuses(&[
            FieldNotPermitted,
            TenantDeleted,
            TenantExists,
            UnsupportedMediaType,
            InvalidSettings,
            InvalidRequest,
        ]),
    route("PATCH", "/v1/tenants/{id}", Api::PatchTenant, "Merge a patch into the settings, all or nothing")
        .takes(&[OWNER, SETTINGS_VERSION])
        .body("TenantPatch")
        .answers(TENANT)
        .refuses(&[
            FieldNotPermitted,
            TenantNotFound,
            TenantDeleted,
            TenantDeleting,
            OwnedByOther,
            SettingsChanged,
            UnsupportedMediaType,
            InvalidSettings,
            SettingsVersionRequired,
        ]),
    route("DELETE", "/v1/tenants/{id}", Api::DeleteTenant, "Start the irreversible deletion of a tenant")
        .takes(&[OWNER, CONFIRM, SEEN_VERSION])
        .answers(&[(202, Some("Tenant"))])
        .refuses(&[TenantNotFound, TenantDeleted, OwnedByOther, SettingsChanged, ConfirmationRequired]),
    route("PUT", "/v1/tenants/{id}/owner", Api::ClaimTenant, "Set the owner stamp of a tenant")
        .takes(&[CLAIMED_OWNER, EXPECTED_OWNER, SEEN_VERSION])
        .answers(TENANT)
        .refuses(&[
            TenantNotFound,
            TenantDeleted,
            TenantDeleting,
            OwnedByOther,
            OwnerChanged,
            SettingsChanged,
            ExpectedOwnerRequired,
        ]),
    route("DELETE", "/v1/tenants/{id}/owner", Api::ReleaseTenant, "Remove the own stamp; `lastOwner` keeps it")
        .takes(&[OWNER, EXPECTED_OWNER])
        .answers(TENANT)
        .refuses(&[TenantNotFound, TenantDeleted, OwnedByOther, OwnerChanged, ExpectedOwnerRequired]),
    route("GET", "/v1/tenants/{id}/widget-key", Api::ReadWidgetKey, "Read the widget key")
        .answers(&[(200, Some("WidgetKey"))])
        .refuses(&[TenantNotFound, TenantDeleted, WidgetKeyNotSet]),
    route(
        "POST",
        "/v1/tenants/{id}/widget-key/rotate",
        Api::RotateWidgetKey,
        "Create a new widget key, once per token",
    )
    .takes(&[OWNER, SEEN_VERSION])
    .body("Rotation")
    .answers(&[(200, Some("TriggerOutcome"))])
    .refuses(TRIGGER),
    route(
        "POST",
        "/v1/tenants/{id}/instant-messaging/test",
        Api::SendTestMessage,
        "Send a test message, once per token",
    )
    .takes(&[OWNER, SEEN_VERSION])
    .body("TestMessage")
    .answers(&[(200, Some("TriggerOutcome"))])
    .refuses(&[
        TenantNotFound,
        TenantDeleted,
        TenantDeleting,
        OwnedByOther,
        SectionOff,
        InvitationPending,
        SettingsChanged,
        UnsupportedMediaType,
        InvalidRequest,
    ]),
];
