//! How many Tenants need attention.

use crate::resources::{CachedTenant, ConditionStatus, ConditionType, TenantTotals};

/// Counts Tenants, by what their conditions say.
pub fn totals<'t>(tenants: impl IntoIterator<Item = &'t CachedTenant>) -> TenantTotals {
    let mut totals = TenantTotals::default();
    for tenant in tenants {
        let says = |condition_type, status| i64::from(tenant.says(condition_type, status));
        totals.total += 1;
        totals.not_ready += 1 - says(ConditionType::Ready, ConditionStatus::True);
        totals.script_pending += says(ConditionType::ScriptExecutionPending, ConditionStatus::True);
        totals.overused += says(ConditionType::LicenseOveruse, ConditionStatus::True);
        totals.out_of_service += says(ConditionType::TenantActive, ConditionStatus::False);
    }
    totals
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use serde_json::json;

    use super::*;

    fn tenant(conditions: &[(&str, &str)]) -> CachedTenant {
        let condition = |(kind, status): &(&str, &str)| {
            json!({
                "type": kind, "status": status, "reason": "R", "message": "",
                "lastTransitionTime": "2026-01-01T00:00:00Z"
            })
        };
        serde_json::from_value(json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant", "metadata": { "name": "contoso" },
            "spec": {
                "platformRef": { "name": "euwe-01" },
                "general": {
                    "name": "C", "o365Domain": "c.onmicrosoft.com", "tenantId": "44444444-0d3e-4f5a-8b7c-9d0e1f2a3b4c"
                }
            },
            "status": { "conditions": conditions.iter().map(condition).collect::<Vec<_>>() }
        }))
        .unwrap()
    }

    #[test]
    fn each_condition_counts_where_it_needs_attention() {
        let tenants = [
            tenant(&[]),
            tenant(&[("Ready", "True"), ("ScriptExecutionPending", "False"), ("TenantActive", "True")]),
            tenant(&[("Ready", "Unknown"), ("ScriptExecutionPending", "Unknown"), ("TenantActive", "Unknown")]),
            tenant(&[("Ready", "True"), ("ScriptExecutionPending", "True"), ("LicenseOveruse", "True")]),
            tenant(&[("Ready", "False"), ("LicenseOveruse", "False"), ("TenantActive", "False")]),
        ];
        let expected = TenantTotals { total: 5, not_ready: 3, script_pending: 1, overused: 1, out_of_service: 1 };
        assert_eq!(expected, totals(&tenants));
        assert_eq!(TenantTotals::default(), totals([]));
    }
}
