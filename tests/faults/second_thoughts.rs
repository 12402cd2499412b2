//! Nothing stands between the last look at a Tenant and a call that a confirmation unlocks. What is withdrawn while a token is fetched
//! is withdrawn: a shorter retention time, a tenant that is created again, and the tenant of another partner. For a deletion see
//! `deletion::last_look`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::deletion::stamp;
use crate::support::confirmation::confirmed;
use crate::support::fixture::{Fixture, condition};
use crate::support::proxy::{Proxy, Upstream};
use crate::support::recorder::Recorder;

/// A case on its own platform.
struct Case {
    fixture: Fixture,
    platform: Proxy,
    /// What the confirmation unlocks.
    route: &'static str,
    /// The edit that confirms it, and what is said without it.
    confirmation: (&'static str, String),
    edit: Value,
    reason: &'static str,
}

async fn fixture(name: &str) -> (Fixture, Proxy, crate::support::fixture::Operator) {
    let fixture = Fixture::new(name).await;
    let platform =
        Proxy::start(Upstream::platform(&fixture.platform.url()), &Recorder::new(|_, _| false)).await.unwrap();
    fixture.platform_object(&platform.url()).await;
    let operator = fixture.connect().await;
    (fixture, platform, operator)
}

impl Case {
    /// The confirmation is withdrawn while the platform rejects the token of the call that it unlocks. Returns the answers to it.
    async fn withdrawn(&self) -> Vec<Option<u64>> {
        let Self { fixture, platform, route, confirmation: (what, value), edit, reason } = self;
        let mark = fixture.platform.mark().await.unwrap();
        let rejected = json!({ "kind": "status", "status": 401 });
        let once = json!({ "route": route, "nth": 1, "times": 1, "action": rejected });
        fixture.platform.add_faults(json!([once])).await.unwrap();
        let mut token = platform.detours.pause(Method::POST, "/token");
        let mut confirming = edit.clone();
        json_patch::merge(&mut confirming, &json!({ "spec": { "confirmations": { *what: value } } }));
        fixture.patch(confirming).await;
        token.reached().await;
        fixture.patch(json!({ "spec": { "confirmations": { *what: null } } })).await;
        drop(token);
        fixture.condition("Ready", "False", reason).await;
        let calls = fixture.platform.calls(&fixture.id, mark).await.unwrap();
        assert!(calls.iter().all(|seen| seen.effect.is_none()), "{what}: {calls:?}");
        let answers = calls.iter().filter(|seen| seen.call == *route);
        answers.map(|seen| seen.status).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawn_confirmation_of_a_shorter_retention_time_counts() {
    let (fixture, platform, _operator) = fixture("late-retention").await;
    fixture.create(json!({ "dataPrivacy": { "dataRetentionMonths": 24 } })).await;
    fixture.ready().await;
    let case = Case {
        fixture,
        platform,
        route: "PATCH /v1/tenants/{id}",
        confirmation: ("retention", confirmed("24->12")),
        edit: json!({ "spec": { "dataPrivacy": { "dataRetentionMonths": 12 } } }),
        reason: "ConfirmationRequired",
    };
    assert_eq!([Some(401)], *case.withdrawn().await);
    let settings = case.fixture.platform.tenant(&case.fixture.id).await.unwrap().1["settings"].clone();
    assert_eq!(json!(24), settings["dataPrivacy"]["dataRetentionMonths"]);
    // And one that is not withdrawn is honored.
    case.fixture.patch(json!({ "spec": { "confirmations": { "retention": confirmed("24->12") } } })).await;
    case.fixture.ready().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawn_confirmation_of_a_new_creation_counts() {
    let (fixture, platform, _operator) = fixture("late-recreation").await;
    fixture.create(json!({})).await;
    let known = fixture.ready().await.status.unwrap().applied.unwrap().settings_version;
    fixture.platform.lose(&fixture.id).await.unwrap();
    fixture.pass().await;
    fixture.condition("Ready", "False", "TenantLost").await;
    let case = Case {
        fixture,
        platform,
        route: "PUT /v1/tenants/{id}",
        confirmation: ("recreate", format!("lost-{known}")),
        edit: json!({}),
        reason: "TenantLost",
    };
    assert_eq!([Some(401)], *case.withdrawn().await);
    assert_eq!(404, case.fixture.platform.tenant(&case.fixture.id).await.unwrap().0);
}

#[tokio::test(flavor = "multi_thread")]
async fn withdrawn_confirmation_of_a_claim_counts() {
    let (fixture, platform, _operator) = fixture("late-claim").await;
    let settings = json!({
        "general": { "name": "Contoso", "o365Domain": "contoso.onmicrosoft.com" },
        "partner": { "partnerId": "southwind" }
    });
    fixture.platform.create(&fixture.id, settings).await.unwrap();
    fixture.create(json!({ "adoptionPolicy": "Always" })).await;
    let waiting = fixture.condition("Ready", "False", "NotAdopted").await;
    assert!(condition(&waiting, "Ready").unwrap().2.contains("confirmations.adopt"));
    let adopt = confirmed(&fixture.id);
    let case = Case {
        fixture,
        platform,
        route: "PUT /v1/tenants/{id}/owner",
        confirmation: ("adopt", adopt),
        edit: json!({}),
        reason: "NotAdopted",
    };
    assert_eq!([Some(401)], *case.withdrawn().await);
    assert_eq!(Value::Null, case.fixture.platform.tenant(&case.fixture.id).await.unwrap().1["owner"]);
}

/// The claim went through in an earlier pass whose answer was lost: the write that is left is unlocked by it alone.
#[tokio::test(flavor = "multi_thread")]
async fn withdrawn_confirmation_of_the_write_after_a_claim_counts() {
    let (fixture, platform, _operator) = fixture("late-adoption").await;
    let settings = json!({
        "general": { "name": "Contoso", "o365Domain": "contoso.onmicrosoft.com" },
        "partner": { "partnerId": "southwind" }
    });
    fixture.platform.create(&fixture.id, settings).await.unwrap();
    fixture.platform.stamp(&fixture.id, Some(&stamp(&fixture)), None).await.unwrap();
    fixture.create(json!({ "partner": { "unassigned": true } })).await;
    fixture.condition("Ready", "False", "NotAdopted").await;
    let adopt = confirmed(&fixture.id);
    let case = Case {
        fixture,
        platform,
        route: "PATCH /v1/tenants/{id}",
        confirmation: ("adopt", adopt.clone()),
        edit: json!({}),
        reason: "NotAdopted",
    };
    assert_eq!([Some(401)], *case.withdrawn().await);
    let document = case.fixture.platform.tenant(&case.fixture.id).await.unwrap().1;
    assert_eq!("southwind", document["settings"]["partner"]["partnerId"]);
    // And one that is not withdrawn is honored.
    case.fixture.patch(json!({ "spec": { "confirmations": { "adopt": adopt } } })).await;
    case.fixture.ready().await;
}
