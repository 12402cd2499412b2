//! A watch whose start is answered with HTTP 410: what it wants to continue from is forgotten. The API server says so within
//! the stream, and then the watch lists anew; a proxy, or another server, may say it by the status, and then the watch of kube
//! 5 asks for the same for ever and sees nothing any more. Here the one answer is made of the other.

use std::task::{Context, Poll};

use futures::future::{BoxFuture, FutureExt};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use kube::client::DynBody;
use tower::{BoxError, Layer, Service};

/// What the API server says within a stream.
const GONE: &str = concat!(
    r#"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure","#,
    r#""message":"the watch cannot continue","reason":"Expired","code":410}}"#,
    "\n"
);

/// Puts [`Relisting`] around a service.
pub(super) struct Relists;

impl<S> Layer<S> for Relists {
    type Service = Relisting<S>;

    fn layer(&self, inner: S) -> Relisting<S> {
        Relisting(inner)
    }
}

/// A client's service whose watches learn in the stream that they have to list anew.
pub(super) struct Relisting<S>(S);

impl<S, Sent> Service<Request<Sent>> for Relisting<S>
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
        let answer = Relists.layer(inner).call(request).await.unwrap();
        let status = answer.status().as_u16();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn only_a_watch_that_is_gone_is_told_so_in_its_stream() {
        let watch = "/apis/nimbus.luware.com/v1alpha1/tenants?&watch=true&resourceVersion=7";
        assert_eq!(answered(watch, 410).await, (200, GONE.to_owned()));
        assert_eq!(answered(watch, 200).await, (200, "theirs".to_owned()));
        assert_eq!(answered(watch, 403).await, (403, "theirs".to_owned()));
        let list = "/apis/nimbus.luware.com/v1alpha1/tenants?&continue=x";
        assert_eq!(answered(list, 410).await, (410, "theirs".to_owned()));
    }
}
