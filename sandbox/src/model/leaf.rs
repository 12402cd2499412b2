//! The types of a row: what a leaf accepts, who may change it, when it is required.
use serde_json::{Value, json};

use super::roles::Role;
use super::version;

/// Who may change a leaf; each includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Authority {
    /// Everyone, including restricted tenant administrators.
    NonTechnical,
    Tenant,
    Partner,
    /// System administrators only.
    System,
}

impl Authority {
    /// True if a client with this role may write the leaf.
    pub(crate) fn admits(self, role: Role) -> bool {
        match self {
            Self::NonTechnical | Self::Tenant => true,
            Self::Partner => role != Role::Tenant,
            Self::System => role == Role::System,
        }
    }
}

/// Formats of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// 8-4-4-4-12 hexadecimal digits, not all zero; kept in lower case.
    Guid,
    /// A DNS name with at least one dot; kept in lower case.
    Domain,
    /// One address, also the sign-in name of an account.
    Email,
    /// E.164 with the plus sign.
    Phone,
    /// `sip:user@host`; accepted without its scheme, kept with it.
    Sip,
    /// ISO 3166-1 alpha-2.
    Country,
    /// `root` or the GUID of an organization unit.
    OrganizationUnit,
    /// The id of a partner on this platform.
    Partner,
}

/// The values that a leaf accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Toggle,
    /// An integer; without a `max` only the type bounds it.
    Number {
        min: i64,
        max: Option<i64>,
    },
    /// One of these values.
    Choice(&'static [&'static str]),
    /// Free text of at most so many characters.
    Text {
        max: usize,
    },
    /// Text in a fixed format.
    Formatted(Format),
    /// The tenant id, which never changes.
    Identity,
    /// An ACS connection string: written, never shown.
    Sealed,
    /// Counts by name, each zero or more.
    Counts,
}

/// The default of a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DefaultValue {
    /// No value, which reads as null.
    Nothing,
    Toggle(bool),
    Number(i64),
    Text(&'static str),
}

/// When a write that leaves a leaf without a value is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Required {
    Never,
    AtCreation,
    /// While every switch above the leaf is on.
    WhenOn,
}

/// Which changes of a leaf the provisioning script must push, and the name of the pending change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Script {
    Never,
    /// Only from false to true.
    SwitchedOn(&'static str),
    Changed(&'static str),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Leaf {
    /// RFC 6901, into `settings`.
    pub pointer: &'static str,
    pub kind: Kind,
    pub authority: Authority,
    pub default_value: DefaultValue,
    /// True if null in a PATCH removes the value.
    pub clearable: bool,
    /// Pointers of the toggles that hide the leaf while one of them is off.
    pub switches: &'static [&'static str],
    pub required: Required,
    pub script: Script,
    /// What the leaf does, for the OpenAPI document.
    pub about: &'static str,
}

impl Leaf {
    pub(crate) const fn new(pointer: &'static str, kind: Kind, authority: Authority, about: &'static str) -> Self {
        Self {
            pointer,
            kind,
            authority,
            default_value: DefaultValue::Nothing,
            clearable: false,
            switches: &[],
            required: Required::Never,
            script: Script::Never,
            about,
        }
    }

    pub(crate) const fn default_value(self, default_value: DefaultValue) -> Self {
        Self { default_value, ..self }
    }

    pub(crate) const fn clearable(self) -> Self {
        Self { clearable: true, ..self }
    }

    pub(crate) const fn under(self, switches: &'static [&'static str]) -> Self {
        Self { switches, ..self }
    }

    pub(crate) const fn required(self, required: Required) -> Self {
        Self { required, ..self }
    }

    pub(crate) const fn script(self, script: Script) -> Self {
        Self { script, ..self }
    }

    /// The value that a new tenant `id` has here.
    pub(crate) fn initial(&self, id: &str) -> Value {
        match (self.kind, self.default_value) {
            (Kind::Identity, _) => json!(id),
            (Kind::Sealed, _) => json!({"set": false, "version": version::UNSET}),
            (Kind::Counts, _) => json!({}),
            (_, DefaultValue::Nothing) => Value::Null,
            (_, DefaultValue::Toggle(on)) => json!(on),
            (_, DefaultValue::Number(number)) => json!(number),
            (_, DefaultValue::Text(text)) => json!(text),
        }
    }

    /// True if a reader can find null here.
    pub(crate) fn may_be_empty(&self) -> bool {
        self.default_value == DefaultValue::Nothing
            && self.required != Required::AtCreation
            && !matches!(self.kind, Kind::Identity | Kind::Sealed | Kind::Counts)
    }
}

/// A boolean that is off by default.
pub(crate) const fn toggle(pointer: &'static str, authority: Authority, about: &'static str) -> Leaf {
    Leaf::new(pointer, Kind::Toggle, authority, about).default_value(DefaultValue::Toggle(false))
}

/// Clearable free text.
pub(crate) const fn text(pointer: &'static str, authority: Authority, about: &'static str) -> Leaf {
    Leaf::new(pointer, Kind::Text { max: 256 }, authority, about).clearable()
}

/// Text in a fixed format.
pub(crate) const fn formatted(
    pointer: &'static str,
    format: Format,
    authority: Authority,
    about: &'static str,
) -> Leaf {
    Leaf::new(pointer, Kind::Formatted(format), authority, about)
}

/// One of these values.
pub(crate) const fn choice(
    pointer: &'static str,
    names: &'static [&'static str],
    authority: Authority,
    about: &'static str,
) -> Leaf {
    Leaf::new(pointer, Kind::Choice(names), authority, about)
}

/// A connection string that is required while its switches are on.
pub(crate) const fn sealed(pointer: &'static str, switches: &'static [&'static str], about: &'static str) -> Leaf {
    Leaf::new(pointer, Kind::Sealed, Authority::Tenant, about).under(switches).required(Required::WhenOn)
}

/// A number of at least one.
pub(crate) const fn limit(pointer: &'static str, max: i64, default: i64, about: &'static str) -> Leaf {
    let kind = Kind::Number { min: 1, max: Some(max) };
    Leaf::new(pointer, kind, Authority::Tenant, about).default_value(DefaultValue::Number(default))
}

/// A number of bought licenses.
pub(crate) const fn contingent(pointer: &'static str, about: &'static str) -> Leaf {
    Leaf::new(pointer, Kind::Number { min: 0, max: None }, Authority::System, about)
        .default_value(DefaultValue::Number(0))
}
