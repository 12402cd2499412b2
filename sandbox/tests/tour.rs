//! Requests that succeed one after the other, at least one for each route of the world around the admin API.
use serde_json::json;

use super::behaviours_organization::teams_based;
use super::microsoft_support::*;
use super::support::*;

/// Routes that show the effect of settings.
pub fn behaviours() -> Vec<Ask> {
    let provisioning = json!({
        "id": "answers", "displayName": "Answers", "via": "teams", "as": "tenant-administrator", "by": "anna",
    });
    let connection = json!({"widgetKey": OTHER_ID, "conversation": "direct"});
    vec![
        Ask::new("POST", world("/organization-units")).body(json!({"id": OTHER_ID, "name": "Sales"})),
        Ask::new("GET", world("/organization-units")),
        Ask::new("DELETE", world(&format!("/organization-units/{OTHER_ID}"))),
        Ask::new("POST", world("/services")).body(provisioning),
        Ask::new("GET", world("/services")),
        Ask::new("PUT", world("/services/answers/tab")).body(json!({"present": false})),
        Ask::new("GET", world("/users")),
        Ask::new("PUT", world("/users/anna/state")).body(json!({"state": "Busy"})),
        Ask::new("GET", world("/records?as=user-supervisor")),
        Ask::new("POST", world("/tasks")).body(json!({"service": "answers", "kind": "outbound"})),
        Ask::new("GET", world("/tasks")),
        Ask::new("DELETE", world("/tasks/1")),
        Ask::new("POST", world("/calls")).body(json!({"service": "answers", "customer": "+41791234567"})),
        Ask::new("POST", world("/log-ins")).body(json!({"user": "anna"})),
        Ask::new("PUT", "/sandbox/interact/tokens").body(json!({"token": "x", "tenantId": ID})),
        Ask::new("POST", world("/interact/sessions")).body(connection),
        Ask::new("GET", world("/interact/sessions")),
        Ask::new("GET", world("/view?as=partner")),
        Ask::new("GET", world("/licences")),
        Ask::new("GET", world("/search?as=anna&text=An")),
    ]
}

/// Routes that plant data of Microsoft's services.
pub fn planting() -> Vec<Ask> {
    let app = json!({"displayName": "App", "secret": "x", "keys": []});
    let user = json!({"userPrincipalName": "anna@contoso.com"});
    let resource = json!({"resourceId": RESOURCE_ID, "accessKeys": [KEY]});
    vec![
        Ask::new("PUT", format!("/sandbox/microsoft/apps/{}", object(1))).body(app),
        Ask::new("PUT", entra("")).body(json!({"lagSeconds": 0})),
        Ask::new("PUT", entra("/grants")).body(json!({"clientId": object(1), "permissions": []})),
        Ask::new("DELETE", entra(&format!("/apps/{}", object(1)))),
        Ask::new("PUT", entra(&format!("/groups/{}", object(1)))).body(json!({"displayName": "Group"})),
        Ask::new("DELETE", entra(&format!("/groups/{}", object(1)))),
        Ask::new("PUT", entra(&format!("/users/{}", object(1)))).body(user),
        Ask::new("DELETE", entra(&format!("/users/{}", object(1)))),
        Ask::new("PUT", "/sandbox/microsoft/acs/contoso").body(resource),
        Ask::new("GET", "/sandbox/microsoft/acs/contoso"),
        Ask::new("GET", "/sandbox/microsoft/log"),
    ]
}

/// Microsoft's routes, which need tokens and signatures.
pub async fn microsoft(api: &Api) {
    plant_groups(api).await;
    api.send(Ask::new("GET", "/login/common/discovery/instance")).await.expect(200);
    for version in ["", "/v2.0"] {
        let path = format!("/login/{ID}{version}/adminconsent?client_id={NIMBUS}");
        for method in ["GET", "POST"] {
            assert_eq!(200, api.send(Ask::new(method, path.clone())).await.status);
        }
    }
    api.send(Ask::new("GET", format!("/login/{ID}/v2.0/.well-known/openid-configuration"))).await.expect(200);
    let permissions =
        ["Group.Read.All", "Application.Read.All", "User.Read.All", "User.Invite.All", "Presence.Read.All"];
    let graph = Graph::with(api, &permissions).await;
    let (group, user) = (object(20), object(1));
    for path in [
        format!("/groups/{group}"),
        format!("/groups/{group}/members"),
        format!("/groups/{group}/transitiveMembers"),
        "/users".to_owned(),
        format!("/users/{user}"),
        format!("/users/{user}/presence"),
        format!("/communications/presences/{user}"),
    ] {
        graph.get(&path).await;
    }
    let principal = graph.get(&format!("/servicePrincipals(appId='{NIMBUS}')")).await;
    let path = format!("/servicePrincipals/{}", principal["id"].as_str().unwrap());
    graph.get(&path).await;
    graph.get(&format!("{path}/appRoleAssignments")).await;
    let guest = json!({"invitedUserEmailAddress": "im1@luware.com", "inviteRedirectUrl": "https://portal.example"});
    api.send(graph.ask("POST", "/invitations").body(guest)).await.expect(201);
    let sign = |ask: Ask| signed(api, ask, KEY, &date(0));
    let created = api.send(sign(Ask::new("POST", identities("")).body(json!({})))).await.expect(201);
    let id = created["identity"]["id"].as_str().unwrap();
    let issue = identities(&format!("/{id}/:issueAccessToken"));
    api.send(sign(Ask::new("POST", issue).body(json!({"scopes": ["chat"]})))).await.expect(200);
    api.send(sign(Ask::new("POST", identities(&format!("/{id}/:revokeAccessTokens"))))).await.expect(204);
    api.send(sign(Ask::new("DELETE", identities(&format!("/{id}"))))).await.expect(204);
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
    let session = api.world("POST", world("/interact/sessions"), connection).await;
    let path = world(&format!("/interact/sessions/{}/events", session["session"].as_str().unwrap()));
    api.world("POST", path, json!({"event": "agent-leaves"})).await;
}
