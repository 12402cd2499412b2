//! The steps of a pass over a Tenant that stays, from the look at its tenant to what is written.

use std::sync::Arc;

use super::connection::Connection;
use super::execute::{Executed, Executor};
use super::look::{self, Need};
use super::observe::{assume_absent, observe};
use super::pass::{Pass, step};
use super::resolve::References;
use crate::admin_api::ApiError;
use crate::controller::context::Context;
use crate::controller::options::Step;
use crate::plan::{ApplyPlan, Desired, Observation, Outcome, Stop, Stopped, apply, first_pass};

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
    let mut rejected = None;
    let is_unseen = matches!(need, Need::Look) && pass.observation.is_none();
    if is_unseen && first_pass::may_create_unseen(&pass.tenant) {
        match create_unseen(pass, context, desired, connection, references).await? {
            Created::Ended(outcome) => return *outcome,
            Created::Not(because) => rejected = because,
        }
    }
    let observed = observe(&context.cluster, connection, &pass.tenant, desired, need).await?;
    pass.observation = Some(observed.tenant.clone());
    if let (Some(stopped), Observation::Absent { .. }) = (rejected, &observed.tenant) {
        return Err(stopped);
    }
    step(context, pass, Step::Plan);
    let plan = apply::plan(&pass.tenant, desired, observed, &pass.rewrites)?;
    execute(pass, context, plan, connection, references).await
}

/// What an attempt to create a tenant without a look comes to.
enum Created {
    /// The pass is over.
    Ended(Box<Result<Outcome, Stopped>>),
    /// Nothing: what is there has to be looked at. If that is nothing, this is in the way.
    Not(Option<Stopped>),
}

/// Creates a tenant that was never seen. Where the platform does not do that, it says so, and the pass looks.
async fn create_unseen(
    pass: &mut Pass,
    context: &Context,
    desired: &Arc<Desired>,
    connection: &Connection,
    references: &References,
) -> Result<Created, Stopped> {
    let seen = pass.tenant.clone();
    let assumed = assume_absent(&context.cluster, connection, &seen, desired).await?;
    let plan = assumed.and_then(|absent| apply::plan(&seen, desired, absent, &pass.rewrites).ok());
    let Some(plan) = plan else { return Ok(Created::Not(None)) };
    Ok(match execute(pass, context, plan, connection, references).await {
        Err(Stopped { stop: Stop::Raced(_), .. }) if pass.is_of(&seen) => Created::Not(None),
        Err(Stopped { stop: Stop::Unavailable(ApiError::Forbidden), .. }) => Created::Not(None),
        Err(rejected @ Stopped { stop: Stop::Rejected(_), .. }) => Created::Not(Some(rejected)),
        outcome => Created::Ended(Box::new(outcome)),
    })
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
