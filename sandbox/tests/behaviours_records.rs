//! User states: recorded, purged, shown under pseudonyms and asterisks.
use serde_json::{Value, json};

use super::support::*;

const DAY: i64 = 86_400;

fn privacy(settings: Value) -> Value {
    json!({"dataPrivacy": settings})
}

async fn state(api: &Api, user: &str, state: &str) {
    api.world("PUT", world(&format!("/users/{user}/state")), json!({"state": state})).await;
}

async fn wait(api: &Api, seconds: i64) {
    api.world("POST", "/sandbox/clock".into(), json!({"advanceSeconds": seconds})).await;
    // Tokens of the admin API have expired.
    api.forget_tokens();
}

async fn records(api: &Api) -> Vec<Value> {
    let records = api.world("GET", world("/records"), Value::Null).await;
    records["items"].as_array().unwrap().clone()
}

/// Returns the state and whether it has ended.
async fn states(api: &Api) -> Vec<(Value, bool)> {
    records(api).await.iter().map(|record| (record["state"].clone(), !record["endedAt"].is_null())).collect()
}

async fn view(api: &Api, role: &str) -> Value {
    api.world("GET", world(&format!("/view?as={role}")), Value::Null).await
}

/// "With this feature active, User States are tracked and added as part of the Nimbus Reporting Model"
/// "When disabled, existing User Presence State reports will be closed and no further entries are generated. Already
/// existing data is not affected."
#[tokio::test]
async fn states_are_recorded_while_the_feature_is_on() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let persist = async |on: bool| {
        api.patch(privacy(json!({"persistUserStatesInReporting": on}))).await.expect(200);
    };
    state(&api, "anna", "Available").await;
    assert_eq!(Vec::<Value>::new(), records(&api).await);
    persist(true).await;
    state(&api, "anna", "Busy").await;
    state(&api, "anna", "Away").await;
    state(&api, "bob", "Busy").await;
    let expected = |open: bool| vec![(json!("Busy"), true), (json!("Away"), !open), (json!("Busy"), !open)];
    assert_eq!(expected(true), states(&api).await);
    persist(false).await;
    state(&api, "anna", "Available").await;
    assert_eq!(expected(false), states(&api).await);
    persist(true).await;
    assert_eq!(expected(false), states(&api).await);
}

/// "You require a "User Supervisor" Reporting Role to query these extended user details."
#[tokio::test]
async fn only_a_user_supervisor_reads_user_states() {
    let api = Api::start().await;
    api.create(json!({})).await;
    let read = |role: &str| Ask::new("GET", world(&format!("/records?as={role}")));
    api.send(read("user-supervisor")).await.expect(200);
    api.send(read("tenant-administrator")).await.refused(403, "not-permitted");
    api.send(read("nobody")).await.refused(400, "malformed-request");
}

/// "The time after which historical data is purged." "The purge is completed within 24 hours after the data retention
/// time has expired."
#[tokio::test]
async fn data_is_purged_a_day_after_its_retention() {
    let api = Api::start().await;
    api.create(privacy(json!({"persistUserStatesInReporting": true, "dataRetentionMonths": 12}))).await;
    api.world("PUT", world("/services/help"), json!({"displayName": "Help"})).await;
    api.world("POST", world("/calls"), json!({"service": "help", "customer": "+41791234567"})).await;
    state(&api, "anna", "Busy").await;
    state(&api, "anna", "Away").await;
    let left = async || (states(&api).await, view(&api, "tenant").await["calls"].as_array().unwrap().len());
    let (all, open) = (vec![(json!("Busy"), true), (json!("Away"), false)], vec![(json!("Away"), false)]);
    wait(&api, 364 * DAY).await;
    assert_eq!((all, 1), left().await);
    // A year has 365 or 366 days, and the purge one more.
    wait(&api, 3 * DAY).await;
    assert_eq!((open, 0), left().await, "what is still open is not history");
}

#[tokio::test]
async fn without_a_retention_time_nothing_is_purged() {
    let api = Api::start().await;
    api.create(privacy(json!({"persistUserStatesInReporting": true}))).await;
    state(&api, "anna", "Busy").await;
    state(&api, "anna", "Away").await;
    wait(&api, 9 * 365 * DAY).await;
    assert_eq!(2, records(&api).await.len());
}

