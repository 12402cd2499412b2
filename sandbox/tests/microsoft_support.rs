//! Microsoft's services in tests: planted data, tokens for Graph, signatures for ACS.
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use jiff::fmt::rfc2822::DateTimePrinter;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::support::*;

pub const NIMBUS: &str = "0b2d7a51-6a3e-4a0e-9c5e-1f5c8b6d7e01";
pub const INTERACT: &str = "0b2d7a51-6a3e-4a0e-9c5e-1f5c8b6d7e02";
pub const GRAPH: &str = "00000003-0000-0000-c000-000000000000";
pub const PRESENCE_ROLE: &str = "a70e0c2d-e793-494c-94c4-118fa0a67f42";
pub const KEY: &str = "c2VjcmV0";
pub const RESOURCE_ID: &str = "aaaaaaaa-0000-4000-8000-000000000001";

/// The n-th object id.
pub fn object(number: usize) -> String {
    format!("{number:08}-0000-4000-8000-00000000abcd")
}

/// A path below an Entra tenant of this platform.
pub fn entra(rest: &str) -> String {
    format!("/sandbox/microsoft/tenants/{ID}{rest}")
}

pub async fn grant(api: &Api, permissions: &[&str]) {
    api.world("PUT", entra("/grants"), json!({"clientId": NIMBUS, "permissions": permissions})).await;
}

/// Requests a token as the Nimbus app, with these changes to the form.
pub async fn entra_token(api: &Api, tenant: &str, changes: &[(&str, &str)]) -> Answer {
    let mut form = vec![
        ("grant_type", "client_credentials"),
        ("client_id", NIMBUS),
        ("client_secret", "nimbus-app-secret"),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    form.retain(|(name, _)| !changes.iter().any(|(changed, _)| changed == name));
    form.extend(changes.iter().filter(|(_, value)| !value.is_empty()));
    api.form_answer(&format!("/login/{tenant}/oauth2/v2.0/token"), &form).await
}

/// An app in a tenant, with a token.
pub struct Graph<'a> {
    pub api: &'a Api,
    token: String,
}

impl<'a> Graph<'a> {
    /// Grants permissions to the Nimbus app and requests a token for it.
    pub async fn with(api: &'a Api, permissions: &[&str]) -> Self {
        grant(api, permissions).await;
        let token = entra_token(api, ID, &[]).await.expect(200);
        Self { api, token: token["access_token"].as_str().unwrap().to_owned() }
    }

    pub fn ask(&self, method: &'static str, path: &str) -> Ask {
        Ask::new(method, format!("/graph/v1.0{path}")).header("authorization", format!("Bearer {}", self.token))
    }

    pub async fn answer(&self, path: &str) -> Answer {
        self.api.send(self.ask("GET", path)).await
    }

    pub async fn get(&self, path: &str) -> Value {
        self.answer(path).await.expect(200)
    }

    /// Reads all pages of a list.
    pub async fn all(&self, path: &str) -> Vec<Value> {
        let (mut items, mut path) = (Vec::new(), path.to_owned());
        loop {
            let page = self.get(&path).await;
            items.extend(page["value"].as_array().unwrap().clone());
            let Some(next) = page["@odata.nextLink"].as_str() else {
                return items;
            };
            path = next.strip_prefix(&self.api.url("/graph/v1.0")).unwrap().to_owned();
        }
    }
}

/// Checks an error of Graph by status and code.
#[track_caller]
pub fn graph_error(answer: &Answer, status: u16, code: &str) {
    let body = answer.expect(status);
    assert_eq!(json!(code), body["error"]["code"], "{body}");
    assert_eq!(json!(answer.header("request-id")), body["error"]["innerError"]["request-id"]);
}

/// Returns a date in the format of a signed request.
pub fn date(offset_seconds: i64) -> String {
    let at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(offset_seconds);
    DateTimePrinter::new().timestamp_to_rfc9110_string(&at).unwrap()
}

/// Returns the header that signs a text.
pub fn authorization(text: &str, key: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(&STANDARD.decode(key).unwrap()).unwrap();
    let signature = STANDARD.encode(mac.chain_update(text).finalize().into_bytes());
    format!("HMAC-SHA256 SignedHeaders=x-ms-date;host;x-ms-content-sha256&Signature={signature}")
}

/// Signs a request to ACS as Microsoft documents it.
pub fn signed(api: &Api, ask: Ask, key: &str, date: &str) -> Ask {
    let host = api.address().to_string();
    let content = ask.body.as_ref().map(ToString::to_string).unwrap_or_default();
    let hash = STANDARD.encode(Sha256::digest(&content));
    let text = format!("{}\n{}\n{date};{host};{hash}", ask.method, ask.path);
    ask.header("x-ms-date", date).header("x-ms-content-sha256", hash).header("authorization", authorization(&text, key))
}

/// Plants the resource `contoso`.
pub async fn plant_resource(api: &Api, permitted: bool) {
    let body = json!({"resourceId": RESOURCE_ID, "accessKeys": ["b3RoZXI=", KEY], "permitted": permitted});
    api.world("PUT", "/sandbox/microsoft/acs/contoso".into(), body).await;
}

/// The path of identities of `contoso`.
pub fn identities(rest: &str) -> String {
    format!("/acs/contoso/identities{rest}?api-version=2023-10-01")
}

/// Plants users and groups of all kinds; the numbers are those of [`object`].
pub async fn plant_groups(api: &Api) {
    let rows = [
        (10, json!({"displayName": "Security"})),
        (11, json!({"displayName": "Mail", "mailEnabled": true})),
        (12, json!({"displayName": "Unified", "groupTypes": ["Unified"], "mailEnabled": true})),
        (13, json!({"displayName": "List", "mailEnabled": true, "securityEnabled": false})),
    ];
    for (number, body) in rows {
        api.world("PUT", entra(&format!("/groups/{}", object(number))), body).await;
    }
    for number in 1..=3 {
        let body = json!({
            "userPrincipalName": format!("user{number}@contoso.com"),
            "properties": {"displayName": format!("User {number}"), "department": "Sales", "city": "Bern"},
            "presence": {"availability": "Busy", "activity": "InACall"},
        });
        api.world("PUT", entra(&format!("/users/{}", object(number))), body).await;
    }
    let user = |number: usize| json!({"type": "user", "id": object(number)});
    let inner = json!({"displayName": "Inner", "members": [user(2), user(3)]});
    api.world("PUT", entra(&format!("/groups/{}", object(21))), inner).await;
    let members =
        json!([user(1), user(2), {"type": "group", "id": object(21)}, {"type": "servicePrincipal", "id": object(9)}]);
    let outer = json!({"displayName": "Outer", "members": members, "owners": [user(3)]});
    api.world("PUT", entra(&format!("/groups/{}", object(20))), outer).await;
}
