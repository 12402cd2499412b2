//! Every route of the platform: what it is for, what it takes and what it can answer.
//!
//! The router, the OpenAPI document and the planted faults all read this list.
use super::problem::Slug::{self, *};

/// What a route does; each is one function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    IssueToken,
    ListTenants,
    ListChanges,
    ReadCapabilities,
    ReadTenant,
    CreateTenant,
    PatchTenant,
    DeleteTenant,
    ClaimTenant,
    ReleaseTenant,
    ReadWidgetKey,
    RotateWidgetKey,
    SendTestMessage,
    ReadHealth,
    EditSettings,
    RunScript,
    SetAutoRun,
    PutClient,
    PlantFaults,
    ReadFaults,
    ClearFaults,
    ReadLog,
    ReadClock,
    AdvanceClock,
    StampTenant,
    LoseTenant,
    PutNormaliser,
    PutModalities,
    PutCaps,
    PutService,
    RemoveService,
    PutUser,
    PutInvitations,
    ReadMessages,
}

/// Where a parameter stands; those of the path are in the template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum In {
    Query,
    Header,
}

/// What a parameter holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Text,
    Flag,
    Number { min: i64, max: i64 },
    OneOf(&'static [&'static str]),
}

/// A query parameter or a header.
#[derive(Clone, Copy, Debug)]
pub(super) struct Parameter {
    pub name: &'static str,
    pub place: In,
    pub required: bool,
    pub holds: Holds,
    pub about: &'static str,
}

/// A route.
#[derive(Clone, Copy, Debug)]
pub(super) struct Route {
    pub method: &'static str,
    pub template: &'static str,
    pub operation: Operation,
    pub about: &'static str,
    pub parameters: &'static [Parameter],
    /// The schema of the body.
    pub request: Option<&'static str>,
    /// Good answers, with the schema of their body.
    pub answers: &'static [(u16, Option<&'static str>)],
    /// Refusals besides those that every route has.
    pub refuses: &'static [Slug],
}

impl Route {
    const fn new(
        method: &'static str,
        template: &'static str,
        operation: Operation,
        about: &'static str,
    ) -> Self {
        Self {
            method,
            template,
            operation,
            about,
            parameters: &[],
            request: None,
            answers: &[],
            refuses: &[],
        }
    }

    const fn takes(self, parameters: &'static [Parameter]) -> Self {
        Self { parameters, ..self }
    }

    const fn body(self, schema: &'static str) -> Self {
        Self {
            request: Some(schema),
            ..self
        }
    }

    const fn answers(self, answers: &'static [(u16, Option<&'static str>)]) -> Self {
        Self { answers, ..self }
    }

    const fn refuses(self, refuses: &'static [Slug]) -> Self {
        Self { refuses, ..self }
    }

    /// True for a route of the admin API and its token endpoint: what the log holds and where faults strike.
    pub(super) fn is_logged(&self) -> bool {
        is_logged(self.template)
    }

    /// True for a route that asks for a token.
    pub(super) fn is_admin(&self) -> bool {
        self.template.starts_with("/v1/")
    }
}

/// True if the log holds requests to this path.
pub(super) fn is_logged(path: &str) -> bool {
    path.starts_with("/v1/") || path.starts_with("/oauth2/")
}

const fn query(name: &'static str, holds: Holds, about: &'static str) -> Parameter {
    Parameter {
        name,
        place: In::Query,
        required: false,
        holds,
        about,
    }
}

