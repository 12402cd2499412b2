//! `kubectl nimbus plan`: what a merge would do on the platform. It goes the way of the operator's pass up to its decision, and only
//! reads.

mod decide;
mod render;
mod view;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::ensure;
use clap::{Args, ValueEnum};

use super::files::find::{Depth, find};
use super::files::objects::Objects;
use super::platform::PlatformArgs;
use super::report::Form;
use super::validate;
use decide::Planner;
use view::{Action, Color, FleetPlan};

/// Show what a merge would do on the platform: which settings change from what to what, what waits for the provisioning script, what
/// cannot be undone, and which authority it needs.
///
/// Checks the files as 'validate' does, asks the platform about each Tenant, and decides as the operator would. Reads only. Works
/// without a cluster, so what only the cluster knows is assumed: the Secrets that are not among the files are there, no Tenant was
/// deleted or suspended, and no policy was changed. Exit codes: 0 if nothing would change, 2 if something would, 1 for errors and for
/// Tenants that nothing could be written for.
#[derive(Debug, Args)]
pub struct Plan {
    /// File or folder with Tenants, and with the Partners and Secrets that they name. Repeat or separate with commas.
    #[arg(short = 'f', long = "filename", value_name = "FILE", required = true, value_delimiter = ',')]
    pub files: Vec<PathBuf>,

    /// Read folders in folders, too.
    #[arg(short = 'R', long)]
    pub recursive: bool,

    /// Namespace of the objects that do not say one.
    #[arg(short = 'n', long, default_value = "default", value_name = "NS")]
    pub namespace: String,

    /// The operator's --cluster-id. Without it, a tenant that carries the namespace and the name of its Tenant counts as managed by it.
    #[arg(long, env = "NIMBUS_CLUSTER_ID", value_name = "ID")]
    pub cluster_id: Option<String>,

    /// The platform.
    #[command(flatten)]
    pub platform: PlatformArgs,

    /// The form of the plan.
    #[arg(short = 'o', long, value_enum, default_value_t = PlanForm::Text, value_name = "FORM")]
    pub output: PlanForm,

    /// Whether the text has colors. NO_COLOR turns them off, too.
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

/// The form of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PlanForm {
    /// For people.
    Text,
    /// One object, for programs.
    Json,
    /// For the comment of a pull request.
    Markdown,
}

impl Plan {
    /// Makes and prints the plan.
    ///
    /// *Errors*: the files are not valid, or the client of the platform cannot be made.
    pub async fn execute(self) -> anyhow::Result<ExitCode> {
        let depth = if self.recursive { Depth::Tree } else { Depth::Folder };
        // The files are read twice, first to be judged.
        let from_stdin = self.files.iter().any(|file| file.as_os_str() == "-");
        ensure!(!from_stdin, "-f -: a plan needs files, not standard input");
        let report = validate::check(&self.files, depth)?;
        if report.counts().errors > 0 {
            super::print(&report.render(Form::Text)?)?;
            return Ok(ExitCode::FAILURE);
        }
        let objects = Objects::read(&find(&self.files, depth), &self.namespace)?;
        ensure!(!objects.tenants.is_empty(), "the files have no Tenant");
        let client = self.platform.client()?;
        let plan = Planner::new(&client, &objects, self.cluster_id.as_deref()).fleet().await;
        let text = match self.output {
            PlanForm::Text => render::text::render(&plan, self.color),
            PlanForm::Json => render::json::render(&plan)?,
            PlanForm::Markdown => render::markdown::render(&plan),
        };
        super::print(&text)?;
        Ok(exit_code(&plan))
    }
}

fn exit_code(plan: &FleetPlan) -> ExitCode {
    let any = |fits: fn(&Action) -> bool| plan.tenants.iter().any(|tenant| fits(&tenant.action));
    if any(Action::is_in_doubt) {
        ExitCode::FAILURE
    } else if any(Action::writes) {
        ExitCode::from(2)
    } else {
        ExitCode::SUCCESS
    }
}
