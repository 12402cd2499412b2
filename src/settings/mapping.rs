//! The way from spec to wire: collects what cannot be mapped, so that one look reports every bad field.

use std::fmt;

use super::format::Format;
use super::leaf::Leaf;
use super::trigger::Trigger;
use super::value::{OutputRef, SecretKeyRef, SpecLeaf, Text};
use super::wire::WireLeaf;

/// A leaf of the spec that may not stay as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// Path below `spec`, in dots.
    pub path: String,
    /// What was found and what is allowed, e.g. `is '51', must be a whole number from 1 to 50`.
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

/// What the mapping of a spec met besides values.
#[derive(Debug, Default)]
pub struct Check {
    /// Every leaf that was refused.
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

/// The part of a check that belongs to one section.
pub struct Section<'c> {
    check: &'c mut Check,
    path: &'static str,
}

impl Check {
    /// Starts the section at `path` below `spec`.
    pub fn section(&mut self, path: &'static str) -> Section<'_> {
        Section { check: self, path }
    }

    /// Reports what stands at `path` below `spec`, and leaves it alone on the platform.
    pub fn refuse<T>(&mut self, path: &str, problem: String) -> WireLeaf<T> {
        self.violations.push(Violation { path: path.to_owned(), problem });
        WireLeaf::Absent
    }
}

impl Section<'_> {
    /// Maps one leaf. A refused one is reported and left alone on the platform.
    pub fn leaf<S: SpecLeaf>(&mut self, name: &str, leaf: &Option<S>) -> WireLeaf<S::Wire> {
        leaf.as_ref().map_or(WireLeaf::Absent, |leaf| self.given(name, leaf))
    }

    /// Maps one leaf that is always given.
    pub fn given<S: SpecLeaf>(&mut self, name: &str, leaf: &S) -> WireLeaf<S::Wire> {
        leaf.to_wire().unwrap_or_else(|allowed| {
            let problem = format!("is {}, must be {allowed}", leaf.found());
            self.check.refuse(&format!("{}.{name}", self.path), problem)
        })
    }

    /// Judges one text and gives it back in its canonical spelling.
    pub fn text<F: Format>(&mut self, name: &str, leaf: &Text<F>) -> Option<String> {
        self.given(name, leaf).value().map(|text| text.as_str().to_owned())
    }

    /// Notes what is done once per token.
    pub fn trigger(&mut self, trigger: Option<Trigger>) {
        self.check.triggers.extend(trigger);
    }

    /// Notes the Secret that the widget key is published to.
    pub fn widget_secret(&mut self, name: &str, reference: &Option<OutputRef>) {
        self.check.widget_secret =
            reference.as_ref().and_then(|reference| self.text(&format!("{name}.name"), &reference.name));
    }

    /// Notes one sealed leaf, whose value comes from a Secret and never stands in the wire document.
    pub fn sealed<T>(&mut self, leaf: &'static Leaf, reference: &Option<SecretKeyRef>) -> WireLeaf<T> {
        self.check.sealed.extend(reference.clone().map(|reference| SealedRef { leaf, reference }));
        WireLeaf::Absent
    }
}

/// What a spec would say for a leaf of the platform: nothing for values that are empty or cannot be read.
pub fn spec_leaf<S: SpecLeaf>(wire: &WireLeaf<S::Wire>) -> Option<S> {
    wire.value().map(S::from_wire)
}
