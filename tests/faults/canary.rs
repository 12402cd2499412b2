//! Secrets do not leak: also if something is wrong with one, no trace of it is in the trace log, in an object or in an event, in any
//! of the usual encodings.

use kube::Api;
use kube::api::{ApiResource, DynamicObject, ListParams};
use nimbus_operator::resources::{Platform, Tenant};
use serde_json::json;

use crate::support::canary::{Canary, base64, numbers, url};
use crate::support::fixture::Fixture;
use crate::support::microsoft::{GRANTS, NIMBUS_APP, check, object};
use crate::support::operator::OperatorProcess;
use crate::support::trigger::{SECRET, rotating};
use crate::support::users;

const KEY: &str = "connection-string";

/// The search must find a planted leak, or an empty result would prove nothing.
#[test]
fn planted_leak_is_found_in_every_encoding() {
    let canary = Canary::new("planted");
    assert_eq!(Vec::<String>::new(), canary.seen_in("nothing to see here, c2VjcmV0 and 99, 97, 110"));
    let string = string(&canary.base64());
    let bytes = string.as_bytes();
    let hex = bytes.iter().fold(String::new(), |hex, byte| format!("{hex}{byte:02X}"));
    for leak in [string.clone(), url(bytes), hex, numbers(bytes, ", "), numbers(bytes, ","), format!("{string:?}")] {
        assert_ne!(Vec::<String>::new(), canary.seen_in(&leak), "{leak}");
    }
    for shift in 0..3 {
        let leak = base64(&[&vec![b'y'; shift], bytes, b"more"].concat());
        assert_ne!(Vec::<String>::new(), canary.seen_in(&leak), "{leak}");
    }
}

/// Everything that others than the owner of the Secrets can read.
async fn everything(fixture: &Fixture, operator: &OperatorProcess) -> String {
    let admin = fixture.client(users::ADMIN);
    let (status, metrics) = operator.ask("/metrics").await;
    assert!(status == 200 && metrics.contains("nimbus_platform_requests_total{"), "there is something to find it in");
    let mut all = operator.log() + &metrics;
    let namespaces = [&fixture.env.namespace, &fixture.env.operator_namespace];
    for namespace in namespaces {
        let kinds = [ApiResource::erase::<Tenant>(&()), ApiResource::erase::<k8s_openapi::api::events::v1::Event>(&())];
        for kind in kinds {
            let api: Api<DynamicObject> = Api::namespaced_with(admin.clone(), namespace, &kind);
            all += &serde_json::to_string(&api.list(&ListParams::default()).await.unwrap().items).unwrap();
        }
    }
    let platforms: Api<Platform> = Api::all(admin);
    all + &serde_json::to_string(&platforms.get(&fixture.env.platform).await.unwrap()).unwrap()
}

fn start(fixture: &Fixture) -> OperatorProcess {
    let env = &fixture.env;
    let arguments = ["--log", "trace", "run", "--namespace", &env.namespace, "--cluster-id", "test", "--instance"];
    let sandbox = fixture.platform.url();
    let more = [
        env.instance.as_str(),
        "--listen",
        "127.0.0.1:0",
        "--metrics-per-tenant",
        "--operator-namespace",
        &env.operator_namespace,
        "--trusted-acs-origin",
        sandbox.trim_end_matches('/'),
        "--trusted-login-origin",
        sandbox.trim_end_matches('/'),
    ];
    env.start_operator(None, &[arguments.as_slice(), &more].concat(), &[]).expect("the operator starts")
}

fn string(key: &str) -> String {
    format!("endpoint=https://contoso.communication.azure.com/;accesskey={key}")
}

/// Values that are rejected before they are sent.
async fn rejected_values(fixture: &Fixture, bad: &Canary) {
    for value in [
        format!("{}!", string(&bad.base64())),
        format!("accesskey={}", bad.base64()),
        format!("{} {}", bad.base64(), bad.base64()),
        string(&bad.base64()).repeat(60),
    ] {
        fixture.secret(&fixture.env.namespace, "acs", json!({ KEY: value })).await;
        fixture.pass().await;
        fixture.condition("Ready", "False", "SecretInvalid").await;
    }
}

