//! How the operator lists: as a stream, or in pages where the API server streams no list.

use serde_json::json;

use crate::support::controlplane::{ControlPlane, Options};
use crate::support::fixture::{Fixture, FixtureOn};

/// Starts an operator, which reconciles a Tenant that was there before. Returns how often it listed the Tenants of its namespace, and how
/// many of its watches were refused.
async fn started(fixture: &FixtureOn<'_>) -> (usize, usize) {
    let mark = fixture.audit().mark().await.unwrap();
    fixture.create(json!({})).await;
    let operator = fixture.start();
    fixture.ready().await;
    operator.stop().await;
    let mut requests = fixture.audit().requests(&fixture.env.operator_user, mark).await.unwrap();
    requests.retain(|request| request.resource == "tenants" && request.namespace == fixture.env.namespace);
    let count = |verb: &str, code: u16| requests.iter().filter(|r| (&*r.verb, r.code) == (verb, code)).count();
    (count("list", 200), count("watch", 422))
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_streamed_or_read_in_pages() {
    let flags = vec!["--feature-gates=WatchList=false".to_owned()];
    let options = Options { apiserver_flags: flags, controller_manager: false, ..Options::default() };
    let control_plane = ControlPlane::start(options).await.unwrap();
    let (looks, refused) = started(&Fixture::new("streamed").await).await;
    assert_eq!(refused, 0);
    let paged = started(&FixtureOn::on(&control_plane, "paged").await).await;
    assert_eq!((looks + 1, 1), paged, "the start-up checks look at some; the list is another request");
}