#[tokio::test]
async fn a_longer_retention_time_restores_nothing() {
    let api = Api::start().await;
    api.create(privacy(json!({"persistUserStatesInReporting": true, "dataRetentionMonths": 1}))).await;
    state(&api, "anna", "Busy").await;
    state(&api, "anna", "Away").await;
    wait(&api, 33 * DAY).await;
    api.patch(privacy(json!({"dataRetentionMonths": 24}))).await.expect(200);
    assert_eq!(1, records(&api).await.len());
}

#[tokio::test]
async fn a_shorter_retention_time_purges_older_data() {
    let api = Api::start().await;
    api.create(privacy(json!({"persistUserStatesInReporting": true, "dataRetentionMonths": 24}))).await;
    state(&api, "anna", "Busy").await;
    state(&api, "anna", "Away").await;
    wait(&api, 100 * DAY).await;
    assert_eq!(2, records(&api).await.len());
    api.patch(privacy(json!({"dataRetentionMonths": 1}))).await.expect(200);
    assert_eq!(1, records(&api).await.len());
}

/// "When enabled, PII is used as User Identifier." "When disabled, pseudo anonymized string without PII is used."
#[tokio::test]
async fn without_shared_pii_users_are_pseudonyms() {
    let api = Api::start().await;
    api.create(privacy(json!({"persistUserStatesInReporting": true}))).await;
    api.world("PUT", world("/users/anna"), json!({"licenses": [], "upn": "anna@contoso.com"})).await;
    state(&api, "anna", "Busy").await;
    state(&api, "bob", "Busy").await;
    state(&api, "anna", "Away").await;
    let users = async || -> Vec<String> {
        records(&api).await.iter().map(|record| record["user"].as_str().unwrap().to_owned()).collect()
    };
    let pseudonyms = users().await;
    assert_eq!(pseudonyms[0], pseudonyms[2], "one person has one pseudonym");
    assert_ne!(pseudonyms[0], pseudonyms[1]);
    assert!(pseudonyms.iter().all(|name| name.starts_with("user-") && !name.contains("anna") && !name.contains("bob")));
    api.patch(privacy(json!({"allowSharingPii": true}))).await.expect(200);
    assert_eq!(vec!["anna@contoso.com", "bob", "anna@contoso.com"], users().await);
}

/// "When disabled, Nimbus users will be shown anonymized with asterisk * placeholders." "When disabled, Nimbus calling
/// customers will be shown anonymized with asterisk * placeholders."
#[tokio::test]
async fn a_partner_sees_asterisks_unless_a_toggle_is_on() {
    let api = Api::start().await;
    api.create(json!({})).await;
    api.world("PUT", world("/services/help"), json!({"displayName": "Help"})).await;
    api.world("PUT", world("/users/a1"), json!({"licenses": [], "displayName": "Anna"})).await;
    api.world("POST", world("/calls"), json!({"service": "help", "customer": "+41791234567"})).await;
    let seen = async |role: &str| {
        let view = view(&api, role).await;
        (view["users"][0]["name"].clone(), view["calls"][0]["customer"].clone())
    };
    let (name, customer, mask) = (json!("Anna"), json!("+41791234567"), json!("***"));
    for (users, customers) in [(false, false), (true, false), (false, true), (true, true)] {
        let toggles = json!({
            "allowPartnerToSeeUserIdentifiers": users, "allowPartnerToSeeCustomerIdentifiers": customers,
        });
        api.patch(privacy(toggles)).await.expect(200);
        let shown = |on: bool, value: &Value| if on { value.clone() } else { mask.clone() };
        assert_eq!((shown(users, &name), shown(customers, &customer)), seen("partner").await);
        assert_eq!((name.clone(), customer.clone()), seen("tenant").await);
    }
}

/// "When disabled, the "Time in State" columns will not be shown in either Portal UI."
#[tokio::test]
async fn time_in_state_is_shown_while_the_toggle_is_on() {
    let api = Api::start().await;
    api.create(json!({})).await;
    state(&api, "anna", "Busy").await;
    assert_eq!(Value::Null, view(&api, "tenant").await["users"][0]["timeInStateSeconds"]);
    api.patch(privacy(json!({"showUserTimeInState": true}))).await.expect(200);
    wait(&api, 600).await;
    let seconds = view(&api, "tenant").await["users"][0]["timeInStateSeconds"].as_i64().unwrap();
    assert!((600..660).contains(&seconds), "{seconds}");
    state(&api, "anna", "Away").await;
    let seconds = view(&api, "tenant").await["users"][0]["timeInStateSeconds"].as_i64().unwrap();
    assert!(seconds < 60, "{seconds}");
}
