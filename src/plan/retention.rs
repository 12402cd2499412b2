//! A shorter retention time purges data permanently. It needs a confirmation that names old and new value, and it is only ever
//! written when the spec's own value changed: correcting drift never shortens it.

use jiff::civil::Date;
use serde_json::Value;

use super::confirmation;
use super::difference::{Change, Difference};
use super::stop::Stop;
use crate::resources::Tenant;
use crate::settings::value::Text;

/// Whether a change destroys what cannot be brought back: a smaller value than the platform has, or the first one, whose
/// effect is not known.
pub fn shortens(change: &Change) -> bool {
    let number = |value: &Option<Value>| value.as_ref().and_then(Value::as_i64);
    change.leaf.irreversible
        && number(&change.found).is_none_or(|found| number(&change.wanted).is_none_or(|wanted| wanted < found))
}

/// Whether the spec wants the retention time that was last applied.
pub fn is_applied(tenant: &Tenant) -> bool {
    let wanted = wanted(tenant);
    wanted.is_some() && wanted == last_applied(tenant)
}

/// The retention time that a pass leaves behind as applied.
pub fn applied(tenant: &Tenant, difference: &Difference) -> Option<i32> {
    let refused = difference.restricted.iter().any(|change| change.leaf.irreversible);
    if refused { last_applied(tenant) } else { wanted(tenant) }
}

/// What is in the way of a write to a tenant that is there: it shortens the retention time, which is not confirmed.
pub fn unconfirmed(tenant: &Tenant, difference: &Difference, today: Date) -> Option<Stop> {
    let change = difference.changes.iter().find(|change| shortens(change))?;
    let text = |value: &Option<Value>| value.as_ref().map_or_else(|| "none".to_owned(), Value::to_string);
    let token = format!("{}->{}", text(&change.found), text(&change.wanted));
    let given = tenant.spec.confirmations().retention.as_ref().map(Text::as_str);
    let flaw = confirmation::judge(given, today, |value| value == token).err()?;
    Some(Stop::Unconfirmed { leaf: change.leaf, token, flaw, today })
}

fn wanted(tenant: &Tenant) -> Option<i32> {
    tenant.spec.settings.data_privacy.as_ref()?.data_retention_months.map(|months| months.0)
}

fn last_applied(tenant: &Tenant) -> Option<i32> {
    tenant.status.as_ref()?.applied.as_ref()?.data_retention_months
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic, reason = "a test says what went wrong by panicking")]
mod tests {
    use std::sync::Arc;

    use jiff::civil::date;
    use serde_json::json;

    use super::super::apply::Write;
    use super::super::{
        Observation, Observed, Owner, PlatformReference, Resolved, Rewrites, Snapshot, apply, validate,
    };
    use super::*;
    use crate::admin_api::TenantDocument;
    use crate::plan::{Intent, Stopped};
    use crate::resources::Stamp;

    /// What a pass plans for a Tenant that had `applied`, wants `wanted` and finds `found`.
    fn planned(applied: Value, wanted: i32, found: Value, token: &str) -> Result<Value, String> {
        let tenant: Tenant = serde_json::from_value(json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant",
            "metadata": { "name": "contoso" },
            "spec": {
                "platformRef": { "name": "p" },
                "general": { "tenantId": "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c", "division": "Care" },
                "dataPrivacy": { "dataRetentionMonths": wanted },
                "confirmations": if token.is_empty() { json!({}) } else { json!({ "retention": token }) }
            },
            "status": { "applied": { "generation": 1, "hash": "h", "settingsVersion": "1", "dataRetentionMonths": applied } }
        }))
        .unwrap();
        let resolved = Resolved {
            stamp: Stamp::new("prod", "customers", "contoso"),
            platform: PlatformReference::Found,
            partner: None,
            secrets: vec![],
            policies_lacking: String::new(),
            scope_terminating: None,
        };
        let Intent::Apply(desired) = validate(&tenant, resolved, date(2026, 11, 29)) else {
            panic!("the spec is valid")
        };
        let settings = json!({
            "general": { "tenantId": "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c" },
            "dataPrivacy": { "dataRetentionMonths": found }
        });
        let document = Arc::new(TenantDocument { settings: settings.clone(), ..TenantDocument::default() });
        let found =
            Observation::Exists { snapshot: Snapshot { document, settings: settings.into() }, owner: Owner::Ours };
        let observed = Observed { tenant: found, widget_secret: None };
        match apply::plan(&tenant, &desired, observed, &Rewrites::default()).map(|plan| plan.write) {
            Ok(Write::Patch { difference, .. } | Write::Nothing { difference, .. }) => Ok(difference.to_body()),
            Err(Stopped { stop: Stop::Unconfirmed { token, .. }, .. }) => Err(token),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_shorter_time_needs_a_confirmation_of_both_values() {
        let edit = json!({ "general": { "division": "Care" }, "dataPrivacy": { "dataRetentionMonths": 12 } });
        for (applied, found, token, outcome) in [
            (json!(24), json!(24), "", Err("24->12")),
            (json!(24), json!(24), "24->12", Err("24->12")),
            (json!(24), json!(24), "24->12 until 2026-11-28", Err("24->12")),
            (json!(24), json!(24), "24->12 until 2026-12-07", Err("24->12")),
            (json!(24), json!(24), "24->6 until 2026-12-01", Err("24->12")),
            (json!(24), json!(36), "24->12 until 2026-12-01", Err("36->12")),
            (json!(24), json!(24), "24->12 until 2026-11-29", Ok(&edit)),
            (json!(24), json!(24), "24->12 until 2026-12-06", Ok(&edit)),
            (json!(null), json!(24), "", Err("24->12")),
            (json!(null), json!(null), "", Err("none->12")),
            (json!(null), json!(null), "none->12 until 2026-12-01", Ok(&edit)),
            (json!(6), json!(6), "", Ok(&edit)),
        ] {
            let got = planned(applied.clone(), 12, found.clone(), token);
            assert_eq!(got.as_ref().map_err(String::as_str), outcome, "applied {applied}, found {found}, '{token}'");
        }
    }

    #[test]
    fn drift_is_corrected_to_a_longer_time_and_never_to_a_shorter_one() {
        let rest = json!({ "general": { "division": "Care" } });
        let all = json!({ "general": { "division": "Care" }, "dataPrivacy": { "dataRetentionMonths": 24 } });
        assert_eq!(planned(json!(24), 24, json!(12), ""), Ok(all), "lengthening is correction");
        assert_eq!(planned(json!(24), 24, json!(36), ""), Ok(rest.clone()), "shortening is left alone");
        let confirmed = planned(json!(24), 24, json!(36), "36->24 until 2026-12-01");
        assert_eq!(confirmed, Ok(rest), "and a confirmation is not armed once its value was applied");
    }
}
