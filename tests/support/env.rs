//! The environment of one test on a shared control plane.
//!
//! Tests run concurrently. Each has its own namespaces, Platform name, instance and operator user; requests are counted by
//! the name of that user.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use kube::Client;

use super::apply::create_namespace;
use super::audit::AuditLog;
use super::controlplane::ControlPlane;
use super::kubectl::Kubectl;
use super::log::KeptOnFailure;
use super::operator::OperatorProcess;
use super::proxy::Proxy;
use super::rights::{self, Placement};
use super::users;

/// The environment of one test.
pub struct TestEnv<'a> {
    /// Its control plane.
    pub control_plane: &'a ControlPlane,
    /// The namespace for its Tenants, where [`users::TENANT_EDITOR`] and the administrators edit.
    pub namespace: String,
    /// The namespace of its operator.
    pub operator_namespace: String,
    /// The user of its operator.
    pub operator_user: String,
    /// The instance that its operator serves.
    pub instance: String,
    /// The name for its Platform.
    pub platform: String,
    logs: KeptOnFailure,
}

impl TestEnv<'static> {
    /// Creates an environment on the shared control plane.
    ///
    /// # Panics
    /// If it cannot be created, with the reason.
    pub async fn new(name: &str) -> Self {
        Self::on(ControlPlane::shared().await, name).await
    }
}

impl<'a> TestEnv<'a> {
    /// Creates an environment on a separate control plane.
    ///
    /// # Panics
    /// As [`TestEnv::new`].
    pub async fn on(control_plane: &'a ControlPlane, name: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        assert!(number <= users::NUMBERED, "more tests than operator users");
        let (namespace, operator_user) = (format!("{name}-{number}"), users::operator(number));
        let env = Self {
            control_plane,
            logs: KeptOnFailure {
                names: vec![namespace.clone(), operator_user.clone()],
                audit: control_plane.folder().join("audit.log"),
            },
            namespace,
            operator_namespace: format!("{name}-{number}-operator"),
            operator_user,
            instance: format!("{name}-{number}"),
            platform: format!("{name}-{number}"),
        };
        if let Err(error) = env.prepare().await {
            panic!("preparing the test {name}: {error:#}");
        }
        env
    }

    async fn prepare(&self) -> Result<()> {
        self.control_plane.install_crds().await?;
        self.control_plane.grant_cluster_wide().await?;
        self.control_plane.install_policies().await?;
        let admin = self.client(users::ADMIN);
        for name in [&self.namespace, &self.operator_namespace] {
            create_namespace(&admin, name).await?;
        }
        let placement = Placement {
            operator: &self.operator_user,
            operator_namespace: &self.operator_namespace,
            namespace: &self.namespace,
            instance: &self.instance,
        };
        rights::grant(&admin, &placement).await?;
        rights::grant_for_tests(&admin, &self.namespace).await
    }

    /// Returns a client of `user` whose default namespace is that of the Tenants.
    ///
    /// # Panics
    /// When there is no such user, or the control plane has died.
    pub fn client(&self, user: &str) -> Client {
        self.control_plane.client_in(user, Some(&self.namespace))
    }

    /// Returns kubectl as `user`.
    pub fn kubectl(&self, user: &str) -> Kubectl {
        Kubectl::new(self.control_plane.kubeconfig(user))
    }

    /// Returns the audit log of the API server.
    pub fn audit(&self) -> AuditLog<'a> {
        AuditLog::new(self.control_plane)
    }

    /// Writes a kubeconfig of the operator, through the proxy if there is one.
    pub fn operator_kubeconfig(&self, proxy: Option<&Proxy>) -> Result<PathBuf> {
        let url = proxy.map_or_else(|| self.control_plane.url().to_owned(), Proxy::url);
        let path = self.control_plane.folder().join(format!("{}.kubeconfig", self.instance));
        self.control_plane.write_kubeconfig(&[&self.operator_user], &url, &path)?;
        Ok(path)
    }

    /// Starts the operator of this test.
    pub fn start_operator(
        &self,
        proxy: Option<&Proxy>,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Result<OperatorProcess> {
        let kubeconfig = self.operator_kubeconfig(proxy)?;
        OperatorProcess::start(&kubeconfig, arguments, environment)
    }
}
