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

/// What a client remembers must not look right after a restore: a version would come back with other content behind it.
#[tokio::test]
async fn no_version_and_no_cursor_comes_back_after_a_restore() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("platform.sqlite");
    let start = || Api::start_on(Database::File(file.clone()));
    let interact =
        |string: &str| json!({"extensions": {"interact": {"enabled": true, "acsConnectionString": {"value": string}}}});
    let write = async |api: &Api, string: &str, token: &str| {
        api.patch(interact(string)).await.expect(200);
        let rotation = Ask::new("POST", tenant("/widget-key/rotate")).owner(OWNER).body(json!({"token": token}));
        api.send(rotation).await.expect(200);
        let document = api.read().await;
        let list = api.send(Ask::new("GET", "/v1/tenants")).await;
        let cursor = api.send(Ask::new("GET", "/v1/changes")).await.expect(200)["cursor"].clone();
        let versions = [
            document["settingsVersion"].clone(),
            document["runtimeVersion"].clone(),
            document["settings"].pointer("/extensions/interact/acsConnectionString/version").unwrap().clone(),
            document["runtime"]["widgetKey"]["version"].clone(),
            json!(list.header("etag")),
        ];
        assert!(versions.iter().all(|version| version.as_str().is_some_and(|text| (1..=128).contains(&text.len()))));
        (versions, cursor.as_str().unwrap().to_owned())
    };
    let api = start().await;
    api.create(interact(STRING)).await;
    let platform = api.send(Ask::new("GET", "/v1/capabilities")).await.expect(200)["platformId"].clone();
    api.stop().await;
    let backup = std::fs::read(&file).unwrap();

    let api = start().await;
    let (before, cursor) = write(&api, "endpoint=https://x.communication.azure.com/;accesskey=QUJE", "a").await;
    api.stop().await;
    std::fs::write(&file, backup).unwrap();

    let api = start().await;
    let (after, _) = write(&api, "endpoint=https://y.communication.azure.com/;accesskey=QUJF", "b").await;
    for (before, after) in before.iter().zip(&after) {
        assert_ne!(before, after);
    }
    api.send(Ask::new("GET", format!("/v1/changes?after={cursor}"))).await.refused(410, "cursor-expired");
    let now = api.send(Ask::new("GET", "/v1/capabilities")).await.expect(200)["platformId"].clone();
    assert_eq!(platform, now, "it is the same environment");
    let other = Api::start().await.send(Ask::new("GET", "/v1/capabilities")).await.expect(200)["platformId"].clone();
    assert_ne!(platform, other);
}

#[tokio::test]
async fn only_its_user_reads_the_database() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("platform.sqlite");
    let modes = || -> Vec<u32> {
        let entries = std::fs::read_dir(directory.path()).unwrap();
        entries.map(|entry| entry.unwrap().metadata().unwrap().permissions().mode() & 0o777).collect()
    };
    for _ in 0..2 {
        let api = Api::start_on(Database::File(file.clone())).await;
        api.create(json!({})).await;
        assert!(modes().len() > 1 && modes().iter().all(|mode| *mode == 0o600), "{:?}", modes());
        api.world("DELETE", world(""), Value::Null).await;
        api.stop().await;
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    }
}

#[tokio::test]
async fn a_database_of_another_version_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("platform.sqlite");
    Api::start_on(Database::File(file.clone())).await.stop().await;
    // Where SQLite keeps the version of the tables, in a file that nobody has open.
    let mut bytes = std::fs::read(&file).unwrap();
    bytes[60..64].copy_from_slice(&1_u32.to_be_bytes());
    std::fs::write(&file, bytes).unwrap();
    let options = Options { listen: "127.0.0.1:0".parse().unwrap(), database: Database::File(file) };
    let error = start(options).await.unwrap_err();
    assert!(matches!(&error, Error::Database(_)), "{error:?}");
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("another version of the sandbox"), "{cause}");
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
