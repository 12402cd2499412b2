//! ACS Identity: signed requests, counts of identities, tokens.
use serde_json::{Value, json};

use super::microsoft_support::*;
use super::support::*;

async fn counts(api: &Api) -> (Value, Value, Value) {
    let counts = api.world("GET", "/sandbox/microsoft/acs/contoso".into(), Value::Null).await;
    (counts["identitiesCreated"].clone(), counts["identitiesDeleted"].clone(), counts["tokensIssued"].clone())
}

async fn create(api: &Api, body: Value) -> Answer {
    api.send(signed(api, Ask::new("POST", identities("")).body(body), KEY, &date(0))).await
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(json!(code), answer.expect(status)["error"]["code"]);
}

/// "Check"- performs a check if it's possible to create a token for the user using this string."
#[tokio::test]
async fn an_identity_with_a_token_is_created_and_deleted() {
    let api = Api::start().await;
    plant_resource(&api, true).await;
    let answer = create(&api, json!({"createTokenWithScopes": ["chat"], "expiresInMinutes": 60})).await.expect(201);
    let id = answer["identity"]["id"].as_str().unwrap();
    assert!(id.starts_with(&format!("8:acs:{RESOURCE_ID}_")), "{id}");
    assert!(answer["accessToken"]["token"].is_string() && answer["accessToken"]["expiresOn"].is_string());
    assert_eq!((json!(1), json!(0), json!(1)), counts(&api).await);
    let path = identities(&format!("/{}", id.replace(':', "%3A")));
    api.send(signed(&api, Ask::new("DELETE", &*path), KEY, &date(0))).await.expect(204);
    assert_eq!((json!(1), json!(1), json!(1)), counts(&api).await);
    refused(&api.send(signed(&api, Ask::new("DELETE", &*path), KEY, &date(0))).await, 404, "IdentityNotFound");
}

#[tokio::test]
async fn an_identity_without_scopes_has_no_token() {
    let api = Api::start().await;
    plant_resource(&api, true).await;
    let answer = create(&api, json!({})).await.expect(201);
    assert_eq!(Value::Null, answer["accessToken"]);
    let id = answer["identity"]["id"].as_str().unwrap().to_owned();
    let issue = async |body: Value| {
        let path = identities(&format!("/{id}/:issueAccessToken"));
        api.send(signed(&api, Ask::new("POST", path).body(body), KEY, &date(0))).await
    };
    assert!(issue(json!({"scopes": ["voip"]})).await.expect(200)["token"].is_string());
    refused(&issue(json!({})).await, 400, "BadRequest");
    let revoke = identities(&format!("/{id}/:revokeAccessTokens"));
    api.send(signed(&api, Ask::new("POST", revoke), KEY, &date(0))).await.expect(204);
    assert_eq!((json!(1), json!(0), json!(1)), counts(&api).await);
}

#[tokio::test]
async fn scopes_lifetime_and_version_are_checked() {
    let api = Api::start().await;
    plant_resource(&api, true).await;
    let chat = |minutes: Value| json!({"createTokenWithScopes": ["chat"], "expiresInMinutes": minutes});
    for body in [json!({"createTokenWithScopes": ["pigeon"]}), chat(json!(59)), chat(json!(1441)), chat(json!("60"))] {
        refused(&create(&api, body).await, 400, "BadRequest");
    }
    for path in ["/acs/contoso/identities", "/acs/contoso/identities?api-version=2020-01-01"] {
        let answer = api.send(signed(&api, Ask::new("POST", path).body(json!({})), KEY, &date(0))).await;
        refused(&answer, 400, "UnsupportedApiVersion");
    }
    assert_eq!((json!(0), json!(0), json!(0)), counts(&api).await, "a refusal makes nothing");
}

/// "If the connection fails (with a correct string) it most likely means there are insufficient permissions."
#[tokio::test]
async fn wrong_and_unpermitted_keys_get_the_same_error() {
    let api = Api::start().await;
    let ask = |key: &str| signed(&api, Ask::new("POST", identities("")).body(json!({})), key, &date(0));
    refused(&api.send(ask(KEY)).await, 401, "Denied");
    plant_resource(&api, true).await;
    refused(&api.send(ask("d3Jvbmc=")).await, 401, "Denied");
    api.send(ask(KEY)).await.expect(201);
    api.send(ask("b3RoZXI=")).await.expect(201);
    plant_resource(&api, false).await;
    refused(&api.send(ask(KEY)).await, 401, "Denied");
}

#[tokio::test]
async fn a_signature_covers_the_request_and_its_date() {
    let api = Api::start().await;
    plant_resource(&api, true).await;
    let good = || signed(&api, Ask::new("POST", identities("")).body(json!({})), KEY, &date(0));
    let other_body = Ask { body: Some(json!({"createTokenWithScopes": []})), ..good() };
    refused(&api.send(other_body).await, 401, "7509");
    let other_query = Ask { path: format!("{}&x=1", good().path), ..good() };
    refused(&api.send(other_query).await, 401, "Denied");
    let unsigned = Ask { headers: Vec::new(), ..good() };
    refused(&api.send(unsigned).await, 401, "Denied");
    for (offset, status) in [(-14 * 60, 201), (14 * 60, 201), (-16 * 60, 401), (16 * 60, 401)] {
        let ask = signed(&api, Ask::new("POST", identities("")).body(json!({})), KEY, &date(offset));
        assert_eq!(status, api.send(ask).await.status, "{offset}");
    }
    // The client does not use the virtual clock.
    api.world("POST", "/sandbox/clock".into(), json!({"advanceSeconds": 86_400})).await;
    api.send(good()).await.expect(201);
}

#[tokio::test]
async fn a_request_to_the_host_of_a_resource_reaches_it() {
    let api = Api::start().await;
    plant_resource(&api, true).await;
    let host = "contoso.communication.azure.com";
    let url = api.url("/identities?api-version=2023-10-01");
    let (date, hash) = (date(0), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    let text = format!("POST\n/identities?api-version=2023-10-01\n{date};{host};{hash}");
    let request = reqwest::Client::builder().no_proxy().build().unwrap().post(url);
    let request = request
        .header("host", host)
        .header("x-ms-date", &date)
        .header("x-ms-content-sha256", hash)
        .header("authorization", authorization(&text, KEY));
    assert_eq!(201, request.send().await.unwrap().status().as_u16());
    assert_eq!((json!(1), json!(0), json!(0)), counts(&api).await);
}
