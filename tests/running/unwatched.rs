//! A Tenant in a namespace that no operator watches.

use std::time::Duration;

use serde_json::json;

use crate::support::fixture::Fixture;
use crate::support::log;
use crate::support::wait::{PATIENCE, until};

#[tokio::test(flavor = "multi_thread")]
async fn tenant_in_a_namespace_that_is_not_watched_is_told() {
    let mut fixture = Fixture::new("unwatched").await;
    fixture.timing.orphans = Duration::from_secs(2);
    let options = nimbus_operator::controller::Options {
        namespaces: vec![fixture.env.operator_namespace.clone()],
        ..fixture.options()
    };
    let operator = fixture.start_with(options);
    fixture.connected().await;
    fixture.create(json!({})).await;
    let told = ("Warning".to_owned(), "NotWatched".to_owned());
    until("it is reported", PATIENCE, async || {
        let events = fixture.events().await.map_err(|error| error.to_string())?;
        if events == [told.clone()] { Ok(()) } else { Err(format!("{events:?}")) }
    })
    .await;
    let line = format!("namespaces=\"{}\"", fixture.env.namespace);
    let log = log::so_far().unwrap();
    let said: Vec<_> = log.lines().filter(|text| text.contains(&line) && text.contains("does not watch")).collect();
    assert_eq!(1, said.len(), "{said:?}");
    operator.stop().await;

    // Nothing is said of one that another operator serves.
    let second = fixture.start();
    fixture.ready().await;
    second.stop().await;
    let served = fixture.events().await.unwrap().into_iter().filter(|event| *event == told).count();
    assert_eq!(1, served);
}
