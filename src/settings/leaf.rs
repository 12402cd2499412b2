//! The row of a setting: its place on both sides, its type, and everything else that is said about it. It stands in the file of
//! the struct that holds the field.
//!
//! The rows are data. Diff and plan read class and switch, the status reads what may be shown, the generated CRD and the
//! admission policies read the authority, so that a change of our reading of the seed is a change of one word.

use std::fmt;

use serde_json::{Map, Value};

use super::format::ObjectName;
use super::tab::Tab;
use super::value::{LeafType, SealedState, Text};
use crate::text::{quoted, shown};

/// Longest value that a status shows, in characters.
const MAX_SHOWN: usize = 64;

/// One setting: a leaf of the spec and the leaf of the platform that it stands for. Its path is its identity.
#[derive(Clone, Copy, Debug)]
pub struct Leaf {
    /// Where it stands below `spec`, in dots, e.g. `extensions.interact.enabled`.
    pub path: &'static str,
    /// Where it stands in the platform's settings, in dots; differs from `path` only for references.
    pub wire: &'static str,
    /// Who may change it.
    pub authority: Authority,
    /// How it is compared and sent.
    pub class: Class,
    /// What a status, an event or a log may show of it.
    pub disclosure: Disclosure,
    /// The platform's default, as JSON text; `None` where none is published.
    pub default: Option<&'static str>,
    /// The toggle that hides this leaf while it is off. A toggle may be hidden itself.
    pub switch: Option<&'static Self>,
    /// When the platform cannot do without it.
    pub required: Required,
    /// The leaf that must have another value, while this one is shown.
    pub must_differ_from: Option<&'static Self>,
    /// Which change waits for the provisioning script.
    pub script: Script,
    /// Whether a smaller value destroys what cannot be brought back, so that it needs a confirmation.
    pub irreversible: bool,
    /// A value for manuals and examples, as YAML would write it on one line.
    pub example: Option<&'static str>,
    /// What the vendor's manual says of it, in its own words.
    pub manual: &'static str,
    /// Judges a value by the leaf's type: its canonical spelling, or what was found and what is allowed.
    judge: fn(&Value) -> Result<Value, String>,
}

fn judge<T: LeafType>(value: &Value) -> Result<Value, String> {
    T::canonicalize(value).ok_or_else(|| format!("is {}, must be {}", T::found(value), T::allowed()))
}

/// Who may change a leaf: our reading of the seed. Each level includes the ones before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Authority {
    /// N: every editor of the Tenant, also the restricted tenant administrators of the seed.
    NonTechnical,
    /// T: tenant administrators.
    Tenant,
    /// P: partner administrators.
    Partner,
    /// S: system administrators.
    System,
}

impl Authority {
    /// The letter and the people, as the field docs say it.
    pub fn describe(self) -> &'static str {
        match self {
            Self::NonTechnical => "N (every editor of the Tenant)",
            Self::Tenant => "T (tenant administrators)",
            Self::Partner => "P (partner administrators)",
            Self::System => "S (system administrators)",
        }
    }
}

/// How a leaf is compared and sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// A platform leaf under another name, compared by its canonical spelling.
    Value,
    /// A reference to a Secret; the platform takes the value and answers only `{set, version}`.
    Sealed,
    /// A reference to another object that holds the value; compared as a value is.
    Reference,
    /// `true` clears the reference in the same section; both are one setting of the platform.
    Clears,
    /// What a check needs to know; never sent and never compared.
    CheckInput,
    /// What is done once per new token: the spec's is compared with the platform's last one, and is no part of the settings.
    Trigger,
    /// Names an object that the operator writes; never sent.
    Output,
}

impl Class {
    /// Whether the platform has a setting for it.
    pub fn is_setting(self) -> bool {
        match self {
            Self::Value | Self::Sealed | Self::Reference => true,
            Self::Clears | Self::CheckInput | Self::Trigger | Self::Output => false,
        }
    }
}

/// What may be shown of a leaf outside of spec and platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disclosure {
    /// Everything.
    Plain,
    /// Asterisks: it names a person.
    Personal,
    /// Nothing at all.
    Secret,
}

/// When a leaf must have a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Required {
    /// Never.
    No,
    /// To create a tenant; an existing one has it already.
    ToCreate,
    /// While its switch is on.
    WhenOn,
}

/// Which change of a leaf waits for the provisioning script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// None.
    No,
    /// From off to on.
    SwitchedOn,
    /// Any.
    Changed,
}

impl Leaf {
    /// A plainly shown value of type `T` under the same name on both sides.
    pub const fn value<T: LeafType>(path: &'static str, authority: Authority) -> Self {
        Self::new::<T>(Class::Value, path, path, authority)
    }

    /// A Secret reference, whose value the platform holds under `wire`.
    pub const fn sealed(path: &'static str, wire: &'static str, authority: Authority) -> Self {
        let mut leaf = Self::new::<SealedState>(Class::Sealed, path, wire, authority);
        leaf.disclosure = Disclosure::Secret;
        leaf
    }

    /// A reference to another object, whose value the platform holds under `wire` as a `T`.
    pub const fn reference<T: LeafType>(path: &'static str, wire: &'static str, authority: Authority) -> Self {
        Self::new::<T>(Class::Reference, path, wire, authority)
    }

    /// A flag that clears what a reference in the same section sets under `wire`.
    pub const fn clears(path: &'static str, wire: &'static str, authority: Authority) -> Self {
        Self::new::<bool>(Class::Clears, path, wire, authority)
    }

    /// An input of a check, which the platform never sees.
    pub const fn check_input<T: LeafType>(path: &'static str, authority: Authority) -> Self {
        Self::new::<T>(Class::CheckInput, path, path, authority)
    }

