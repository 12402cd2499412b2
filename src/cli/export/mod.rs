//! `kubectl nimbus export`: what is on a platform, as files for git. It is `observe` backwards, and only reads.

mod layout;
mod names;
mod objects;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use futures::{StreamExt, TryStreamExt};

use super::platform::PlatformArgs;
use crate::admin_api::{ApiError, Client, Lookup};
use crate::plan::Snapshot;
use crate::settings::TenantId;
use layout::Existing;
use objects::{Exported, Scope};

/// How many tenants are asked for at a time.
const AT_A_TIME: usize = 8;

/// Write the tenants of a platform as files for git: a Tenant for each, and the Partners that they name.
///
/// Reads only. A setting that has the platform's default is left out, so that it is not managed. Values of Secrets are never told by a
/// platform: TODO.md lists which ones to supply. A plan of what was exported is empty.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["all", "ids", "unmanaged"]))]
pub struct Export {
    /// All tenants that the credentials reach.
    #[arg(long)]
    pub all: bool,

    /// The tenant with this Entra tenant ID; repeat or separate with commas.
    #[arg(long = "id", value_name = "ID", value_delimiter = ',', value_parser = tenant_id)]
    pub ids: Vec<TenantId>,

    /// The tenants that no operator manages.
    #[arg(long)]
    pub unmanaged: bool,

    /// Only print the IDs of the tenants, one a line, and who manages each.
    #[arg(long)]
    pub list: bool,

    /// Folder to write to. It must be missing or empty, unless --overwrite is given.
    #[arg(long, value_name = "DIR", required_unless_present = "list")]
    pub output_dir: Option<PathBuf>,

    /// Replace files in the folder. Others stay.
    #[arg(long)]
    pub overwrite: bool,

    /// How the files are arranged.
    #[arg(long, value_enum, default_value_t = Layout::Flat, value_name = "LAYOUT")]
    pub layout: Layout,

    /// Name of the Platform that the Tenants refer to.
    #[arg(long, value_name = "NAME", required_unless_present = "list")]
    pub platform: Option<String>,

    /// Namespace of the Tenants. Default: none is written, and the program that applies them decides.
    #[arg(short = 'n', long, value_name = "NS")]
    pub namespace: Option<String>,

    /// Write every setting that has a value, also where it is the default, and those of a section that is off.
    #[arg(long)]
    pub full: bool,

    /// The platform.
    #[command(flatten)]
    pub admin_api: PlatformArgs,
}

/// A tenant of the list.
struct Listed {
    id: String,
    /// The stamp, if any; `None` where the list does not speak of it.
    owner: Option<Option<String>>,
}

/// How exported files are arranged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Layout {
    /// A file for each object, in the folders tenants and partners.
    Flat,
    /// The same with a kustomization.yaml.
    Kustomize,
}

impl Export {
    /// Reads the tenants and writes the files.
    ///
    /// *Errors*: the platform does not answer for every tenant, or a file cannot be written. Then no file was written.
    pub async fn execute(self) -> anyhow::Result<ExitCode> {
        let client = self.admin_api.client()?;
        let items = self.items(&client).await?;
        if self.list {
            super::print(&items.iter().map(line).collect::<String>())?;
            return Ok(ExitCode::SUCCESS);
        }
        let (Some(folder), Some(platform)) = (&self.output_dir, &self.platform) else { return Ok(ExitCode::FAILURE) };
        ensure!(!items.is_empty(), "the platform has no such tenant");
        let snapshots = futures::stream::iter(&items).map(|item| snapshot(&client, item)).buffered(AT_A_TIME);
        let snapshots: Vec<Snapshot> = snapshots.try_collect().await?;
        let scope = if self.full { Scope::Everything } else { Scope::Changed };
        let exported = Exported::of(&snapshots, platform, self.namespace.as_deref(), scope)?;
        let files = layout::files(&exported, self.layout);
        let existing = if self.overwrite { Existing::Replaced } else { Existing::Refused };
        layout::write(folder, &files, existing)?;
        let (tenants, partners, todo) = (exported.tenants.len(), exported.partners.len(), exported.todo.len());
        super::print(&format!(
            "wrote {tenants} Tenants and {partners} Partners to {}; {todo} things to do: TODO.md\n",
            folder.display()
        ))?;
        Ok(ExitCode::SUCCESS)
    }

    /// What is to be exported, in the order of the IDs.
    async fn items(&self, client: &Client) -> anyhow::Result<Vec<Listed>> {
        if !self.ids.is_empty() {
            let ids: BTreeSet<String> = self.ids.iter().map(ToString::to_string).collect();
            return Ok(ids.into_iter().map(|id| Listed { id, owner: None }).collect());
        }
        let (mut items, mut cursor) = (vec![], None);
        loop {
            let page = client.tenants(cursor.as_deref()).await.map_err(said).context("listing the tenants")?;
            items.extend(page.items.into_iter().map(|item| Listed { id: item.id, owner: item.owner }));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        items.retain(|item| !self.unmanaged || item.owner == Some(None));
        items.sort_by(|left, right| left.id.cmp(&right.id));
        Ok(items)
    }
}

async fn snapshot(client: &Client, item: &Listed) -> anyhow::Result<Snapshot> {
    let id = TenantId::parse(&item.id).with_context(|| format!("{} is no tenant ID", item.id))?;
    let found = client.tenant(id).await.map_err(said).with_context(|| format!("reading tenant {id}"))?;
    match found {
        Lookup::Found(document) => Snapshot::read(document.into())
            .with_context(|| format!("tenant {id} has settings that do not match the API")),
        Lookup::Absent => anyhow::bail!("the platform has no tenant {id}"),
        Lookup::Tombstone { .. } => anyhow::bail!("tenant {id} was deleted"),
    }
}

fn said(error: ApiError) -> anyhow::Error {
    anyhow::anyhow!("{error}")
}

fn line(item: &Listed) -> String {
    let owner = match &item.owner {
        Some(Some(stamp)) => stamp.as_str(),
        Some(None) => "-",
        None => "?",
    };
    format!("{}\t{owner}\n", item.id)
}

fn tenant_id(text: &str) -> anyhow::Result<TenantId> {
    TenantId::parse(text).context("must be a GUID such as '6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c'")
}
