//! When a tenant is adopted, the tokens of the spec are recorded without acting.

use serde_json::{Value, json};

use crate::support::fixture::Fixture;
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
    let fixture = Fixture::new("taken-over").await;
    fixture.platform.create(&fixture.id, settings()).await.unwrap();
    fixture.accept_invitation().await;
    let key = fixture.widget_key().await;
    let mark = fixture.platform.mark().await.unwrap();
    let _operator = fixture.start();
    fixture.create(everything()).await;
    fixture.ready().await;
    fixture.pass().await;
    assert_eq!((key.clone(), vec![]), (fixture.widget_key().await, fixture.messages().await));
    assert_eq!(Some(key.0.clone()), fixture.published_key().await);
    let calls = fixture.short_calls(mark).await;
    let expected = ["GET", "POST rotate", "POST test", "PUT owner", "PATCH", "GET widget-key", "GET"];
    assert_eq!(expected, *calls, "recorded before our stamp is put on");
    let adopted = ("Normal".to_owned(), "Adopted".to_owned());
    assert_eq!([adopted], *fixture.events().await.unwrap());

    fixture.patch(rotating("b")).await;
    fixture.ready().await;
    fixture.patch(sending("n")).await;
    fixture.ready().await;
    assert_ne!(key, fixture.widget_key().await);
    assert_eq!(1, fixture.rotations().await, "the next token is an edit");
    assert_eq!([("n".to_owned(), UPN.to_owned())], *fixture.messages().await);
}

#[tokio::test(flavor = "multi_thread")]
async fn first_token_after_adoption_acts() {
    let fixture = Fixture::new("taken-over-later").await;
    fixture.platform.create(&fixture.id, settings()).await.unwrap();
    let _operator = fixture.start();
    fixture.create(json!({ "adoptionPolicy": "Always" })).await;
    fixture.ready().await;
    let key = fixture.widget_key().await;
    fixture.patch(rotating("a")).await;
    fixture.ready().await;
    assert_ne!(key, fixture.widget_key().await);
    assert_eq!(1, fixture.rotations().await);
}

/// A Tenant that is recreated with the same name, as after a restore without its status: the platform knows its token.
#[tokio::test(flavor = "multi_thread")]
async fn recreated_tenant_repeats_no_trigger() {
    let fixture = Fixture::new("made-again").await;
    let _operator = fixture.start();
    let mut spec = everything();
    spec["adoptionPolicy"] = json!("Never");
    fixture.create(spec.clone()).await;
    fixture.ready().await;
    fixture.accept_invitation().await;
    fixture.pass().await;
    fixture.patch(rotating("b")).await;
    fixture.ready().await;
    let (key, messages) = (fixture.widget_key().await, fixture.messages().await);
    assert_eq!((1, 1), (fixture.rotations().await, messages.len()));
    fixture.delete().await;
    fixture.gone().await;

    spec["extensions"]["interact"]["widgetKey"]["rotation"] = json!("b");
    fixture.create(spec).await;
    fixture.ready().await;
    fixture.pass().await;
    assert_eq!((key.clone(), messages), (fixture.widget_key().await, fixture.messages().await));
    assert_eq!(Some(key.0), fixture.published_key().await, "in a Secret of the new Tenant");
}

/// A stamp of this cluster without a Tenant is free, and the platform still accepts triggers in its name only.
#[tokio::test(flavor = "multi_thread")]
async fn stale_stamp_records_tokens_too() {
    let fixture = Fixture::new("stale-stamp").await;
    fixture.platform.create(&fixture.id, settings()).await.unwrap();
    let stamp = format!("test/{}/gone", fixture.env.namespace);
    fixture.platform.stamp(&fixture.id, Some(&stamp), None).await.unwrap();
    let key = fixture.widget_key().await;
    let _operator = fixture.start();
    fixture.create(everything()).await;
    fixture.ready().await;
    assert_eq!(key, fixture.widget_key().await);
    let runtime = fixture.runtime().await;
    let last = |section: &str| runtime[section]["lastToken"].clone();
    assert_eq!((json!("a"), json!("m")), (last("widgetKey"), last("instantMessaging")));
    let (_, document) = fixture.platform.tenant(&fixture.id).await.unwrap();
    assert_eq!(json!(format!("test/{}/contoso", fixture.env.namespace)), document["owner"]);
}
