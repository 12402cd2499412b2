//! The proxy: streams reads, counts side effects over all targets, and stops everything at an exact point.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::any;
use futures::StreamExt;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::Client;
use kube::api::{Api, PostParams, WatchEvent, WatchParams};
use reqwest::Method;
use tokio::net::TcpListener;

use super::config_map;
use crate::support::apply::create_namespace;
use crate::support::controlplane::ControlPlane;
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::{Moment, Recorder};
use crate::support::wait::{PATIENCE, until};
use crate::support::{http, users};

/// The namespace of a test, through a proxy and directly.
struct ProxyFixture {
    _proxy: Proxy,
    through: Api<ConfigMap>,
    direct: Api<ConfigMap>,
}

impl ProxyFixture {
    async fn new(namespace: &str, recorder: &Recorder) -> Self {
        let control_plane = ControlPlane::shared().await;
        let admin = control_plane.client(users::ADMIN);
        create_namespace(&admin, namespace).await.unwrap();
        let upstream = Upstream::kubernetes(control_plane);
        let proxy = Proxy::start(upstream, recorder).await.unwrap();
        let mut config = control_plane.config(users::ADMIN).unwrap();
        config.cluster_url = proxy.url().parse().unwrap();
        let client = Client::try_from(config).unwrap();
        Self { _proxy: proxy, through: Api::namespaced(client, namespace), direct: Api::namespaced(admin, namespace) }
    }

    async fn create(&self, name: &str) -> kube::Result<ConfigMap> {
        let map = config_map(name, Vec::new());
        self.through.create(&PostParams::default(), &map).await
    }

    async fn exists(&self, name: &str) -> bool {
        self.direct.get_opt(name).await.unwrap().is_some()
    }
}

/// A platform that answers everything with 200 and counts what arrives.
async fn platform() -> (String, Arc<AtomicUsize>) {
    let arrived = Arc::new(AtomicUsize::new(0));
    let counter = arrived.clone();
    let answer = any(move || async move {
        counter.fetch_add(1, Ordering::SeqCst);
        "{}"
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(answer)).await });
    (url, arrived)
}

#[tokio::test(flavor = "multi_thread")]
async fn watch_works_through_the_proxy() {
    let recorder = Recorder::new(|_, _| true);
    let fixture = ProxyFixture::new("proxy-watch", &recorder).await;
    let events = fixture.through.watch(&WatchParams::default(), "0").await;
    let mut events = events.unwrap().boxed();

    fixture.create("seen").await.unwrap();

    loop {
        let event = tokio::time::timeout(PATIENCE, events.next()).await.unwrap();
        if let WatchEvent::Added(map) = event.unwrap().unwrap()
            && map.metadata.name.as_deref() == Some("seen")
        {
            break;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn side_effects_are_counted_and_reads_are_not() {
    let recorder = Recorder::new(|_, path| !path.ends_with("/token"));
    let fixture = ProxyFixture::new("proxy-count", &recorder).await;
    let (url, arrived) = platform().await;
    let admin_api = Proxy::start(Upstream::platform(&url), &recorder).await.unwrap();
    let client = http::client(None).unwrap();
    let post = |path: &str| client.post(format!("{}{path}", admin_api.url())).send();

    post("/v1/token").await.unwrap();
    post("/v1/tenants/1?confirm=YES").await.unwrap();
    fixture.create("one").await.unwrap();
    fixture.through.get("one").await.unwrap();
    fixture.create("one").await.unwrap_err();
    client.get(admin_api.url()).send().await.unwrap();

    assert_eq!(3, arrived.load(Ordering::SeqCst));
    let maps = "/api/v1/namespaces/proxy-count/configmaps";
    let seen: Vec<_> = recorder
        .effects()
        .into_iter()
        .map(|effect| (effect.number, effect.target, effect.method, effect.path, effect.status))
        .collect();
    let expected = vec![
        (1, "platform", Method::POST, "/v1/tenants/1".to_owned(), Some(200)),
        (2, "kubernetes", Method::POST, maps.to_owned(), Some(201)),
        (3, "kubernetes", Method::POST, maps.to_owned(), Some(409)),
    ];
    assert_eq!(expected, seen);
}

/// What each moment guarantees about side effect 2 of three.
#[tokio::test(flavor = "multi_thread")]
async fn everything_stops_at_the_crash_point() {
    for (moment, happened, answered) in
        [(Moment::BeforeSend, false, false), (Moment::AfterSend, true, false), (Moment::AfterAnswer, true, true)]
    {
        let recorder = Recorder::new(|_, _| true);
        let namespace = format!("proxy-{moment:?}").to_lowercase();
        let fixture = Arc::new(ProxyFixture::new(&namespace, &recorder).await);
        let reached = recorder.arm(2, moment);
        fixture.create("first").await.unwrap();

        let second = tokio::spawn({
            let fixture = fixture.clone();
            async move { fixture.create("second").await }
        });
        tokio::time::timeout(PATIENCE, reached).await.unwrap().unwrap();
        assert_eq!(happened, fixture.exists("second").await, "{moment:?}");
        if answered {
            until("the answer", PATIENCE, || async { second.is_finished().then_some(()).ok_or("none yet") }).await;
        }
        assert_eq!(answered, second.is_finished(), "{moment:?}");

        // Later side effects are held, and reads still pass.
        let third = tokio::spawn({
            let fixture = fixture.clone();
            async move { fixture.create("third").await }
        });
        until("the third to be held", PATIENCE, || async {
            let held = recorder.held();
            (held == 1).then_some(()).ok_or(format!("{held} are held"))
        })
        .await;
        fixture.through.get("first").await.unwrap();

        recorder.release();
        assert_eq!(answered, second.await.unwrap().is_ok(), "{moment:?}");
        third.await.unwrap().unwrap_err();
        assert!(!fixture.exists("third").await, "{moment:?}");
        assert_eq!(happened, fixture.exists("second").await, "{moment:?}");
        fixture.create("fourth").await.unwrap();
        let numbers: Vec<_> = recorder.effects().iter().map(|effect| (effect.number, effect.status)).collect();
        let second = happened.then_some(201);
        assert_eq!(vec![(1, Some(201)), (2, second), (3, Some(201))], numbers);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_upstream_is_a_bad_gateway() {
    let recorder = Recorder::new(|_, _| true);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let proxy = Proxy::start(Upstream::platform(&url), &recorder).await.unwrap();

    let answer = http::client(None).unwrap().get(proxy.url()).send().await;

    assert_eq!(502, answer.unwrap().status().as_u16());
}
