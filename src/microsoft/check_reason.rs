//! The reasons of checks that Microsoft answers, each with what it says of the setting.

/// What a check says of a setting. A check never blocks a save, so a failure is a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgment {
    /// It is as it should be.
    Passed,
    /// It is not.
    Failed,
    /// It could not be checked.
    Unknown,
}

macro_rules! check_reasons {
    ($($name:ident = $word:literal, $judgment:ident;)+) => {
        /// Why a check says what it says.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum CheckReason {
            $(#[doc = concat!("`", $word, "`, ", stringify!($judgment), ".")] $name,)+
        }

        impl CheckReason {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The CamelCase word in a status.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// What it says of the setting.
            pub fn judgment(self) -> Judgment {
                match self {
                    $(Self::$name => Judgment::$judgment,)+
                }
            }
        }
    };
}

check_reasons! {
    SecurityGroup = "SecurityGroup", Passed;
    MailEnabledSecurityGroup = "MailEnabledSecurityGroup", Passed;
    NotASecurityGroup = "NotASecurityGroup", Failed;
    GroupNotFound = "GroupNotFound", Failed;
    PresenceGranted = "PresenceGranted", Passed;
    PresenceNotGranted = "PresenceNotGranted", Failed;
    AppConsented = "AppConsented", Passed;
    AppNotConsented = "AppNotConsented", Failed;
    // The same to a reader, but here the log-in refused before anything could be read.
    LoginNotConsented = "AppNotConsented", Unknown;
    PresenceRead = "PresenceRead", Passed;
    PresenceUnknownToTeams = "PresenceUnknownToTeams", Passed;
    TestUserNotFound = "TestUserNotFound", Failed;
    TestUpnInvalid = "TestUpnInvalid", Failed;
    FilterMatches = "FilterMatches", Passed;
    FilterMatchesNobody = "FilterMatchesNobody", Failed;
    FilterInvalid = "FilterInvalid", Failed;
    TokenIssued = "TokenIssued", Passed;
    IdentityLeftBehind = "IdentityLeftBehind", Passed;
    InsufficientPermissions = "InsufficientPermissions", Failed;
    ConnectionStringInvalid = "ConnectionStringInvalid", Failed;
    ResourceIdMismatch = "ResourceIdMismatch", Failed;
    ClockSkew = "ClockSkew", Unknown;
    PresenceRefused = "PresenceRefused", Unknown;
    PermissionMissing = "PermissionMissing", Unknown;
    NotConfigured = "NotConfigured", Unknown;
    CredentialsNotFound = "CredentialsNotFound", Unknown;
    AuthenticationFailed = "AuthenticationFailed", Unknown;
    Unreachable = "Unreachable", Unknown;
    Throttled = "Throttled", Unknown;
    UnexpectedAnswer = "UnexpectedAnswer", Unknown;
}

impl CheckReason {
    /// Whether it says nothing at all, neither of the setting nor of what a person has to do: it passes by itself.
    pub fn says_nothing(self) -> bool {
        matches!(self, Self::Unreachable | Self::Throttled | Self::UnexpectedAnswer)
    }

    /// Whether a person can mend it by a grant, which is worth looking for soon.
    pub fn is_missing_grant(self) -> bool {
        matches!(
            self,
            Self::PresenceNotGranted
                | Self::AppNotConsented
                | Self::LoginNotConsented
                | Self::PresenceRefused
                | Self::PermissionMissing
        )
    }

    /// The reason that a stored word stands for; `None` for a word of another version.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == word)
    }

    /// Whether it may only mean that something new is not visible everywhere yet.
    pub fn may_be_lag(self) -> bool {
        matches!(self, Self::GroupNotFound | Self::TestUserNotFound | Self::PresenceNotGranted | Self::AppNotConsented)
    }
}
