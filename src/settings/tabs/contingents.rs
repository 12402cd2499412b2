//! The contingents of the Licenses tab: how many licences were bought. How many are in use is read in the status.

use std::collections::BTreeMap;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::settings::format::{Format, canonical, formats, rule};
use crate::settings::leaf::{Authority::*, Leaf};
use crate::settings::mapping::{Check, spec_leaf};
use crate::settings::value::{Count, SpecLeaf, quote};
use crate::settings::wire::WireLeaf;

/// Most licences of one kind, far above the users of any tenant.
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

/// Licences by the name of the feature. A name that is not given is not managed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Features(BTreeMap<String, i32>);

/// How many licences were bought, by what they are for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContingentsSpec {
    /// "Service": licences of services, one type per service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub services: Option<ServiceContingentsSpec>,
    /// "User": licences of users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<UserContingentsSpec>,
    /// "Modalities": allowed users per channel of communication.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modalities: Option<ModalityContingentsSpec>,
}

/// Licences of services.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceContingentsSpec {
    /// "Advanced Routing": bought for services, the default licence of new ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advanced_routing: Option<Contingent>,
    /// "Enterprise Routing": bought for services with advanced features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enterprise_routing: Option<Contingent>,
    /// "Contact Center": bought for services with Contact Center features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_center: Option<Contingent>,
    /// "Feature Licenses": bought for features of services, by the name of the feature, each from 0 to 1000000. Each name is
    /// managed by itself: one that is not given is left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub features: Option<Features>,
}

/// Licences of users.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserContingentsSpec {
    /// "Contact Center User": bought for users (agents) with Contact Center features.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact_center: Option<Contingent>,
    /// "Attendant Console": bought for users who have Attendant Console enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attendant_console: Option<Contingent>,
    /// "Assistant": bought for users who have Assistant enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assistant: Option<Contingent>,
    /// "Interact User": bought for users who have Interact enabled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interact: Option<Contingent>,
    /// "Transcription": bought for users who have Transcription enabled, which includes Live Caption.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transcription: Option<Contingent>,
}

/// Licences of modalities.
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

/// The contingents on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the members are those of the spec")]
pub struct ContingentsWire {
    pub services: ServiceContingentsWire,
    pub users: UserContingentsWire,
    pub modalities: ModalityContingentsWire,
}

/// Licences of services on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the members are those of the spec")]
pub struct ServiceContingentsWire {
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub advanced_routing: WireLeaf<i32>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub enterprise_routing: WireLeaf<i32>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub contact_center: WireLeaf<i32>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub features: WireLeaf<BTreeMap<String, i32>>,
}

/// Licences of users on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the members are those of the spec")]
pub struct UserContingentsWire {
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub contact_center: WireLeaf<i32>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub attendant_console: WireLeaf<i32>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub assistant: WireLeaf<i32>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub interact: WireLeaf<i32>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub transcription: WireLeaf<i32>,
}

/// Licences of modalities on the wire.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[expect(missing_docs, reason = "the members are those of the spec")]
pub struct ModalityContingentsWire {
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub instant_messaging: WireLeaf<i32>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub external_task: WireLeaf<i32>,
    #[serde(skip_serializing_if = "WireLeaf::is_absent")]
    pub email: WireLeaf<i32>,
}

/// Licences of features, by the name of the feature.
pub const FEATURES: &Leaf =
    &Leaf::value("licenses.contingents.services.features", System).example("{\"interact\": 2, \"companion\": 4}");

/// The leaves of the section.
pub const LEAVES: &[&Leaf] = &[
    &contingent("licenses.contingents.services.advancedRouting", "10"),
    &contingent("licenses.contingents.services.enterpriseRouting", "5"),
    &contingent("licenses.contingents.services.contactCenter", "3"),
    FEATURES,
    &contingent("licenses.contingents.users.contactCenter", "120"),
    &contingent("licenses.contingents.users.attendantConsole", "8"),
    &contingent("licenses.contingents.users.assistant", "60"),
    &contingent("licenses.contingents.users.interact", "20"),
    &contingent("licenses.contingents.users.transcription", "15"),
    &contingent("licenses.contingents.modalities.instantMessaging", "40"),
    &contingent("licenses.contingents.modalities.externalTask", "50"),
    &contingent("licenses.contingents.modalities.email", "70"),
];

/// What the vendor's manual says of each, for the reference.
pub const MANUAL: &[(&str, &str)] = &[
    ("licenses.contingents.services.advancedRouting", "the default license for new new services."),
    ("licenses.contingents.services.enterpriseRouting", "services with advanced features."),
    ("licenses.contingents.services.contactCenter", "services with Contact Center features."),
    (
        "licenses.contingents.services.features",
        "Refer to Nimbus Features for a detail comparison of available service licenses.",
    ),
    ("licenses.contingents.users.contactCenter", "the amount of users (Agents) with Contact Center features."),
    ("licenses.contingents.users.attendantConsole", "the amount of users that have Attendant Console enabled."),
    ("licenses.contingents.users.assistant", "the amount of users that have Assistant enabled."),
    ("licenses.contingents.users.interact", "the amount of users that have Interact enabled."),
    (
        "licenses.contingents.users.transcription",
        "the amount of users that have Transcription enabled (Live Caption included).",
    ),
    (
        "licenses.contingents.modalities.instantMessaging",
        "Shows the number of allowed users per channel of communication.",
    ),
    ("licenses.contingents.modalities.externalTask", "Shows the number of allowed users per channel of communication."),
    ("licenses.contingents.modalities.email", "Shows the number of allowed users per channel of communication."),
];

const fn contingent(path: &'static str, example: &'static str) -> Leaf {
    Leaf::value(path, System).default("0").example(example)
}

