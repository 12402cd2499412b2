//! Application permissions of Microsoft Graph, by the ids that they have in every tenant.

/// The app that Nimbus uses to call Microsoft.
pub(crate) const NIMBUS_APP: &str = "0b2d7a51-6a3e-4a0e-9c5e-1f5c8b6d7e01";
pub(super) const INTERACT_APP: &str = "0b2d7a51-6a3e-4a0e-9c5e-1f5c8b6d7e02";
/// Microsoft Graph itself, an app that exists in every tenant.
pub(super) const GRAPH_APP: &str = "00000003-0000-0000-c000-000000000000";

/// Name and app role id.
pub(crate) const PERMISSIONS: [(&str, &str); 8] = [
    ("Presence.Read.All", "a70e0c2d-e793-494c-94c4-118fa0a67f42"),
    ("User.Read.All", "df021288-bdef-4463-88db-98f22de89214"),
    ("User.ReadBasic.All", "97235f07-e226-4f63-ace3-39588e11d3a1"),
    ("Group.Read.All", "5b567255-7703-4780-807c-7be8301ae99b"),
    ("GroupMember.Read.All", "98830695-27a2-44f7-8c18-0c3ebc9698f6"),
    ("Application.Read.All", "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30"),
    ("Directory.Read.All", "7ab1d382-f21e-4acd-a863-ba3e13f7da61"),
    ("User.Invite.All", "09850681-111b-4a89-9bed-3f2cae46d706"),
];

/// What each run of the provisioning script grants to the Nimbus app: users, groups, presence, and reading the grants.
pub(super) const OF_THE_SCRIPT: [&str; 4] =
    ["User.Read.All", "Group.Read.All", "Application.Read.All", "Presence.Read.All"];
/// What it grants to the Interact app, while Interact is on.
pub(super) const OF_INTERACT: [&str; 1] = ["User.Read.All"];

/// Returns the permissions of Graph that an app is registered with, which consent grants.
pub(super) fn registered(app: &str) -> &'static [&'static str] {
    match app {
        NIMBUS_APP => &OF_THE_SCRIPT,
        INTERACT_APP => &OF_INTERACT,
        _ => &[],
    }
}

/// Returns the app role id of a permission; an id is returned unchanged, because there are more permissions than these.
pub(super) fn role_id(permission: &str) -> Option<String> {
    let known = PERMISSIONS.iter().find(|(name, _)| *name == permission).map(|(_, id)| (*id).to_owned());
    known.or_else(|| crate::model::format::guid(permission))
}
