//! A change of settings, by the admin API or in the UI, and its consequences.
use std::collections::BTreeMap;

use serde_json::Value;

use super::{records, script};
use crate::model::merge::{Normaliser, Rules, UnknownMembers, merge};
use crate::model::parts::{keep_secrets, secrets};
use crate::model::problem::Failure;
use crate::model::roles::Role;
use crate::model::store::Work;
use crate::model::tenant::Tenant;
use crate::model::units::Tree;

/// Who changes the settings, and under which rules.
pub(crate) struct Edit {
    pub role: Role,
    pub unknown_members: UnknownMembers,
    pub normalisers: BTreeMap<String, Normaliser>,
}

/// Merges a patch into a tenant and stores it.
pub(crate) async fn change(work: &mut Work, tenant: &mut Tenant, patch: &Value, edit: Edit) -> Result<(), Failure> {
    let secrets = secrets(work, &tenant.id).await?;
    let rules = Rules {
        id: &tenant.id,
        role: edit.role,
        own_partner: None,
        unknown_members: edit.unknown_members,
        secrets: &secrets,
        normalisers: &edit.normalisers,
        units: &Tree::load(work, &tenant.id).await?,
    };
    let merged = merge(&tenant.settings, patch, &rules)?;
    keep_secrets(work, &tenant.id, &merged.secrets).await?;
    // Data whose old retention time is over is purged, even if the new time is longer.
    records::purge(work, tenant).await?;
    tenant.settings = merged.settings;
    tenant.state.moved_from.retain(|pointer, _| patch.pointer(pointer).is_none());
    records::close_if_off(work, tenant).await?;
    tenant.save(work).await?;
    script::run_if_automatic(work, tenant).await
}
