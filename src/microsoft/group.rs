//! What kind of group may hold an administration permission set. Source: "Working with groups in Microsoft Graph".

use serde::Deserialize;

use super::error::CallError;

/// The members of a group that are asked for. Its name is not among them: it would only be one more thing to keep quiet.
pub(super) const SELECT: &str = "id,groupTypes,mailEnabled,securityEnabled";

/// A group that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What it is.
    pub kind: Kind,
    /// How many direct members it has; owners are none. `None` where the kind makes it of no use.
    pub members: Option<Result<u64, CallError>>,
}

/// The kinds of groups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A security group.
    Security,
    /// A security group with a mailbox: usable, but its members are managed in Exchange.
    MailEnabledSecurity,
    /// A Microsoft 365 group. It may be security-enabled and is none all the same.
    Microsoft365,
    /// A distribution list, or whatever else is not security-enabled.
    NotSecurity,
}

impl Kind {
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
    group_types: Vec<String>,
    mail_enabled: Option<bool>,
    security_enabled: Option<bool>,
}

impl GroupBody {
    pub(super) fn kind(&self) -> Kind {
        let unified = self.group_types.iter().any(|kind| kind.eq_ignore_ascii_case("Unified"));
        match (unified, self.security_enabled.unwrap_or(false), self.mail_enabled.unwrap_or(false)) {
            (true, ..) => Kind::Microsoft365,
            (_, false, _) => Kind::NotSecurity,
            (_, _, false) => Kind::Security,
            (_, _, true) => Kind::MailEnabledSecurity,
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
            (json!([]), json!(false), json!(true), Kind::Security),
            (json!(["DynamicMembership"]), json!(false), json!(true), Kind::Security),
            (json!([]), json!(true), json!(true), Kind::MailEnabledSecurity),
            (json!(["Unified"]), json!(true), json!(true), Kind::Microsoft365),
            (json!(["Unified"]), json!(true), json!(false), Kind::Microsoft365),
            (json!(["DynamicMembership", "Unified"]), json!(true), json!(true), Kind::Microsoft365),
            (json!([]), json!(true), json!(false), Kind::NotSecurity),
            (json!([]), json!(null), json!(null), Kind::NotSecurity),
        ] {
            let body = json!({ "id": "x", "groupTypes": types, "mailEnabled": mail, "securityEnabled": security });
            let group: GroupBody = serde_json::from_value(body.clone()).unwrap();
            assert_eq!(group.kind(), expected, "{body}");
        }
    }
}
