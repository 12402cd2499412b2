//! Licenses: how many are used, how many were bought, and which are overused.
use serde_json::{Value, json};

use super::target::tenant;
use crate::http::call::Call;
use crate::http::reply::Reply;
use crate::model::problem::Failure;
use crate::model::store::Work;

/// `GET /sandbox/tenants/{id}/licences`.
pub(crate) async fn list(work: &mut Work, call: &Call) -> Result<Reply, Failure> {
    let tenant = tenant(work, call).await?;
    let bought = &tenant.settings["licenses"]["contingents"];
    Ok(Reply::ok(json!({"items": compare("", &tenant.runtime()["used"], bought)})))
}

/// Returns an item per kind that is used or bought. Overuse is shown, not refused.
fn compare(at: &str, used: &Value, bought: &Value) -> Vec<Value> {
    let empty = serde_json::Map::new();
    let members = |value: &Value| value.as_object().unwrap_or(&empty).clone();
    let (of_used, of_bought) = (members(used), members(bought));
    let names: std::collections::BTreeSet<&String> = of_used.keys().chain(of_bought.keys()).collect();
    let mut items = Vec::new();
    for name in names {
        let (used, bought) = (&used[name], &bought[name]);
        let kind = format!("{at}{name}");
        if used.is_object() || bought.is_object() {
            items.extend(compare(&format!("{kind}/"), used, bought));
            continue;
        }
        let (used, bought) = (used.as_i64().unwrap_or(0), bought.as_i64().unwrap_or(0));
        items.push(json!({"kind": kind, "used": used, "contingent": bought, "overused": used > bought}));
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_used_than_bought_is_overuse_and_as_many_is_not() {
        let used = json!({"services": {"features": {"interact": 1}}, "users": {"assistant": 2, "interact": 3}});
        let bought = json!({"services": {"features": {"codes": 1}}, "users": {"assistant": 2, "interact": 2}});
        let item = |kind, used, contingent, overused: bool| json!({"kind": kind, "used": used, "contingent": contingent, "overused": overused});
        let expected = vec![
            item("services/features/codes", 0, 1, false),
            item("services/features/interact", 1, 0, true),
            item("users/assistant", 2, 2, false),
            item("users/interact", 3, 2, true),
        ];
        assert_eq!(expected, compare("", &used, &bought));
    }
}
