//! `run`: the scenarios one after the other, for each subject on a fresh control plane, in rounds.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::arguments::RunArguments;
use crate::environment::{Environment, built};
use crate::report::Report;
use crate::scenarios::Stage;
use crate::subject::Subject;

/// Runs everything and prints the table.
pub async fn run(arguments: &RunArguments) -> Result<()> {
    let operator = built(arguments.operator.as_ref(), "nimbus-operator")?;
    let sandbox = built(arguments.sandbox.as_ref(), "nimbus-sandbox")?;
    let mut report = Report::new(arguments, &operator);
    let mut scenarios = arguments.scenarios.clone();
    scenarios.sort_unstable();
    for round in 1..=arguments.rounds {
        for kind in &arguments.subjects {
            eprintln!("round {round}: {kind:?} with {} Tenants", arguments.tenants);
            let environment = Environment::start(&sandbox, !arguments.without_policies).await?;
            let subject = Subject::new(*kind, &operator, arguments);
            let mut stage = Stage::new(environment, &subject, arguments);
            for scenario in &scenarios {
                let row = stage.run(*scenario).await.with_context(|| format!("{kind:?} {scenario:?}"))?;
                eprintln!("{}", row.line());
                report.add(row);
                report.store()?;
            }
            stage.end().await?;
            // The last requests of one must not count as those of the next.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
    println!("{}", report.table());
    println!("raw figures: {}", report.store()?.display());
    Ok(())
}
