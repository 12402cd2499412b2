//! Behaviour 15. Deletion: typed YES, all services are pending deletion and stop at once, the next run of the script
//! removes them, then the tenant is gone; structures in Teams stay. Irreversible.
//!
//! The operator decides: without the confirmation nothing is deleted. With it, the operator waits for services and script,
//! names them, and removes the finalizer only when the deletion is complete.

use reqwest::Method;
use serde_json::json;

use super::fixture::{BehaviourFixture, condition_state, fails, pair};
use crate::support::fixture::{NAME, condition, refused, script_url};
use crate::support::users;

const DELETE: &str = "deletionPolicy: Delete";

impl BehaviourFixture {
    async fn services_by_state(&self) -> Vec<String> {
        let services = self.see("/services").await["items"].clone();
        services.as_array().unwrap().iter().map(|service| service["state"].as_str().unwrap().to_owned()).collect()
    }
}

/// "As this cannot be undone, you have to confirm the deletion in a separate pop-up by typing out YES and confirming this
/// step."
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_deleted_without_confirmation() {
    let fixture = BehaviourFixture::start("b15-unconfirmed").await;
    fixture.live(DELETE).await;
    fixture.service("help").await;
    let words = ["delete", "nten", NAME, "--wait=false"];
    let denied = fixture.base.kubectl(users::PLATFORM_ADMIN, &words).await.unwrap_err().to_string();
    assert!(denied.contains("Forbidden") && denied.contains("spec.confirmations.deletion"), "{denied}");
    // The confirmation contains the tenant ID and a last day instead of YES, so that it cannot confirm the next deletion.
    let yes = json!({ "spec": { "confirmations": { "deletion": "YES" } } });
    refused(fixture.base.try_patch(yes).await, 422, &["must be the tenant ID and the last day"]).unwrap();
    fixture.base.kubectl(users::PLATFORM_ADMIN, &words).await.unwrap_err();
    assert_eq!("distributed", fixture.call().await);
    assert_eq!(["enabled"], *fixture.services_by_state().await);
}

/// "Underlying Nimbus teams shift to pending deletion state […]. At this point Nimbus services will cease to operate. The next
/// run of the provisioning script (see Nimbus Installation) removes the related team entries from Azure. When the provisioning
/// script was successful, all Nimbus functionality is removed." "Previously existing structures within your MS Teams instance
/// - such as team definitions, channel names, team members / team owners - remain unaffected."
#[tokio::test(flavor = "multi_thread")]
async fn services_stop_at_once_and_script_removes_tenant() {
    let fixture = BehaviourFixture::start("b15-confirmed").await;
    fixture.live(DELETE).await;
    fixture.service("help").await;
    fixture.service("sales").await;
    let team = format!("/sandbox/microsoft/tenants/{}/groups/00000010-0000-4000-8000-000000000001", fixture.base.id);
    fixture.base.platform.ask(Method::PUT, &team, Some(json!({ "displayName": "Help" }))).await.unwrap();
    assert_eq!("distributed", fixture.call().await);

    fixture.base.confirm("deletion", &fixture.base.id).await;
    fixture.base.ready().await;
    fixture.base.kubectl(users::PLATFORM_ADMIN, &["delete", "nten", NAME, "--wait=false"]).await.unwrap();
    let waiting = fixture.base.condition("Ready", "False", "Deleting").await;
    let happened =
        format!("Waiting for a Tenant Administrator to run the provisioning script: {}", script_url(&fixture.base.id));
    assert_eq!(Some(("False".into(), "Deleting".into(), happened)), condition(&waiting, "Ready"));
    assert_eq!(pair("True", "Deleting"), condition_state(&waiting, "Reconciling"));
    let deletion = waiting.status.as_ref().unwrap().deletion.clone().unwrap();
    assert_eq!((2, true), (deletion.services_pending, deletion.script_pending));
    assert_eq!("Deleting", fixture.column("REASON").await.unwrap());

    assert_eq!(["pending-deletion"; 2], *fixture.services_by_state().await);
    assert_eq!("announcement", fixture.call().await);
    assert_eq!(fails("rejected", "service-removed"), fixture.task("outbound").await);

    let run = fixture.base.platform.run_script(&fixture.base.id).await.unwrap();
    assert_eq!(json!(true), run["deleted"]);
    fixture.base.gone().await;
    let (status, answer) = fixture.base.platform.tenant(&fixture.base.id).await.unwrap();
    assert_eq!((404, &json!("urn:nimbus:problem:tenant-deleted")), (status, &answer["type"]));
    // The team belongs to the customer and is still there: removing it succeeds.
    fixture.base.platform.ask(Method::DELETE, &team, None).await.unwrap();

    // Irreversible: the same YAML does not recreate it by itself.
    let mark = fixture.base.platform.mark().await.unwrap();
    fixture.apply("deletionPolicy: Retain").await;
    let lost = fixture.base.condition("Ready", "False", "TenantLost").await;
    let happened = condition(&lost, "Ready").unwrap().2;
    let token = answer["deletionId"].as_str().unwrap();
    let expected =
        format!("The tenant was deleted on the platform; to create it again, set spec.confirmations.recreate: {token}");
    assert_eq!(expected, happened);
    assert_eq!([""; 0], *fixture.base.platform.effects(mark).await.unwrap());
}
