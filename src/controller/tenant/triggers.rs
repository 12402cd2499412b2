//! Sends triggers to the platform. It acts on each once per token.

use super::writer::Writer;
use crate::admin_api::{ApiError, Effect, Token, Write};
use crate::plan::Stop;
use crate::plan::apply::Claim;
use crate::plan::triggers::{self, Waiting};
use crate::settings::Trigger;

impl Writer<'_> {
    /// Has tokens recorded as a baseline, without any action. The stamp on the tenant is not ours yet, so the request carries the
    /// one that is there.
    pub(super) async fn record(&self, claim: &Claim) -> Result<Vec<(Trigger, bool)>, Stop> {
        let theirs = self.before(claim);
        let mut recorded = vec![];
        for trigger in &claim.recorded {
            let token = Token { text: trigger.token(), effect: Effect::Record, seen: &claim.settings_version };
            let done = self.send(trigger, theirs, token).await.map_err(|error| triggers::stop(trigger, error))?;
            recorded.push((trigger.clone(), done));
        }
        Ok(recorded)
    }

    /// Fires triggers, in order, at a tenant whose settings are still of the version that was `seen`. `fired` has those that the
    /// platform took, also where another one then fails.
    pub(super) async fn fire(
        &self,
        due: Vec<Trigger>,
        seen: &str,
        fired: &mut Vec<(Trigger, bool)>,
    ) -> Result<Vec<Waiting>, Stop> {
        let mut waiting = vec![];
        for trigger in due {
            let token = Token { text: trigger.token(), effect: Effect::Act, seen };
            match self.send(&trigger, self.ours(), token).await {
                Ok(done) => fired.push((trigger, done)),
                Err(error) => waiting.push(triggers::refused(trigger, error)?),
            }
        }
        Ok(waiting)
    }

    async fn send(&self, trigger: &Trigger, write: Write<'_>, token: Token<'_>) -> Result<bool, ApiError> {
        let fired = match trigger {
            Trigger::Rotation { .. } => self.client.rotate_widget_key(write, token).await,
            Trigger::TestMessage { upn, .. } => self.client.send_test_message(write, token, upn).await,
        };
        fired.map(|fired| fired.done)
    }
}
