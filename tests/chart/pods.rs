//! A release on a control plane, and the containers of its pods as processes of this machine: with the arguments, the environment,
//! the service account and the rights that were rendered. There is no node.

use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::authentication::v1::{TokenRequest, TokenRequestSpec};
use k8s_openapi::api::core::v1::{ConfigMap, Container, EnvVar, Pod, ServiceAccount};
use kube::Client;
use kube::api::{Api, DynamicObject, PostParams};
use nimbus_operator::resources::Tenant;
use serde_json::{Value, json};

use crate::support::apply;
use crate::support::apply::create_namespace;
use crate::support::controlplane::{ControlPlane, Options};
use crate::support::fixture::{CONNECTION_STRING, describe};
use crate::support::helm::{Helm, NAMESPACE, Objects, RELEASE, VERSIONS, path_of_chart};
use crate::support::openmetrics::Scrape;
use crate::support::operator::OperatorProcess;
use crate::support::sandbox::Sandbox;
use crate::support::users::ADMIN;
use crate::support::wait::{PATIENCE, until};

/// The namespace of Tenants.
pub const TENANTS: &str = "contoso";
/// The ID of the Tenant.
pub const ID: &str = "6f1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";

/// A release on a control plane of its own, and a platform.
pub struct Installed {
    pub plane: ControlPlane,
    pub platform: Sandbox,
    port: u16,
}

impl Installed {
    pub async fn prepared() -> Self {
        let plane = ControlPlane::start(Options { policies: false, ..Options::default() }).await.unwrap();
        Self { plane, platform: Sandbox::start().await.unwrap(), port: free_port() }
    }

    pub async fn new(values: &str) -> Self {
        let installed = Self::prepared().await;
        for name in [NAMESPACE, TENANTS] {
            create_namespace(&installed.client(), name).await.unwrap();
        }
        let metrics = installed.metrics();
        let namespace = format!("tenantNamespaces[0].name={TENANTS}");
        let sets = ["clusterId=prod-euwe", &metrics, &namespace, values];
        let sets: Vec<&str> = sets.iter().filter(|set| !set.is_empty()).flat_map(|set| ["--set", set]).collect();
        let arguments = ["install", RELEASE, path_of_chart(), "--namespace", NAMESPACE];
        installed.helm().succeed(&[&arguments[..], &sets].concat()).unwrap();
        installed
    }

    /// The value by which operators of other tests have other ports: all are on one machine.
    pub fn metrics(&self) -> String {
        format!("metrics.port={}", self.port)
    }

    pub fn client(&self) -> Client {
        self.plane.client(ADMIN)
    }

    /// The container of the Deployment as it is stored.
    async fn container(&self) -> Container {
        let api: Api<Deployment> = Api::namespaced(self.client(), NAMESPACE);
        let spec = api.get(RELEASE).await.unwrap().spec.template.spec.unwrap();
        assert_eq!(Some(RELEASE), spec.service_account_name.as_deref());
        spec.containers.into_iter().next().unwrap()
    }

