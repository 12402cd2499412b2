//! Creating a tenant again that was there. The confirmation names what was lost, so that it does not count for the next time.

use crate::resources::Tenant;
use crate::resources::status::Applied;
use crate::settings::value::Text;

/// What confirms that a tenant is created again; `None` where none was known.
pub(super) fn token(tenant: &Tenant, tombstone: Option<&str>) -> Option<String> {
    let applied = tenant.status.as_ref().and_then(|status| status.applied.as_ref());
    tombstone.map(ToOwned::to_owned).or_else(|| applied.map(lost))
}

/// What the spec confirms.
pub(super) fn given(tenant: &Tenant) -> Option<&str> {
    tenant.spec.confirmations().recreate.as_ref().map(Text::as_str)
}

/// Whether the spec confirms that the tenant of this version is created again.
pub(super) fn is_confirmed(tenant: &Tenant, applied: &Applied) -> bool {
    given(tenant) == Some(lost(applied).as_str())
}

fn lost(applied: &Applied) -> String {
    format!("lost-{}", applied.settings_version)
}
