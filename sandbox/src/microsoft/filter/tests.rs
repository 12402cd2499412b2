#![allow(clippy::unwrap_used)]

use serde_json::json;

use super::*;

fn anna() -> Value {
    json!({
        "displayName": "Anna O'Neil", "givenName": "Anna", "mail": "anna@contoso.com", "jobTitle": null,
        "userPrincipalName": "anna@contoso.onmicrosoft.com", "preferredLanguage": "en-GB", "accountEnabled": true,
        "department": "Sales", "otherMails": ["a@fabrikam.com", "b@fabrikam.com"],
        "assignedLicenses": [{"skuId": "c7df2760-2c81-4ef7-b578-5b5392b571df"}],
        "onPremisesExtensionAttributes": {"extensionAttribute1": "x"},
    })
}

#[test]
fn filters_pass_the_users_they_describe() {
    let rows = [
        ("displayName eq 'Anna O''Neil'", true),
        ("displayName eq 'anna o''neil'", true),
        ("department eq 'Sales' and givenName eq 'Bob'", false),
        ("department eq 'Sales' and givenName eq 'Bob' or mail eq 'anna@contoso.com'", true),
        ("department eq 'Help' and (givenName eq 'Bob' or mail eq 'anna@contoso.com')", false),
        ("startsWith(displayName,'an')", true),
        ("startswith(displayName, 'on')", false),
        ("endsWith(mail,'CONTOSO.COM')", true),
        ("not startsWith(displayName,'an')", false),
        ("not (department eq 'Help')", true),
        ("department in ('Help', 'Sales')", true),
        ("department in ('Help')", false),
        ("department ne 'Help'", true),
        ("givenName ge 'A' and givenName le 'B'", true),
        ("jobTitle eq null", true),
        ("jobTitle ne null", false),
        ("accountEnabled eq true", true),
        ("otherMails/any(mail:startsWith(mail,'b@'))", true),
        ("otherMails/any(mail:mail eq 'c@fabrikam.com')", false),
        ("assignedLicenses/any(l:l/skuId eq c7df2760-2c81-4ef7-b578-5b5392b571df)", true),
        ("onPremisesExtensionAttributes/extensionAttribute1 eq 'x'", true),
        ("endsWith(userPrincipalName,'onmicrosoft.com') and preferredLanguage eq 'en-GB'", true),
    ];
    for (text, expected) in rows {
        assert_eq!(Ok(expected), Filter::parse(text).map(|filter| filter.passes(&anna())), "{text}");
    }
}

#[test]
fn advanced_query_capabilities_are_asked_for_as_in_the_table() {
    let rows = [
        ("displayName eq 'x'", false),
        ("startsWith(mail,'x')", false),
        ("userPrincipalName le 'x'", false),
        ("displayName ne 'x'", true),
        ("not (displayName eq 'x')", true),
        ("jobTitle eq null", true),
        ("endsWith(mail,'x')", true),
        ("preferredLanguage eq 'en-GB'", true),
        ("accountEnabled eq false", false),
        ("accountEnabled ne false", true),
        ("employeeId eq '1'", false),
        ("employeeId le '1'", true),
        ("displayName eq 'x' or city eq 'y'", false),
        ("displayName eq 'x' or companyName eq 'y'", true),
        ("businessPhones/any(p:p eq '1')", false),
        ("not businessPhones/any(p:p eq '1')", true),
    ];
    for (text, expected) in rows {
        assert_eq!(Ok(expected), Filter::parse(text).map(|filter| filter.advanced), "{text}");
    }
}

#[test]
fn broken_filters_are_told_apart() {
    let deep = format!("{}displayName eq 'x'{}", "(".repeat(65), ")".repeat(65));
    let many = vec!["city eq 'x'"; 16].join(" or ");
    let rows = [
        ("", FilterError::Syntax),
        ("displayName", FilterError::Syntax),
        ("displayName eq", FilterError::Syntax),
        ("displayName eq 'x", FilterError::Syntax),
        ("displayName = 'x'", FilterError::Syntax),
        ("displayName eq 'x' and", FilterError::Syntax),
        ("(displayName eq 'x'", FilterError::Syntax),
        ("displayName eq 'x')", FilterError::Syntax),
        ("contains(displayName,'x')", FilterError::Syntax),
        ("displayName gt 'x'", FilterError::Syntax),
        ("startsWith(displayName)", FilterError::Syntax),
        ("displayName in ()", FilterError::Syntax),
        ("displayName eq 'x' AND city eq 'y'", FilterError::Syntax),
        ("$filter=displayName eq 'x'", FilterError::Syntax),
        (&deep, FilterError::Syntax),
        ("aboutMe eq 'x'", FilterError::Unsupported),
        ("displayName ge 'x'", FilterError::Unsupported),
        ("endsWith(displayName,'x')", FilterError::Unsupported),
        ("startsWith(jobTitle,'x')", FilterError::Unsupported),
        ("city le 'x'", FilterError::Unsupported),
        ("mail eq null", FilterError::Unsupported),
        ("employeeId in ('1')", FilterError::Unsupported),
        ("otherMails eq 'x'", FilterError::Unsupported),
        ("displayName/any(n:n eq 'x')", FilterError::Unsupported),
        ("otherMails/any(m:city eq 'x')", FilterError::Unsupported),
        (&many, FilterError::Unsupported),
    ];
    for (text, expected) in rows {
        assert_eq!(Err(expected), Filter::parse(text), "{text}");
    }
}
