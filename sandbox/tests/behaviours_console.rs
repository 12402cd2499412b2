//! Attendant Console: what its search finds, whose members it shows, and which design a user sees.
use serde_json::{Value, json};

use super::support::*;

fn person(index: usize) -> String {
    format!("{index:08}-0000-4000-8000-000000000001")
}

/// A tenant with people in Entra, a service with an account, and users of Nimbus.
async fn office(api: &Api) {
    api.create(json!({})).await;
    let people = [
        ("anna@contoso.onmicrosoft.com", "Anna Alder", "en-GB"),
        ("andy@contoso.onmicrosoft.com", "Andy Birch", "de-CH"),
        ("ann@fabrikam.com", "Ann Cedar", "en-GB"),
    ];
    for (index, (upn, name, language)) in people.into_iter().enumerate() {
        let body = json!({
            "userPrincipalName": upn, "properties": {"displayName": name, "preferredLanguage": language, "mail": upn},
        });
        let path = format!("/sandbox/microsoft/tenants/{ID}/users/{}", person(index));
        api.world("PUT", path, body).await;
    }
    let service = json!({
        "displayName": "Answers", "upn": "answers@contoso.onmicrosoft.com", "members": ["anna", "bob"],
    });
    api.world("PUT", world("/services/answers"), service).await;
    for user in ["anna", "bob", "eve"] {
        let body = json!({"licenses": ["users/attendantConsole"]});
        api.world("PUT", world(&format!("/users/{user}")), body).await;
    }
    api.world("PUT", world("/users/anna/state"), json!({"state": "Available"})).await;
    api.world("PUT", world("/users/bob/state"), json!({"state": "Busy"})).await;
    // The script grants Nimbus what it needs to search.
    api.world("POST", world("/script/run"), Value::Null).await;
}

async fn search(api: &Api, user: &str, text: &str) -> Value {
    api.world("GET", world(&format!("/search?as={user}&text={text}")), Value::Null).await
}

/// Returns the names of people and services.
async fn found(api: &Api, text: &str) -> (Vec<String>, Vec<String>) {
    let result = search(api, "anna", text).await;
    let names = |kind: &str| {
        result[kind].as_array().unwrap().iter().map(|item| item["displayName"].as_str().unwrap().to_owned()).collect()
    };
    (names("contacts"), names("services"))
}

fn names(contacts: &[&str], services: &[&str]) -> (Vec<String>, Vec<String>) {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    (owned(contacts), owned(services))
}

async fn console(api: &Api, settings: Value) {
    api.patch(json!({"extensions": {"attendantConsole": settings}})).await.expect(200);
}

async fn filter(api: &Api, text: &str) {
    console(api, json!({"globalContactSearchFilter": text})).await;
}

/// "By default, this filter (textbox) is empty, allowing users to perform a search on your entire tenant."
#[tokio::test]
async fn without_a_filter_every_user_is_found() {
    let api = Api::start().await;
    office(&api).await;
    assert_eq!(names(&["Andy Birch", "Ann Cedar", "Anna Alder"], &["Answers"]), found(&api, "An").await);
    assert_eq!(names(&["Anna Alder"], &[]), found(&api, "Anna").await);
}

/// "endsWith(userPrincipalName,'onmicrosoft.com') and preferredLanguage eq 'en-GB'"
#[tokio::test]
async fn the_filter_of_the_manual_limits_the_search() {
    let api = Api::start().await;
    office(&api).await;
    filter(&api, "endsWith(userPrincipalName,'onmicrosoft.com') and preferredLanguage eq 'en-GB'").await;
    assert_eq!(names(&["Anna Alder"], &[]), found(&api, "An").await);
}

/// "The filter will be applied to all O365 accounts, including those of Nimbus Services! Overly strict filters may limit
/// the Nimbus users' capability to forward calls via search."
#[tokio::test]
async fn the_filter_applies_to_service_accounts() {
    let api = Api::start().await;
    office(&api).await;
    filter(&api, "endsWith(userPrincipalName,'contoso.onmicrosoft.com')").await;
    assert_eq!(names(&["Andy Birch", "Anna Alder"], &["Answers"]), found(&api, "An").await);
    filter(&api, "preferredLanguage eq 'de-CH'").await;
    assert_eq!(names(&["Andy Birch"], &[]), found(&api, "An").await);
}

