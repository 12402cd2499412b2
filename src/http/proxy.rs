//! Proxies of the environment, for https only. Plain http goes to this machine, and a proxy would read the credentials in it.

use std::env;

use reqwest::{ClientBuilder, NoProxy, Proxy};

/// The variables that may name the proxy, by precedence.
const NAMES: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Lets a client use the proxy of the environment for https, but not for the hosts in `NO_PROXY`. What is no URL is ignored.
pub(super) fn for_https_only(builder: ClientBuilder) -> ClientBuilder {
    // Or the client would read the environment itself, `HTTP_PROXY` included.
    let builder = builder.no_proxy();
    let named = NAMES.iter().find_map(|name| env::var(name).ok().filter(|url| !url.is_empty()));
    match named.and_then(|url| Proxy::https(url).ok()) {
        Some(proxy) => builder.proxy(proxy.no_proxy(NoProxy::from_env())),
        None => builder,
    }
}
