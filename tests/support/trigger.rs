//! Shared by the tests of triggers: specs, the widget key on both sides, and received messages.

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use reqwest::Method;
use serde_json::{Value, json};

use super::fixture::FixtureOn;
use super::users;

/// The Secret that authors may have created, according to `examples/rbac.yaml`.
pub const SECRET: &str = "contoso-widget-key";
/// The recipient of test messages.
pub const UPN: &str = "ada@contoso.onmicrosoft.com";

/// A spec with Interact on, licensed for one user, and this `widgetKey`.
pub fn interact(widget_key: Value) -> Value {
    let reference = json!({ "name": "acs", "key": "connection-string" });
    json!({
        "extensions": { "interact": {
            "enabled": true, "acsConnectionStringRef": reference, "widgetKey": widget_key
        } },
        "licenses": { "contingents": { "users": { "interact": 1 } } }
    })
}

/// A spec with Interact on, a published key and this rotation token.
pub fn published(rotation: Option<&str>) -> Value {
    interact(json!({ "secretRef": { "name": SECRET }, "rotation": rotation }))
}

/// An edit of the rotation token.
pub fn rotating(token: &str) -> Value {
    json!({ "spec": { "extensions": { "interact": { "widgetKey": { "rotation": token } } } } })
}

/// A spec with Instant Messaging on and this token of a test message.
pub fn messaging(token: Option<&str>) -> Value {
    let message = token.map(|token| json!({ "upn": UPN, "token": token }));
    json!({ "modalities": { "instantMessaging": {
        "enabled": true, "primaryAccount": "im@contoso.com", "testMessage": message
    } } })
}

/// An edit of the token of the test message.
pub fn sending(token: &str) -> Value {
    let message = json!({ "upn": UPN, "token": token });
    json!({ "spec": { "modalities": { "instantMessaging": { "testMessage": message } } } })
}

/// The settings of a tenant that was created elsewhere, with both sections on.
pub fn settings() -> Value {
    let string = json!({ "value": super::fixture::CONNECTION_STRING });
    json!({
        "general": { "name": "Contoso", "o365Domain": "contoso.onmicrosoft.com" },
        "extensions": { "interact": { "enabled": true, "acsConnectionString": string } },
        "modalities": { "instantMessaging": { "enabled": true, "primaryAccount": "im@contoso.com" } }
    })
}

impl FixtureOn<'_> {
    /// The widget key and its version on the platform.
    pub async fn widget_key(&self) -> (String, String) {
        let url = format!("{}/v1/tenants/{}/widget-key", self.platform.url(), self.id);
        let token = self.platform.token("system").await.unwrap();
        let answer = reqwest::Client::new().get(url).bearer_auth(token).send().await.unwrap();
        let body: Value = answer.error_for_status().unwrap().json().await.unwrap();
        (body["key"].as_str().unwrap().to_owned(), body["version"].as_str().unwrap().to_owned())
    }

    /// "Refresh" in the UI: another key, without the operator.
    pub async fn refresh_widget_key(&self) {
        let path = format!("{}/v1/tenants/{}/widget-key/rotate", self.platform.url(), self.id);
        let stamp = format!("test/{}/contoso", self.env.namespace);
        let request = reqwest::Client::new().post(path).header("nimbus-owner", stamp);
        let request = request.bearer_auth(self.platform.token("system").await.unwrap());
        request.json(&json!({ "token": "from-the-ui" })).send().await.unwrap().error_for_status().unwrap();
    }

    /// How often the platform made another widget key of the tenant.
    pub async fn rotations(&self) -> usize {
        let log = self.platform.log_after(0).await.unwrap();
        let ours = log.iter().filter(|seen| seen.entry["tenant"] == self.id.as_str());
        ours.filter(|seen| seen.effect.as_deref() == Some("widget-key-rotated")).count()
    }

    /// The runtime state of the tenant.
    pub async fn runtime(&self) -> Value {
        self.platform.tenant(&self.id).await.unwrap().1["runtime"].clone()
    }

    /// Secrets, as cluster administrator.
    pub fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client(users::ADMIN), &self.env.namespace)
    }

    /// The key in the published Secret.
    pub async fn published_key(&self) -> Option<String> {
        let secret = self.secrets().get_opt(SECRET).await.unwrap()?;
        let data = secret.data.unwrap_or_default();
        data.get("widget-key").map(|key| String::from_utf8(key.0.clone()).unwrap())
    }

    /// The outcome for a customer whose widget sends this key.
    pub async fn open_widget(&self, key: &str) -> String {
        let path = format!("/sandbox/tenants/{}/interact/sessions", self.id);
        let body = json!({ "widgetKey": key, "conversation": "direct" });
        let answer = self.platform.ask(Method::POST, &path, Some(body)).await.unwrap();
        match answer["reason"].as_str() {
            Some(reason) => format!("{} {reason}", answer["outcome"].as_str().unwrap()),
            None => answer["outcome"].as_str().unwrap().to_owned(),
        }
    }

    /// Accepts the invitation of the primary account as the guest.
    pub async fn accept_invitation(&self) {
        let path = format!("/sandbox/tenants/{}/invitations", self.id);
        self.platform.ask(Method::PUT, &path, Some(json!({ "primary": "accepted" }))).await.unwrap();
    }

    /// The tokens and recipients of the delivered test messages.
    pub async fn messages(&self) -> Vec<(String, String)> {
        let path = format!("/sandbox/tenants/{}/messages", self.id);
        let list = self.platform.ask(Method::GET, &path, None).await.unwrap();
        let text = |message: &Value, name: &str| message[name].as_str().unwrap().to_owned();
        let items = list["items"].as_array().cloned().unwrap_or_else(|| panic!("no list: {list}"));
        items.iter().map(|message| (text(message, "token"), text(message, "upn"))).collect()
    }

    /// The operator's calls for the tenant after a mark: method and last part of the path.
    pub async fn short_calls(&self, mark: u64) -> Vec<String> {
        let calls = self.platform.calls(&self.id, mark).await.unwrap();
        let short = |call: &str| {
            let (method, path) = call.split_once(' ').unwrap();
            match path.rsplit('/').next().unwrap() {
                "{id}" => method.to_owned(),
                last => format!("{method} {last}"),
            }
        };
        calls.iter().map(|seen| short(&seen.call)).collect()
    }

    /// The operator's writes of Secrets after a mark, including rejected ones.
    pub async fn secret_writes(&self, mark: super::audit::Mark) -> Vec<(String, u16)> {
        self.secret_requests(mark, false).await
    }

    /// The operator's dry runs of writes of Secrets after a mark: what it only tried.
    pub async fn secret_dry_runs(&self, mark: super::audit::Mark) -> Vec<(String, u16)> {
        self.secret_requests(mark, true).await
    }

    async fn secret_requests(&self, mark: super::audit::Mark, is_dry_run: bool) -> Vec<(String, u16)> {
        let writes = self.audit().writes(&self.env.operator_user, mark).await.unwrap();
        let secrets = writes.into_iter().filter(|write| write.resource == "secrets" && write.is_dry_run == is_dry_run);
        secrets.map(|write| (format!("{} {}", write.verb, write.name), write.code)).collect()
    }
}
