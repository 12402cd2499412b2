//! The way from a spec to the platform's settings and back. It walks the table of leaves, so that one pass reports every bad
//! field, and a new leaf needs no line here.

use std::fmt;

use serde::Deserialize;
use serde_json::{Value, json};

use super::format::Format;
use super::leaf::{Class, Leaf, put};
use super::tabs::partner::{PARTNER, PartnerId, PartnerTabSpec};
use super::trigger::Trigger;
use super::value::SecretKeyRef;
use super::{Settings, leaves};

/// A leaf of the spec that may not stay as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Path below `spec`, in dots.
    pub path: String,
    /// What was found and what is allowed, e.g. `is 51, must be a whole number from 1 to 50`.
    pub problem: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spec.{} {}", self.path, self.problem)
    }
}

/// A sealed leaf of the spec and the Secret key that holds its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedRef {
    /// The leaf.
    pub leaf: &'static Leaf,
    /// Where the value is.
    pub reference: SecretKeyRef,
}

/// A spec in the platform's words.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mapped {
    /// The managed settings in their canonical spelling; `null` clears.
    pub settings: Value,
    /// Every leaf that was refused, in the order of the UI.
    pub violations: Vec<Violation>,
    /// Every sealed leaf, in the order of the UI.
    pub sealed: Vec<SealedRef>,
    /// The name of the Partner whose id is a value.
    pub partner: Option<String>,
    /// What is done once per token, in the order of the UI.
    pub triggers: Vec<Trigger>,
    /// The name of the Secret that the widget key is published to.
    pub widget_secret: Option<String>,
}

impl Settings {
    /// The same settings in the platform's words. What is not allowed there is reported and left out.
    pub fn to_wire(&self) -> Mapped {
        // Structs of texts, numbers and flags cannot fail to serialize; an empty spec would leave everything alone.
        let spec = serde_json::to_value(self).unwrap_or_default();
        let mut mapped = Mapped { settings: json!({}), ..Mapped::default() };
        let mut inputs: Vec<(&Leaf, String)> = vec![];
        for leaf in leaves() {
            match (leaf.class, leaf.given(&spec)) {
                (Class::Reference, _) => mapped.assign(self.partner.as_ref()),
                (Class::Value, Some(given)) => {
                    if let Some(value) = mapped.judge(leaf, leaf.path, given) {
                        leaf.put(&mut mapped.settings, value);
                    }
                }
                (Class::Sealed, Some(given)) => {
                    let reference = SecretKeyRef::deserialize(given).ok();
                    mapped.sealed.extend(reference.map(|reference| SealedRef { leaf, reference }));
                }
                (Class::CheckInput, Some(given)) => drop(mapped.judge(leaf, leaf.path, given)),
                (Class::Trigger, Some(given)) => {
                    let token = mapped.judge(leaf, leaf.path, given);
                    inputs.extend(token.as_ref().and_then(Value::as_str).map(|token| (leaf, token.to_owned())));
                }
                (Class::Output, Some(given)) => {
                    let name = mapped.judge(leaf, &format!("{}.name", leaf.path), &given["name"]);
                    mapped.widget_secret = name.as_ref().and_then(Value::as_str).map(ToOwned::to_owned);
                }
                // Judged together with the reference.
                (Class::Clears, _) => {}
                (Class::Value | Class::Sealed | Class::CheckInput | Class::Trigger | Class::Output, None) => {}
            }
        }
        let text = |leaf: &Leaf| inputs.iter().find(|(of, _)| *of == leaf).map(|(_, text)| text.clone());
        mapped.triggers = Trigger::all(text);
        mapped
    }

    /// What a spec would have to say to describe these settings of the platform. Values that this version does not know,
    /// sealed values and empty values are left out. So is the partner: the platform has its id, a spec names an object.
    ///
    /// *Errors*: never in practice; a canonical value fits the field of its leaf.
    pub fn from_wire(settings: &Value) -> Result<Self, serde_json::Error> {
        let mut spec = serde_json::to_value(Self::default())?;
        for leaf in leaves().filter(|leaf| leaf.class == Class::Value) {
            if let Some(Ok(value)) = leaf.find(settings).map(|value| leaf.canonicalize(value)) {
                put(&mut spec, leaf.path, value);
            }
        }
        Self::deserialize(spec)
    }
}

impl Mapped {
    /// Gives the reference to a Partner the platform's id of that partner.
    pub fn set_partner_id(&mut self, id: &str) {
        match PARTNER.canonicalize(&json!(id)) {
            Ok(id) => PARTNER.put(&mut self.settings, id),
            Err(_) => {
                let allowed = PartnerId::ALLOWED;
                self.refuse(
                    PARTNER.path,
                    format!("names a Partner whose platformPartnerId cannot be used, must be {allowed}"),
                );
            }
        }
    }

    /// The canonical spelling of what is given at `path`. What is refused is reported, and left alone on the platform.
    fn judge(&mut self, leaf: &Leaf, path: &str, given: &Value) -> Option<Value> {
        leaf.canonicalize(given).map_err(|problem| self.refuse(path, problem)).ok()
    }

    /// Notes which Partner is named. Its id is known once the reference is resolved.
    fn assign(&mut self, tab: Option<&PartnerTabSpec>) {
        match tab.map(PartnerTabSpec::assigned) {
            None => {}
            Some(Ok(None)) => PARTNER.put(&mut self.settings, Value::Null),
            Some(Ok(name)) => self.partner = name.map(ToOwned::to_owned),
            Some(Err(problem)) => self.refuse("partner", problem),
        }
    }

    fn refuse(&mut self, path: &str, problem: String) {
        self.violations.push(Violation { path: path.to_owned(), problem });
    }
}
