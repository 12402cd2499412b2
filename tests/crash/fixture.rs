//! The fixture of the crash tests: the built binary between two proxies with a shared count of its side effects.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::oneshot;

use crate::support::fixture::Fixture;
use crate::support::operator::OperatorProcess;
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;
use crate::support::rights::allow_creating_secrets;
use crate::support::tenant::TenantHandle;
use crate::support::users;
use crate::support::wait::PATIENCE;

/// A fixture whose operator is a process that can be killed.
pub struct CrashFixture {
    pub base: Fixture,
    pub recorder: Recorder,
    kubernetes: Proxy,
    _platform: Proxy,
    tenants: AtomicUsize,
}

impl CrashFixture {
    pub async fn new(name: &str) -> Self {
        let base = Fixture::new(name).await;
        let recorder = Recorder::new(is_effect);
        let kubernetes = Proxy::start(Upstream::kubernetes(base.env.control_plane), &recorder).await.unwrap();
        let platform = Proxy::start(Upstream::platform(&base.platform.url()), &recorder).await.unwrap();
        base.platform_object(&platform.url()).await;
        // A confirmed deletion completes by itself; nothing else waits for the script.
        base.platform.auto_run(true).await.unwrap();
        let names: Vec<String> = (1..100).map(|number| format!("tenant-{number}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        allow_creating_secrets(&base.client(users::ADMIN), &base.env.namespace, &names).await.unwrap();
        Self { base, recorder, kubernetes, _platform: platform, tenants: AtomicUsize::new(1) }
    }

    /// A Tenant that no other run has used.
    pub fn tenant(&self) -> TenantHandle<'_> {
        TenantHandle::new(&self.base, &format!("tenant-{}", self.tenants.fetch_add(1, Ordering::Relaxed)))
    }

    pub fn start(&self) -> OperatorProcess {
        let env = &self.base.env;
        let arguments = [
            "run",
            "--namespace",
            &env.namespace,
            "--cluster-id",
            "test",
            "--instance",
            &env.instance,
            "--operator-namespace",
            &env.operator_namespace,
        ];
        env.start_operator(Some(&self.kubernetes), &arguments, &[]).expect("the operator starts")
    }

    /// Kills the operator once the armed moment is reached, and only then resumes everything.
    ///
    /// *Errors*: it was never reached.
    pub async fn kill_at(&self, operator: &OperatorProcess, reached: oneshot::Receiver<()>) -> Result<(), String> {
        let outcome = tokio::time::timeout(PATIENCE, reached).await;
        operator.kill();
        self.recorder.release();
        match outcome {
            Ok(Ok(())) => Ok(()),
            _ => Err(format!("never reached; the operator said:\n{}", operator.log())),
        }
    }

    pub async fn mark(&self) -> u64 {
        self.base.platform.mark().await.unwrap()
    }

    /// A restart after all runs changes nothing on the platform.
    pub async fn is_quiet(&self) {
        let mark = self.mark().await;
        let operator = self.start();
        let left = self.base.tenants().list(&kube::api::ListParams::default()).await.unwrap();
        for tenant in left.items {
            let name = tenant.metadata.name.unwrap_or_default();
            TenantHandle::new(&self.base, &name).pass().await;
        }
        operator.check().expect("the operator lives on");
        assert_eq!(Vec::<String>::new(), self.base.platform.effects(mark).await.unwrap());
    }
}

/// Writes to Tenants, their Secrets and tenants, but not to events, tokens, leases and the status of Platforms.
fn is_effect(target: &'static str, path: &str) -> bool {
    match target {
        "kubernetes" => {
            path.starts_with("/apis/nimbus.luware.com/") && path.contains("/tenants") || path.contains("/secrets")
        }
        _ => path.starts_with("/v1/tenants"),
    }
}
