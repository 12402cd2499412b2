//! Who may change a setting: our table and that of the platform are independent interpretations of the same manual.

use std::collections::BTreeSet;

use nimbus_operator::settings::{Authority, Leaf, leaves};
use serde_json::{Value, json};

use crate::support::http;
use crate::support::sandbox::Sandbox;

/// The restrictions of a client on the platform.
async fn restricted(platform: &Sandbox, client: &str) -> BTreeSet<String> {
    let request = reqwest::Client::new().get(format!("{}/v1/capabilities", platform.url()));
    let token = platform.token(client).await.unwrap();
    let capabilities: Value = request.bearer_auth(token).send().await.unwrap().json().await.unwrap();
    assert_eq!(client, capabilities["role"]);
    let paths = capabilities["restrictedPaths"].as_array().unwrap();
    paths.iter().map(|path| path.as_str().unwrap().to_owned()).collect()
}

fn on_the_platform() -> impl Iterator<Item = &'static Leaf> {
    leaves().filter(|leaf| leaf.class.is_setting())
}

#[tokio::test]
async fn each_role_writes_what_the_table_says() {
    http::install_tls_provider();
    let platform = Sandbox::start().await.unwrap();
    let known: BTreeSet<String> = on_the_platform().map(Leaf::pointer).collect();
    for (client, most) in
        [("system", Authority::System), ("partner", Authority::Partner), ("tenant", Authority::Tenant)]
    {
        let of_table: BTreeSet<String> =
            on_the_platform().filter(|leaf| leaf.authority > most).map(Leaf::pointer).collect();
        let of_platform: BTreeSet<String> =
            restricted(&platform, client).await.into_iter().filter(|path| known.contains(path)).collect();
        assert_eq!(of_table, of_platform, "what a {client} administrator may not write");
    }
}

#[tokio::test]
async fn every_platform_setting_is_in_the_table() {
    http::install_tls_provider();
    let platform = Sandbox::start().await.unwrap();
    let id = uuid::Uuid::new_v4().to_string();
    platform.create(&id, json!({ "general": { "name": "Contoso", "o365Domain": "contoso.com" } })).await.unwrap();
    let (_, document) = platform.tenant(&id).await.unwrap();
    let mut pointers = BTreeSet::new();
    collect(&document["settings"], String::new(), &mut pointers);
    let known: BTreeSet<String> = on_the_platform().map(Leaf::pointer).collect();
    let missing: Vec<_> =
        pointers.difference(&known).map(String::as_str).filter(|path| *path != "/general/crmId").collect();
    assert_eq!([""; 0], *missing, "the platform has settings without a row");
    assert_eq!([""; 0], *known.difference(&pointers).collect::<Vec<_>>(), "the table has rows without a setting");
}

/// Every setting in a document: what is not an object, is sealed, or is an empty map.
fn collect(value: &Value, pointer: String, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) if !members.is_empty() && !members.contains_key("set") => {
            for (name, member) in members {
                collect(member, format!("{pointer}/{name}"), found);
            }
        }
        _ => drop(found.insert(pointer)),
    }
}
