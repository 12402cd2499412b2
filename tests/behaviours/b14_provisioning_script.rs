//! Behaviour 14. The provisioning script: pending changes are read from the platform, the download link is shown, and
//! completion is read, never assumed.
//!
//! The operator shows: the condition ScriptExecutionPending with the changes by scope, `status.provisioningScript` and a
//! column. It polls while something is pending.

use std::time::Duration;

use nimbus_operator::resources::Tenant;
use reqwest::Method;
use serde_json::{Value, json};

use super::fixture::{BehaviourFixture, condition_state, pair};
use crate::support::fixture::{Fixture, condition, message};
use crate::support::wait::{PATIENCE, until};

const INTERACT: &str =
    "extensions: {interact: {enabled: true, acsConnectionStringRef: {name: acs, key: connection-string}}}";

/// Scope, ID and change of each pending change in status.
fn pending(tenant: &Tenant) -> Vec<(String, String, String)> {
    let script = tenant.status.as_ref().unwrap().provisioning_script.clone().unwrap();
    script.pending_changes.into_iter().map(|change| (change.scope, change.id, change.change)).collect()
}

fn change(scope: &str, id: &str, change: &str) -> (String, String, String) {
    (scope.to_owned(), id.to_owned(), change.to_owned())
}

/// "Major technical changes on a tenant-level or within service settings may require a re-execution of a downloadable
/// Microsoft PowerShell script, using tenant admin privileges. The script will push those changes to Azure, and updates should
/// be reflected within minutes." "Where to find the script?"
#[tokio::test(flavor = "multi_thread")]
async fn pending_changes_are_listed_with_download_link() {
    let fixture = BehaviourFixture::start("b14-waits").await;
    let idle = fixture.live("{}").await;
    assert_eq!(
        Some(("False".into(), "NothingPending".into(), "No change waits for the provisioning script".into())),
        condition(&idle, "ScriptExecutionPending")
    );
    let script = idle.status.unwrap().provisioning_script.unwrap();
    let url = script.download_url.unwrap();
    assert!(!script.pending && url.ends_with(&format!("/{}/provisioning.ps1", fixture.base.id)) && !url.contains('?'));
    assert_eq!("False", fixture.column("SCRIPT").await.unwrap());

    // A change of the tenant in git, and a change of a service by its team.
    fixture.act(Method::PUT, "/services/help", json!({ "displayName": "Help" })).await;
    let waits = fixture.live(INTERACT).await;
    let expected =
        [change("tenant", &fixture.base.id, "interact-enabled"), change("service", "help", "service-created")];
    assert_eq!(expected.to_vec(), pending(&waits));
    let said = format!(
        "Waiting for a Tenant Administrator to run the provisioning script: {url}. Pending changes: interact-enabled \
         (tenant), service-created (service)"
    );
    assert_eq!(Some(said), message(&waits, "ScriptExecutionPending"));
    assert_eq!(pair("True", "ScriptPending"), condition_state(&waits, "ScriptExecutionPending"));
    let script = waits.status.as_ref().unwrap().provisioning_script.clone().unwrap();
    assert_eq!((true, Some(url)), (script.pending, script.download_url), "the link is as it was");
    assert_eq!(pair("True", "Succeeded"), condition_state(&waits, "Ready"));
    assert_eq!("True", fixture.column("SCRIPT").await.unwrap());

    let run = fixture.base.platform.run_script(&fixture.base.id).await.unwrap();
    assert_eq!(2, run["pushed"].as_array().unwrap().len());
    let done = fixture.base.pass().await;
    assert_eq!(Vec::<(String, String, String)>::new(), pending(&done));
    assert_eq!(pair("False", "NothingPending"), condition_state(&done, "ScriptExecutionPending"));
    assert_eq!("False", fixture.column("SCRIPT").await.unwrap());
}

/// Nothing notifies the operator that someone ran the script: it polls while something is pending, far more often than the
/// sync interval.
#[tokio::test(flavor = "multi_thread")]
async fn script_completion_is_read_from_the_platform() {
    let mut fixture = Fixture::new("b14-reads").await;
    fixture.timing.script_poll = Duration::from_millis(200);
    let fixture = BehaviourFixture::on(fixture).await;
    fixture.live(INTERACT).await;
    fixture.base.condition("ScriptExecutionPending", "True", "ScriptPending").await;
    fixture.base.platform.run_script(&fixture.base.id).await.unwrap();
    let done = fixture.base.condition("ScriptExecutionPending", "False", "NothingPending").await;
    assert_eq!(Some(1), done.metadata.generation, "the Tenant was not edited");
    assert_eq!(None, done.status.unwrap().last_handled_reconcile_at, "and no pass was requested");
}

