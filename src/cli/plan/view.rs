//! A plan as people and programs see it: values are shown as a status shows them.

use clap::ValueEnum;

use crate::plan::{Change, Difference, retention};
use crate::settings::leaf::Script;
use crate::settings::{Authority, Leaf, Tab};

/// When a text has colors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What would happen to a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Nothing.
    Nothing,
    /// It is created.
    Create,
    /// It was deleted, and is created again.
    Recreate,
    /// It is taken over, and changed where it differs.
    Adopt,
    /// Settings change.
    Change,
    /// Settings differ, and are left as they are.
    Report,
    /// Something is in the way.
    Blocked,
    /// The platform did not say.
    Unknown,
}

impl Action {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Create => "create",
            Self::Recreate => "recreate",
            Self::Adopt => "adopt",
            Self::Change => "change",
            Self::Report => "report",
            Self::Blocked => "blocked",
            Self::Unknown => "unknown",
        }
    }

    /// Whether something is written to the platform.
    pub fn writes(&self) -> bool {
        match self {
            Self::Create | Self::Recreate | Self::Adopt | Self::Change => true,
            Self::Nothing | Self::Report | Self::Blocked | Self::Unknown => false,
        }
    }

    /// Whether it is not known that the merge does what it says.
    pub fn is_in_doubt(&self) -> bool {
        match self {
            Self::Blocked | Self::Unknown => true,
            Self::Nothing | Self::Create | Self::Recreate | Self::Adopt | Self::Change | Self::Report => false,
        }
    }
}

/// Why a setting that differs is not written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// It is written.
    Written,
    /// The credentials of the operator may not write it.
    Restricted,
    /// It would shorten the retention time, and is drift.
    Held,
    /// It names what was deleted on the platform.
    Dead,
}

impl Left {
    /// The words for it, where it is not written.
    pub fn words(self) -> Option<&'static str> {
        match self {
            Self::Written => None,
            Self::Restricted => Some("left as it is: the operator's credentials may not write it"),
            Self::Held => Some("left as it is: drift is never corrected by a shorter retention time"),
            Self::Dead => Some("left as it is: it names what was deleted on the platform"),
        }
    }
}

/// One setting that differs.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The setting.
    pub leaf: &'static Leaf,
    /// The value on the platform, as a status shows it.
    pub from: String,
    /// The value of the spec, in the same way.
    pub to: String,
    /// Whether the change waits for the provisioning script.
    pub waits_for_script: bool,
    /// Whether it cannot be undone.
    pub is_irreversible: bool,
    /// Why it is not written.
    pub left: Left,
}

/// What would happen to the tenant of one Tenant.
#[derive(Clone, Debug)]
pub struct TenantPlan {
    /// Namespace of the Tenant.
    pub namespace: String,
    /// Name of the Tenant.
    pub name: String,
    /// The tenant.
    pub tenant_id: String,
    /// What happens.
    pub action: Action,
    /// The settings that differ, in the order of the UI.
    pub rows: Vec<Row>,
    /// Settings that are not compared, because their section is off.
    pub hidden: Vec<&'static Leaf>,
    /// What is in the way, each as a sentence after its reason.
    pub obstacles: Vec<(String, String)>,
    /// What else is to be known.
    pub notes: Vec<String>,
}

/// What would happen to all.
#[derive(Clone, Debug, Default)]
pub struct FleetPlan {
    /// In the order of the files.
    pub tenants: Vec<TenantPlan>,
}

impl FleetPlan {
    /// How many Tenants have this action.
    pub fn count(&self, action: Action) -> usize {
        self.tenants.iter().filter(|tenant| tenant.action == action).count()
    }
}

impl TenantPlan {
    /// The rows of each tab that has any, in the order of the UI.
    pub fn tabs(&self) -> Vec<(Tab, Vec<&Row>)> {
        let mut tabs: Vec<(Tab, Vec<&Row>)> = vec![];
        for row in &self.rows {
            let Some(tab) = row.leaf.tab() else { continue };
            match tabs.iter_mut().find(|(other, _)| *other == tab) {
                Some((_, rows)) => rows.push(row),
                None => tabs.push((tab, vec![row])),
            }
        }
        tabs
    }

    /// The highest authority that a change needs.
    pub fn authority(&self) -> Option<Authority> {
        self.rows.iter().filter(|row| row.left == Left::Written).map(|row| row.leaf.authority).max()
    }

    /// Whether a change waits for the provisioning script.
    pub fn waits_for_script(&self) -> bool {
        self.rows.iter().any(|row| row.left == Left::Written && row.waits_for_script)
    }
}

/// The rows of a difference, in the order of the UI.
pub fn rows(difference: &Difference) -> Vec<Row> {
    let Difference { changes: _, sealed: _, restricted, held, dead, hidden: _, sealed_now: _, proved_partner: _ } =
        difference;
    let dead = dead.iter().map(|dead| (&dead.change, Left::Dead));
    let left = restricted
        .iter()
        .map(|change| (change, Left::Restricted))
        .chain(held.iter().map(|change| (change, Left::Held)));
    let open = difference.open();
    let all = open.iter().map(|change| (change, Left::Written)).chain(left).chain(dead);
    let mut rows: Vec<Row> = all.map(|(change, left)| row(change, left)).collect();
    let order: Vec<&str> = crate::settings::leaves().map(|leaf| leaf.path).collect();
    rows.sort_by_key(|row| order.iter().position(|path| *path == row.leaf.path));
    rows
}

fn row(change: &Change, left: Left) -> Row {
    let Change { leaf, wanted, found } = change;
    let is_on = |value: &Option<serde_json::Value>| value.as_ref().and_then(serde_json::Value::as_bool) == Some(true);
    let waits_for_script = match leaf.script {
        Script::No => false,
        Script::SwitchedOn => is_on(wanted) && !is_on(found),
        Script::Changed => true,
    };
    Row {
        leaf,
        from: leaf.render(found.as_ref()),
        to: leaf.render(wanted.as_ref()),
        waits_for_script,
        is_irreversible: retention::shortens(change),
        left,
    }
}
