//! The list of tenants and the change feed.
use std::time::Duration;

use nimbus_sandbox::Database;
use serde_json::{Value, json};

use super::support::*;

fn id(number: usize) -> String {
    format!("{number:08x}-0000-4000-8000-000000000000")
}

async fn create(api: &Api, number: usize, client: &'static str) -> Value {
    let settings = json!({"general": {"name": "x", "o365Domain": "contoso.com"}});
    let ask = Ask::new("PUT", format!("/v1/tenants/{}", id(number))).by(client);
    api.send(ask.settings(settings)).await.expect(201)
}

async fn get(api: &Api, path: &str) -> Value {
    api.send(Ask::new("GET", path)).await.expect(200)
}

#[tokio::test]
async fn the_tenant_list_has_pages() {
    let api = Api::start().await;
    let mut created = Vec::new();
    for number in 1..=5 {
        created.push(create(&api, number, "system").await);
    }
    let (mut items, mut cursor) = (Vec::new(), String::new());
    for _ in 0..3 {
        let page = get(&api, &format!("/v1/tenants?limit=2&cursor={cursor}")).await;
        items.extend(page["items"].as_array().unwrap().clone());
        cursor = page["nextCursor"].as_str().unwrap_or("").to_owned();
    }
    assert_eq!("", cursor);
    let expected: Vec<Value> = created
        .iter()
        .map(|tenant| {
            json!({
                "id": tenant["id"],
                "settingsVersion": tenant["settingsVersion"],
                "runtimeVersion": tenant["runtimeVersion"],
            })
        })
        .collect();
    assert_eq!(expected, items);
}

#[tokio::test]
async fn fields_choose_the_members_of_an_item() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let list = get(&api, "/v1/tenants?fields=id,owner").await;
    assert_eq!(json!([{"id": ID, "owner": OWNER}]), list["items"]);
    for query in ["fields=id,secret", "limit=0", "limit=501", "limit=x"] {
        api.send(Ask::new("GET", format!("/v1/tenants?{query}"))).await.refused(400, "malformed-request");
    }
}

#[tokio::test]
async fn the_first_page_has_the_entity_tag_of_the_list() {
    let api = Api::start().await;
    create(&api, 1, "system").await;
    create(&api, 2, "system").await;
    let first = api.send(Ask::new("GET", "/v1/tenants?limit=1")).await;
    let etag = first.header("etag").to_owned();
    let again = || Ask::new("GET", "/v1/tenants?limit=1").header("if-none-match", etag.clone());
    assert_eq!(304, api.send(again()).await.status);
    let path = format!("/sandbox/tenants/{}/settings", id(2));
    api.world("PATCH", path, json!({"settings": {"general": {"name": "y"}}})).await;
    api.send(again()).await.expect(200);
    let second = api.send(Ask::new("GET", format!("/v1/tenants?limit=1&cursor={}", id(1)))).await;
    assert_eq!("", second.header("etag"));
}

#[tokio::test]
async fn the_list_shows_accessible_tenants_only() {
    let api = Api::start().await;
    create(&api, 1, "system").await;
    create(&api, 2, "partner").await;
    api.world("PUT", "/sandbox/clients".into(), json!({"id": "tenant", "tenantIds": [id(1)]})).await;
    for (client, expected) in [("system", vec![1, 2]), ("partner", vec![2]), ("tenant", vec![1])] {
        let list = api.send(Ask::new("GET", "/v1/tenants?fields=id").by(client)).await.expect(200);
        let expected: Vec<Value> = expected.into_iter().map(|number| json!({"id": id(number)})).collect();
        assert_eq!(json!(expected), list["items"], "{client}");
    }
}

