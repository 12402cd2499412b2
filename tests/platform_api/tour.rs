//! Requests that succeed one after the other, at least one for each route of the world around the admin API.
use serde_json::json;

use super::behaviours_organization::teams_based;
use super::support::*;

/// What the settings are for.
pub fn behaviours() -> Vec<Ask> {
    let provisioning = json!({
        "id": "answers", "displayName": "Answers", "via": "teams", "as": "tenant-administrator", "by": "anna",
    });
    let connection = json!({"widgetKey": OTHER_ID, "conversation": "direct"});
    vec![
        Ask::new("POST", outside("/organization-units")).body(json!({"id": OTHER_ID, "name": "Sales"})),
        Ask::new("GET", outside("/organization-units")),
        Ask::new("DELETE", outside(&format!("/organization-units/{OTHER_ID}"))),
        Ask::new("POST", outside("/services")).body(provisioning),
        Ask::new("GET", outside("/services")),
        Ask::new("PUT", outside("/services/answers/tab")).body(json!({"present": false})),
        Ask::new("GET", outside("/users")),
        Ask::new("PUT", outside("/users/anna/state")).body(json!({"state": "Busy"})),
        Ask::new("GET", outside("/records?as=user-supervisor")),
        Ask::new("POST", outside("/tasks")).body(json!({"service": "answers", "kind": "outbound"})),
        Ask::new("GET", outside("/tasks")),
        Ask::new("DELETE", outside("/tasks/1")),
        Ask::new("POST", outside("/calls")).body(json!({"service": "answers", "customer": "+41791234567"})),
        Ask::new("POST", outside("/log-ins")).body(json!({"user": "anna"})),
        Ask::new("PUT", "/sandbox/interact/tokens").body(json!({"token": "x", "tenantId": ID})),
        Ask::new("POST", outside("/interact/sessions")).body(connection),
        Ask::new("GET", outside("/interact/sessions")),
        Ask::new("GET", outside("/view?as=partner")),
        Ask::new("GET", outside("/licences")),
    ]
}

/// A session of Interact, whose id only the platform knows.
pub async fn session(api: &Api) {
    let settings = json!({
        "extensions": {"interact": {"enabled": true, "acsConnectionString": {"value": STRING}}},
        "licenses": {"contingents": {"users": {"interact": 1}}},
        "provisioning": {"defaultOrganizationUnitId": teams_based(api).await},
    });
    api.patch(settings).await.expect(200);
    let key = api.send(Ask::new("GET", tenant("/widget-key"))).await.expect(200)["key"].clone();
    let connection = json!({"widgetKey": key, "conversation": "service"});
    let session = api.outside("POST", outside("/interact/sessions"), connection).await;
    let path = outside(&format!("/interact/sessions/{}/events", session["session"].as_str().unwrap()));
    api.outside("POST", path, json!({"event": "agent-leaves"})).await;
}
