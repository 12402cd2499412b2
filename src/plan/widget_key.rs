//! Where the widget key goes: into a Secret that the operator makes for the Tenant and that belongs to it. A Secret that is
//! anything else is never touched, whatever it holds.
//!
//! The key is read from the platform only when there is something to write: no Secret, another version of the key, or a Secret
//! that is not as it was left. What was edited in it is undone.

use serde_json::json;

use super::disposition::Mode;
use super::validate::Desired;
use super::visibility::visible;
use crate::admin_api::types::WidgetKeyState;
use crate::resources::status::WidgetKeyStatus;
use crate::resources::{Reason, SecretVersion};
use crate::settings::tabs::interact::WIDGET_SECRET;

/// Where the key stands in the Secret.
pub const DATA_KEY: &str = "widget-key";

/// What stands under the name of the Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// The Secret that was made for this Tenant.
    Ours {
        /// Its state.
        version: SecretVersion,
    },
    /// It cannot be used.
    Not(Obstacle),
}

/// Why the key is not published.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The Secret was not made for this Tenant.
    Foreign,
    /// The Secret belongs to a Tenant of this name that is gone; garbage collection removes it.
    Predecessor,
    /// The operator may not read, make or change it.
    Forbidden,
    /// The Secret is ours and immutable.
    Immutable,
    /// The platform did not give the key. What was done in the pass is done all the same, and is told.
    Unread,
}

/// What became of the widget key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Publication {
    /// Nobody asked for it.
    #[default]
    NotWanted,
    /// Its section is off.
    Hidden,
    /// The platform has no key yet.
    NoKey,
    /// The Secret holds it.
    Published {
        /// Name of the Secret.
        secret: String,
        /// Its state.
        secret_version: SecretVersion,
        /// The platform's version of the key.
        version: i64,
    },
    /// It could not be written.
    Refused {
        /// Name of the Secret.
        secret: String,
        /// Why.
        obstacle: Obstacle,
    },
}

/// What to do about the Secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing more: this is what became of it.
    Done(Publication),
    /// Read the key from the platform and write it where it differs.
    Write,
}

/// The name of the Secret, if the key is to be published.
///
/// *Errors*: what became of it instead.
pub fn wanted<'d>(desired: &'d Desired, settings: &serde_json::Value) -> Result<&'d str, Publication> {
    let Some(name) = &desired.widget_secret else { return Err(Publication::NotWanted) };
    let shown = |desired| visible(WIDGET_SECRET, desired, settings);
    if shown(&desired.settings) && shown(&json!({})) { Ok(name) } else { Err(Publication::Hidden) }
}

/// Decides about the Secret `name`. `record` is what was last published; `rotated` says that the version is outdated.
pub fn step(
    name: &str,
    found: &Found,
    record: Option<&WidgetKeyStatus>,
    state: &WidgetKeyState,
    rotated: bool,
) -> Step {
    let secret = name.to_owned();
    match found {
        Found::Not(obstacle) => Step::Done(Publication::Refused { secret, obstacle: *obstacle }),
        Found::Nothing | Found::Ours { .. } if !state.set && !rotated => Step::Done(Publication::NoKey),
        Found::Nothing => Step::Write,
        Found::Ours { version } => {
            let as_left = record.is_some_and(|record| {
                record.secret_name.as_deref() == Some(name)
                    && record.secret_version.as_deref() == Some(version.as_str())
                    && record.version == Some(state.version)
            });
            if as_left && !rotated {
                let secret_version = version.clone();
                Step::Done(Publication::Published { secret, secret_version, version: state.version })
            } else {
                Step::Write
            }
        }
    }
}

impl Publication {
    /// What a tab says of it, if anything.
    pub fn words(&self) -> Option<String> {
        match self {
            Self::NotWanted | Self::Hidden | Self::Published { .. } => None,
            Self::NoKey => Some("the platform has no widget key yet: a rotation makes one".to_owned()),
            Self::Refused { secret, obstacle } => Some(obstacle.words(secret)),
        }
    }
}

impl Obstacle {
    /// The reason of Ready, and who has to act.
    pub fn reason(self) -> (Reason, Mode) {
        match self {
            Self::Foreign | Self::Immutable => (Reason::SecretNotOwned, Mode::Stalled),
            Self::Predecessor => (Reason::SecretNotOwned, Mode::Reconciling),
            Self::Forbidden => (Reason::SecretForbidden, Mode::Reconciling),
            Self::Unread => (Reason::PlatformUnavailable, Mode::Reconciling),
        }
    }

    /// For people.
    pub fn words(self, secret: &str) -> String {
        let why = match self {
            Self::Foreign => "was not made for this Tenant, so it is not touched",
            Self::Predecessor => "belongs to a Tenant that is gone, and is not touched until it is removed",
            Self::Forbidden => "may not be read, made or changed by the operator",
            Self::Immutable => "is immutable",
            Self::Unread => "waits for the platform, which did not give the key",
        };
        format!("{WIDGET_SECRET}: Secret '{secret}' {why}; the widget key is not published")
    }
}
