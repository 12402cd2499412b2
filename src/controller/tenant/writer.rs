//! Writes to one tenant of the platform.

use std::sync::Arc;

use super::second_look::SecondLook;
use crate::admin_api::{Client, Creation, TenantDocument, TenantWrite, Write};
use crate::plan::after_save::AfterSave;
use crate::plan::apply::{self, Claim};
use crate::plan::{Difference, Snapshot, Stop, Target};
use crate::settings::{TenantId, Trigger};

/// Writes to one tenant of the platform.
pub(crate) struct Writer<'w> {
    pub(crate) client: &'w Client,
    pub(crate) id: TenantId,
    stamp: String,
    /// Taken before each call that changes the tenant, where a confirmation unlocks it.
    look: Option<SecondLook<'w>>,
}

impl<'w> Writer<'w> {
    pub(crate) fn new(client: &'w Client, target: &Target) -> Self {
        Self { client, id: target.tenant, stamp: target.stamp.to_string(), look: None }
    }

    /// The same with a look before each change of the tenant.
    pub(crate) fn looking(self, look: Option<SecondLook<'w>>) -> Self {
        Self { look, ..self }
    }

    async fn write(&self, write: TenantWrite<'_>) -> Result<TenantDocument, Stop> {
        let answer = match self.look {
            None => self.client.write(write).await,
            Some(look) => self.client.write_after(write, || look.take()).await?,
        };
        answer.map_err(Stop::of_write)
    }

    /// A write in our name.
    pub(crate) fn ours(&self) -> Write<'_> {
        Write { id: self.id, owner: &self.stamp }
    }

    /// A write in the name of the stamp that is on a tenant before we take it over.
    pub(crate) fn before<'c>(&'c self, claim: &'c Claim) -> Write<'c> {
        Write { id: self.id, owner: claim.expected.as_deref().unwrap_or(&self.stamp) }
    }

    /// Takes the tenant over. The tokens are recorded first, or a crash between the two could make one of them act. Returns what
    /// was recorded.
    pub(crate) async fn take_over(&self, claim: &Claim) -> Result<Vec<(Trigger, bool)>, Stop> {
        let recorded = self.record(claim).await?;
        let (expected, seen) = (claim.expected.as_deref(), &claim.settings_version);
        let claimed = self.write(TenantWrite::claim(self.ours(), expected, seen)).await?;
        if claimed.settings_version != claim.settings_version {
            return Err(Stop::Raced("the settings changed before the tenant was taken over".to_owned()));
        }
        Ok(recorded)
    }

    /// Saves the settings. Returns the tenant as the platform answered, and what still differs.
    pub(crate) async fn save(&self, write: apply::Write, after: &AfterSave) -> Result<(Snapshot, Difference), Stop> {
        let (call, written) = match write {
            apply::Write::Nothing { snapshot, difference } => return Ok((snapshot, difference)),
            apply::Write::Create { recreate, rotation, difference } => {
                let creation = Creation { settings: difference.to_creation(), recreate, rotation };
                (TenantWrite::create(self.ours(), creation), difference)
            }
            apply::Write::Patch { settings_version, difference } => {
                (TenantWrite::patch(self.ours(), &settings_version, difference.to_body()), difference)
            }
        };
        let saved = after.compare(Arc::new(self.write(call).await?), &written);
        saved.ok_or_else(|| Stop::Unavailable(self.client.malformed_settings()))
    }
}
