//! Services and users: who provisions them, the owner role, and the organization unit.
use serde_json::{Value, json};

use super::behaviours_organization::{default_unit, delete_unit, teams_based, unit};
use super::support::*;

async fn provision(api: &Api, body: Value) -> Value {
    let mut body = body;
    body["displayName"] = json!("Help");
    api.world("POST", world("/services"), body).await
}

/// Provisions from Microsoft Teams as a user who is known to Nimbus.
async fn from_teams(api: &Api, more: Value) -> Value {
    let mut body = json!({"via": "teams", "as": "tenant-administrator", "by": "anna"});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    provision(api, body).await
}

async fn known_user(api: &Api, user: &str) {
    let body = json!({"licenses": [], "organizationUnitId": "root"});
    api.world("PUT", world(&format!("/users/{user}")), body).await;
}

async fn services(api: &Api) -> Vec<Value> {
    let services = api.world("GET", world("/services"), Value::Null).await;
    services["items"].as_array().unwrap().clone()
}

async fn unit_of_user(api: &Api, user: &str) -> Value {
    let users = api.world("GET", world("/users"), Value::Null).await;
    users["items"].as_array().unwrap().iter().find(|item| item["id"] == user).unwrap()["organizationUnitId"].clone()
}

/// "Set the minimum roles required to Provision a new Nimbus team directly from the MS-Teams UI."
#[tokio::test]
async fn the_minimum_role_decides_who_provisions_from_teams() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let people = ["user", "organization-unit-administrator", "tenant-administrator"];
    let rows = [
        ("Everyone", [true, true, true]),
        ("TenantAndOrganizationUnitAdministrators", [false, true, true]),
        ("TenantAdministrators", [false, false, true]),
        ("NoOne", [false, false, false]),
    ];
    for (allowed, expected) in rows {
        let settings = json!({"provisioning": {"allowServiceProvisioningViaTeams": allowed}});
        api.patch(settings).await.expect(200);
        for (role, may) in people.iter().zip(expected) {
            let outcome = from_teams(&api, json!({"as": role})).await;
            let expected = if may { ("provisioned", json!(null)) } else { ("refused", json!("role")) };
            assert_eq!(expected, (outcome["outcome"].as_str().unwrap(), outcome["reason"].clone()), "{allowed} {role}");
        }
    }
}

/// "Non MS-Teams synched Service types can still be provisioned via the backend by any administrator, regardless of the
/// setting made here."
#[tokio::test]
async fn administrators_provision_other_services() {
    let api = Api::start().await;
    api.create(json!({"provisioning": {"allowServiceProvisioningViaTeams": "NoOne"}})).await;
    let rows = [
        ("organization-unit-administrator", "skill-based", json!(null)),
        ("tenant-administrator", "none", json!(null)),
        ("user", "skill-based", json!("role")),
        ("tenant-administrator", "teams-based", json!("needs-teams")),
    ];
    for (role, assignment, reason) in rows {
        let body = json!({"via": "portal", "as": role, "by": "anna", "assignment": assignment});
        let outcome = provision(&api, body).await;
        assert_eq!(reason, outcome["reason"], "{role} {assignment}");
        assert_eq!(json!(null), outcome["ownerRole"]);
    }
    assert_eq!(2, services(&api).await.len());
}

/// "Existing services are not affected by this change and changing this setting will only affect future services
/// provisioned via MS Teams"
#[tokio::test]
async fn the_owner_role_applies_to_future_services_only() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let first = from_teams(&api, json!({"id": "first"})).await;
    api.patch(json!({"provisioning": {"defaultTeamOwnerRole": "TeamOwnerLimited"}})).await.expect(200);
    let second = from_teams(&api, json!({"id": "second"})).await;
    assert_eq!(
        (json!("TeamOwner"), json!("TeamOwnerLimited")),
        (first["ownerRole"].clone(), second["ownerRole"].clone())
    );
    let roles: Vec<Value> = services(&api).await.iter().map(|service| service["ownerRole"].clone()).collect();
    assert_eq!(vec![json!("TeamOwner"), json!("TeamOwnerLimited")], roles);
}

/// "Sets the default Organization Unit (OU) for new services during their first provisioning."
#[tokio::test]
async fn a_new_service_is_placed_in_the_default_unit() {
    let api = Api::start().await;
    api.create(json!({})).await;
    known_user(&api, "anna").await;
    let sales = unit(&api, "Sales", "root").await;
    api.patch(default_unit(&sales)).await.expect(200);
    assert_eq!(json!(sales), from_teams(&api, json!({})).await["organizationUnitId"]);
}

