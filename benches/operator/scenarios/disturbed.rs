//! The scenarios with a disturbance, and the soak.

use std::time::{Duration, Instant};

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Outcome, Stage};
use crate::environment::{OTHER_PLATFORM, Sandbox, built, platform_object};
use crate::load;

impl Stage<'_> {
    /// The Tenants of another Platform wait for it; those of the first must not.
    pub(super) async fn beside_a_hung_platform(&mut self) -> Result<Outcome> {
        let environment = &mut self.environment;
        let program = built(self.arguments.sandbox.as_ref(), "nimbus-sandbox")?;
        let hung = Sandbox::start(&program, environment.control_plane.folder(), "hung").await?;
        platform_object(&environment.control_plane, OTHER_PLATFORM, &hung.url).await?;
        let all = json!({ "faults": [{ "route": "*", "action": { "kind": "delay", "seconds": 3600 } }] });
        let first = 1_000_000;
        let waiting = first..first + 200;
        load::create(&environment.editor, waiting.clone(), OTHER_PLATFORM).await?;
        hung.ask(Method::POST, "/sandbox/faults", &all).await?;
        let sent = self.create(self.arguments.tenants.div_ceil(4)).await?;
        let outcome = self.until_ready(&sent).await?;
        Ok(Outcome { note: format!("{} Tenants of the hung Platform", waiting.len()), ..outcome })
    }

    /// Stops the API server for 20 s while Tenants are edited.
    pub(super) async fn without_api_server(&mut self) -> Result<Outcome> {
        let pid = self.environment.control_plane.pid("kube-apiserver")?;
        crate::process::signal(pid, libc::SIGSTOP)?;
        tokio::time::sleep(Duration::from_secs(20)).await;
        crate::process::signal(pid, libc::SIGCONT)?;
        let back = Instant::now();
        let outcome = self.edit(5).await?;
        let lists = self.environment.counter.requests.get("list tenants").copied().unwrap_or_default();
        let note = format!("{lists} lists of Tenants, normal {:.1} s after", back.elapsed().as_secs_f64() - 20.0);
        Ok(Outcome { note, ..outcome })
    }

    /// 1 % of the Tenants is edited each minute. The slope of the memory counts after a third of the time.
    pub(super) async fn soak(&mut self) -> Result<Outcome> {
        let length = Duration::from_secs(self.arguments.soak * 60);
        let rate = (self.tenants as f64 / 6000.0).max(0.1);
        let (started, mut samples, mut edited) = (Instant::now(), vec![], 0usize);
        let mut timer = tokio::time::interval(Duration::from_secs(1));
        while started.elapsed() < length {
            timer.tick().await;
            let seconds = started.elapsed().as_secs_f64();
            while (edited as f64) < seconds * rate {
                load::edit(&self.environment.editor, edited * 97 % self.tenants, "division").await?;
                edited += 1;
            }
            samples.push((seconds / 3600.0, self.usage()?.resident));
            self.environment.counter.poll().await?;
        }
        samples.drain(..samples.len() / 3);
        let note = format!("{edited} edits, {:+.2} MB/h", slope(&samples));
        Ok(Outcome { note, ..Outcome::at(Instant::now()) })
    }
}

/// Plants what makes a platform slow: 200 ms for each call, and 429 for each 20th.
pub(super) async fn slow_down(sandbox: &Sandbox, count: usize) -> Result<()> {
    let throttled = json!({
        "kind": "problem", "slug": "too-many-requests", "headers": { "retry-after": "1" }
    });
    let route = "* /v1/tenants/{id}";
    let mut faults: Vec<Value> =
        (1..=count / 10).map(|number| json!({ "route": route, "nth": number * 20, "action": throttled })).collect();
    faults.push(json!({ "route": route, "action": { "kind": "delay", "seconds": 0.2 } }));
    sandbox.ask(Method::POST, "/sandbox/faults", &json!({ "faults": faults })).await
}

/// The slope of the line through samples, by least squares.
fn slope(samples: &[(f64, f64)]) -> f64 {
    let count = samples.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| samples.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|sample| sample.0), mean(|sample| sample.1));
    let products = samples.iter().map(|sample| (sample.0 - x) * (sample.1 - y)).sum::<f64>();
    products / samples.iter().map(|sample| (sample.0 - x).powi(2)).sum::<f64>()
}
