//! Start, stop and restart.
use std::time::Duration;

use nimbus_sandbox::{Database, Error, Options, start};
use serde_json::{Value, json};

use super::support::*;
use super::tour;

#[tokio::test]
async fn state_in_a_file_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let database = || Database::File(directory.path().join("platform.sqlite"));
    let api = Api::start_on(database()).await;
    let interact = json!({"enabled": true, "acsConnectionString": {"value": STRING}});
    let created = api.create(json!({"extensions": {"interact": interact}})).await;
    api.world("POST", "/sandbox/clock".into(), json!({"advanceSeconds": 10})).await;
    let key = api.send(Ask::new("GET", tenant("/widget-key"))).await.expect(200);
    let cursor = api.send(Ask::new("GET", "/v1/changes")).await.expect(200)["cursor"].clone();
    let (log, token) = (api.log().await, api.token("system").await);
    api.stop().await;

    let api = Api::start_on(database()).await;
    api.adopt_token("system", token);
    assert_eq!(created, api.read().await);
    assert_eq!(key, api.send(Ask::new("GET", tenant("/widget-key"))).await.expect(200));
    assert_eq!(cursor, api.send(Ask::new("GET", "/v1/changes")).await.expect(200)["cursor"]);
    assert_eq!(log, api.log().await[..log.len()]);
    assert_eq!(json!(10), api.world("GET", "/sandbox/clock".into(), Value::Null).await["advancedSeconds"]);
    api.patch(json!({"extensions": {"interact": {"acsConnectionString": {"value": STRING}}}})).await.expect(200);
    assert_eq!(created["settingsVersion"], api.read().await["settingsVersion"]);
}

#[tokio::test]
async fn all_state_survives_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let database = || Database::File(directory.path().join("platform.sqlite"));
    let api = Api::start_on(database()).await;
    api.create(json!({"dataPrivacy": {"persistUserStatesInReporting": true}})).await;
    for ask in tour::behaviours().into_iter().filter(|ask| ask.method != "DELETE" && ask.body.is_some()) {
        let answer = api.send(ask).await;
        assert!(answer.status < 300, "{answer:?}");
    }
    for ask in tour::planting() {
        api.send(ask).await;
    }
    tour::microsoft(&api).await;
    tour::session(&api).await;
    let lists =
        ["organization-units", "services", "users", "records", "tasks", "interact/sessions", "view", "licences"];
    let mut paths: Vec<String> = lists.iter().map(|list| world(&format!("/{list}"))).collect();
    paths.extend(["/sandbox/microsoft/acs/contoso".to_owned(), "/sandbox/microsoft/log".to_owned()]);
    let mut before = Vec::new();
    for path in &paths {
        before.push(api.world("GET", path.clone(), Value::Null).await);
    }
    assert!(before[..8].iter().all(|list| list["items"] != json!([])), "{before:?}");
    api.stop().await;
    let api = Api::start_on(database()).await;
    for (path, before) in paths.iter().zip(before) {
        assert_eq!(before, api.world("GET", path.clone(), Value::Null).await, "{path}");
    }
    api.send(Ask::new("GET", "/graph/v1.0/users")).await.expect(401);
}

#[tokio::test]
async fn stopping_ends_a_wait_and_frees_the_address() {
    let api = Api::start().await;
    let feed = api.send(Ask::new("GET", "/v1/changes")).await.expect(200);
    // A fault without effect shows when the request has arrived.
    let probe = json!({"route": "GET /v1/changes", "action": {"kind": "delay", "seconds": 0}});
    api.world("POST", "/sandbox/faults".into(), json!({"faults": [probe]})).await;
    let url = api.url(&format!("/v1/changes?wait=60&after={}", feed["cursor"].as_str().unwrap()));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let waiting = tokio::spawn(client.get(url).bearer_auth(api.token("system").await).send());
    api.faulted().await;
    let address = api.address();
    tokio::time::timeout(Duration::from_secs(30), api.stop()).await.unwrap();
    assert_eq!(200, waiting.await.unwrap().unwrap().status());
    let again = start(Options { listen: address, database: Database::Memory }).await.unwrap();
    assert_eq!(format!("http://{address}"), again.url());
}

#[tokio::test]
async fn an_address_in_use_and_a_bad_file_are_errors() {
    let api = Api::start().await;
    let taken = start(Options { listen: api.address(), database: Database::Memory }).await;
    assert!(matches!(taken, Err(Error::Listen { .. })));
    let directory = tempfile::tempdir().unwrap();
    let database = Database::File(directory.path().into());
    let bad = start(Options { listen: "127.0.0.1:0".parse().unwrap(), database }).await;
    assert!(matches!(bad, Err(Error::Database(_))));
}
