//! What a status says of what is no setting: tokens and the widget key.

use crate::admin_api::TenantDocument;
use crate::plan::outcome::SideEffects;
use crate::plan::widget_key::Publication;
use crate::resources::status::{TenantStatus, TestMessageStatus, WidgetKeyStatus};
use crate::resources::{Tenant, bounds};
use crate::settings::Trigger;
use crate::text::shown;

/// The tokens that the platform was last given, and where the key is.
pub(super) fn remember(
    status: &mut TenantStatus,
    tenant: &Tenant,
    document: &TenantDocument,
    side_effects: &SideEffects,
) {
    let pulled = |rotates| {
        let mut pulled = side_effects.fired.iter().map(|(trigger, _)| trigger);
        pulled.rfind(|trigger| matches!(trigger, Trigger::Rotation { .. }) == rotates).map(Trigger::token)
    };
    let runtime = &document.runtime;
    let rotation = pulled(true).or(runtime.widget_key.last_token.as_deref()).map(ToOwned::to_owned);
    status.widget_key = widget_key(tenant, status.widget_key.take(), rotation, &side_effects.key);
    let wanted =
        tenant.spec.settings.modalities.as_ref().and_then(|tab| tab.instant_messaging.as_ref()?.test_message.as_ref());
    let message = pulled(false).or(runtime.instant_messaging.last_token.as_deref()).filter(|_| wanted.is_some());
    status.test_message = message.map(|token| TestMessageStatus { last_token: shown(token, bounds::WORD) });
}

/// What the status says of the key.
fn widget_key(
    tenant: &Tenant,
    before: Option<WidgetKeyStatus>,
    last_token: Option<String>,
    key: &Publication,
) -> Option<WidgetKeyStatus> {
    tenant.spec.settings.extensions.as_ref()?.interact.as_ref()?.widget_key.as_ref()?;
    let last_token = last_token.map(|token| shown(&token, bounds::WORD));
    Some(match key {
        Publication::NotWanted | Publication::NoKey | Publication::Refused { .. } => {
            WidgetKeyStatus { last_token, ..WidgetKeyStatus::default() }
        }
        // What was published stays where it is.
        Publication::Hidden => WidgetKeyStatus { last_token, ..before.unwrap_or_default() },
        Publication::Published { secret, secret_version, version } => WidgetKeyStatus {
            version: Some(version.clone()),
            last_token,
            secret_name: Some(secret.clone()),
            secret_version: Some(secret_version.to_string()),
        },
    })
}
