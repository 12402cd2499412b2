//! What happens in each scenario: what is prepared, what is measured, and when it is over.

mod disturbed;

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::json;

use crate::arguments::{Kind, RunArguments, Scenario};
use crate::counts;
use crate::environment::{Environment, Mark, NAME};
use crate::load::{self, Sent};
use crate::process::Usage;
use crate::report::Row;
use crate::subject::{Running, Subject};

/// Longer than anything that is worth the wait.
const DEADLINE: Duration = Duration::from_secs(20 * 60);
/// Without a request for so long, nothing happens any more.
const PAUSE: Duration = Duration::from_millis(1500);
/// Edits of one scenario.
const EDITS: usize = 100;

/// One subject in its environment.
pub struct Stage<'a> {
    pub environment: Environment,
    pub subject: &'a Subject,
    pub arguments: &'a RunArguments,
    running: Option<Running>,
    /// How many Tenants there are.
    tenants: usize,
}

/// What a scenario came to.
struct Outcome {
    /// When its work was done.
    done: Instant,
    /// Milliseconds of each change.
    latencies: Vec<f64>,
    /// What it used, where it has ended.
    own: Option<Usage>,
    note: String,
}

impl Outcome {
    fn at(done: Instant) -> Self {
        Self { done, latencies: vec![], own: None, note: String::new() }
    }
}

/// What was used before.
struct Before {
    mark: Mark,
    usage: Usage,
}

impl<'a> Stage<'a> {
    pub fn new(environment: Environment, subject: &'a Subject, arguments: &'a RunArguments) -> Self {
        Self { environment, subject, arguments, running: None, tenants: 0 }
    }

    /// Prepares a scenario, runs it, and returns what it took.
    pub async fn run(&mut self, scenario: Scenario) -> Result<Row> {
        let objects = self.prepare(scenario).await?;
        self.environment.counter.active = Instant::now();
        self.environment.counter.quiet(PAUSE, DEADLINE).await?;
        self.environment.counter.reset().await?;
        let usage = self.running.as_ref().map_or(Ok(Usage::default()), Running::usage)?;
        let before = Before { mark: self.environment.mark()?, usage };
        let outcome = match self.subject.kind {
            Kind::Oracle => self.oracle(scenario).await?,
            Kind::Operator | Kind::Peer => self.act(scenario).await?,
        };
        self.row(scenario, objects, &before, outcome).await
    }

    /// Stops the subject, to be dropped with its environment.
    pub async fn end(mut self) -> Result<()> {
        self.stop().await
    }

    /// What has to be there before the measurement. Returns how many objects it is about.
    async fn prepare(&mut self, scenario: Scenario) -> Result<usize> {
        let (all, quarter) = (self.arguments.tenants, self.arguments.tenants.div_ceil(4));
        match scenario {
            Scenario::S2a => {
                self.stop().await?;
                self.create(all).await?;
                return Ok(all);
            }
            Scenario::S1 | Scenario::S4s => self.stop().await?,
            Scenario::S5 | Scenario::S5all => {
                self.stop().await?;
                let step = if scenario == Scenario::S5 { 100 } else { 1 };
                let drifted = (0..self.tenants).step_by(step);
                load::drift(&self.environment.sandbox, drifted.clone()).await?;
                return Ok(drifted.count());
            }
            Scenario::S7 => {
                self.start()?;
                disturbed::slow_down(&self.environment.sandbox, quarter).await?;
                return Ok(quarter);
            }
            Scenario::S3 => {
                self.start()?;
                let interval = json!({ "spec": { "syncIntervalSeconds": 60 } });
                load::patch_all(&self.environment.editor, self.tenants, &interval).await?;
            }
            Scenario::S2b | Scenario::S7h => {
                self.start()?;
                return Ok(quarter);
            }
            Scenario::S4 | Scenario::S8 | Scenario::S9 | Scenario::S6 => self.start()?,
        }
        Ok(match scenario {
            Scenario::S4 | Scenario::S4s | Scenario::S8 => EDITS,
            _ => self.tenants,
        })
    }

