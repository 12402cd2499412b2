//! What a person confirms, and until when. The schema checks the form; whether a confirmation counts today is for `plan` to say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::settings::format::{Format, formats};
use crate::settings::value::Text;

/// Where the confirmation of a deletion stands below `spec`.
pub const DELETION: &str = "confirmations.deletion";

/// Where the confirmation of a shorter retention time stands below `spec`.
pub const RETENTION: &str = "confirmations.retention";

/// Where the confirmation stands below `spec` that a tenant is created again.
pub const RECREATE: &str = "confirmations.recreate";

/// Where the confirmation stands below `spec` that a tenant of another partner or cluster is taken over.
pub const ADOPT: &str = "confirmations.adopt";

/// A day of the calendar, as far as RE2 can tell; the 30th of February is found where the confirmation is judged.
macro_rules! day {
    () => {
        "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    };
}

formats! {
    /// A tenant, and until when its deletion is confirmed. Capitals of the ID mean nothing.
    DeletionConfirmation {
        pattern: concat!(
            "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12} until ", day!(), "$"
        ),
        max: 64,
        allowed: "the tenant ID and the last day on which the confirmation is valid, such as '6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c until 2026-12-01'",
    }
}

formats! {
    /// Two retention times, and until when the change from one to the other is confirmed.
    RetentionConfirmation {
        pattern: concat!("^(none|[1-9][0-9]{0,3})->[1-9][0-9]{0,3} until ", day!(), "$"),
        max: 64,
        allowed: "the old number of months or 'none', the new one, and the last day on which the confirmation is valid, such as '24->12 until 2026-12-01'",
    }
}

formats! {
    /// A tenant, the stamp from which it is taken over, and until when that is confirmed. Capitals of the ID mean nothing.
    AdoptConfirmation {
        pattern: concat!(
            "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}( from [!-~]+)? until ", day!(), "$"
        ),
        max: 600,
        allowed: "the tenant ID, then the word from and the owner stamp where another cluster has the tenant, and the last day on which the confirmation is valid, such as '6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c until 2026-12-01'",
    }
}

formats! {
    /// Which loss of a tenant is meant: each has another token.
    RecreateToken {
        pattern: "^[!-~]+$",
        max: 256,
        allowed: "the token that the status names, such as 'lost-7', without spaces",
    }
}

/// Confirmations of what cannot be undone, each bound to a value.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Confirmations {
    /// Confirms the deletion of the tenant on the platform when this Tenant is deleted with deletionPolicy Delete. It is
    /// valid until the end of its last day in UTC, which is at most 7 days ahead. Without a valid confirmation the tenant
    /// is retained, also if the deletion still waits for the platform after the last day. Unset means not confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletion: Option<Text<DeletionConfirmation>>,

    /// Confirms one change of dataPrivacy.dataRetentionMonths that can purge data. It is valid until the end of its last
    /// day in UTC, which is at most 7 days ahead. Drift correction never shortens the time, confirmed or not. Unset means
    /// not confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retention: Option<Text<RetentionConfirmation>>,

    /// Confirms that a tenant that was deleted or lost on the platform is created again, by the token that the message of
    /// Ready names: the ID of the deletion, or `lost-` and the last known version of the settings. Each loss has another
    /// token. Unset means not confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recreate: Option<Text<RecreateToken>>,

    /// Confirms that this Tenant adopts or deletes a tenant that has another partner on the platform than spec.partner names, by
    /// the tenant ID. To take over a tenant with the owner stamp of another cluster, which is gone or has another ID now, it also
    /// names that stamp, such as `6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c from west/contoso/contoso until 2026-12-01`. It is valid
    /// until the end of its last day in UTC, which is at most 7 days ahead. Unset means not confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopt: Option<Text<AdoptConfirmation>>,
}

/// What a spec without confirmations confirms.
static NONE: Confirmations = Confirmations { deletion: None, retention: None, recreate: None, adopt: None };

impl Confirmations {
    /// The confirmations of a spec, if it has any.
    pub(super) fn of(given: Option<&Self>) -> &Self {
        given.unwrap_or(&NONE)
    }
}