    /// What is done once per new token.
    pub const fn trigger<T: LeafType>(path: &'static str, authority: Authority) -> Self {
        Self::new::<T>(Class::Trigger, path, path, authority)
    }

    /// A Secret that the operator writes, by its name.
    pub const fn output(path: &'static str, authority: Authority) -> Self {
        Self::new::<Text<ObjectName>>(Class::Output, path, path, authority)
    }

    const fn new<T: LeafType>(class: Class, path: &'static str, wire: &'static str, authority: Authority) -> Self {
        Self {
            path,
            wire,
            authority,
            class,
            disclosure: Disclosure::Plain,
            default: None,
            switch: None,
            required: Required::No,
            must_differ_from: None,
            script: Script::No,
            irreversible: false,
            example: None,
            manual: "",
            judge: judge::<T>,
        }
    }

    /// Shown in asterisks only: it names a person.
    pub const fn personal(mut self) -> Self {
        self.disclosure = Disclosure::Personal;
        self
    }

    /// The platform's own default, as JSON text.
    pub const fn default(mut self, json: &'static str) -> Self {
        self.default = Some(json);
        self
    }

    /// Hidden while `switch` is off.
    pub const fn under(mut self, switch: &'static Self) -> Self {
        self.switch = Some(switch);
        self
    }

    /// Needed to create a tenant.
    pub const fn to_create(mut self) -> Self {
        self.required = Required::ToCreate;
        self
    }

    /// Needed while its switch is on.
    pub const fn when_on(mut self) -> Self {
        self.required = Required::WhenOn;
        self
    }

    /// While it is shown, its value must not be that of `other`; capitals are the same.
    pub const fn must_differ_from(mut self, other: &'static Self) -> Self {
        self.must_differ_from = Some(other);
        self
    }

    /// Which change of it waits for the provisioning script.
    pub const fn script(mut self, script: Script) -> Self {
        self.script = script;
        self
    }

    /// A smaller value needs a confirmation.
    pub const fn irreversible(mut self) -> Self {
        self.irreversible = true;
        self
    }

    /// A value for manuals and examples, as YAML would write it on one line.
    pub const fn example(mut self, text: &'static str) -> Self {
        self.example = Some(text);
        self
    }

    /// What the vendor's manual says of it, in its own words.
    pub const fn manual(mut self, words: &'static str) -> Self {
        self.manual = words;
        self
    }

    /// The canonical spelling of a value of the leaf; `null` clears it.
    ///
    /// *Errors*: what was found and what is allowed.
    pub fn canonicalize(&self, value: &Value) -> Result<Value, String> {
        (self.judge)(value)
    }

    /// The toggles above the leaf, nearest first; it is shown while all of them are on.
    pub fn switches(&self) -> impl Iterator<Item = &'static Self> {
        std::iter::successors(self.switch, |leaf| leaf.switch)
    }

    /// What a spec says of the leaf.
    pub fn given<'v>(&self, spec: &'v Value) -> Option<&'v Value> {
        lookup(spec, self.path)
    }

    /// The leaf's value in the platform's settings. `null`, `""` and absence are the same: there is no value.
    pub fn find<'v>(&self, settings: &'v Value) -> Option<&'v Value> {
        self.lookup(settings).filter(|value| !value.is_null() && value.as_str() != Some(""))
    }

    /// The leaf as it stands in the platform's settings, `null` included; `None` means that nothing is said about it.
    pub fn lookup<'v>(&self, settings: &'v Value) -> Option<&'v Value> {
        lookup(settings, self.wire)
    }

    /// Puts a value at the leaf's place in the platform's settings. An empty map says nothing.
    pub fn put(&self, settings: &mut Value, value: Value) {
        if value.as_object().is_none_or(|members| !members.is_empty()) {
            put(settings, self.wire, value);
        }
    }

    /// The leaf's place in the platform's settings as RFC 6901 writes it.
    pub fn pointer(&self) -> String {
        format!("/{}", self.wire.replace('.', "/"))
    }

    /// The path of the section that it stands in.
    pub fn section(&self) -> &'static str {
        self.path.rsplit_once('.').map_or("", |(section, _)| section)
    }

    /// The tab that shows it.
    pub fn tab(&self) -> Option<Tab> {
        Tab::of(self.path)
    }

    /// What a status may say about a value of this leaf.
    pub fn render(&self, value: Option<&Value>) -> String {
        match (value, self.disclosure) {
            (None, _) => "(empty)".to_owned(),
            (Some(_), Disclosure::Secret) => "(secret)".to_owned(),
            (Some(_), Disclosure::Personal) => "***".to_owned(),
            (Some(Value::String(text)), Disclosure::Plain) => quoted(text, MAX_SHOWN),
            (Some(other), Disclosure::Plain) => shown(&other.to_string(), MAX_SHOWN),
        }
    }
}

impl PartialEq for Leaf {
    fn eq(&self, other: &Self) -> bool {
        self.path == other.path
    }
}

impl Eq for Leaf {}

impl fmt::Display for Leaf {
    /// The full path, as people and error messages write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spec.{}", self.path)
    }
}

/// What stands at a path in dots.
fn lookup<'v>(document: &'v Value, path: &str) -> Option<&'v Value> {
    path.split('.').try_fold(document, |at, member| at.get(member))
}

/// Puts a value at a path in dots, making the objects on the way.
pub(crate) fn put(document: &mut Value, path: &str, value: Value) {
    let place = path.split('.').fold(document, |at, member| {
        if !at.is_object() {
            *at = Value::Object(Map::new());
        }
        &mut at[member]
    });
    *place = value;
}
