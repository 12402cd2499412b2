//! Graph: groups, apps, grants, presence, invitations, and errors.
use serde_json::{Value, json};

use super::microsoft_support::*;
use super::support::*;

async fn presence_roles(graph: &Graph<'_>, app: &str) -> Vec<Value> {
    let principal = graph.get(&format!("/servicePrincipals(appId='{app}')?$select=id")).await;
    let path = format!("/servicePrincipals/{}/appRoleAssignments", principal["id"].as_str().unwrap());
    let roles = graph.all(&path).await;
    roles.into_iter().filter(|role| role["appRoleId"] == PRESENCE_ROLE).collect()
}

#[tokio::test]
async fn a_group_shows_its_kind() {
    let api = Api::start().await;
    plant_groups(&api).await;
    let graph = Graph::with(&api, &["GroupMember.Read.All"]).await;
    let rows = [
        (10, json!([]), false, true),
        (11, json!([]), true, true),
        (12, json!(["Unified"]), true, true),
        (13, json!([]), true, false),
    ];
    for (number, types, mail, security) in rows {
        let path = format!("/groups/{}?$select=id,groupTypes,mailEnabled,securityEnabled", object(number));
        let mut group = graph.get(&path).await;
        let context = group.as_object_mut().unwrap().remove("@odata.context").unwrap();
        assert_eq!(json!(api.url("/graph/v1.0/$metadata#groups/$entity")), context);
        let expected =
            json!({"id": object(number), "groupTypes": types, "mailEnabled": mail, "securityEnabled": security});
        assert_eq!(expected, group);
    }
}

#[tokio::test]
async fn absent_forbidden_and_malformed_ids_differ() {
    let api = Api::start().await;
    plant_groups(&api).await;
    let graph = Graph::with(&api, &["Group.Read.All"]).await;
    graph_error(&graph.answer(&format!("/groups/{}", object(99))).await, 404, "Request_ResourceNotFound");
    graph_error(&graph.answer("/groups/sales").await, 400, "Request_BadRequest");
    let path = format!("/groups/{}?$select=id,nmae", object(10));
    graph_error(&graph.answer(&path).await, 400, "BadRequest");
    grant(&api, &["User.Read.All"]).await;
    let path = format!("/groups/{}", object(10));
    graph_error(&graph.answer(&path).await, 403, "Authorization_RequestDenied");
}

#[tokio::test]
async fn a_new_group_is_visible_after_the_lag() {
    let api = Api::start().await;
    let graph = Graph::with(&api, &["Group.Read.All"]).await;
    let path = format!("/groups/{}", object(30));
    api.world("PUT", entra(&path), json!({"displayName": "New", "lagSeconds": 30})).await;
    graph_error(&graph.answer(&path).await, 404, "Request_ResourceNotFound");
    api.world("POST", "/sandbox/clock".into(), json!({"advanceSeconds": 30})).await;
    assert_eq!(json!("New"), graph.get(&path).await["displayName"]);
    api.world("DELETE", entra(&path), Value::Null).await;
    graph_error(&graph.answer(&path).await, 404, "Request_ResourceNotFound");
}

#[tokio::test]
async fn an_app_without_consent_is_not_found() {
    let api = Api::start().await;
    let graph = Graph::with(&api, &["Application.Read.All"]).await;
    let path = format!("/servicePrincipals(appId='{INTERACT}')");
    graph_error(&graph.answer(&path).await, 404, "Request_ResourceNotFound");
    let body = json!({"clientId": INTERACT, "permissions": []});
    api.world("PUT", entra("/grants"), body).await;
    let principal = graph.get(&path).await;
    assert_eq!(json!("Nimbus Interact App"), principal["displayName"]);
    assert_ne!(json!(INTERACT), principal["id"]);
    let by_id = graph.get(&format!("/servicePrincipals/{}", principal["id"].as_str().unwrap())).await;
    assert_eq!(principal, by_id);
    api.world("DELETE", entra(&format!("/apps/{INTERACT}")), Value::Null).await;
    graph_error(&graph.answer(&path).await, 404, "Request_ResourceNotFound");
}

