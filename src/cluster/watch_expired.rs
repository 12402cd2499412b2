//! A watch that cannot continue from its resource version (410). The API server reports it as an event in the stream, and kube then
//! lists again. A proxy may report it as the HTTP status instead, and then kube 5 repeats the same watch forever and sees no
//! changes. This layer turns the status into the event.

use std::task::{Context, Poll};

use futures::future::{BoxFuture, FutureExt};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use kube::client::DynBody;
use tower::{BoxError, Layer, Service};

/// The event that the API server sends.
const GONE: &str = concat!(
    r#"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","#,
    r#""message":"the watch cannot continue","reason":"Expired","code":410}}"#,
    "\n"
);

/// Puts [`Relist`] around a service.
pub(super) struct RelistLayer;

impl<S> Layer<S> for RelistLayer {
    type Service = Relist<S>;

    fn layer(&self, inner: S) -> Relist<S> {
        Relist(inner)
    }
}

/// A service whose expired watches end with the event that makes kube list again.
pub(super) struct Relist<S>(S);

impl<S, Sent> Service<Request<Sent>> for Relist<S>
where
    S: Service<Request<Sent>, Response = Response<Box<DynBody>>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request<Sent>) -> Self::Future {
        let watches = request.uri().query().is_some_and(|query| query.split('&').any(|pair| pair == "watch=true"));
        let answer = self.0.call(request);
        async move {
            let answer = answer.await?;
            Ok(if watches && answer.status() == StatusCode::GONE { Response::new(body(GONE)) } else { answer })
        }
        .boxed()
    }
}

fn body(text: &'static str) -> Box<DynBody> {
    Box::new(Full::from(text).map_err(BoxError::from))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use std::convert::Infallible;

    use super::*;

    async fn answered(uri: &str, status: u16) -> (u16, String) {
        let inner = tower::service_fn(move |_: Request<()>| async move {
            let mut answer = Response::new(body("theirs"));
            *answer.status_mut() = StatusCode::from_u16(status).unwrap();
            Ok::<_, Infallible>(answer)
        });
        let request = Request::builder().uri(uri).body(()).unwrap();
        let answer = RelistLayer.layer(inner).call(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn only_an_expired_watch_ends_with_the_event() {
        let watch = "/apis/nimbus.luware.com/v1alpha1/tenants?&watch=true&resourceVersion=7";
        assert_eq!(answered(watch, 410).await, (200, GONE.to_owned()));
        assert_eq!(answered(watch, 200).await, (200, "theirs".to_owned()));
        assert_eq!(answered(watch, 403).await, (403, "theirs".to_owned()));
        let list = "/apis/nimbus.luware.com/v1alpha1/tenants?&continue=x";
        assert_eq!(answered(list, 410).await, (410, "theirs".to_owned()));
    }
}