const OWNER: Parameter = Parameter {
    name: "Nimbus-Owner",
    place: In::Header,
    required: false,
    holds: Holds::Text,
    about: "stamp of the writer, `<clusterId>/<namespace>/<name>`; without it only a tenant without owner is written",
};
const CLAIMED_OWNER: Parameter = Parameter {
    required: true,
    about: "stamp to put on the tenant",
    ..OWNER
};
const SETTINGS_VERSION: Parameter = Parameter {
    name: "Nimbus-Settings-Version",
    place: In::Header,
    required: true,
    holds: Holds::Text,
    about: "the `settingsVersion` on which the patch was made",
};
const IF_NONE_MATCH: Parameter = Parameter {
    name: "If-None-Match",
    place: In::Header,
    required: false,
    holds: Holds::Text,
    about: "an entity tag; 304 if it still holds",
};
const FIELDS: Parameter = query(
    "fields",
    Holds::Text,
    "comma-separated: id, settingsVersion, runtimeVersion (these by default), owner, lastOwner",
);
const LIMIT: Parameter = query(
    "limit",
    Holds::Number {
        min: 1,
        max: super::lists::LIMIT,
    },
    "items on a page",
);
const CURSOR: Parameter = query("cursor", Holds::Text, "`nextCursor` of the page before");
const AFTER: Parameter = query(
    "after",
    Holds::Text,
    "`cursor` of the answer before; absent: from now",
);
const WAIT: Parameter = query(
    "wait",
    Holds::Number {
        min: 0,
        max: super::lists::WAIT,
    },
    "seconds to wait while there is nothing to tell",
);
const RECREATE: Parameter = query(
    "recreate",
    Holds::Text,
    "`deletionId` of the tombstone to build over",
);
const CONFIRM: Parameter = query("confirm", Holds::Text, "`YES`, or the tenant stays");
const AS: Parameter = query(
    "as",
    Holds::OneOf(&super::roles::Role::NAMES),
    "role of the person; system by default",
);
const PLANT: Parameter = query(
    "plant",
    Holds::Flag,
    "keep members that the table does not know",
);
const LOG_AFTER: Parameter = query(
    "after",
    Holds::Number {
        min: 0,
        max: i64::MAX,
    },
    "entries after this `seq`",
);

const TENANT: &[(u16, Option<&str>)] = &[(200, Some("Tenant"))];
const NOTHING: &[(u16, Option<&str>)] = &[(204, None)];
const GONE: &[Slug] = &[TenantNotFound, TenantDeleted];
const TRIGGER: &[Slug] = &[
    TenantNotFound,
    TenantDeleted,
    TenantDeleting,
    OwnedByOther,
    SectionOff,
    UnsupportedMediaType,
    InvalidRequest,
];
const BODY: &[Slug] = &[UnsupportedMediaType, InvalidRequest];
const PLANTED: &[Slug] = &[TenantNotFound, UnsupportedMediaType, InvalidRequest];

