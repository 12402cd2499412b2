//! What a command has to say about a place in a file.

/// A place in a text, both counted from 1. A column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character in it.
    pub column: usize,
}

impl Position {
    /// The beginning of a text.
    pub const START: Self = Self { line: 1, column: 1 };
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The file must not be applied.
    Error,
    /// The file can be applied, and likely does not say what is meant.
    Warning,
}

impl Severity {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

macro_rules! rules {
    ($($name:ident $id:literal $severity:ident $text:literal;)*) => {
        /// The kind of a finding.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rule {
            $(#[doc = $text] $name,)*
        }

        impl Rule {
            /// All of them, in the order of their IDs.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name for machines, which does not change.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$name => $id,)* }
            }

            /// What it is about.
            pub const fn describe(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// How grave it is.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }
        }
    };
}

rules! {
    FileUnreadable "file-unreadable" Error "A file or folder cannot be read as text.";
    FileLink "file-link" Error "A symbolic link leads out of the folder, or to nothing.";
    FileEmpty "file-empty" Error "There is no Tenant, Platform or Partner in the input.";
    YamlSyntax "yaml-syntax" Error "The text is not YAML.";
    YamlTemplate "yaml-template" Error "The text is a template and has to be rendered first.";
    YamlDuplicateKey "yaml-duplicate-key" Error "A key is given twice in one object; programs differ in which one counts.";
    YamlType "yaml-type" Error "YAML reads a value without quotes as another type than the field has.";
    YamlSpelling "yaml-spelling" Warning "Programs differ in how they read this spelling of a value.";
    ObjectKind "object-kind" Error "The kind or version of an object is not known.";
    ObjectMetadata "object-metadata" Error "The name, the namespace, a label or an annotation is not allowed.";
    ObjectIgnored "object-ignored" Warning "The API server ignores a part of the object.";
    SchemaUnknownField "schema-unknown-field" Error "The schema has no such field.";
    SchemaRequired "schema-required" Error "A required field is missing.";
    SchemaType "schema-type" Error "A value has another type than its field.";
    SchemaNull "schema-null" Error "A field has no value; server-side apply refuses it.";
    SchemaEnum "schema-enum" Error "A value is none of the words that the field allows.";
    SchemaBounds "schema-bounds" Error "A number, a length or a count is out of bounds, or an item is given twice.";
    SchemaRule "schema-rule" Error "A rule of the CRD refuses the value.";
    SpecInvalid "spec-invalid" Error "The operator refuses what the spec says, on any platform.";
    SpecIncomplete "spec-incomplete" Warning "A setting is needed unless the platform has it already.";
    FleetDuplicateObject "fleet-duplicate-object" Warning "Two documents describe the same object; the last one applied counts.";
    FleetDuplicateTenant "fleet-duplicate-tenant" Warning "Two Tenants have one tenantId; only the first to claim the tenant manages it.";
}

/// What is to be said about one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Its kind.
    pub rule: Rule,
    /// Where it is.
    pub at: Position,
    /// The field, as the API server writes it; empty where it is about none.
    pub path: String,
    /// What is wrong, to follow the path.
    pub message: String,
    /// What to do about it.
    pub cure: Option<String>,
}

impl Finding {
    /// A finding without a cure.
    pub fn new(rule: Rule, at: Position, path: &str, message: impl Into<String>) -> Self {
        Self { rule, at, path: path.to_owned(), message: message.into(), cure: None }
    }

    /// The same with a cure.
    pub fn cured_by(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }

    /// Path, message and cure as one line.
    pub fn sentence(&self) -> String {
        let path = if self.path.is_empty() { String::new() } else { format!("{}: ", self.path) };
        let cure = self.cure.as_ref().map(|cure| format!("; {cure}")).unwrap_or_default();
        format!("{path}{}{cure}", self.message)
    }
}
