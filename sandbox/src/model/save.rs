//! The one place that writes a tenant.
//!
//! Versions follow from content: `settingsVersion` moves exactly when the settings differ, and `lastWriter` with it;
//! `runtimeVersion` moves exactly when anything else of the document does. Both are the mark of the change in the feed, so that
//! neither a re-created tenant nor a restored database ever reuses one.
use serde_json::{Value, json};

use super::changes::record_change;
use super::parts::{services, users};
use super::problem::Failure;
use super::rows::{INTERACT_ENABLED, PARTNER};
use super::runtime::{Holdings, WidgetKey, runtime};
use super::store::Work;
use super::table::changed_pointers;
use super::tasks;
use super::tenant::{Seen, Tenant};

impl Tenant {
    /// Stores the tenant and moves the versions of what changed.
    pub(crate) async fn save(&mut self, work: &mut Work) -> Result<(), Failure> {
        if self.settings.pointer(INTERACT_ENABLED) == Some(&json!(true)) && self.state.widget_key.is_none() {
            self.state.widget_key = Some(WidgetKey::generate());
        }
        let (services, users) = (services(work, &self.id).await?, users(work, &self.id).await?);
        self.runtime = runtime(&Holdings {
            id: &self.id,
            settings: &self.settings,
            state: &self.state,
            services: &services,
            users: &users,
        });
        self.move_versions(work).await?;
        tasks::resume(work, self).await?;
        work.trace.settings_version_after = Some(self.settings_version.clone());
        let sql = "INSERT OR REPLACE INTO tenants VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
        sqlx::query(sql)
            .bind(&self.id)
            .bind(self.partner())
            .bind(self.settings.to_string())
            .bind(&self.settings_version)
            .bind(self.runtime.to_string())
            .bind(&self.runtime_version)
            .bind(&self.owner)
            .bind(&self.last_owner)
            .bind(&self.last_writer)
            .bind(serde_json::to_string(&self.state)?)
            .execute(&mut *work.tx)
            .await?;
        Ok(())
    }

    async fn move_versions(&mut self, work: &mut Work) -> Result<(), Failure> {
        let now = self.to_be_seen();
        if self.seen.as_ref() == Some(&now) {
            return Ok(());
        }
        let was = self.seen.replace(now);
        let partner_before = was.as_ref().and_then(|was| was.settings.pointer(PARTNER)?.as_str());
        if partner_before.is_some() && partner_before != self.partner() {
            // The partner that loses the tenant gets an entry, too.
            record_change(work, &self.id, partner_before).await?;
        }
        let mark = record_change(work, &self.id, self.partner()).await?;
        let settings_before = was.as_ref().map(|was| &was.settings);
        if settings_before != Some(&self.settings) {
            let before = settings_before.unwrap_or(&Value::Null);
            work.trace.changed_pointers = changed_pointers(before, &self.settings);
            self.settings_version.clone_from(&mark);
            self.last_writer.clone_from(&self.writer);
        }
        let same_beside_settings =
            |was: &Seen| (&was.runtime, &was.owner, &was.last_owner) == (&self.runtime, &self.owner, &self.last_owner);
        if !was.as_ref().is_some_and(same_beside_settings) {
            self.runtime_version = mark;
        }
        Ok(())
    }
}
