//! The objects that are attacked, and what users do to them.

use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use nimbus_operator::resources::FINALIZER;
use serde_json::{Value, json};

use super::cast::{Cast, Roles, Who};
use crate::support::confirmation::confirming;
use crate::support::fixture::Fixture;
use crate::support::wait::{PATIENCE, until};

/// A Tenant of the partner that the cast administers.
pub const MINE: &str = "mine";
/// A Tenant of another partner, in the same namespace.
pub const THEIRS: &str = "theirs";
/// A Tenant without a partner.
pub const ALONE: &str = "alone";
/// A Tenant of the partner that is being deleted.
pub const ENDING: &str = "ending";

/// A setting of system administrators.
pub const S_LEAF: &str = "spec.general.partnerAdministrationGroupId";

/// The kinds of objects that are attacked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Tenant,
    Platform,
    Partner,
    Policy,
    Binding,
    /// In the operator's namespace.
    Secret,
    /// In the operator's namespace.
    Lease,
    Role,
    RoleBinding,
    ConfigMap,
}

/// How a status is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Merge,
    Apply,
    Replace,
}

impl Way {
    pub const ALL: [Self; 3] = [Self::Merge, Self::Apply, Self::Replace];
}

/// What a user does.
#[derive(Clone, Debug)]
pub enum Deed {
    Create(Kind, Value),
    Read(Kind, String),
    Patch(Kind, String, Value),
    Delete(Kind, String),
    Status(StatusWrite),
}

/// A write through the subresource.
#[derive(Clone, Debug)]
pub struct StatusWrite {
    pub kind: Kind,
    pub name: String,
    pub body: Value,
    pub way: Way,
}

/// Whether it has an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Run {
    Real,
    Dry,
}

impl Kind {
    fn resource(self) -> ApiResource {
        let (group, kind) = match self {
            Self::Tenant => ("nimbus.luware.com", "Tenant"),
            Self::Platform => ("nimbus.luware.com", "Platform"),
            Self::Partner => ("nimbus.luware.com", "Partner"),
            Self::Policy => ("admissionregistration.k8s.io", "ValidatingAdmissionPolicy"),
            Self::Binding => ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
            Self::Secret => ("", "Secret"),
            Self::ConfigMap => ("", "ConfigMap"),
            Self::Lease => ("coordination.k8s.io", "Lease"),
            Self::Role => ("rbac.authorization.k8s.io", "Role"),
            Self::RoleBinding => ("rbac.authorization.k8s.io", "RoleBinding"),
        };
        let version = if group == "nimbus.luware.com" { "v1alpha1" } else { "v1" };
        let kind = GroupVersionKind::gvk(group, version, kind);
        let plural = match self {
            Self::Policy => "validatingadmissionpolicies".to_owned(),
            _ => format!("{}s", kind.kind.to_lowercase()),
        };
        ApiResource::from_gvk_with_plural(&kind, &plural)
    }
}

/// Where the attacks happen.
pub struct Stage<'f> {
    pub fixture: &'f Fixture,
    pub cast: Cast,
    /// An Entra tenant that none of the Tenants names.
    pub id: String,
}

