//! One kind, and requests for objects of it.

use kube::Client;
use serde_json::{Value, json};

use super::schema::{good, installed, put, root};
use crate::support::env::TestEnv;
use crate::support::users::PLATFORM_ADMIN;

/// The name of the objects.
pub const NAME: &str = "refusals";

/// One installed kind.
pub struct Kind<'s> {
    env: &'s TestEnv<'s>,
    pub plural: &'static str,
    kind: String,
    pub crd: Value,
    admin: Client,
}

/// What the API server answers.
#[derive(Debug)]
pub struct Response {
    pub code: u16,
    pub body: Value,
}

impl Response {
    pub fn message(&self) -> &str {
        self.body["message"].as_str().unwrap_or_default()
    }

    /// The paths in the error, each with its message.
    pub fn causes(&self) -> Vec<(&str, &str)> {
        let causes = self.body["details"]["causes"].as_array().into_iter().flatten();
        causes.map(|cause| (cause["field"].as_str().unwrap(), cause["message"].as_str().unwrap())).collect()
    }
}

impl<'s> Kind<'s> {
    pub async fn new(env: &'s TestEnv<'s>, plural: &'static str) -> Self {
        let crd = installed(env, plural).await;
        Self {
            env,
            plural,
            kind: crd["spec"]["names"]["kind"].as_str().unwrap().to_owned(),
            crd,
            admin: env.client(PLATFORM_ADMIN),
        }
    }

    pub fn schema(&self) -> &Value {
        root(&self.crd)
    }

    /// An object with a spec.
    pub fn object(&self, spec: Value) -> Value {
        json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": self.kind, "metadata": { "name": NAME }, "spec": spec
        })
    }

    /// A valid object with one value at a path.
    pub fn with(&self, path: &[String], value: Value) -> Value {
        let mut object = self.object(good(&self.schema()["properties"]["spec"]));
        put(&mut object, self.schema(), path, value);
        object
    }

    fn url(&self) -> String {
        let place = match self.crd["spec"]["scope"] == "Namespaced" {
            true => format!("namespaces/{}/", self.env.namespace),
            false => String::new(),
        };
        format!("/apis/nimbus.luware.com/v1alpha1/{place}{}", self.plural)
    }

    /// The response to a create as kubectl sends it, as a dry run.
    pub async fn create(&self, object: &Value) -> Response {
        let url = format!("{}?dryRun=All&fieldManager=test&fieldValidation=Strict", self.url());
        self.send(PLATFORM_ADMIN, http::Request::post(url).header("content-type", "application/json"), object).await
    }

    /// The same without dry run.
    pub async fn store(&self, object: &Value) -> Response {
        let url = format!("{}?fieldManager=test&fieldValidation=Strict", self.url());
        self.send(PLATFORM_ADMIN, http::Request::post(url).header("content-type", "application/json"), object).await
    }

    /// The response to a server-side apply, as a dry run.
    pub async fn apply(&self, object: &Value) -> Response {
        let query = "dryRun=All&fieldManager=test&fieldValidation=Strict&force=true";
        let url = format!("{}/{NAME}?{query}", self.url());
        let request = http::Request::patch(url).header("content-type", "application/apply-patch+yaml");
        self.send(PLATFORM_ADMIN, request, object).await
    }

    /// The response to an edit of the object or of a subresource such as `/status`.
    pub async fn patch(&self, user: &str, part: &str, dry_run: bool, patch: &Value) -> Response {
        let dry_run = if dry_run { "dryRun=All&" } else { "" };
        let url = format!("{}/{NAME}{part}?{dry_run}fieldManager=test&fieldValidation=Strict", self.url());
        self.send(user, http::Request::patch(url).header("content-type", "application/merge-patch+json"), patch).await
    }

    /// The response to a deletion, as a dry run.
    pub async fn delete(&self, user: &str) -> Response {
        let url = format!("{}/{NAME}?dryRun=All", self.url());
        self.send(user, http::Request::delete(url).header("content-type", "application/json"), &json!({})).await
    }

    async fn send(&self, user: &str, request: http::request::Builder, body: &Value) -> Response {
        let request = request.body(body.to_string().into_bytes()).unwrap();
        let client = if user == PLATFORM_ADMIN { self.admin.clone() } else { self.env.client(user) };
        match client.request::<Value>(request).await {
            Ok(body) => Response { code: 201, body },
            Err(kube::Error::Api(status)) => {
                Response { code: status.code, body: json!({ "message": status.message, "details": status.details }) }
            }
            Err(error) => panic!("{error}"),
        }
    }
}
