//! The platform is restored from a backup. What it gives a version to afterwards must not look like what it had before.

use serde_json::{Value, json};

use crate::support::fixture::Fixture;
use crate::support::sandbox::Sandbox;
use crate::support::trigger::{published, rotating};

/// A string that was typed by hand.
const BY_HAND: &str = "endpoint=https://by-hand.communication.azure.com/;accesskey=QUJD";
const NEW: &str = "endpoint=https://contoso.communication.azure.com/;accesskey=QUJE";

async fn string_version(fixture: &Fixture) -> Value {
    let (_, document) = fixture.platform.tenant(&fixture.id).await.unwrap();
    document["settings"].pointer("/extensions/interact/acsConnectionString/version").cloned().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_key_and_a_string_typed_by_hand_do_not_look_right() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("platform.sqlite");
    let mut fixture = Fixture::new("restored").await;
    fixture.platform = Sandbox::start_in(&file).await.unwrap();
    fixture.platform_object(&fixture.platform.url()).await;
    let operator = fixture.start();
    fixture.create(published(Some("a"))).await;
    fixture.ready().await;
    operator.stop().await;
    let (platform, backup) = fixture.platform.restart_with(None).await.unwrap();
    fixture.platform = platform;

    // One rotation and one new string after the backup, and again after it was restored, by another user.
    let operator = fixture.start();
    fixture.connected().await;
    fixture.secret(&fixture.env.namespace, "acs", json!({ "connection-string": NEW })).await;
    fixture.patch(rotating("b")).await;
    fixture.ready().await;
    operator.stop().await;
    let dead = fixture.published_key().await.unwrap();
    let (platform, _) = fixture.platform.restart_with(Some(&backup)).await.unwrap();
    fixture.platform = platform;
    fixture.refresh_widget_key().await;
    let by_hand = json!({ "extensions": { "interact": { "acsConnectionString": { "value": BY_HAND } } } });
    fixture.platform.edit(&fixture.id, by_hand).await.unwrap();
    let typed = string_version(&fixture).await;
    assert_eq!("rejected widget-key", fixture.open_widget(&dead).await);

    let _operator = fixture.start();
    fixture.connected().await;
    fixture.pass().await;
    fixture.ready().await;
    let key = fixture.published_key().await.unwrap();
    assert_ne!(dead, key);
    assert_ne!("rejected widget-key", fixture.open_widget(&key).await);
    assert_ne!(typed, string_version(&fixture).await, "the string of the Secret was sent again");
}
