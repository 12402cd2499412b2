//! Connection strings in every valid and invalid spelling: operator and platform agree, and every valid one is checked.

use nimbus_operator::resources::Tenant;
use nimbus_operator::settings::connection_string;
use serde_json::json;

use super::{INTERACT, KEY, fixture, interact};
use crate::support::fixture::condition;
use crate::support::microsoft::{ACCESS_KEY, check};

#[tokio::test(flavor = "multi_thread")]
async fn operator_and_platform_reject_the_same_strings() {
    let fixture = fixture("checks-judge").await;
    let id = &fixture.id;
    let settings = json!({ "general": { "name": "Contoso", "o365Domain": "contoso.com", "tenantId": id } });
    fixture.platform.create(id, settings).await.unwrap();
    let endpoint = "endpoint=https://contoso.communication.azure.com/";
    let key = "accesskey=c2VjcmV0";
    let mut accepted = 0;
    for text in [
        format!("{endpoint};{key}"),
        format!("{key};{endpoint}"),
        format!("{endpoint};{key};"),
        format!("{endpoint};;{key}"),
        "ENDPOINT=https://contoso.europe.communication.azure.com;AccessKey=c2VjcmV0MQ==".to_owned(),
        "endpoint=http://127.0.0.1:8080/acs/contoso;accesskey=c2VjcmV0".to_owned(),
        format!("{endpoint};{key};id=1"),
        format!("{endpoint};{key};sharedaccesskeyname=root"),
        format!("{endpoint};{key};{key}"),
        format!("{endpoint};{endpoint};{key}"),
        format!("{endpoint}; {key}"),
        format!("{endpoint};{key};x"),
        format!("{endpoint};{key}="),
        format!("{endpoint};accesskey="),
        format!("{endpoint};accesskey=not base64"),
        endpoint.to_owned(),
        key.to_owned(),
        "endpoint=contoso;accesskey=c2VjcmV0".to_owned(),
        "endpoint=http://contoso.communication.azure.com/;accesskey=c2VjcmV0".to_owned(),
        "endpoint=https://con_toso.communication.azure.com/;accesskey=c2VjcmV0".to_owned(),
        "endpoint=https://contoso.eu_rope.communication.azure.com/;accesskey=c2VjcmV0".to_owned(),
        "hello".to_owned(),
    ] {
        let secret = json!({ "acsConnectionString": { "value": text } });
        let platform = fixture.platform.edit(id, json!({ "extensions": { "interact": secret } })).await;
        let judged = connection_string::judge(&text);
        assert_eq!(platform.is_ok(), judged.is_ok(), "{text}: {judged:?} {platform:?}");
        accepted += usize::from(judged.is_ok());
    }
    assert_eq!(6, accepted);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_valid_spelling_is_checked_with_its_key() {
    let fixture = fixture("checks-legal").await;
    let _operator = fixture.start();
    fixture.create(interact()).await;
    fixture.check(INTERACT, "Passed", "TokenIssued").await;
    let at = format!("{}/acs/contoso", fixture.platform.url());
    for (made, text) in [
        format!("accesskey={ACCESS_KEY};endpoint={at}"),
        format!("ENDPOINT={at};ACCESSKEY={ACCESS_KEY}"),
        format!("endpoint={at}/;accesskey={ACCESS_KEY};"),
        format!("  endpoint={at};accesskey={ACCESS_KEY}\n"),
    ]
    .into_iter()
    .enumerate()
    {
        fixture.secret(&fixture.env.namespace, "acs", json!({ KEY: text })).await;
        fixture.pass().await;
        let made = made as u64 + 2;
        crate::support::wait::until(&text, crate::support::wait::PATIENCE, async || {
            match fixture.platform.identities("contoso").await {
                counts if counts == [made; 3] => Ok(()),
                counts => Err(format!("{counts:?}")),
            }
        })
        .await;
        fixture.check(INTERACT, "Passed", "TokenIssued").await;
    }
}

/// Editors of a Tenant choose its connection string, so it must not decide which hosts the operator calls.
#[tokio::test(flavor = "multi_thread")]
async fn non_azure_host_is_never_called() {
    let mut fixture = fixture("checks-elsewhere").await;
    let stranger = crate::support::sandbox::Sandbox::start().await.unwrap();
    fixture.trusted_acs = vec![];
    let _operator = fixture.start();
    fixture.create(interact()).await;
    let message = fixture.check(INTERACT, "Failed", "ConnectionStringInvalid").await;
    assert!(message.contains("an endpoint with more than a host name"), "{message}");
    for host in [stranger.url(), "https://kubernetes.default.svc".to_owned(), "https://evil.example".to_owned()] {
        fixture
            .secret(&fixture.env.namespace, "acs", json!({ KEY: format!("endpoint={host};accesskey=c2VjcmV0") }))
            .await;
        let tenant = fixture.pass().await;
        assert_eq!("True", condition(&tenant, "Ready").unwrap().0, "{host}");
        let words = "an endpoint that is not a host of Azure Communication Services";
        let told = |tenant: &_| check_reason(tenant).is_some_and(|said| said.contains(words));
        let said = check_reason(&fixture.until(&host, told).await).unwrap();
        assert!(!said.contains("evil") && !said.contains("kubernetes"), "{said}");
    }
    assert_eq!([0, 0, 0], fixture.platform.identities("contoso").await);
    assert_eq!(0, stranger.microsoft_mark().await, "no request was sent");
}

fn check_reason(tenant: &Tenant) -> Option<String> {
    check(tenant, INTERACT).and_then(|check| check.message.clone())
}
