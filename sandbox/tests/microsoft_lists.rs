//! Graph: members page by page, and users by filter.
use serde_json::{Value, json};

use super::microsoft_support::*;
use super::support::*;

fn ids(items: &[Value]) -> Vec<&str> {
    items.iter().map(|item| item["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn members_are_direct_and_exclude_owners() {
    let api = Api::start().await;
    plant_groups(&api).await;
    let graph = Graph::with(&api, &["Group.Read.All"]).await;
    let members = graph.all(&format!("/groups/{}/members", object(20))).await;
    let kinds: Vec<(Value, Value)> =
        members.iter().map(|member| (member["@odata.type"].clone(), member["id"].clone())).collect();
    let member = |kind: &str, number| (json!(format!("#microsoft.graph.{kind}")), json!(object(number)));
    let expected = vec![member("user", 1), member("user", 2), member("group", 21), member("servicePrincipal", 9)];
    assert_eq!(expected, kinds);
}

#[tokio::test]
async fn transitive_members_include_nested_groups_once() {
    let api = Api::start().await;
    plant_groups(&api).await;
    let circle = json!({"displayName": "Inner", "members": [
        {"type": "user", "id": object(2)}, {"type": "user", "id": object(3)}, {"type": "group", "id": object(20)},
    ]});
    api.world("PUT", entra(&format!("/groups/{}", object(21))), circle).await;
    let graph = Graph::with(&api, &["Group.Read.All"]).await;
    let members = graph.all(&format!("/groups/{}/transitiveMembers", object(20))).await;
    let expected = [object(21), object(9), object(1), object(2), object(3)];
    assert_eq!(expected.iter().map(String::as_str).collect::<Vec<_>>(), ids(&members));
}

#[tokio::test]
async fn graph_lists_have_pages() {
    let api = Api::start().await;
    let members: Vec<Value> = (1..=250).map(|number| json!({"type": "user", "id": object(number)})).collect();
    let body = json!({"displayName": "Large", "members": members});
    api.world("PUT", entra(&format!("/groups/{}", object(40))), body).await;
    let graph = Graph::with(&api, &["Group.Read.All"]).await;
    let path = format!("/groups/{}/members", object(40));
    for (query, first) in [("", 100), ("?$top=999", 250), ("?$top=249&$select=id", 249)] {
        let page = graph.get(&format!("{path}{query}")).await;
        assert_eq!(first, page["value"].as_array().unwrap().len());
        assert_eq!(first == 250, page["@odata.nextLink"].is_null());
        let all = graph.all(&format!("{path}{query}")).await;
        assert_eq!((1..=250).map(object).collect::<Vec<_>>(), ids(&all));
    }
    for query in ["?$top=0", "?$top=1000", "?$top=x", "?$skiptoken=x"] {
        graph_error(&graph.answer(&format!("{path}{query}")).await, 400, "Request_BadRequest");
    }
    let counting = graph.ask("GET", &format!("{path}?$count=true")).header("consistencylevel", "eventual");
    assert_eq!(json!(250), api.send(counting).await.expect(200)["@odata.count"]);
}

#[tokio::test]
async fn an_advanced_filter_needs_header_and_count() {
    let api = Api::start().await;
    plant_groups(&api).await;
    let graph = Graph::with(&api, &["User.Read.All"]).await;
    let example = "endsWith(userPrincipalName,'contoso.com')%20and%20displayName%20ne%20'User%201'";
    let ask = |query: &str, header: bool| {
        let ask = graph.ask("GET", &format!("/users?{query}"));
        if header { ask.header("ConsistencyLevel", "eventual") } else { ask }
    };
    let filter = format!("$filter={example}");
    let counted = format!("{filter}&$count=true&$top=1");
    for (query, header) in [(&filter, false), (&filter, true), (&counted, false)] {
        graph_error(&api.send(ask(query, header)).await, 400, "Request_UnsupportedQuery");
    }
    let other_level = ask(&counted, false).header("ConsistencyLevel", "session");
    graph_error(&api.send(other_level).await, 400, "Request_UnsupportedQuery");
    let page = api.send(ask(&counted, true)).await.expect(200);
    assert_eq!((&json!(2), vec![object(2).as_str()]), (&page["@odata.count"], ids(page["value"].as_array().unwrap())));
    let simple = graph.get("/users?$filter=department%20eq%20'sales'&$select=id").await;
    assert_eq!(3, simple["value"].as_array().unwrap().len());
    let sorted = ask("$filter=city%20eq%20'Bern'&$orderby=displayName", false);
    graph_error(&api.send(sorted).await, 400, "Request_UnsupportedQuery");
}

#[tokio::test]
async fn an_invalid_filter_is_an_error() {
    let api = Api::start().await;
    plant_groups(&api).await;
    let graph = Graph::with(&api, &["User.Read.All"]).await;
    for (filter, code) in [
        ("displayName%20eq", "Request_BadRequest"),
        ("contains(displayName,'x')", "Request_BadRequest"),
        ("aboutMe%20eq%20'x'", "Request_UnsupportedQuery"),
        ("startsWith(jobTitle,'x')", "Request_UnsupportedQuery"),
    ] {
        let path = format!("/users?$filter={filter}&$count=true");
        let ask = graph.ask("GET", &path).header("ConsistencyLevel", "eventual");
        graph_error(&api.send(ask).await, 400, code);
    }
}
