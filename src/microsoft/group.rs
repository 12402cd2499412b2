//! What kind of group may hold an administration permission set. Source: "Working with groups in Microsoft Graph".

use serde::Deserialize;

use super::error::CallError;

/// The members of a group that are asked for. Its name is not among them: it would only be one more thing to keep quiet.
pub(super) const SELECT: &str = "id,groupTypes,mailEnabled,securityEnabled";

/// A group that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What it is.
    pub kind: GroupKind,
    /// Its direct members; owners are not members.
    pub members: Members,
}

/// How many direct members a group has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Members {
    /// So many.
    Counted(u64),
    /// They could not be counted.
    NotCounted(CallError),
    /// Its kind makes the number useless.
    NotAsked,
}

/// The kinds of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// A security group.
    Security,
    /// A security group with a mailbox: usable, but its members are managed in Exchange.
    MailEnabledSecurity,
    /// A Microsoft 365 group. It may be security-enabled and is none all the same.
    Microsoft365,
    /// A distribution list, or another group that is not security-enabled.
    NotSecurity,
}

impl GroupKind {
    /// Whether it is a security group.
    pub fn is_security(self) -> bool {
        matches!(self, Self::Security | Self::MailEnabledSecurity)
    }
}

/// A group as Graph describes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct GroupBody {
    pub(super) id: String,
    #[serde(default)]
    group_types: Option<Vec<String>>,
    mail_enabled: Option<bool>,
    security_enabled: Option<bool>,
}

impl GroupBody {
    pub(super) fn kind(&self) -> GroupKind {
        let unified = self.group_types.iter().flatten().any(|kind| kind.eq_ignore_ascii_case("Unified"));
        match (unified, self.security_enabled.unwrap_or(false), self.mail_enabled.unwrap_or(false)) {
            (true, ..) => GroupKind::Microsoft365,
            (_, false, _) => GroupKind::NotSecurity,
            (_, _, false) => GroupKind::Security,
            (_, _, true) => GroupKind::MailEnabledSecurity,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn unified_is_refused_even_if_security_enabled() {
        for (types, mail, security, expected) in [
            (json!([]), json!(false), json!(true), GroupKind::Security),
            (json!(["DynamicMembership"]), json!(false), json!(true), GroupKind::Security),
            (json!([]), json!(true), json!(true), GroupKind::MailEnabledSecurity),
            (json!(["Unified"]), json!(true), json!(true), GroupKind::Microsoft365),
            (json!(["Unified"]), json!(true), json!(false), GroupKind::Microsoft365),
            (json!(["DynamicMembership", "Unified"]), json!(true), json!(true), GroupKind::Microsoft365),
            (json!([]), json!(true), json!(false), GroupKind::NotSecurity),
            (json!([]), json!(null), json!(null), GroupKind::NotSecurity),
            (json!(null), json!(null), json!(true), GroupKind::Security),
        ] {
            let body = json!({ "id": "x", "groupTypes": types, "mailEnabled": mail, "securityEnabled": security });
            let group: GroupBody = serde_json::from_value(body.clone()).unwrap();
            assert_eq!(group.kind(), expected, "{body}");
        }
    }
}
