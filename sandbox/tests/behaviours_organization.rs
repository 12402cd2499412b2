//! Organization units: the tree, and what happens when a unit is deleted.
use serde_json::{Value, json};

use super::support::*;

const DEFAULT: &str = "/provisioning/defaultOrganizationUnitId";

/// Creates a unit and returns its id.
pub async fn unit(api: &Api, name: &str, parent: &str) -> String {
    let body = json!({"name": name, "parent": parent});
    let unit = api.world("POST", world("/organization-units"), body).await;
    unit["id"].as_str().unwrap().to_owned()
}

pub async fn delete_unit(api: &Api, id: &str) {
    api.world("DELETE", world(&format!("/organization-units/{id}")), Value::Null).await;
}

/// Returns the id of the unit of Microsoft Teams-based teams.
pub async fn teams_based(api: &Api) -> String {
    let units = api.world("GET", world("/organization-units"), Value::Null).await;
    let name = "Default Organization Unit for Microsoft Teams-based teams";
    let of_teams = |unit: &&Value| unit["name"] == name;
    units["items"].as_array().unwrap().iter().find(of_teams).unwrap()["id"].as_str().unwrap().to_owned()
}

pub fn default_unit(id: &str) -> Value {
    json!({"provisioning": {"defaultOrganizationUnitId": id}})
}

/// Returns the default unit and the reported move.
async fn default_and_moves(api: &Api) -> (Value, Value) {
    let read = api.read().await;
    (read["settings"].pointer(DEFAULT).unwrap().clone(), read["runtime"]["movedReferences"].clone())
}

#[tokio::test]
async fn a_new_tenant_has_the_root_and_the_teams_unit() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let units = api.world("GET", world("/organization-units"), Value::Null).await;
    let parents: Vec<&Value> = units["items"].as_array().unwrap().iter().map(|unit| &unit["parent"]).collect();
    assert_eq!(vec![&Value::Null, &json!("root")], parents);
}

/// "When the OU gets deleted, the OU default selection is moved one level higher (up to root)."
#[tokio::test]
async fn a_deleted_default_moves_up_to_the_root() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let sales = unit(&api, "Sales", "root").await;
    let berne = unit(&api, "Berne", &sales).await;
    let before = api.patch(default_unit(&berne)).await.expect(200);
    delete_unit(&api, &berne).await;
    let moved = |to: &str| json!([{"pointer": DEFAULT, "from": berne, "to": to}]);
    assert_eq!((json!(sales), moved(&sales)), default_and_moves(&api).await);
    assert_ne!(before["settingsVersion"], api.read().await["settingsVersion"]);
    delete_unit(&api, &sales).await;
    assert_eq!((json!("root"), moved("root")), default_and_moves(&api).await);
}

#[tokio::test]
async fn a_moved_default_is_reported_until_it_is_set() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let sales = unit(&api, "Sales", "root").await;
    api.patch(default_unit(&sales)).await.expect(200);
    delete_unit(&api, &sales).await;
    let moved = json!([{"pointer": DEFAULT, "from": sales, "to": "root"}]);
    api.patch(json!({"contact": {"name": "Anna"}})).await.expect(200);
    assert_eq!((json!("root"), moved), default_and_moves(&api).await);
    // An equal value does not change the setting, but confirms it.
    api.patch(default_unit("root")).await.expect(200);
    assert_eq!((json!("root"), json!([])), default_and_moves(&api).await);
}

#[tokio::test]
async fn deleting_another_unit_keeps_the_default() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let sales = unit(&api, "Sales", "root").await;
    let berne = unit(&api, "Berne", &sales).await;
    let before = api.patch(default_unit(&berne)).await.expect(200);
    // The unit below moves up and keeps its id, so the default still exists.
    delete_unit(&api, &sales).await;
    assert_eq!((json!(berne), json!([])), default_and_moves(&api).await);
    assert_eq!(before["settingsVersion"], api.read().await["settingsVersion"]);
    delete_unit(&api, &berne).await;
    assert_eq!(json!("root"), default_and_moves(&api).await.0);
}

#[tokio::test]
async fn an_unknown_default_unit_is_refused() {
    let api = Api::start().await;
    let refused = vec![error(DEFAULT, "unknown-reference")];
    let named = json!({"name": "Contoso", "o365Domain": "contoso.com"});
    let mut settings = default_unit(OTHER_ID);
    settings["general"] = named;
    let creation = api.send(Ask::new("PUT", tenant("")).settings(settings)).await;
    assert_eq!(refused, creation.errors(422, "invalid-settings"));
    api.create(json!({})).await;
    assert_eq!(refused, api.patch(default_unit(OTHER_ID)).await.errors(422, "invalid-settings"));
    let sales = unit(&api, "Sales", "root").await;
    api.patch(default_unit(&sales)).await.expect(200);
    delete_unit(&api, &sales).await;
    assert_eq!(refused, api.patch(default_unit(&sales)).await.errors(422, "invalid-settings"));
    let edit = Ask::new("PATCH", world("/settings")).settings(default_unit(&sales));
    assert_eq!(refused, api.send(edit).await.errors(422, "invalid-settings"));
}

#[tokio::test]
async fn a_creation_can_use_a_unit_from_before() {
    let api = Api::start().await;
    let sales = unit(&api, "Sales", "root").await;
    let created = api.create(default_unit(&sales)).await;
    assert_eq!(Some(&json!(sales)), created["settings"].pointer(DEFAULT));
}

#[tokio::test]
async fn a_unit_is_created_below_an_existing_one() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let ask = |body: Value| Ask::new("POST", world("/organization-units")).body(body);
    let orphan = api.send(ask(json!({"name": "x", "parent": OTHER_ID}))).await;
    assert_eq!(vec![error("/parent", "unknown-reference")], orphan.errors(422, "invalid-request"));
    api.send(ask(json!({"name": "x", "id": OTHER_ID}))).await.expect(201);
    let twice = api.send(ask(json!({"name": "x", "id": OTHER_ID}))).await;
    assert_eq!(vec![error("/id", "not-allowed")], twice.errors(422, "invalid-request"));
}

#[tokio::test]
async fn root_and_the_teams_unit_cannot_be_deleted() {
    let api = Api::start().await;
    api.create(json!({})).await;
    for id in ["root".to_owned(), teams_based(&api).await, OTHER_ID.to_owned()] {
        let answer = api.send(Ask::new("DELETE", world(&format!("/organization-units/{id}")))).await;
        assert_eq!(vec![error("/unit", "unknown-reference")], answer.errors(422, "invalid-request"));
    }
}
