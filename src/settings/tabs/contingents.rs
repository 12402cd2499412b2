//! The contingents of the Licenses tab: how many licenses were purchased. Usage is reported in the status.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::settings::format::{Format, canonicalize, formats, rule};
use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::value::{Count, LeafType, quote};

/// Most licenses of one kind, far above the users of any tenant.
const MOST: i32 = 1_000_000;
/// Most features that are counted.
const MOST_FEATURES: usize = 64;

type Contingent = Count<0, MOST>;

formats! {
    /// The name of a feature of services, which becomes part of paths.
    FeatureName {
        pattern: "^[a-zA-Z][a-zA-Z0-9_-]{0,62}$",
        max: 63,
        allowed: "1 to 63 letters, digits, '-' and '_', a letter first",
    }
}

/// Licenses by the name of the feature. A name that is not set is not managed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Features(BTreeMap<String, i32>);

/// Number of licenses that were purchased, by kind.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContingentsSpec {
    /// "Service": licenses of services, one type per service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<ServiceContingentsSpec>,
    /// "User": licenses of users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<UserContingentsSpec>,
    /// "Modalities": allowed users per communication channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modalities: Option<ModalityContingentsSpec>,
}

/// Licenses of services.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceContingentsSpec {
    /// "Advanced Routing": purchased for services; the default license of new services.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advanced_routing: Option<Contingent>,
    /// "Enterprise Routing": purchased for services with advanced features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enterprise_routing: Option<Contingent>,
    /// "Contact Center": purchased for services with Contact Center features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_center: Option<Contingent>,
    /// "Feature Licenses": purchased for features of services, by the name of the feature, each from 0 to 1000000. Each
    /// name is managed on its own: names that are not set are not changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Features>,
}

/// Licenses of users.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserContingentsSpec {
    /// "Contact Center User": purchased for users (agents) with Contact Center features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_center: Option<Contingent>,
    /// "Attendant Console": purchased for users who have Attendant Console enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attendant_console: Option<Contingent>,
    /// "Assistant": purchased for users who have Assistant enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assistant: Option<Contingent>,
    /// "Interact User": purchased for users who have Interact enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interact: Option<Contingent>,
    /// "Transcription": purchased for users who have Transcription enabled (Live Caption included).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcription: Option<Contingent>,
}

/// Licenses of modalities.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ModalityContingentsSpec {
    /// "Instant Messaging": allowed users of this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instant_messaging: Option<Contingent>,
    /// "External Task": allowed users of this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_task: Option<Contingent>,
    /// "Email": allowed users of this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Contingent>,
}

/// The purchased licenses in the platform's settings: a tree of numbers, by kind.
pub fn contingents(settings: &Value) -> Option<&Value> {
    settings.get("licenses")?.get("contingents")
}

/// Licenses of features, by the name of the feature.
pub const FEATURES: &Leaf = &Leaf::value::<Features>("licenses.contingents.services.features", System)
    .example("{\"interact\": 2, \"companion\": 4}")
    .manual("Refer to Nimbus Features for a detail comparison of available service licenses.");

pub(in crate::settings) const LEAVES: &[&Leaf] = &[
    &contingent("licenses.contingents.services.advancedRouting", "10")
        .manual("the default license for new new services."),
    &contingent("licenses.contingents.services.enterpriseRouting", "5").manual("services with advanced features."),
    &contingent("licenses.contingents.services.contactCenter", "3").manual("services with Contact Center features."),
    FEATURES,
    &contingent("licenses.contingents.users.contactCenter", "120")
        .manual("the amount of users (Agents) with Contact Center features."),
    &contingent("licenses.contingents.users.attendantConsole", "8")
        .manual("the amount of users that have Attendant Console enabled."),
    &contingent("licenses.contingents.users.assistant", "60")
        .manual("the amount of users that have Assistant enabled."),
    &contingent("licenses.contingents.users.interact", "20").manual("the amount of users that have Interact enabled."),
    &contingent("licenses.contingents.users.transcription", "15")
        .manual("the amount of users that have Transcription enabled (Live Caption included)."),
    &contingent("licenses.contingents.modalities.instantMessaging", "40")
        .manual("Shows the number of allowed users per channel of communication."),
    &contingent("licenses.contingents.modalities.externalTask", "50")
        .manual("Shows the number of allowed users per channel of communication."),
    &contingent("licenses.contingents.modalities.email", "70")
        .manual("Shows the number of allowed users per channel of communication."),
];

const fn contingent(path: &'static str, example: &'static str) -> Leaf {
    Leaf::value::<Contingent>(path, System).default("0").example(example)
}

impl LeafType for Features {
    fn canonicalize(value: &Value) -> Option<Value> {
        let counts = value.as_object()?;
        (counts.len() <= MOST_FEATURES && counts.iter().all(is_allowed)).then(|| value.clone())
    }

    fn allowed() -> String {
        format!("at most {MOST_FEATURES} names of {}, each with a whole number from 0 to {MOST}", FeatureName::ALLOWED)
    }

    fn found(value: &Value) -> String {
        let counts = || value.as_object().into_iter().flatten();
        match counts().find(|count| !is_allowed(*count)) {
            Some((name, count)) => format!("{}: {count}", quote(name)),
            None => format!("a map of {} names", counts().count()),
        }
    }
}

fn is_allowed((name, count): (&String, &Value)) -> bool {
    canonicalize::<FeatureName>(name).is_some() && Contingent::canonicalize(count).is_some()
}

impl Features {
    /// The rule for the names as a CEL expression; the schema bounds their number and the counts.
    pub fn rule() -> String {
        format!("self.all(name, {})", rule::<FeatureName>().replace("self", "name"))
    }
}

impl JsonSchema for Features {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Features".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let mut count = Contingent::json_schema(generator);
        count.insert(
            "description".to_owned(),
            "Number of services that can have the feature of this name, from 0 to 1000000.".into(),
        );
        json_schema!({
            "type": "object",
            "additionalProperties": count,
            "maxProperties": MOST_FEATURES,
            "x-kubernetes-map-type": "granular",
            "x-kubernetes-validations": [{
                "rule": Self::rule(),
                "message": format!("must be {}", Self::allowed()),
            }],
        })
    }
}