#[tokio::test]
async fn a_grant_names_the_role_and_the_resource() {
    let api = Api::start().await;
    let graph = Graph::with(&api, &["Application.Read.All", "Presence.Read.All"]).await;
    let of_graph = graph.get(&format!("/servicePrincipals(appId='{GRAPH}')")).await;
    let roles = presence_roles(&graph, NIMBUS).await;
    assert_eq!(1, roles.len());
    assert_eq!(
        (&of_graph["id"], &json!("Microsoft Graph")),
        (&roles[0]["resourceId"], &roles[0]["resourceDisplayName"])
    );
    // The same role of another app is a different permission.
    let body = json!({"clientId": INTERACT, "permissions": [PRESENCE_ROLE], "resourceAppId": OTHER_ID});
    api.world("PUT", entra("/grants"), body).await;
    let roles = presence_roles(&graph, INTERACT).await;
    assert_ne!(of_graph["id"], roles[0]["resourceId"]);
}

#[tokio::test]
async fn grants_and_removals_are_visible_after_the_lag() {
    let api = Api::start().await;
    let graph = Graph::with(&api, &["Application.Read.All"]).await;
    let change = async |permissions: &[&str]| {
        let body = json!({"clientId": NIMBUS, "permissions": permissions, "lagSeconds": 60});
        api.world("PUT", entra("/grants"), body).await;
    };
    let wait = async || api.world("POST", "/sandbox/clock".into(), json!({"advanceSeconds": 60})).await;
    for (permissions, before, after) in
        [(&["Application.Read.All", "Presence.Read.All"][..], 0, 1), (&["Application.Read.All"][..], 1, 0)]
    {
        change(permissions).await;
        assert_eq!(before, presence_roles(&graph, NIMBUS).await.len());
        wait().await;
        assert_eq!(after, presence_roles(&graph, NIMBUS).await.len());
    }
}

/// "Granting permission by running the provisioning script is an alternative to granting via Grant Link".
#[tokio::test]
async fn the_script_grants_presence_and_interact() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let run = async || api.world("POST", world("/script/run"), Value::Null).await;
    run().await;
    let token = entra_token(&api, ID, &[]).await.expect(200);
    let bearer = format!("Bearer {}", token["access_token"].as_str().unwrap());
    let known = async |app: &str| {
        let path = format!("/graph/v1.0/servicePrincipals(appId='{app}')");
        api.send(Ask::new("GET", path).header("authorization", bearer.clone())).await.status == 200
    };
    assert_eq!((true, false), (known(NIMBUS).await, known(INTERACT).await));
    let interact = json!({"enabled": true, "acsConnectionString": {"value": STRING}});
    api.patch(json!({"extensions": {"interact": interact}})).await.expect(200);
    assert!(!known(INTERACT).await, "granted by the run, not by the setting");
    run().await;
    assert!(known(INTERACT).await);
    let principal = api
        .send(
            Ask::new("GET", format!("/graph/v1.0/servicePrincipals(appId='{NIMBUS}')"))
                .header("authorization", bearer.clone()),
        )
        .await
        .expect(200);
    let path = format!("/graph/v1.0/servicePrincipals/{}/appRoleAssignments", principal["id"].as_str().unwrap());
    let roles = api.send(Ask::new("GET", path).header("authorization", bearer.clone())).await.expect(200);
    assert!(roles["value"].as_array().unwrap().iter().any(|role| role["appRoleId"] == PRESENCE_ROLE));
}

#[tokio::test]
async fn a_presence_needs_its_permission_and_an_object_id() {
    let api = Api::start().await;
    plant_groups(&api).await;
    let graph = Graph::with(&api, &["User.Read.All"]).await;
    let path = format!("/users/{}/presence", object(1));
    graph_error(&graph.answer(&path).await, 403, "Forbidden");
    grant(&api, &["Presence.Read.All"]).await;
    for path in [path, format!("/communications/presences/{}", object(1))] {
        let presence = graph.get(&path).await;
        let got = (&presence["id"], &presence["availability"], &presence["activity"]);
        assert_eq!((&json!(object(1)), &json!("Busy"), &json!("InACall")), got);
    }
    graph_error(&graph.answer("/users/user1@contoso.com/presence").await, 400, "Request_BadRequest");
    graph_error(&graph.answer(&format!("/users/{}/presence", object(99))).await, 404, "Request_ResourceNotFound");
}

