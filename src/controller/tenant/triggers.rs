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
            let done =
                self.send(trigger, theirs, Effect::Record).await.map_err(|error| triggers::stop(trigger, error))?;
            recorded.push((trigger.clone(), done));
        }
        Ok(recorded)
    }

    /// Fires triggers, in order. `fired` has those that the platform took, also where another one then fails.
    pub(super) async fn fire(&self, due: Vec<Trigger>, fired: &mut Vec<(Trigger, bool)>) -> Result<Vec<Waiting>, Stop> {
        let mut waiting = vec![];
        for trigger in due {
            match self.send(&trigger, self.ours(), Effect::Act).await {
                Ok(done) => fired.push((trigger, done)),
                Err(error) => waiting.push(triggers::refused(trigger, error)?),
            }
        }
        Ok(waiting)
    }

    async fn send(&self, trigger: &Trigger, write: Write<'_>, effect: Effect) -> Result<bool, ApiError> {
        let token = Token { text: trigger.token(), effect };
        let fired = match trigger {
            Trigger::Rotation { .. } => self.client.rotate_widget_key(write, token).await,
            Trigger::TestMessage { upn, .. } => self.client.send_test_message(write, token, upn).await,
        };
        fired.map(|fired| fired.done)
    }
}
