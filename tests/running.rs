//! How the operator starts, what it logs, and how it ends.

mod access;
mod api_server;
mod away;
mod crds;
mod lists;
mod log_lines;
mod secret_watches;
mod signals;
mod unwatched;
mod unwritten;

use anyhow::Result;

use crate::support::env::TestEnv;
use crate::support::operator::OperatorProcess;
use crate::support::proxy::Proxy;

/// The arguments of the operator of a test.
fn arguments(env: &TestEnv<'_>) -> Vec<String> {
    let pairs = [
        ("--namespace", &env.namespace),
        ("--cluster-id", &"test".to_owned()),
        ("--instance", &env.instance),
        ("--operator-namespace", &env.operator_namespace),
    ];
    let pairs = pairs.into_iter().flat_map(|(name, value)| [name.to_owned(), value.clone()]);
    [vec!["run".to_owned()], pairs.collect()].concat()
}

/// Starts the binary with further arguments.
fn start(env: &TestEnv<'_>, proxy: Option<&Proxy>, more: &[&str]) -> Result<OperatorProcess> {
    let arguments = arguments(env);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).chain(more.iter().copied()).collect();
    env.start_operator(proxy, &arguments, &[])
}