#[tokio::test]
async fn a_user_is_found_by_id_and_by_sign_in_name() {
    let api = Api::start().await;
    plant_groups(&api).await;
    let graph = Graph::with(&api, &["User.ReadBasic.All", "User.Invite.All"]).await;
    for name in [object(1), "USER1@contoso.com".to_owned()] {
        let user = graph.get(&format!("/users/{name}?$select=id,displayName")).await;
        assert_eq!((&json!(object(1)), &json!("User 1")), (&user["id"], &user["displayName"]));
    }
    graph_error(&graph.answer("/users/nobody@contoso.com").await, 404, "Request_ResourceNotFound");
    graph_error(&graph.answer("/users").await, 403, "Authorization_RequestDenied");
    api.world("DELETE", entra(&format!("/users/{}", object(1))), Value::Null).await;
    graph_error(&graph.answer("/users/user1@contoso.com").await, 404, "Request_ResourceNotFound");
}

#[tokio::test]
async fn an_invited_guest_is_pending() {
    let api = Api::start().await;
    api.world("PUT", entra(""), json!({"domains": ["contoso.com", "contoso.onmicrosoft.com"]})).await;
    let graph = Graph::with(&api, &["User.Invite.All", "User.Read.All"]).await;
    let invite = |body: Value| graph.ask("POST", "/invitations").body(body);
    let good = json!({"invitedUserEmailAddress": "im1@luware.com", "inviteRedirectUrl": "https://portal.example"});
    let invitation = api.send(invite(good)).await.expect(201);
    assert_eq!(json!("PendingAcceptance"), invitation["status"]);
    let upn = "im1_luware.com#EXT#@contoso.onmicrosoft.com";
    assert_eq!(json!(upn), invitation["invitedUser"]["userPrincipalName"]);
    let guest = graph.get(&format!("/users/{}?$select=id,userType", upn.replace('#', "%23"))).await;
    assert_eq!((&invitation["invitedUser"]["id"], &json!("Guest")), (&guest["id"], &guest["userType"]));
    let bad = json!({"invitedUserEmailAddress": "nobody", "inviteRedirectUrl": "https://portal.example"});
    graph_error(&api.send(invite(bad)).await, 400, "BadRequest");
}

#[tokio::test]
async fn a_budget_is_announced_and_then_limited() {
    let api = Api::start().await;
    plant_groups(&api).await;
    let graph = Graph::with(&api, &["Group.Read.All", "Presence.Read.All"]).await;
    let members = format!("/groups/{}/members", object(20));
    assert_eq!("3", graph.answer(&members).await.header("x-ms-resource-unit"));
    let cheap = graph.answer(&format!("{members}?$select=id&$top=5")).await;
    assert_eq!(("1", ""), (cheap.header("x-ms-resource-unit"), cheap.header("x-ms-throttle-limit-percentage")));
    let transitive = graph.answer(&members.replace("members", "transitiveMembers")).await;
    assert_eq!("5", transitive.header("x-ms-resource-unit"));
    api.world("PUT", entra(""), json!({"identityUnits": 1, "presenceRequests": 1})).await;
    let over = graph.answer(&members).await;
    graph_error(&over, 429, "TooManyRequests");
    let seconds: u64 = over.header("retry-after").parse().unwrap();
    assert!((1..=10).contains(&seconds));
    assert_eq!(format!("Tenant_Application/ReadWrite/{NIMBUS}/{ID}"), over.header("x-ms-throttle-scope"));
    assert_eq!("ResourceUnitLimitExceeded", over.header("x-ms-throttle-information"));
    let presence = graph.answer(&format!("/users/{}/presence", object(1))).await;
    assert_eq!((200, "1.00"), (presence.status, presence.header("x-ms-throttle-limit-percentage")));
}