/// All of them.
pub(super) static ROUTES: &[Route] = &[
    Route::new(
        "POST",
        "/oauth2/v2.0/token",
        Operation::IssueToken,
        "Issue a token (client credentials)",
    )
    .body("TokenRequest")
    .answers(&[
        (200, Some("Token")),
        (400, Some("TokenError")),
        (401, Some("TokenError")),
    ]),
    Route::new(
        "GET",
        "/v1/capabilities",
        Operation::ReadCapabilities,
        "Tell what this client may write",
    )
    .answers(&[(200, Some("Capabilities"))]),
    Route::new(
        "GET",
        "/v1/changes",
        Operation::ListChanges,
        "Tell which tenants changed",
    )
    .takes(&[AFTER, WAIT])
    .answers(&[(200, Some("Changes"))])
    .refuses(&[CursorExpired]),
    Route::new(
        "GET",
        "/v1/tenants",
        Operation::ListTenants,
        "List tenants with their versions",
    )
    .takes(&[FIELDS, LIMIT, CURSOR, IF_NONE_MATCH])
    .answers(&[(200, Some("Tenants")), (304, None)]),
    Route::new(
        "GET",
        "/v1/tenants/{id}",
        Operation::ReadTenant,
        "Read everything about a tenant",
    )
    .takes(&[IF_NONE_MATCH])
    .answers(&[(200, Some("Tenant")), (304, None)])
    .refuses(GONE),
    Route::new(
        "PUT",
        "/v1/tenants/{id}",
        Operation::CreateTenant,
        "Create a tenant, once",
    )
    .takes(&[OWNER, RECREATE])
    .body("TenantCreation")
    .answers(&[(201, Some("Tenant"))])
    .refuses(&[
        FieldNotPermitted,
        TenantDeleted,
        TenantDeleting,
        TenantExists,
        UnsupportedMediaType,
        InvalidSettings,
        InvalidRequest,
    ]),
    Route::new(
        "PATCH",
        "/v1/tenants/{id}",
        Operation::PatchTenant,
        "Merge a patch into the settings, all or nothing",
    )
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
    Route::new(
        "DELETE",
        "/v1/tenants/{id}",
        Operation::DeleteTenant,
        "Begin the deletion of a tenant, for good",
    )
    .takes(&[OWNER, CONFIRM])
    .answers(&[(202, Some("Tenant"))])
    .refuses(&[
        TenantNotFound,
        TenantDeleted,
        OwnedByOther,
        ConfirmationRequired,
    ]),
    Route::new(
        "PUT",
        "/v1/tenants/{id}/owner",
        Operation::ClaimTenant,
        "Stamp a tenant that has no stamp",
    )
    .takes(&[CLAIMED_OWNER])
    .answers(TENANT)
    .refuses(&[TenantNotFound, TenantDeleted, TenantDeleting, OwnedByOther]),
    Route::new(
        "DELETE",
        "/v1/tenants/{id}/owner",
        Operation::ReleaseTenant,
        "Take the own stamp off; `lastOwner` keeps it",
    )
    .takes(&[OWNER])
    .answers(TENANT)
    .refuses(&[TenantNotFound, TenantDeleted, OwnedByOther]),
    Route::new(
        "GET",
        "/v1/tenants/{id}/widget-key",
        Operation::ReadWidgetKey,
        "Read the widget key",
    )
    .answers(&[(200, Some("WidgetKey"))])
    .refuses(&[TenantNotFound, TenantDeleted, WidgetKeyNotSet]),
    Route::new(
        "POST",
        "/v1/tenants/{id}/widget-key/rotate",
        Operation::RotateWidgetKey,
        "Make a new widget key, once per token",
    )
    .takes(&[OWNER])
    .body("Rotation")
    .answers(&[(200, Some("TriggerOutcome"))])
    .refuses(TRIGGER),
    Route::new(
        "POST",
        "/v1/tenants/{id}/instant-messaging/test",
        Operation::SendTestMessage,
        "Send a test message, once per token",
    )
    .takes(&[OWNER])
    .body("TestMessage")
    .answers(&[(200, Some("TriggerOutcome"))])
    .refuses(&[
        TenantNotFound,
        TenantDeleted,
        TenantDeleting,
        OwnedByOther,
        SectionOff,
        InvitationPending,
        UnsupportedMediaType,
        InvalidRequest,
    ]),
    Route::new(
        "GET",
        "/healthz",
        Operation::ReadHealth,
        "Tell that the platform is up",
    )
    .answers(&[(200, Some("Health"))]),
    Route::new(
        "PATCH",
        "/sandbox/tenants/{id}/settings",
        Operation::EditSettings,
        "Edit settings in the UI as a role",
    )
    .takes(&[AS, PLANT])
    .body("UiEdit")
    .answers(TENANT)
    .refuses(&[
        FieldNotPermitted,
        TenantNotFound,
        TenantDeleting,
        UnsupportedMediaType,
        InvalidSettings,
    ]),
    Route::new(
        "POST",
        "/sandbox/tenants/{id}/script/run",
        Operation::RunScript,
        "Run the provisioning script",
    )
    .answers(&[(200, Some("ScriptRun"))])
    .refuses(&[TenantNotFound]),
    Route::new(
        "PUT",
        "/sandbox/auto-run",
        Operation::SetAutoRun,
        "Run the script after each change, at once",
    )
    .body("AutoRun")
    .answers(&[(200, Some("AutoRun"))])
    .refuses(BODY),
    Route::new(
        "PUT",
        "/sandbox/clients",
        Operation::PutClient,
        "Add a client or change members of one",
    )
    .body("ClientChange")
    .answers(&[(200, Some("Client"))])
    .refuses(BODY),
    Route::new(
        "POST",
        "/sandbox/faults",
        Operation::PlantFaults,
        "Plant faults",
    )
    .body("FaultsToPlant")
    .answers(&[(201, Some("Faults"))])
    .refuses(BODY),
    Route::new(
        "GET",
        "/sandbox/faults",
        Operation::ReadFaults,
        "List the planted faults and how often they struck",
    )
    .answers(&[(200, Some("Faults"))]),
    Route::new(
        "DELETE",
        "/sandbox/faults",
        Operation::ClearFaults,
        "Remove all faults",
    )
    .answers(NOTHING),
    Route::new(
        "GET",
        "/sandbox/log",
        Operation::ReadLog,
        "Read what reached the admin API, in order",
    )
    .takes(&[LOG_AFTER])
    .answers(&[(200, Some("Log"))]),
    Route::new(
        "GET",
        "/sandbox/clock",
        Operation::ReadClock,
        "Read the virtual clock",
    )
    .answers(&[(200, Some("Clock"))]),
    Route::new(
        "POST",
        "/sandbox/clock",
        Operation::AdvanceClock,
        "Move the virtual clock forward",
    )
    .body("ClockAdvance")
    .answers(&[(200, Some("Clock"))])
    .refuses(BODY),
    Route::new(
        "PUT",
        "/sandbox/tenants/{id}/stamp",
        Operation::StampTenant,
        "Plant stamps of somebody else",
    )
    .body("Stamp")
    .answers(TENANT)
    .refuses(PLANTED),
    Route::new(
        "DELETE",
        "/sandbox/tenants/{id}",
        Operation::LoseTenant,
        "Lose a tenant without a tombstone",
    )
    .answers(NOTHING)
    .refuses(&[TenantNotFound]),
    Route::new(
        "PUT",
        "/sandbox/tenants/{id}/normaliser",
        Operation::PutNormaliser,
        "Accept a value and ignore or rewrite it",
    )
    .body("Normaliser")
    .answers(&[(200, Some("Normaliser"))])
    .refuses(PLANTED),
    Route::new(
        "PUT",
        "/sandbox/tenants/{id}/modalities",
        Operation::PutModalities,
        "Choose the modalities of a tenant",
    )
    .body("Modalities")
    .answers(TENANT)
    .refuses(PLANTED),
    Route::new(
        "PUT",
        "/sandbox/tenants/{id}/caps",
        Operation::PutCaps,
        "Cap limits as the vendor does",
    )
    .body("Caps")
    .answers(TENANT)
    .refuses(PLANTED),
    Route::new(
        "PUT",
        "/sandbox/tenants/{id}/services/{service}",
        Operation::PutService,
        "Provision or change a service",
    )
    .body("Service")
    .answers(NOTHING)
    .refuses(&[
        TenantNotFound,
        TenantDeleting,
        UnsupportedMediaType,
        InvalidRequest,
    ]),
    Route::new(
        "DELETE",
        "/sandbox/tenants/{id}/services/{service}",
        Operation::RemoveService,
        "Take a service out of service",
    )
    .answers(NOTHING)
    .refuses(&[TenantNotFound]),
    Route::new(
        "PUT",
        "/sandbox/tenants/{id}/users/{user}",
        Operation::PutUser,
        "Set the licences of a user",
    )
    .body("User")
    .answers(NOTHING)
    .refuses(PLANTED),
    Route::new(
        "PUT",
        "/sandbox/tenants/{id}/invitations",
        Operation::PutInvitations,
        "Accept the invitations of the guest accounts",
    )
    .body("Invitations")
    .answers(NOTHING)
    .refuses(PLANTED),
    Route::new(
        "GET",
        "/sandbox/tenants/{id}/messages",
        Operation::ReadMessages,
        "List the test messages that arrived",
    )
    .answers(&[(200, Some("Messages"))]),
];