/// Values that are sent and rejected, or whose response is lost or invalid.
async fn unanswered_values(fixture: &Fixture, bad: &Canary) {
    for (round, action) in [
        json!({ "kind": "problem", "slug": "invalid-settings" }),
        json!({ "kind": "status", "status": 500, "body": string(&bad.base64()) }),
        json!({ "kind": "status", "status": 200, "contentType": "application/json", "body": { "id": bad.base64() } }),
        json!({ "kind": "close-after" }),
    ]
    .into_iter()
    .enumerate()
    {
        // Each round has a different value that contains the canary.
        fixture
            .platform
            .add_faults(json!([{ "route": "PATCH /v1/tenants/{id}", "action": action, "nth": 1 }]))
            .await
            .unwrap();
        let value = string(&base64(&[bad.value.as_slice(), round.to_string().as_bytes()].concat()));
        fixture.secret(&fixture.env.namespace, "acs", json!({ KEY: value })).await;
        fixture.pass().await;
        fixture.pass().await;
        fixture.ready().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_not_in_logs_objects_or_events() {
    let fixture = Fixture::new("canary").await;
    let (good, bad, client) = (Canary::new("good"), Canary::new("bad"), Canary::new("client"));
    let credentials = String::from_utf8(client.value.clone()).unwrap();
    let known = json!({ "id": "system", "secret": credentials });
    fixture.platform.ask(reqwest::Method::PUT, "/sandbox/clients", Some(known)).await.unwrap();
    fixture.secret(&fixture.env.operator_namespace, "platform", json!({ "client-secret": credentials })).await;
    fixture.secret(&fixture.env.namespace, "acs", json!({ KEY: string(&good.base64()) })).await;
    let operator = start(&fixture);
    let reference = json!({ "name": "acs", "key": KEY });
    let widget_key = json!({ "secretRef": { "name": SECRET } });
    let interact = json!({ "enabled": true, "acsConnectionStringRef": reference, "widgetKey": widget_key });
    fixture.create(json!({ "extensions": { "interact": interact } })).await;
    fixture.ready().await;
    // The generated key in a new Secret, and the next one in the same Secret; one of them also in invalid responses.
    let first = Canary::of("first widget key", &fixture.published_key().await.unwrap());
    let answer = json!({ "key": ["not", fixture.published_key().await], "version": "x" });
    let action = json!({ "kind": "status", "status": 200, "contentType": "application/json", "body": answer });
    let route = "GET /v1/tenants/{id}/widget-key";
    fixture.platform.add_faults(json!([{ "route": route, "action": action, "nth": 1 }])).await.unwrap();
    fixture.patch(rotating("a")).await;
    fixture.ready().await;
    let second = Canary::of("second widget key", &fixture.published_key().await.unwrap());

    rejected_values(&fixture, &bad).await;
    unanswered_values(&fixture, &bad).await;
    let metrics = operator.ask("/metrics").await.1;
    assert!(metrics.contains(&format!("namespace=\"{}\"", fixture.env.namespace)), "also of the Tenant itself");
    fixture.delete().await;
    fixture.gone().await;

    let all = everything(&fixture, &operator).await + &metrics;
    assert!(all.contains("TRACE") && all.contains("DEBUG"), "the log is as loud as it gets");
    for canary in [&good, &bad, &client, &first, &second] {
        assert_eq!(Vec::<String>::new(), canary.seen_in(&all));
    }
    assert!(operator.stop().await.unwrap().success());
}

fn text(canary: &Canary) -> String {
    String::from_utf8(canary.value.clone()).unwrap()
}

/// Makes the secrets and the names known to Microsoft; returns the name of the test user.
async fn plant(fixture: &Fixture, canaries: &[Canary; 8]) -> String {
    let [key, _, app, _, person, member, _, _] = canaries;
    let plant = async |path: String, body: serde_json::Value| {
        fixture.platform.ask(reqwest::Method::PUT, &path, Some(body)).await.unwrap();
    };
    let resource = json!({ "resourceId": object(5), "accessKeys": [key.base64()] });
    plant("/sandbox/microsoft/acs/contoso".to_owned(), resource).await;
    let known = json!({ "displayName": "Nimbus App", "secret": text(app) });
    plant(format!("/sandbox/microsoft/apps/{NIMBUS_APP}"), known).await;
    fixture.platform.grant(&fixture.id, &GRANTS).await;
    let upn = format!("{}@contoso.com", text(person));
    let body = json!({ "userPrincipalName": upn, "properties": { "displayName": text(member) } });
    fixture.platform.user(&fixture.id, &object(1), body).await;
    let group = json!({ "displayName": text(member), "members": [{ "type": "user", "id": object(1) }] });
    fixture.platform.group(&fixture.id, &object(10), group).await;
    upn
}

/// Known tokens: one of Entra, which Graph then rejects, and one of ACS.
async fn answer_tokens(fixture: &Fixture, entra: &str, acs: &str) {
    let entra = json!({ "token_type": "Bearer", "expires_in": 3600, "access_token": entra });
    let made = json!({
        "identity": { "id": format!("8:acs:{}_{}", object(5), object(6)) },
        "accessToken": { "token": acs, "expiresOn": "2026-11-24T21:30:00Z" }
    });
    let answer = |status: u16, body: serde_json::Value| json!({ "kind": "status", "status": status, "contentType": "application/json", "body": body });
    let faults = json!([
        { "route": "POST /login/{tenant}/oauth2/v2.0/token", "action": answer(200, entra) },
        { "route": "POST /acs/{resource}/identities", "action": answer(201, made) }
    ]);
    fixture.platform.add_faults(faults).await.unwrap();
}

async fn group_check_says(fixture: &Fixture, words: &str) {
    let said = |tenant: &Tenant| {
        let found = check(tenant, "TenantAdministrationGroup").and_then(|check| check.message.clone());
        found.is_some_and(|said| said.contains(words))
    };
    fixture.until(words, said).await;
}

/// No canary is in any text, and only the spec itself names the test user.
async fn no_trace(fixture: &Fixture, operator: &OperatorProcess, upn: &str, canaries: &[Canary]) {
    let all = everything(fixture, operator).await;
    assert!(all.contains("TRACE") && all.contains("checked"), "the log is as loud as it gets and tells of checks");
    let spec = serde_json::to_string(&fixture.get().await.spec).unwrap();
    let rest = all.replace(&serde_json::to_string(upn).unwrap(), "");
    assert!(spec.contains(upn));
    for canary in canaries {
        assert_eq!(Vec::<String>::new(), canary.seen_in(&rest));
    }
}

/// Checks use further secrets: connection strings, the secret of the app, tokens that Microsoft issued, and names of
/// people.
#[tokio::test(flavor = "multi_thread")]
async fn check_secrets_are_not_in_logs_objects_or_events() {
    let mut fixture = Fixture::new("canary-checks").await;
    fixture.microsoft().await;
    let canaries = ["key", "wrong key", "app", "wrong app", "person", "member", "token", "ACS token"].map(Canary::new);
    let [key, wrong_key, app, wrong_app, _, _, token, acs_token] = &canaries;
    let upn = plant(&fixture, &canaries).await;
    fixture.secret(&fixture.env.operator_namespace, "nimbus-app", json!({ "client-secret": text(app) })).await;
    let string = |canary: &Canary| fixture.connection_string("contoso", &canary.base64());
    fixture.secret(&fixture.env.namespace, "acs", json!({ KEY: string(key) })).await;

    let operator = start(&fixture);
    let reference = json!({ "name": "acs", "key": KEY });
    fixture
        .create(json!({
            "general": { "tenantAdministrationGroupId": object(10) },
            "extensions": {
                "interact": { "enabled": true, "acsConnectionStringRef": reference },
                "presenceTracking": { "testUpn": upn }
            }
        }))
        .await;
    for (name, reason) in [
        ("TenantAdministrationGroup", "SecurityGroup"),
        ("InteractConnectionString", "TokenIssued"),
        ("PresenceTest", "PresenceUnknownToTeams"),
    ] {
        fixture.check(name, "Passed", reason).await;
    }
    fixture.secret(&fixture.env.namespace, "acs", json!({ KEY: string(wrong_key) })).await;
    fixture.pass().await;
    fixture.check("InteractConnectionString", "Failed", "InsufficientPermissions").await;
    answer_tokens(&fixture, &text(token), &text(acs_token)).await;
    fixture.secret(&fixture.env.namespace, "acs", json!({ KEY: format!("{};", string(key)) })).await;
    // A new version of the Secret results in a new login, after the next reconcile of the Platform.
    let again = json!({ "client-secret": text(app), "again": "x" });
    fixture.secret(&fixture.env.operator_namespace, "nimbus-app", again).await;
    fixture.patch_platform(json!({ "spec": { "support": { "website": "https://example.com/1" } } })).await;
    group_check_says(&fixture, "Microsoft Graph rejected the access token").await;
    fixture.pass().await;
    fixture.check("InteractConnectionString", "Passed", "TokenIssued").await;
    fixture.platform.clear_faults().await.unwrap();
    fixture.secret(&fixture.env.operator_namespace, "nimbus-app", json!({ "client-secret": text(wrong_app) })).await;
    fixture.patch_platform(json!({ "spec": { "support": { "website": "https://example.com/2" } } })).await;
    group_check_says(&fixture, "Microsoft Entra rejected the app's secret").await;
    fixture.ready().await;

    no_trace(&fixture, &operator, &upn, &canaries).await;
    assert!(operator.stop().await.unwrap().success());
}
