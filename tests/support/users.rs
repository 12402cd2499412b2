//! The users that a control plane knows: names, groups and tokens.
//!
//! The API server reads its token file once, so all users are created up front.

use uuid::Uuid;

/// In `system:masters`, which passes RBAC and every admission policy: for setup only.
pub const ADMIN: &str = "admin";
/// May administer Platforms (S).
pub const PLATFORM_ADMIN: &str = "platform-admin";
/// May administer Partners (P).
pub const PARTNER_ADMIN: &str = "partner-admin";
/// Edits Tenants in namespaces that bind it (T), and no status.
pub const TENANT_EDITOR: &str = "tenant-editor";
/// Reads Tenants in namespaces that bind it, and writes nothing.
pub const VIEWER: &str = "viewer";
/// The user of kube-controller-manager; Kubernetes itself grants its permissions.
pub const CONTROLLER_MANAGER: &str = "system:kube-controller-manager";

/// The group of every operator user.
pub const OPERATORS: &str = "nimbus:operators";
/// The group of all other users; nothing is granted to it.
pub const PEOPLE: &str = "nimbus:people";

/// The number of numbered operators and users: more than tests in a run.
pub const NUMBERED: usize = 1024;

/// Returns the name of the operator with a number from 1 to [`NUMBERED`].
pub fn operator(number: usize) -> String {
    format!("operator-{number:04}")
}

/// Returns the name of the ordinary user with a number from 1 to [`NUMBERED`].
pub fn user(number: usize) -> String {
    format!("user-{number:04}")
}

/// Returns the names of all operators: what the admission policies are rendered with.
pub fn operators() -> Vec<String> {
    (1..=NUMBERED).map(operator).collect()
}

/// The tokens of one control plane.
pub struct Users {
    // A secret of this control plane: tokens of another one are not valid here.
    seed: Uuid,
}

impl Users {
    /// Generates new tokens.
    pub fn new() -> Self {
        Self { seed: Uuid::new_v4() }
    }

    /// Returns the bearer token of `user`, or nothing if there is no such user.
    pub fn token(&self, user: &str) -> Option<String> {
        all().any(|(name, _)| name == user).then(|| self.token_of(user))
    }

    /// Returns the API server's token file: token, name, uid, groups.
    pub fn token_file(&self) -> String {
        all().map(|(name, groups)| format!("{},{name},{name},\"{groups}\"\n", self.token_of(&name))).collect()
    }

    fn token_of(&self, user: &str) -> String {
        format!("{}-{}", user.replace(':', "-"), self.seed.simple())
    }
}

fn all() -> impl Iterator<Item = (String, &'static str)> {
    let named = [
        (ADMIN, "system:masters"),
        (CONTROLLER_MANAGER, PEOPLE),
        (PLATFORM_ADMIN, PEOPLE),
        (PARTNER_ADMIN, PEOPLE),
        (TENANT_EDITOR, PEOPLE),
        (VIEWER, PEOPLE),
    ];
    named
        .into_iter()
        .map(|(name, groups)| (name.to_owned(), groups))
        .chain(operators().into_iter().map(|name| (name, OPERATORS)))
        .chain((1..=NUMBERED).map(|number| (user(number), PEOPLE)))
}