    /// What is measured of a subject that runs.
    async fn act(&mut self, scenario: Scenario) -> Result<Outcome> {
        match scenario {
            Scenario::S2a => {
                self.start()?;
                let done = self.environment.watched.until_ready(self.tenants, DEADLINE).await?;
                Ok(Outcome::at(done))
            }
            Scenario::S1 | Scenario::S5 | Scenario::S5all => {
                self.start()?;
                self.settled().await
            }
            Scenario::S2b | Scenario::S7 => {
                let sent = self.create(self.arguments.tenants.div_ceil(4)).await?;
                let outcome = self.until_ready(&sent).await?;
                self.environment.sandbox.ask(Method::DELETE, "/sandbox/faults", &json!({})).await?;
                Ok(outcome)
            }
            Scenario::S4 => self.edit(5).await,
            Scenario::S4s => {
                self.start()?;
                self.called().await?;
                self.edit(50).await
            }
            Scenario::S7h => self.beside_a_hung_platform().await,
            Scenario::S8 => self.without_api_server().await,
            Scenario::S3 => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                Ok(Outcome::at(Instant::now()))
            }
            Scenario::S9 => self.soak().await,
            Scenario::S6 => {
                load::delete_all(&self.environment.editor, self.tenants).await?;
                self.tenants = 0;
                let done = self.environment.watched.until_gone(DEADLINE).await?;
                Ok(Outcome::at(done))
            }
        }
    }

    /// What is measured of the oracle, which is started for each scenario.
    async fn oracle(&mut self, scenario: Scenario) -> Result<Outcome> {
        if matches!(scenario, Scenario::S2b | Scenario::S7 | Scenario::S7h) {
            self.create(self.arguments.tenants.div_ceil(4)).await?;
        }
        if scenario == Scenario::S6 {
            load::delete_all(&self.environment.editor, self.tenants).await?;
            self.tenants = 0;
        }
        let answer = self.subject.foretell(&self.environment, scenario).await?;
        let done = Instant::now();
        self.environment.sandbox.ask(Method::DELETE, "/sandbox/faults", &json!({})).await?;
        let own = Some(Usage { cpu: answer.cpu, resident: answer.peak, peak: answer.peak });
        Ok(Outcome { latencies: answer.latencies, own, ..Outcome::at(done) })
    }

    async fn row(&mut self, scenario: Scenario, objects: usize, before: &Before, outcome: Outcome) -> Result<Row> {
        let counter = &mut self.environment.counter;
        counter.quiet(PAUSE, DEADLINE).await?;
        let servers = self.environment.since(&before.mark)?;
        let after = outcome.own.map_or_else(|| self.usage(), Ok)?;
        let counter = &self.environment.counter;
        Ok(Row {
            subject: format!("{:?}", self.subject.kind).to_lowercase(),
            scenario: format!("{scenario:?}"),
            tenants: self.arguments.tenants,
            objects,
            seconds: outcome.done.saturating_duration_since(before.mark.at).as_secs_f64(),
            writes: counts::writes(&counter.requests),
            other_writes: counts::other_writes(&counter.requests),
            reads: counts::reads(&counter.requests),
            calls: counts::calls(&counter.calls),
            cpu: after.cpu - before.usage.cpu,
            api_cpu: servers.api,
            etcd_cpu: servers.etcd,
            resident: after.resident,
            peak: after.peak,
            latencies: outcome.latencies,
            requests: counter.requests.clone(),
            platform: counter.calls.clone(),
            note: outcome.note,
        })
    }

    fn usage(&self) -> Result<Usage> {
        self.running.as_ref().context("the subject does not run")?.usage()
    }

    /// Starts the subject, unless it runs. The oracle is started for each scenario.
    fn start(&mut self) -> Result<()> {
        if self.running.is_none() && self.subject.kind != Kind::Oracle {
            self.running = Some(self.subject.start(&self.environment)?);
        }
        Ok(())
    }

    async fn stop(&mut self) -> Result<()> {
        match self.running.take() {
            Some(running) => running.stop().await,
            None => Ok(()),
        }
    }

    async fn create(&mut self, count: usize) -> Result<Vec<Sent>> {
        let numbers = self.tenants..self.tenants + count;
        self.tenants += count;
        load::create(&self.environment.editor, numbers, NAME).await
    }

    async fn until_ready(&self, sent: &[Sent]) -> Result<Outcome> {
        let latencies = self.environment.watched.latencies(sent, DEADLINE).await?;
        Ok(Outcome { latencies, ..Outcome::at(Instant::now()) })
    }

    /// Waits until nothing is requested any more.
    async fn settled(&mut self) -> Result<Outcome> {
        self.called().await?;
        let done = self.environment.counter.quiet(PAUSE, DEADLINE).await?;
        Ok(Outcome::at(done))
    }

    /// Waits for the first call of the platform after a start.
    async fn called(&mut self) -> Result<()> {
        let started = Instant::now();
        while counts::calls(&self.environment.counter.calls) < 2 {
            ensure!(started.elapsed() < Duration::from_secs(60), "the platform is not called");
            tokio::time::sleep(Duration::from_millis(20)).await;
            self.environment.counter.poll().await?;
        }
        Ok(())
    }

    async fn edit(&self, rate: u32) -> Result<Outcome> {
        let sent = load::edit_at(&self.environment.editor, rate, self.tenants, |sent| sent >= EDITS).await?;
        self.until_ready(&sent).await
    }
}
