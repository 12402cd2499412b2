//! The users of the attacks: one for each role, as `examples/rbac.yaml` or the chart binds them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use kube::Client;
use serde_json::{Value, json};

use crate::support::fixture::Fixture;
use crate::support::helm::{Helm, VERSIONS};
use crate::support::{apply, users};

const RBAC: &str = "rbac.authorization.k8s.io";
const GROUP: &str = "nimbus.luware.com";

/// Whose roles the users have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Roles {
    /// Those of `examples/rbac.yaml`.
    Example,
    /// Those that the chart renders.
    Chart,
}

/// A user by role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Reads Tenants.
    Viewer,
    /// Edits Tenants.
    Editor,
    /// Has the built-in role `view` in the namespace, and with it what is aggregated to it.
    BuiltInView,
    /// The same with `edit`.
    BuiltInEdit,
    /// The same with `admin`, who may also grant what it has.
    BuiltInAdmin,
    /// Administers one Partner.
    Partner,
    /// Administers all Platforms and Partners.
    System,
    /// The same, and may read no Secret of the operator.
    Keyless,
    /// Edits Tenants, and RBAC lets it write every status.
    Forger,
}

impl Who {
    pub const ALL: [Self; 9] = [
        Self::Viewer,
        Self::Editor,
        Self::BuiltInView,
        Self::BuiltInEdit,
        Self::BuiltInAdmin,
        Self::Partner,
        Self::System,
        Self::Keyless,
        Self::Forger,
    ];
}

/// The users of one namespace.
pub struct Cast {
    names: BTreeMap<Who, String>,
    clients: BTreeMap<Who, Client>,
}

impl Cast {
    /// Binds all users to these roles in the namespace of a fixture, with the Partner of its name.
    pub async fn new(fixture: &Fixture, roles: Roles) -> Self {
        let names = names(roles);
        let cast = Self { clients: names.iter().map(|(who, name)| (*who, fixture.client(name))).collect(), names };
        cast.bind_built_in(fixture).await;
        let [editor, system] = match roles {
            Roles::Example => ["nimbus-tenant-editor".to_owned(), "nimbus-platform-admin".to_owned()],
            Roles::Chart => cast.install(fixture).await,
        };
        cast.bind_extra(fixture, &editor, &system).await;
        cast
    }

    pub fn name(&self, who: Who) -> &str {
        &self.names[&who]
    }

    pub fn client(&self, who: Who) -> Client {
        self.clients[&who].clone()
    }

    /// Applies the roles and bindings of users that the chart renders for this namespace. Returns the names of the roles of editors and of
    /// system administrators.
    async fn install(&self, fixture: &Fixture) -> [String; 2] {
        let namespace = &fixture.env.namespace;
        let sets = [
            "clusterId=ci".to_owned(),
            format!("fullnameOverride={namespace}"),
            format!("systemAdmins[0].kind=User,systemAdmins[0].name={}", self.name(Who::System)),
            format!("partners[0].name={namespace},partners[0].namespaces[0]={namespace}"),
            format!("partners[0].subjects[0].kind=User,partners[0].subjects[0].name={}", self.name(Who::Partner)),
            "rbac.credentialsSecrets[0]=platform".to_owned(),
        ];
        let mut arguments = vec!["--show-only", "templates/rbac-users.yaml"];
        arguments.extend(sets.iter().flat_map(|set| ["--set", set.as_str()]));
        let rendered = Helm::new(VERSIONS[0]).template(&arguments).unwrap();
        let admin = fixture.client(users::ADMIN);
        apply::manifest(&admin, &rendered).await.unwrap();
        let role = |suffix: &str| format!("{namespace}-{suffix}");
        // As in every namespace, its editors are bound there.
        for (who, suffix) in [(Who::Viewer, "view"), (Who::Editor, "edit"), (Who::System, "edit")] {
            self.bind(fixture, &[who], &role(suffix), Some(namespace)).await;
        }
        [role("edit"), role("system-admin")]
    }

    async fn bind_built_in(&self, fixture: &Fixture) {
        let namespace = Some(fixture.env.namespace.as_str());
        for (who, role) in [(Who::BuiltInView, "view"), (Who::BuiltInEdit, "edit"), (Who::BuiltInAdmin, "admin")] {
            self.bind(fixture, &[who], role, namespace).await;
        }
    }

    /// The users that are bound to a part of the roles, or to more than them.
    async fn bind_extra(&self, fixture: &Fixture, editor: &str, system: &str) {
        let namespace = &fixture.env.namespace;
        self.bind(fixture, &[Who::Forger], editor, Some(namespace)).await;
        self.bind(fixture, &[Who::Keyless], system, None).await;
        let status = format!("{namespace}-status");
        let resources = ["tenants/status", "platforms/status", "partners/status"];
        let role = json!({
            "apiVersion": format!("{RBAC}/v1"), "kind": "ClusterRole", "metadata": { "name": status },
            "rules": [{ "apiGroups": [GROUP], "resources": resources, "verbs": ["get", "update", "patch"] }]
        });
        write(fixture, role).await;
        self.bind(fixture, &[Who::Forger], &status, None).await;
    }

    /// Binds users to a ClusterRole, in a namespace or everywhere.
    async fn bind(&self, fixture: &Fixture, who: &[Who], role: &str, namespace: Option<&str>) {
        let subjects: Vec<Value> =
            who.iter().map(|who| json!({ "apiGroup": RBAC, "kind": "User", "name": self.name(*who) })).collect();
        let kind = if namespace.is_some() { "RoleBinding" } else { "ClusterRoleBinding" };
        let name = format!("{}-{role}-{:?}", fixture.env.namespace, who[0]).to_lowercase();
        let binding = json!({
            "apiVersion": format!("{RBAC}/v1"), "kind": kind, "metadata": { "name": name, "namespace": namespace },
            "roleRef": { "apiGroup": RBAC, "kind": "ClusterRole", "name": role }, "subjects": subjects
        });
        write(fixture, binding).await;
    }
}

async fn write(fixture: &Fixture, object: Value) {
    apply::apply(&fixture.client(users::ADMIN), &serde_json::from_value(object).unwrap()).await.unwrap();
}

/// The users that the example binds, and others without any other permission.
fn names(roles: Roles) -> BTreeMap<Who, String> {
    // Other tests count from the other end.
    static LEFT: AtomicUsize = AtomicUsize::new(users::NUMBERED - 1);
    let bound = |who: Who| match (roles, who) {
        (Roles::Example, Who::Viewer) => Some(users::VIEWER),
        (Roles::Example, Who::Editor) => Some(users::TENANT_EDITOR),
        (Roles::Example, Who::Partner) => Some(users::PARTNER_ADMIN),
        (Roles::Example, Who::System) => Some(users::PLATFORM_ADMIN),
        (Roles::Example | Roles::Chart, _) => None,
    };
    let unbound = || users::user(LEFT.fetch_sub(1, Ordering::Relaxed));
    Who::ALL.into_iter().map(|who| (who, bound(who).map_or_else(unbound, ToOwned::to_owned))).collect()
}