/// "During Service Provisioning users can still change the default to any provided "sub" level OU during installation."
#[tokio::test]
async fn a_user_chooses_a_unit_below_the_default() {
    let api = Api::start().await;
    api.create(json!({})).await;
    known_user(&api, "anna").await;
    let sales = unit(&api, "Sales", "root").await;
    let berne = unit(&api, "Berne", &sales).await;
    let help = unit(&api, "Help", "root").await;
    api.patch(default_unit(&sales)).await.expect(200);
    let choose = |id: &str| json!({"organizationUnitId": id});
    assert_eq!(json!(berne), from_teams(&api, choose(&berne)).await["organizationUnitId"]);
    assert_eq!(json!("not-below-default"), from_teams(&api, choose(&help)).await["reason"]);
    assert_eq!(json!("not-below-default"), from_teams(&api, choose("root")).await["reason"]);
}

/// "If either user or service are completely new in Nimbus – or the OU cannot be selected for other reasons – both the
/// user and service are placed in a "Default Organization Unit for Microsoft Teams-based teams"."
#[tokio::test]
async fn a_new_user_and_its_service_get_the_teams_unit() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let sales = unit(&api, "Sales", "root").await;
    api.patch(default_unit(&sales)).await.expect(200);
    let fallback = json!(teams_based(&api).await);
    assert_eq!(fallback, from_teams(&api, json!({"by": "new"})).await["organizationUnitId"]);
    assert_eq!(fallback, unit_of_user(&api, "new").await);
    // A user who is known by then is placed as usual.
    assert_eq!(json!(sales), from_teams(&api, json!({"by": "new"})).await["organizationUnitId"]);
}

#[tokio::test]
async fn an_unselectable_unit_falls_back_to_the_teams_unit() {
    let api = Api::start().await;
    api.create(json!({})).await;
    known_user(&api, "anna").await;
    let closed = json!({"name": "Closed", "id": OTHER_ID, "selectable": false});
    api.world("POST", world("/organization-units"), closed).await;
    api.patch(default_unit(OTHER_ID)).await.expect(200);
    let fallback = json!(teams_based(&api).await);
    assert_eq!(fallback, from_teams(&api, json!({})).await["organizationUnitId"]);
    assert_eq!(fallback, unit_of_user(&api, "anna").await);
}

/// "Both can be moved to other Organization Units via the User Administration and Service Administration respectively."
#[tokio::test]
async fn users_and_services_move_with_their_unit() {
    let api = Api::start().await;
    api.create(json!({})).await;
    from_teams(&api, json!({"id": "help", "by": "new"})).await;
    let sales = unit(&api, "Sales", "root").await;
    let to_sales = |mut body: Value| {
        body["organizationUnitId"] = json!(sales);
        body
    };
    api.world("PUT", world("/users/new"), to_sales(json!({"licenses": []}))).await;
    api.world("PUT", world("/services/help"), to_sales(json!({"displayName": "Help"}))).await;
    assert_eq!(json!(sales), unit_of_user(&api, "new").await);
    assert_eq!(json!(sales), services(&api).await[0]["organizationUnitId"]);
    delete_unit(&api, &sales).await;
    assert_eq!(json!("root"), unit_of_user(&api, "new").await);
    assert_eq!(json!("root"), services(&api).await[0]["organizationUnitId"]);
    let nowhere = json!({"licenses": [], "organizationUnitId": sales});
    let answer = api.send(Ask::new("PUT", world("/users/new")).body(nowhere)).await;
    assert_eq!(vec![error("/organizationUnitId", "unknown-reference")], answer.errors(422, "invalid-request"));
}

/// "Users without the permission to Provision new services may still remove the Nimbus tab from MS Teams […]. However,
/// they can not trigger a removal of the service itself and its data and the Nimbus tab can be re-added."
#[tokio::test]
async fn removing_the_tab_removes_nothing() {
    let api = Api::start().await;
    api.create(json!({})).await;
    from_teams(&api, json!({"id": "help"})).await;
    api.patch(json!({"provisioning": {"allowServiceProvisioningViaTeams": "NoOne"}})).await.expect(200);
    let before = services(&api).await;
    for present in [false, true] {
        api.world("PUT", world("/services/help/tab"), json!({"present": present})).await;
        let mut expected = before.clone();
        expected[0]["tab"] = json!(present);
        assert_eq!(expected, services(&api).await);
    }
    let remove = |role: &str| Ask::new("DELETE", world(&format!("/services/help?as={role}")));
    api.send(remove("user")).await.refused(403, "not-permitted");
    assert_eq!(before, services(&api).await);
    api.send(remove("tenant-administrator")).await.expect(204);
    assert_eq!(json!("pending-deletion"), services(&api).await[0]["state"]);
}

#[tokio::test]
async fn a_service_is_enabled_by_the_script() {
    let api = Api::start().await;
    api.create(json!({})).await;
    from_teams(&api, json!({"id": "help"})).await;
    assert_eq!(json!("uncompleted"), services(&api).await[0]["state"]);
    api.world("POST", world("/script/run"), Value::Null).await;
    assert_eq!(json!("enabled"), services(&api).await[0]["state"]);
}
