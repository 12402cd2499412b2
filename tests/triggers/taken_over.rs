//! When a tenant is adopted, the tokens of the spec are recorded without acting.

use serde_json::{Value, json};

use crate::support::stage::Stage;
use crate::support::trigger::{UPN, messaging, published, rotating, sending, settings};

/// A spec with all tokens, for a tenant that was created elsewhere.
fn everything() -> Value {
    let mut spec = published(Some("a"));
    json_patch::merge(&mut spec, &messaging(Some("m")));
    spec["adoptionPolicy"] = json!("Always");
    spec
}

#[tokio::test(flavor = "multi_thread")]
async fn adoption_triggers_nothing_and_publishes_the_key() {
    let stage = Stage::new("taken-over").await;
    stage.platform.create(&stage.id, settings()).await.unwrap();
    stage.accept_invitation().await;
    let key = stage.widget_key().await;
    let mark = stage.platform.mark().await.unwrap();
    let _operator = stage.start();
    stage.create(everything()).await;
    stage.ready().await;
    stage.pass().await;
    assert_eq!((key.clone(), vec![]), (stage.widget_key().await, stage.messages().await));
    assert_eq!(Some(key.0.clone()), stage.published_key().await);
    let calls = stage.short_calls(mark).await;
    let expected = ["GET", "POST rotate", "POST test", "PUT owner", "PATCH", "GET widget-key", "GET"];
    assert_eq!(expected, *calls, "recorded before our stamp is put on");
    let adopted = ("Normal".to_owned(), "Adopted".to_owned());
    assert_eq!([adopted], *stage.events().await.unwrap());

    stage.patch(rotating("b")).await;
    stage.ready().await;
    stage.patch(sending("n")).await;
    stage.ready().await;
    assert_eq!(key.1 + 1, stage.widget_key().await.1, "the next token is an edit");
    assert_eq!([("n".to_owned(), UPN.to_owned())], *stage.messages().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn first_token_after_adoption_acts() {
    let stage = Stage::new("taken-over-later").await;
    stage.platform.create(&stage.id, settings()).await.unwrap();
    let _operator = stage.start();
    stage.create(json!({ "adoptionPolicy": "Always" })).await;
    stage.ready().await;
    let key = stage.widget_key().await;
    stage.patch(rotating("a")).await;
    stage.ready().await;
    assert_eq!(key.1 + 1, stage.widget_key().await.1);
}

/// A Tenant that is recreated with the same name, as after a restore without its status: the platform knows its token.
#[tokio::test(flavor = "multi_thread")]
async fn recreated_tenant_repeats_no_trigger() {
    let stage = Stage::new("made-again").await;
    let _operator = stage.start();
    let mut spec = everything();
    spec["adoptionPolicy"] = json!("Never");
    stage.create(spec.clone()).await;
    stage.ready().await;
    stage.accept_invitation().await;
    stage.pass().await;
    stage.patch(rotating("b")).await;
    stage.ready().await;
    let (key, messages) = (stage.widget_key().await, stage.messages().await);
    assert_eq!((2, 1), (key.1, messages.len()));
    stage.delete().await;
    stage.gone().await;

    spec["extensions"]["interact"]["widgetKey"]["rotation"] = json!("b");
    stage.create(spec).await;
    stage.ready().await;
    stage.pass().await;
    assert_eq!((key.clone(), messages), (stage.widget_key().await, stage.messages().await));
    assert_eq!(Some(key.0), stage.published_key().await, "in a Secret of the new Tenant");
}

/// A stamp of this cluster without a Tenant is free, and the platform still accepts triggers in its name only.
#[tokio::test(flavor = "multi_thread")]
async fn stale_stamp_records_tokens_too() {
    let stage = Stage::new("stale-stamp").await;
    stage.platform.create(&stage.id, settings()).await.unwrap();
    let stamp = format!("test/{}/gone", stage.env.namespace);
    stage.platform.stamp(&stage.id, Some(&stamp), None).await.unwrap();
    let key = stage.widget_key().await;
    let _operator = stage.start();
    stage.create(everything()).await;
    stage.ready().await;
    assert_eq!(key, stage.widget_key().await);
    let runtime = stage.runtime().await;
    let last = |section: &str| runtime[section]["lastToken"].clone();
    assert_eq!((json!("a"), json!("m")), (last("widgetKey"), last("instantMessaging")));
    let (_, document) = stage.platform.tenant(&stage.id).await.unwrap();
    assert_eq!(json!(format!("test/{}/contoso", stage.env.namespace)), document["owner"]);
}
