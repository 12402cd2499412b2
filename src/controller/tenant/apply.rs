//! The steps of a pass over a Tenant that stays, from the look at its tenant to what is written.

use std::sync::Arc;

use super::connection::Connection;
use super::execute::{Executed, Executor};
use super::look::{self, Need};
use super::observe::observe;
use super::pass::{Pass, step};
use super::resolve::References;
use crate::controller::context::Context;
use crate::controller::options::Step;
use crate::plan::{ApplyPlan, Desired, Observation, Outcome, Stop, Stopped, apply};

/// observe → plan → execute for a Tenant that stays.
pub(super) async fn apply(
    pass: &mut Pass,
    context: &Context,
    desired: &Arc<Desired>,
    connection: &Connection,
    references: &References,
) -> Result<Outcome, Stopped> {
    step(context, pass, Step::Observe);
    let need = look::need(pass, context, desired, connection, references).await?;
    if let Need::Nothing = need {
        return Ok(Outcome::Unchanged);
    }
    let observed = observe(&context.cluster, connection, &pass.tenant, desired, need).await?;
    pass.observation = Some(observed.tenant.clone());
    step(context, pass, Step::Plan);
    let plan = apply::plan(&pass.tenant, desired, observed, &pass.rewrites)?;
    execute(pass, context, plan, connection, references).await
}

/// Carries out a plan, and notes how far it came.
async fn execute(
    pass: &mut Pass,
    context: &Context,
    plan: ApplyPlan,
    connection: &Connection,
    references: &References,
) -> Result<Outcome, Stopped> {
    step(context, pass, Step::Execute);
    let executor = Executor {
        cluster: &context.cluster,
        in_use: &context.in_use,
        client: connection.client().map_err(Stop::unavailable)?,
        references,
        tenant: &pass.tenant,
        clock: &context.options.clock,
        last_look: context.options.timing.last_look,
    };
    let Executed { tenant, outcome, progress, fired } = executor.execute(plan).await;
    pass.tenant = tenant;
    pass.fired.extend(fired);
    pass.observation = Observation::after(pass.observation.take(), progress);
    Ok(outcome?)
}
