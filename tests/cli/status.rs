//! `kubectl nimbus status`, `sync`, `check` and `explain`, against a real API server and the real operator.

use std::process::Command;

use serde_json::{Value, json};

use crate::support::assets;
use crate::support::fixture::{Fixture, NAME};
use crate::support::users::{self, PLATFORM_ADMIN};

/// Exit code, standard output and standard error of a command in the namespace of the fixture.
async fn run(fixture: &Fixture, user: &str, arguments: &[&str]) -> (i32, String, String) {
    let mut command = Command::new(assets::plugin().unwrap());
    command.args(arguments).args(["-n", &fixture.env.namespace]);
    command.env("KUBECONFIG", fixture.env.control_plane.kubeconfig(user)).env_remove("HOME");
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn status_says_whose_turn_it_is_and_sync_waits_for_the_outcome() {
    let fixture = Fixture::new("turns").await;
    let _operator = fixture.connect().await;
    fixture.create(json!({})).await;
    fixture.ready().await;
    fixture.platform.service(&fixture.id, "help").await.unwrap();
    let (code, said, stderr) = run(&fixture, PLATFORM_ADMIN, &["sync", NAME]).await;
    assert!((0, true) == (code, said.starts_with("Ready True ")), "{said}{stderr}");
    fixture.condition("ScriptExecutionPending", "True", "ScriptPending").await;

    let (code, fleet, _) = run(&fixture, PLATFORM_ADMIN, &["status"]).await;
    assert_eq!(0, code);
    assert!(
        fleet.starts_with("1 Tenants, ") && fleet.contains("Run the provisioning script (Tenant Administrator): 1"),
        "{fleet}"
    );
    assert!(fleet.contains(&format!("  {}/{NAME}: ", fixture.env.namespace)), "{fleet}");
    let (code, one, _) = run(&fixture, PLATFORM_ADMIN, &["status", NAME]).await;
    assert!(
        code == 0 && one.contains("\nTabs\n  General ") && one.contains("\nWaits for the provisioning script\n"),
        "{one}"
    );
    let (_, json, _) = run(&fixture, PLATFORM_ADMIN, &["status", NAME, "-o", "json"]).await;
    assert_eq!(NAME, serde_json::from_str::<Value>(&json).unwrap()["metadata"]["name"]);

    let (code, _, stderr) = run(&fixture, PLATFORM_ADMIN, &["sync", "missing"]).await;
    assert!(code == 1 && stderr.contains("/missing not found"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_may_not_see_is_said() {
    let fixture = Fixture::new("rights").await;
    let (code, _, said) = run(&fixture, &users::user(1), &["status"]).await;
    assert!(code == 1 && said.contains("not permitted") && said.contains(&fixture.env.namespace), "{said}");
    let (code, _, said) = run(&fixture, PLATFORM_ADMIN, &["status", "missing"]).await;
    assert!(code == 1 && said.contains("/missing not found"), "{said}");
    let (code, _, said) = run(&fixture, PLATFORM_ADMIN, &["status", "--kubeconfig", "/nonexistent"]).await;
    assert!(code == 1 && said.contains("--kubeconfig /nonexistent"), "{said}");
}

#[test]
fn explain_knows_reasons_and_settings() {
    let explain = |what: &str| {
        let output = Command::new(assets::plugin().unwrap()).args(["explain", what]).output().unwrap();
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (code, said, _) = explain("NotAdopted");
    assert!(code == 0 && said.contains("spec.adoptionPolicy: Always"), "{said}");
    let (code, said, _) = explain("spec.general.crmId");
    assert!(code == 0 && said.starts_with("spec.general.crmId\n") && said.contains("Authority: "), "{said}");
    let (code, said, _) = explain("general.billingAddress");
    assert!(code == 0 && said.matches("spec.general.billingAddress.").count() >= 5, "{said}");
    let (code, _, said) = explain("general.nothing");
    assert!(code == 1 && said.contains("neither a reason nor a setting"), "{said}");
}
