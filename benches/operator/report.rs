//! The table and the raw figures.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::Serialize;

use crate::arguments::RunArguments;
use crate::counts::Counts;
use crate::process;
use crate::support::assets;

/// What one scenario took.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub subject: String,
    pub scenario: String,
    pub tenants: usize,
    pub objects: usize,
    pub seconds: f64,
    pub writes: u64,
    pub other_writes: u64,
    pub reads: u64,
    pub calls: u64,
    pub cpu: f64,
    pub api_cpu: f64,
    pub etcd_cpu: f64,
    pub resident: f64,
    pub peak: f64,
    pub latencies: Vec<f64>,
    pub requests: Counts,
    pub platform: Counts,
    pub note: String,
}

impl Row {
    /// The row as one line, while the benchmark runs.
    pub fn line(&self) -> String {
        format!(
            "  {} {}: {} objects, {:.2} s, {} writes, {} calls, cpu {:.2} s, API server {:.2} s, {:.0} MB {}",
            self.subject,
            self.scenario,
            self.objects,
            self.seconds,
            self.writes,
            self.calls,
            self.cpu,
            self.api_cpu,
            self.resident,
            self.note
        )
    }

    /// A percentile of the latencies, by nearest rank.
    fn percentile(&self, share: f64) -> Option<f64> {
        let mut sorted = self.latencies.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (share * sorted.len() as f64).ceil() as usize;
        sorted.get(rank.saturating_sub(1)).copied()
    }
}

/// All rows of a run, and where they were measured.
#[derive(Serialize)]
pub struct Report {
    started: String,
    operator: String,
    version: String,
    arguments: String,
    cores: usize,
    load: Vec<String>,
    /// Ticks that the hypervisor took.
    steal: u64,
    rows: Vec<Row>,
}

impl Report {
    pub fn new(arguments: &RunArguments, operator: &Path) -> Self {
        let (steal, load) = process::noise();
        let version = std::process::Command::new(operator).arg("--version").output();
        let version = version.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
        Self {
            started: Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string(),
            operator: operator.display().to_string(),
            version: version.unwrap_or_default(),
            arguments: format!(
                "n={} rounds={} concurrency={}",
                arguments.tenants, arguments.rounds, arguments.concurrency
            ),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            load: vec![load],
            steal,
            rows: vec![],
        }
    }

    pub fn add(&mut self, row: Row) {
        self.load.push(process::noise().1);
        self.rows.push(row);
    }

    /// Writes the raw figures, and returns where.
    pub fn store(&mut self) -> Result<PathBuf> {
        // Beside the folder with the data of running programs.
        let folder = assets::scratch()?.with_file_name("bench");
        std::fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{}.json", self.started));
        std::fs::write(&path, serde_json::to_vec_pretty(self)?).with_context(|| path.display().to_string())?;
        Ok(path)
    }

    /// The table: a row for each scenario and subject, the median of the rounds by time.
    pub fn table(&self) -> String {
        let stolen = process::noise().0.saturating_sub(self.steal);
        let mut text = format!(
            "{} {}, {} cores, load {} to {}, {stolen} ticks stolen\n\n",
            self.version,
            self.arguments,
            self.cores,
            self.load.first().map_or("", String::as_str),
            self.load.last().map_or("", String::as_str),
        );
        text += "| scenario | subject | objects | s | of oracle | writes | other | reads | calls | CPU s | ms/object | API s | ms/object | etcd s | RSS MB | peak | p50 ms | p99 ms | max ms | |\n";
        text += "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";
        let mut keys: Vec<(&str, &str)> = vec![];
        for row in &self.rows {
            let key = (row.scenario.as_str(), row.subject.as_str());
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
        let order = |scenario: &str| self.rows.iter().position(|row| row.scenario == scenario);
        keys.sort_by_key(|(scenario, _)| order(scenario));
        for (scenario, subject) in keys {
            if let Some(row) = self.median(subject, scenario) {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{}", self.cells(row));
            }
        }
        text
    }

    fn median(&self, subject: &str, scenario: &str) -> Option<&Row> {
        let mut rows: Vec<&Row> =
            self.rows.iter().filter(|row| row.subject == subject && row.scenario == scenario).collect();
        rows.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        rows.get(rows.len().saturating_sub(1) / 2).copied()
    }

    fn cells(&self, row: &Row) -> String {
        let oracle = self.median("oracle", &row.scenario).filter(|_| row.subject != "oracle" && row.seconds > 0.0);
        let share = oracle.map_or(String::new(), |oracle| format!("{:.0} %", 100.0 * oracle.seconds / row.seconds));
        let each = |seconds: f64| format!("{:.2}", 1000.0 * seconds / row.objects.max(1) as f64);
        let ms = |share| row.percentile(share).map_or(String::new(), |ms| format!("{ms:.0}"));
        let cells = [
            row.scenario.clone(),
            row.subject.clone(),
            row.objects.to_string(),
            format!("{:.2}", row.seconds),
            share,
            row.writes.to_string(),
            row.other_writes.to_string(),
            row.reads.to_string(),
            row.calls.to_string(),
            format!("{:.2}", row.cpu),
            each(row.cpu),
            format!("{:.2}", row.api_cpu),
            each(row.api_cpu),
            format!("{:.2}", row.etcd_cpu),
            format!("{:.0}", row.resident),
            format!("{:.0}", row.peak),
            ms(0.5),
            ms(0.99),
            ms(1.0),
            row.note.clone(),
        ];
        format!("| {} |", cells.join(" | "))
    }
}