    /// A kubeconfig with a token of the service account, as the kubelet mounts it.
    async fn kubeconfig(&self) -> PathBuf {
        let api: Api<ServiceAccount> = Api::namespaced(self.client(), NAMESPACE);
        let audiences = vec!["https://kubernetes.default.svc".to_owned()];
        let request = TokenRequest {
            spec: Some(TokenRequestSpec { audiences: Some(audiences), ..TokenRequestSpec::default() }),
            ..TokenRequest::default()
        };
        let token = api.create_token_request(RELEASE, &PostParams::default(), &request).await.unwrap();
        let ca = self.plane.folder().join("pod-ca.crt");
        std::fs::write(&ca, self.plane.ca()).unwrap();
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "pod",
            "contexts": [{ "name": "pod", "context": { "cluster": "pod", "user": "pod" } }],
            "clusters": [{ "name": "pod", "cluster": { "server": self.plane.url(), "certificate-authority": ca } }],
            "users": [{ "name": "pod", "user": { "token": token.status.unwrap().token } }],
        });
        let file = self.plane.folder().join("pod.kubeconfig");
        std::fs::write(&file, serde_yaml::to_string(&config).unwrap()).unwrap();
        file
    }

    /// The container of the Pod that `helm test` creates.
    pub async fn test_container(&self) -> Container {
        let hooks = self.helm().succeed(&["get", "hooks", RELEASE, "--namespace", NAMESPACE]).unwrap();
        let hooks = Objects::read(&hooks).unwrap();
        let pod: Pod = serde_json::from_value(hooks.of("Pod")[0].clone()).unwrap();
        let spec = pod.spec.unwrap();
        let deployed = self.container().await;
        assert_eq!(Some(RELEASE), spec.service_account_name.as_deref());
        assert_eq!(deployed.image, spec.containers[0].image);
        spec.containers.into_iter().next().unwrap()
    }

    /// Helm for this control plane.
    pub fn helm(&self) -> Helm {
        Helm::on(VERSIONS[1], self.plane.kubeconfig(ADMIN))
    }

    /// The value of an environment variable, as the kubelet finds it.
    async fn value(&self, variable: &EnvVar, replica: u8) -> String {
        let Some(source) = &variable.value_from else { return variable.value.clone().unwrap_or_default() };
        if let Some(field) = &source.field_ref {
            return match field.field_path.as_str() {
                "metadata.namespace" => NAMESPACE.to_owned(),
                "metadata.name" => format!("{RELEASE}-{replica}"),
                other => panic!("the field {other}"),
            };
        }
        let key = source.config_map_key_ref.as_ref().unwrap();
        let api: Api<ConfigMap> = Api::namespaced(self.client(), NAMESPACE);
        api.get(&key.name).await.unwrap().data.unwrap()[&key.key].clone()
    }

    /// Starts the program of a pod of the Deployment.
    pub async fn start(&self, replica: u8) -> OperatorProcess {
        self.start_container(self.container().await, replica).await
    }

    /// Starts the program of a container. Where a pod listens on its own addresses, the process listens on its replica's.
    pub async fn start_container(&self, container: Container, replica: u8) -> OperatorProcess {
        let arguments: Vec<String> = container.args.unwrap();
        let own = format!("--listen={}:", address(replica));
        let arguments: Vec<String> = arguments.iter().map(|a| a.replace("--listen=0.0.0.0:", &own)).collect();
        let mut environment = vec![];
        for variable in container.env.unwrap() {
            let value = self.value(&variable, replica).await;
            environment.push((variable.name, value));
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let environment: Vec<_> = environment.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        OperatorProcess::start(&self.kubeconfig().await, &arguments, &environment).unwrap()
    }

    pub fn platform_manifest(&self) -> Value {
        let url = self.platform.url();
        json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Platform", "metadata": { "name": "euwe-01" },
            "spec": {
                "endpoint": url,
                "authentication": {
                    "tokenUrl": format!("{url}/oauth2/v2.0/token"), "clientId": "system",
                    "credentialsSecretRef": { "name": "platform-credentials" }
                },
                "allowedNamespaces": { "names": [TENANTS] }
            }
        })
    }

    /// Creates a Platform and its Secret.
    pub async fn create_platform(&self) {
        let secret = json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "platform-credentials", "namespace": NAMESPACE },
            "stringData": { "client-secret": "system-secret" }
        });
        for object in [secret, self.platform_manifest()] {
            let object: DynamicObject = serde_json::from_value(object).unwrap();
            let apply = async || apply::apply(&self.client(), &object).await.map_err(|error| format!("{error:#}"));
            until("it is accepted", PATIENCE, apply).await;
        }
    }

    pub fn tenants(&self) -> Api<Tenant> {
        Api::namespaced(self.client(), TENANTS)
    }

    /// Asks a replica for a path on the port that was rendered.
    async fn ask(&self, replica: u8, path: &str) -> Result<String, String> {
        let url = format!("http://{}:{}{path}", address(replica), self.port);
        let answer = reqwest::get(&url).await.map_err(|error| format!("{url}: {error:?}"))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| error.to_string())?;
        if status == 200 { Ok(text) } else { Err(format!("{url}: {status} {text}")) }
    }

    /// Waits until the probes of the Deployment pass.
    pub async fn probed(&self, replica: u8) {
        let container = self.container().await;
        for probe in [container.startup_probe, container.liveness_probe, container.readiness_probe] {
            let path = probe.unwrap().http_get.unwrap().path.unwrap();
            until(&path, PATIENCE, async || self.ask(replica, &path).await).await;
        }
    }

    /// Whether a replica leads, as its metrics say.
    pub async fn leads(&self, replica: u8) -> Result<bool, String> {
        let text = self.ask(replica, "/metrics").await?;
        let scrape = Scrape::read(&text).map_err(|error| format!("{error:#}"))?;
        Ok(scrape.sum("nimbus_leader", &[]) > 0.5)
    }

    pub async fn ready(&self) {
        until("the Tenant is Ready", 2 * PATIENCE, async || {
            let tenant = self.tenants().get("contoso").await.map_err(|error| error.to_string())?;
            let conditions = tenant.status.iter().flat_map(|status| &status.conditions);
            let is_ready = conditions.clone().any(|condition| condition.type_ == "Ready" && condition.status == "True");
            if is_ready { Ok(()) } else { Err(describe(&tenant)) }
        })
        .await;
    }
}

/// The address of a replica on the loopback interface.
fn address(replica: u8) -> String {
    format!("127.0.0.{}", replica + 1)
}

/// A port below those that the kernel gives to connections, so that none of them has it when the program starts.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let number = std::process::id().wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = u16::try_from(20_000 + number % 10_000).unwrap();
        if TcpListener::bind(("0.0.0.0", port)).is_ok() {
            return port;
        }
    }
}

/// A Tenant.
pub fn tenant() -> Value {
    json!({
        "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant",
        "metadata": { "name": "contoso", "namespace": TENANTS },
        "spec": {
            "platformRef": { "name": "euwe-01" },
            "general": { "name": "Contoso", "o365Domain": "contoso.onmicrosoft.com", "tenantId": ID },
            "extensions": { "interact": {
                "enabled": true, "acsConnectionStringRef": { "name": "acs", "key": "connection-string" }
            } }
        }
    })
}

/// The Secret that it refers to, which the operator can read by the Role in its namespace only.
pub fn connection_string() -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "acs", "namespace": TENANTS },
        "stringData": { "connection-string": CONNECTION_STRING }
    })
}
