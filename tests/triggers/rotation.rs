//! The widget key is rotated once per token.

use serde_json::json;

use crate::support::stage::Stage;
use crate::support::trigger::{interact, published, rotating};

#[tokio::test(flavor = "multi_thread")]
async fn each_new_token_rotates_once() {
    let stage = Stage::new("rotation").await;
    let _operator = stage.start();
    stage.create(interact(json!({ "rotation": "a" }))).await;
    let ready = stage.ready().await;
    let first = stage.widget_key().await;
    assert_eq!(1, first.1, "nobody could want to be rid of it");
    assert_eq!(Some("a"), ready.status.unwrap().widget_key.unwrap().last_token.as_deref());

    stage.patch(rotating("b")).await;
    let ready = stage.ready().await;
    stage.pass().await;
    stage.pass().await;
    let second = stage.widget_key().await;
    assert_eq!(2, second.1, "once");
    assert_ne!(first.0, second.0);
    assert_eq!(("rejected widget-key".to_owned(), "connected".to_owned()), {
        (stage.knock(&first.0).await, stage.knock(&second.0).await)
    });
    assert_eq!(Some("b"), ready.status.unwrap().widget_key.unwrap().last_token.as_deref());
    let effects = stage.platform.effects(0).await.unwrap();
    assert_eq!(["tenant-created", "widget-key-rotated"], *effects);
    assert_eq!([("Normal".to_owned(), "Rotated".to_owned())], *stage.events().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn reverted_token_does_nothing() {
    let stage = Stage::new("revert").await;
    let _operator = stage.start();
    stage.create(interact(json!({ "rotation": "a" }))).await;
    stage.ready().await;
    stage.patch(rotating("b")).await;
    stage.ready().await;
    let key = stage.widget_key().await;

    let mark = stage.platform.mark().await.unwrap();
    stage.patch(rotating("a")).await;
    let ready = stage.ready().await;
    stage.pass().await;
    assert_eq!(key, stage.widget_key().await);
    assert_eq!(["token-recorded"], *stage.platform.effects(mark).await.unwrap());
    assert_eq!(["GET", "POST rotate", "GET"], *stage.short_calls(mark).await, "given back once, then at rest");
    assert_eq!(Some("a"), ready.status.unwrap().widget_key.unwrap().last_token.as_deref());
    stage.patch(rotating("b")).await;
    stage.ready().await;
    assert_eq!(key, stage.widget_key().await, "nor does the one that was used before it");
    assert_eq!(1, stage.events().await.unwrap().len(), "one rotation is one event");
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_rotation_runs_once_enabled() {
    let stage = Stage::new("hidden-rotation").await;
    let _operator = stage.start();
    stage.create(published(None)).await;
    stage.ready().await;
    let key = stage.widget_key().await;
    let mark = stage.platform.mark().await.unwrap();
    let off = json!({ "enabled": false, "widgetKey": { "rotation": "a" } });
    stage.patch(json!({ "spec": { "extensions": { "interact": off } } })).await;
    let ready = stage.ready().await;
    let tabs = ready.status.unwrap().tabs;
    let tab = tabs.iter().find(|tab| tab.name == "Extensions").unwrap();
    assert_eq!(Some("3 settings are hidden while their section is off"), tab.message.as_deref());
    stage.pass().await;
    assert_eq!(["GET", "PATCH", "GET"], *stage.short_calls(mark).await, "the token is not even told");

    let mark = stage.platform.mark().await.unwrap();
    stage.patch(json!({ "spec": { "extensions": { "interact": { "enabled": true } } } })).await;
    stage.ready().await;
    let new = stage.widget_key().await;
    assert_eq!((key.1 + 1, Some(new.0)), (new.1, stage.published_key().await));
    let calls = ["GET", "PATCH", "POST rotate", "GET widget-key"];
    assert_eq!(calls, *stage.short_calls(mark).await, "after the settings");
}

/// The response is lost, so it is unknown whether the platform rotated: the token is sent again and is the same rotation.
#[tokio::test(flavor = "multi_thread")]
async fn rotation_with_lost_response_runs_once() {
    let stage = Stage::new("lost-rotation").await;
    let _operator = stage.start();
    stage.create(published(None)).await;
    stage.ready().await;
    for (round, kind) in ["close-after", "truncate", "cut", "close-before", "html"].into_iter().enumerate() {
        let before = stage.widget_key().await;
        let route = "POST /v1/tenants/{id}/widget-key/rotate";
        stage.platform.plant(json!([{ "route": route, "action": { "kind": kind }, "nth": 1 }])).await.unwrap();
        stage.patch(rotating(&format!("token-{round}"))).await;
        stage.ready().await;
        let after = stage.widget_key().await;
        assert_eq!(before.1 + 1, after.1, "{kind}");
        assert_eq!(Some(after.0), stage.published_key().await, "{kind}: what is published works");
        stage.platform.heal().await.unwrap();
    }
}

/// The new key cannot be read: this is reported, and the rotation once.
#[tokio::test(flavor = "multi_thread")]
async fn unreadable_rotated_key_is_published_later() {
    let stage = Stage::new("unread-key").await;
    let _operator = stage.start();
    stage.create(published(None)).await;
    stage.ready().await;
    let route = "GET /v1/tenants/{id}/widget-key";
    let action = json!({ "kind": "status", "status": 500, "body": "no" });
    stage.platform.plant(json!([{ "route": route, "action": action }])).await.unwrap();
    stage.patch(rotating("a")).await;
    let waiting = stage.condition("Ready", "False", "PlatformUnavailable").await;
    let (.., message) = crate::support::stage::condition(&waiting, "Ready").unwrap();
    assert!(message.contains("Secret 'contoso-widget-key' waits for the platform"), "{message}");
    stage.platform.heal().await.unwrap();
    stage.ready().await;
    assert_eq!(Some(stage.widget_key().await.0), stage.published_key().await);
    assert_eq!([("Normal".to_owned(), "Rotated".to_owned())], *stage.events().await.unwrap());
}