#[tokio::test]
async fn changes_list_each_tenant_once_after_a_cursor() {
    let api = Api::start().await;
    create(&api, 1, "system").await;
    let start = get(&api, "/v1/changes").await;
    assert_eq!(json!([]), start["ids"]);
    create(&api, 2, "system").await;
    let path = format!("/sandbox/tenants/{}/settings", id(2));
    api.world("PATCH", path, json!({"settings": {"general": {"name": "y"}}})).await;
    api.world("DELETE", format!("/sandbox/tenants/{}", id(1)), Value::Null).await;
    let feed = get(&api, &format!("/v1/changes?after={}", start["cursor"].as_str().unwrap())).await;
    assert_eq!(json!([id(2), id(1)]), feed["ids"]);
    let end = get(&api, &format!("/v1/changes?after={}", feed["cursor"].as_str().unwrap())).await;
    assert_eq!(json!({"cursor": feed["cursor"], "ids": []}), end);
}

#[tokio::test]
async fn a_write_without_changes_adds_no_change() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let cursor = get(&api, "/v1/changes").await["cursor"].clone();
    api.patch(json!({"general": {"name": "Contoso"}})).await.expect(200);
    assert_eq!(cursor, get(&api, "/v1/changes").await["cursor"]);
}

#[tokio::test]
async fn a_wait_ends_with_the_first_change() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let cursor = get(&api, "/v1/changes").await["cursor"].as_str().unwrap().to_owned();
    let path = format!("/v1/changes?wait=60&after={cursor}");
    let change = api.world("PUT", world("/stamp"), json!({"owner": STRANGER}));
    let both = async { tokio::join!(get(&api, &path), change) };
    let (feed, _) = tokio::time::timeout(Duration::from_secs(30), both).await.unwrap();
    assert_eq!(json!([ID]), feed["ids"]);
}

#[tokio::test]
async fn a_wait_ends_after_its_time() {
    let api = Api::start().await;
    let cursor = get(&api, "/v1/changes").await["cursor"].as_str().unwrap().to_owned();
    let feed = get(&api, &format!("/v1/changes?wait=1&after={cursor}")).await;
    assert_eq!(json!({"cursor": cursor, "ids": []}), feed);
    api.send(Ask::new("GET", "/v1/changes?wait=61")).await.refused(400, "malformed-request");
}

#[tokio::test]
async fn the_feed_shows_accessible_tenants_only() {
    let api = Api::start().await;
    let feed = |after: String, client| {
        let ask = Ask::new("GET", format!("/v1/changes{after}")).by(client);
        async { api.send(ask).await.expect(200) }
    };
    let cursor = feed(String::new(), "partner").await["cursor"].as_str().unwrap().to_owned();
    let after = format!("?after={cursor}");
    create(&api, 1, "partner").await;
    create(&api, 2, "system").await;
    assert_eq!(json!([id(1)]), feed(after.clone(), "partner").await["ids"]);
    assert_eq!(json!([]), feed(after.clone(), "tenant").await["ids"]);
    let path = format!("/sandbox/tenants/{}/settings", id(1));
    let before = feed(String::new(), "partner").await["cursor"].as_str().unwrap().to_owned();
    api.world("PATCH", path, json!({"settings": {"partner": {"partnerId": "fabrikam"}}})).await;
    assert_eq!(json!([id(1)]), feed(format!("?after={before}"), "partner").await["ids"]);
}

#[tokio::test]
async fn a_cursor_expires_after_a_day_and_with_another_database() {
    let api = Api::start_on(Database::Memory).await;
    api.create(json!({})).await;
    let cursor = get(&api, "/v1/changes").await["cursor"].as_str().unwrap().to_owned();
    api.world("PUT", world("/stamp"), json!({})).await;
    api.world("POST", "/sandbox/clock".into(), json!({"advanceSeconds": 86_401})).await;
    api.forget_tokens();
    let path = format!("/v1/changes?after={cursor}");
    api.send(Ask::new("GET", path.clone())).await.refused(410, "cursor-expired");
    let now = get(&api, "/v1/changes").await["cursor"].as_str().unwrap().to_owned();
    get(&api, &format!("/v1/changes?after={now}")).await;
    let other = Api::start().await;
    other.send(Ask::new("GET", path)).await.refused(410, "cursor-expired");
}
