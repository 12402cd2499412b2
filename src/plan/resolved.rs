//! What `resolve` found behind the references of a Tenant. Missing and malformed are data: only the plan decides whether they matter.

use secrecy::SecretString;

use super::mismatch::{Mismatch, NoPartner};
use crate::resources::{Partner, Reason, SecretVersion, Stamp, Unknown};
use crate::settings::format::Guid;
use crate::settings::value::Text;
use crate::settings::{Leaf, TenantId};

/// What the references of a Tenant turned out to be.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// Our stamp on the tenant of the platform.
    pub stamp: Stamp,
    /// The Platform.
    pub platform: PlatformReference,
    /// The Partner that the spec names, if it names one.
    pub partner: Option<ResolvedPartner>,
    /// Each Secret that the spec names, unless the spec itself hides the section.
    pub secrets: Vec<ResolvedSecret>,
    /// What is wrong with the admission policies; empty where they are in force, or not demanded.
    pub policies_lacking: String,
    /// Whether the namespace or the CRD is being deleted; `None` if that could not be read. Looked at only when the Tenant is
    /// being deleted.
    pub scope_terminating: Option<bool>,
}

/// What became of `spec.platformRef`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlatformReference {
    /// It is there and this namespace may use it.
    Found,
    /// There is none of that name.
    Missing,
    /// It is being deleted and takes no new Tenant.
    Terminating,
    /// It does not allow this namespace.
    NotPermitted,
}

/// What became of `spec.partner.partnerRef`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedPartner {
    /// Name of the Partner.
    pub name: String,
    /// The platform's id of the partner as the Partner says it, or why that is not known.
    pub id: Result<String, NoPartner>,
    /// The partner's own Entra tenant, where the Partner says it.
    pub entra_tenant: Option<String>,
    /// Whether it is being deleted and takes no new Tenant, which this one is.
    pub is_terminating: bool,
    /// Whether the Partner counts on the Platform of the Tenant.
    pub counts: bool,
    /// The only tenants that may be named with the Partner, where it says them.
    pub tenants: Option<Vec<TenantId>>,
    /// What the Partner says and this version does not know.
    pub unknown: Unknown,
}

/// What became of one Secret reference.
#[derive(Clone, Debug)]
pub struct ResolvedSecret {
    /// The leaf that names it.
    pub leaf: &'static Leaf,
    /// Name of the Secret.
    pub name: String,
    /// Key in it.
    pub key: String,
    /// The Secret, as it was read.
    pub state: SecretState,
    /// The value, or why there is none.
    pub found: Result<SecretValue, SecretProblem>,
}

/// What is there under the name of a Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretState {
    /// The Secret, in this version.
    There(SecretVersion),
    /// Nothing.
    Missing,
    /// The operator may not read it.
    Forbidden,
}

/// A value that may be sent.
#[derive(Clone, Debug)]
pub struct SecretValue {
    /// Which state of the Secret it was read from.
    pub version: SecretVersion,
    /// The value.
    pub value: SecretString,
}

/// Why there is no value behind a Secret reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretProblem {
    /// There is no such Secret.
    NoSecret,
    /// The Secret does not have the key.
    NoKey,
    /// The operator may not read it.
    Forbidden,
    /// The value cannot be right; says why without any part of it.
    Malformed(&'static str),
}

/// A Secret reference that matters and has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnusableSecret {
    /// The leaf that names it.
    pub leaf: &'static Leaf,
    /// Namespace of the Secret, which is that of the Tenant.
    pub namespace: String,
    /// Name of the Secret.
    pub name: String,
    /// Key in it.
    pub key: String,
    /// What is wrong with it.
    pub problem: SecretProblem,
}

impl ResolvedPartner {
    /// A Partner of which nothing is known.
    pub fn unknown(name: String, because: NoPartner) -> Self {
        let (id, unknown) = (Err(because), Unknown::default());
        Self { name, id, entra_tenant: None, is_terminating: false, counts: true, tenants: None, unknown }
    }

    /// A Partner as a Tenant on this Platform sees it.
    pub fn of(name: String, partner: &Partner, platform: &str) -> Self {
        let spec = &partner.spec;
        // What is no tenant permits none.
        let tenants = |ids: &Vec<_>| ids.iter().filter_map(|id: &Text<Guid>| TenantId::parse(id.as_str())).collect();
        Self {
            name,
            id: Ok(spec.platform_partner_id.as_str().to_owned()),
            entra_tenant: spec.entra_tenant_id.as_ref().map(|home| home.as_str().to_owned()),
            is_terminating: false,
            counts: spec.counts_on(platform),
            tenants: spec.tenant_ids.as_ref().map(tenants),
            unknown: spec.unknown.clone(),
        }
    }

    /// Whether this tenant may be named with the Partner.
    pub(super) fn permits(&self, tenant: TenantId) -> bool {
        self.tenants.as_ref().is_none_or(|tenants| tenants.contains(&tenant))
    }

    /// The platform's id of the partner, where the Partner stands for it on this tenant.
    ///
    /// *Errors*: why it does not.
    pub(super) fn id_for(&self, tenant: TenantId) -> Result<&str, Mismatch> {
        let id = self.id.as_deref().map_err(|because| Mismatch::Unresolved(*because))?;
        if !self.unknown.is_empty() {
            Err(Mismatch::TooNew)
        } else if !self.counts {
            Err(Mismatch::NotCounted)
        } else if !self.permits(tenant) {
            Err(Mismatch::NotListed)
        } else {
            Ok(id)
        }
    }
}

impl SecretProblem {
    /// The reason that it gives to conditions and checks.
    pub fn reason(self) -> Reason {
        match self {
            Self::NoSecret => Reason::SecretNotFound,
            Self::NoKey => Reason::SecretKeyNotFound,
            Self::Forbidden => Reason::SecretForbidden,
            Self::Malformed(_) => Reason::SecretInvalid,
        }
    }
}

impl ResolvedSecret {
    /// What moves when another value is meant: the Secret, its version and the key. `None` while there is no value.
    pub fn version(&self) -> Option<String> {
        self.found.as_ref().ok().map(|found| found.version.of_key(&self.key))
    }

    /// The reference of a Tenant in this namespace without a value, if it has none.
    pub(super) fn unusable(&self, namespace: &str) -> Option<UnusableSecret> {
        let problem = *self.found.as_ref().err()?;
        let (namespace, name, key) = (namespace.to_owned(), self.name.clone(), self.key.clone());
        Some(UnusableSecret { leaf: self.leaf, namespace, name, key, problem })
    }
}
