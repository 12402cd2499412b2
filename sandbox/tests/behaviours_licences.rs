//! Licences: counted from what users and services hold, compared with what was bought.
use serde_json::{Value, json};

use super::support::*;

async fn licence(api: &Api, kind: &str) -> (Value, Value, Value) {
    let licences = api.outside("GET", outside("/licences"), Value::Null).await;
    let items = licences["items"].as_array().unwrap();
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
    assert_eq!(row(0, 1, false), licence(&api, "users/assistant").await);
    for (index, user) in ["anna", "bob"].into_iter().enumerate() {
        api.outside("PUT", outside(&format!("/users/{user}")), json!({"licences": ["users/assistant"]})).await;
        let used = i64::try_from(index).unwrap() + 1;
        assert_eq!(row(used, 1, used > 1), licence(&api, "users/assistant").await);
    }
    let service = json!({"displayName": "Help", "licence": "contactCenter", "features": ["interact", "codes"]});
    api.outside("PUT", outside("/services/help"), service).await;
    assert_eq!(row(1, 1, false), licence(&api, "services/contactCenter").await);
    assert_eq!(row(1, 1, false), licence(&api, "services/features/interact").await);
    assert_eq!(row(1, 0, true), licence(&api, "services/features/codes").await, "overuse is shown, not refused");
    api.outside("DELETE", outside("/services/help"), Value::Null).await;
    assert_eq!(row(0, 1, false), licence(&api, "services/contactCenter").await);
    api.outside("PUT", outside("/users/bob"), json!({"licences": []})).await;
    assert_eq!(row(1, 1, false), licence(&api, "users/assistant").await);
}

/// "Advanced Routing - the default license for new new services."
#[tokio::test]
async fn a_new_service_uses_advanced_routing() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let body = json!({"displayName": "Help", "via": "portal", "as": "tenant-administrator", "by": "anna"});
    api.outside("POST", outside("/services"), body).await;
    assert_eq!(row(1, 0, true), licence(&api, "services/advancedRouting").await);
}

#[tokio::test]
async fn buying_less_than_is_used_is_overuse_without_any_act_of_the_tenant() {
    let api = Api::start().await;
    let contingent = |count: i64| json!({"licenses": {"contingents": {"modalities": {"email": count}}}});
    api.create(contingent(1)).await;
    api.outside("PUT", outside("/users/anna"), json!({"licences": ["modalities/email"]})).await;
    assert_eq!(row(1, 1, false), licence(&api, "modalities/email").await);
    api.patch(contingent(0)).await.expect(200);
    assert_eq!(row(1, 0, true), licence(&api, "modalities/email").await);
}