/// Never assumed: while the platform is unreachable, pending changes stay pending and nothing is written.
#[tokio::test(flavor = "multi_thread")]
async fn pending_changes_are_kept_during_an_outage() {
    let mut fixture = Fixture::new("b14-outage").await;
    fixture.timing.script_poll = Duration::from_millis(200);
    let fixture = BehaviourFixture::on(fixture).await;
    let waits = fixture.live(INTERACT).await;
    let down = json!([{ "route": "*", "action": { "kind": "status", "status": 503 } }]);
    fixture.base.platform.add_faults(down).await.unwrap();
    let mark = fixture.base.audit().mark().await.unwrap();
    let log = fixture.base.platform.mark().await.unwrap();
    // The script runs in the meantime, unnoticed.
    fixture.base.platform.run_script(&fixture.base.id).await.unwrap();
    until("it looks, and cannot see", PATIENCE, async || {
        let calls = fixture.base.platform.calls(&fixture.base.id, log).await.map_err(|error| error.to_string())?;
        if calls.iter().any(|seen| seen.status == Some(503)) { Ok(()) } else { Err(format!("{} calls", calls.len())) }
    })
    .await;
    let still = fixture.base.get().await;
    assert_eq!(condition_state(&waits, "ScriptExecutionPending"), condition_state(&still, "ScriptExecutionPending"));
    assert_eq!(message(&waits, "ScriptExecutionPending"), message(&still, "ScriptExecutionPending"), "word by word");
    assert_eq!(pending(&waits), pending(&still));
    assert_eq!(0, fixture.base.tenant_writes(mark).await.unwrap().len(), "no word in an outage");
    fixture.base.platform.clear_faults().await.unwrap();
    fixture.base.condition("ScriptExecutionPending", "False", "NothingPending").await;
}

/// Status is bounded: it lists the first twenty changes, and the message names the first eight.
#[tokio::test(flavor = "multi_thread")]
async fn many_pending_changes_are_truncated() {
    let fixture = BehaviourFixture::start("b14-many").await;
    fixture.live("{}").await;
    for number in 10..35 {
        fixture.act(Method::PUT, &format!("/services/s{number}"), json!({ "displayName": "Help" })).await;
    }
    let waits = fixture.base.pass().await;
    assert_eq!(20, pending(&waits).len());
    let said = condition(&waits, "ScriptExecutionPending").unwrap().2;
    assert_eq!(8, said.matches("service-created (service)").count(), "{said}");
    assert!(said.ends_with(" (+17 more)"), "{said}");
}

pub mod platform_only {
    use super::*;

    /// "Granting permission by running the provisioning script is an alternative to granting via Grant Link and also
    /// requires Tenant Administrator rights." Without the permission the search of Attendant Console finds no users.
    #[tokio::test(flavor = "multi_thread")]
    async fn script_run_grants_graph_permissions() {
        let fixture = BehaviourFixture::start("b14-grants").await;
        fixture.live("extensions: {attendantConsole: {teamVisibility: HideMembers}}").await;
        let licenses = json!({ "licenses": ["users/attendantConsole"] });
        fixture.act(Method::PUT, "/users/anna", licenses).await;
        let id = &fixture.base.id;
        let person = "00000001-0000-4000-8000-000000000001";
        let body = json!({
            "userPrincipalName": "andy@contoso.com", "properties": { "displayName": "Andy Birch" },
            "presence": { "availability": "Busy", "activity": "InACall" },
        });
        let path = format!("/sandbox/microsoft/tenants/{id}/users/{person}");
        fixture.base.platform.ask(Method::PUT, &path, Some(body)).await.unwrap();
        let app = "0b2d7a51-6a3e-4a0e-9c5e-1f5c8b6d7e01";
        let credentials = json!({ "secret": "nimbus-secret" });
        fixture
            .base
            .platform
            .ask(Method::PUT, &format!("/sandbox/microsoft/apps/{app}"), Some(credentials))
            .await
            .unwrap();

        let found = async || fixture.see("/search?as=anna&text=Andy").await["contacts"].as_array().unwrap().len();
        let presence = async || {
            let form = [
                ("grant_type", "client_credentials"),
                ("client_id", app),
                ("client_secret", "nimbus-secret"),
                ("scope", "https://graph.microsoft.com/.default"),
            ];
            let http = reqwest::Client::new();
            let url = format!("{}/login/{id}/oauth2/v2.0/token", fixture.base.platform.url());
            let token: Value = http.post(url).form(&form).send().await.unwrap().json().await.unwrap();
            let token = token["access_token"].as_str().unwrap_or_default().to_owned();
            let url = format!("{}/graph/v1.0/users/{person}/presence", fixture.base.platform.url());
            http.get(url).bearer_auth(token).send().await.unwrap().status().as_u16()
        };
        assert_eq!(0, found().await);
        assert_ne!(200, presence().await);
        fixture.base.platform.run_script(id).await.unwrap();
        assert_eq!(1, found().await);
        assert_eq!(200, presence().await);
    }
}