impl ContingentsSpec {
    /// The section in the platform's words.
    pub fn to_wire(&self, check: &mut Check) -> ContingentsWire {
        let Self { services, users, modalities } = self;
        ContingentsWire {
            services: services.as_ref().map(|kinds| kinds.to_wire(check)).unwrap_or_default(),
            users: users.as_ref().map(|kinds| kinds.to_wire(check)).unwrap_or_default(),
            modalities: modalities.as_ref().map(|kinds| kinds.to_wire(check)).unwrap_or_default(),
        }
    }
}

impl ServiceContingentsSpec {
    fn to_wire(&self, check: &mut Check) -> ServiceContingentsWire {
        let Self { advanced_routing, enterprise_routing, contact_center, features } = self;
        let mut at = check.section("licenses.contingents.services");
        ServiceContingentsWire {
            advanced_routing: at.leaf("advancedRouting", advanced_routing),
            enterprise_routing: at.leaf("enterpriseRouting", enterprise_routing),
            contact_center: at.leaf("contactCenter", contact_center),
            features: at.leaf("features", features),
        }
    }
}

impl UserContingentsSpec {
    fn to_wire(&self, check: &mut Check) -> UserContingentsWire {
        let Self { contact_center, attendant_console, assistant, interact, transcription } = self;
        let mut at = check.section("licenses.contingents.users");
        UserContingentsWire {
            contact_center: at.leaf("contactCenter", contact_center),
            attendant_console: at.leaf("attendantConsole", attendant_console),
            assistant: at.leaf("assistant", assistant),
            interact: at.leaf("interact", interact),
            transcription: at.leaf("transcription", transcription),
        }
    }
}

impl ModalityContingentsSpec {
    fn to_wire(&self, check: &mut Check) -> ModalityContingentsWire {
        let Self { instant_messaging, external_task, email } = self;
        let mut at = check.section("licenses.contingents.modalities");
        ModalityContingentsWire {
            instant_messaging: at.leaf("instantMessaging", instant_messaging),
            external_task: at.leaf("externalTask", external_task),
            email: at.leaf("email", email),
        }
    }
}

impl From<&ContingentsWire> for ContingentsSpec {
    fn from(wire: &ContingentsWire) -> Self {
        let ContingentsWire { services, users, modalities } = wire;
        let ServiceContingentsWire { advanced_routing, enterprise_routing, contact_center, features } = services;
        let services = ServiceContingentsSpec {
            advanced_routing: spec_leaf(advanced_routing),
            enterprise_routing: spec_leaf(enterprise_routing),
            contact_center: spec_leaf(contact_center),
            features: spec_leaf(features),
        };
        let UserContingentsWire { contact_center, attendant_console, assistant, interact, transcription } = users;
        let users = UserContingentsSpec {
            contact_center: spec_leaf(contact_center),
            attendant_console: spec_leaf(attendant_console),
            assistant: spec_leaf(assistant),
            interact: spec_leaf(interact),
            transcription: spec_leaf(transcription),
        };
        let ModalityContingentsWire { instant_messaging, external_task, email } = modalities;
        let modalities = ModalityContingentsSpec {
            instant_messaging: spec_leaf(instant_messaging),
            external_task: spec_leaf(external_task),
            email: spec_leaf(email),
        };
        Self { services: Some(services), users: Some(users), modalities: Some(modalities) }
    }
}

impl SpecLeaf for Features {
    type Wire = BTreeMap<String, i32>;

    fn to_wire(&self) -> Result<WireLeaf<Self::Wire>, String> {
        let fits = self.bad().is_none() && self.0.len() <= MOST_FEATURES;
        fits.then(|| WireLeaf::Value(self.0.clone())).ok_or_else(features_allowed)
    }

    fn from_wire(wire: &Self::Wire) -> Self {
        Self(wire.clone())
    }

    fn found(&self) -> String {
        let bad = self.bad().map(|(name, count)| format!("{}: {count}", quote(name)));
        bad.unwrap_or_else(|| format!("a map of {} names", self.0.len()))
    }
}

impl Features {
    fn bad(&self) -> Option<(&String, &i32)> {
        self.0.iter().find(|(name, count)| canonical::<FeatureName>(name).is_none() || !(0..=MOST).contains(*count))
    }
}

fn features_allowed() -> String {
    format!("at most {MOST_FEATURES} names of {}, each with a whole number from 0 to {MOST}", FeatureName::ALLOWED)
}

impl JsonSchema for Features {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Features".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let name_rule = rule::<FeatureName>().replace("self", "name");
        let mut count = Contingent::json_schema(generator);
        count.insert(
            "description".to_owned(),
            "How many services may have the feature of this name, from 0 to 1000000.".into(),
        );
        json_schema!({
            "type": "object",
            "additionalProperties": count,
            "maxProperties": MOST_FEATURES,
            "x-kubernetes-map-type": "granular",
            "x-kubernetes-validations": [{
                "rule": format!("self.all(name, {name_rule})"),
                "message": format!("must be {}", features_allowed()),
            }],
        })
    }
}

/// The examples of [`LEAVES`] in the platform's words, by hand.
#[cfg(test)]
pub(in crate::settings) fn golden() -> serde_json::Value {
    serde_json::json!({ "licenses": { "contingents": {
        "services": {
            "advancedRouting": 10,
            "enterpriseRouting": 5,
            "contactCenter": 3,
            "features": { "interact": 2, "companion": 4 }
        },
        "users": {
            "contactCenter": 120,
            "attendantConsole": 8,
            "assistant": 60,
            "interact": 20,
            "transcription": 15
        },
        "modalities": { "instantMessaging": 40, "externalTask": 50, "email": 70 }
    } } })
}
