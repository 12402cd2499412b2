//! Proxies of the environment: for what leaves the machine over https, and for nothing else.

use nimbus_operator::resources::Platform;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::fixture::Fixture;
use crate::support::operator::OperatorProcess;
use crate::support::wait::{PATIENCE, until};

/// The real program, since it is its environment that counts.
fn start(fixture: &Fixture, proxy: &str) -> OperatorProcess {
    let env = &fixture.env;
    let arguments = [
        "run",
        "--cluster-id=test",
        "--instance",
        &env.instance,
        "--namespace",
        &env.namespace,
        "--operator-namespace",
        &env.operator_namespace,
    ];
    let environment = [("HTTPS_PROXY", proxy), ("HTTP_PROXY", proxy), ("ALL_PROXY", proxy)];
    env.start_operator(None, &arguments, &environment).unwrap()
}

/// A proxy that notes the first line of each request and serves none.
async fn deaf_proxy() -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (seen, lines) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = vec![0; 4096];
            let read = stream.read(&mut bytes).await.unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes[..read]);
            drop(seen.send(text.lines().next().unwrap_or_default().to_owned()));
            drop(stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n").await);
        }
    });
    (url, lines)
}

#[tokio::test(flavor = "multi_thread")]
async fn proxy_of_the_environment_sees_https_only() {
    let fixture = Fixture::new("proxies").await;
    let (proxy, mut lines) = deaf_proxy().await;
    let operator = start(&fixture, &proxy);
    // The API server is called directly, and so is a platform on this machine: a proxy would read the client's secret.
    fixture.create(json!({})).await;
    fixture.ready().await;
    operator.check().unwrap();
    assert_eq!(Err(tokio::sync::mpsc::error::TryRecvError::Empty), lines.try_recv());

    let token_url = "https://login.example/oauth2/v2.0/token";
    let elsewhere = json!({ "endpoint": "https://platform.example", "authentication": { "tokenUrl": token_url } });
    fixture.patch_platform(json!({ "spec": elsewhere })).await;
    let first = tokio::time::timeout(PATIENCE, lines.recv()).await.unwrap();
    assert_eq!(Some("CONNECT login.example:443 HTTP/1.1".to_owned()), first);
    let platforms: kube::Api<Platform> = kube::Api::all(fixture.client(crate::support::users::PLATFORM_ADMIN));
    until("the Platform is out of reach", PATIENCE, async || {
        let platform = platforms.get(&fixture.env.platform).await.map_err(|error| error.to_string())?;
        let conditions = platform.status.map(|status| status.conditions).unwrap_or_default();
        let is_down = conditions.iter().any(|c| c.type_ == "Ready" && c.reason == "Unreachable");
        if is_down { Ok(()) } else { Err(format!("{conditions:?}")) }
    })
    .await;
}
