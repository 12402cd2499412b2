//! The lanes of the queue: why an object is due, the most urgent first.

/// Why an object is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Lane {
    /// A person, or a commit, changed it.
    Edit,
    /// It is being deleted.
    Deletion,
    /// It was never applied.
    Create,
    /// Something that it depends on changed, or the platform was found to differ.
    Drift,
    /// Its interval ended.
    Resync,
}

/// How many lanes there are.
pub(super) const LANES: usize = Lane::ALL.len();

impl Lane {
    /// All of them, the most urgent first.
    pub(crate) const ALL: [Self; 5] = [Self::Edit, Self::Deletion, Self::Create, Self::Drift, Self::Resync];

    /// The word of the metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Edit => "edit",
            Self::Deletion => "deletion",
            Self::Create => "create",
            Self::Drift => "drift",
            Self::Resync => "resync",
        }
    }

    /// How many passes of more urgent lanes may begin, one after the other, while this one waits. It is the minimum share of the lane.
    pub(super) const fn patience(self) -> u32 {
        match self {
            // No lane is more urgent.
            Self::Edit => u32::MAX,
            Self::Deletion => 4,
            Self::Create => 8,
            Self::Drift | Self::Resync => 16,
        }
    }

    /// Whether nothing was asked for: the object is looked at again. Such passes leave room for what is asked for.
    pub(super) const fn is_background(self) -> bool {
        match self {
            Self::Edit | Self::Deletion | Self::Create => false,
            Self::Drift | Self::Resync => true,
        }
    }

    /// Whether it may use one pass more than the limit of a Platform, so that no edit waits for a tenant that the platform cannot
    /// serve.
    pub(super) const fn has_spare(self) -> bool {
        match self {
            Self::Edit | Self::Deletion => true,
            Self::Create | Self::Drift | Self::Resync => false,
        }
    }

    pub(super) const fn index(self) -> usize {
        self as usize
    }
}
