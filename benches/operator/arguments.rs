//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Measures the operator.
#[derive(Parser)]
#[command(name = "bench")]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    /// Passed by cargo.
    #[arg(long, global = true, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
pub enum Command {
    /// Run the scenarios and print one table.
    Run(RunArguments),
    /// Measure what a create costs the API server, by part.
    Cost(CostArguments),
    /// Run the stock operator until it is killed.
    #[command(hide = true)]
    Peer(WorkArguments),
    /// Make the requests that one scenario cannot do without, and print what they took.
    #[command(hide = true)]
    Oracle(OracleArguments),
}

#[derive(Args)]
pub struct RunArguments {
    /// Number of Tenants.
    #[arg(short = 'n', long, default_value_t = 1000)]
    pub tenants: usize,
    /// What to measure.
    #[arg(long, value_delimiter = ',', default_value = "operator,oracle,peer")]
    pub subjects: Vec<Kind>,
    /// The scenarios. They run in the order of `--help`, since each goes on where the one before ended.
    #[arg(long, value_delimiter = ',', default_value = "s2a,s1,s2b,s4,s4s,s5,s6")]
    pub scenarios: Vec<Scenario>,
    /// Rounds; each has a fresh control plane for each subject, and the table shows the median.
    #[arg(long, default_value_t = 1)]
    pub rounds: usize,
    /// Concurrency of each subject.
    #[arg(long, default_value_t = 32)]
    pub concurrency: u16,
    /// Minutes of the soak.
    #[arg(long, default_value_t = 30)]
    pub soak: u64,
    /// The operator to measure, e.g. one of another commit. Default: the one that cargo built beside this program.
    #[arg(long, value_name = "FILE")]
    pub operator: Option<PathBuf>,
    /// The reference platform. Default: the one that cargo built beside this program.
    #[arg(long, value_name = "FILE")]
    pub sandbox: Option<PathBuf>,
    /// Run without admission policies.
    #[arg(long)]
    pub without_policies: bool,
}

#[derive(Args)]
pub struct CostArguments {
    /// Number of creates for each part.
    #[arg(short = 'n', long, default_value_t = 300)]
    pub tenants: usize,
    /// Rounds; the table shows the least of each.
    #[arg(long, default_value_t = 5)]
    pub rounds: usize,
    /// Other policies to measure as well, as `nimbus-operator policies` prints them.
    #[arg(long, value_name = "FILE")]
    pub policies: Option<PathBuf>,
    /// The CRD of Tenants to measure instead of that of this version.
    #[arg(long, value_name = "FILE")]
    pub crd: Option<PathBuf>,
    /// The reference platform. Default: the one that cargo built beside this program.
    #[arg(long, value_name = "FILE")]
    pub sandbox: Option<PathBuf>,
}

/// What a subject of ours is started with.
#[derive(Args, Clone)]
pub struct WorkArguments {
    /// URL of the platform.
    #[arg(long)]
    pub platform: String,
    /// Namespace of the Tenants.
    #[arg(long)]
    pub namespace: String,
    /// Requests at the same time.
    #[arg(long)]
    pub concurrency: u16,
}

#[derive(Args)]
pub struct OracleArguments {
    #[command(flatten)]
    pub work: WorkArguments,
    /// The scenario.
    #[arg(long)]
    pub scenario: Scenario,
}

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    Operator,
    Oracle,
    Peer,
}

/// What happens. The identifiers are those of `docs/performance.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Scenario {
    /// N new Tenants, the operator started after them.
    S2a,
    /// Restart with N Tenants in sync.
    S1,
    /// N/4 more created while it runs.
    S2b,
    /// Edits of one field, 5 a second, while nothing else happens.
    S4,
    /// The same while a restarted operator sweeps all Tenants.
    S4s,
    /// One setting changed on the platform in 1 % of the tenants, found after a restart.
    S5,
    /// The same in all tenants.
    S5all,
    /// N/4 created with a platform that answers after 200 ms and refuses each 20th call.
    S7,
    /// N/4 created while another Platform does not answer.
    S7h,
    /// The API server stands still for 20 s during edits.
    S8,
    /// A minute at rest, with a drift check each minute.
    S3,
    /// 1 % edits a minute: the slope of the memory.
    S9,
    /// All deleted.
    S6,
}
