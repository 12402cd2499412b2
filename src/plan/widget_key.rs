//! Whether and where the widget key is published.
//!
//! The key is read from the platform only when there is something to write: no Secret, another version of the key, or a Secret
//! that is not as it was left. What was edited in it is undone.

use secrecy::SecretString;
use serde_json::{Value, json};

use super::observation::{Observation, Owner, Snapshot};
use super::validate::Desired;
use super::visibility::visible;
use super::widget_secret::{Obstacle, OwnSecret, Undone, WidgetSecret};
use crate::admin_api::types::WidgetKeyState;
use crate::resources::SecretVersion;
use crate::resources::status::WidgetKeyStatus;
use crate::settings::Version;
use crate::settings::tabs::interact::WIDGET_SECRET;

/// What became of the widget key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Publication {
    /// The spec does not ask for it.
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
        version: Version,
    },
    /// It could not be written.
    Refused {
        /// Name of the Secret.
        secret: String,
        /// Why.
        obstacle: Obstacle,
    },
}

/// What to do about the Secret once the triggers were fired.
#[derive(Clone, Debug)]
pub enum Publish {
    /// Nothing: this is what became of it.
    Settled(Publication),
    /// Read the key from the platform and write it where it differs.
    Write(KeyTarget),
    /// The same if a rotation of this plan made a new key; otherwise nothing.
    AfterRotation {
        /// What became of it without a new key.
        otherwise: Publication,
        /// Where a new key goes.
        target: KeyTarget,
    },
}

/// Where the key goes.
#[derive(Clone, Debug)]
pub struct KeyTarget {
    /// Name of the Secret.
    pub name: String,
    /// The Secret, if it is there.
    existing: Option<OwnSecret>,
}

/// How the key gets into the Secret.
#[derive(Clone, Debug)]
pub enum KeyEdit<'e> {
    /// It is there already.
    Keep(&'e OwnSecret),
    /// The Secret has to be created.
    Create,
    /// The Secret has to be changed.
    Change(&'e OwnSecret),
    /// It cannot be written.
    Refuse(Obstacle),
}

impl KeyTarget {
    /// How this key gets into the Secret.
    pub fn edit(&self, key: &SecretString) -> KeyEdit<'_> {
        let Some(secret) = &self.existing else { return KeyEdit::Create };
        if let Some(obstacle) = secret.obstacle(Some(key)) {
            return KeyEdit::Refuse(obstacle.clone());
        }
        match secret.holds(key) {
            true if secret.is_owned() => KeyEdit::Keep(secret),
            false if secret.is_immutable() => KeyEdit::Refuse(Obstacle::Immutable),
            true | false => KeyEdit::Change(secret),
        }
    }

    /// The same for a key that is not made yet. `present` is the one that it replaces.
    ///
    /// *Errors*: why a new key cannot get there.
    pub fn for_new_key(self, present: Option<&SecretString>) -> Result<Self, Obstacle> {
        let Some(secret) = self.existing else { return Ok(self) };
        if let Some(obstacle) = secret.obstacle(present) {
            return Err(obstacle.clone());
        }
        if secret.is_immutable() {
            return Err(Obstacle::Immutable);
        }
        Ok(Self { existing: Some(secret.recognized()), ..self })
    }

    /// The Secret, if it is there.
    pub fn existing(&self) -> Option<&OwnSecret> {
        self.existing.as_ref()
    }
}

impl Publish {
    /// Where a key goes, if it may be written.
    pub fn target(&self) -> Option<&KeyTarget> {
        match self {
            Self::Settled(_) => None,
            Self::Write(target) | Self::AfterRotation { target, otherwise: _ } => Some(target),
        }
    }

    /// The same with this target.
    pub(super) fn to(self, target: KeyTarget) -> Self {
        match self {
            Self::Settled(publication) => Self::Settled(publication),
            Self::Write(_) => Self::Write(target),
            Self::AfterRotation { otherwise, target: _ } => Self::AfterRotation { otherwise, target },
        }
    }
}

/// The Secret that has to be observed, if it may matter: that is where the section is shown, as far as is known before a save.
pub fn to_observe<'d>(desired: &'d Desired, tenant: &Observation) -> Option<&'d str> {
    let name = desired.widget_secret.as_deref()?;
    let shown = |settings: &Value| visible(WIDGET_SECRET, &desired.settings, settings).then_some(name);
    match tenant {
        Observation::Exists { owner: Owner::Other(_), .. } | Observation::Unknown(_) => None,
        Observation::Exists { snapshot, owner: Owner::Ours | Owner::OursLast | Owner::Free } => {
            shown(&snapshot.settings)
        }
        Observation::Absent { .. } | Observation::Tombstone { .. } => shown(&json!({})),
    }
}

/// Decides about the Secret on the tenant as it was saved. `published` is what was last published.
pub(super) fn publish(
    desired: &Desired,
    saved: &Snapshot,
    found: Option<&WidgetSecret>,
    published: Option<&WidgetKeyStatus>,
) -> Publish {
    let Some(name) = desired.widget_secret.clone() else { return Publish::Settled(Publication::NotWanted) };
    let shown = |desired| visible(WIDGET_SECRET, desired, &saved.settings);
    let (true, true, Some(found)) = (shown(&desired.settings), shown(&json!({})), found) else {
        return Publish::Settled(Publication::Hidden);
    };
    let state = &saved.document.runtime.widget_key;
    let existing = match found {
        WidgetSecret::Unusable(obstacle) => {
            return Publish::Settled(Publication::Refused { secret: name, obstacle: obstacle.clone() });
        }
        WidgetSecret::Missing => None,
        WidgetSecret::Ours(secret) | WidgetSecret::Restored(secret) => Some(secret.clone()),
    };
    // Without a present key nothing can prove that a restored Secret is ours.
    let unproved = existing.as_ref().filter(|_| !state.set).and_then(|secret| secret.obstacle(None));
    if let Some(obstacle) = unproved {
        return Publish::Settled(Publication::Refused { secret: name, obstacle: obstacle.clone() });
    }
    let as_left = existing.as_ref().filter(|secret| is_as_left(&name, secret, published, state));
    let otherwise = match as_left {
        _ if !state.set => Some(Publication::NoKey),
        Some(secret) => {
            let secret_version = secret.version();
            Some(Publication::Published { secret: name.clone(), secret_version, version: state.version.clone() })
        }
        None => None,
    };
    let target = KeyTarget { name, existing };
    match otherwise {
        Some(otherwise) => Publish::AfterRotation { otherwise, target },
        None => Publish::Write(target),
    }
}

/// Whether a Secret is as it was left, with the present key.
fn is_as_left(name: &str, secret: &OwnSecret, published: Option<&WidgetKeyStatus>, state: &WidgetKeyState) -> bool {
    published.is_some_and(|published| {
        published.secret_name.as_deref() == Some(name)
            && published.secret_version.as_deref() == Some(secret.version().as_str())
            && published.version.as_ref() == Some(&state.version)
    })
}

impl Publication {
    /// What a tab says of it, if anything.
    pub fn words(&self, namespace: &str, undone: Undone) -> Option<String> {
        match self {
            Self::NotWanted | Self::Hidden | Self::Published { .. } => None,
            Self::NoKey => Some("The platform has no widget key yet; a rotation creates one".to_owned()),
            Self::Refused { secret, obstacle } => Some(obstacle.words(namespace, secret, undone)),
        }
    }
}