impl<'f> Stage<'f> {
    /// The objects and the users; returns once all of their rights count.
    pub async fn new(fixture: &'f Fixture, roles: Roles) -> Self {
        let cast = Cast::new(fixture, roles).await;
        let stage = Self { fixture, cast, id: uuid::Uuid::new_v4().to_string() };
        fixture.partner(json!({})).await;
        let other = json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": stage.theirs() },
            "spec": { "displayName": "Southwind", "platformPartnerId": "southwind" }
        });
        stage.granted(Who::System, &Deed::Create(Kind::Partner, other)).await;
        stage
    }

    /// Creates Tenants of each partner, and shows that each user may do what its role is for.
    pub async fn set(&self) {
        let [mine, theirs] =
            [self.mine().to_owned(), self.theirs()].map(|name| json!({ "partnerRef": { "name": name } }));
        let group = json!({ "partnerAdministrationGroupId": self.id });
        for (name, spec) in [
            (MINE, json!({ "partner": mine, "general": group, "deletionPolicy": "Delete" })),
            (THEIRS, json!({ "partner": theirs })),
            (ALONE, json!({})),
            (ENDING, json!({ "partner": mine })),
        ] {
            let mut manifest = self.manifest(name, spec);
            manifest["metadata"]["finalizers"] = json!([FINALIZER, "example.com/theirs"]);
            self.granted(Who::System, &Deed::Create(Kind::Tenant, manifest)).await;
        }
        for (who, deed) in self.duties() {
            until(&format!("{who:?} does its work"), PATIENCE, async || {
                self.send(who, &deed, Run::Dry).await.map_err(|error| error.to_string())
            })
            .await;
        }
        self.attempt(Who::Partner, &Deed::Delete(Kind::Tenant, ENDING.into())).await.unwrap();
    }

    /// Does it once the right for it counts.
    pub async fn granted(&self, who: Who, deed: &Deed) {
        until(&format!("{who:?} may do it"), PATIENCE, async || {
            self.attempt(who, deed).await.map_err(|error| error.to_string())
        })
        .await;
    }

    /// What each user has its role for.
    fn duties(&self) -> Vec<(Who, Deed)> {
        let edit = |general: Value| Deed::Patch(Kind::Tenant, MINE.into(), json!({ "spec": { "general": general } }));
        let platform = |spec: Value| Deed::Patch(Kind::Platform, self.platform().into(), json!({ "spec": spec }));
        let read = || Deed::Read(Kind::Tenant, MINE.into());
        let company = || edit(json!({ "companyName": "Contoso AG" }));
        vec![
            (Who::Viewer, read()),
            (Who::BuiltInView, read()),
            (Who::Editor, company()),
            (Who::BuiltInEdit, company()),
            (Who::BuiltInAdmin, company()),
            (Who::Forger, company()),
            (Who::Partner, edit(json!({ "name": "Other" }))),
            (Who::System, edit(json!({ "partnerAdministrationGroupId": null }))),
            (Who::System, platform(json!({ "endpoint": "https://admin.example" }))),
            (Who::Keyless, platform(json!({ "limits": { "confirmedDeletionsPerHour": 5 } }))),
        ]
    }

    pub fn namespace(&self) -> &str {
        &self.fixture.env.namespace
    }

    pub fn platform(&self) -> &str {
        &self.fixture.env.platform
    }

    /// The Partner that the cast administers.
    pub fn mine(&self) -> &str {
        &self.fixture.env.namespace
    }

    /// A Partner of which it administers nothing.
    pub fn theirs(&self) -> String {
        format!("{}-other", self.fixture.env.namespace)
    }

    /// A Tenant of a new Entra tenant.
    pub fn manifest(&self, name: &str, spec: Value) -> Value {
        let mut manifest =
            self.fixture.manifest(json!({ "general": { "tenantId": uuid::Uuid::new_v4().to_string() } }));
        json_patch::merge(&mut manifest["spec"], &spec);
        manifest["metadata"]["name"] = json!(name);
        manifest
    }

    /// The same of the partner, with its deletion confirmed.
    pub fn confirmed(&self, name: &str, more: Value) -> Value {
        let mut manifest = self.manifest(name, json!({ "partner": { "partnerRef": { "name": self.mine() } } }));
        let id = manifest["spec"]["general"]["tenantId"].as_str().unwrap().to_owned();
        json_patch::merge(&mut manifest["spec"], &confirming(json!({ "deletionPolicy": "Delete" }), &id));
        json_patch::merge(&mut manifest["spec"], &more);
        manifest
    }

    /// Another Platform with the same credentials.
    pub fn other_platform(&self) -> Value {
        json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Platform",
            "metadata": { "name": format!("{}-own", self.platform()) },
            "spec": {
                "endpoint": "https://evil.example",
                "authentication": {
                    "tokenUrl": "https://evil.example/token", "clientId": "system",
                    "credentialsSecretRef": { "name": "platform" }
                },
                "instance": self.fixture.env.instance
            }
        })
    }

    fn api(&self, who: Who, kind: Kind) -> Api<DynamicObject> {
        let (client, resource, env) = (self.cast.client(who), kind.resource(), &self.fixture.env);
        match kind {
            Kind::Tenant | Kind::Role | Kind::RoleBinding | Kind::ConfigMap => {
                Api::namespaced_with(client, &env.namespace, &resource)
            }
            Kind::Secret | Kind::Lease => Api::namespaced_with(client, &env.operator_namespace, &resource),
            Kind::Platform | Kind::Partner | Kind::Policy | Kind::Binding => Api::all_with(client, &resource),
        }
    }

    /// Does it.
    pub async fn attempt(&self, who: Who, deed: &Deed) -> kube::Result<()> {
        self.send(who, deed, Run::Real).await
    }

    async fn send(&self, who: Who, deed: &Deed, run: Run) -> kube::Result<()> {
        let dry_run = run == Run::Dry;
        let post = PostParams { dry_run, field_manager: Some("test".into()) };
        let params = PatchParams { dry_run, field_manager: Some("test".into()), ..PatchParams::default() };
        match deed {
            Deed::Create(kind, object) => {
                let object = serde_json::from_value(object.clone()).expect("an object");
                self.api(who, *kind).create(&post, &object).await.map(drop)
            }
            Deed::Read(kind, name) => self.api(who, *kind).get(name).await.map(drop),
            Deed::Patch(kind, name, patch) => {
                self.api(who, *kind).patch(name, &params, &Patch::Merge(patch)).await.map(drop)
            }
            Deed::Delete(kind, name) => self.api(who, *kind).delete(name, &DeleteParams::default()).await.map(drop),
            Deed::Status(write) => self.write_status(who, write).await,
        }
    }

    async fn write_status(&self, who: Who, write: &StatusWrite) -> kube::Result<()> {
        let StatusWrite { kind, name, body, way } = write;
        let (api, resource) = (self.api(who, *kind), kind.resource());
        let params = PatchParams { field_manager: Some("test".into()), ..PatchParams::default() };
        match way {
            Way::Merge => api.patch_status(name, &params, &Patch::Merge(body)).await.map(drop),
            Way::Apply => {
                let mut object =
                    json!({ "apiVersion": resource.api_version, "kind": resource.kind, "metadata": { "name": name } });
                json_patch::merge(&mut object, body);
                api.patch_status(name, &PatchParams::apply("forger").force(), &Patch::Apply(object)).await.map(drop)
            }
            Way::Replace => {
                let mut object = api.get_status(name).await?;
                json_patch::merge(&mut object.data, body);
                api.replace_status(name, &PostParams::default(), &object).await.map(drop)
            }
        }
    }

    /// Name and version of every object that is attacked.
    pub async fn versions(&self) -> Vec<String> {
        let mut versions = vec![];
        for kind in [Kind::Tenant, Kind::Platform, Kind::Partner] {
            for object in self.api(Who::System, kind).list(&kube::api::ListParams::default()).await.unwrap().items {
                let name = object.metadata.name.unwrap_or_default();
                // Other tests have Platforms and Partners of their own.
                if kind == Kind::Tenant || name.starts_with(self.namespace()) || name == self.platform() {
                    versions.push(format!("{kind:?} {name} {}", object.metadata.resource_version.unwrap_or_default()));
                }
            }
        }
        versions
    }
}
