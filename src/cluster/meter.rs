//! Counts each request to the API server, and notes what is heard of watches: kube delivers no bookmark, and a watch on which only
//! those come is not dead.

use std::task::{Context, Poll};
use std::time::Instant;

use futures::future::{BoxFuture, FutureExt};
use http::{Method, Request, Response};
use http_body_util::BodyExt;
use kube::client::DynBody;
use tower::{Layer, Service};

use crate::telemetry::Telemetry;

/// Puts a [`Meter`] around a service.
pub(super) struct MeterLayer(Telemetry);

impl MeterLayer {
    pub(super) fn new(telemetry: Telemetry) -> Self {
        Self(telemetry)
    }
}

impl<S> Layer<S> for MeterLayer {
    type Service = Meter<S>;

    fn layer(&self, inner: S) -> Meter<S> {
        Meter { inner, telemetry: self.0.clone() }
    }
}

/// A service whose requests are counted.
pub(super) struct Meter<S> {
    inner: S,
    telemetry: Telemetry,
}

impl<S, Sent> Service<Request<Sent>> for Meter<S>
where
    S: Service<Request<Sent>, Response = Response<Box<DynBody>>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Sent>) -> Self::Future {
        let (verb, resource) = described(&request);
        let path = request.uri().path().to_owned();
        let (telemetry, started) = (self.telemetry.clone(), Instant::now());
        let answer = self.inner.call(request);
        async move {
            let answer = answer.await;
            let status = answer.as_ref().ok().map(|answer| answer.status().as_u16());
            telemetry.metrics.kubernetes(verb, resource, status, started.elapsed());
            if verb != "watch" {
                return answer;
            }
            telemetry.health.heard(&path);
            answer.map(|answer| {
                answer.map(|body| -> Box<DynBody> {
                    Box::new(body.map_frame(move |frame| {
                        telemetry.health.heard(&path);
                        frame
                    }))
                })
            })
        }
        .boxed()
    }
}

/// Verb and resource of a request, as the rules of RBAC name them. What is no resource counts by the first part of its path.
fn described<B>(request: &Request<B>) -> (&'static str, String) {
    let uri = request.uri();
    let parts: Vec<&str> = uri.path().split('/').filter(|part| !part.is_empty()).collect();
    let parts = match parts[..] {
        ["api", _, ref rest @ ..] | ["apis", _, _, ref rest @ ..] => rest,
        ref parts => return ("get", parts.first().copied().unwrap_or_default().to_owned()),
    };
    // A Namespace itself has two parts.
    let parts = match parts {
        ["namespaces", _, rest @ ..] if !rest.is_empty() => rest,
        parts => parts,
    };
    let resource = match parts {
        [resource, _, subresource, ..] => format!("{resource}/{subresource}"),
        [resource, ..] => (*resource).to_owned(),
        [] => String::new(),
    };
    let is_one = parts.len() > 1;
    let watches = uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "watch=true"));
    let verb = match *request.method() {
        Method::GET if watches => "watch",
        Method::GET if is_one => "get",
        Method::GET => "list",
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE if is_one => "delete",
        Method::DELETE => "deletecollection",
        _ => "other",
    };
    (verb, resource)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use http_body_util::Full;
    use hyper::body::Bytes;
    use tower::BoxError;

    use super::*;
    use crate::telemetry::health::Need;

    const WATCH: &str = "/apis/nimbus.luware.com/v1alpha1/tenants?&watch=true&resourceVersion=7";

    #[test]
    fn requests_are_named_as_the_rules_of_rbac_name_them() {
        for (method, uri, expected) in [
            (Method::GET, WATCH, ("watch", "tenants")),
            (Method::GET, "/apis/nimbus.luware.com/v1alpha1/tenants?limit=500", ("list", "tenants")),
            (Method::GET, "/apis/nimbus.luware.com/v1alpha1/namespaces/contoso/tenants/main", ("get", "tenants")),
            (
                Method::PATCH,
                "/apis/nimbus.luware.com/v1alpha1/namespaces/contoso/tenants/main/status",
                ("patch", "tenants/status"),
            ),
            (Method::GET, "/api/v1/namespaces/contoso", ("get", "namespaces")),
            (Method::GET, "/api/v1/namespaces", ("list", "namespaces")),
            (Method::GET, "/api/v1/namespaces/contoso/secrets/acs", ("get", "secrets")),
            (Method::POST, "/apis/events.k8s.io/v1/namespaces/contoso/events?", ("create", "events")),
            (Method::PUT, "/apis/coordination.k8s.io/v1/namespaces/ops/leases/one", ("update", "leases")),
            (Method::DELETE, "/api/v1/namespaces/contoso/secrets/acs", ("delete", "secrets")),
            (Method::GET, "/version", ("get", "version")),
        ] {
            let request = Request::builder().method(method).uri(uri).body(()).unwrap();
            let (verb, resource) = described(&request);
            assert_eq!(expected, (verb, resource.as_str()), "{uri}");
        }
    }

    #[tokio::test]
    async fn each_request_is_counted_and_a_bookmark_is_heard() {
        let telemetry = Telemetry::default();
        let _pulse =
            telemetry.health.follow("Tenant", WATCH.split('?').next().unwrap(), Duration::ZERO, Need::Required);
        let inner = tower::service_fn(|_: Request<()>| async {
            let body = Full::<Bytes>::from("{\"type\":\"BOOKMARK\"}\n").map_err(BoxError::from);
            Ok::<_, Infallible>(Response::new(Box::new(body) as Box<DynBody>))
        });
        let mut meter = MeterLayer::new(telemetry.clone()).layer(inner);
        let answer = meter.call(Request::builder().uri(WATCH).body(()).unwrap()).await.unwrap();
        let lives = || telemetry.health.live(Instant::now()).iter().all(|check| check.failure.is_none());
        telemetry.health.age(Duration::from_secs(61));
        assert!(!lives(), "nothing came since");
        answer.into_body().collect().await.unwrap();
        assert!(lives());
        let counted = "nimbus_kubernetes_requests_total{verb=\"watch\",resource=\"tenants\",code=\"200\"} 1";
        let text = telemetry.metrics.render();
        assert!(text.lines().any(|line| line == counted), "{text}");
    }
}
