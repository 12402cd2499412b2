//! Behaviour 8. The Graph filter is tried; a failure is a warning and never blocks a save.

use serde_json::{Value, json};

use crate::support::fixture::Fixture;
use crate::support::microsoft::{GRANTS, object};

const FILTER: &str = "GlobalContactSearchFilter";
/// The example of the manual.
const EXAMPLE: &str = "endsWith(userPrincipalName,'onmicrosoft.com') and preferredLanguage eq 'en-GB'";

async fn fixture(name: &str) -> Fixture {
    let mut fixture = Fixture::new(name).await;
    fixture.microsoft().await;
    fixture.platform.grant(&fixture.id, &GRANTS).await;
    for (number, upn, language) in [(1, "anna@contoso.onmicrosoft.com", "en-GB"), (2, "beat@contoso.com", "de-CH")] {
        let properties = json!({ "displayName": upn, "preferredLanguage": language });
        let body = json!({ "userPrincipalName": upn, "properties": properties });
        fixture.platform.user(&fixture.id, &object(number), body).await;
    }
    fixture
}

fn with_filter(filter: &str) -> Value {
    json!({ "extensions": { "attendantConsole": { "globalContactSearchFilter": filter } } })
}

async fn saved(fixture: &Fixture) -> Value {
    let (_, document) = fixture.platform.tenant(&fixture.id).await.unwrap();
    document["settings"]["extensions"]["attendantConsole"]["globalContactSearchFilter"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn example_filter_matches_as_an_advanced_query() {
    let fixture = fixture("b08-example").await;
    let _operator = fixture.start();
    let mark = fixture.platform.microsoft_mark().await;
    fixture.create(with_filter(EXAMPLE)).await;
    let message = fixture.check(FILTER, "Passed", "FilterMatches").await;
    assert!(message.contains("hides the accounts of Nimbus services"), "{message}");
    assert_eq!(["GET /graph/v1.0/users"], *fixture.platform.asked(mark).await);
}

/// "If the filter query is broken for any reason (e.g. missing permissions, typos, syntax) the search in any Frontend may not
/// show any results at all."
#[tokio::test(flavor = "multi_thread")]
async fn broken_filter_is_saved_with_a_warning() {
    let fixture = fixture("b08-broken").await;
    let _operator = fixture.start();
    fixture.create(json!({})).await;
    for (filter, result, reason, word) in [
        ("city eq 'Bern", "Failed", "FilterInvalid", "does not end"),
        ("(city eq 'Bern'", "Failed", "FilterInvalid", "parentheses that do not pair"),
        ("$filter=city eq 'Bern'", "Failed", "FilterInvalid", "not a request URL"),
        ("city is 'Bern'", "Failed", "FilterInvalid", "wrong syntax"),
        ("nickname eq 'x'", "Failed", "FilterInvalid", "cannot be filtered by"),
        ("city eq 'Nowhere'", "Failed", "FilterMatchesNobody", "matches no user"),
    ] {
        fixture.patch(json!({ "spec": with_filter(filter) })).await;
        fixture.ready().await;
        let tenant = fixture
            .until(filter, |tenant| {
                crate::support::microsoft::check(tenant, FILTER).is_some_and(|check| {
                    check.result.as_str() == result && check.message.as_deref().is_some_and(|said| said.contains(word))
                })
            })
            .await;
        let found = crate::support::microsoft::check(&tenant, FILTER).unwrap();
        assert_eq!(Some(reason), found.reason.as_deref(), "{filter}");
        let message = found.message.as_deref().unwrap();
        assert!(message.contains("the search of the Attendant Console will be empty"), "{filter}: {message}");
        assert_eq!(json!(filter), saved(&fixture).await, "it never blocks the save");
        fixture.condition("ChecksPassed", "False", "CheckFailed").await;
    }
    fixture.patch(json!({ "spec": with_filter("") })).await;
    let gone = |tenant: &_| crate::support::microsoft::check(tenant, FILTER).is_none();
    fixture.until("an empty filter restricts nothing and is not checked", gone).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_permission_is_unknown_with_a_warning() {
    let fixture = fixture("b08-permission").await;
    fixture.platform.grant(&fixture.id, &["Application.Read.All"]).await;
    let _operator = fixture.start();
    fixture.create(with_filter(EXAMPLE)).await;
    let message = fixture.check(FILTER, "Unknown", "PermissionMissing").await;
    assert!(message.contains("the search of the Attendant Console will be empty"), "{message}");
    fixture.ready().await;
    assert_eq!(json!(EXAMPLE), saved(&fixture).await);
}
