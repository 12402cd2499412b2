//! Licenses: counts of used licenses, compared with the bought ones.
use serde_json::{Value, json};

use super::support::*;

async fn license(api: &Api, kind: &str) -> (Value, Value, Value) {
    let licenses = api.world("GET", world("/licences"), Value::Null).await;
    let items = licenses["items"].as_array().unwrap();
    let item = items.iter().find(|item| item["kind"] == kind).unwrap();
    (item["used"].clone(), item["contingent"].clone(), item["overused"].clone())
}

fn row(used: i64, contingent: i64, overused: bool) -> (Value, Value, Value) {
    (json!(used), json!(contingent), json!(overused))
}

/// "The counters change when you Manage Licenses per service and users respectively, drawing from your current license
/// contingency."
#[tokio::test]
async fn counters_follow_users_and_services() {
    let api = Api::start().await;
    let bought = json!({"users": {"assistant": 1}, "services": {"contactCenter": 1, "features": {"interact": 1}}});
    api.create(json!({"licenses": {"contingents": bought}})).await;
    assert_eq!(row(0, 1, false), license(&api, "users/assistant").await);
    for (index, user) in ["anna", "bob"].into_iter().enumerate() {
        api.world("PUT", world(&format!("/users/{user}")), json!({"licenses": ["users/assistant"]})).await;
        let used = i64::try_from(index).unwrap() + 1;
        assert_eq!(row(used, 1, used > 1), license(&api, "users/assistant").await);
    }
    let service = json!({"displayName": "Help", "license": "contactCenter", "features": ["interact", "codes"]});
    api.world("PUT", world("/services/help"), service).await;
    assert_eq!(row(1, 1, false), license(&api, "services/contactCenter").await);
    assert_eq!(row(1, 1, false), license(&api, "services/features/interact").await);
    assert_eq!(row(1, 0, true), license(&api, "services/features/codes").await, "overuse is shown, not refused");
    api.world("DELETE", world("/services/help"), Value::Null).await;
    assert_eq!(row(0, 1, false), license(&api, "services/contactCenter").await);
    api.world("PUT", world("/users/bob"), json!({"licenses": []})).await;
    assert_eq!(row(1, 1, false), license(&api, "users/assistant").await);
}

/// "Advanced Routing - the default license for new new services."
#[tokio::test]
async fn a_new_service_uses_advanced_routing() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let body = json!({"displayName": "Help", "via": "portal", "as": "tenant-administrator", "by": "anna"});
    api.world("POST", world("/services"), body).await;
    assert_eq!(row(1, 0, true), license(&api, "services/advancedRouting").await);
}

#[tokio::test]
async fn buying_fewer_licenses_than_used_is_overuse() {
    let api = Api::start().await;
    let contingent = |count: i64| json!({"licenses": {"contingents": {"modalities": {"email": count}}}});
    api.create(contingent(1)).await;
    api.world("PUT", world("/users/anna"), json!({"licenses": ["modalities/email"]})).await;
    assert_eq!(row(1, 1, false), license(&api, "modalities/email").await);
    api.patch(contingent(0)).await.expect(200);
    assert_eq!(row(1, 0, true), license(&api, "modalities/email").await);
}
