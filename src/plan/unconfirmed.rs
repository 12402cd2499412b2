//! What only a system administrator confirms of a claim, and how Ready says it.

use jiff::civil::Date;

use super::confirmation::{self, Flaw};
use crate::resources::bounds;
use crate::resources::confirmations::ADOPT;
use crate::text::{named, quoted};

/// What has to be confirmed, and why it is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unconfirmed {
    /// What the confirmation has to say.
    pub token: String,
    /// What is wrong with it.
    pub flaw: Flaw,
    /// The day on which it was judged.
    pub today: Date,
}

/// A tenant of another partner than that of the spec, and what would confirm the exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherPartner {
    /// The platform's id of the partner that the tenant has, if it has one.
    pub on_platform: Option<String>,
    /// The Partner that the spec names, and the platform's id of it, where that is known.
    pub in_spec: Option<(String, Option<String>)>,
    /// What has to be confirmed, and why it is not.
    pub unconfirmed: Unconfirmed,
}

impl Unconfirmed {
    /// To follow what happened.
    pub(super) fn advice(&self, what: &str) -> String {
        let Self { token, flaw, today } = self;
        let advice = confirmation::advice(token, *today);
        format!("spec.{ADOPT} {flaw}; to {what} all the same, a system administrator sets it to {advice}")
    }
}

impl OtherPartner {
    /// What Ready says of it.
    pub(super) fn message(&self) -> String {
        let there = match &self.on_platform {
            Some(id) => format!("partner {}", quoted(id, bounds::NAME)),
            None => "no partner".to_owned(),
        };
        let here = match &self.in_spec {
            Some((name, Some(id))) => format!("names Partner {name} ({})", quoted(id, bounds::NAME)),
            Some((name, None)) => format!("names Partner {name}, of which nothing is known"),
            None => "names none".to_owned(),
        };
        let advice = self.unconfirmed.advice("adopt the tenant");
        format!("The platform names {there} for the tenant and spec.partner {here}, so nothing is written: {advice}")
    }
}

/// What Ready says of a tenant whose stamp is to be taken over, and is not.
pub(super) fn not_taken_over(stamp: &str, unconfirmed: &Unconfirmed) -> String {
    let stamp = named(stamp, bounds::STAMP);
    let advice = unconfirmed.advice("take it over");
    format!(
        "The tenant is owned by another Tenant, {stamp} (cluster/namespace/name); nothing was written: {advice}, with this stamp"
    )
}
