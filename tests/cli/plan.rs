//! `kubectl nimbus plan` against the reference platform: what it says, and that it writes nothing.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::assets;
use crate::support::sandbox::Sandbox;

const ID: &str = "6f1b2a9c-0d3e-4f5a-8b7c-9d0e1f2a3b4c";
const SECRET_CANARY: &str = "endpoint=https://contoso.communication.azure.com/;accesskey=c2VjcmV0LWNhbmFyeQ==";

/// A platform, and a folder with files for it.
pub struct Planned {
    pub platform: Sandbox,
    pub folder: tempfile::TempDir,
}

/// What a command of the plugin said.
pub struct Said {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Planned {
    pub async fn new() -> Self {
        Self { platform: Sandbox::start().await.unwrap(), folder: tempfile::tempdir().unwrap() }
    }

    pub fn write(&self, name: &str, object: &Value) {
        std::fs::write(self.folder.path().join(name), object.to_string()).unwrap();
    }

    fn tenant(&self, spec: Value) {
        let mut object = json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Tenant", "metadata": { "name": "contoso", "namespace": "contoso" },
            "spec": { "platformRef": { "name": "euwe-01" }, "general": { "tenantId": ID } },
        });
        json_patch::merge(&mut object["spec"], &spec);
        self.write("tenant.json", &object);
    }

    /// Runs a command that reads the platform.
    pub async fn run(&self, arguments: &[&str]) -> Said {
        self.run_with("system-secret", arguments).await
    }

    pub async fn run_with(&self, secret: &str, arguments: &[&str]) -> Said {
        let url = self.platform.url();
        let mut command = Command::new(assets::plugin().unwrap());
        command.args(arguments).args([
            "--endpoint",
            &url,
            "--token-url",
            &format!("{url}/oauth2/v2.0/token"),
            "--client-id",
            "system",
        ]);
        command.env("NIMBUS_CLIENT_SECRET", secret).env_remove("NO_COLOR");
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) }
    }

    pub async fn plan(&self, arguments: &[&str]) -> Said {
        let folder = self.folder.path().to_str().unwrap().to_owned();
        self.run(&[&["plan", "-R", "-f", &folder], arguments].concat()).await
    }

    async fn json(&self) -> (i32, Value) {
        let said = self.plan(&["-o", "json"]).await;
        (said.code, serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{}{}", said.stdout, said.stderr)))
    }
}

/// The paths of the settings that a plan names.
fn paths(plan: &Value) -> Vec<&str> {
    plan["tenants"][0]["settings"].as_array().unwrap().iter().map(|row| row["path"].as_str().unwrap()).collect()
}

