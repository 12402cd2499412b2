//! The widget key is rotated once per token.

use serde_json::json;

use crate::support::fixture::Fixture;
use crate::support::trigger::{interact, published, rotating};

#[tokio::test(flavor = "multi_thread")]
async fn each_new_token_rotates_once() {
    let fixture = Fixture::new("rotation").await;
    let _operator = fixture.start();
    fixture.create(interact(json!({ "rotation": "a" }))).await;
    let ready = fixture.ready().await;
    let first = fixture.widget_key().await;
    assert_eq!(0, fixture.rotations().await, "there was no old key to replace");
    assert_eq!(Some("a"), ready.status.unwrap().widget_key.unwrap().last_token.as_deref());

    fixture.patch(rotating("b")).await;
    let ready = fixture.ready().await;
    fixture.pass().await;
    fixture.pass().await;
    let second = fixture.widget_key().await;
    assert_eq!(1, fixture.rotations().await, "once");
    assert!(first.0 != second.0 && first.1 != second.1);
    assert_eq!(("rejected widget-key".to_owned(), "connected".to_owned()), {
        (fixture.open_widget(&first.0).await, fixture.open_widget(&second.0).await)
    });
    assert_eq!(Some("b"), ready.status.unwrap().widget_key.unwrap().last_token.as_deref());
    let effects = fixture.platform.effects(0).await.unwrap();
    assert_eq!(["tenant-created", "widget-key-rotated"], *effects);
    assert_eq!([("Normal".to_owned(), "Rotated".to_owned())], *fixture.events().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn reverted_token_does_nothing() {
    let fixture = Fixture::new("revert").await;
    let _operator = fixture.start();
    fixture.create(interact(json!({ "rotation": "a" }))).await;
    fixture.ready().await;
    fixture.patch(rotating("b")).await;
    fixture.ready().await;
    let key = fixture.widget_key().await;

    let mark = fixture.platform.mark().await.unwrap();
    fixture.patch(rotating("a")).await;
    let ready = fixture.ready().await;
    fixture.pass().await;
    assert_eq!(key, fixture.widget_key().await);
    assert_eq!(["token-recorded"], *fixture.platform.effects(mark).await.unwrap());
    assert_eq!(["GET", "POST rotate", "GET"], *fixture.short_calls(mark).await, "given back once, then at rest");
    assert_eq!(Some("a"), ready.status.unwrap().widget_key.unwrap().last_token.as_deref());
    fixture.patch(rotating("b")).await;
    fixture.ready().await;
    assert_eq!(key, fixture.widget_key().await, "nor does the one that was used before it");
    assert_eq!(1, fixture.events().await.unwrap().len(), "one rotation is one event");
}

#[tokio::test(flavor = "multi_thread")]
async fn hidden_rotation_runs_once_enabled() {
    let fixture = Fixture::new("hidden-rotation").await;
    let _operator = fixture.start();
    fixture.create(published(None)).await;
    fixture.ready().await;
    let key = fixture.widget_key().await;
    let mark = fixture.platform.mark().await.unwrap();
    let off = json!({ "enabled": false, "widgetKey": { "rotation": "a" } });
    fixture.patch(json!({ "spec": { "extensions": { "interact": off } } })).await;
    let ready = fixture.ready().await;
    let tabs = ready.status.unwrap().tabs;
    let tab = tabs.iter().find(|tab| tab.name.as_str() == "Extensions").unwrap();
    assert_eq!(Some("3 settings are hidden while their section is off"), tab.message.as_deref());
    fixture.pass().await;
    assert_eq!(["GET", "PATCH", "GET"], *fixture.short_calls(mark).await, "the token is not sent");

    let mark = fixture.platform.mark().await.unwrap();
    fixture.patch(json!({ "spec": { "extensions": { "interact": { "enabled": true } } } })).await;
    fixture.ready().await;
    let new = fixture.widget_key().await;
    assert_ne!(key.1, new.1);
    assert_eq!((1, Some(new.0)), (fixture.rotations().await, fixture.published_key().await));
    let calls = ["GET", "PATCH", "GET widget-key", "POST rotate", "GET widget-key"];
    assert_eq!(calls, *fixture.short_calls(mark).await, "after the settings");
}

/// The response is lost, so it is unknown whether the platform rotated: the token is sent again and is the same rotation.
#[tokio::test(flavor = "multi_thread")]
async fn rotation_with_lost_response_runs_once() {
    let fixture = Fixture::new("lost-rotation").await;
    let _operator = fixture.start();
    fixture.create(published(None)).await;
    fixture.ready().await;
    for (round, kind) in ["close-after", "truncate", "cut", "close-before", "html"].into_iter().enumerate() {
        let before = fixture.widget_key().await;
        let route = "POST /v1/tenants/{id}/widget-key/rotate";
        fixture.platform.add_faults(json!([{ "route": route, "action": { "kind": kind }, "nth": 1 }])).await.unwrap();
        fixture.patch(rotating(&format!("token-{round}"))).await;
        fixture.ready().await;
        let after = fixture.widget_key().await;
        assert_ne!(before, after, "{kind}");
        assert_eq!(round + 1, fixture.rotations().await, "{kind}");
        assert_eq!(Some(after.0), fixture.published_key().await, "{kind}: what is published works");
        fixture.platform.clear_faults().await.unwrap();
    }
}

/// The new key cannot be read: this is reported, and the rotation once. The proof before the rotation read the old key.
#[tokio::test(flavor = "multi_thread")]
async fn unreadable_rotated_key_is_published_later() {
    let fixture = Fixture::new("unread-key").await;
    let _operator = fixture.start();
    fixture.create(published(None)).await;
    fixture.ready().await;
    let route = "GET /v1/tenants/{id}/widget-key";
    let action = json!({ "kind": "status", "status": 500, "body": "no" });
    let faults: Vec<_> = (2..60).map(|nth| json!({ "route": route, "action": action, "nth": nth })).collect();
    fixture.platform.add_faults(json!(faults)).await.unwrap();
    fixture.patch(rotating("a")).await;
    let waiting = fixture.condition("Ready", "False", "PlatformUnavailable").await;
    let (.., message) = crate::support::fixture::condition(&waiting, "Ready").unwrap();
    let words = "secretRef: the platform did not return the widget key for Secret ";
    assert!(message.contains(words) && message.ends_with("the widget key is not published"), "{message}");
    assert_eq!(1, fixture.rotations().await);
    fixture.platform.clear_faults().await.unwrap();
    fixture.ready().await;
    assert_eq!(Some(fixture.widget_key().await.0), fixture.published_key().await);
    assert_eq!([("Normal".to_owned(), "Rotated".to_owned())], *fixture.events().await.unwrap());
}
