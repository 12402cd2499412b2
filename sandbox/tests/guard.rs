//! The routes under `/sandbox` need no token, so they answer only programs on this machine.
use serde_json::json;

use super::contract::DOCUMENT;
use super::support::*;

/// A page in a browser can send these without asking, to any address.
const OF_FORMS: [Option<&str>; 4] =
    [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("multipart/form-data; boundary=x")];

async fn status(api: &Api, method: &str, path: &str, headers: &[(&str, &str)]) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = client.request(method.parse().unwrap(), api.url(path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = if method == "GET" { "" } else { "{}" };
    request.body(body).send().await.unwrap().status().as_u16()
}

/// Methods and paths of all routes under `/sandbox`, with some value for each parameter.
fn routes() -> Vec<(String, String)> {
    let paths = DOCUMENT["paths"].as_object().unwrap().iter().filter(|(path, _)| path.starts_with("/sandbox/"));
    let routes = paths.flat_map(|(path, methods)| {
        let path: Vec<&str> = path.split('/').map(|part| if part.starts_with('{') { ID } else { part }).collect();
        let path = path.join("/");
        methods.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone()))
    });
    routes.collect()
}

#[tokio::test]
async fn a_form_of_a_page_reaches_no_route() {
    let api = Api::start().await;
    let writes = routes().into_iter().filter(|(method, _)| matches!(method.as_str(), "POST" | "PUT" | "PATCH"));
    let mut count = 0;
    for (method, path) in writes {
        for media_type in OF_FORMS {
            let headers: Vec<_> = media_type.iter().map(|media_type| ("content-type", *media_type)).collect();
            assert_eq!(415, status(&api, &method, &path, &headers).await, "{method} {path} {media_type:?}");
            count += 1;
        }
    }
    assert!(count > 80, "{count}");
}

#[tokio::test]
async fn a_name_that_a_page_gave_to_this_machine_reaches_no_route() {
    let api = Api::start().await;
    let json = ("content-type", "application/json");
    for (method, path) in routes() {
        let headers = [json, ("host", "attacker.example")];
        assert_eq!(403, status(&api, &method, &path, &headers).await, "{method} {path}");
    }
    let port = api.address().port();
    for host in [format!("localhost:{port}"), format!("127.0.0.1:{port}"), format!("[::1]:{port}")] {
        assert_eq!(200, status(&api, "GET", "/sandbox/clock", &[("host", &host)]).await, "{host}");
    }
    let health = status(&api, "GET", "/healthz", &[("host", "sandbox.example")]).await;
    assert_eq!(200, health, "the rest is for every name");
    api.create(json!({})).await;
}