/// "Nimbus combines both visible and backend filters with an 'AND' clause."
#[tokio::test]
async fn an_or_in_the_filter_does_not_widen_the_search() {
    let api = Api::start().await;
    office(&api).await;
    filter(&api, "preferredLanguage eq 'de-CH' or preferredLanguage eq 'fr-CH'").await;
    let result = search(&api, "anna", "Anna").await;
    assert_eq!(json!([]), result["contacts"]);
    let sent = result["filter"].as_str().unwrap();
    assert!(sent.starts_with("(preferredLanguage eq 'de-CH' or preferredLanguage eq 'fr-CH') and ("), "{sent}");
}

/// "If the filter query is broken for any reason (e.g. missing permissions, typos, syntax) the search in any Frontend may
/// not show any results at all."
#[tokio::test]
async fn an_invalid_filter_is_saved_and_finds_nothing() {
    let api = Api::start().await;
    office(&api).await;
    for broken in ["displayName eq", "contains(displayName,'A')", "aboutMe eq 'x'", "$filter=displayName eq 'x'"] {
        filter(&api, broken).await;
        assert_eq!(names(&[], &[]), found(&api, "An").await, "{broken}");
    }
    console(&api, json!({"globalContactSearchFilter": null})).await;
    let grants = format!("/sandbox/microsoft/tenants/{ID}/grants");
    let nimbus = "0b2d7a51-6a3e-4a0e-9c5e-1f5c8b6d7e01";
    api.world("PUT", grants, json!({"clientId": nimbus, "permissions": ["Presence.Read.All"]})).await;
    assert_eq!(names(&[], &[]), found(&api, "An").await, "without the permission");
}

#[tokio::test]
async fn a_user_without_the_license_finds_nothing() {
    let api = Api::start().await;
    office(&api).await;
    api.world("PUT", world("/users/anna"), json!({"licenses": []})).await;
    assert_eq!(names(&[], &[]), found(&api, "An").await);
}

/// "Do not show any members - Only limits the search to Nimbus services and their overall availability." "Shown own
/// members - will only show available team members of Nimbus services that the Attendant user themself is a part of."
/// "Show all members - will show the availability of all team members of any Nimbus service."
#[tokio::test]
async fn team_visibility_decides_whose_members_are_shown() {
    let api = Api::start().await;
    office(&api).await;
    let all = json!([{"id": "anna", "available": true}, {"id": "bob", "available": false}]);
    let own = json!([{"id": "anna", "available": true}]);
    let rows = [
        (None, json!([]), json!([])),
        (Some("HideMembers"), json!([]), json!([])),
        (Some("ShowOwnMembers"), own, json!([])),
        (Some("ShowAllMembers"), all.clone(), all),
    ];
    for (visibility, to_member, to_stranger) in rows {
        if let Some(visibility) = visibility {
            console(&api, json!({"teamVisibility": visibility})).await;
        }
        for (user, members) in [("bob", to_member), ("eve", to_stranger)] {
            let service = search(&api, user, "Answers").await["services"][0].clone();
            assert_eq!((&json!(true), &members), (&service["available"], &service["members"]), "{visibility:?} {user}");
        }
    }
}

/// "If toggled on, Nimbus users of this tenant can switch to the new Attendant Console design (AC2)." "Applies the
/// old/new Attendant Console design to all users, depending on whether "Use new Attendant Console Design" is toggled on
/// or off."
#[tokio::test]
async fn design_and_overwrite_decide_who_sees_which_design() {
    let api = Api::start().await;
    office(&api).await;
    let body = json!({"licenses": ["users/attendantConsole"], "design": "new"});
    api.world("PUT", world("/users/bob"), body).await;
    let rows = [
        (false, false, ("old", "old"), false),
        (true, false, ("old", "new"), true),
        (false, true, ("old", "old"), false),
        (true, true, ("new", "new"), false),
    ];
    for (is_new, overwrite, (of_anna, of_bob), may_switch) in rows {
        console(&api, json!({"useNewDesign": is_new, "overwriteUserSettings": overwrite})).await;
        for (user, design) in [("anna", of_anna), ("bob", of_bob)] {
            let result = search(&api, user, "x").await;
            let got = (&result["design"], &result["maySwitchDesign"]);
            assert_eq!((&json!(design), &json!(may_switch)), got, "{is_new} {overwrite} {user}");
        }
    }
}