fn general() -> Value {
    json!({ "general": { "name": "Contoso", "o365Domain": "contoso.onmicrosoft.com" } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_goes_from_create_to_nothing_and_writes_nothing() {
    let planned = Planned::new().await;
    planned
        .tenant(json!({ "general": { "name": "Contoso", "o365Domain": "contoso.onmicrosoft.com", "crmId": "C-1" } }));
    let mark = planned.platform.mark().await.unwrap();
    let (code, plan) = planned.json().await;
    assert_eq!((2, "create"), (code, plan["tenants"][0]["action"].as_str().unwrap()), "{plan}");
    assert_eq!(
        ["spec.general.name", "spec.general.o365Domain", "spec.general.tenantId", "spec.general.crmId"].len(),
        paths(&plan).len(),
        "{plan}"
    );

    planned.platform.create(ID, general()).await.unwrap();
    let created = planned.platform.mark().await.unwrap();
    let (code, plan) = planned.json().await;
    assert_eq!(
        (1, "blocked"),
        (code, plan["tenants"][0]["action"].as_str().unwrap()),
        "adoption needs an empty difference: {plan}"
    );
    assert_eq!(["spec.general.crmId"], *paths(&plan));

    planned.tenant(json!({ "general": { "name": "Contoso", "crmId": "C-1" }, "adoptionPolicy": "Always" }));
    let (code, plan) = planned.json().await;
    assert_eq!((2, "adopt"), (code, plan["tenants"][0]["action"].as_str().unwrap()), "{plan}");

    planned.platform.stamp(ID, Some("prod/contoso/contoso"), None).await.unwrap();
    let stamped = planned.platform.mark().await.unwrap();
    let (code, plan) = planned.json().await;
    assert_eq!((2, "change"), (code, plan["tenants"][0]["action"].as_str().unwrap()), "{plan}");
    planned.tenant(json!({ "general": { "name": "Contoso" } }));
    let (code, plan) = planned.json().await;
    assert_eq!((0, "nothing"), (code, plan["tenants"][0]["action"].as_str().unwrap()), "{plan}");
    let other = planned.plan(&["-o", "json", "--cluster-id", "other"]).await;
    assert!(other.code == 1 && other.stdout.contains("OwnedByOther"), "{}", other.stdout);

    for after in [mark, created, stamped] {
        let calls = planned.platform.log_after(after).await.unwrap();
        let writes: Vec<_> =
            calls.iter().filter(|call| call.call.contains("/v1/") && !call.call.starts_with("GET ")).collect();
        assert!(after == mark || writes.is_empty(), "{writes:?}");
    }
    assert!(!planned.platform.log_after(stamped).await.unwrap().is_empty(), "the platform was asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_says_authority_script_and_what_cannot_be_undone() {
    let planned = Planned::new().await;
    let mut settings = general();
    settings["dataPrivacy"] = json!({ "dataRetentionMonths": 24 });
    settings["contact"] = json!({ "email": "canary@contoso.example" });
    planned.platform.create(ID, settings).await.unwrap();
    planned.platform.stamp(ID, Some("prod/contoso/contoso"), None).await.unwrap();
    planned.tenant(json!({
        "dataPrivacy": { "dataRetentionMonths": 12 }, "contact": { "email": "canary2@contoso.example" },
        "modalities": { "instantMessaging": { "enabled": true } },
        "extensions": { "interact": { "enabled": false, "sessionRecoveryTimeoutSeconds": 7 } },
    }));
    let (code, plan) = planned.json().await;
    let tenant = &plan["tenants"][0];
    assert_eq!((1, "blocked"), (code, tenant["action"].as_str().unwrap()), "{plan}");
    assert!(tenant["obstacles"].to_string().contains("24->12"), "{plan}");
    let row = |path: &str| {
        tenant["settings"]
            .as_array()
            .unwrap()
            .iter()
            .find(|row| row["path"] == path)
            .unwrap_or_else(|| panic!("{path}: {plan}"))
    };
    let retention = row("spec.dataPrivacy.dataRetentionMonths");
    assert_eq!(
        (&json!("24"), &json!("12"), &json!(true), &json!("S")),
        (&retention["from"], &retention["to"], &retention["irreversible"], &retention["authority"])
    );
    assert_eq!(
        ("***", "***"),
        (row("spec.contact.email")["from"].as_str().unwrap(), row("spec.contact.email")["to"].as_str().unwrap())
    );
    assert!(tenant["notCompared"].to_string().contains("sessionRecoveryTimeoutSeconds"), "{plan}");

    for form in ["text", "markdown"] {
        let said = planned.plan(&["-o", form]).await;
        assert!(said.stdout.contains("24") && said.stdout.contains("cannot be undone"), "{}", said.stdout);
        assert!(
            !said.stdout.contains("canary") && !said.stdout.contains('\u{1b}'),
            "no color but on a terminal: {}",
            said.stdout
        );
    }
    let colored = planned.plan(&["--color", "always"]).await;
    assert!(colored.stdout.contains("\u{1b}[31mblocked contoso/contoso"), "{}", colored.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn partners_and_secrets_come_from_the_same_files() {
    let planned = Planned::new().await;
    let mut spec = general();
    spec["partner"] = json!({ "partnerRef": { "name": "northwind" } });
    spec["extensions"] = json!({ "interact": { "enabled": true, "acsConnectionStringRef": { "name": "acs", "key": "connection-string" } } });
    planned.tenant(spec);
    let (code, plan) = planned.json().await;
    assert!(code == 1 && plan.to_string().contains("Partner northwind is not among the files"), "{plan}");

    planned.write(
        "partner.json",
        &json!({
            "apiVersion": "nimbus.luware.com/v1alpha1", "kind": "Partner", "metadata": { "name": "northwind" },
            "spec": { "displayName": "Northwind", "platformPartnerId": "northwind" },
        }),
    );
    let (code, plan) = planned.json().await;
    assert_eq!(2, code, "{plan}");
    assert!(plan.to_string().contains("Secret acs is not among the files"), "{plan}");
    planned.write(
        "secret.json",
        &json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "acs", "namespace": "contoso" },
            "stringData": { "connection-string": SECRET_CANARY },
        }),
    );
    let said = planned.plan(&["-o", "text"]).await;
    assert_eq!(2, said.code, "{}{}", said.stdout, said.stderr);
    assert!(!said.stdout.contains("is not among the files") && !said.stdout.contains("accesskey"), "{}", said.stdout);
    assert!(
        said.stdout.contains("spec.partner.partnerRef: (empty) -> ")
            || said.stdout.contains("partner.partnerRef: (empty) -> "),
        "{}",
        said.stdout
    );
    planned.write("secret.json", &json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": "acs", "namespace": "contoso" }, "stringData": { "connection-string": "canary" },
    }));
    let (code, plan) = planned.json().await;
    assert!(code == 1 && plan.to_string().contains("SecretInvalid") && !plan.to_string().contains("canary"), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_that_does_not_answer_is_unknown_and_never_absent() {
    let planned = Planned::new().await;
    planned.tenant(general());
    let folder = planned.folder.path().to_str().unwrap().to_owned();
    let expired = planned.run_with("wrong", &["plan", "-f", &folder, "-o", "json"]).await;
    let plan: Value = serde_json::from_str(&expired.stdout).unwrap();
    assert_eq!((1, "unknown"), (expired.code, plan["tenants"][0]["action"].as_str().unwrap()), "{plan}");
    let faults = json!([{ "route": "GET /v1/tenants/{id}", "action": { "kind": "status", "status": 503 } }]);
    planned.platform.add_faults(faults).await.unwrap();
    let (code, plan) = planned.json().await;
    assert_eq!((1, "unknown"), (code, plan["tenants"][0]["action"].as_str().unwrap()), "{plan}");
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_files_are_not_planned() {
    let planned = Planned::new().await;
    planned.tenant(json!({ "general": { "crmID": "x" } }));
    let mark = planned.platform.mark().await.unwrap();
    let said = planned.plan(&[]).await;
    assert!(said.code == 1 && said.stdout.contains("did you mean crmId?"), "{}", said.stdout);
    assert_eq!(0, planned.platform.log_after(mark).await.unwrap().len());
    let none = Planned::new().await;
    let said = none.run(&["plan", "-f", Path::new("/nonexistent").to_str().unwrap()]).await;
    assert_eq!(1, said.code);
}
