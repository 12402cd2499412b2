//! A list that comes as a stream is as new as the request for it. kube asks for one of any age (resourceVersion 0), which an API server
//! that lags behind answers with what was before: that would look like an API server which went back to an older state.

use std::task::{Context, Poll};

use http::Request;
use http::uri::{PathAndQuery, Uri};
use tower::{Layer, Service};

/// The parameter with which kube asks for a list of any age, and the one that makes a watch begin with a list.
const ANY_AGE: &str = "resourceVersion=0";
const STREAMED: &str = "sendInitialEvents=true";

/// Puts [`ConsistentList`] around a service.
pub(super) struct ConsistentListLayer;

impl<S> Layer<S> for ConsistentListLayer {
    type Service = ConsistentList<S>;

    fn layer(&self, inner: S) -> ConsistentList<S> {
        ConsistentList(inner)
    }
}

/// A service whose streamed lists are as new as the request.
pub(super) struct ConsistentList<S>(S);

impl<S: Service<Request<Sent>>, Sent> Service<Request<Sent>> for ConsistentList<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<Sent>) -> Self::Future {
        if let Some(uri) = consistent(request.uri()) {
            *request.uri_mut() = uri;
        }
        self.0.call(request)
    }
}

/// The address without the parameter, where it asks for a streamed list.
fn consistent(uri: &Uri) -> Option<Uri> {
    let pairs: Vec<_> = uri.query()?.split('&').collect();
    if !pairs.contains(&STREAMED) || !pairs.contains(&ANY_AGE) {
        return None;
    }
    let others: Vec<_> = pairs.into_iter().filter(|pair| *pair != ANY_AGE).collect();
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(format!("{}?{}", uri.path(), others.join("&"))).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use std::convert::Infallible;

    use super::*;

    async fn sent(uri: &str) -> String {
        let echo =
            tower::service_fn(|request: Request<()>| async move { Ok::<_, Infallible>(request.uri().to_string()) });
        ConsistentListLayer.layer(echo).call(Request::builder().uri(uri).body(()).unwrap()).await.unwrap()
    }

    #[tokio::test]
    async fn a_streamed_list_is_as_new_as_the_request() {
        let streamed =
            "https://api/apis/x/v1/tenants?&watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
        assert_eq!(sent(&format!("{streamed}&resourceVersion=0")).await, streamed);
        for other in [
            "/apis/x/v1/tenants?&watch=true&resourceVersion=0",
            "/apis/x/v1/tenants?&watch=true&sendInitialEvents=true&resourceVersion=07",
            "/apis/x/v1/tenants?limit=500",
            "/api/v1/namespaces/a",
        ] {
            assert_eq!(sent(other).await, other);
        }
    }
}
